"""Writes TensorFlow checkpoints byte by byte, after the description of the format.

It shares nothing with the reader, its checksum goes byte by byte, and it can write what TensorFlow
never would: every part is a function whose result a test may change before it goes into the next.
"""

import struct
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

DT_NUMBERS = {"float32": 1, "float64": 2, "int32": 3, "int64": 9}
MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def eight_steps(register: int) -> int:
    """Divide for one byte, bit after bit."""
    for _ in range(8):
        register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register


STEPS = [eight_steps(byte) for byte in range(256)]


@cache
def slow_crc32c(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register = STEPS[(register ^ byte) & 0xFF] ^ register >> 8
    return ~register & 0xFFFFFFFF


def masked(crc: int) -> bytes:
    turned = crc >> 15 | crc << 17 & 0xFFFFFFFF
    return struct.pack("<I", (turned + 0xA282EAD8) % 2**32)


def varint(value: int) -> bytes:
    value %= 2**64  # negative numbers take ten bytes
    written = b""
    while value > 127:
        written += bytes([value % 128 + 128])
        value //= 128
    return written + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field * 8 + VARINT) + varint(value)


def message(field: int, content: bytes) -> bytes:
    return varint(field * 8 + BYTES) + varint(len(content)) + content


def fixed32(field: int, content: bytes) -> bytes:
    return varint(field * 8 + FIXED32) + content


def header(n_shards=1, endianness=0, min_consumer=0) -> bytes:
    versions = number(1, 1) + (number(2, min_consumer) if min_consumer else b"")
    big = number(2, endianness) if endianness else b""
    return number(1, n_shards) + big + message(3, versions)


@dataclass
class Entry:
    """A BundleEntryProto; `extra` is appended as it is."""

    dtype: int = 1
    shape: tuple = ()
    shard: int = 0
    offset: int = 0
    size: int = 0
    checksum: bytes = bytes(4)
    extra: bytes = b""

    def write(self) -> bytes:
        dims = b"".join(message(2, number(1, n)) for n in self.shape)
        written = number(1, self.dtype) + message(2, dims)
        # What is zero is left out.
        written += number(3, self.shard) if self.shard else b""
        written += number(4, self.offset) if self.offset else b""
        written += number(5, self.size) if self.size else b""
        return written + fixed32(6, self.checksum) + self.extra


def block(items, restart_interval=16) -> bytes:
    """Entries whose keys leave out what they share with the one before, except every few."""
    content, restarts, previous = b"", [], b""
    for i, (key, value) in enumerate(items):
        shared = 0
        if i % restart_interval == 0:
            restarts.append(len(content))
        else:
            while shared < min(len(key), len(previous)) and key[shared] == previous[shared]:
                shared += 1
        content += varint(shared) + varint(len(key) - shared) + varint(len(value))
        content += key[shared:] + value
        previous = key
    restarts = restarts or [0]
    return content + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def trailed(content: bytes, compression=0) -> bytes:
    content += bytes([compression])
    return content + masked(slow_crc32c(content))


def table_of_blocks(blocks, keys, handles=None, compression=0) -> bytes:
    """A table of finished blocks; `keys` separate them, `handles` (offset, size) may lie."""
    content, true_handles = b"", []
    for written in blocks:
        true_handles.append((len(content), len(written)))
        content += trailed(written, compression)
    pairs = true_handles if handles is None else handles
    values = [varint(offset) + varint(size) for offset, size in pairs]
    metaindex = block([])
    at_metaindex = varint(len(content)) + varint(len(metaindex))
    content += trailed(metaindex)
    index = block(list(zip(keys, values, strict=True)), restart_interval=1)
    at_index = varint(len(content)) + varint(len(index))
    return content + trailed(index) + (at_metaindex + at_index).ljust(40, b"\0") + MAGIC


def table(items, per_block=20, restart_interval=4) -> bytes:
    groups = [items[i : i + per_block] for i in range(0, len(items), per_block)]
    blocks = [block(group, restart_interval) for group in groups]
    return table_of_blocks(blocks, [group[-1][0] for group in groups])


@dataclass
class Checkpoint:
    """A checkpoint before it is written: `entries` and `header` may be changed."""

    tensors: dict
    header: bytes = field(default_factory=header)
    entries: dict = field(init=False)
    data: bytes = field(init=False)

    def __post_init__(self):
        self.entries, self.data = {}, b""
        for name in sorted(self.tensors, key=str.encode):
            array = np.asarray(self.tensors[name])
            content = array.astype(array.dtype.newbyteorder("<")).tobytes()
            self.entries[name] = Entry(
                DT_NUMBERS[array.dtype.name],
                array.shape,
                offset=len(self.data),
                size=len(content),
                checksum=masked(slow_crc32c(content)),
            )
            self.data += content

    def items(self):
        listed = [(name.encode(), entry.write()) for name, entry in self.entries.items()]
        return [(b"", self.header), *sorted(listed)]

    def index(self, **layout) -> bytes:
        return table(self.items(), **layout)

    def write(self, prefix: Path, **layout) -> Path:
        Path(f"{prefix}.index").write_bytes(self.index(**layout))
        Path(f"{prefix}.data-00000-of-00001").write_bytes(self.data)
        return prefix


def recognition_tensors(
    filters=(2, 3, 4), kernel_sizes=(5, 4, 3), hidden=(3, 5), optimiser=True, seed=0
) -> dict:
    """Weights of the authors' network by their names, and what their training saves besides."""
    rng = np.random.default_rng(seed)
    layers, n_in = {}, 1
    for i in range(6):
        n_out = filters[i // 2]
        layers[f"conv_layer_{i + 1}"] = (kernel_sizes[i // 2], n_in, n_out)
        n_in = n_out
    for task in range(7):
        layers[f"task_{task}_dense_1"] = (filters[-1], hidden[0])
        layers[f"task_{task}_dense_2"] = hidden
        layers[f"task_{task}"] = (hidden[1], 1)
    tensors = {}
    for layer, shape in layers.items():
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        tensors[f"{layer}/kernel"] = rng.normal(scale=scale, size=shape).astype(np.float32)
        tensors[f"{layer}/bias"] = rng.normal(scale=0.1, size=shape[-1:]).astype(np.float32)
    if optimiser:
        slots = {f"{n}/{slot}": t * 0 for n, t in tensors.items() for slot in ("Adam", "Adam_1")}
        tensors |= slots
        tensors |= {f"beta{i}_power": np.float32(0.5) for i in (1, 2)}
        tensors |= {"steps": np.int32(7), "global_step": np.int64(7)}
    return tensors
