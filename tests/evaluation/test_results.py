import builtins

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, f1_score

from sklearn_ecgssl.evaluation import EvaluationResults, LabelledWindows, confidence_interval
from sklearn_ecgssl.evaluation._results import score_labels
from sklearn_ecgssl.evaluation._tasks import Outcome
from sklearn_ecgssl.signal import Segmenter

#: Six recordings of 1, 2, 3, 1, 2 and 3 windows, of three people.
N_WINDOWS = [1, 2, 3, 1, 2, 3]
TARGET = ["calm", "tense", "calm", "tense", "calm", "tense"]
WINDOWS = LabelledWindows.from_recordings(
    [np.zeros(n) for n in N_WINDOWS],
    TARGET,
    ["Ann", "Ann", "Bob", "Bob", "Cid", "Cid"],
    Segmenter(sampling_rate=1, window_length=1),
)
OF_WINDOW = WINDOWS.target
NOTES = {"windows": "sees the same people.", "svm": "is a support vector machine."}


def outcome(test, predicted, fold, estimator="svm", protocol="windows", error="", **more):
    labels = {"estimator": estimator, "protocol": protocol, **more, "fold": fold}
    measures = {} if error else {"fit_seconds": 1.5}
    return Outcome(labels, np.asarray(test), np.asarray(predicted), measures, error)


def flipped(indices, wrong):
    """Predictions of which those in `wrong` are wrong."""
    labels = OF_WINDOW[indices].copy()
    bad = np.isin(indices, wrong)
    labels[bad] = np.where(labels[bad] == "calm", "tense", "calm")
    return labels


def three_folds(wrong=(1, 4, 5, 8), **labels):
    parts = np.arange(0, 4), np.arange(4, 8), np.arange(8, 12)
    return [outcome(test, flipped(test, wrong), fold, **labels) for fold, test in enumerate(parts)]


@pytest.fixture
def results():
    return EvaluationResults(
        three_folds() + three_folds(wrong=(), protocol="subjects"), WINDOWS, NOTES
    )


class TestScores:
    def test_by_hand(self):
        target, predicted = ["a"] * 6 + ["b"] * 2, ["a"] * 5 + ["b"] + ["b", "a"]
        scores = score_labels(target, predicted)
        assert scores["accuracy"] == pytest.approx(6 / 8)
        assert scores["balanced_accuracy"] == pytest.approx((5 / 6 + 1 / 2) / 2)
        f1_a, f1_b = 2 * 5 / (2 * 5 + 1 + 1), 2 * 1 / (2 * 1 + 1 + 1)
        assert scores["macro_f1"] == pytest.approx((f1_a + f1_b) / 2)

    @pytest.mark.filterwarnings("error")
    def test_a_test_part_with_one_class_is_scored_by_that_class(self):
        assert score_labels(["a"] * 4, ["a", "a", "a", "b"])["balanced_accuracy"] == 0.75
        assert score_labels(["a"] * 4, ["b"] * 4) == {
            "accuracy": 0, "balanced_accuracy": 0, "macro_f1": 0
        }  # fmt: skip
        assert set(score_labels(["a"] * 4, ["a"] * 4).values()) == {1.0}

    def test_same_as_scikit_learn(self):
        rng = np.random.default_rng(0)
        target, predicted = rng.integers(3, size=(2, 50))
        scores = score_labels(target, predicted)
        assert scores["balanced_accuracy"] == pytest.approx(
            balanced_accuracy_score(target, predicted)
        )
        assert scores["macro_f1"] == pytest.approx(f1_score(target, predicted, average="macro"))


class TestConfidenceInterval:
    def test_is_students_t(self):
        scores = [0.61, 0.72, 0.55, 0.80, 0.66]
        mean, half = confidence_interval(scores)
        low, high = stats.t.interval(0.95, 4, loc=np.mean(scores), scale=stats.sem(scores))
        assert (mean - half, mean + half) == pytest.approx((low, high))
        assert confidence_interval(scores, level=0.5)[1] < half

    def test_two_folds_by_hand(self):
        assert confidence_interval([0.4, 0.6]) == pytest.approx((0.5, 12.7062 * 0.1), rel=1e-5)

    def test_nan_is_left_out(self):
        assert confidence_interval([0.4, np.nan, 0.6]) == confidence_interval([0.4, 0.6])

    def test_too_few(self):
        assert confidence_interval([0.7])[0] == 0.7
        assert np.isnan(confidence_interval([0.7])[1])
        assert np.isnan(confidence_interval([])).all()
        assert np.isnan(confidence_interval([np.nan])).all()

    def test_a_generator(self):
        assert confidence_interval(x for x in (0.4, 0.6))[0] == 0.5


