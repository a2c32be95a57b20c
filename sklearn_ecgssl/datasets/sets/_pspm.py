"""PsPM: recordings in the format of the toolbox for psychophysiology."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from ..._files import reading
from ...signal._resample import nominal_rate
from .._channels import UNKNOWN, millivolts
from .._data_set import DataSet, LeftOut, Trial
from .._find import each_once, find_files, not_found
from .._matlab import cells, read_mat

_SESSION = re.compile(r"_(?:sn|blk)\d+$", re.IGNORECASE)
_TYPE = re.compile(r"_spike(?=_|$)", re.IGNORECASE)


@dataclass
class PsPM(DataSet):
    """PsPM files, such as the data sets PsPM-FR, -HRM5, -RRM1-2 and -VIS.

    Parameters
    ----------
    path : path-like
        A folder: every ``.mat`` file in it, and in the folders below, that has PsPM's variables
        `infos` and `data`. Others are passed over.
    """

    name = "pspm"
    unit = "unknown"
    DESCR = """\
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

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        files: dict[str, list[Path]] = {}
        for _, path in find_files(self.folder, r"[^/]+\.mat"):
            if _may_be_pspm(path):
                files.setdefault(_subject(path), []).append(path)
        if not files:
            looked_for = "*.mat with infos and data there or in folders below"
            raise not_found("PsPM files", self.folder, looked_for)
        for own in files.values():
            # Raw and preprocessed, or whole and trimmed, would be twice the same.
            each_once(((_name(path), path) for path in own), self.folder)
        return files

    def subjects(self) -> list[str]:
        """Name the people after their files, without sessions."""
        return list(self._files)

    def sources(self, subject: str) -> list[Path]:
        """List the person's files."""
        return self._files[subject]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read a recording from each of a person's files."""
        for path in self._files[subject]:
            (data,) = read_mat(path, "data")
            with reading(path, "PsPM"):
                yield from _read(path, subject, cells(data))


def _may_be_pspm(path: Path) -> bool:
    """Look whether a file has both variables; one that cannot be read is reported later."""
    try:
        names = {name for name, *_ in scipy.io.whosmat(path)}
    except Exception:
        return True
    return {"infos", "data"} <= names


def _name(path: Path) -> str:
    """Name a recording; PsPM writes a "t" before it when it trims one."""
    return path.stem[1:] if path.stem.startswith("tpspm_") else path.stem


def _subject(path: Path) -> str:
    name = _name(path)
    while _SESSION.search(name):
        name = _SESSION.sub("", name)
    return _TYPE.sub("", name)


def _read(path: Path, subject: str, channels: list[Any]) -> Iterator[Trial | LeftOut]:
    headers = [one["header"] for one in channels]
    types = [str(one.get("chantype", one.get("channeltype", ""))).lower() for one in headers]
    places = [i for i, kind in enumerate(types) if kind == "ecg"]
    if not places:
        has = ", ".join(dict.fromkeys(types)) or "none"
        yield LeftOut(subject, path.stem, f"has no ECG channel, but {has}")
        return
    ecg: dict[str, np.ndarray] = {}
    rate, unit = kind = _kind(headers[places[0]])
    for number, i in enumerate(places, start=1):
        if _kind(headers[i]) != kind:
            reason = f"has another ECG at channel {i + 1}, of other kind"
            yield LeftOut(subject, path.stem, reason)
            continue
        samples = np.asarray(channels[i]["data"], dtype=np.float64).ravel()
        ecg[str(number)] = samples * (millivolts(unit) or 1.0)
    shown = "mV" if millivolts(unit) else unit
    rate = nominal_rate(rate, max(map(len, ecg.values())))
    yield Trial(path.stem, ecg, rate, {"ecg_unit": shown}, shown)


def _kind(header: dict[str, Any]) -> tuple[float, str]:
    """Return the rate and the unit in a header."""
    unit = header.get("units", "")
    said = unit.strip() if isinstance(unit, str) else ""  # MATLAB's [] is an array
    return float(header["sr"]), said or UNKNOWN
