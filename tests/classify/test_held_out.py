import numpy as np
import pytest

from sklearn_ecgssl.classify._held_out import labelled_split

LABELS = np.tile([0, 1], 12)
SUBJECT = np.repeat(np.arange(6), 4)


def test_nothing_is_held_out_by_default():
    train, held_out = labelled_split(LABELS, None, SUBJECT, seed=0)
    assert train.tolist() == list(range(24))
    assert held_out.tolist() == []


@pytest.mark.parametrize("seed", range(5))
def test_no_subject_is_on_both_sides(seed):
    train, held_out = labelled_split(LABELS, 0.3, SUBJECT, seed)
    assert sorted([*train, *held_out]) == list(range(24))
    assert set(SUBJECT[train]).isdisjoint(SUBJECT[held_out])
    assert len(np.unique(SUBJECT[held_out])) == 2


@pytest.mark.parametrize("seed", range(20))
def test_every_class_stays_in_training(seed):
    # Only the first subject has the class 2, and is held out by one draw of three.
    labels = np.where(SUBJECT < 1, 2, LABELS)
    train, held_out = labelled_split(labels, 0.3, SUBJECT, seed)
    assert set(labels[train]) == {0, 1, 2}
    assert len(held_out)


def test_a_rare_class_of_windows_stays_in_training():
    labels = np.r_[np.zeros(20, dtype=int), 1]
    for seed in range(20):
        train, held_out = labelled_split(labels, 0.5, None, seed)
        assert 20 in train
        assert len(held_out) == 11


def test_same_seed_same_split():
    splits = [labelled_split(LABELS, 0.3, SUBJECT, seed)[1].tolist() for seed in (0, 0, 1, 2, 3)]
    assert splits[0] == splits[1]
    assert any(split != splits[0] for split in splits[2:])


def test_every_person_has_one_class_of_his_own():
    with pytest.raises(ValueError, match="class without a window.*subjects are drawn. Lower it"):
        labelled_split(SUBJECT, 0.2, SUBJECT, 0)


def test_every_window_has_a_class_of_its_own():
    with pytest.raises(ValueError, match="class without a window.*windows are drawn. Lower it"):
        labelled_split(np.arange(6), 0.2, None, 0)


def test_one_subject():
    with pytest.raises(ValueError, match="groups names only 1: .*validation_fraction=None"):
        labelled_split(LABELS, 0.2, np.zeros(24), 0)


@pytest.mark.parametrize("groups", [None, SUBJECT])
def test_nothing_left_to_train_on(groups):
    with pytest.raises(
        ValueError, match="validation_fraction=0.99 holds out .*: none is left to train on"
    ):
        labelled_split(LABELS, 0.99, groups, 0)
