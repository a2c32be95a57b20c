"""The button that a driver's companion pressed, and the phases of a drive between its marks."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.ndimage import median_filter

#: Samples of the running median under a mark; marks have 3 to 10.
_BASELINE = 31
#: Height of a mark over it. In drive17 presses have 22 to 63, everything else less than 7.
_HEIGHT = 10.0
#: Seconds between the samples of one press, and at both ends, where recorders are switched.
_MERGED = 2.0
_ENDS = 1.0
#: More marks than this are noise.
_MOST_MARKS = 60
_MOST_MATCHES = 1000


class Phase(NamedTuple):
    """A phase of a drive, between two marks.

    Attributes
    ----------
    name : str
        Its kind, such as "city".
    start, stop : float
        In seconds.
    """

    name: str
    start: float
    stop: float


def find_marks(marker: np.ndarray, sampling_rate: float) -> np.ndarray:
    """Find presses of the button.

    Parameters
    ----------
    marker : ndarray of shape (n_samples,)
        The marker channel, as the file scales it: a trace that drifts, with spikes.
    sampling_rate : float
        In Hz.

    Returns
    -------
    ndarray of float
        Times of the presses in seconds, where each is highest.
    """
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


def match_phases(
    marks: Sequence[float], phases: Sequence[tuple[str, float]], tolerance: float = 3.0
) -> list[Phase]:
    """Find the marks between which phases of known durations lie.

    Parameters
    ----------
    marks : sequence of float
        Times in seconds, ascending.
    phases : sequence of (str, float)
        Kind and duration in seconds of each phase, in order.
    tolerance : float, default=3.0
        How far the time between two marks may be from a duration, in seconds.

    Returns
    -------
    list of Phase
        One for each of `phases`. Empty if marks do not fit, or fit in ways that differ by more than
        the tolerance in where a phase starts or stops.
    """
    if len(marks) > _MOST_MARKS:
        return []
    found: list[tuple[tuple[int, int], ...]] = []
    for match in _matches(tuple(marks), tuple(length for _, length in phases), tolerance, 0):
        found.append(match)
        if len(found) > _MOST_MATCHES:
            return []
    if not found:
        return []
    borders = np.asarray(marks, dtype=float)[np.array(found)]
    if np.ptp(borders, axis=0).max() > tolerance:
        return []
    lengths = np.array([length for _, length in phases])
    best = borders[np.argmin(np.abs(np.diff(borders)[..., 0] - lengths).sum(axis=1))]
    return [
        Phase(name, float(start), float(stop))
        for (name, _), (start, stop) in zip(phases, best, strict=True)
    ]


def _matches(
    marks: tuple[float, ...], lengths: tuple[float, ...], tolerance: float, first: int
) -> Iterator[tuple[tuple[int, int], ...]]:
    """Go through all ways to lay phases one after another between marks."""
    if not lengths:
        yield ()
        return
    for i in range(first, len(marks)):
        for j in range(i + 1, len(marks)):
            if abs(marks[j] - marks[i] - lengths[0]) <= tolerance:
                for rest in _matches(marks, lengths[1:], tolerance, j):
                    yield ((i, j), *rest)
