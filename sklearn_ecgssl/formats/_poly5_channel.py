"""Samples of one channel of a Poly5 file."""

import math
from collections.abc import Iterator

import numpy as np

from ._errors import UnreadableFileError
from ._poly5_file import BLOCK_HEADER_BYTES, Poly5File

#: Bytes of the file in memory at a time. Not a memory-map: a file that shrinks under one kills the
#: process.
_PIECE_BYTES = 2**22


def read_poly5_channel(file: Poly5File, index: int) -> np.ndarray:
    """Read one channel.

    The file is read from end to end, of which only the channel stays in memory.

    Parameters
    ----------
    file : Poly5File
        From `read_poly5_header`.
    index : int
        Of `file.channels`.

    Returns
    -------
    ndarray of shape (n_times,)
        float32, in the channel's unit.

    Raises
    ------
    UnreadableFileError
        If the channel's unit has no scale, if the file is shorter than it was, or if its blocks
        are not in order.
    """
    channel = file.channels[index]
    scale = _ratio(channel.unit_high - channel.unit_low, channel.adc_high - channel.adc_low)
    offset = channel.unit_low - channel.adc_low * scale
    if not math.isfinite(offset) or scale == 0:
        raise UnreadableFileError(
            f"{file.path} does not say what a sample of {channel.name!r} means: that "
            f"{channel.adc_low:g} to {channel.adc_high:g} is {channel.unit_low:g} to "
            f"{channel.unit_high:g} gives no scale, at byte {channel.described_at}."
        )
    samples = np.empty(file.n_times, np.float32)
    for first, data in _pieces(file):
        stored: np.ndarray = np.ndarray(
            (len(data) // file.block_bytes, file.block_times),
            channel.dtype,
            data,
            BLOCK_HEADER_BYTES + channel.offset,
            (file.block_bytes, file.period_bytes),
        )
        place = samples[first * file.block_times :][: stored.size]
        with np.errstate(over="ignore", invalid="ignore"):
            place[:] = stored.ravel()[: place.size].astype(np.float64) * scale + offset
    return samples


def _ratio(units: float, steps: float) -> float:
    return units / steps if steps else math.nan


def _pieces(file: Poly5File) -> Iterator[tuple[int, bytes]]:
    """Read some blocks after others, each time with the number of the first."""
    n_blocks = max(1, _PIECE_BYTES // file.block_bytes)
    counted = False
    with open(file.path, "rb") as stream:
        stream.seek(file.data_at)
        for first in range(0, file.n_blocks, n_blocks):
            n_bytes = min(n_blocks, file.n_blocks - first) * file.block_bytes
            data = stream.read(n_bytes)
            if len(data) < n_bytes:
                raise UnreadableFileError(
                    f"{file.path} is truncated: it ends at byte "
                    f"{file.data_at + first * file.block_bytes + len(data)}, and was longer."
                )
            begins: np.ndarray = np.ndarray(
                n_bytes // file.block_bytes, "<u4", data, 0, (file.block_bytes,)
            )
            # Blocks say with which sample they begin. Not all programs keep to it: those of a file
            # that does are held to it.
            counted = counted or (first == 0 and list(begins[:2]) == [0, file.block_times])
            if counted:
                _check_order(file, first, begins)
            yield first, data


def _check_order(file: Poly5File, first: int, begins: np.ndarray) -> None:
    expected = (first + np.arange(len(begins))) * file.block_times
    wrong = np.flatnonzero(begins != expected)
    if wrong.size:
        i = wrong[0]
        raise UnreadableFileError(
            f"{file.path} is damaged or lacks samples: block {first + i} should begin with sample "
            f"{expected[i]} and begins with {begins[i]}, at byte "
            f"{file.data_at + (first + i) * file.block_bytes}."
        )
