"""Windows that are left out, by a mask or by a function of them."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_ecgssl.features import usable
from sklearn_ecgssl.signal import Segmenter
from sklearn_ecgssl.signal._keep import left_out

RATE = 100
SEGMENTER = Segmenter(RATE, window_length=1)
#: Three, one, and two windows of 1 s; the first sample of each window tells it apart.
RECORDINGS = [np.arange(350.0), 1000 + np.arange(100.0), 2000 + np.arange(299.0)]
STARTS = [0, 100, 200, 1000, 2000, 2100]


def below(limit):
    """A rule that keeps the windows that begin below a limit."""

    def rule(windows, sampling_rate):
        assert sampling_rate == RATE
        assert windows.shape[1] == RATE
        return windows[:, 0] < limit

    return rule


def test_a_function_is_asked_recording_by_recording():
    asked = []

    def rule(windows, sampling_rate):
        asked.append(len(windows))
        return windows[:, 0] != 100

    with pytest.warns(UserWarning, match=r"^1 of 6 windows are left out \(keep\)\.$") as caught:
        X, target, nothing = SEGMENTER.windows(RECORDINGS, ["a", "b", "c"], None, keep=rule)
    assert caught[0].filename == __file__
    assert asked == [3, 1, 2]
    assert X[:, 0].tolist() == [0, 200, 1000, 2000, 2100]
    assert target.tolist() == ["a", "a", "b", "c", "c"]
    assert nothing is None


@pytest.mark.parametrize("to", [list, np.array, pd.Series, lambda m: pd.array(m, "boolean")])
def test_a_mask_is_of_all_windows_that_are_cut(to):
    mask = [True, False, True, False, True, True]
    with pytest.warns(UserWarning, match="2 of 6 windows are left out, all those of 1 of 3 recor"):
        X, number = SEGMENTER.windows(RECORDINGS, [0, 1, 2], keep=to(mask))
    assert X[:, 0].tolist() == np.array(STARTS)[mask].tolist()
    assert number.tolist() == [0, 0, 2, 2]


def test_what_is_too_short_has_no_place_in_the_mask():
    with pytest.warns(UserWarning, match="left out") as caught:
        X = SEGMENTER.windows([np.ones(50), *RECORDINGS], short="drop", keep=[True] * 5 + [False])
    assert X[:, 0].tolist() == STARTS[:5]
    assert len(caught) == 2


def test_nothing_is_said_where_all_are_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = SEGMENTER.windows(RECORDINGS, keep=below(np.inf))
    np.testing.assert_array_equal(kept, SEGMENTER.windows(RECORDINGS))


def test_usable_leaves_out_what_is_no_ecg(cohort):
    noisy = [*cohort.recordings, np.random.default_rng(0).normal(size=2560)]
    segmenter = Segmenter(256)
    with pytest.warns(UserWarning, match="1 of 13 windows are left out, all those of 1 of 7"):
        X = segmenter.windows(noisy, keep=usable)
    np.testing.assert_array_equal(X, segmenter.windows(cohort.recordings))


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ([True] * 5, "function of windows and their sampling rate, such as usable, or a mask.*6 w"),
        ([0, 2, 3], "got int64 of shape"),
        ([1, 0, 1, 0, 1, 1], "bool with one value for each of 6 windows, got int64"),
        ("usable", "keep must be a function"),
        ([True, None] * 3, "got object"),
        (
            lambda X, rate: X.std() > 0,
            r"<lambda> \(keep\) must return a mask.* 3 windows, got bool",
        ),
        (lambda X, rate: X[:, 0], "each of 3 windows, got float32"),
        (below(-1), "keep leaves none of 6 windows. Is sampling_rate right"),
        ([False] * 6, "keep leaves none of 6 windows"),
    ],
)
def test_what_is_no_mask_is_refused(keep, message):
    with pytest.raises(ValueError, match=message):
        SEGMENTER.windows(RECORDINGS, keep=keep)


def test_what_is_left_out_is_counted():
    kept, recording = np.array([1, 0, 0, 1, 1], bool), np.array([0, 0, 1, 2, 3])
    subject = np.array(["Ann", "Ann", "Bob", "Cem", "Cem"])
    assert left_out(kept, recording, subject) == (
        "2 of 5 windows are left out, all those of 1 of 4 recordings and 1 of 3 people"
    )
    assert left_out(np.ones(5, bool), recording) == "0 of 5 windows are left out"
