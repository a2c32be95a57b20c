import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, r2_score, roc_auc_score

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
    pooled = EvaluationResults(
        frame, pd.DataFrame([keys | {"error": "", "scored_by": ""}]), {}
    ).pooled()
    balanced = balanced_accuracy_score(target, predicted)
    macro_f1 = f1_score(target, predicted, average="macro")
    expected = [np.mean(target == predicted), balanced, macro_f1]
    assert pooled[METRICS].to_numpy()[0] == pytest.approx(expected)


@pytest.mark.filterwarnings("error")
def test_a_test_set_with_one_class_is_scored_by_that_class():
    folds = results_of([fit([1, 2], [], 0), fit([1, 2], [1, 2], 1), fit([1, 2], [1], 2)]).folds()
    assert folds["balanced_accuracy"].tolist() == folds["accuracy"].tolist() == [1, 0, 0.5]
    assert folds["macro_f1"].tolist() == pytest.approx([1, 0, 1 / 3])


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


def scored(scores, target, subject, fold=0, scored_by="predict_proba", predicted=None, **params):
    """Results of windows with these scores: an array, or a dict of columns."""
    keys = {"estimator": "svm", "protocol": "subjects"}
    windows = {"window": range(len(target)), "recording": range(len(target))}
    windows |= {"subject": list(subject), "target": target}
    windows |= {"predicted": target if predicted is None else predicted}
    scores = scores if isinstance(scores, dict) else {"score": scores}
    predictions = pd.DataFrame(keys | {"fold": fold} | windows | scores)
    fits = predictions[[*keys, "fold"]].drop_duplicates()
    fits = fits.assign(error="", fit_seconds=1.0, scored_by=scored_by)
    return EvaluationResults(predictions, fits, {}, **params)


@pytest.mark.filterwarnings("error")
class TestScoresOfWindows:
    #: Ann's windows are ranked, Bob's too, a level higher; Cid is only calm.
    target = np.array(["calm", "calm", "tense", "tense"] * 2 + ["calm"])
    scores = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9])
    people = "AAAABBBBC"

    def test_a_level_of_each_person_is_what_the_pooled_windows_lose(self):
        results = scored(self.scores, self.target, self.people)
        (row,) = results.table().to_dict("records")
        assert row["n_subjects"] == 2
        assert (row["auc_within"], row["auc_within_ci"]) == (1, 0)
        assert row["auc_pooled"] == roc_auc_score(self.target == "tense", self.scores) < 0.65
        assert (row["balanced_accuracy_bound"], row["balanced_accuracy_bound_ci"]) == (1, 0)
        # Thresholds .15 and .55, the classes .2 apart.
        assert row["threshold_spread"] == pytest.approx(0.4 / 2**0.5 / 0.2)
        subjects = results.subjects().set_index("subject")
        assert subjects["auc"].tolist()[:2] == subjects["best_balanced_accuracy"].tolist()[:2]
        np.testing.assert_allclose(subjects["best_threshold"], [0.15, 0.55, np.nan])
        assert np.isnan(subjects["auc"]["C"])

    def test_the_interval_within_is_over_people_with_both_classes(self):
        scores = [0, 1, 2, 3, 1, 2, 0, 3, 5]
        results = scored(scores, self.target, self.people, fold=list("001100110"))
        auc = results.subjects()["auc"]
        table = results.table(level=0.8)
        expected = confidence_interval(auc, 0.8)
        np.testing.assert_allclose(table[["auc_within", "auc_within_ci"]].to_numpy()[0], expected)
        assert auc.tolist()[:2] == [1, 0.5]

    def test_brier_score_and_calibration_need_probabilities_of_every_fit(self):
        fold = [0, 0, 0, 0, 1, 1, 1, 1, 1]
        of_all = scored(self.scores, self.target, self.people, fold)
        mean_square = np.mean((self.scores - (self.target == "tense")) ** 2)
        assert of_all.pooled()["brier"][0] == of_all.table()["brier"][0]
        assert of_all.pooled()["brier"][0] == pytest.approx(mean_square)
        assert of_all.table()["calibration_error"][0] > 0
        scored_by = ["predict_proba", "decision_function"]
        some = scored(9 * self.scores - 4, self.target, self.people, fold, scored_by)
        assert some.pooled()[["brier", "calibration_error"]].isna().all(axis=None)
        for name in ("auc", "average_precision"):
            assert some.pooled()[name].equals(of_all.pooled()[name])

    def test_of_several_classes_the_order_of_the_columns_is_not_theirs(self):
        target = np.array(["b", "c", "a", "b"])
        columns = {"score_c": [0, 1, 0, 0], "score_b": [1, 0, 0, 1], "score_a": [0, 0, 1, 0]}
        row = scored(columns, target, "AAAA").table().iloc[0]
        assert (row["auc_within"], row["auc_pooled"], row["brier"]) == (1, 1, 0)

    def test_a_class_that_no_test_set_holds_keeps_its_place(self):
        seen = self.target == "tense"
        results = scored(self.scores[seen], self.target[seen], "AABB", classes=["calm", "tense"])
        assert results.pooled()["brier"][0] == pytest.approx(np.mean((1 - self.scores[seen]) ** 2))
        assert np.isnan(results.table()["auc_pooled"][0])
        assert results.table()["n_subjects"][0] == 0

    def test_without_scores_they_are_nan_and_not_printed(self):
        results = scored(np.nan, self.target, self.people, scored_by="")
        row = results.table().iloc[0]
        assert row["n_subjects"] == 2
        assert row["auc_within":].isna().all()
        assert "AUC" not in str(results)
        assert results.to_markdown("auc_within").splitlines()[2] == "| svm |  |"
        shown = str(scored(self.scores, self.target, self.people))
        assert "AUC within a person, mean over people ± 95 % confidence interval:" in shown
        assert shown.count("1.000") == 2, "balanced accuracy of the one fold, and AUC"

    def test_every_score_can_be_written(self):
        results = scored(self.scores, self.target, self.people)
        for metric in ("auc_pooled", "threshold_spread", "average_precision"):
            cell = results.to_markdown(metric).splitlines()[2]
            assert cell == f"| svm | {results.table()[metric][0]:.3f} |"


