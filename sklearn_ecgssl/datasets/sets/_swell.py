"""SWELL-KW: office work under three conditions."""

import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from ..._files import library, reading
from .._attribute import Condition, Rating, number_of
from .._channels import Channel, leads_of
from .._data_set import DataSet, Label, Lead, LeftOut, Trial
from .._find import files_by, find_files, not_found
from .._matlab import warn_outside
from .._poly5 import Poly5File, read_poly5

_FILE = r"pp(\d{1,4})(?:[-_][^/]*)?[-_]c(\d)([-_]cont)?\.(?:s00|poly5)"
_TABLES = (  # the first is a name that programs give to a part of the second
    r"behaviou?ral[-_ ]labels\.(?:xlsx|csv|tab|tsv|txt)",
    r"behaviou?ral[-_ ]features[-_ ]*per[-_ ]minute[^/]*\.(?:xlsx|csv|tab|tsv|txt)",
)
_LOOKED_FOR = (
    "pp1_18-9-2012_c1.S00 and the like, and behavioral-labels.xlsx or Behavioral-features - per "
    "minute.xlsx (or .tab, .csv), there or below"
)
#: Channels by lead, from 1 as the data set's own program numbers them.
_CHANNELS = {"ECG": 8, "ECG raw": 6}
_WORK = {name: [name] for name in ("no stress", "time pressure", "interruptions")}
_RELAXATION = "relaxation"
#: The column of each rating, without blanks, and the highest value; the lowest is 0.
RATINGS = {
    "valence": ("valencerc", 10),
    "arousal": ("arousalrc", 10),
    "dominance": ("dominance", 10),
    "stress_rating": ("stress", 10),
    "mental_effort": ("mentaleffort", 15),
    "mental_demand": ("mentaldemand", 10),
    "physical_demand": ("physicaldemand", 10),
    "temporal_demand": ("temporaldemand", 10),
    "effort": ("effort", 10),
    "performance": ("performancerc", 10),
    "frustration": ("frustration", 10),
}
_NEEDED = ("pp", "blok", "valencerc", "arousalrc", "dominance", "stress")
#: Other spellings of columns.
_SAME = {"block": "blok", "valencrc": "valencerc"}
#: Minutes within which files and table agree, and before work beyond which times are not believed.
_MARGIN, _MOST_MINUTES = 1, 30


