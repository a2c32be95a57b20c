"""Reference windows: which they are, what learns from them, and that none is scored."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ecgssl.classify import SubjectReferenceClassifier
from sklearn_ecgssl.evaluation import (
    LabelledWindows,
    ReferenceWindows,
    linear_classifier,
    opposite_halves,
    shuffled_windows,
    unseen_subjects,
)
from sklearn_ecgssl.evaluation._compare import _without_reference
from sklearn_ecgssl.signal import Segmenter
from tests.evaluation.comparing import ALL_PROTOCOLS, Mean, compare, same

#: Five people, at rest for 6 s and in a task for 4; where they rest differs more than the two do.
RATE = 10
LEVELS = np.repeat([0.0, 50, -30, 90, 20], 2)
SUBJECT = np.repeat(list("ABCDE"), 2)
TARGET = np.tile(["rest", "task"], 5)
RECORDINGS = [
    level + 10 * (label == "task") + np.random.default_rng(i).normal(size=n * RATE)
    for i, (level, label, n) in enumerate(zip(LEVELS, TARGET, [6, 4] * 5, strict=True))
]
SEGMENTER = Segmenter(RATE, window_length=1)
WINDOWS = LabelledWindows.from_recordings(RECORDINGS, TARGET, SUBJECT, SEGMENTER)
TWO_SECONDS = ReferenceWindows("rest", seconds=2)


def mean(X):
    return X.mean(axis=1, keepdims=True)


def relative(classifier=LogisticRegression):
    return SubjectReferenceClassifier(FunctionTransformer(mean), classifier())


def plain():
    return make_pipeline(FunctionTransformer(mean), LogisticRegression())


def compared(estimators, target=TARGET, **params):
    params = {"segmenter": SEGMENTER, "reference": TWO_SECONDS, "n_splits": 3} | params
    return compare(estimators, RECORDINGS, target, SUBJECT, **params)


def scores(results, estimator="relative"):
    table = results.table().query("estimator == @estimator")
    return dict(zip(table[results.varied[0]], table["balanced_accuracy"], strict=True))


class TestReferenceWindows:
    @pytest.mark.parametrize(
        ("position", "seconds", "expected"),
        [
            ("first", 2, [0, 1]),
            ("first", 2.9, [0, 1]),
            ("last", 2, [4, 5]),
            ("first", 6, [0, 1, 2, 3, 4, 5]),
            ("last", 0, []),
        ],
    )
    def test_marks_whole_windows_within_some_seconds_of_each_person(
        self, position, seconds, expected
    ):
        mask = ReferenceWindows("rest", seconds, position).mask(WINDOWS)
        for person in "ABCDE":
            np.testing.assert_array_equal(np.flatnonzero(mask[WINDOWS.subject == person]), expected)

    def test_draws_windows_by_its_seed(self):
        draws = [ReferenceWindows("rest", 3, "random", seed).mask(WINDOWS) for seed in (0, 0, 1)]
        assert [draw.sum() for draw in draws] == [15] * 3
        assert all((WINDOWS.target[draw] == "rest").all() for draw in draws)
        np.testing.assert_array_equal(draws[0], draws[1])
        assert not np.array_equal(draws[0], draws[2])

    @pytest.mark.parametrize(("position", "expected"), [("first", [0, 1, 2]), ("last", [1, 2, 3])])
    def test_seconds_run_on_from_a_persons_recording_to_the_next(self, position, expected):
        # Windows of 2 s that begin every second; four of each label.
        recordings = [np.zeros(30), np.zeros(50), np.zeros(30)]
        windows = LabelledWindows.from_recordings(
            recordings, ["rest", "task", "rest"], ["A"] * 3, Segmenter(RATE, 2, overlap=0.5)
        )
        mask = ReferenceWindows("rest", 5, position).mask(windows)
        rest = np.flatnonzero(windows.target == "rest")
        np.testing.assert_array_equal(np.flatnonzero(mask[rest]), expected)

    def test_windows_that_are_given_have_their_own_length(self):
        windows = LabelledWindows.from_recordings(
            [np.zeros((4, 7680)), np.zeros((2, 7680))], ["rest", "task"], ["A", "A"]
        )
        mask = ReferenceWindows("rest", 60).mask(windows)
        np.testing.assert_array_equal(np.flatnonzero(mask), [0, 1])

    def test_people_who_have_less_are_named(self):
        message = "5 people have less than 7 s of 'rest'.*'A', 'B', 'C', "
        with pytest.warns(UserWarning, match=message) as caught:
            ReferenceWindows("rest", 7).mask(WINDOWS)
        assert caught[0].filename == __file__

    @pytest.mark.parametrize(
        ("params", "match"),
        [
            ({"label": "Rest"}, "label must be one of 'rest', 'task', got 'Rest'"),
            ({"label": "rest", "seconds": 0.5}, r"holds no window of 1 s"),
            ({"label": "rest", "position": "middle"}, "'position' parameter .* 'middle'"),
            ({"label": "rest", "seconds": -1}, "'seconds' parameter .* -1"),
            ({"label": "rest", "seconds": np.nan}, "'seconds' parameter .* nan"),
        ],
    )
    def test_refuses_what_marks_nothing(self, params, match):
        with pytest.raises(ValueError, match=match):
            ReferenceWindows(**params).mask(WINDOWS)


def test_a_reference_brings_back_what_people_differ_in():
    results = compared({"relative": relative(), "plain": plain()})
    assert scores(results)["first 2 s of 'rest'"] == 1
    assert scores(results)["none"] < 0.8
    assert scores(results, "plain")["none"] == scores(results, "plain")["first 2 s of 'rest'"]
    assert scores(results)["none"] == scores(results, "plain")["none"]
    assert (results.table().query("estimator == 'relative'")["auc_within"] == 1).all()


@pytest.mark.parametrize("protocol", ALL_PROTOCOLS)
@pytest.mark.parametrize("label_fractions", [None, [0.5]])
def test_rows_have_the_same_test_windows_and_reference_is_in_none(protocol, label_fractions):
    how = {"vary": {"reference__seconds": [0, 3]}, "label_fractions": label_fractions}
    results = compared({"relative": relative(), "plain": plain()}, protocols=protocol, **how)
    assert len(results.failures) == 0
    assert results.varied[0] == "reference__seconds"
    unused = np.flatnonzero(ReferenceWindows("rest", 3).mask(WINDOWS))
    for _, rows in results.predictions.groupby(["estimator", "reference__seconds"]):
        np.testing.assert_array_equal(
            np.sort(rows["window"]), np.setdiff1d(np.arange(len(WINDOWS)), unused)
        )
    assert scores(results)[0] < 0.9 < scores(results)[3] == 1


def test_labels_are_learnt_from_windows_that_are_reference_in_no_row():
    class Counting(Mean):
        fitted = []

    compared({"counting": Counting(), "relative": relative(Counting)}, n_splits=5)
    # Four of five people, each with four windows of rest and four of the task that are left.
    assert Counting.fitted == [4 * 8] * 15


def test_reference_of_a_test_person_is_for_the_own_level_alone():
    seen = []

    class Watching(SubjectReferenceClassifier):
        def fit(self, X, y, groups=None, reference=None):
            seen.append((set(groups), reference.sum()))
            return super().fit(X, y, groups, reference)

    watching = Watching(FunctionTransformer(mean), LogisticRegression())
    results = compared({"watching": watching}, vary={"reference__seconds": [2]})
    tested = results.predictions.groupby("fold")["subject"].agg(set)
    for fold, (people, n_reference) in enumerate(seen):
        assert people == set("ABCDE") - tested[fold]
        assert n_reference == 2 * len(people)


def test_labels_of_a_test_person_change_none_of_its_predictions():
    mask = TWO_SECONDS.mask(WINDOWS)
    swapped = TARGET.copy()
    swapped[:2] = swapped[1::-1]
    results = [
        compared({"relative": relative()}, target, reference=mask, protocols=unseen_subjects(None))
        for target in (TARGET, swapped)
    ]
    first, second = (
        r.predictions.query("estimator == 'relative' and subject == 'A'") for r in results
    )
    np.testing.assert_array_equal(first["score"], second["score"])
    assert (first["target"].to_numpy() != second["target"].to_numpy()).all()


def test_a_mask_of_recordings_or_of_windows():
    baseline = [level + np.zeros(3 * RATE) for level in LEVELS[::2]]
    recordings, subject = RECORDINGS + baseline, np.append(SUBJECT, list("ABCDE"))
    target = np.append(np.where(TARGET == "rest", "easy", "hard"), ["baseline"] * 5)
    how = {"segmenter": SEGMENTER, "n_splits": 3, "protocols": "windows"}
    results = [
        compare(
            {"relative": relative(), "p": plain()},
            recordings,
            target,
            subject,
            reference=mask,
            **how,
        )
        for mask in (target == "baseline", np.repeat(target == "baseline", [6, 4] * 5 + [3] * 5))
    ]
    assert same(*results)
    assert set(results[0].predictions["predicted"]) == {"easy", "hard"}, "baseline is no class"
    assert "score" in results[0].predictions, "of two classes"
    assert scores(results[0])["given windows"] == 1


def test_what_overlaps_with_reference_is_not_scored():
    results = compared({"relative": relative()}, segmenter=Segmenter(RATE, 1, overlap=0.75))
    windows = results.predictions.query("subject == 'A' and estimator == 'relative'")
    at_rest = np.unique(windows["window"][windows["target"] == "rest"])
    assert at_rest.min() == 10, "the first that begins after 2 s: a window every 2 samples of 10"


def test_a_reference_that_is_a_choice_of_several():
    choices = {"none": None, "first": TWO_SECONDS, "last": ReferenceWindows("rest", 2, "last")}
    results = compared({"relative": relative()}, reference=None, vary={"reference": choices})
    assert list(scores(results)) == ["none", "first", "last"]
    assert results.predictions.groupby("subject")["window"].nunique().tolist() == [6] * 5


@pytest.mark.parametrize(
    ("reference", "match"),
    [
        (TARGET == "rest", "of the windows that are no reference, all are of one class"),
        (SUBJECT == "A", r"4 people have no reference window: 'B', 'C', 'D', \.\.\."),
        (np.ones(7, bool), r"one value for each of 10 recordings or 50 windows, got bool of shape"),
        (np.zeros(10), "an array of bool"),
        (np.zeros(10, bool), "marks nothing"),
        (ReferenceWindows("calm"), "label must be one of 'rest', 'task'"),
    ],
)
def test_refuses_references_that_cannot_be(reference, match):
    with pytest.raises(ValueError, match=match):
        compared({}, reference=reference)


@pytest.mark.parametrize(
    ("reference", "vary", "match"),
    [
        (TARGET == "rest", {"reference__seconds": [0, 1]}, r"needs reference=ReferenceWindows\("),
        (TWO_SECONDS, {"reference__seconds": [1], "reference": [None]}, "got both"),
        (None, {"reference": TWO_SECONDS}, "must be a list, or a dict"),
    ],
)
def test_refuses_to_vary_what_is_not_there(reference, vary, match):
    with pytest.raises(ValueError, match=match):
        compared({}, reference=reference, vary=vary)


@pytest.mark.parametrize(
    "around", [GridSearchCV(relative(), {"classifier__C": [1]}), CalibratedClassifierCV(relative())]
)
def test_refuses_what_passes_no_reference_on(around):
    with pytest.raises(ValueError, match="'around' holds a SubjectReferenceClassifier inside"):
        compared({"around": around})


def test_without_a_reference_its_classifier_warns():
    with pytest.warns(UserWarning, match="fit was given no reference windows"):
        compared({"relative": relative()}, reference=None)


def test_a_subclass_may_predict_otherwise():
    class AlwaysRest(SubjectReferenceClassifier):
        def predict(self, X, groups=None, reference=None):
            return np.full(len(X), "rest")

    always = AlwaysRest(FunctionTransformer(mean), LogisticRegression())
    predictions = compared({"always": always}).predictions.query("estimator == 'always'")
    assert set(predictions["predicted"]) == {"rest"}


@pytest.mark.parametrize("routing", [False, True])
def test_a_step_of_a_pipeline_is_given_groups_and_reference(routing):
    with config_context(enable_metadata_routing=routing):
        last = relative()
        if routing:
            last.set_fit_request(groups=True, reference=True)
        model = make_pipeline(FunctionTransformer(), last)
        results = compared({"relative": relative(), "step": model})
    assert len(results.failures) == 0
    assert scores(results, "step") == scores(results)


def test_reference_is_in_no_part_of_a_fold():
    windows = LabelledWindows.from_recordings(RECORDINGS, TARGET, SUBJECT, SEGMENTER)
    mask = TWO_SECONDS.mask(windows)
    folds = opposite_halves(shuffled_windows(4)).folds(windows)
    for fold in _without_reference(folds, windows, [mask]):
        for part in (fold.train, fold.test, fold.pretrain):
            assert len(part)
            assert not mask[part].any()


def test_reference_is_not_pretrained_on_either():
    seen = []

    class Watching(FunctionTransformer):
        def fit(self, X, y=None):
            seen.append(len(X))
            return super().fit(X, y)

    watching = SubjectReferenceClassifier(Watching(mean), LogisticRegression())
    compared({"relative": watching}, vary={"reference__seconds": [0, 1, 2]}, n_splits=5)
    assert seen == [4 * 8] * 15, "the same windows in each row"


def test_people_all_of_whose_windows_are_reference_are_not_scored():
    mask = TWO_SECONDS.mask(WINDOWS) | (WINDOWS.subject == "C")
    with pytest.warns(UserWarning, match="1 people are not scored, all of their windows are"):
        results = compared({"relative": relative()}, reference=mask)
    assert "C" not in set(results.predictions["subject"])


def test_a_folder_tells_references_apart(tmp_path):
    for seconds in (2, 3):
        how = {"reference": ReferenceWindows("rest", seconds)}
        fresh = compared({"relative": relative()}, **how)
        assert same(compared({"relative": relative()}, folder=tmp_path, **how), fresh)
        assert same(compared({"relative": relative()}, folder=tmp_path, **how), fresh)


def test_results_say_what_of_the_new_person_was_used():
    notes = compared({"relative": relative(), "plain": plain()}).notes
    assert "neither learnt from nor scored" in notes["reference windows"]
    assert "uses that much signal of the tested people" in notes["relative"]
    assert "plain" not in notes


class TestLinearClassifier:
    def test_chooses_c_on_people_held_out(self):
        """Each person's own level tells the training windows apart, and nobody else's."""
        rng = np.random.default_rng(0)
        people, y = np.repeat(np.arange(8), 20), np.tile([0, 1], 80)
        own = rng.normal(size=(8, 12))[people] * (2 * y[:, None] - 1)
        X = np.column_stack([y + rng.normal(size=160), own + 0.1 * rng.normal(size=own.shape)])
        by_people = linear_classifier(C=None).fit(X, y, groups=people)
        by_samples = linear_classifier(C=None).fit(X, y)
        chosen = [m.best_params_["logisticregression__C"] for m in (by_people, by_samples)]
        assert chosen[0] < chosen[1]

    def test_two_people_are_held_out_in_turn(self):
        y, groups = np.array([0, 1, 0, 1]), np.array([1, 1, 2, 2])
        search = linear_classifier(C=None).fit(y[:, None], y, groups=groups)
        folds = list(search.cv.split(y, y, groups))
        assert sorted(groups[test].tolist() for _, test in folds) == [[1, 1], [2, 2]]

    @pytest.mark.parametrize(
        ("y", "groups"),
        [
            ([0, 0, 1, 1, 0, 1], [1, 1, 1, 1, 2, 2]),
            ([0, 0, 1, 1, 0, 1], [1, 1, 2, 2, 1, 2]),
            ([0, 0, 0, 1], [1, 1, 2, 2]),
        ],
    )
    def test_few_people_are_no_obstacle(self, y, groups, recwarn):
        X = np.array(y)[:, None] + np.linspace(0, 0.1, len(y))[:, None]
        model = linear_classifier(C=None).fit(X, y, groups=groups)
        np.testing.assert_array_equal(model.predict(X), y)
        assert not len(recwarn)
