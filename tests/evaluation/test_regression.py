"""Regression of ratings under the protocols of classes: what is found, split and refused."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ecgssl.datasets import make_cohort
from sklearn_ecgssl.evaluation import ReferenceWindows, compare_protocols, left_out
from sklearn_ecgssl.features import HRVFeatures
from sklearn_ecgssl.plotting import ScoreDisplay
from tests.evaluation.comparing import ALL_PROTOCOLS, SEGMENTER, same

N_PEOPLE, N_EACH = 8, 4
SUBJECT = np.repeat(np.arange(N_PEOPLE), N_EACH)
_rng = np.random.default_rng(0)
#: What a person's recordings are about, and how each differs from that.
LEVEL = np.repeat(_rng.normal(size=N_PEOPLE), N_EACH)
UPS = np.tile([-1.5, -0.5, 0.5, 1.5], N_PEOPLE)
RATINGS = 5 + LEVEL + UPS
NOISE = 0.1 * _rng.normal(size=(len(SUBJECT), 128))
#: Of 2 s, whose mean tells the rating.
RECORDINGS = RATINGS[:, None] + NOISE
DATA = RECORDINGS, RATINGS, SUBJECT


def means(X):
    return X.mean(axis=1, keepdims=True)


def regressor():
    return make_pipeline(FunctionTransformer(means), Ridge(1e-3))


def compare(estimators, recordings, ratings, **params):
    estimators = estimators | {"heart rate": DummyRegressor()}
    params = {"segmenter": SEGMENTER, "n_splits": 4, "protocols": "subjects"} | params
    return compare_protocols(estimators, recordings, ratings, SUBJECT, **params)


class TestScores:
    def test_a_law_that_holds_for_all_people_is_found_on_new_ones(self):
        results = compare({"linear": regressor()}, RECORDINGS, RATINGS, protocols=ALL_PROTOCOLS)
        scores = results.table().set_index(["estimator", "protocol"])
        for protocol in ALL_PROTOCOLS:
            found = scores.loc["linear", protocol]
            for metric in ("r2", "concordance", "r2_within", "concordance_within", "r2_pooled"):
                assert found[metric] > 0.98, metric
            mean = scores.loc["mean rating", protocol]
            assert mean["r2"] <= 0
            assert mean["concordance"] == 0
        assert results.recordings()["n_recordings"].eq(len(SUBJECT)).all()
        assert ScoreDisplay.from_results(results, ax=Figure().subplots()).metric == "concordance"

    def test_ups_and_downs_are_found_within_people_whose_level_is_not_in_the_signal(self):
        results = compare({"linear": regressor()}, UPS[:, None] + NOISE, 5 + 3 * LEVEL + UPS)
        scores = results.table().set_index("estimator").loc["linear"]
        assert scores[["r2_within", "concordance_within"]].min() > 0.95
        assert scores["r2_pooled"] < 0.3
        assert scores["concordance_pooled"] < 0.5

    def test_the_heart_rate_of_a_recording_is_found_by_its_baseline(self):
        cohort = make_cohort(n_subjects=6, duration=20, random_state=0)
        rate = HRVFeatures(256, features=["mean_hr"]).fit_transform(cohort.recordings)[:, 0]
        data = cohort.recordings, rate, cohort.subject
        results = compare_protocols({}, *data, protocols="subjects", n_splits=3)
        scores = results.table().set_index("estimator")
        assert list(scores.index) == ["mean rating", "heart rate"], "fractions are ratings"
        assert scores.loc["heart rate", "r2_pooled"] > 0.9
        assert scores.loc["heart rate", "concordance_within"] > 0.9


class Constant(RegressorMixin, BaseEstimator):
    """Remembers whom it learnt from and whom it was asked about."""

    calls = []

    def __init__(self, shift=0.0):
        self.shift = shift

    def fit(self, X, y, groups):
        self.people_, self.mean_ = set(groups), np.float32(y.mean())
        return self

    def predict(self, X, groups):
        self.calls.append((self.people_, set(groups)))
        return np.full((len(X), 1), self.mean_ + self.shift)


@pytest.mark.parametrize("by_data_set", [False, True])
def test_nobody_is_learnt_from_and_tested(by_data_set):
    Constant.calls.clear()
    protocols = left_out(SUBJECT < 3, True) if by_data_set else "subjects"
    results = compare({"c": Constant()}, RECORDINGS, RATINGS, protocols=protocols)
    assert len(Constant.calls) == (1 if by_data_set else 4)
    for learnt, tested in Constant.calls:
        assert learnt == set(range(3, 8)) if by_data_set else len(learnt) == 6
        assert learnt.isdisjoint(tested)
    assert set(results.predictions["subject"]) == set(range(3 if by_data_set else 8))


def test_results_of_a_folder_are_the_same_ratings(tmp_path):
    estimators = {"constant": Constant(), "linear": regressor()}
    call = {"vary": {"ridge__alpha": [0.1, 10]}, "folder": tmp_path}
    first = compare(estimators, RECORDINGS, np.round(RATINGS), **call)
    Constant.calls.clear()
    again = compare(estimators, RECORDINGS, np.round(RATINGS), **call)
    assert Constant.calls == []
    assert same(first, again)
    assert first.predictions["predicted"].dtype == again.predictions["predicted"].dtype == float


def test_a_prediction_that_is_no_number_is_a_failure():
    with pytest.warns(UserWarning, match="4 of 12 fits failed"):
        results = compare({"nan": Constant(np.nan)}, RECORDINGS, RATINGS)
    assert results.failures["error"].str.contains("NaN").all()


class TestRefusals:
    @pytest.mark.parametrize(
        ("ratings", "message"),
        [
            (np.where(np.arange(32) == 3, np.nan, RATINGS), "target is missing for recording 3"),
            (["calm", "tense"] * 16, "target must be numbers.*'calm'"),
            ([4.5] * 32, r"one rating only \(4.5\)"),
            (np.where(UPS > 1, np.inf, RATINGS), "infinite"),
        ],
    )
    def test_what_is_no_rating(self, ratings, message):
        with pytest.raises(ValueError, match=message):
            compare({"linear": regressor()}, RECORDINGS, ratings)

    def test_classifiers(self):
        with pytest.raises(ValueError, match=r"Binarize them.*target > target.mean\(\)"):
            compare_protocols(LogisticRegression(), *DATA, segmenter=SEGMENTER)
        with pytest.raises(TypeError, match="'ridge' is a regressor, 'logistic' is not"):
            compare({"ridge": Ridge(), "logistic": LogisticRegression()}, RECORDINGS, RATINGS)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"label_fractions": [0.5]}, "label_fractions.*Leave it out"),
            ({"reference": ReferenceWindows(1.0, 2)}, "reference.*Leave it out, or binarize"),
        ],
    )
    def test_what_needs_classes(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            compare({"linear": regressor()}, RECORDINGS, RATINGS, **arguments)
