"""Windows that know where they are from, how protocols split them, what is never learnt from."""

from dataclasses import replace

import numpy as np
import pytest

from sklearn_ecgssl.evaluation import (
    LabelledWindows,
    Protocol,
    left_out,
    opposite_halves,
    shuffled_windows,
    unseen_subjects,
    whole_recordings,
)
from sklearn_ecgssl.signal import Segmenter

SEGMENTER = Segmenter(sampling_rate=10, window_length=1)
COUNTS, TARGET, SUBJECT = [1, 2, 3, 4], ["calm", "tense"] * 2, ["Ann", "Ann", "Bob", "Bob"]


def labelled(n_windows, target, subject):
    """Ragged recordings of so many windows of ten samples each."""
    recordings = [1000 * i + np.arange(10.0 * n + 3) for i, n in enumerate(n_windows)]
    return LabelledWindows.from_recordings(recordings, target, subject, SEGMENTER)


def rated(windows):
    """Ratings in the place of classes: every window has another."""
    windows.target, windows.regression = np.linspace(1, 9, len(windows)), True
    return windows


def four_recordings(recordings, target=TARGET, subject=SUBJECT, segmenter=SEGMENTER):
    return LabelledWindows.from_recordings(recordings, target, subject, segmenter)


def test_every_window_knows_where_it_is_from():
    windows = labelled(COUNTS, TARGET, SUBJECT)
    assert len(windows) == 10
    np.testing.assert_array_equal(windows.recording, np.repeat(np.arange(4), COUNTS))
    np.testing.assert_array_equal(windows.target, np.repeat(TARGET, COUNTS))
    np.testing.assert_array_equal(windows.subject, np.repeat(SUBJECT, COUNTS))
    taken = windows.take([9, 0, 2])
    assert taken.dtype == np.float32
    np.testing.assert_array_equal(taken - [[3030], [0], [1010]], [np.arange(10)] * 3)


@pytest.mark.parametrize("as_cube", [True, False])
def test_windowed_recordings_are_not_cut_again(as_cube):
    cube = np.arange(4 * 3 * 5, dtype=np.float32).reshape(4, 3, 5)
    windows = four_recordings(cube if as_cube else [cube[0, :1], *cube[1:]])
    assert len(windows) == (12 if as_cube else 10)
    np.testing.assert_array_equal(windows.take([len(windows) - 1])[0], cube[3, 2])


def test_names_and_numbers_of_people_may_be_mixed():
    for subject in ([1, 1, "Bob", 2], np.array([1, 1, "Bob", 2], dtype=object)):
        windows = labelled(COUNTS, TARGET, subject)
        assert np.unique(windows.subject).tolist() == ["1", "2", "Bob"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": TARGET[:3]}, "target must be 1-D with one entry for each of the 4 rec"),
        ({"subject": SUBJECT[:3]}, "subject must be 1-D with one entry.*got shape \\(3,\\)"),
        ({"target": ["calm"] * 4}, "one class only \\('calm'\\)"),
        ({"target": [0.1, 0.2, 0.3, 0.4]}, "continuous ratings, such as 0.1.*Binarize"),
        ({"subject": ["Ann", None, "Bob", "Bob"]}, r"subject is missing for recording 1 \(1"),
        ({"recordings": [*np.zeros((3, 20)), np.zeros(7)]}, "recording 3 has 7 samples"),
        ({"recordings": [*np.zeros((3, 20)), np.full(30, np.nan)]}, "recording 3.*NaN"),
    ],
)
def test_what_does_not_belong_together_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        four_recordings(**{"recordings": np.zeros((4, 20))} | arguments)


#: Few and many windows, people with one class or one recording, a rare class.
UNEQUAL = labelled(
    [3, 9, 5, 1, 7, 12, 4, 2, 8, 6], [0, 1, 0, 1, 1, 1, 1, 0, 1, 1], list("aabbcccdde")
)
ALL = np.arange(len(UNEQUAL))
each = pytest.mark.parametrize("protocol", [shuffled_windows, whole_recordings, unseen_subjects])


@pytest.mark.parametrize(
    ("protocol", "unit", "n_folds"),
    [
        (shuffled_windows(4), None, 4),
        (whole_recordings(4), "recording", 4),
        (unseen_subjects(4), "subject", 4),
        (unseen_subjects(None), "subject", 5),
    ],
)
def test_every_window_is_tested_once_and_nothing_of_its_unit_trained_on(protocol, unit, n_folds):
    folds = protocol.folds(UNEQUAL)
    assert [fold.number for fold in folds] == list(range(n_folds))
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in folds])), ALL)
    for fold in folds:
        np.testing.assert_array_equal(np.sort(np.concatenate([fold.train, fold.test])), ALL)
        assert fold.pretrain is None
        if unit is not None:
            units = getattr(UNEQUAL, unit)
            assert set(units[fold.train]).isdisjoint(units[fold.test])