class TestTables:
    def test_predictions_say_where_each_window_is_from(self, results):
        predictions = results.predictions
        assert len(predictions) == 24
        of_svm = predictions[predictions["protocol"] == "windows"]
        np.testing.assert_array_equal(of_svm["window"], np.arange(12))
        np.testing.assert_array_equal(of_svm["recording"], WINDOWS.recording)
        np.testing.assert_array_equal(of_svm["subject"], WINDOWS.subject)
        np.testing.assert_array_equal(of_svm["target"], WINDOWS.target)
        wrong = np.flatnonzero(of_svm["target"] != of_svm["predicted"])
        assert wrong.tolist() == [1, 4, 5, 8]

    def test_folds(self, results):
        folds = results.folds()
        assert folds["fold"].tolist() == [0, 1, 2, 0, 1, 2]
        assert folds["n_windows"].tolist() == [4] * 6
        assert folds["accuracy"].tolist() == [0.75, 0.5, 0.75, 1, 1, 1]
        assert folds["fit_seconds"].tolist() == [1.5] * 6

    def test_table_is_mean_and_interval_over_folds(self, results):
        table = results.table()
        assert table["protocol"].tolist() == ["windows", "subjects"]
        assert table["n_folds"].tolist() == [3, 3]
        mean, half = confidence_interval([0.75, 0.5, 0.75])
        assert table["accuracy"].tolist() == pytest.approx([mean, 1])
        assert table["accuracy_ci"].tolist() == pytest.approx([half, 0])
        folds = results.folds()[:3]
        for metric in ("balanced_accuracy", "macro_f1"):
            assert table[metric][0] == pytest.approx(folds[metric].mean())
        assert "fit_seconds" in table
        assert results.table(level=0.5)["accuracy_ci"][0] < half

    def test_subjects(self, results):
        subjects = results.subjects()[:3]
        assert subjects["subject"].tolist() == ["Ann", "Bob", "Cid"]
        assert subjects["n_windows"].tolist() == [3, 4, 5]
        assert subjects["accuracy"].tolist() == pytest.approx([2 / 3, 2 / 4, 4 / 5])

    def test_pooled_counts_each_window_alike(self):
        uneven = [outcome([0], flipped([0], [0]), 0), outcome(range(1, 12), OF_WINDOW[1:], 1)]
        results = EvaluationResults(uneven, WINDOWS, {})
        assert results.pooled()["accuracy"].tolist() == pytest.approx([11 / 12])
        assert results.table()["accuracy"].tolist() == pytest.approx([1 / 2])

    def test_recordings_vote(self, results):
        # Window 1 ties with window 2, 4 and 5 outvote 3, 8 ties with 7: of a tie, the first label.
        recordings = results.recordings()
        assert recordings["n_recordings"].tolist() == [6, 6]
        voted = ["calm", "calm", "tense", "tense", "calm", "tense"]
        assert recordings["accuracy"][0] == pytest.approx(
            np.mean(np.array(voted) == np.array(TARGET))
        )
        assert recordings["accuracy"][1] == 1

    def test_order_is_that_of_the_outcomes(self):
        outcomes = [
            outcome(range(12), OF_WINDOW, 0, estimator=e, protocol=p)
            for e in ("zebra", "ape")
            for p in ("windows", "subjects")
        ]
        table = EvaluationResults(outcomes, WINDOWS, {}).table()
        assert table["estimator"].tolist() == ["zebra", "zebra", "ape", "ape"]

    @pytest.mark.parametrize("kind", [int, str, bool, object])
    def test_any_labels(self, kind):
        codes = (OF_WINDOW == "calm").astype(int)
        names = np.array(["x", "y"])[codes] if kind in (str, object) else codes
        windows = LabelledWindows(
            WINDOWS.store, names.astype(kind), WINDOWS.subject, WINDOWS.recording
        )
        done = [outcome(range(12), names.astype(kind), 0)]
        results = EvaluationResults(done, windows, {})
        assert results.table()["macro_f1"].tolist() == [1]
        assert results.recordings()["accuracy"].tolist() == [1]


