"""The tensor bundle of TensorFlow: an index of named tensors, and a file of their bytes.

``<prefix>.index`` is a sorted table. Its key "" has a ``BundleHeaderProto``, every other key is the
name of a tensor and has a ``BundleEntryProto``. ``<prefix>.data-00000-of-00001`` holds the tensors'
values in C order, little-endian.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ._crc32c import masked_crc32c
from ._errors import UnreadableFileError
from ._sorted_table import read_varint, table_entries

INDEX_SUFFIX = ".index"
DATA_SUFFIX = ".data-00000-of-00001"
#: By TensorFlow's number: those that can be read. Others are listed by their number.
DTYPES = {1: "float32", 2: "float64", 3: "int32", 9: "int64"}
#: Version of the format that is read; a file says the lowest that can read it.
VERSION = 1
#: What numpy holds, of dimensions and of bytes.
MAX_DIMENSIONS = 32
MAX_BYTES = 2**63 - 1
#: Tens of thousands of tensors need less; anything larger is no index, and not worth its memory.
MAX_INDEX_BYTES = 2**22

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True)
class TensorEntry:
    """What the index says of a tensor: its type and shape, where it is, its masked CRC-32C."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    size: int
    checksum: int


class TensorBundle:
    """The tensors of a TensorFlow checkpoint; each is read when it is asked for.

    Parameters
    ----------
    prefix : path-like
        The files' path without ``.index`` and ``.data-00000-of-00001``.

    Attributes
    ----------
    index, data : Path
        The two files.
    entries : dict of str to TensorEntry
        What there is, by name.

    Raises
    ------
    FileNotFoundError
        If one of the files is not there.
    UnreadableFileError
        If the index is damaged, or of a checkpoint that is not read: in several files, of a
        big-endian machine, or with tensors in slices.
    """

    def __init__(self, prefix: str | os.PathLike[str]) -> None:
        self.index = Path(f"{os.fspath(prefix)}{INDEX_SUFFIX}")
        self.data = Path(f"{os.fspath(prefix)}{DATA_SUFFIX}")
        self._check_there(self.index)
        with _naming(self.index):
            self.entries = _read_index(self.index)
        self._check_there(self.data)

    def read(self, name: str) -> np.ndarray:
        """Read a tensor and check it.

        Parameters
        ----------
        name : str
            One of `entries`.

        Returns
        -------
        ndarray
            The tensor, in the byte order of this machine.

        Raises
        ------
        UnreadableFileError
            If its bytes are not all there, or not what was written, or of a type that is not read.
        """
        entry = self.entries[name]
        if entry.dtype not in DTYPES.values():
            raise UnreadableFileError(
                f"{self.index}: {name!r} is of {entry.dtype}, which is not among those that are "
                f"read: {', '.join(DTYPES.values())}."
            )
        content = self._read_bytes(name, entry)
        if masked_crc32c(content) != entry.checksum:
            raise UnreadableFileError(
                f"{self.data}: the bytes of {name!r} do not match their checksum, which is in "
                f"{self.index.name}. One of the two files is damaged, or of another checkpoint: "
                "copy both again."
            )
        little_endian = np.dtype(entry.dtype).newbyteorder("<")
        return np.frombuffer(content, little_endian).astype(entry.dtype).reshape(entry.shape)

    def _read_bytes(self, name: str, entry: TensorEntry) -> bytes:
        n_there = self.data.stat().st_size
        if entry.offset + entry.size > n_there:
            raise UnreadableFileError(
                f"{self.data} has {n_there} bytes, but {self.index.name} says that {name!r} has "
                f"{entry.size} at byte {entry.offset}. It is cut off, or of another checkpoint: "
                "copy both files again."
            )
        with open(self.data, "rb") as stream:
            stream.seek(entry.offset)
            return stream.read(entry.size)

    def _check_there(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(
                f"There is no file {path}. A TensorFlow checkpoint is two files, {self.index} and "
                f"{self.data}; pass their path without {INDEX_SUFFIX} and {DATA_SUFFIX}."
            )


class _Message:
    """A protobuf message: values by the number of their field, each with its wire type."""

    def __init__(self, data: bytes) -> None:
        self._values: dict[int, list[tuple[int, Any]]] = {}
        position = 0
        while position < len(data):
            tag, position = read_varint(data, position, len(data))
            field, wire_type = tag >> 3, tag & 7
            value, position = _read_value(data, position, wire_type)
            self._values.setdefault(field, []).append((wire_type, value))

    def number(self, field: int, wire_type: int = VARINT) -> int:
        """Return the number in a field that is there once, or 0 where it is not."""
        values = self._of_type(field, wire_type)
        if len(values) > 1:
            raise UnreadableFileError(f"its field {field} is there {len(values)} times, not once")
        return values[0] if values else 0

    def messages(self, field: int) -> list["_Message"]:
        """Return the messages in a field."""
        return [_Message(content) for content in self._of_type(field, BYTES)]

    def _of_type(self, field: int, wire_type: int) -> list[Any]:
        values = self._values.get(field, [])
        if any(found != wire_type for found, _ in values):
            raise UnreadableFileError(f"its field {field} is not of wire type {wire_type}")
        return [value for _, value in values]


def _read_value(data: bytes, start: int, wire_type: int) -> tuple[int | bytes, int]:
    """Read a value, and where the next field starts."""
    if wire_type == VARINT:
        value, end = read_varint(data, start, len(data))
        return value - (value >> 63 << 64), end  # two's complement
    if wire_type == BYTES:
        size, start = read_varint(data, start, len(data))
    elif wire_type in (FIXED32, FIXED64):
        size = 4 if wire_type == FIXED32 else 8
    else:
        raise UnreadableFileError(f"it has a field of wire type {wire_type}, which is not in use")
    end = start + size
    if end > len(data):
        raise UnreadableFileError(f"a field of {size} bytes is cut off")
    content = data[start:end]
    return (content if wire_type == BYTES else int.from_bytes(content, "little")), end


def _read_index(path: Path) -> dict[str, TensorEntry]:
    n_bytes = path.stat().st_size
    if n_bytes > MAX_INDEX_BYTES:
        raise UnreadableFileError(f"it has {n_bytes} bytes, more than {MAX_INDEX_BYTES}")
    items = table_entries(path.read_bytes())
    key, header = next(items, (None, b""))
    if key != b"":
        raise UnreadableFileError("it is a sorted table without the header of a checkpoint")
    _check_header(_Message(header))
    return {(name := _name(key)): _entry(name, _Message(value)) for key, value in items}


def _check_header(header: _Message) -> None:
    n_files, is_big_endian, versions = header.number(1), header.number(2), header.messages(3)
    if n_files != 1:
        raise UnreadableFileError(
            f"its tensors are in {n_files} files, read are checkpoints with 1. Save it again with "
            "Saver(sharded=False)"
        )
    if is_big_endian:
        raise UnreadableFileError("it was written by a big-endian machine, which is not read")
    if any(version.number(2) > VERSION for version in versions):
        raise UnreadableFileError(f"it is of a version of the format newer than {VERSION}")


def _name(key: bytes) -> str:
    # Keys of slices begin with a zero byte.
    if key.startswith(b"\0"):
        raise UnreadableFileError(_in_slices(repr(key)))
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise UnreadableFileError(f"{key!r} is not the name of a tensor") from None


def _entry(name: str, message: _Message) -> TensorEntry:
    """Read what the index says of a tensor, and check that it can be."""
    if message.messages(7):
        raise UnreadableFileError(_in_slices(repr(name)))
    number = message.number(1)
    entry = TensorEntry(
        dtype=DTYPES.get(number, f"type {number}"),
        shape=_shape(name, message.messages(2)),
        offset=message.number(4),
        size=message.number(5),
        checksum=message.number(6, FIXED32),
    )
    shard = message.number(3)
    if shard or entry.offset < 0 or entry.size < 0:
        raise UnreadableFileError(
            f"it says that {name!r} is {entry.size} bytes at byte {entry.offset} of file {shard}"
        )
    if entry.dtype in DTYPES.values():
        _check_size(name, entry)
    return entry


def _shape(name: str, shapes: list[_Message]) -> tuple[int, ...]:
    shape = tuple(dim.number(1) for message in shapes for dim in message.messages(2))
    unknown = any(message.number(3) for message in shapes)
    if unknown or len(shapes) > 1 or len(shape) > MAX_DIMENSIONS or min(shape, default=0) < 0:
        raise UnreadableFileError(f"it does not give {name!r} a shape that an array can have")
    return shape


def _check_size(name: str, entry: TensorEntry) -> None:
    n_bytes = np.dtype(entry.dtype).itemsize
    # numpy multiplies the other dimensions of an empty array too.
    if n_bytes * math.prod(max(1, n) for n in entry.shape) > MAX_BYTES:
        raise UnreadableFileError(f"it gives {name!r} the shape {entry.shape}, too large to be")
    if entry.size != n_bytes * math.prod(entry.shape):
        raise UnreadableFileError(
            f"it says that {name!r} is {entry.size} bytes, which is not {entry.dtype} of shape "
            f"{entry.shape}"
        )


def _in_slices(name: str) -> str:
    return f"{name} is in slices (of a partitioned variable), which are not read"


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Add to errors which file they are about."""
    try:
        yield
    except UnreadableFileError as error:
        raise UnreadableFileError(
            f"{path} cannot be read as the index of a TensorFlow checkpoint: {error}. If the file "
            "is damaged, copy it again from where it came from."
        ) from None
