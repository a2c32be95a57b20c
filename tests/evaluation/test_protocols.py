"""How the protocols split windows, and what two encoders learn from."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_ecgssl.evaluation import (
    LabelledWindows,
    Protocol,
    opposite_halves,
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


#: Few and many windows, people with one class or one recording, a rare class.
UNEQUAL = labelled(
    [3, 9, 5, 1, 7, 12, 4, 2, 8, 6], [0, 1, 0, 1, 1, 1, 1, 0, 1, 1], list("aabbcccdde")
)
ALL = np.arange(len(UNEQUAL))
PROTOCOLS = {
    "windows": (shuffled_windows(4), None),
    "recordings": (whole_recordings(4), "recording"),
    "subjects": (unseen_subjects(4), "subject"),
    "one subject out": (unseen_subjects(None), "subject"),
}
each = pytest.mark.parametrize("protocol", [shuffled_windows, whole_recordings, unseen_subjects])


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_window_is_tested_once_and_trained_on_otherwise(name):
    folds = PROTOCOLS[name][0].folds(UNEQUAL)
    assert [fold.number for fold in folds] == list(range(5 if name == "one subject out" else 4))
    tested = np.concatenate([fold.test for fold in folds])
    np.testing.assert_array_equal(np.sort(tested), ALL)
    for fold in folds:
        np.testing.assert_array_equal(np.sort(np.concatenate([fold.train, fold.test])), ALL)
        assert fold.pretrain is None


@pytest.mark.parametrize("name", ["recordings", "subjects", "one subject out"])
def test_no_recording_or_subject_is_on_both_sides(name):
    protocol, unit = PROTOCOLS[name]
    units = getattr(UNEQUAL, unit)
    for fold in protocol.folds(UNEQUAL):
        assert set(units[fold.train]).isdisjoint(units[fold.test])


def test_people_are_on_both_sides_of_windows_and_of_recordings():
    for fold in shuffled_windows(4).folds(UNEQUAL):
        assert set(UNEQUAL.recording[fold.train]) & set(UNEQUAL.recording[fold.test])
    assert any(
        set(UNEQUAL.subject[fold.train]) & set(UNEQUAL.subject[fold.test])
        for fold in whole_recordings(4).folds(UNEQUAL)
    )


@each
def test_classes_are_spread_over_the_folds(protocol):
    windows = labelled([6] * 20, [0, 0, 0, 1] * 5, np.repeat(np.arange(5), 4))
    for fold in protocol(5).folds(windows):
        assert np.mean(windows.target[fold.test]) == pytest.approx(0.25)


@each
def test_same_seed_same_folds(protocol):
    # Of equal size: where sizes differ, they alone decide which recordings make balanced folds.
    windows = labelled([5] * 12, [0, 1] * 6, np.repeat(np.arange(6), 2))

    def tests(seed):
        return [fold.test.tolist() for fold in protocol(3, random_state=seed).folds(windows)]

    assert tests(0) == tests(0)
    assert any(tests(seed) != tests(0) for seed in range(1, 6))


def test_fewer_folds_where_there_are_fewer():
    windows = labelled([4, 3, 3, 4], [0, 1, 0, 1], [0, 0, 1, 1])
    assert len(shuffled_windows(10).folds(windows)) == 7
    assert len(whole_recordings(10).folds(windows)) == 4
    assert len(unseen_subjects(10).folds(windows)) == 2


@each
def test_one_fold_is_none(protocol):
    with pytest.raises(ValueError, match="n_splits=1"):
        protocol(1).folds(UNEQUAL)


def test_a_single_subject():
    windows = labelled([5] * 6, [0, 1] * 3, ["me"] * 6)
    for protocol in (unseen_subjects(3), unseen_subjects(None)):
        with pytest.raises(ValueError, match="not enough subjects to split: 1.*leave this"):
            protocol.folds(windows)
    assert len(whole_recordings(3).folds(windows)) == 3


def test_hardly_any_windows():
    with pytest.raises(ValueError, match="windows of its rarest class to split: 1, at least 2"):
        shuffled_windows(5).folds(labelled([5, 1], [0, 1], ["a", "b"]))
    two = labelled([1, 1], [0, 1], ["a", "b"])
    assert len(unseen_subjects(None).folds(two)) == 2
    folds = whole_recordings(5).folds(labelled([5, 5], ["calm", "tense"], ["a", "a"]))
    assert [len(fold.test) for fold in folds] == [5, 5]


def test_own_protocol():
    def halves(windows):
        return [(ALL[:20], ALL[20:]), (ALL[20:], ALL[:20]), (ALL, ALL[:0])]

    folds = Protocol("halves", "the first half.", halves).folds(UNEQUAL)
    assert [len(fold.test) for fold in folds] == [37, 20], "an empty test set is no fold"
    assert [fold.protocol for fold in folds] == ["halves"] * 2


def test_a_protocol_says_what_pretrainers_learn_from():
    usual = shuffled_windows(4)
    own = replace(usual, pretrain=lambda windows, pairs: [list(train[:2]) for train, _ in pairs])
    for fold, as_usual in zip(own.folds(UNEQUAL), usual.folds(UNEQUAL), strict=True):
        np.testing.assert_array_equal(fold.train, as_usual.train)
        np.testing.assert_array_equal(fold.test, as_usual.test)
        np.testing.assert_array_equal(fold.pretrain, fold.train[:2])


def test_each_says_what_a_model_sees():
    assert "the papers' protocol" in shuffled_windows().sees
    assert "other recordings of the same people" in whole_recordings().sees
    assert "not trained on anything of the tested people" in unseen_subjects().sees
    assert "two encoders, neither of which has met" in opposite_halves(shuffled_windows()).sees


# Two encoders


@pytest.mark.parametrize("n_splits", [2, 5, 10])
@pytest.mark.parametrize("protocol", [shuffled_windows, whole_recordings, unseen_subjects])
def test_two_encoders_learn_from_the_other_half_of_the_folds(protocol, n_splits):
    split = protocol(n_splits)
    folds, plain = opposite_halves(split).folds(UNEQUAL), split.folds(UNEQUAL)
    middle = (len(folds) + 1) // 2
    for i, (fold, as_usual) in enumerate(zip(folds, plain, strict=True)):
        np.testing.assert_array_equal(fold.train, as_usual.train)
        np.testing.assert_array_equal(fold.test, as_usual.test)
        other_half = plain[middle:] if i < middle else plain[:middle]
        expected = np.sort(np.concatenate([other.test for other in other_half]))
        np.testing.assert_array_equal(fold.pretrain, expected)
        assert set(fold.pretrain).isdisjoint(fold.test)
        if protocol is unseen_subjects:
            assert set(UNEQUAL.subject[fold.pretrain]).isdisjoint(UNEQUAL.subject[fold.test])
    assert len({fold.pretrain.tobytes() for fold in folds}) == 2


@pytest.mark.parametrize(
    ("pairs", "fold", "window"),
    [
        # tested twice, as in repeated folds: the other half's windows are this fold's
        ([(ALL[10:], ALL[:10]), (ALL[15:], ALL[5:15])], 0, 5),
        # trained on what is tested
        ([(ALL, ALL[:10]), (ALL, ALL[9:])], 0, 9),
        # kept out of the training set, such as the people of the tested recordings
        ([(ALL[5:], ALL[:5]), (ALL[10:], ALL[5:10])], 1, 0),
    ],
)
def test_an_encoder_that_would_meet_what_the_fold_withholds(pairs, fold, window):
    leaky = opposite_halves(Protocol("mine", "all.", lambda windows: pairs))
    with pytest.raises(ValueError, match=rf"'mine': the encoder of fold {fold}.*such as {window},"):
        leaky.folds(UNEQUAL)


def test_a_single_fold_has_no_halves():
    single = Protocol("mine", "all.", lambda windows: [(ALL[10:], ALL[:10])])
    with pytest.raises(ValueError, match="at least 2 folds, the protocol 'mine' made 1"):
        opposite_halves(single).folds(UNEQUAL)
