"""Stress recognition in automobile drivers: rest, city and highway."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.ndimage import median_filter

from ..._files import UnreadableFileError
from .._attribute import Condition
from .._channels import leads_of
from .._data_set import Label, LeftOut, Trial
from ._physionet_set import TERMS, PhysioNetSet

_LEAD, _MARKER = "ECG", "marker"
#: Of drive13, recorded with other channels besides.
_COPY = "drive14"
_PHASES = ("rest", "city", "highway", "city", "highway", "city", "rest")
#: Minutes of each of these, as published by Akbas; two drives have no second rest.
MINUTES = {
    "drive05": (15.13, 16.00, 7.74, 6.06, 7.56, 14.96, 15.75),
    "drive06": (15.05, 14.49, 7.32, 6.53, 7.64, 12.29, 15.05),
    "drive07": (15.04, 16.23, 10.96, 9.83, 7.64, 10.15, 15.03),
    "drive08": (15.00, 12.31, 7.23, 9.51, 7.64, 13.43, 15.07),
    "drive09": (15.66, 19.21, 8.47, 5.20, 7.06, 13.21),
    "drive10": (15.04, 15.30, 8.66, 5.27, 7.04, 12.06, 14.79),
    "drive11": (15.02, 15.81, 7.43, 7.15, 6.96, 11.72, 14.99),
    "drive12": (15.01, 13.41, 7.56, 6.50, 8.06, 11.68, 15.01),
    "drive15": (15.00, 12.54, 7.24, 5.99, 6.82, 12.12, 15.00),
    "drive16": (15.01, 16.12, 7.14, 5.12, 6.81, 13.91),
}
#: Samples of the running median under a mark (marks have 3 to 10), and the height of a mark over
#: it: in drive17 presses have 22 to 63, everything else less than 7.
_BASELINE, _HEIGHT = 31, 10.0
#: Seconds between the samples of one press, and at both ends, where recorders are switched.
_MERGED, _ENDS = 2.0, 1.0
#: More marks than this are noise, more matches make nothing certain.
_MOST_MARKS, _MOST_MATCHES = 60, 1000
#: Seconds that a phase may be off its published duration.
_TOLERANCE = 3.0


class Phase(NamedTuple):
    """A phase of a drive, between two marks, in seconds."""

    name: str
    start: float
    stop: float


@dataclass
class DriveDb(PhysioNetSet):
    """drivedb: ECG of drivers at rest, in the city and on the highway."""

    name = "drivedb"
    database = "drivedb"
    leads = (_LEAD,)
    attributes = {
        "phase": Condition("phase", {"rest": ["rest"], "city": ["city"], "highway": ["highway"]})
    }
    DESCR = f"""\
Stress recognition in automobile drivers (PhysioNet drivedb 1.0.0)

18 recordings of 25 to 93 minutes of drives in Boston: rest, then city and highway in turn, rest.
ECG (a modified lead II) in millivolt at its full rate, which is several samples per frame of the
file: 496 Hz, but 480 for drive17a, 356.5 for drive12 and 480.5 for drive15. Only the ECG and the
marker are read.

Phases. The set has no table of phases. A companion pressed a button at their borders, which the
channel "marker" shows as spikes on a drifting trace. The durations of the phases of ten drives (05
to 12, 15 and 16) were published by Akbas. Here a recording is cut into phases only if its marks
agree with these durations: each phase lies between two marks whose distance is within 3 s of its
published duration, all phases in their order, and in one way only. Then there is one recording per
phase, from mark to mark, with the labels phase (rest, city, highway) and part (1 to 7), and what
lies before, between and after is left away. Every other record is one recording without a phase.

What is not known: the rule was made on the marker channels of drive17a and drive17b, where it finds
the presses. The durations are of other drives, so that it has not been checked on a whole drive.
Common public code lays the durations from the first sample on, though recordings are 1 to 6 minutes
longer than their sum; that is not done here. People are not named, and some drove more than once:
the subject here is the drive, so that leaving a subject out may still leave the person in. The
header of drive17a says 15 frames a second; its first rest, 15.5 minutes by that, would have the
planned 15.0 at 15.5 frames, so that its ECG may be at 496 Hz. The header is believed.

