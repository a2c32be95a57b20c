"""The people and blocks of SWELL-KW: one Poly5 file a block, one table of labels for all."""

import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...formats import UnreadableFileError
from ...formats._poly5 import read_poly5_header
from ...formats._poly5_channel import read_poly5_channel
from ...formats._poly5_file import Poly5File
from ..reading import Attribute, Condition, DataSet, Label, LeftOut, Rating, Trial, not_found
from ._find import find_files, one_each
from ._swell_labels import (
    CONDITIONS,
    RATINGS,
    SOUGHT,
    find_labels,
    minutes_between,
    read_labels,
)

_FILE = r"pp(\d{1,4})(?:[-_][^/]*)?[-_]c(\d)([-_]cont)?\.(?:s00|poly5)"
_N_CHANNELS = 8
#: Channels by lead, from 1 as the data set's own program numbers them.
_CHANNELS = {"ECG": 8, "ECG raw": 6}
#: Minutes within which files and table agree.
_MARGIN = 1
_WORK = {name: [name] for letter, name in CONDITIONS.items() if letter != "R"}
# The micro sign is two characters of Unicode, "u" where there is none, and "æ" if a file from the
# time of DOS is read by the code of later ones.
_VOLTS = {"": 1e3, "m": 1.0, "µ": 1e-3, "\N{GREEK SMALL LETTER MU}": 1e-3, "u": 1e-3, "æ": 1e-3}

