"""Presses of a button on a drifting trace, and the phases between them."""

import numpy as np
import pytest

from sklearn_ecgssl.datasets.physionet._drivedb import DriveDb, _phases
from sklearn_ecgssl.datasets.physionet._marks import find_marks, match_phases

PHASES = [("rest", 900.0), ("city", 600.0), ("highway", 450.0)]


def trace(n=10_000, seed=0):
    draw = np.random.default_rng(seed)
    drift = 20 * np.sin(np.linspace(0, 9, n)) + np.cumsum(draw.normal(0, 0.01, n))
    return 10 + drift + draw.normal(0, 0.2, n)


def test_marks():
    marker = trace()
    for frame, shape in ((1550, [6, 25, 8]), (4000, [15, 12, 30, 28, 14]), (8000, [60] * 8)):
        marker[frame : frame + len(shape)] += shape
    times = find_marks(marker, 15.5)
    np.testing.assert_allclose(times, np.array([1551, 4002, 8003.5]) / 15.5, atol=4 / 15.5)


def test_no_marks():
    assert len(find_marks(trace(), 15.5)) == 0
    bumps = trace()
    bumps[[2000, 2001, 5000]] += 6  # as they occur between presses
    assert len(find_marks(bumps, 15.5)) == 0
    ends = trace()
    ends[[3, 4, -4]] += 50  # a recorder is switched
    assert len(find_marks(ends, 15.5)) == 0
    steps = trace()
    steps[3000:] += 8
    assert len(find_marks(steps, 15.5)) == 0
    assert len(find_marks(np.full(100, np.nan), 15.5)) == 0


def test_one_press_is_one_mark():
    marker = trace()
    marker[[3000, 3010, 3025]] += 30  # within two seconds of each other
    marker[[3100]] += 30
    assert len(find_marks(marker, 15.5)) == 2


def borders(phases):
    return [(one.name, one.start, one.stop) for one in phases]


def test_phases_between_marks():
    found = match_phases([100.0, 1001.0, 1600.0, 2050.5], PHASES)
    assert borders(found) == [
        ("rest", 100.0, 1001.0),
        ("city", 1001.0, 1600.0),
        ("highway", 1600.0, 2050.5),
    ]


def test_phases_with_pauses_and_other_marks():
    marks = [5.0, 100.0, 500.0, 1000.0, 1030.0, 1630.0, 1700.0, 2150.0]
    assert borders(match_phases(marks, PHASES)) == [
        ("rest", 100.0, 1000.0),
        ("city", 1030.0, 1630.0),
        ("highway", 1700.0, 2150.0),
    ]


@pytest.mark.parametrize(
    "marks",
    [
        [],
        [100.0],
        [100.0, 1000.0, 1600.0],  # the last is missing
        [100.0, 1000.0, 1604.0, 2054.0],  # a phase is 4 s too long
        [100.0, 1000.0, 1600.0, 2050.0, 140.0 + 900, 1640.0, 2090.0],  # and so is not ascending
        [100.0, 1000.0, 1600.0, 1150.0, 1601.0 + 4, 2060.0],  # the highway within the city
        [100.0, 1000.0, 1600.0, 2050.0, *np.arange(9000.0, 9060.0)],  # too many
        [100.0, 150.0, 1000.0, 1050.0, 1600.0, 1650.0, 2050.0, 2100.0],  # two ways
        list(np.arange(0, 3000, 10.0)),  # noise
    ],
)
def test_marks_that_do_not_tell(marks):
    assert match_phases(sorted(marks), PHASES) == []


def test_two_ways_that_hardly_differ():
    found = match_phases([100.0, 102.5, 1000.0, 1600.0, 2050.0], PHASES)
    assert borders(found)[0] == ("rest", 100.0, 1000.0)  # the closer one


def test_drive_without_published_durations_has_no_phases():
    assert _phases("drive17a", [26.8, 956.9]) == []
    assert "drive17" in DriveDb.description


@pytest.mark.real
def test_real_marks(shared_data):
    with np.load(shared_data / "drivedb_drive17.npz", allow_pickle=False) as z:
        found = {
            part: find_marks(z[f"drive17{part}_marker"] / 100, rate)
            for part, rate in zip("ab", z["aux_fs"], strict=True)
        }
    np.testing.assert_allclose(found["a"], [26.8, 956.9], atol=0.1)
    np.testing.assert_allclose(found["b"], [23407 / 15.5], atol=0.5)
