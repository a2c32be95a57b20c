"""Who is the same person."""

import numpy as np
import pytest

from sklearn_ecgssl.datasets.corpus._persons import name_persons

LONG = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)


def named(first, second, **more):
    subject, overlaps = name_persons(
        ["a", "b"], ["x", "y"], ["1", "2"], [first, second], ["a", "b"], **more
    )
    return subject.tolist(), overlaps.tolist()


def test_equal_recordings():
    assert named(LONG, LONG.copy()) == (["a/x", "a/x"], ["b", "a"])
    assert named(LONG, LONG.astype(np.float64)) == (["a/x", "a/x"], ["b", "a"])


@pytest.mark.parametrize("place", [0, 100, 3999, 10_000, 13_999, 16_000, 19_999])
def test_recordings_that_differ_at_a_place_that_is_compared(place):
    other = LONG.copy()
    other[place] += 1
    assert named(LONG, other) == (["a/x", "b/y"], ["", ""])


def test_recordings_of_other_lengths():
    assert named(LONG[:9], LONG[:10])[0] == ["a/x", "b/y"]


def test_flat_lines_tell_nothing():
    assert named(np.zeros(100), np.zeros(100))[0] == ["a/x", "b/y"]


def test_windows():
    windows = LONG.reshape(5, -1)
    assert named(windows, windows.copy())[0] == ["a/x", "a/x"]
    assert named(windows, windows[::-1])[0] == ["a/x", "b/y"]


def test_chains():
    subject, overlaps = name_persons(
        ["a", "b", "c", "c"],
        ["1", "1", "1", "2"],
        ["r"] * 4,
        [LONG[i : i + 100] for i in range(4)],
        ["a", "b", "c", "c"],
        [("c/1", "b/1"), ["c/2", "c/1", "a/1"]],
    )
    assert subject.tolist() == ["a/1"] * 4
    assert overlaps.tolist() == ["b,c", "a,c", "a,b", "a,b"]
