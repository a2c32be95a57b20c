"""Channels of EDF, EDF+ and BDF files, read by edfio.

edfio reads a file that is cut off in silence, and takes no notice of gaps: both are checked here.
"""

import re
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .._files import UnreadableFileError, library, reading
from ..signal._resample import nominal_rate
from ._channels import Channel, repaired

#: Bytes of the fixed part of the header, and of the part that each signal has.
_HEADER = 256
_BDF = b"\xff"


def is_edf(path: Path) -> bool:
    """Tell by its first bytes whether a file is EDF or BDF, whatever it is called."""
    with open(path, "rb") as stream:
        start = stream.read(8)
    return start.rstrip(b" \0") == b"0" or start == b"\xffBIOSEMI"


def read_edf_channels(path: Path) -> list[Channel]:
    """Read what there is in a file, without annotations."""
    with reading(path, "EDF"):
        n_records, duration = _check_size(path)
        channels = []
        for i, one in enumerate(_open(path).signals):
            n_samples = one.samples_per_data_record
            rate = nominal_rate(n_samples / duration, n_samples * n_records)
            read = partial(_read_signal, path, i)
            channels.append(Channel(repaired(one.label), rate, one.physical_dimension, read))
        return channels


def _read_signal(path: Path, index: int) -> np.ndarray:
    """Return samples in the unit of a channel, float64."""
    with reading(path, "EDF"):
        signal = _open(path).signals[index]
        low, high = signal.physical_range
        if low == high or signal.digital_min == signal.digital_max:
            raise ValueError(f"{signal.label!r} has no range to scale it by")
        return np.asarray(signal.data)


def _open(path: Path) -> Any:
    edfio = library("edfio", "EDF files are read")
    with open(path, "rb") as stream:
        is_bdf = stream.read(1) == _BDF
    read = edfio.read_bdf if is_bdf else edfio.read_edf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of lengths: `_check_size` has said what is odd
        # Latin-1 gives every byte a character; the standard's ASCII has none for "µV".
        return read(path, header_encoding="latin-1")


def _check_size(path: Path) -> tuple[int, float]:
    """Hold a header against the size of the file; return the number of records and their length."""
    n_bytes = path.stat().st_size
    with open(path, "rb") as stream:
        fixed = stream.read(_HEADER)
        n_signals = int(fixed[252:256])
        per_signal = stream.read(n_signals * _HEADER)
    labels = [per_signal[i * 16 : (i + 1) * 16].strip() for i in range(n_signals)]
    counts = per_signal[n_signals * 216 : n_signals * 224]
    n_samples = [int(counts[i * 8 : (i + 1) * 8]) for i in range(n_signals)]
    n_header, n_records, duration = int(fixed[184:192]), int(fixed[236:244]), float(fixed[244:252])
    is_bdf = fixed[:1] == _BDF
    sample = 3 if is_bdf else 2
    record = sample * sum(n_samples)
    n_there = (n_bytes - n_header) // record
    if n_there < max(1, n_records):
        raise UnreadableFileError(
            f"{path} is cut off: it ends at byte {n_bytes}, but its header announces "
            f"{n_header + max(1, n_records) * record}. Get it again from where it came from."
        )
    if 0 < n_records < n_there:  # a recorder that was not stopped says 0 or -1
        warnings.warn(
            f"{path} announces {n_records} records and holds {n_there}, which are read.",
            stacklevel=2,
        )
    annotations = b"BDF Annotations" if is_bdf else b"EDF Annotations"
    if fixed[192:236].startswith((b"EDF+D", b"BDF+D")) and annotations in labels:
        first = n_header + sample * sum(n_samples[: labels.index(annotations)])
        _check_no_gap(path, _record_starts(path, first, record, n_there), duration)
    return n_there, duration


def _record_starts(path: Path, first: int, record: int, n_records: int) -> np.ndarray:
    """Read the time at which each record of a discontinuous file begins."""
    starts = np.empty(n_records)
    with open(path, "rb") as stream:
        for i in range(n_records):
            stream.seek(first + i * record)
            starts[i] = float(re.split(rb"[\x14\x15]", stream.read(32))[0])
    return starts


def _check_no_gap(path: Path, starts: np.ndarray, duration: float) -> None:
    gaps = np.diff(starts) - duration
    wrong = np.flatnonzero(np.abs(gaps) > 1e-3 * max(1, duration))  # times may be in whole ms
    if len(wrong):
        i = wrong[0]
        raise UnreadableFileError(
            f"{path} has {len(wrong)} gap(s) in time, the first of {gaps[i]:g} s after "
            f"{starts[i] + duration - starts[0]:g} s: cut it there into files of their own."
        )
