"""Comparisons of some of the windows."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import SVC

from sklearn_ecgssl.evaluation import LabelledWindows, ReferenceWindows, compare_protocols
from sklearn_ecgssl.features import usable
from sklearn_ecgssl.signal import Segmenter
from tests.evaluation.comparing import (
    ALL_PROTOCOLS,
    RECORDINGS,
    SEGMENTER,
    SUBJECT,
    TARGET,
    Mean,
    compare,
    nearest,
    same,
)

ALL = LabelledWindows.from_recordings(RECORDINGS, TARGET, SUBJECT, SEGMENTER)
#: Nothing of the person F, of the first recording none, of the others some.
MASK = (ALL.subject != "F") & (ALL.recording != 0) & (np.arange(len(ALL)) % 5 != 0)
FEW = "ignore:.*(windows are left out|people have less|usable beats)"


def high(windows, sampling_rate):
    return windows.max(axis=1) > np.float32(HIGH)


HIGH = np.quantile(ALL.take(np.arange(len(ALL))).max(axis=1), 0.3)


@pytest.mark.filterwarnings(FEW)
def test_only_what_is_kept_is_learnt_from_and_scored():
    results = compare({"mean": Mean(), "nearest": nearest()}, protocols=ALL_PROTOCOLS, keep=MASK)
    for _, one in results.predictions.groupby(["estimator", "protocol"]):
        assert sorted(one["window"]) == np.flatnonzero(MASK).tolist(), "the same in all rows"
        np.testing.assert_array_equal(one["recording"], ALL.recording[one["window"]])
        np.testing.assert_array_equal(one["subject"], ALL.subject[one["window"]])
        np.testing.assert_array_equal(one["target"], ALL.target[one["window"]])
    n_folds = results.folds().query("estimator == 'mean'")
    assert sorted(MASK.sum() - n_folds["n_windows"]) == sorted(Mean.fitted)


def test_it_is_what_one_would_get_of_these_windows_alone():
    kept = [ALL.take(np.flatnonzero((ALL.recording == i) & MASK)) for i in range(len(RECORDINGS))]
    there = np.array([len(windows) > 0 for windows in kept])
    alone = [windows for windows in kept if len(windows)]
    by_hand = compare({"svc": SVC()}, alone, TARGET[there], SUBJECT[there]).predictions
    left_out = (
        f"{(~MASK).sum()} of {len(MASK)} windows are left out, all those of 3 of 12 recordings and "
        "1 of 6 people"
    )
    with pytest.warns(UserWarning, match=left_out):
        found = compare({"svc": SVC()}, keep=MASK)
    columns = ["estimator", "fold", "subject", "target", "predicted", "score"]
    assert found.predictions[columns].equals(by_hand[columns])
    assert found.notes["keep"] == f"{left_out}. They are neither learnt from nor scored in any row."
    assert "keep: " in str(found)


@pytest.mark.filterwarnings(FEW)
def test_a_function_and_its_mask_give_the_same():
    mask = high(ALL.take(np.arange(len(ALL))), 1)
    windowed = SEGMENTER.transform(RECORDINGS)
    by_function = compare({"svc": SVC()}, keep=high)
    assert same(by_function, compare({"svc": SVC()}, keep=mask))
    assert same(by_function, compare({"svc": SVC()}, windowed, keep=high))
    assert by_function.notes["keep"].startswith(f"{(~mask).sum()} of {len(mask)} windows")


@pytest.mark.filterwarnings(FEW)
def test_windows_begin_where_they_did():
    kept = LabelledWindows.from_recordings(RECORDINGS, TARGET, SUBJECT, SEGMENTER, keep=MASK)
    np.testing.assert_array_equal(kept.start, ALL.start[MASK])
    np.testing.assert_array_equal(kept.index, np.flatnonzero(MASK))
    np.testing.assert_array_equal(kept.take([2, 0]), ALL.take(np.flatnonzero(MASK)[[2, 0]]))


@pytest.mark.filterwarnings(FEW)
def test_saved_results_are_those_of_the_same_windows(tmp_path):
    # another window of one recording: subject, target and folds are the same
    same_recording = ALL.recording[1:] == ALL.recording[:-1]
    i = np.flatnonzero(same_recording & (MASK[1:] != MASK[:-1]))[0]
    other = MASK.copy()
    other[[i, i + 1]] = MASK[[i + 1, i]]
    for keep, n_fits in [(None, 3), (MASK, 6), (other, 9), (MASK, 9), (None, 9)]:
        compare({"mean": Mean()}, keep=keep, folder=tmp_path)
        assert len(Mean.fitted) == n_fits


@pytest.mark.filterwarnings(FEW)
def test_windows_are_chosen_anew_for_each_length():
    vary = {"segmenter__window_length": [0.5, 1]}
    results = compare({"mean": Mean()}, keep=high, vary=vary)
    assert results.notes["keep"].count("windows are left out") == 2
    assert "(segmenter__window_length=0.5); " in results.notes["keep"]


@pytest.mark.filterwarnings(FEW)
def test_reference_windows_are_among_those_that_are_kept():
    reference = ReferenceWindows("calm", seconds=2)
    results = compare({"mean": Mean()}, keep=high, reference=reference)
    kept = high(ALL.take(np.arange(len(ALL))), 1)
    by_hand = LabelledWindows.from_recordings(RECORDINGS, TARGET, SUBJECT, SEGMENTER, keep=high)
    is_reference = np.zeros(len(ALL), bool)
    is_reference[by_hand.index[reference.mask(by_hand)]] = True
    scored = results.predictions.query("estimator == 'mean'")["window"]
    assert set(scored) == set(np.flatnonzero(kept & ~is_reference))
    again = compare({"mean": Mean()}, keep=high, reference=is_reference)  # a mask of all windows
    assert set(again.predictions["window"]) == set(scored)


@pytest.mark.filterwarnings(FEW)
def test_ratings_too():
    ratings = np.arange(len(TARGET)) / 3
    results = compare_protocols(
        {"ridge": Ridge()}, RECORDINGS, ratings, SUBJECT, segmenter=SEGMENTER, n_splits=3,
        protocols="subjects", keep=MASK,
    )  # fmt: skip
    assert results.predictions["subject"].nunique() == 5


def test_usable_leaves_out_noise(cohort):
    recordings = [x.copy() for x in cohort.recordings]
    recordings[1][2560:5120] = np.random.default_rng(0).normal(size=2560)
    with pytest.warns(UserWarning, match="1 of 12 windows are left out"):
        results = compare_protocols(
            {"raw": LogisticRegression()}, recordings, cohort.target, cohort.subject,
            protocols="subjects", n_splits=2, keep=usable, segmenter=Segmenter(256),
        )  # fmt: skip
    assert set(range(12)) - set(results.predictions["window"]) == {3}


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (np.ones(3, bool), "keep must be a function .*, or a mask"),
        (np.zeros(len(ALL), bool), "keep leaves none"),
        (ALL.target == "calm", "target holds one class only"),
    ],
)
@pytest.mark.filterwarnings(FEW)
def test_what_cannot_be_compared_is_refused(keep, message):
    with pytest.raises(ValueError, match=message):
        compare({"mean": Mean()}, keep=keep)
