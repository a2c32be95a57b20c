"""Poly5 files of TMSi recorders (``.S00``, ``.Poly5``): what was recorded, and where it stands.

A file is a header, a description of every signal, and blocks of equal size, of which each has a
header and some sample periods: one sample of every signal, then the next. All numbers are
little-endian. A signal of 32 bits has two descriptions, "(Lo) name" and "(Hi) name", and its sample
is one float32; a signal of 16 bits has one description, and its sample is an int16.
"""

import os
import struct
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NoReturn

from ._errors import UnreadableFileError
from ._poly5_file import Poly5Channel, Poly5File

_MAGIC = b"POLY SAMPLE FILE"
# Bytes before the version number: the identifier of 2.04 has a space more than that of 2.03.
_IDENTIFIER_BYTES = {203: 31, 204: 32}
# Version, name, sampling rate, storage rate and its kind, signals, sample periods, start, blocks,
# periods of a block, bytes of a block, compression.
_HEADER = struct.Struct("<H81sHHBHI4x7hiHHh64x")
_RATE_AT, _SIGNALS_AT, _PERIODS_AT, _BLOCKS_AT, _COMPRESSION_AT = 83, 88, 90, 112, 120
# Name, unit, what the unit's and the converter's ends are, index.
_DESCRIPTION = struct.Struct("<41s4x11s4fhh60x")
_UNIT_AT, _SCALE_AT, _SCALE_STOP = 45, 56, 72
_LOW, _HIGH = "(Lo)", "(Hi)"


def read_poly5_header(path: Path) -> Poly5File:
    """Read what a Poly5 file says of itself. No sample is read.

    Parameters
    ----------
    path : pathlib.Path
        A file of version 2.03 or 2.04.

    Returns
    -------
    Poly5File

    Raises
    ------
    UnreadableFileError
        If it is no such file, is truncated, contradicts itself, is compressed, or was not closed by
        the recorder, so that its header does not say how much was recorded.
    """
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        before = _identifier_bytes(path, stream, size)
        fields = _HEADER.unpack(_take(path, stream, before, _HEADER.size, size))
        _, name, rate, stored, kind, n_signals, n_times = fields[:7]
        n_blocks, _, block_data, compression = fields[14:]
        if not rate or stored not in (0, rate) or kind:
            _refuse(
                path,
                f"is sampled at {rate} Hz and stored at {stored} {'per Hz' if kind else 'Hz'}: "
                "only files that store every sample are read",
                before + _RATE_AT,
            )
        if compression:
            _refuse(path, "is compressed, which is not read", before + _COMPRESSION_AT)
        if not n_signals:
            _refuse(path, "has no signal", before + _SIGNALS_AT)
        described_at = before + _HEADER.size
        descriptions = _take(path, stream, described_at, n_signals * _DESCRIPTION.size, size)
        if not block_data or block_data % (2 * n_signals):
            _refuse(
                path,
                f"contradicts itself: blocks of {block_data} bytes do not hold whole samples of "
                f"{n_signals} signals of 2 bytes",
                before + _BLOCKS_AT + 6,
            )
        file = Poly5File(
            path=path,
            name=_text(path, name, before + 2),
            sampling_rate=float(rate),
            start=_time(fields[7:14]),
            channels=tuple(_channels(path, descriptions, described_at)),
            n_times=n_times,
            n_blocks=n_blocks,
            # What the header says of the same beside it is not always kept up.
            block_times=block_data // (2 * n_signals),
            period_bytes=2 * n_signals,
            data_at=described_at + len(descriptions),
        )
        _check_blocks(file, size, before)
        _check_end(file, stream, size)
    return file


def _identifier_bytes(path: Path, stream: BinaryIO, size: int) -> int:
    first = stream.read(max(_IDENTIFIER_BYTES.values()) + 2)
    if not first.startswith(_MAGIC):
        if first and _MAGIC.startswith(first):
            _refuse(path, "is truncated in its header", size)
        _refuse(path, f"is no Poly5 file: it does not begin with {_MAGIC.decode()!r}", 0)
    for version, before in _IDENTIFIER_BYTES.items():
        if first[before : before + 2] == version.to_bytes(2, "little"):
            return before
    if len(first) < max(_IDENTIFIER_BYTES.values()) + 2:
        _refuse(path, "is truncated in its header", size)
    _refuse(path, f"is a Poly5 file of another version than 2.03 and 2.04, {first[16:29]!r}", 16)


