"""Changed safetensors files."""

import json
import struct

import numpy as np
from safetensors.numpy import load, save

from tests.fuzz.mutations import choice, json_text, mutate_bytes, mutate_json

LENGTHS = [0, 1, 7, 2**31, 2**32, 2**63, 2**64 - 1, 100_000_000, 100_000_001, 99_999_999]
DTYPES = ["F64", "F16", "BF16", "I8", "U8", "I64", "BOOL", "F8_E4M3", "F4", "C64", "", "f32", "X"]
SHAPES = [[], [0], [-1], [1], [2**62], [2**63], [2**32, 2**32], [0, 2**62], [1] * 40, [True], [1.0]]
KINDS = ["<f8", "<f2", "<i4", "<i8", "|u1", "|b1"]


def split(data):
    """The header and the bytes after it."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header, content, length=None):
    """A file of a header, given as text or as a value, and bytes."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode("utf-8", "replace")
    return struct.pack("<Q", len(text) if length is None else length) + text + content


def mutate_header(data, rng):
    """Change what the header says of one tensor, or any of it."""
    header, content = split(data)
    first, second = (choice(rng, sorted(header)) for _ in range(2))
    what = int(rng.integers(8))
    if what == 0:
        header[first]["dtype"] = choice(rng, DTYPES)
    elif what == 1:
        header[first]["shape"] = choice(rng, [*SHAPES, header[second]["shape"]])
    elif what == 2:
        offsets = [0, len(content), -1, 2**63, 2**64 - 1, *header[second]["data_offsets"]]
        header[first]["data_offsets"][int(rng.integers(2))] = choice(rng, offsets)
    elif what == 3:
        header[first], header[second] = header[second], header[first]
    elif what == 4:
        header["__metadata__"] = choice(rng, [{}, {"a": "b"}, {"a": 1}, [], None, "x", {"a": {}}])
    elif what == 5:
        text = json.dumps(header)
        return joined(
            text[:-1] + f", {json.dumps(first)}: " + json.dumps(header[second]) + "}", content
        )
    elif what == 6:
        return joined(header, content, choice(rng, LENGTHS))
    else:
        return joined(json_text(mutate_json(header, rng), rng), content)
    return joined(header, content)


def mutate_tensors(data, rng):
    """A valid file of changed tensors."""
    tensors = {name: array.copy() for name, array in load(data).items()}
    name, other = (choice(rng, sorted(tensors)) for _ in range(2))
    array = tensors[name]
    changes = [
        lambda: tensors.pop(name),
        lambda: tensors.update({name: array.astype(choice(rng, KINDS))}),
        lambda: tensors.update({name: array.reshape(-1)}),
        lambda: tensors.update({name: array[..., None]}),
        lambda: tensors.update({name: array.ravel()[:1]}),
        lambda: tensors.update({name: array.ravel()[:0]}),
        lambda: tensors.update({name: array.ravel()[:1].reshape(())}),
        lambda: tensors.update({name: tensors[other]}),
        lambda: tensors.update({choice(rng, [f"{name}x", "", f"{name}/x", f"x/{name}"]): array}),
        lambda: tensors.update({f"many/{i}": array[:0] for i in range(300)}),
        lambda: tensors.update({name: np.full_like(array, choice(rng, [np.nan, np.inf, 1e38, 0]))}),
        lambda: tensors.clear(),
    ]
    with np.errstate(all="ignore"):
        try:
            choice(rng, changes)()
        except (ValueError, OverflowError, IndexError):  # an array to which that cannot be done
            tensors.pop(name)
    return save({key: value.copy(order="C") for key, value in tensors.items()})


def mutate_weights(data, rng):
    """Change a safetensors file."""
    return choice(rng, [mutate_bytes, mutate_header, mutate_header, mutate_tensors])(data, rng)
