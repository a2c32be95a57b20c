from dataclasses import replace

import numpy as np
import pytest

from sklearn_ecgssl.evaluation import (
    LabelledWindows,
    Protocol,
    shuffled_windows,
    unseen_subjects,
    whole_recordings,
)
from sklearn_ecgssl.signal import Segmenter


def labelled(n_windows, target, subject):
    """Ragged recordings of so many windows each."""
    recordings = [np.zeros(10 * n + 3, dtype=np.float32) for n in n_windows]
    segmenter = Segmenter(sampling_rate=10, window_length=1)
    return LabelledWindows.from_recordings(recordings, target, subject, segmenter)


@pytest.fixture
def unequal():
    """Few and many windows, people with one class or one recording, a rare class."""
    n_windows = [3, 9, 5, 1, 7, 12, 4, 2, 8, 6]
    target = [0, 1, 0, 1, 1, 1, 1, 0, 1, 1]
    subject = ["a", "a", "b", "b", "c", "c", "c", "d", "d", "e"]
    return labelled(n_windows, target, subject)


PROTOCOLS = {
    "windows": (shuffled_windows(4), None),
    "recordings": (whole_recordings(4), "recording"),
    "subjects": (unseen_subjects(4), "subject"),
    "one subject out": (unseen_subjects(None), "subject"),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_window_is_tested_once_and_never_trained_on(unequal, name):
    folds = PROTOCOLS[name][0].folds(unequal)
    assert len(folds) == (5 if name == "one subject out" else 4)
    tested = np.concatenate([test for _, test in folds])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(unequal)))
    for train, test in folds:
        np.testing.assert_array_equal(
            np.sort(np.concatenate([train, test])), np.arange(len(unequal))
        )


@pytest.mark.parametrize("name", ["recordings", "subjects", "one subject out"])
def test_no_recording_or_subject_is_on_both_sides(unequal, name):
    protocol, unit = PROTOCOLS[name]
    units = getattr(unequal, unit)
    for train, test in protocol.folds(unequal):
        assert set(units[train]).isdisjoint(units[test])


def test_recordings_of_a_subject_are_on_both_sides_of_whole_recordings(unequal):
    assert any(
        set(unequal.subject[train]) & set(unequal.subject[test])
        for train, test in whole_recordings(4).folds(unequal)
    )


def test_shuffled_windows_share_recordings_and_subjects(unequal):
    for train, test in shuffled_windows(4).folds(unequal):
        assert set(unequal.recording[train]) & set(unequal.recording[test])
        assert set(unequal.subject[train]) & set(unequal.subject[test])


def test_classes_are_spread_over_the_folds():
    windows = labelled([6] * 20, [0, 0, 0, 1] * 5, np.repeat(np.arange(5), 4))
    for protocol in (shuffled_windows(5), whole_recordings(5), unseen_subjects(5)):
        for _, test in protocol.folds(windows):
            assert np.mean(windows.target[test]) == pytest.approx(0.25)


@pytest.mark.parametrize("protocol", [shuffled_windows, whole_recordings, unseen_subjects])
def test_same_seed_same_folds(protocol):
    # Of equal size: where sizes differ, they alone decide which recordings make balanced folds.
    windows = labelled([5] * 12, [0, 1] * 6, np.repeat(np.arange(6), 2))

    def tests(seed):
        return [test.tolist() for _, test in protocol(3, random_state=seed).folds(windows)]

    assert tests(0) == tests(0)
    assert any(tests(seed) != tests(0) for seed in range(1, 6))


def test_fewer_folds_where_there_are_fewer():
    windows = labelled([4, 3, 3, 4], [0, 1, 0, 1], [0, 0, 1, 1])
    assert len(shuffled_windows(10).folds(windows)) == 7
    assert len(whole_recordings(10).folds(windows)) == 4
    assert len(unseen_subjects(10).folds(windows)) == 2