def _take(path: Path, stream: BinaryIO, at: int, n_bytes: int, size: int) -> bytes:
    stream.seek(at)
    # Only what is there is asked for: Python would make room for all of it.
    data = stream.read(min(n_bytes, max(0, size - at)))
    if len(data) < n_bytes:
        _refuse(
            path,
            f"is truncated: the header and the descriptions of its signals go to byte "
            f"{at + n_bytes}, and it ends",
            at + len(data),
        )
    return data


def _channels(path: Path, descriptions: bytes, at: int) -> Iterator[Poly5Channel]:
    """Put the two halves of 32-bit signals together."""
    size = _DESCRIPTION.size
    low: str | None = None
    for i in range(0, len(descriptions), size):
        name, unit, *ends, _, _ = _DESCRIPTION.unpack_from(descriptions, i)
        name = _text(path, name, at + i)
        unit = _text(path, unit, at + i + _UNIT_AT)
        first = i
        if low is not None:
            first = i - size
            scale, other = (descriptions[j + _SCALE_AT : j + _SCALE_STOP] for j in (first, i))
            if not name.startswith(_HIGH) or name[4:] != low or scale != other:
                _refuse(path, f"has a signal {_LOW + low!r} without its other half", at + i)
        elif name.startswith(_LOW):
            low = name[4:]
            continue
        elif name.startswith(_HIGH):
            _refuse(path, f"has a signal {name!r} without its other half", at + i)
        yield Poly5Channel(
            name=name if low is None else low.strip(),
            unit=unit.strip(),
            dtype="<i2" if low is None else "<f4",
            offset=first // size * 2,
            unit_low=ends[0],
            unit_high=ends[1],
            adc_low=ends[2],
            adc_high=ends[3],
            described_at=at + first,
        )
        low = None
    if low is not None:
        _refuse(path, f"has a signal {_LOW + low!r} without its other half", at + len(descriptions))


def _check_blocks(file: Poly5File, size: int, before: int) -> None:
    path = file.path
    if file.n_blocks == 0 or file.n_times == 0:
        _refuse(
            path,
            "says that it holds no sample, as recorders write before they have finished, and has "
            f"{size - file.data_at} bytes of data. If these are a recording, open it with the "
            "recorder's own program and save it again",
            before + _PERIODS_AT,
        )
    if (
        not (file.n_blocks - 1) * file.block_times
        < file.n_times
        <= (file.n_blocks * file.block_times)
    ):
        _refuse(
            path,
            f"contradicts itself: {file.n_times} samples do not fill {file.n_blocks} blocks of "
            f"{file.block_times}",
            before + _PERIODS_AT,
        )
    end = file.data_at + file.n_blocks * file.block_bytes
    if size < end:
        n_whole = max(0, size - file.data_at) // file.block_bytes
        _refuse(
            path,
            f"is truncated: its {file.n_blocks} blocks go to byte {end}, and it ends after "
            f"{n_whole} of them. Copy or download it again. It ends",
            size,
        )


def _check_end(file: Poly5File, stream: BinaryIO, size: int) -> None:
    """Refuse a file that goes on: its recorder counted blocks before it had written all."""
    end = file.data_at + file.n_blocks * file.block_bytes
    if size - end < file.block_bytes:
        return
    stream.seek(end)
    if int.from_bytes(stream.read(4), "little") == file.n_blocks * file.block_times:
        _refuse(
            file.path,
            f"was not closed by the recorder: its header counts {file.n_blocks} blocks, and one "
            "more follows. Open it with the recorder's own program and save it again. It goes on",
            end,
        )


def _text(path: Path, field: bytes, at: int) -> str:
    """Decode a field whose first byte is its length."""
    length = field[0]
    if length >= len(field):
        _refuse(path, f"has a text of {length} characters where {len(field) - 1} fit", at)
    text = field[1 : 1 + length].split(b"\0")[0]
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _time(numbers: tuple[int, ...]) -> datetime | None:
    year, month, day, _, hour, minute, second = numbers
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _refuse(path: Path, what: str, at: int) -> NoReturn:
    raise UnreadableFileError(f"{path} {what}, at byte {at}.")
