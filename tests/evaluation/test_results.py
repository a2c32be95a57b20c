import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, f1_score

from sklearn_ecgssl.evaluation import EvaluationResults, confidence_interval

METRICS = ["accuracy", "balanced_accuracy", "macro_f1"]
#: Twelve windows of six recordings of three people.
RECORDING = np.repeat(np.arange(6), [1, 2, 3, 1, 2, 3])
SUBJECT = np.array(["Ann", "Bob", "Cid"])[RECORDING // 2]
TARGET = np.array(["calm", "tense"])[RECORDING % 2]
OTHER = {"calm": "tense", "tense": "calm"}
NOTES = {"windows": "sees the same people.", "svm": "is a support vector machine."}
THREE_FOLDS = np.arange(0, 4), np.arange(4, 8), np.arange(8, 12)


def fit(test, wrong, fold, error="", measured=None, **keys):
    """Columns of a fit, and its predictions, of which those of the windows in `wrong` are wrong."""
    keys = {"estimator": "svm", "protocol": "windows", **keys, "fold": fold}
    predicted = [OTHER[TARGET[i]] if i in wrong else TARGET[i] for i in test]
    rows = pd.DataFrame(
        keys
        | {"window": test, "recording": RECORDING[test], "subject": SUBJECT[test]}
        | {"target": TARGET[test], "predicted": predicted, "score": 0.5}
    )
    of_fit = {"error": error, "fit_seconds": 1.5, "scored_by": "predict_proba"}
    return keys | of_fit | (measured or {}), rows[:0] if error else rows


def three_folds(wrong=(1, 4, 5, 8), **keys):
    return [fit(test, wrong, fold, **keys) for fold, test in enumerate(THREE_FOLDS)]


def results_of(fits):
    predictions = pd.concat([rows for _, rows in fits], ignore_index=True)
    return EvaluationResults(predictions, pd.DataFrame([columns for columns, _ in fits]), NOTES)


@pytest.fixture(scope="module")
def results():
    return results_of(three_folds() + three_folds(wrong=(), protocol="subjects"))


def test_scores_of_several_classes_are_scikit_learns():
    target, predicted = np.random.default_rng(0).integers(3, size=(2, 50))
    keys = {"estimator": "a", "protocol": "b", "fold": 0}
    frame = pd.DataFrame(keys | {"target": target, "predicted": predicted})
    pooled = EvaluationResults(frame, pd.DataFrame([keys | {"error": ""}]), {}).pooled()
    balanced = balanced_accuracy_score(target, predicted)
    macro_f1 = f1_score(target, predicted, average="macro")
    expected = [np.mean(target == predicted), balanced, macro_f1]
    assert pooled[METRICS].to_numpy()[0] == pytest.approx(expected)


@pytest.mark.filterwarnings("error")
def test_a_test_set_with_one_class_is_scored_by_that_class():
    folds = results_of([fit([1, 2], [], 0), fit([1, 2], [1, 2], 1), fit([1, 2], [1], 2)]).folds()
    assert folds["balanced_accuracy"].tolist() == folds["accuracy"].tolist() == [1, 0, 0.5]
    assert folds["macro_f1"].tolist() == pytest.approx([1, 0, 1 / 3])


def test_confidence_interval_is_students_t():
    scores = [0.61, 0.72, 0.55, 0.80, 0.66]
    for level in (0.95, 0.5):
        mean, half = confidence_interval(scores, level)
        interval = stats.t.interval(level, 4, loc=np.mean(scores), scale=stats.sem(scores))
        assert (mean - half, mean + half) == pytest.approx(interval)
    assert confidence_interval([0.4, np.nan, 0.6]) == confidence_interval(x for x in (0.4, 0.6))
    np.testing.assert_equal(confidence_interval([0.7]), (0.7, np.nan))
    np.testing.assert_equal(confidence_interval([np.nan]), (np.nan, np.nan))


class TestTables:
    def test_folds(self, results):
        folds = results.folds()
        assert folds["fold"].tolist() == [0, 1, 2, 0, 1, 2]
        assert folds["n_windows"].tolist() == [4] * 6
        assert folds["accuracy"].tolist() == [0.75, 0.5, 0.75, 1, 1, 1]
        assert folds["fit_seconds"].tolist() == [1.5] * 6
        assert folds["scored_by"].unique().tolist() == ["predict_proba"]

    def test_table_is_mean_and_interval_over_folds(self, results):
        table, folds = results.table(), results.folds()
        assert table["protocol"].tolist() == ["windows", "subjects"]
        assert table["n_folds"].tolist() == [3, 3]
        for metric in METRICS:
            expected = [confidence_interval(folds[metric][i : i + 3]) for i in (0, 3)]
            np.testing.assert_allclose(table[[metric, f"{metric}_ci"]], expected)
        assert table["fit_seconds"].tolist() == [1.5, 1.5]
        assert "fit_seconds_ci" not in table
        assert results.table(level=0.5)["accuracy_ci"][0] < table["accuracy_ci"][0]

    def test_subjects(self, results):
        subjects = results.subjects()[:3]
        assert subjects["subject"].tolist() == ["Ann", "Bob", "Cid"]
        assert subjects["n_windows"].tolist() == [3, 4, 5]
        assert subjects["accuracy"].tolist() == pytest.approx([2 / 3, 2 / 4, 4 / 5])

    def test_pooled_counts_each_window_alike(self):
        results = results_of([fit([0], [0], 0), fit(range(1, 12), [], 1)])
        assert results.pooled()["accuracy"].tolist() == pytest.approx([11 / 12])
        assert results.table()["accuracy"].tolist() == pytest.approx([1 / 2])

    def test_recordings_vote(self, results):
        # Window 1 ties with window 2, 4 and 5 outvote 3, 8 ties with 7: of a tie, the first label.
        recordings = results.recordings()
        assert recordings["n_recordings"].tolist() == [6, 6]
        voted = np.array(["calm", "calm", "tense", "tense", "calm", "tense"])
        right = np.mean(voted == ["calm", "tense"] * 3)
        assert recordings["accuracy"].tolist() == pytest.approx([right, 1])

    def test_what_only_some_fits_measured_is_averaged_over_those(self):
        measured = [{"pretext_accuracy": 0.9}, {}, {"pretext_accuracy": 0.7}]
        fits = [fit(THREE_FOLDS[i], [], i, measured=measured[i]) for i in range(3)]
        table = results_of(fits).table()
        assert table["pretext_accuracy"].tolist() == pytest.approx([0.8])
        assert table["n_folds"].tolist() == [3]

    @pytest.mark.parametrize("values", [(15, 5), ("None", 3)])
    def test_every_varied_value_has_its_rows(self, values):
        results = results_of(three_folds(C=values[0]) + three_folds((), C=values[1]))
        assert results.varied == ["C"]
        assert results.table()["C"].tolist() == list(values)
        assert results.table()["accuracy"].tolist() == pytest.approx([2 / 3, 1])
        assert len(results.folds()) == len(results.subjects()) == 6
        assert len(results.recordings()) == len(results.pooled()) == 2
        head, _, *lines = results.to_markdown("accuracy").splitlines()
        assert head == "| estimator | C | windows |"
        assert lines[0].startswith(f"| svm | {values[0]} | 0.667 ± ")
        assert lines[1] == f"| svm | {values[1]} | 1.000 ± 0.000 |"


def test_markdown(results):
    head, rule, line = results.to_markdown("accuracy").splitlines()
    assert (head, rule) == ("| estimator | windows | subjects |", "|---|---|---|")
    assert line == "| svm | 0.667 ± 0.359 | 1.000 ± 0.000 |"
    assert results.to_markdown() == results.to_markdown("balanced_accuracy")
    with pytest.raises(ValueError, match="one of 'accuracy', .*got 'auc'"):
        results.to_markdown("auc")


def test_in_markdown_what_was_not_run_is_empty_and_one_fold_has_no_interval():
    one = fit(range(12), [], 0, estimator="svm | rbf")
    net = fit(range(12), [], 0, estimator="net", protocol="subjects")
    lines = results_of([one, net]).to_markdown("accuracy").splitlines()
    assert lines[2:] == [r"| svm \| rbf | 1.000 |  |", "| net |  | 1.000 |"]


def test_nothing_succeeded():
    results = results_of([fit([0], [], 0, error="ValueError: no")])
    assert "no fit succeeded" in str(results)
    assert "sees the same people" in str(results)
    for table in ("table", "folds", "subjects", "recordings", "pooled"):
        frame = getattr(results, table)()
        assert len(frame) == 0
        assert "accuracy" in frame
    assert results.to_markdown().count("\n") == 1
