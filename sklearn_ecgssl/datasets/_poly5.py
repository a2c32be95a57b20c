"""Poly5 files of TMSi recorders (``.S00``, ``.Poly5``).

A file is a header, a description of every signal, and blocks of equal size, of which each has a
header and some sample periods: one sample of every signal, then the next. All numbers are
little-endian. A signal of 32 bits has two descriptions, "(Lo) name" and "(Hi) name", and its sample
is one float32; a signal of 16 bits has one description, and its sample is an int16.
"""

import struct
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._files import UnreadableFileError, reading
from ._units import decoded

_MAGIC = b"POLY SAMPLE FILE"
#: Bytes before the version number: the identifier of 2.04 has a space more than that of 2.03.
_IDENTIFIER_BYTES = {203: 31, 204: 32}
#: Version, name, sampling rate, storage rate and its kind, signals, sample periods, start, blocks,
#: periods of a block, bytes of a block, compression.
_HEADER = struct.Struct("<H81sHHBHI4x7hiHHh64x")
#: Name, unit, what the unit's and the converter's ends are, index.
_DESCRIPTION = struct.Struct("<41s4x11s4fhh60x")
_BLOCK_HEADER = 86
#: Bytes of the file in memory at a time.
_PIECE = 2**22


class Poly5Channel(NamedTuple):
    """A signal: the type of a sample and its place; a stored x means ``x * scale + offset``."""

    name: str
    unit: str
    dtype: str
    place: int
    scale: float
    offset: float


@dataclass(frozen=True)
class Poly5File:
    """What a file says of itself; `block` is the type of a block of samples."""

    path: Path
    sampling_rate: float
    start: datetime | None
    channels: list[Poly5Channel]
    n_times: int
    n_blocks: int
    block: np.dtype
    data_at: int

    @property
    def block_times(self) -> int:
        """Sample periods of a block."""
        return int(self.block["periods"].shape[0])

    def read(self, index: int) -> np.ndarray:
        """Read one channel in its unit, float32; the file passes in pieces."""
        channel = self.channels[index]
        samples = np.empty((self.n_blocks, self.block_times), np.float32)
        at_once = max(1, _PIECE // self.block.itemsize)
        with reading(self.path, "Poly5"), open(self.path, "rb") as stream:
            stream.seek(self.data_at)
            for first in range(0, self.n_blocks, at_once):
                part = samples[first : first + at_once]
                blocks = np.fromfile(stream, self.block, len(part))
                stored = blocks["periods"][str(index)].astype(np.float64)
                part[:] = stored * channel.scale + channel.offset
        return samples.ravel()[: self.n_times]


def read_poly5(path: Path) -> Poly5File:
    """Read what a file of version 2.03 or 2.04 says of itself. No sample is read."""
    with reading(path, "Poly5"), open(path, "rb") as stream:
        start = stream.read(max(_IDENTIFIER_BYTES.values()) + 2)
        versions = [
            before
            for version, before in _IDENTIFIER_BYTES.items()
            if start.startswith(_MAGIC) and start[before : before + 2] == struct.pack("<H", version)
        ]
        if not versions:
            raise ValueError(f"it does not begin as version 2.03 or 2.04 does, but with {start!r}")
        stream.seek(versions[0])
        fields = _HEADER.unpack(stream.read(_HEADER.size))
        _, _, rate, stored_rate, _, n_signals, n_times = fields[:7]
        n_blocks, _, block_data, compression = fields[14:]
        if compression or stored_rate not in (0, rate) or not rate * n_signals:
            raise ValueError("it is compressed, or does not store every sample of a signal")
        channels = _channels(stream.read(n_signals * _DESCRIPTION.size))
        # What the header says of the periods of a block beside its bytes is not always kept up.
        block_times = block_data // (2 * n_signals)
        block = _block_type(channels, n_signals, block_times)
        file = Poly5File(
            path,
            float(rate),
            _time(fields[7:14]),
            channels,
            n_times,
            n_blocks,
            block,
            stream.tell(),
        )
    return _check_size(file)


def _block_type(channels: list[Poly5Channel], n_signals: int, block_times: int) -> np.dtype:
    """Describe a block: a header, then periods, each of one sample of every signal."""
    period = np.dtype(
        {
            "names": [str(i) for i in range(len(channels))],
            "formats": [one.dtype for one in channels],
            "offsets": [one.place for one in channels],
            "itemsize": 2 * n_signals,
        }
    )
    return np.dtype([("header", f"V{_BLOCK_HEADER}"), ("periods", period, (block_times,))])


def _channels(descriptions: bytes) -> list[Poly5Channel]:
    """Put the two halves of 32-bit signals together."""
    described = list(_DESCRIPTION.iter_unpack(descriptions))
    labels = [_text(name) for name, *_ in described]
    channels = []
    for i, (_, unit, low, high, first, last, *_) in enumerate(described):
        label, following = labels[i], labels[i + 1 : i + 2]
        is_half = label.startswith("(Lo)")
        if is_half != any(one.startswith("(Hi)") for one in following):
            raise ValueError(f"its signal {label!r} lacks its other half")
        if label.startswith("(Hi)"):
            continue  # described by its other half
        name, dtype = label.removeprefix("(Lo)").strip(), "<f4" if is_half else "<i2"
        scale = (high - low) / (last - first) if last != first else 1.0
        place, offset = 2 * i, low - first * scale
        channels.append(Poly5Channel(name, _text(unit).strip(), dtype, place, scale, offset))
    return channels


def _check_size(file: Poly5File) -> Poly5File:
    """Hold what a header says of its length against the size of the file."""
    n_bytes = file.path.stat().st_size
    if not file.n_times or not file.n_blocks:  # the recorder was not stopped: as much as there is
        n_blocks = (n_bytes - file.data_at) // file.block.itemsize
        file = replace(file, n_blocks=n_blocks, n_times=n_blocks * file.block_times)
    end = file.data_at + file.n_blocks * file.block.itemsize
    if n_bytes < end or not file.n_blocks:
        raise UnreadableFileError(
            f"{file.path} is cut off: it ends at byte {n_bytes}, but its header announces "
            f"{max(end, file.data_at + file.block.itemsize)}. Get it again from where it came from."
        )
    if file.n_times > file.n_blocks * file.block_times:
        raise UnreadableFileError(
            f"{file.path} counts {file.n_times} samples in {file.n_blocks} blocks of "
            f"{file.block_times}."
        )
    return file


def _text(field: bytes) -> str:
    """Decode a field whose first byte is its length."""
    return decoded(field[1 : 1 + field[0]].split(b"\0")[0])


def _time(numbers: tuple[int, ...]) -> datetime | None:
    year, month, day, _, hour, minute, second = numbers
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
