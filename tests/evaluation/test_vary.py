"""What is varied: parameters, windows, labels; and what is measured besides."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.classify import SegmentVotingClassifier
from sklearn_ecgssl.evaluation import pretext_accuracy
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.transforms import AddNoise
from tests.evaluation.comparing import RECORDINGS, SEGMENTER, SUBJECT, TARGET, Mean, compare, same
from tests.tiny import SAMPLING_RATE, tiny_ecg_classifier, tiny_pretrainer

pytestmark = pytest.mark.filterwarnings("ignore:.*usable beats:UserWarning")
COMPARED = ["mean", "svm", "heart rate", "majority class"]


@pytest.fixture(autouse=True)
def _forget_fits():
    Mean.fitted.clear()


def embedding():
    return make_pipeline(SSLEmbedder(tiny_pretrainer(max_epochs=1)), SVC())


class TestVary:
    def test_is_set_where_it_is_and_repeated_where_it_is_not(self):
        results = compare({"mean": Mean(), "svm": SVC()}, vary={"shift": [0, 0.1]})
        assert results.varied == ["shift"]
        table = results.table()
        assert table["shift"].tolist() == [0] * 4 + [0.1] * 4
        assert table["estimator"].tolist() == COMPARED * 2
        assert len(Mean.fitted) == 6
        for shift in (0, 0.1):
            alone = compare({"mean": Mean(shift=shift), "svm": SVC()})
            rows = results.predictions.query("shift == @shift").drop(columns="shift")
            assert rows.reset_index(drop=True).equals(alone.predictions)

    def test_several_parameters_are_combined(self):
        results = compare(
            {"mean": Mean(), "svm": SVC()}, vary={"C": [1, 2, 3], "shift": [0, 0.1]}, n_splits=2
        )
        assert results.varied == ["C", "shift"]
        assert len(results.table()) == 3 * 2 * 4
        assert len(Mean.fitted) == 2 * 2, "not once for each C"
        fit_seconds = results.folds().query("estimator == 'svm'")["fit_seconds"]
        assert fit_seconds.nunique() == 2 * 3

    @pytest.mark.parametrize(
        ("values", "shown"),
        [
            ([AddNoise(snr_db=5), "drop"], ["AddNoise(snr_db=5)", "drop"]),
            ({"loud": AddNoise(snr_db=5), 0: "drop"}, ["loud", 0]),
        ],
    )
    def test_values_that_are_no_numbers(self, values, shown):
        name = "sslembedder__pretrainer__noise"
        results = compare(
            {"e": embedding()}, vary={name: values}, measure=pretext_accuracy, n_splits=2
        )
        assert len(results.failures) == 0
        assert results.table()[name].unique().tolist() == shown
        measured = results.folds().query("estimator == 'e'").groupby(name, sort=False)
        assert measured["noise_accuracy"].count().tolist() == [2, 0]

    def test_a_value_of_none_has_rows(self):
        results = compare({"svm": SVC()}, vary={"class_weight": [None, "balanced"]})
        assert results.table()["class_weight"].unique().tolist() == ["None", "balanced"]

    def test_the_default_pretrainer_has_parameters_too(self):
        model = make_pipeline(SSLEmbedder(), SVC())
        small = {"small": tiny_pretrainer(max_epochs=0)}
        results = compare({"e": model}, vary={"sslembedder__pretrainer": small}, n_splits=2)
        assert len(results.failures) == 0
        with pytest.raises(ValueError, match="Close to it are: .*sslembedder__pretrainer__noise__"):
            compare({"e": model}, vary={"pretrainer__noise__snr": [1]})

    def test_what_is_a_column_already(self):
        voting = SegmentVotingClassifier(Mean(), SEGMENTER)
        with pytest.raises(ValueError, match="'estimator' is a column.*dict of estimators"):
            compare({"voting": voting}, vary={"estimator": [Mean(), SVC()]})

    @pytest.mark.parametrize("name", ["shifts", "window_length", "Shift"])
    def test_what_no_estimator_has(self, name):
        with pytest.raises(ValueError, match=f"no estimator has a parameter '{name}'. Close to it"):
            compare({"mean": Mean()}, vary={name: [1]})
        assert Mean.fitted == []

    def test_an_estimator_and_its_own_parameter_are_combined_and_left_alone(self):
        svc = SVC(C=7)
        pipe = Pipeline([("clf", SVC())])
        together = compare(
            {"p": pipe}, vary={"clf": {"svc": svc}, "clf__C": [1e-6, 1e3]}, protocols="subjects"
        )
        for C in (1e-6, 1e3):
            alone = compare({"p": Pipeline([("clf", SVC(C=C))])}, protocols="subjects")
            rows = together.predictions.query(f"estimator == 'p' and clf__C == {C}")
            expected = alone.predictions.query("estimator == 'p'")
            np.testing.assert_array_equal(rows["score"], expected["score"])
        assert svc.C == 7

    @pytest.mark.parametrize("values", [[], "rbf", [None, "None"], [SVC(), SVC()]])
    def test_values_must_look_different(self, values):
        with pytest.raises(ValueError, match="vary: the values of 'clf__C' must be a list"):
            compare({"p": Pipeline([("clf", SVC())])}, vary={"clf__C": values})


class TestWindowLength:
    def test_recordings_are_cut_anew(self):
        name = "segmenter__window_length"
        results = compare({"mean": Mean()}, vary={name: [1, 3]})
        rows = results.folds().query("estimator == 'mean'").groupby(name)["n_windows"].sum()
        for length in (1, 3):
            n_windows = sum(len(x) // (length * SAMPLING_RATE) for x in RECORDINGS)
            assert rows[length] == n_windows
        assert results.recordings()["n_recordings"].unique().tolist() == [12]
        assert SEGMENTER.window_length == 2
        alone = compare({"mean": Mean()}, segmenter=type(SEGMENTER)(SAMPLING_RATE, 3))
        of_three = results.predictions[results.predictions[name] == 3].drop(columns=name)
        assert of_three.reset_index(drop=True).equals(alone.predictions)

    def test_windows_cannot_be_cut(self):
        with pytest.raises(ValueError, match="given as windows, which segmenter__window_length"):
            compare(
                {"mean": Mean()},
                SEGMENTER.transform(RECORDINGS),
                vary={"segmenter__window_length": [1]},
            )


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
        network = tiny_ecg_classifier(tiny_pretrainer(), max_epochs=1)
        estimators = {"net": network, "embedding": embedding()}
        plain = compare(estimators, n_splits=2)
        fraction = compare(estimators, n_splits=2, label_fractions=[1.0])
        kept = fraction.predictions.drop(columns="label_fraction")
        assert kept.equals(plain.predictions)

    def test_pretrainers_learn_from_all_windows(self):
        X, _, subject = SEGMENTER.windows(RECORDINGS, TARGET, SUBJECT)
        pretrained = []

        def measure(model, X_test):
            if hasattr(model, "steps"):
                pretrained.append((model[0].pretrainer_.estimator.state_, len(X_test)))
            return {}

        results = compare({"e": embedding()}, label_fractions=[0.1, 0.01], measure=measure)
        folds = results.predictions.query("estimator == 'e' and label_fraction == 0.1")
        for fold, rows in folds.groupby("fold"):
            train = ~np.isin(subject, rows["subject"].unique())
            by_hand = tiny_pretrainer(max_epochs=1).fit(X[train]).state_
            for state, n_test in pretrained[2 * fold : 2 * fold + 2]:
                assert n_test == len(rows)
                np.testing.assert_equal(state, by_hand)

    @pytest.mark.parametrize("fraction", [0, 1.5])
    def test_what_is_no_fraction(self, fraction):
        with pytest.raises(ValueError, match="fraction == .*, must be"):
            compare({"mean": Mean()}, label_fractions=[fraction])
        assert Mean.fitted == []


class TestMeasure:
    def test_becomes_columns_of_the_folds(self):
        def measure(model, X):
            return {"n": len(X)} if isinstance(model, LogisticRegression) else {}

        results = compare({"linear": LogisticRegression()}, measure=measure)
        folds = results.folds()
        linear = folds["estimator"] == "linear"
        assert folds.loc[linear, "n"].tolist() == folds.loc[linear, "n_windows"].tolist()
        assert folds.loc[~linear, "n"].isna().all()
        assert results.table()["n"][0] == folds.loc[linear, "n"].mean()
        assert same(results, compare({"linear": LogisticRegression()}, measure=measure))

    @pytest.mark.parametrize("network", [False, True])
    @pytest.mark.parametrize("fractions", [None, [0.5]])
    def test_how_well_transformations_are_recognised(self, network, fractions):
        pretrainer = tiny_pretrainer(max_epochs=1).without("noise", "warp")
        model = (
            tiny_ecg_classifier(pretrainer, "trunk", max_epochs=1)
            if network
            else make_pipeline(SSLEmbedder(pretrainer), SVC())
        )
        results = compare(
            {"model": model}, measure=pretext_accuracy, n_splits=2, label_fractions=fractions
        )
        folds = results.folds().query("estimator == 'model'")
        tasks = ["original", "scale", "negate", "flip", "permute"]
        scores = folds[[f"{task}_accuracy" for task in tasks]]
        np.testing.assert_allclose(folds["pretext_accuracy"], scores.mean(axis=1))
        assert "noise_accuracy" not in folds
        assert ((scores > 0) & (scores <= 1)).all(axis=None)
