"""Signals of WFDB records, read by wfdb.

A record is a text, ``name.hea``, and the files of samples that it names. wfdb believes it: here its
numbers are checked against the sizes of the files first, and it can name no file but those that lie
beside it. wfdb is given plain paths of this machine and never fetches anything.
"""

import math
import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ._channel import Channel
from ._errors import UnreadableFileError

#: Bytes of a sample, by format.
_BYTES = {
    "8": Fraction(1),
    "16": Fraction(2),
    "24": Fraction(3),
    "32": Fraction(4),
    "61": Fraction(2),
    "80": Fraction(1),
    "160": Fraction(2),
    "212": Fraction(3, 2),
    "310": Fraction(4, 3),
    "311": Fraction(4, 3),
}
_MOST_HEADER_BYTES = 2**20
#: The format allows 255. wfdb's patterns take a time that grows with the square.
_LONGEST_LINE = 1024
_MOST_SAMPLES_PER_FRAME = 10**6
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_HELP = "If it is damaged, get it again from where it came from."


class WfdbHeader(NamedTuple):
    """What the header of a record says.

    Attributes
    ----------
    channels : list of Channel
        Its signals.
    comments : list of str
        Its comments, without the number sign.
    files : list of str
        Names of the files of samples, which lie beside the header.
    """

    channels: list[Channel]
    comments: list[str]
    files: list[str]


def read_wfdb_header(path: Path) -> WfdbHeader:
    """Read the header of a record.

    Parameters
    ----------
    path : pathlib.Path
        The ``.hea`` file. The files of samples need not be there.

    Returns
    -------
    WfdbHeader
        What it says.

    Raises
    ------
    UnreadableFileError
        If it makes no sense, has several segments, or names files in other folders.
    FileNotFoundError
        If it is not there.
    ImportError
        If wfdb is not installed.
    """
    record = _read_header(path)
    try:
        n_frames = _n_frames(path, record, 0)
    except FileNotFoundError:
        n_frames = None
    channels = [
        Channel(
            record.sig_name[i] or "",
            float(record.fs) * per_frame,
            record.units[i] or "",
            None if n_frames is None else n_frames * per_frame,
        )
        for i, per_frame in enumerate(record.samps_per_frame)
    ]
    return WfdbHeader(channels, list(record.comments), list(dict.fromkeys(record.file_name)))


def read_wfdb_signal(path: Path, index: int) -> np.ndarray:
    """Read all samples of a signal, at its own rate where frames hold several.

    Parameters
    ----------
    path : pathlib.Path
        The ``.hea`` file.
    index : int
        Which of its signals.

    Returns
    -------
    ndarray of float64 of shape (n_samples,)
        In the unit of the signal. NaN where the file marks a sample as invalid, and at the end of a
        signal that the header shifts in time.

    Raises
    ------
    UnreadableFileError
        As `read_wfdb_header`, or if the file of samples is cut off.
    FileNotFoundError
        If the file of samples is not there.
    """
    record = _read_header(path)
    n_frames = _n_frames(path, record, index)
    samples = path.parent / record.file_name[index]
    try:
        import wfdb

        # In frames: wfdb's own skew puts NaN at too few of a signal with several samples a frame.
        found = wfdb.rdrecord(
            _plain_path(path),
            channels=[index],
            smooth_frames=False,
            ignore_skew=True,
            physical=True,
        )
        signal = np.asarray(found.e_p_signal[0], dtype=np.float64)
    except Exception as error:
        raise _unreadable(samples, error) from error
    per_frame = record.samps_per_frame[index]
    if len(signal) != n_frames * per_frame:
        raise UnreadableFileError(
            f"{samples} gives {len(signal)} samples of signal {index}, not {n_frames * per_frame}. "
            f"{_HELP}"
        )
    skew = (record.skew[index] or 0) * per_frame
    if skew >= len(signal):
        raise UnreadableFileError(f"{path} shifts signal {index} by all of its samples. {_HELP}")
    if skew:
        signal = np.concatenate([signal[skew:], np.full(skew, np.nan)])
    return signal


def _read_header(path: Path) -> Any:
    """Let wfdb read a header that is a header of one segment, and check its numbers."""
    n_signals, names = _outline(path)
    try:
        import wfdb
    except ImportError as error:
        raise ImportError(
            'WFDB records are read by wfdb, which is not installed: pip install "sklearn_ecgssl'
            '[datasets]".'
        ) from error
    try:
        record = wfdb.rdheader(_plain_path(path))
        if record.n_sig != n_signals or record.file_name != names:
            raise ValueError("its lines of signals cannot be told apart")
        _check_numbers(record)
    except Exception as error:
        raise _unreadable(path, error) from error
    return record