@pytest.mark.filterwarnings("error")
class TestRatings:
    """Ann's and Bob's ratings are followed, each a level too low or too high; Cid's are equal."""

    target = [1.0, 2, 3, 7, 8, 9, 5, 5, 5]
    predicted = [3.0, 4, 5, 5, 6, 7, 4, 5, 6]

    @pytest.fixture
    def ratings(self):
        return scored({}, self.target, "AAABBBCCC", [0, 0, 0, 1, 1, 1, 2, 2, 2], "",
                      self.predicted, regression=True)  # fmt: skip

    def test_each_fold(self, ratings):
        folds = ratings.folds()
        assert folds["rmse"].tolist() == pytest.approx([2, 2, (2 / 3) ** 0.5])
        assert folds["r2"].tolist()[:2] == pytest.approx([1 - 12 / 2] * 2)
        # Variances of 2/3, means 2 apart.
        assert folds["concordance"].tolist()[:2] == pytest.approx([(4 / 3) / (4 / 3 + 4)] * 2)
        assert folds[["r2", "concordance"]].iloc[2].isna().all()
        assert "accuracy" not in folds

    def test_within_people_and_across_them(self, ratings):
        subjects = ratings.subjects().set_index("subject")
        assert subjects.loc["A", ["r2", "concordance", "rmse"]].tolist() == [1, 1, 0]
        assert subjects.loc["C", ["r2", "concordance", "rmse"]].isna().all()
        row = ratings.table().iloc[0]
        assert row["n_subjects"] == 2
        assert (row["r2_within"], row["concordance_within"]) == (1, 1)
        assert (row["r2_within_ci"], row["concordance_within_ci"]) == (0, 0)
        assert row["r2"] == pytest.approx(-5)
        pooled = ratings.pooled()
        assert (
            row["r2_pooled"]
            == pooled["r2"][0]
            == pytest.approx(r2_score(self.target, self.predicted))
        )
        assert row["concordance_pooled"] == pooled["concordance"][0]

    def test_windows_of_a_recording_are_averaged(self, ratings):
        ratings.predictions["recording"] = [0, 0, 0, 1, 1, 1, 2, 2, 2]
        ratings.predictions["target"] = [2.0] * 3 + [8.0] * 3 + [5.0] * 3
        recordings = ratings.recordings()
        assert recordings["n_recordings"].tolist() == [3]
        assert recordings["rmse"][0] == pytest.approx(np.sqrt((4 + 4 + 0) / 3))

    def test_shown(self, ratings):
        shown = str(ratings)
        assert "concordance correlation, mean over folds" in shown
        assert "concordance correlation within a person, mean over people" in shown
        assert ratings.to_markdown() == ratings.to_markdown("concordance")