def test_a_subject_with_one_class_only():
    windows = labelled([5] * 6, [0, 1, 0, 1, 0, 0], [0, 0, 1, 1, 2, 2])
    for train, test in unseen_subjects(None).folds(windows):
        assert len(np.unique(windows.subject[test])) == 1
        assert set(windows.target[train]) == {0, 1}


def test_a_single_subject():
    windows = labelled([5] * 6, [0, 1] * 3, ["me"] * 6)
    for protocol in (unseen_subjects(3), unseen_subjects(None)):
        with pytest.raises(
            ValueError, match="not enough subjects to split: 1.*leave this protocol"
        ):
            protocol.folds(windows)
    assert len(whole_recordings(3).folds(windows)) == 3
    assert len(shuffled_windows(3).folds(windows)) == 3


def test_a_single_recording_of_each_class():
    windows = labelled([5, 5], ["calm", "tense"], ["a", "a"])
    assert len(shuffled_windows(5).folds(windows)) == 5
    folds = whole_recordings(5).folds(windows)
    assert [len(test) for _, test in folds] == [5, 5]


def test_a_class_with_a_single_window():
    windows = labelled([5, 1], [0, 1], ["a", "b"])
    with pytest.raises(ValueError, match="windows of its rarest class to split: 1, at least 2"):
        shuffled_windows(5).folds(windows)


@pytest.mark.parametrize("n_windows", [[1, 1], [1, 1, 1]])
def test_hardly_any_windows(n_windows):
    n = len(n_windows)
    windows = labelled(n_windows, np.arange(n), np.arange(n))
    for protocol in (whole_recordings(5), unseen_subjects(5)):
        with pytest.raises(ValueError, match="not enough|cannot be greater than"):
            protocol.folds(windows)
    assert len(unseen_subjects(None).folds(windows)) == n


@pytest.mark.parametrize("protocol", [shuffled_windows, whole_recordings, unseen_subjects])
@pytest.mark.parametrize("n_splits", [1, 0, -3])
def test_less_than_two_folds(unequal, protocol, n_splits):
    with pytest.raises(ValueError, match=f"n_splits must be at least 2, got {n_splits}"):
        protocol(n_splits).folds(unequal)


def test_own_protocol(unequal):
    def halves(windows):
        indices = np.arange(len(windows))
        return [(indices[:20], indices[20:]), (indices[20:], indices[:20]), (indices, indices[:0])]

    folds = Protocol("halves", "the first half of the study.", halves).folds(unequal)
    assert [len(test) for _, test in folds] == [37, 20], "an empty test part is no fold"


def test_pretrainers_learn_from_the_training_part_unless_a_protocol_says_otherwise(unequal):
    usual = shuffled_windows(4)
    assert [part.pretrain for part in usual.parts(unequal)] == [None] * 4
    own = replace(usual, pretrain=lambda windows, folds: [list(train[:2]) for train, _ in folds])
    for part, (train, test) in zip(own.parts(unequal), usual.folds(unequal), strict=True):
        np.testing.assert_array_equal(part.train, train)
        np.testing.assert_array_equal(part.test, test)
        np.testing.assert_array_equal(part.pretrain, train[:2])
    assert [part.fold for part in own.parts(unequal)] == [0, 1, 2, 3]


def test_pretraining_windows_of_too_few_folds(unequal):
    own = replace(shuffled_windows(4), pretrain=lambda windows, folds: [folds[0][0]])
    with pytest.raises(ValueError, match="'windows' must return one array.*its 4 folds, got 1"):
        own.parts(unequal)


def test_each_says_what_a_model_sees():
    names = [protocol.name for protocol, _ in PROTOCOLS.values()]
    assert names == ["windows", "recordings", "subjects", "subjects"]
    assert "the papers' protocol" in shuffled_windows().sees
    assert "other recordings of the same people" in whole_recordings().sees
    assert "not trained on anything of the tested people" in unseen_subjects().sees
