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

N = 240
#: Unequal people and classes, in no order.
RNG = np.random.default_rng(0)
SUBJECT = RNG.choice(4, size=N, p=[0.5, 0.3, 0.15, 0.05])
TARGET = np.where(RNG.random(N) < 0.8, "calm", "tense")
X = np.zeros((N, 2))


def cells(indices, target):
    """Samples of each subject and class."""
    names, counts = np.unique([f"{SUBJECT[i]} {target[i]}" for i in indices], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def labelled_parts(fraction, seed):
    recordings = [np.zeros(5 + i % 3) for i in range(N)]  # ragged: they are only counted
    splitter = LabelFractionSplit(5, fraction=fraction, random_state=seed)
    return [set(labelled) for labelled, _ in splitter.split(recordings, TARGET, SUBJECT)]


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored by")
@pytest.mark.parametrize("cv", [5, LeaveOneGroupOut(), StratifiedGroupKFold(3), KFold(3)], ids=str)
@pytest.mark.parametrize("fraction", [1.0, 0.3, 0.001])
def test_each_subject_and_class_keeps_its_fraction_and_at_least_one(cv, fraction):
    target = np.where(SUBJECT == 3, "calm", TARGET)  # one subject has one class
    splitter = LabelFractionSplit(cv, fraction=fraction, random_state=0)
    reference = StratifiedKFold(5, shuffle=True, random_state=0) if cv == 5 else cv
    expected = list(reference.split(X, target, SUBJECT))
    assert splitter.get_n_splits(X, target, SUBJECT) == len(expected)
    found = list(splitter.split_unlabelled(X, target, SUBJECT))
    for (labelled, unlabelled, test), (train, expected_test) in zip(found, expected, strict=True):
        assert sorted([*labelled, *unlabelled]) == sorted(train)
        np.testing.assert_array_equal(test, expected_test)
        kept, all_of_it = cells(labelled, target), cells(train, target)
        assert kept == {cell: max(1, round(fraction * n)) for cell, n in all_of_it.items()}
    for (labelled, _, test), pair in zip(found, splitter.split(X, target, SUBJECT), strict=True):
        np.testing.assert_equal(pair, (labelled, test))


@pytest.mark.filterwarnings("error")
def test_the_seed_decides_and_a_smaller_fraction_keeps_some_of_a_larger_ones():
    assert labelled_parts(0.1, seed=3) == labelled_parts(0.1, seed=3)
    assert len({tuple(labelled_parts(0.1, seed)[0]) for seed in range(4)}) == 4
    for seed in range(5):
        curves = [labelled_parts(fraction, seed) for fraction in (0.01, 0.1, 0.5, 0.9, 1)]
        for smaller, larger in pairwise(curves):
            assert all(few <= many for few, many in zip(smaller, larger, strict=True))


def test_without_groups_all_is_one_persons():
    splitter = LabelFractionSplit(5, fraction=0.001, random_state=0)
    for labelled, unlabelled, _ in splitter.split_unlabelled(X, TARGET):
        assert sorted(TARGET[labelled]) == ["calm", "tense"]
        assert len(unlabelled) == 192 - 2


def test_in_cross_validation_with_groups_passed_or_routed():
    windows = RNG.normal(size=(N, 3)) + (TARGET == "tense")[:, None] * 4
    fitted = []

    class Counting(LogisticRegression):
        def fit(self, X, y):
            fitted.append(len(X))
            return super().fit(X, y)

    splitter = LabelFractionSplit(LeaveOneGroupOut(), fraction=0.05, random_state=0)
    scores = cross_val_score(Counting(), windows, TARGET, groups=SUBJECT, cv=splitter)
    assert fitted == [len(labelled) for labelled, _ in splitter.split(X, TARGET, SUBJECT)]
    assert scores.mean() > 0.9
    with config_context(enable_metadata_routing=True):
        how = {"params": {"groups": SUBJECT}, "cv": splitter}
        np.testing.assert_array_equal(cross_val_score(Counting(), windows, TARGET, **how), scores)


def test_bad_input():
    for fraction in (0, -0.1, 1.01):
        with pytest.raises(ValueError, match=f"fraction == {fraction}, must be"):
            next(LabelFractionSplit(fraction=fraction).split(X, TARGET, SUBJECT))
    with pytest.raises(ValueError, match="y is None"):
        next(LabelFractionSplit().split(X, None, SUBJECT))