def _outline(path: Path) -> tuple[int, list[str]]:
    """Check the form of a header; return its number of signals and their files."""
    n_bytes = path.stat().st_size
    if n_bytes > _MOST_HEADER_BYTES:
        raise UnreadableFileError(
            f"{path} has {n_bytes} bytes, more than any header of a WFDB record. {_HELP}"
        )
    text = path.read_bytes().decode("ascii", errors="ignore")  # as wfdb does
    stripped = [line.strip() for line in text.splitlines()]
    lines = [line for line in stripped if line and not line.startswith("#")]
    if not lines or max(map(len, lines)) > _LONGEST_LINE:
        raise UnreadableFileError(f"{path} is no header of a WFDB record. {_HELP}")
    first = lines[0].split()
    if "/" in first[0]:
        raise UnreadableFileError(
            f"{path} is of a record in several segments, which is not read. Read its segments, "
            "which are records too."
        )
    if len(first) < 2 or not re.fullmatch("[0-9]{1,4}", first[1]):
        raise UnreadableFileError(
            f"{path} is no header of a WFDB record: its first line is {lines[0]!r:.80}. {_HELP}"
        )
    n_signals = int(first[1])
    if n_signals == 0 or len(lines) != 1 + n_signals:
        raise UnreadableFileError(
            f"{path} says that it has {n_signals} signals and describes {len(lines) - 1}. {_HELP}"
        )
    names = [line.split()[0] for line in lines[1:]]
    for name in names:
        if not _PLAIN_NAME.fullmatch(name) or ".." in name:
            raise UnreadableFileError(
                f"{path} names {name!r:.80} as a file of samples, which is none beside it."
            )
    return n_signals, names


def _check_numbers(record: Any) -> None:
    """Check what wfdb would take on trust; raises ValueError."""
    if not 0 < record.fs < math.inf:
        raise ValueError(f"its sampling rate is {record.fs}")
    if record.sig_len is not None and record.sig_len < 1:
        raise ValueError(f"it says that it has {record.sig_len} samples")
    if min(record.samps_per_frame) < 1 or sum(record.samps_per_frame) > _MOST_SAMPLES_PER_FRAME:
        raise ValueError(f"its frames have {sum(record.samps_per_frame)} samples")
    for i, name in enumerate(record.file_name):
        if record.fmt[i] not in _BYTES:
            raise ValueError(f"{name} is of format {record.fmt[i]}; read are {', '.join(_BYTES)}")
        same = [j for j, other in enumerate(record.file_name) if other == name]
        if same != list(range(same[0], same[-1] + 1)):
            raise ValueError(f"its signals in {name} do not stand together")
        if len({(record.fmt[j], record.byte_offset[j] or 0) for j in same}) > 1:
            raise ValueError(f"it gives {name} two formats, or two starts")
        gain = record.adc_gain[i]
        if not math.isfinite(gain) or gain == 0:
            raise ValueError(f"its signal {i} has a gain of {gain}")


def _n_frames(path: Path, record: Any, index: int) -> int:
    """Return the length of a record in frames, checked against the file of one of its signals."""
    name = record.file_name[index]
    n_bytes = (path.parent / name).stat().st_size
    per_frame = sum(
        n for n, file in zip(record.samps_per_frame, record.file_name, strict=True) if file == name
    )
    offset, size = record.byte_offset[index] or 0, _BYTES[record.fmt[index]]
    n_frames = record.sig_len
    if n_frames is None:  # wfdb takes it from the first file
        n_frames = int((n_bytes - offset) / (size * per_frame)) if n_bytes > offset else 0
    expected = offset + math.ceil(n_frames * per_frame * size)
    if n_frames < 1 or n_bytes < expected:
        raise UnreadableFileError(
            f"{path.parent / name} is cut off: it ends at byte {n_bytes}, but {path.name} "
            f"announces {max(expected, offset + 1)}. Get both again from where they came from."
        )
    return int(n_frames)


def _plain_path(path: Path) -> str:
    plain = os.path.abspath(path.with_suffix(""))
    if "::" in plain or "://" in plain:
        raise UnreadableFileError(f"{path}: wfdb takes a path with '::' for an address. Move it.")
    return plain


def _unreadable(path: Path, error: Exception) -> Exception:
    """Make one error of whatever wfdb raises."""
    if isinstance(error, ImportError | OSError | MemoryError | UnreadableFileError):
        return error
    return UnreadableFileError(
        f"{path} cannot be read as a WFDB record: {error or type(error).__name__}. {_HELP}"
    )