class TestStudyColumn:
    @pytest.mark.parametrize(
        "settings",
        [(5, 15), (0.1, 1.0), ("noise", "warp"), (None, "noise"), (None, 3), (True, False)],
    )
    def test_every_setting_has_its_row(self, settings):
        outcomes = three_folds(setting=settings[0]) + three_folds((), setting=settings[1])
        results = EvaluationResults(outcomes, WINDOWS, NOTES)
        table = results.table()
        assert len(table) == 2
        assert table["accuracy"].tolist() == pytest.approx([2 / 3, 1])
        assert len(results.folds()) == 6
        assert len(results.subjects()) == 6
        assert len(results.recordings()) == len(results.pooled()) == 2
        assert str(results)
        assert len(results.to_markdown().splitlines()) == 4

    def test_markdown_has_a_row_a_setting(self):
        outcomes = three_folds(setting=15) + three_folds((), setting=5)
        assert EvaluationResults(outcomes, WINDOWS, {}).to_markdown("accuracy").splitlines()[0] == (
            "| estimator | setting | windows |"
        )
        lines = EvaluationResults(outcomes, WINDOWS, {}).to_markdown("accuracy").splitlines()
        assert lines[1] == "|---|---|---|"
        assert lines[2].startswith("| svm | 15 | 0.667 ± ")
        assert lines[3] == "| svm | 5 | 1.000 ± 0.000 |"

    def test_what_only_some_fits_measured_is_averaged_over_those(self):
        outcomes = three_folds()
        outcomes[0].measures["pretext_accuracy"] = 0.9
        outcomes[2].measures["pretext_accuracy"] = 0.7
        table = EvaluationResults(outcomes, WINDOWS, {}).table()
        assert table["pretext_accuracy"].tolist() == pytest.approx([0.8])
        assert table["n_folds"].tolist() == [3]


class TestPrinting:
    def test_markdown(self, results):
        lines = results.to_markdown("accuracy").splitlines()
        assert lines[0] == "| estimator | windows | subjects |"
        assert lines[1] == "|---|---|---|"
        assert lines[2] == "| svm | 0.667 ± 0.359 | 1.000 ± 0.000 |"

    def test_markdown_is_balanced_accuracy_by_default(self, results):
        assert results.to_markdown() == results.to_markdown("balanced_accuracy")
        assert results.to_markdown() != results.to_markdown("macro_f1")

    def test_unknown_metric(self, results):
        with pytest.raises(ValueError, match=r"one of \['accuracy', .*got 'auc'"):
            results.to_markdown("auc")

    def test_one_fold_has_no_interval(self):
        one = EvaluationResults([outcome(range(12), OF_WINDOW, 0)], WINDOWS, {})
        assert one.to_markdown().splitlines()[2] == "| svm | 1.000 |"

    def test_what_was_not_run_is_empty(self):
        outcomes = three_folds() + three_folds((), estimator="net", protocol="subjects")
        lines = EvaluationResults(outcomes, WINDOWS, {}).to_markdown("accuracy").splitlines()
        assert lines[2].endswith("|  |")
        assert lines[3] == "| net |  | 1.000 ± 0.000 |"

    def test_everything_is_shown(self, results):
        text = str(results)
        assert text == repr(results)
        for part in ("balanced accuracy", "macro f1", "0.667", "windows: sees the same people."):
            assert part in text
        assert "failed" not in text

    def test_a_bar_in_a_name_does_not_break_the_table(self):
        results = EvaluationResults(three_folds(estimator="svm | rbf"), WINDOWS, {})
        lines = results.to_markdown().splitlines()
        assert lines[2].startswith(r"| svm \| rbf | ")


class TestFailures:
    def test_are_kept_beside_the_others(self):
        outcomes = [*three_folds(), outcome([0, 1], [], 0, estimator="net", error="ValueError: no")]
        results = EvaluationResults(outcomes, WINDOWS, NOTES)
        assert results.failures.to_dict("records") == [
            {"estimator": "net", "protocol": "windows", "fold": 0, "error": "ValueError: no"}
        ]
        assert results.table()["estimator"].tolist() == ["svm"]
        assert "1 fits failed, see `failures`" in str(results)

    def test_a_failed_fold_is_left_out_of_the_mean(self):
        outcomes = three_folds()
        outcomes[1] = outcome([4, 5], [], 1, error="MemoryError: ")
        table = EvaluationResults(outcomes, WINDOWS, {}).table()
        assert table["n_folds"].tolist() == [2]
        assert table["accuracy"].tolist() == [0.75]

    @pytest.mark.parametrize("outcomes", [[], [outcome([0], [], 0, error="ValueError: no")]])
    def test_nothing_succeeded(self, outcomes):
        results = EvaluationResults(outcomes, WINDOWS, NOTES)
        assert "no fit succeeded" in str(results)
        assert "sees the same people" in str(results)
        for frame in (
            results.table(),
            results.folds(),
            results.subjects(),
            results.recordings(),
            results.pooled(),
            results.predictions,
        ):
            assert len(frame) == 0
            assert "accuracy" in frame or frame is results.predictions
        if outcomes:
            assert results.to_markdown().count("\n") == 1


def test_pandas_is_missing(monkeypatch):
    imported = builtins.__import__

    def without_pandas(name, *args, **kwargs):
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'")
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(ImportError, match=r"pip install sklearn_ecgssl\[evaluation\]"):
        EvaluationResults(three_folds(), WINDOWS, {})
