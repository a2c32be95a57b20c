"""Records of WFDB, whose samples are read by wfdb.

A record is a text, ``name.hea``, and the files of samples that it names [1]_. Headers are found in
more forms than wfdb knows: it is given a copy in a folder of its own, beside links
to the files of samples.

.. [1] https://physionet.org/physiotools/wag/header-5.htm
"""

import math
import re
import shutil
import tempfile
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._files import UnreadableFileError, library, reading
from ..signal._resample import nominal_rate
from ._channels import Channel, decoded

#: Bytes of a sample, by format. Of others (compressed ones) the size says nothing.
_BYTES = {
    **dict.fromkeys(("8", "80"), Fraction(1)),
    **dict.fromkeys(("16", "61", "160"), Fraction(2)),
    **{"24": Fraction(3), "32": Fraction(4), "212": Fraction(3, 2)},
    **dict.fromkeys(("310", "311"), Fraction(4, 3)),
}
_RECORD = "record"
#: A gain and, perhaps, a baseline.
_GAIN = re.compile(r"(?:-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)?(?:\(-?\d+\))?")


class Header(NamedTuple):
    """What a header says: its record line, a line for each signal, comments."""

    record: list[str]
    signals: list[list[str]]
    comments: list[str]

    @property
    def rate(self) -> float:
        """Frames a second; what stands behind a slash is another clock's."""
        return float(self.record[2].partition("/")[0]) if len(self.record) > 2 else 250.0

    @property
    def files(self) -> list[str]:
        """Names of the files of samples."""
        return list(dict.fromkeys(line[0] for line in self.signals))


def read_wfdb_header(path: Path) -> Header:
    """Read the header of a record; the files of samples need not be there."""
    text = decoded(path.read_bytes()).removeprefix("\ufeff")
    lines = [line.strip() for line in re.split(r"\r\n|\n|\r", text)]
    said = [line for line in lines if line and not line.startswith("#")]
    first = said[0].split() if said else []
    if first and re.fullmatch(r"[^/]+/\d+", first[0]):
        raise UnreadableFileError(
            f"{path} is of a record in several segments, which is not read. Read its segments, "
            "which are records too."
        )
    n_signals = int(first[1]) if len(first) > 1 and first[1].isdecimal() else None
    if n_signals is None or n_signals > len(said) - 1:
        raise UnreadableFileError(
            f"{path} is no header of a WFDB record, or is cut off: its first line is "
            f"{' '.join(first)!r:.80}, and {max(0, len(said) - 1)} signals are described."
        )
    signals = [line.split(maxsplit=8) for line in said[1 : n_signals + 1]]
    return Header(first, signals, [line[1:].strip() for line in lines if line.startswith("#")])


def read_wfdb_channels(path: Path) -> list[Channel]:
    """Read what there is in a record whose files are there."""
    header = read_wfdb_header(path)
    if not header.signals:  # there are records of annotations alone
        return []
    with reading(path, "a header of WFDB"), tempfile.TemporaryDirectory() as folder:
        record = _wfdb().rdheader(_write_plainly(header, folder))
        if not header.rate > 0:
            raise ValueError(f"its sampling rate is {header.rate}")
    n_frames = _check_sizes(path, header, record)
    channels = []
    for i, line in enumerate(header.signals):
        per_frame = record.samps_per_frame[i]
        channels.append(
            Channel(
                line[8] if len(line) > 8 else "",
                nominal_rate(header.rate * per_frame, n_frames * per_frame),
                _unit(line),
                partial(_read_signal, path, header, i, (record.skew[i] or 0) * per_frame),
            )
        )
    return channels


def sample_file(path: Path, name: str) -> Path:
    """Find a file of samples: beside the header, also where it is named with its folder."""
    beside = path.parent / name
    return beside if beside.is_file() else path.parent / name.rsplit("/", 1)[-1]


def _unit(line: list[str]) -> str:
    """Return the unit in a signal line; without one it is mV, by the format's definition."""
    _, slash, unit = line[2].partition("/") if len(line) > 2 else ("", "", "")
    return unit if slash else "mV"


def _read_signal(path: Path, header: Header, index: int, skew: int) -> np.ndarray:
    """Return samples in the unit of a signal; what a shift in time leaves unknown is cut off."""
    samples = sample_file(path, header.signals[index][0])
    with reading(samples, "a WFDB record"), tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(header.files):
            _link(sample_file(path, name).absolute(), Path(folder, f"{number}.dat"))
        record = _wfdb().rdrecord(
            _write_plainly(header, folder),
            channels=[index],
            smooth_frames=False,
            ignore_skew=True,
        )
        return np.asarray(record.e_p_signal[0], dtype=np.float64)[skew:]


def _check_sizes(path: Path, header: Header, record: Any) -> int:
    """Hold a header against the sizes of the files; return the number of frames."""
    n_frames: int | None = record.sig_len
    for name in header.files:
        file = sample_file(path, name)
        lines = [i for i, line in enumerate(header.signals) if line[0] == name]
        n_bytes, offset = file.stat().st_size, record.byte_offset[lines[0]] or 0
        sample = _BYTES.get(record.fmt[lines[0]])
        if sample is None:
            continue
        frame = sample * sum(record.samps_per_frame[i] for i in lines)
        if n_frames is None:
            n_frames = int((n_bytes - offset) / frame)
        expected = offset + math.ceil(n_frames * frame)
        if n_frames < 1 or n_bytes < expected:
            raise UnreadableFileError(
                f"{file} is cut off: it ends at byte {n_bytes}, but {path.name} announces "
                f"{max(expected, offset + 1)}. Get both again from where they came from."
            )
    return n_frames or 0


def _write_plainly(header: Header, folder: str) -> str:
    """Write a header that wfdb reads rightly into a folder; return the record's path."""
    length = header.record[3] if len(header.record) > 3 else ""
    if not length.isdecimal() or int(length) == 0:  # not specified
        length = ""
    lines = [f"{_RECORD} {header.record[1]} 250 {length}"]  # of the rate we know more
    for line in header.signals:
        gain = line[2].partition("/")[0].casefold() if len(line) > 2 else ""
        if not _GAIN.fullmatch(gain):
            raise ValueError(f"{line[2]!r:.40} is not a gain")
        file = f"{header.files.index(line[0])}.dat"
        lines.append(" ".join([file, line[1], gain, *line[3:8]]))
    path = Path(folder, _RECORD)
    path.with_suffix(".hea").write_text("\n".join(lines) + "\n", encoding="ascii")
    return str(path)


def _wfdb() -> Any:
    return library("wfdb", "WFDB records are read")


def _link(file: Path, place: Path) -> None:
    try:
        place.symlink_to(file)
    except OSError:  # systems that do not let everyone
        shutil.copy(file, place)
