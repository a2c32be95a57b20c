"""Changed TensorFlow checkpoints: their bytes, or, with right checksums, what they say."""

from dataclasses import fields

import numpy as np

from tests.formats.tensor_bundle_writer import (
    Checkpoint,
    block,
    fixed32,
    header,
    masked,
    message,
    number,
    recognition_tensors,
    slow_crc32c,
    table,
    table_of_blocks,
    varint,
)
from tests.fuzz.mutations import EXTREMES, choice, harmful_pickle, mutate_bytes

INDEX, DATA = "model.ckpt.index", "model.ckpt.data-00000-of-00001"
SHAPES = [(), (0,), (1,), (-1,), (2**62,), (2**32, 2**32), (0, 2**62), (1,) * 33, (3, 0), (5, 1, 2)]
NAMES = ["", "x", "conv_layer_1/kernel/Adam", "task_6/bias", "../../evil", "\0a", "é", "a" * 3000]


def mutate_checkpoint(rng, canary=None, unchanged=False):
    """Files of a checkpoint, and whether their checksums are right."""
    slow_crc32c.cache_clear()
    checkpoint = Checkpoint(recognition_tensors(optimiser=False))
    files = {INDEX: checkpoint.index(), DATA: checkpoint.data}
    if unchanged:
        return files, True
    what = rng.random()
    if what < 0.3:
        name = choice(rng, [INDEX, DATA])
        files[name] = mutate_bytes(files[name], rng)
        return files, False
    if what < 0.35:
        name = choice(rng, [INDEX, DATA])
        content = [None, b"", harmful_pickle(canary), rng.bytes(500), files[INDEX], files[DATA]]
        files[name] = choice(rng, content)
        return {key: value for key, value in files.items() if value is not None}, False
    if what < 0.65:
        index, data = _other_entries(checkpoint, rng)
    elif what < 0.8:
        index, data = _other_layout(checkpoint.items(), rng), checkpoint.data
    else:
        index, data = _other_items(checkpoint.items(), rng), checkpoint.data
    return {INDEX: index, DATA: data}, True


def _other_entries(checkpoint, rng):
    """Let the index say something else of tensors."""
    for _ in range(int(rng.integers(1, 4))):
        name = choice(rng, sorted(checkpoint.entries))
        entry = checkpoint.entries[name]
        part = choice(rng, [field.name for field in fields(entry)] + ["tensor", "name", "gone"])
        if part == "shape":
            entry.shape = choice(rng, [*SHAPES, entry.shape[::-1], entry.shape[1:]])
        elif part == "checksum":
            entry.checksum = choice(rng, [bytes(4), masked(slow_crc32c(b"")), rng.bytes(4)])
        elif part == "extra":
            entry.extra = _extra(rng)
        elif part == "tensor":
            _store(checkpoint, entry, rng)
        elif part == "gone":
            del checkpoint.entries[name]
        elif part == "name":
            checkpoint.entries[choice(rng, NAMES)] = entry
        else:
            setattr(entry, part, choice(rng, [*EXTREMES, 2**64 - 1, int(rng.integers(10**4))]))
    if rng.random() < 0.1:
        numbers = [choice(rng, [0, 1, 2, 2**31, 2**63]) for _ in range(3)]
        checkpoint.header = choice(rng, [header(*numbers), b"", rng.bytes(20), _extra(rng)])
    return checkpoint.index(), checkpoint.data


def _store(checkpoint, entry, rng):
    """Let an entry stand for other values, with the right checksum."""
    shape = choice(rng, [*SHAPES[:3], *SHAPES[8:], entry.shape, (4096,)])
    dtype, code = choice(rng, [("<f4", 1), ("<f4", 1), ("<f8", 2), ("<i4", 3), ("<i8", 9)])
    values = rng.normal(size=shape) * choice(rng, [0, 1, 1e30, np.nan, np.inf])
    with np.errstate(invalid="ignore"):
        content = values.astype(dtype).tobytes()
    entry.dtype, entry.shape, entry.size = code, shape, len(content)
    entry.offset, entry.checksum = len(checkpoint.data), masked(slow_crc32c(content))
    checkpoint.data += content


def _extra(rng):
    """Fields of a protobuf message that should not be there, or no message at all."""
    inner = b"".join(number(1, choice(rng, EXTREMES)) for _ in range(3))
    some = [
        message(2, inner),
        message(7, message(1, inner)),
        message(2, message(2, inner) * 300),
        number(int(rng.integers(1, 9)), choice(rng, EXTREMES)),
        fixed32(6, rng.bytes(4)),
        varint(3) + b"x",
        rng.bytes(9),
        varint(2**64 - 1),
    ]
    return choice(rng, some)


def _other_layout(items, rng):
    """Lay the same entries out in another way, with blocks that lie about themselves."""
    per_block = int(rng.integers(1, 60))
    groups = [items[i : i + per_block] for i in range(0, len(items), per_block)]
    blocks = [block(group, int(rng.integers(1, 20))) for group in groups]
    keys = [group[-1][0] for group in groups]
    some = int(rng.integers(len(blocks)))
    handles = None
    what = int(rng.integers(5))
    if what == 0:
        blocks[some] = mutate_bytes(blocks[some], rng)
    elif what == 1:
        ends = np.cumsum([0, *(len(one) + 5 for one in blocks)]).tolist()
        handles = [(start, len(one)) for start, one in zip(ends[:-1], blocks, strict=True)]
        handles[some] = choice(
            rng, [*handles, (choice(rng, EXTREMES), 9), (0, choice(rng, EXTREMES))]
        )
    elif what == 2:
        keys[some] = choice(rng, [b"", b"zzz", keys[0], rng.bytes(9)])
    elif what == 3:
        blocks, keys = blocks[::-1], keys[::-1]
    compression = choice(rng, [0, 0, 0, 0, 1, 2, 255])
    return table_of_blocks(blocks, keys, handles, compression)


def _other_items(items, rng):
    """Change the bytes of keys and values, drop, double or exchange entries."""
    items = list(items)
    some, other = (int(rng.integers(len(items))) for _ in range(2))
    key, value = items[some]
    changes = [
        lambda: items.__setitem__(some, (key, mutate_bytes(value, rng))),
        lambda: items.__setitem__(some, (key, mutate_bytes(value, rng))),
        lambda: items.__setitem__(some, (mutate_bytes(key, rng), value)),
        lambda: items.__setitem__(some, (key, items[other][1])),
        lambda: items.insert(some, items[other]),
        lambda: items.pop(some),
        lambda: items.insert(some, (choice(rng, NAMES).encode() + key, value)),
    ]
    choice(rng, changes)()
    if rng.random() < 0.5:
        items.sort()
    return table(items or [(b"", b"")], int(rng.integers(1, 60)), int(rng.integers(1, 20)))