@each
def test_classes_are_spread_over_folds_that_the_seed_decides(protocol):
    # Of equal size: where sizes differ, they alone decide which recordings make balanced folds.
    windows = labelled([6] * 20, [0, 0, 0, 1] * 5, np.repeat(np.arange(5), 4))

    def tests(seed):
        return [fold.test.tolist() for fold in protocol(5, random_state=seed).folds(windows)]

    assert [np.mean(windows.target[test]) for test in tests(0)] == pytest.approx([0.25] * 5)
    assert tests(0) == tests(0)
    assert any(tests(seed) != tests(0) for seed in range(1, 6))


@pytest.mark.parametrize(
    ("protocol", "unit"),
    [(shuffled_windows, None), (whole_recordings, "recording"), (unseen_subjects, "subject")],
)
def test_ratings_are_split_without_classes(protocol, unit):
    ratings = rated(labelled([4] * 12, [0, 1] * 6, np.repeat(np.arange(6), 2)))

    def tests(seed):
        folds = protocol(3, random_state=seed).folds(ratings)
        if unit is not None:
            units = getattr(ratings, unit)
            assert all(set(units[f.train]).isdisjoint(units[f.test]) for f in folds)
        return [fold.test.tolist() for fold in folds]

    assert sorted(np.concatenate(tests(0))) == list(range(48))
    assert [len(test) for test in tests(0)] == [16] * 3
    assert tests(0) == tests(0) != tests(1)


def test_fewer_folds_where_there_are_fewer():
    windows = labelled([4, 3, 3, 4], [0, 1, 0, 1], [0, 0, 1, 1])
    assert len(shuffled_windows(10).folds(windows)) == 7
    assert len(whole_recordings(10).folds(windows)) == 4
    assert len(unseen_subjects(10).folds(windows)) == 2
    folds = whole_recordings(5).folds(labelled([5, 5], ["calm", "tense"], ["a", "a"]))
    assert [len(fold.test) for fold in folds] == [5, 5]
    two = labelled([1, 1], [0, 1], ["a", "b"])
    assert len(unseen_subjects(None).folds(two)) == 2


@pytest.mark.parametrize("protocol", [unseen_subjects(3), unseen_subjects(None)])
def test_too_few_people(protocol):
    windows = labelled([5] * 6, [0, 1] * 3, ["me"] * 6)
    with pytest.raises(ValueError, match="not enough subjects to split: 1.*leave this"):
        protocol.folds(windows)
    with pytest.raises(ValueError, match="windows of its rarest class to split: 1, at least 2"):
        shuffled_windows(5).folds(labelled([5, 1], [0, 1], ["a", "b"]))


def test_own_protocol_and_what_its_pretrainers_learn_from():
    def halves(windows):
        return [(ALL[:20], ALL[20:]), (ALL[20:], ALL[:20]), (ALL, ALL[:0])]

    protocol = Protocol("halves", "the first half.", halves)
    folds = protocol.folds(UNEQUAL)
    assert [len(fold.test) for fold in folds] == [37, 20], "an empty test set is no fold"
    assert [fold.protocol for fold in folds] == ["halves"] * 2
    own = replace(protocol, pretrain=lambda windows, pairs: [list(test[:2]) for _, test in pairs])
    for fold, as_usual in zip(own.folds(UNEQUAL), folds, strict=True):
        np.testing.assert_equal(fold, as_usual._replace(pretrain=fold.test[:2]))


@each
@pytest.mark.parametrize("n_splits", [2, 5, 10])
def test_two_encoders_learn_from_the_other_half_of_the_folds(protocol, n_splits):
    split = protocol(n_splits)
    two_encoders = opposite_halves(split)
    assert two_encoders.name == f"{split.name}, two encoders"
    assert two_encoders.sees.startswith(split.sees)
    folds, plain = two_encoders.folds(UNEQUAL), split.folds(UNEQUAL)
    middle = (len(folds) + 1) // 2
    for i, (fold, as_usual) in enumerate(zip(folds, plain, strict=True)):
        other_half = plain[middle:] if i < middle else plain[:middle]
        expected = np.sort(np.concatenate([other.test for other in other_half]))
        np.testing.assert_equal(
            fold, as_usual._replace(protocol=two_encoders.name, pretrain=expected)
        )
    assert len({fold.pretrain.tobytes() for fold in folds}) == 2


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        # tested twice, as in repeated folds: the other half's windows are this fold's
        ([(ALL[10:], ALL[:10]), (ALL[15:], ALL[5:15])], "the encoder of fold 0.*such as 5,"),
        # trained on what is tested
        ([(ALL, ALL[:10]), (ALL, ALL[9:])], "the encoder of fold 0.*such as 9,"),
        # kept out of the training set, such as the people of the tested recordings
        ([(ALL[5:], ALL[:5]), (ALL[10:], ALL[5:10])], "the encoder of fold 1.*such as 0,"),
        ([(ALL[10:], ALL[:10])], "at least 2 folds, the protocol 'mine' made 1"),
    ],
)
def test_an_encoder_that_would_meet_what_the_fold_withholds(pairs, message):
    leaky = opposite_halves(Protocol("mine", "all.", lambda windows: pairs))
    with pytest.raises(ValueError, match=message):
        leaky.folds(UNEQUAL)