@dataclass
class Swell(DataSet):
    """SWELL-KW: 25 people at office work, in three blocks under three conditions.

    Parameters
    ----------
    path : path-like
        A folder that holds, directly or in folders of any name, the recordings
        (``pp1_18-9-2012_c1.S00`` and so on, in the folder "Mobi signals") and the labels
        (``behavioral-labels.xlsx`` or ``Behavioral-features - per minute.xlsx``; the same as
        ``.csv`` or ``.tab`` will do).
    keep_relaxation : bool, default=False
        Whether to keep the minutes of relaxation with which each block begins. They are cut off,
        with one minute more, if the labels have a row for each minute, by their times and the
        recorder's clock; otherwise their number is unknown.
    """

    keep_relaxation: bool = False

    name = "swell"
    leads = tuple(_CHANNELS)
    attributes = {
        "condition": Condition("condition", _WORK),
        "stress": Condition("condition", _WORK),
        **{name: Rating(name) for name in RATINGS},
    }
    default_attribute = "condition"
    DESCR = """\
SWELL-KW (knowledge work): 25 people wrote reports and made presentations in three blocks of 30 to
45 minutes, as usual ("no stress"), with too little time ("time pressure") and while e-mails came in
("interruptions"), in an order that differs between people. ECG by a TMSi Mobi at 2048 Hz.

A recording is one file: a block of one person. A block begins with minutes of relaxation (a film).
If the table has a row for each minute, they are cut off, unless asked for: up to the first minute
of work, by the times of the table and by the clock of the recorder, whichever is more (times that
are more than 30 minutes apart are not believed; without any, rows are counted), and a minute more,
since files and table are known to agree to about a minute only. With a table of one row a block
their number is unknown, and the recordings are whole.
Fields: "block" (1 to 3, in time), "condition", "started" (the file, local time),
"relaxation_minutes" (before the block's work, by the table), "work_began" (by the table, local
time), "continued" (for the second file of a block that was interrupted), and what people said after
the block, NaN where they did not:
valence, arousal and dominance (1 to 9), stress_rating (0 to 10), mental_effort (RSME, in cm),
mental_demand, physical_demand, temporal_demand, effort, performance and frustration (NASA-TLX, 0 to
10). "stress" as target is the working condition, as in the literature on self-supervised ECG;
"stress_rating" is what people said.

What the reader rests on. Certain (several programs that read the files, and the data set's own):
the Poly5 format; 8 channels of 32 bits at 2048 Hz; names of files; columns of the table, one set of
ratings for each block, conditions N, T, I, R; channel 8 is what the data set's own program calls
the preprocessed heart signal: lead "ECG". Probable: channel 6 is the ECG before PortiLab filtered
it (two users who looked at it): lead "ECG raw"; both are in µV; a file
that says no unit is taken as it is, with the unit "unknown"; the
table "behavioral-labels" is a part of "Behavioral-features - per minute"; the ends of the scales,
so that 0 to 10 is read; "_rc" in names of columns means that high is pleasant, aroused or good.
Unknown: what the channels are called in the files (which is why they are found by number), the
filter of channel 8, which of the two channels was used in which paper, whether the second file of
PP23's block 2 joins the first without a gap. Reported by users: PP8 has no usable ECG, PP11 no
block 2.

Terms of use: CC BY-NC-SA 4.0, from DANS, doi:10.17026/dans-x55-69zp.

Cite: S. Koldijk, M. Sappelli, S. Verberne, M. A. Neerincx, W. Kraaij, "The SWELL Knowledge Work
Dataset for Stress and User Modeling Research", Proc. 16th International Conference on Multimodal
Interaction (ICMI), 291-298, 2014, doi:10.1145/2663204.2663257.
"""

    @cached_property
    def _files(self) -> dict[tuple[int, int, bool], Path]:
        return files_by(self.folder, _FILE, _key, "SWELL-KW", _LOOKED_FOR)

    @cached_property
    def _table(self) -> Path:
        found = [path for name in _TABLES for _, path in find_files(self.folder, name)]
        if not found:
            raise not_found("SWELL-KW", self.folder, _LOOKED_FOR)
        return found[0]

    @cached_property
    def _labels(self) -> dict[tuple[int, int], dict[str, Label]]:
        with reading(self._table, "a table of SWELL-KW"):
            return _read_labels(self._table)

    def subjects(self) -> list[str]:
        """Name the people: PP1, PP2, ..., of files and labels alike."""
        people = {key[0] for key in (*self._files, *self._labels)}
        return [f"PP{person}" for person in sorted(people)]

    def sources(self, subject: str) -> list[Path]:
        """List the table and the files of one person."""
        person = int(subject.removeprefix("PP"))
        return [self._table, *(path for key, path in self._files.items() if key[0] == person)]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read one person, block by block."""
        person = int(subject.removeprefix("PP"))
        for block in sorted({key[1] for key in (*self._files, *self._labels) if key[0] == person}):
            parts = [again for again in (False, True) if (person, block, again) in self._files]
            for continued in parts:
                record = f"{subject}/{block}{'-continued' * continued}"
                if (person, block) in self._labels:
                    yield self._read(subject, record, (person, block, continued))
                else:
                    yield LeftOut(subject, record, f"has no row in {self._table.name}")
            if not parts:
                yield LeftOut(subject, f"{subject}/{block}", "has labels, but no .S00 file")

    def _read(self, subject: str, record: str, key: tuple[int, int, bool]) -> Trial | LeftOut:
        file = read_poly5(self._files[key])
        person, block, continued = key
        labels = self._labels[person, block]
        started = file.start.isoformat() if file.start else ""
        minutes = 0.0 if continued else self._minutes_before(labels, started)
        n_before = round(minutes * 60 * file.sampling_rate)
        if n_before >= file.n_times:
            reason = f"ends within the {minutes - _MARGIN:g} minutes of relaxation"
            return LeftOut(subject, record, reason)
        ecg = {lead: _lead(file, lead, n_before) for lead in _CHANNELS}
        labels = {"block": block, "continued": continued, "started": started, **labels}
        return Trial(record, ecg, file.sampling_rate, labels)

    def _minutes_before(self, labels: dict[str, Label], started: str) -> float:
        """Return the minutes of a file that are cut off before the work of a block."""
        minutes = float(labels["relaxation_minutes"])
        if self.keep_relaxation or labels["condition"] not in _WORK or math.isnan(minutes):
            return 0.0
        # The recorder may have begun before the table does.
        minutes = max(minutes, _minutes_between(started, str(labels["work_began"])))
        return minutes + _MARGIN if minutes else 0.0


def _key(match: re.Match[str]) -> tuple[int, int, bool]:
    """Return person, block, and whether the file continues another."""
    return int(match[1]), int(match[2]), match[3] is not None


def _lead(file: Poly5File, lead: str, n_before: int) -> Lead:
    """Find a channel by its number; its samples become mV."""
    index = _CHANNELS[lead] - 1
    with reading(file.path, f"8 channels of SWELL-KW, of which {index + 1} is {lead!r}"):
        unit = file.channels[index].unit
    read = partial(_samples, file, index, n_before)
    return leads_of([Channel(lead, file.sampling_rate, unit, read)])[lead]


def _samples(file: Poly5File, index: int, n_before: int) -> np.ndarray:
    return file.read(index)[n_before:]


def _read_labels(path: Path) -> dict[tuple[int, int], dict[str, Label]]:
    """Read the labels of blocks, by person and block, from one row a block or one a minute."""
    table = _read_table(path)
    rows: dict[tuple[int, int], list[dict[str, Label]]] = {}
    for _, row in table.iterrows():
        labels: dict[str, Label] = {
            "condition": _condition(path, row.get("condition")),
            "work_began": _time(row.get("timestamp")),
        }
        for rating, (name, _) in RATINGS.items():
            labels[rating] = number_of(row.get(name))
        rows.setdefault((_number(row["pp"]), _number(row["blok"])), []).append(labels)
    for rating, (name, highest) in RATINGS.items():
        values = [one[rating] for block in rows.values() for one in block]
        warn_outside(path, name, values, 0, highest)
    for (person, block), found in rows.items():
        work = {one["condition"] for one in found} - {_RELAXATION, ""}
        if len(work) > 1:
            raise ValueError(f"block {block} of PP{person} has the conditions {sorted(work)}")
    return {key: _block(found) for key, found in rows.items()}


def _read_table(path: Path) -> Any:
    """Read a table of text and numbers, its columns by their bare names."""
    pandas = library("pandas", f"{path.name} is read")
    if path.suffix.lower() == ".xlsx":
        frame = pandas.read_excel(path)
    else:
        is_utf16 = path.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff")
        encoding = "utf-16" if is_utf16 else "utf-8-sig"
        text = {"encoding": encoding, "encoding_errors": "replace", "dtype": str}
        frame = pandas.read_csv(path, sep=None, engine="python", **text)
    bare = [re.sub(r"[\s_]", "", str(name)).casefold() for name in frame.columns]
    frame.columns = [_SAME.get(name, name) for name in bare]
    lacking = [name for name in _NEEDED if name not in frame.columns]
    if lacking:
        raise ValueError(f"it has no column {', '.join(lacking)}, but {', '.join(bare[:20])}")
    return frame.dropna(how="all", subset=list(_NEEDED))


def _block(rows: list[dict[str, Label]]) -> dict[str, Label]:
    """Make the labels of a block: those of its last row of work, and how long before it began."""
    work = [row for row in rows if row["condition"] != _RELAXATION]
    rest = [row for row in rows if row["condition"] == _RELAXATION]
    began = _first(work)
    # From the first row to the first of work or, if there are more, the rows of relaxation.
    minutes = max(float(len(rest)), _minutes_between(_first(rest), began))
    minutes = minutes if len(rows) > 1 else math.nan
    return {**(work or rows)[-1], "work_began": began, "relaxation_minutes": minutes}


def _minutes_between(start: str, stop: str) -> float:
    """Return the minutes from a time to a later one; 0 if unknown, or for too many."""
    if not start or not stop:
        return 0.0
    passed = datetime.fromisoformat(stop) - datetime.fromisoformat(start)
    minutes = passed.total_seconds() / 60
    return minutes if 0 < minutes <= _MOST_MINUTES else 0.0


def _first(rows: list[dict[str, Label]]) -> str:
    return min((str(row["work_began"]) for row in rows if row["work_began"]), default="")


def _time(value: object) -> str:
    """Return a time such as 20120918T131600000 as ISO 8601 has it; "" for what is none."""
    try:
        return datetime.strptime(str(value)[:15], "%Y%m%dT%H%M%S").isoformat()
    except ValueError:
        return ""


def _number(value: object) -> int:
    """Return the number in "PP1", "c2", 3 or 3.0."""
    found = re.fullmatch(r"\D*0*(\d+)(?:\.0*)?", str(value).strip())
    if not found:
        raise ValueError(f"{value!r:.40} is not the number of a person or block")
    return int(found[1])


def _condition(path: Path, value: object) -> str:
    """Return a condition by the beginning of its name, such as "N" or "e-mail interruption"."""
    bare = re.sub(r"[^a-z]", "", str(value).casefold().replace("e-mail", ""))
    if bare in ("", "nan", "none"):
        return ""
    names = (*_WORK, _RELAXATION)
    for name in names:
        if name.replace(" ", "").startswith("n" if bare == "neutral" else bare):
            return name
    warnings.warn(
        f"{path} has a Condition {value!r:.40}, which is none of {', '.join(names)}: it counts as "
        "unknown.",
        stacklevel=3,
    )
    return ""