drive17a and drive17b are two parts of one drive, with the subject drive17. drive14 holds the same
ECG as drive13 and is left out. drive01 and drive03 have no marker channel.

Cite: J. A. Healey, R. W. Picard, Detecting stress during real-world driving tasks using
physiological sensors, IEEE Transactions on Intelligent Transportation Systems 6(2):156-166, 2005,
doi:10.1109/TITS.2005.848368; for the durations, A. Akbas, Evaluation of the physiological data
indicating the dynamic stress level of drivers, Scientific Research and Essays 6(2):430-439, 2011.
{TERMS}"""

    def read(self, subject: str, record: str) -> Iterator[Trial | LeftOut]:
        """Read one record, in its phases if they can be told."""
        if record == _COPY:
            yield LeftOut(subject, record, "holds the same ECG as drive13")
            return
        channels, _ = self.channels(record)
        lead = leads_of(channels).get(_LEAD)
        if lead is None:
            raise UnreadableFileError(f"{self.folder / record}.hea has no channel {_LEAD!r}.")
        ecg, rate = lead.read(), lead.sampling_rate
        markers = [one for one in channels if one.name.strip() == _MARKER]
        marks = find_marks(markers[0].read(), markers[0].sampling_rate) if markers else np.empty(0)
        minutes = MINUTES.get(record, ())
        durations = [(name, 60 * one) for name, one in zip(_PHASES, minutes, strict=False)]
        phases = match_phases(marks.tolist(), durations)
        labels: dict[str, Label] = {"drive": subject, "n_marks": len(marks)}
        if not phases:
            yield Trial(record, {_LEAD: ecg}, rate, {**labels, "phase": "", "part": 0})
        for part, phase in enumerate(phases, start=1):
            cut = ecg[round(phase.start * rate) : round(phase.stop * rate)]
            labels = {**labels, "phase": phase.name, "part": part}
            yield Trial(f"{record}/{part}-{phase.name}", {_LEAD: cut}, rate, labels)

    def record_files(self, record: str) -> list[Path]:
        """Download the files of a record that is read."""
        return [] if record == _COPY else super().record_files(record)


def find_marks(marker: np.ndarray, sampling_rate: float) -> np.ndarray:
    """Find presses of the button in a trace that drifts; times in s, where each is highest."""
    if not np.isfinite(marker).all():
        return np.empty(0)
    height = marker - median_filter(marker, size=_BASELINE, mode="nearest")
    high = np.flatnonzero(height > _HEIGHT)
    if not len(high):
        return np.empty(0)
    presses = np.split(high, np.flatnonzero(np.diff(high) > _MERGED * sampling_rate) + 1)
    times = np.array([press[np.argmax(height[press])] for press in presses]) / sampling_rate
    inside = (times >= _ENDS) & (times <= len(marker) / sampling_rate - _ENDS)
    return times[inside]


def match_phases(marks: Sequence[float], phases: Sequence[tuple[str, float]]) -> list[Phase]:
    """Find the marks between which phases of known durations lie, in one way only."""
    if not phases or len(marks) > _MOST_MARKS:
        return []
    found: list[tuple[tuple[int, int], ...]] = []
    for match in _matches(tuple(marks), tuple(length for _, length in phases), 0):
        found.append(match)
        if len(found) > _MOST_MATCHES:
            return []
    if not found:
        return []
    borders = np.asarray(marks, dtype=float)[np.array(found)]
    if np.ptp(borders, axis=0).max() > _TOLERANCE:
        return []
    lengths = np.array([length for _, length in phases])
    best = borders[np.argmin(np.abs(np.diff(borders)[..., 0] - lengths).sum(axis=1))]
    return [
        Phase(name, float(start), float(stop))
        for (name, _), (start, stop) in zip(phases, best, strict=True)
    ]


def _matches(
    marks: tuple[float, ...], lengths: tuple[float, ...], first: int
) -> Iterator[tuple[tuple[int, int], ...]]:
    """Go through all ways to lay phases one after another between marks."""
    if not lengths:
        yield ()
        return
    for i in range(first, len(marks)):
        for j in range(i + 1, len(marks)):
            if abs(marks[j] - marks[i] - lengths[0]) <= _TOLERANCE:
                for rest in _matches(marks, lengths[1:], j):
                    yield ((i, j), *rest)