#: Two data sets; in the first, people rest and meet one stressor or two.
DATA_SET = ["lab"] * 9 + ["street"] * 2
STRESSOR = ["rest", "sums", "rest", "speech", "rest", "sums", "speech", "rest", "speech", "", ""]
TENSE = [0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1]
MET = labelled([3, 2, 4, 1, 2, 5, 3, 2, 4, 6, 2], TENSE, list("aabbcccddxx"))


@pytest.mark.parametrize(("name", "other"), [("lab", "street"), ("street", "lab")])
def test_a_data_set_is_tested_by_what_the_others_teach(name, other):
    protocol = left_out(DATA_SET, name)
    assert protocol.name == f"without {name}"
    assert protocol.sees.startswith(f"not trained on anything of {name}, nor of the tested people:")
    (fold,) = protocol.folds(MET)
    of_window = np.array(DATA_SET)[MET.recording]
    np.testing.assert_array_equal(fold.test, np.flatnonzero(of_window == name))
    np.testing.assert_array_equal(fold.train, np.flatnonzero(of_window == other))
    with pytest.raises(ValueError, match="at least 2 folds"):
        opposite_halves(protocol).folds(MET)


@pytest.mark.parametrize(("n_splits", "n_folds"), [(2, 2), (10, 3), (None, 3)])
@pytest.mark.parametrize("shared", ["rest", ["rest"], ["rest", "sums"]])
@pytest.mark.parametrize("as_ratings", [False, True])
def test_neither_a_stressor_nor_its_tested_people_are_learnt_from(
    n_splits, n_folds, shared, as_ratings
):
    windows = labelled(np.bincount(MET.recording), TENSE, list("aabbcccddxx"))
    if as_ratings:
        rated(windows)
    folds = left_out(STRESSOR, "speech", shared=shared, n_splits=n_splits).folds(windows)
    of_window = np.array(STRESSOR)[windows.recording]
    tested = np.isin(windows.subject, ["b", "c", "d"])
    tested &= np.isin(of_window, ["speech", *np.atleast_1d(shared)])
    everything = np.sort(np.concatenate([fold.test for fold in folds]))
    np.testing.assert_array_equal(everything, np.flatnonzero(tested))
    assert len(folds) == n_folds
    for fold in folds:
        others = ~np.isin(windows.subject, windows.subject[fold.test])
        np.testing.assert_array_equal(fold.train, np.flatnonzero(others & (of_window != "speech")))


def test_one_person_who_met_a_stressor_is_one_fold():
    stressor = ["rest", "speech", *["rest", "sums"] * 4, "rest"]
    (fold,) = left_out(stressor, "speech", shared="rest").folds(MET)
    assert set(MET.recording[fold.test]) == {0, 1}
    assert set(MET.recording[fold.train]) == set(range(2, 11))


def test_two_encoders_would_meet_the_value_that_is_left_out():
    with pytest.raises(ValueError, match="opposite_halves cannot take.*'without speech'"):
        opposite_halves(left_out(STRESSOR, "speech", shared="rest")).folds(MET)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((STRESSOR[:9], "speech"), "one entry for each of the 11 recordings, got 9"),
        (([STRESSOR], "speech"), r"field must be 1-D.*\(1, 11\)"),
        ((STRESSOR, "maths"), "value: no recording has 'maths'.*'rest', 'sums', 'speech', ''"),
        ((STRESSOR, "speech", "calm"), "shared: no recording has 'calm'.*'rest', 'sums'"),
        ((STRESSOR, "speech", ["rest", "speech"]), "shared must not hold 'speech'"),
        ((STRESSOR, "speech"), "of one class, 1. Pass shared="),
        ((["lab"] * 11, "lab"), "nothing is left to train on without 'lab'"),
        ((TENSE, 1, [0]), "without 1 nothing of the class 1 is left to train on"),
    ],
)
def test_what_cannot_be_left_out_is_named(arguments, message):
    field, value, *shared = arguments
    with pytest.raises(ValueError, match=message):
        left_out(field, value, shared=shared[0] if shared else ()).folds(MET)
