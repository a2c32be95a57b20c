"""People and recordings in folders of PsPM files."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...formats import UnreadableFileError
from ...formats._matlab import iter_mat
from ..reading import DataSet, LeftOut, Trial, not_found
from ._find import find_files
from ._mat_values import as_numbers, as_text, cell_count

# PsPM refuses files in which a channel and `infos.duration` differ by more.
_MOST_SAMPLES_OFF = 3
_FASTEST = 1e6  # Hz
_SHOWN = 20
# mV in one of a unit.
_MILLIVOLTS = {"uv": 1e-3, "µv": 1e-3, "mv": 1.0, "v": 1e3, "volt": 1e3, "volts": 1e3}
_SESSION = re.compile(r"_(?:sn|blk)\d+$", re.IGNORECASE)
_TYPE = re.compile(r"_spike(?=_|$)", re.IGNORECASE)

DESCRIPTION = """\
Recordings in the format of PsPM, the toolbox for psychophysiology of the Bach lab, such as the
open data sets PsPM-FR (doi:10.5281/zenodo.1405394), PsPM-HRM5 (doi:10.5281/zenodo.3860807),
PsPM-RRM1-2 (doi:10.5281/zenodo.3405226) and PsPM-VIS (doi:10.5281/zenodo.3667714).

A recording is one ECG channel of one file, whole, at the sampling rate that the file says. There
are no labels: conditions stand in other files. Fields: "record", the name of the file, and
"ecg_unit", which is "mV" where the file says a voltage (the samples are then in mV) and otherwise
what the file says, often "unknown". Subjects are named after their files, without what numbers
sessions and blocks. Files without an ECG channel are left out and listed; MATLAB files without
`infos` and `data` are no PsPM files.