DESCRIPTION = """\
SWELL-KW (knowledge work): 25 people wrote reports and made presentations in three blocks of 30 to
45 minutes, as usual ("no stress"), with too little time ("time pressure") and while e-mails came in
("interruptions"), in an order that differs between people. ECG by a TMSi Mobi at 2048 Hz.

A recording is one file: a block of one person. A block begins with minutes of relaxation (a film).
If the table has a row for each minute, they are cut off, unless asked for: up to the first minute
of work, by the times of the table and by the clock of the recorder, whichever is more (times that
are more than 30 minutes apart are not believed; without any, rows are counted), and a minute more,
since files and table are known to agree to about a minute only. With a table of one row a block
nobody knows how many they are, and the recordings are whole.
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


class Swell(DataSet):
    """Blocks of work under three conditions.

    Parameters
    ----------
    path : path-like
        Where the files and the table are, in folders of any name.
    keep_relaxation : bool, default=False
        Whether to keep the minutes of relaxation before the work of a block.
    """

    name = "swell"
    description = DESCRIPTION
    leads = tuple(_CHANNELS)
    attributes: ClassVar[Mapping[str, Attribute]] = {
        "condition": Condition("condition", _WORK),
        "stress": Condition("condition", _WORK),
        **{name: Rating(name) for name in RATINGS},
    }

    def __init__(self, path: str | os.PathLike[str], *, keep_relaxation: bool = False) -> None:
        folder = Path(path).expanduser()
        super().__init__(folder)
        self.keep_relaxation = keep_relaxation
        found = find_files(folder, _FILE)
        labels = find_labels(folder)
        if not found or labels is None:
            lacking = ([] if found else ["pp1_18-9-2012_c1.S00 and the like"]) + (
                [] if labels else list(SOUGHT)
            )
            raise not_found("SWELL-KW", folder, [f"{name}, there or below" for name in lacking])
        self.files = one_each(((_key(match), path) for match, path in found), folder)
        self.table = labels
        self.labels = read_labels(labels)

    @property
    def subjects(self) -> list[str]:
        """Return PP1, PP2, ..., of files and labels alike."""
        people = {person for person, _, _ in self.files} | {person for person, _ in self.labels}
        return [f"PP{person}" for person in sorted(people)]

    def sources(self, subject: str) -> list[Path]:
        """Return the table and the files of one person."""
        person = int(subject.removeprefix("PP"))
        return [self.table, *(path for key, path in self.files.items() if key[0] == person)]

    def trials(self, subject: str) -> Iterator[Trial | LeftOut]:
        """Read one person, block by block."""
        person = int(subject.removeprefix("PP"))
        blocks = {block for who, block in self.labels if who == person}
        blocks |= {block for who, block, _ in self.files if who == person}
        for block in sorted(blocks):
            parts = [
                continued for continued in (False, True) if (person, block, continued) in self.files
            ]
            for continued in parts:
                record = f"{subject}/{block}{'-continued' * continued}"
                if (person, block) in self.labels:
                    yield self._read(subject, record, (person, block, continued))
                else:
                    yield LeftOut(subject, record, f"has no row in {self.table.name}")
            if not parts:
                yield LeftOut(subject, f"{subject}/{block}", "has labels, but no .S00 file")

    def _read(self, subject: str, record: str, key: tuple[int, int, bool]) -> Trial | LeftOut:
        file = read_poly5_header(self.files[key])
        if len(file.channels) != _N_CHANNELS:
            raise UnreadableFileError(
                f"{file.path} should have the {_N_CHANNELS} channels of SWELL-KW, of which "
                f"{_CHANNELS['ECG']} is the ECG, but has {_listed(file)}."
            )
        person, block, continued = key
        labels = self.labels[person, block]
        started = file.start.isoformat() if file.start else ""
        minutes = 0.0 if continued else self._minutes_before(labels, started)
        n_before = round(minutes * 60 * file.sampling_rate)
        if n_before >= file.n_times:
            return LeftOut(
                subject, record, f"ends within the {minutes - _MARGIN:g} minutes of relaxation"
            )
        return Trial(
            record=record,
            ecg=_Leads(file, n_before),
            sampling_rate=file.sampling_rate,
            labels={
                "block": block,
                "continued": continued,
                "started": started,
                **labels,
            },
            unit="mV" if _to_millivolt(file, "ECG") else "unknown",
        )

    def _minutes_before(self, labels: Mapping[str, Label], started: str) -> float:
        """Return the minutes of a file that are cut off before the work of a block."""
        minutes = float(labels["relaxation_minutes"])
        if self.keep_relaxation or labels["condition"] not in _WORK or math.isnan(minutes):
            return 0.0
        # The recorder may have begun before the table does.
        minutes = max(minutes, minutes_between(started, str(labels["work_began"])))
        return minutes + _MARGIN if minutes else 0.0


class _Leads(Mapping[str, np.ndarray]):
    """Leads of a file in mV, read when they are asked for. The last one is kept."""

    def __init__(self, file: Poly5File, n_before: int) -> None:
        self._file = file
        self._n_before = n_before
        self._last: tuple[str, np.ndarray] | None = None

    def __iter__(self) -> Iterator[str]:
        return iter(_CHANNELS)

    def __len__(self) -> int:
        return len(_CHANNELS)

    def __contains__(self, lead: object) -> bool:
        return lead in _CHANNELS

    def __getitem__(self, lead: str) -> np.ndarray:
        if self._last is None or self._last[0] != lead:
            self._last = None  # before another is read: they are large
            self._last = lead, self._read(lead)
        return self._last[1]

    def _read(self, lead: str) -> np.ndarray:
        samples = read_poly5_channel(self._file, _CHANNELS[lead] - 1)
        samples *= np.float32(_to_millivolt(self._file, lead) or 1)
        return samples[self._n_before :]


def _to_millivolt(file: Poly5File, lead: str) -> float | None:
    """Return by what samples become mV; None if the file says no unit."""
    said = file.channels[_CHANNELS[lead] - 1].unit
    if not said:
        return None
    unit = re.fullmatch("(.?)v(?:olts?)?", said.lower())
    if not unit or unit[1] not in _VOLTS:
        raise UnreadableFileError(
            f"{file.path}: channel {_CHANNELS[lead]} should be the ECG, in µV, mV or V, but the "
            f"channels are {_listed(file)}."
        )
    return _VOLTS[unit[1]]


def _key(match: re.Match[str]) -> tuple[int, int, bool]:
    return int(match[1]), int(match[2]), match[3] is not None


def _listed(file: Poly5File) -> str:
    return ", ".join(
        f"{i} {channel.name!r} in {channel.unit!r}" for i, channel in enumerate(file.channels, 1)
    )
