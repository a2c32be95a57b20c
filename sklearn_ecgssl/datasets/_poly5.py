"""Poly5 files of TMSi recorders (``.S00``, ``.Poly5``).

A file is a header, a description of every signal, and blocks of equal size, of which each has a
header and some sample periods: one sample of every signal, then the next. All numbers are
little-endian. A signal of 32 bits has two descriptions, "(Lo) name" and "(Hi) name", and its sample
is one float32; a signal of 16 bits has one description, and its sample is an int16.
"""

import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._files import UnreadableFileError, reading
from ._channels import decoded

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

    def read(self, index: int) -> np.ndarray:
        """Read one channel in its unit, float32; the file passes in pieces."""
        channel = self.channels[index]
        at_once = max(1, _PIECE // self.block.itemsize)
        with reading(self.path, "Poly5"), open(self.path, "rb") as stream:
            samples = np.empty((self.n_blocks, *self.block["periods"].shape), np.float32)
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
        start = stream.read(34)
        versions = [
            before
            for version, before in _IDENTIFIER_BYTES.items()
            if start[before : before + 2] == struct.pack("<H", version)
        ]
        if not start.startswith(b"POLY SAMPLE FILE") or not versions:
            raise ValueError(f"it does not begin as version 2.03 or 2.04 does, but with {start!r}")
        stream.seek(versions[0])
        fields = _HEADER.unpack(stream.read(_HEADER.size))
        _, _, rate, stored_rate, _, n_signals, n_times = fields[:7]
        year, month, day, _, hour, minute, second = fields[7:14]
        n_blocks, _, block_bytes, compression = fields[14:]
        if compression or stored_rate not in (0, rate):
            raise ValueError("it is compressed, or does not store every sample of a signal")
        channels = _channels(stream.read(n_signals * _DESCRIPTION.size))
        # What the header says of the periods of a block beside its bytes is not always kept up.
        block_times = block_bytes // (2 * n_signals)
        block = _block_type(channels, n_signals, block_times)
        data_at = stream.tell()
    n_bytes = path.stat().st_size
    if not n_times or not n_blocks:  # the recorder was not stopped: as much as there is
        n_blocks = (n_bytes - data_at) // block.itemsize
        n_times = n_blocks * block_times
    end = data_at + max(1, n_blocks) * block.itemsize
    if n_bytes < end:
        raise UnreadableFileError(
            f"{path} is cut off: it ends at byte {n_bytes}, but its header announces {end}. Get it "
            "again from where it came from."
        )
    started = None
    with suppress(ValueError):
        started = datetime(year, month, day, hour, minute, second)
    return Poly5File(path, float(rate), started, channels, n_times, n_blocks, block, data_at)


def _channels(descriptions: bytes) -> list[Poly5Channel]:
    """Put the two halves of 32-bit signals together."""
    channels = []
    for i, (label, unit, low, high, first, last, *_) in enumerate(
        _DESCRIPTION.iter_unpack(descriptions)
    ):
        name = _text(label)
        if name.startswith("(Hi)"):
            continue  # described by its other half
        dtype = "<f4" if name.startswith("(Lo)") else "<i2"
        scale = (high - low) / (last - first) if last != first else 1.0
        channels.append(
            Poly5Channel(
                name.removeprefix("(Lo)").strip(),
                _text(unit).strip(),
                dtype,
                2 * i,
                scale,
                low - first * scale,
            )
        )
    return channels


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


def _text(field: bytes) -> str:
    """Decode a field whose first byte is its length."""
    return decoded(field[1 : 1 + field[0]].split(b"\0")[0])
