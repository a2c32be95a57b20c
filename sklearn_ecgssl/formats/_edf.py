"""Signals of EDF and EDF+ files, read by edfio.

edfio makes do with what it finds: of a file that is cut off it returns what is left, and of one
without a physical range the digital values. Here such files are errors: sizes and numbers of the
header are checked before edfio reads it.
"""

import math
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from ._channel import Channel
from ._errors import UnreadableFileError

#: Bytes of the fixed part of the header, and of the part that each signal has.
_FIXED = _PER_SIGNAL = 256
#: Where the numbers of samples stand in the part of all signals, for one signal, and their width.
_SAMPLES_AT, _WIDTH = 216, 8
_HELP = "If it is damaged, get it again from where it came from."


class _Layout(NamedTuple):
    """How the bytes of a file are divided."""

    n_records: int
    n_samples: list[int]  # of each signal in a record


def read_edf_channels(path: Path) -> list[Channel]:
    """Read what there is in a file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    list of Channel
        Without those that hold annotations.

    Raises
    ------
    UnreadableFileError
        If it is not EDF, has a header that makes no sense, is cut off, or has gaps in time (EDF+D).
    FileNotFoundError
        If it is not there.
    ImportError
        If edfio is not installed.
    """
    layout = _layout(path)
    try:
        return [
            Channel(
                one.label.strip(),
                _rate(one.sampling_frequency),
                one.physical_dimension.strip(),
                layout.n_records * one.samples_per_data_record,
            )
            for one in _open(path).signals
        ]
    except Exception as error:
        raise _unreadable(path, error) from error


def read_edf_signal(path: Path, index: int) -> np.ndarray:
    """Read the samples of a channel.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    index : int
        Which channel of `read_edf_channels`.

    Returns
    -------
    ndarray of float64 of shape (n_samples,)
        In the unit of the channel.

    Raises
    ------
    UnreadableFileError
        As `read_edf_channels`, or if the channel has no range to scale it by.
    """
    _layout(path)
    try:
        signal = _open(path).signals[index]
        _check_ranges(signal)
        return np.asarray(signal.data)
    except Exception as error:
        raise _unreadable(path, error) from error


def _layout(path: Path) -> _Layout:
    """Check that a header agrees with itself and with the size of its file."""
    n_bytes = path.stat().st_size
    with open(path, "rb") as stream:
        fixed = stream.read(_FIXED)
        if fixed[:1] == b"\xff":
            raise UnreadableFileError(f"{path} is a BDF file, which is not read.")
        if fixed[:8].strip() != b"0":
            raise UnreadableFileError(f"{path} is no EDF file: it does not begin with '0'. {_HELP}")
        if len(fixed) < _FIXED:
            raise _cut_off(path, n_bytes, "its header has at least 256")
        if fixed[192:].startswith(b"EDF+D"):
            raise UnreadableFileError(
                f"{path} is an EDF+D file: its records do not follow each other in time, so they "
                "are no recording."
            )
        n_signals = _integer(path, fixed, 252, 4, 1)
        n_header = _integer(path, fixed, 184, 8, 1)
        n_records = _integer(path, fixed, 236, 8, -1)
        _check_duration(path, fixed[244:252])
        if n_header != _FIXED + n_signals * _PER_SIGNAL:
            raise UnreadableFileError(
                f"{path} says at byte 184 that its header has {n_header} bytes, and at byte 252 "
                f"that it is of {n_signals} signals. {_HELP}"
            )
        if n_header > n_bytes:
            raise _cut_off(path, n_bytes, f"its header alone has {n_header}")
        start = _FIXED + n_signals * _SAMPLES_AT
        stream.seek(start)
        widths = stream.read(n_signals * _WIDTH)
    n_samples = [
        _integer(path, widths, i * _WIDTH, _WIDTH, 1, starts_at=start) for i in range(n_signals)
    ]
    record = 2 * sum(n_samples)
    if n_records == -1:  # the recorder was not stopped: as many as there are
        n_records = (n_bytes - n_header) // record
    if n_records < 1:
        raise UnreadableFileError(f"{path} holds no record, from byte {n_header} on. {_HELP}")
    expected = n_header + n_records * record
    if n_bytes < expected:
        raise _cut_off(path, n_bytes, f"its header announces {expected}")
    if n_bytes >= expected + record:
        raise UnreadableFileError(
            f"{path} goes on after byte {expected}, where its header says that it ends. {_HELP}"
        )
    return _Layout(n_records, n_samples)


def _integer(
    path: Path, header: bytes, offset: int, width: int, least: int, starts_at: int = 0
) -> int:
    text = header[offset : offset + width]
    try:
        value = int(text)
        if value < least or b"_" in text:
            raise ValueError
    except ValueError:
        raise UnreadableFileError(
            f"{path} has {text!r} at byte {starts_at + offset}, where a number from {least} on "
            f"should be. {_HELP}"
        ) from None
    return value


def _check_duration(path: Path, text: bytes) -> None:
    try:
        duration = float(text)
        if not 0 < duration < math.inf:
            raise ValueError
    except ValueError:
        raise UnreadableFileError(
            f"{path} has {text!r} at byte 244, where the duration of its records in seconds should "
            f"be. {_HELP}"
        ) from None


def _check_ranges(signal: Any) -> None:
    low, high = signal.physical_range
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        raise ValueError(f"{signal.label!r} has a physical range from {low:g} to {high:g}")
    first, last = signal.digital_range
    if not -(2**15) <= first < last < 2**15:
        raise ValueError(f"{signal.label!r} has a digital range from {first} to {last}")


def _rate(rate: float) -> float:
    if not 0 < rate < math.inf:
        raise ValueError(f"a sampling rate is {rate:g} Hz")
    return float(rate)


def _open(path: Path) -> Any:
    edfio = _edfio()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a number of records that the header leaves open
        # Latin-1 gives every byte a character; the standard's ASCII has none for "µV".
        return edfio.read_edf(path, header_encoding="latin-1")


def _edfio() -> ModuleType:
    try:
        import edfio
    except ImportError as error:
        raise ImportError(
            'EDF files are read by edfio, which is not installed: pip install "sklearn_ecgssl'
            '[datasets]".'
        ) from error
    return edfio


def _cut_off(path: Path, n_bytes: int, expected: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{path} is cut off: it ends at byte {n_bytes}, but {expected}. Get it again from where "
        "it came from."
    )


def _unreadable(path: Path, error: Exception) -> Exception:
    """Make one error of whatever edfio raises."""
    if isinstance(error, ImportError | OSError | MemoryError | UnreadableFileError):
        return error
    return UnreadableFileError(
        f"{path} cannot be read as EDF: {error or type(error).__name__}. {_HELP}"
    )
