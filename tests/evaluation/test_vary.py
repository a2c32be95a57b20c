"""What is varied: parameters, windows, labels."""

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.classify import SegmentVotingClassifier
from sklearn_ecgssl.evaluation import pretext_accuracy
from sklearn_ecgssl.signal import Segmenter
from sklearn_ecgssl.transforms import AddNoise
from tests.evaluation.comparing import RECORDINGS, SEGMENTER, Mean, compare, embedding
from tests.tiny import SAMPLING_RATE, tiny_ecg_classifier, tiny_pretrainer

NOISE = "sslembedder__pretrainer__noise"


def predictions_of(results, **values):
    """Rows with some values of what was varied, as if nothing had been."""
    rows = results.predictions
    for name, value in values.items():
        rows = rows[rows[name] == value].drop(columns=name)
    return rows.reset_index(drop=True)


class TestVary:
    def test_each_combination_is_set_where_it_is_and_repeated_where_it_is_not(self):
        results = compare(
            {"mean": Mean(), "svm": SVC()}, vary={"C": [1, 2, 3], "shift": [0, 0.1]}, n_splits=2
        )
        assert results.varied == ["C", "shift"]
        table = results.table()
        assert table["C"].tolist() == [1] * 8 + [2] * 8 + [3] * 8
        assert table["shift"].tolist() == ([0] * 4 + [0.1] * 4) * 3
        assert table["estimator"].tolist() == ["mean", "svm", "heart rate", "majority class"] * 6
        assert len(Mean.fitted) == 2 * 2, "not once for each C"
        assert results.folds().query("estimator == 'svm'")["fit_seconds"].nunique() == 2 * 3
        for C, shift in [(1, 0.1), (3, 0)]:
            alone = compare({"mean": Mean(shift=shift), "svm": SVC(C=C)}, n_splits=2)
            assert predictions_of(results, C=C, shift=shift).equals(alone.predictions)

    @pytest.mark.parametrize(
        ("name", "values", "shown", "with_noise"),
        [
            (NOISE, [AddNoise(5), "drop"], ["AddNoise(snr_db=5)", "drop"], [2, 0]),
            (NOISE, {"loud": AddNoise(5), 0: "drop"}, ["loud", 0], [2, 0]),
            ("svc__class_weight", [None, "balanced"], ["None", "balanced"], [2, 2]),
        ],
    )
    def test_values_that_are_no_numbers(self, name, values, shown, with_noise):
        how = {"vary": {name: values}, "measure": pretext_accuracy, "n_splits": 2}
        results = compare({"e": embedding(tiny_pretrainer(max_epochs=0))}, **how)
        assert len(results.failures) == 0
        assert results.table()[name].unique().tolist() == shown
        measured = results.folds().query("estimator == 'e'").groupby(name, sort=False)
        assert measured["noise_accuracy"].count().tolist() == with_noise

    def test_an_estimator_and_its_own_parameter_are_combined_and_left_alone(self):
        svc = SVC(C=7)
        vary = {"clf": {"svc": svc}, "clf__C": [1e-6, 1e3]}
        together = compare({"p": Pipeline([("clf", SVC())])}, vary=vary)
        for C in vary["clf__C"]:
            alone = compare({"p": Pipeline([("clf", SVC(C=C))])})
            rows = predictions_of(together, clf="svc", clf__C=C)
            assert rows.equals(alone.predictions)
        assert svc.C == 7

    @pytest.mark.parametrize(
        ("name", "values", "message"),
        [
            ("shifts", [1], "no estimator has a parameter 'shifts'. Close to it are: .*shift"),
            ("window_length", [1], "Close to it are: .*segmenter__window_length"),
            ("pretrainer__noise__snr", [1], "Close to it are: .*sslembedder__pretrainer__noise__"),
            ("estimator", [Mean(), SVC()], "'estimator' is a column.*dict of estimators"),
            *(
                ("svc__C", values, "the values of 'svc__C' must be a list")
                for values in ([], "rbf", [None, "None"], [SVC(), SVC()])
            ),
        ],
    )
    def test_what_cannot_be_varied_is_named_before_anything_is_fitted(self, name, values, message):
        voting = SegmentVotingClassifier(Mean(), SEGMENTER)
        models = {"mean": Mean(), "voting": voting, "default": embedding()}
        with pytest.raises(ValueError, match=message):
            compare(models, vary={name: values})
        assert Mean.fitted == []


class TestWindowLength:
    def test_recordings_are_cut_anew(self):
        name = "segmenter__window_length"
        results = compare({"mean": Mean()}, vary={name: [0.5, 2]})
        rows = results.folds().query("estimator == 'mean'").groupby(name)["n_windows"].sum()
        for length in (0.5, 2):
            n_windows = sum(len(x) // int(length * SAMPLING_RATE) for x in RECORDINGS)
            assert rows[length] == n_windows
        assert results.recordings()["n_recordings"].unique().tolist() == [12]
        assert SEGMENTER.window_length == 1
        alone = compare({"mean": Mean()}, segmenter=Segmenter(SAMPLING_RATE, 2))
        assert predictions_of(results, **{name: 2}).equals(alone.predictions)

    def test_windows_cannot_be_cut(self):
        vary = {"segmenter__window_length": [1]}
        with pytest.raises(ValueError, match="given as windows, which segmenter__window_length"):
            compare({"mean": Mean()}, SEGMENTER.transform(RECORDINGS), vary=vary)


class TestLabelFractions:
    def test_what_needs_labels_sees_those_that_are_kept(self):
        results = compare({"mean": Mean()}, label_fractions=[1, 0.5, 0.01])
        assert results.varied == ["label_fraction"]
        assert results.table()["label_fraction"].unique().tolist() == [1, 0.5, 0.01]
        all_of_it, half, few = np.array(Mean.fitted).reshape(3, 3).T
        n_windows = sum(SEGMENTER.count(len(x)) for x in RECORDINGS)
        assert sum(all_of_it) == 2 * n_windows
        assert (all_of_it > half).all()
        # Four people of two classes are in a training set: one window for each.
        assert few.tolist() == [8, 8, 8]
        # Each fraction is scored on the same windows.
        assert (results.folds().groupby("fold")["n_windows"].nunique() == 1).all()

    def test_all_labels_are_the_plain_comparison(self):
        pretrainer = tiny_pretrainer(max_epochs=1)
        network = tiny_ecg_classifier(pretrainer, max_epochs=1)
        models = {"net": network, "embedding": embedding(pretrainer)}
        results = compare(models, n_splits=2, label_fractions=[1.0])
        plain = compare(models, n_splits=2)
        assert predictions_of(results, label_fraction=1).equals(plain.predictions)
