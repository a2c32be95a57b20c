import warnings
from itertools import pairwise

import numpy as np
import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    KFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
)

from sklearn_ecgssl.evaluation import LabelFractionSplit

pytestmark = pytest.mark.filterwarnings("ignore:The groups parameter is ignored by .*KFold")

N = 240
#: Unequal people and classes, in no order.
RNG = np.random.default_rng(0)
SUBJECT = RNG.choice(4, size=N, p=[0.5, 0.3, 0.15, 0.05])
TARGET = np.where(RNG.random(N) < 0.8, "calm", "tense")
X = np.zeros((N, 2))


def cells(indices):
    """Samples of each subject and class."""
    names, counts = np.unique([f"{SUBJECT[i]} {TARGET[i]}" for i in indices], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def parts(*args, groups=SUBJECT, **params):
    return list(LabelFractionSplit(*args, **params).split_unlabelled(X, TARGET, groups))


CVS = [5, LeaveOneGroupOut(), StratifiedGroupKFold(3), KFold(3)]


@pytest.mark.parametrize("cv", CVS, ids=str)
@pytest.mark.parametrize("fraction", [1.0, 0.3, 0.001])
def test_each_subject_and_class_keeps_its_fraction_and_at_least_one(cv, fraction):
    for labelled, unlabelled, _ in parts(cv, fraction=fraction, random_state=0):
        all_of_it = cells([*labelled, *unlabelled])
        kept = cells(labelled)
        assert list(kept) == list(all_of_it)
        for cell, n in all_of_it.items():
            assert kept[cell] == max(1, round(fraction * n)), cell


@pytest.mark.parametrize("cv", CVS, ids=str)
def test_labelled_and_unlabelled_are_the_training_part(cv):
    splitter = LabelFractionSplit(cv, fraction=0.1, random_state=0)
    reference = StratifiedKFold(5, shuffle=True, random_state=0) if cv == 5 else cv
    expected = list(reference.split(X, TARGET, SUBJECT))
    assert splitter.get_n_splits(X, TARGET, SUBJECT) == len(expected)
    found = list(splitter.split_unlabelled(X, TARGET, SUBJECT))
    for (labelled, unlabelled, test), (train, expected_test) in zip(found, expected, strict=True):
        assert set(labelled).isdisjoint(unlabelled)
        assert sorted([*labelled, *unlabelled]) == sorted(train)
        np.testing.assert_array_equal(test, expected_test)


def test_a_smaller_fraction_keeps_some_of_a_larger_ones():
    for seed in range(5):
        curves = [parts(5, fraction=f, random_state=seed) for f in (0.01, 0.1, 0.5, 0.9, 1)]
        for smaller, larger in pairwise(curves):
            for (few, _, _), (many, _, _) in zip(smaller, larger, strict=True):
                assert set(few) <= set(many)


def test_same_seed_same_choice():
    def first(seed):
        return parts(5, fraction=0.1, random_state=seed)[0][0].tolist()

    assert first(3) == first(3)
    assert len({tuple(first(seed)) for seed in range(4)}) == 4


@pytest.mark.filterwarnings("error")
def test_an_integer_as_cv_takes_groups_without_a_warning():
    splitter = LabelFractionSplit(5, fraction=0.1, random_state=0)
    assert len(list(splitter.split(X, TARGET, SUBJECT))) == 5


def test_without_groups_all_is_one_persons():
    for labelled, unlabelled, _ in parts(5, fraction=0.001, random_state=0, groups=None):
        assert sorted(TARGET[labelled]) == ["calm", "tense"]
        assert len(unlabelled) == 192 - 2


def test_a_subject_with_one_class():
    target = np.where(SUBJECT == 3, "calm", TARGET)
    splitter = LabelFractionSplit(5, fraction=0.01, random_state=0)
    for labelled, _ in splitter.split(X, target, SUBJECT):
        assert set(target[labelled][SUBJECT[labelled] == 3]) == {"calm"}


def test_in_cross_validation():
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(N, 3)) + (TARGET == "tense")[:, None] * 4
    fitted = []

    class Counting(LogisticRegression):
        def fit(self, X, y):
            fitted.append(len(X))
            return super().fit(X, y)

    splitter = LabelFractionSplit(LeaveOneGroupOut(), fraction=0.05, random_state=0)
    scores = cross_val_score(
        Counting(), windows, TARGET, groups=SUBJECT, cv=splitter, error_score="raise"
    )
    expected = [len(labelled) for labelled, _, _ in splitter.split_unlabelled(X, TARGET, SUBJECT)]
    assert fitted == expected
    assert scores.shape == (4,)
    assert scores.mean() > 0.9


def test_groups_are_routed_to_it():
    splitter = LabelFractionSplit(LeaveOneGroupOut(), fraction=0.5, random_state=0)
    windows = np.c_[X, TARGET == "calm"]
    plain = cross_val_score(LogisticRegression(), windows, TARGET, groups=SUBJECT, cv=splitter)
    with config_context(enable_metadata_routing=True):
        routed = cross_val_score(
            LogisticRegression(), windows, TARGET, params={"groups": SUBJECT}, cv=splitter
        )
    np.testing.assert_array_equal(routed, plain)


def test_ragged_recordings_are_only_counted():
    recordings = [np.zeros(5 + i % 3) for i in range(N)]
    splitter = LabelFractionSplit(5, fraction=0.1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = [labelled.tolist() for labelled, _ in splitter.split(recordings, TARGET, SUBJECT)]
    assert first == [labelled.tolist() for labelled, _ in splitter.split(X, TARGET, SUBJECT)]


@pytest.mark.parametrize("fraction", [0, -0.1, 1.01, 10])
def test_bad_fraction(fraction):
    splitter = LabelFractionSplit(fraction=fraction)
    with pytest.raises(ValueError, match=f"fraction == {fraction}, must be"):
        next(splitter.split(X, TARGET, SUBJECT))


def test_no_target():
    with pytest.raises(ValueError, match="y is None"):
        next(LabelFractionSplit().split(X, None, SUBJECT))