What the reader rests on. Certain (PsPM's own source): `infos.duration`, `data`, and in each channel
`header.chantype`, `header.sr`, `header.units` and `data`; that the number of samples is duration
times rate within 3. Probable: that `header.channeltype`, which some versions wrote, is the same;
that files are of MATLAB versions 5 to 7. Unknown: names of files in the single data sets, so that
none are taken for granted; which people took part in several of the data sets.

Terms of use: those of each data set's record on Zenodo.

Cite the data set that you read, and D. R. Bach, K. J. Friston, "Model-based analysis of skin
conductance responses: Towards causal models in psychophysiology", Psychophysiology 50(1), 15-22,
2013, doi:10.1111/j.1469-8986.2012.01483.x.
"""


class PsPM(DataSet):
    """All PsPM files in a folder and the folders below.

    Parameters
    ----------
    path : str or path-like
        The folder.
    """

    name = "pspm"
    description = DESCRIPTION
    unit = "unknown"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        folder = Path(path).expanduser()
        super().__init__(folder)
        found = [path for _, path in find_files(folder, r"[^/]+\.mat") if _may_be_pspm(path)]
        if not found:
            raise not_found(
                "PsPM files", folder, ["*.mat with infos and data there or in folders below"]
            )
        self.files: dict[str, list[Path]] = {}
        for path in found:
            self.files.setdefault(_subject(path), []).append(path)
        for subject, paths in self.files.items():
            _check_names(folder, subject, paths)

    @property
    def subjects(self) -> list[str]:
        """Return names of files, without sessions."""
        return list(self.files)

    def sources(self, subject: str) -> list[Path]:
        """Return the person's files."""
        return self.files[subject]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Yield a recording for each of a person's files."""
        for path in self.files[subject]:
            yield from _read(path, subject)


def _may_be_pspm(path: Path) -> bool:
    """Look whether a file has both variables; one that cannot be read may."""
    names = set()
    try:
        for name, _ in iter_mat(path, ["infos", "data"]):
            names.add(name)
            if len(names) == 2:
                break
    except UnreadableFileError:
        return True  # and will be reported when it is read
    return len(names) == 2


def _name(path: Path) -> str:
    """Return the name of a recording; PsPM writes a "t" before it when it trims one."""
    return path.stem[1:] if path.stem.startswith("tpspm_") else path.stem


def _subject(path: Path) -> str:
    name = _name(path)
    while _SESSION.search(name):
        name = _SESSION.sub("", name)
    return _TYPE.sub("", name)


def _check_names(folder: Path, subject: str, paths: list[Path]) -> None:
    """Check that no file is there twice, such as raw and preprocessed, or whole and trimmed."""
    stems: dict[str, Path] = {}
    for path in paths:
        other = stems.setdefault(_name(path), path)
        if other is not path:
            raise ValueError(
                f"{folder} holds {subject} twice: {other.relative_to(folder)} and "
                f"{path.relative_to(folder)}. Name the folder of the one that you mean."
            )


def _read(path: Path, subject: str) -> Iterator[Trial | LeftOut]:
    record = path.stem
    header = [f"data.*.header.{name}" for name in ("chantype", "channeltype", "sr", "units")]
    found = dict(iter_mat(path, ["infos.duration", "data", *header]))
    n_channels = cell_count(path, "data", found.get("data"))
    types = [_channel_type(path, channel, found) for channel in range(n_channels)]
    places = [channel for channel, kind in enumerate(types) if kind == "ecg"]
    if not places:
        has = ", ".join(dict.fromkeys(types[:_SHOWN])) or "none"
        yield LeftOut(subject, record, f"has no ECG channel, but {has}")
        return
    found |= dict(iter_mat(path, [f"data.{channel}.data" for channel in places]))
    duration = _number(path, "infos.duration", found)
    rate = _rate(path, places[0], found)
    unit, scale = _unit(path, places[0], found)
    ecg = {}
    for number, place in enumerate(places, start=1):
        if (_rate(path, place, found), _unit(path, place, found)) != (rate, (unit, scale)):
            yield LeftOut(subject, record, f"has another ECG at channel {place + 1}, of other kind")
            continue
        said = _number(path, f"data.{place}.header.sr", found)
        ecg[str(number)] = _samples(path, place, found, duration * said) * scale
    yield Trial(record, ecg, rate, {"ecg_unit": unit}, unit)


def _channel_type(path: Path, channel: int, found: Mapping[str, Any]) -> str:
    header = f"data.{channel}.header"
    name = next(
        (one for one in ("chantype", "channeltype") if f"{header}.{one}" in found), "chantype"
    )
    return as_text(path, f"{header}.{name}", found.get(f"{header}.{name}")).lower()


def _number(path: Path, name: str, found: Mapping[str, Any]) -> float:
    value = float(as_numbers(path, name, found.get(name), 1, 1)[0, 0])
    if not np.isfinite(value) or value < 0:
        raise UnreadableFileError(f"{path}: {name} should be a number from 0, but is {value:g}.")
    return value


def _rate(path: Path, channel: int, found: Mapping[str, Any]) -> float:
    name = f"data.{channel}.header.sr"
    rate = _number(path, name, found)
    if not 0 < rate <= _FASTEST:
        raise UnreadableFileError(f"{path}: {name} should be a rate in Hz, but is {rate:g}.")
    # Some recorders tell the interval, whose inverse is a little off.
    return float(round(rate)) if abs(rate - round(rate)) < 1e-3 and rate > 1 else rate


def _unit(path: Path, channel: int, found: Mapping[str, Any]) -> tuple[str, float]:
    """Return the unit that samples get, and by what they are multiplied."""
    name = f"data.{channel}.header.units"
    value = found.get(name)
    is_empty = isinstance(value, np.ndarray) and value.size == 0  # MATLAB's []
    said = "" if is_empty else as_text(path, name, value).strip()
    if said.lower() in _MILLIVOLTS:
        return "mV", _MILLIVOLTS[said.lower()]
    return said or "unknown", 1.0


def _samples(path: Path, channel: int, found: Mapping[str, Any], expected: float) -> np.ndarray:
    name = f"data.{channel}.data"
    samples = as_numbers(path, name, found.get(name), None, None)
    if samples.size == 0:
        return np.zeros(0)
    if 1 not in samples.shape or abs(samples.size - expected) > _MOST_SAMPLES_OFF:
        shape = " x ".join(map(str, samples.shape))
        raise UnreadableFileError(
            f"{path}: {name} should be a column of about {expected:.0f} samples, for "
            f"infos.duration says so, but is of shape {shape}."
        )
    return samples.reshape(-1)
