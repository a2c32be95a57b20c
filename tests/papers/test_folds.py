"""Folds of one data set, and what pretrainers learn from several."""

import numpy as np
import pytest

from sklearn_ecgssl.evaluation import LabelledWindows
from sklearn_ecgssl.papers._folds import CorpusFolds

# Three data sets; eight windows a recording, two recordings a person.
DATA_SETS = np.array(["a"] * 8 + ["b"] * 6 + ["c"] * 4)
PEOPLE = np.array([f"{name}/{i // 2}" for i, name in enumerate(DATA_SETS)])
HAS_TARGET = np.arange(18) != 9  # the second recording of b has none
N_WINDOWS = 8


@pytest.fixture(scope="module")
def windows():
    blocks = [np.full((N_WINDOWS, 4), i, dtype=np.float32) for i in range(18)]
    target = np.arange(18) % 2
    return LabelledWindows.from_recordings(blocks, target, PEOPLE)


def of(windows, indices):
    return DATA_SETS[windows.recording[indices]]


def folds(data_set="b", **parameters):
    return CorpusFolds(DATA_SETS, data_set, HAS_TARGET, **{"n_splits": 4, **parameters})


@pytest.mark.parametrize("protocol", ["windows", "subjects"])
@pytest.mark.parametrize("two_encoders", [False, True])
def test_each_labelled_window_is_tested_once(windows, protocol, two_encoders):
    made = getattr(folds(two_encoders=two_encoders), protocol)()
    found = made.folds(windows)
    labelled = np.flatnonzero(HAS_TARGET[windows.recording] & (of(windows, slice(None)) == "b"))
    assert sorted(np.concatenate([test for _, test in found])) == labelled.tolist()
    for train, test in found:
        assert sorted([*train, *test]) == labelled.tolist()


def test_windows_are_shuffled(windows):
    tested = [set(windows.recording[test]) for _, test in folds().windows().folds(windows)]
    assert min(map(len, tested)) > 2


def test_people_are_whole(windows):
    for train, test in folds().subjects().folds(windows):
        assert not set(windows.subject[train]) & set(windows.subject[test])


@pytest.mark.parametrize("protocol", ["windows", "subjects"])
def test_one_encoder_a_fold_learns_from_all_training_parts(windows, protocol):
    parts = getattr(folds(), protocol)().parts(windows)
    learnt = [set(part.pretrain) for part in parts]
    for part, seen in zip(parts, learnt, strict=True):
        assert not seen & set(part.test)
        assert set(part.train) <= seen
        assert set(of(windows, part.pretrain)) == {"a", "b", "c"}
    # what has no label is learnt from too
    assert any(9 in windows.recording[part.pretrain] for part in parts)
    if protocol == "windows":
        assert not set.intersection(*learnt)


@pytest.mark.parametrize("protocol", ["windows", "subjects"])
def test_nothing_of_tested_people_is_learnt_from(windows, protocol):
    leaks = [
        bool(set(windows.subject[part.pretrain]) & set(windows.subject[part.test]))
        for part in getattr(folds(), protocol)().parts(windows)
    ]
    assert any(leaks) == (protocol == "windows")


@pytest.mark.parametrize("protocol", ["windows", "subjects"])
def test_two_encoders(windows, protocol):
    parts = getattr(folds(two_encoders=True), protocol)().parts(windows)
    sets = {tuple(part.pretrain) for part in parts}
    assert len(sets) == 2
    for part in parts:
        assert not set(part.pretrain) & set(part.test)
        others = np.flatnonzero(of(windows, slice(None)) != "b")
        assert set(others) <= set(part.pretrain)


def test_attributes_and_data_sets_share_their_pretraining(windows):
    """Whichever data set is scored, by whichever labels."""
    pretraining = [part.pretrain.tolist() for part in folds("b").windows().parts(windows)]
    assert pretraining == [part.pretrain.tolist() for part in folds("a").windows().parts(windows)]
    every = CorpusFolds(DATA_SETS, "b", np.ones(18, dtype=bool), n_splits=4)
    assert pretraining == [part.pretrain.tolist() for part in every.windows().parts(windows)]


def test_more_folds_than_people(windows):
    parts = folds(n_splits=10).subjects().parts(windows)
    assert len(parts) == 3
    for part in parts:
        assert not set(part.pretrain) & set(part.test)
        assert not set(windows.subject[part.pretrain]) & set(windows.subject[part.test])


def test_seed(windows):
    one, same, other = (
        [test.tolist() for _, test in folds(random_state=seed).windows().folds(windows)]
        for seed in (0, 0, 1)
    )
    assert one == same != other


def test_two_encoders_of_few_people(windows):
    """Half of the folds may be of nobody, but no half that is learnt from."""
    parts = folds("b", n_splits=10, two_encoders=True, pretraining_sets=["b"]).subjects()
    for part in parts.parts(windows):
        assert len(part.pretrain)
        assert not set(windows.subject[part.pretrain]) & set(windows.subject[part.test])


def test_one_person_cannot_be_unseen():
    blocks = [np.ones((3, 4), np.float32)] * 2
    one = LabelledWindows.from_recordings(blocks, [0, 1], ["a/0"] * 2)
    made = CorpusFolds(np.array(["a"] * 2), "a", np.array([True] * 2))
    with pytest.raises(ValueError, match="Protocol 'subjects': a has only one part"):
        made.subjects().parts(one)
    assert len(made.windows().parts(one)) == 6


def test_only_some_data_sets_are_learnt_from(windows):
    for part in folds("b", pretraining_sets=["a", "b"]).windows().parts(windows):
        assert set(of(windows, part.pretrain)) == {"a", "b"}
    with pytest.raises(ValueError, match=r"None of pretraining_sets=\('d',\) is there"):
        folds("b", pretraining_sets=["d"]).windows().parts(windows)
