"""Features that are scaled person by person; tests/properties has any numbers and subjects."""

import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.preprocessing import FunctionTransformer

from sklearn_ecgssl.classify import SubjectScaledClassifier
from sklearn_ecgssl.classify._subject_scaled import scale_rows
from tests.tiny import tiny_embedder, waves


class Kept(BaseEstimator):
    """A classifier that keeps what it is shown."""

    def fit(self, X, y):
        self.X_, self.y_, self.classes_ = X, y, np.unique(y)
        return self

    def predict(self, X):
        return X


class Double(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_on_ = len(X)
        return self

    def transform(self, X):
        return 2 * np.asarray(X)


SUBJECT = np.array(["b", "a", "b", "a", "b", "a"])
VALUES = np.array([[1.0, 0], [10, 5], [2, 0], [30, 5], [6, 0], [20, 5]])
Y = [0, 1] * 3


def scaled_one_by_one(values, people):
    expected = np.zeros(values.shape)
    for person in set(people):
        own = np.flatnonzero(people == person)
        for column in range(values.shape[1]):
            x = values[own, column]
            if x.std() > 0:
                expected[own, column] = (x - x.mean()) / x.std()
    return expected


def test_what_never_changes_is_zero_and_small_changes_are_kept():
    for value in (5.0, 0.1 + 0.2, 1e9 / 3, -1e-9):
        np.testing.assert_array_equal(scale_rows(np.full((7, 1), value)), 0)
    rows = 1000 + np.array([[0.0], [0.01]])
    np.testing.assert_allclose(scale_rows(rows), [[-1], [1]], rtol=1e-6)


@pytest.mark.filterwarnings("error")
def test_nan_is_left_out_and_stays():
    rows = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    expected = [[-1, np.nan], [np.nan, np.nan], [1, np.nan]]
    np.testing.assert_array_equal(scale_rows(rows), expected)


def test_features_are_computed_and_then_scaled_by_person():
    model = SubjectScaledClassifier(Double(), Kept()).fit(VALUES, Y, groups=SUBJECT)
    assert model.features_.fitted_on_ == 6
    np.testing.assert_allclose(model.classifier_.X_, scaled_one_by_one(VALUES, SUBJECT))
    np.testing.assert_array_equal(model.classifier_.y_, Y)
    new = np.array([[100.0, 1], [7, 2], [300, 3], [8, 4]])
    people = np.array([9, 8, 9, 8])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = model.predict(new, groups=people)
    np.testing.assert_allclose(scaled, scaled_one_by_one(new, people), atol=1e-12)
    with pytest.warns(UserWarning, match="scaled as one person's"):
        scaled = model.predict(new)
    np.testing.assert_allclose(scaled, scaled_one_by_one(new, np.zeros(4)), atol=1e-12)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (SUBJECT[:5], r"groups .*each of the 6 sample\(s\), got shape \(5,\)"),
        (SUBJECT[:, None], r"groups .*each of the 6 sample\(s\), got shape \(6, 1\)"),
        (np.array([1, 2, None, 1, 2, 1], dtype=object), "groups is missing for sample 2"),
        (np.array([1, 2, np.nan, 1, 2, 1]), "groups is missing for sample 2"),
    ],
)
def test_bad_groups(groups, message):
    model = SubjectScaledClassifier(Double(), Kept())
    with pytest.raises(ValueError, match=message):
        model.fit(VALUES, Y, groups=groups)
    assert not hasattr(model, "classifier_")


def test_takes_the_difference_between_people_away_also_when_routed():
    """Heart rates: a person's level hides what is common to all, ten beats more when tense."""
    rng = np.random.default_rng(0)
    subject, y = np.repeat(np.arange(6), 10), np.tile([0, 1], 30)
    X = (60 + 40 * rng.permutation(6)[subject] + 10 * y + rng.normal(size=60))[:, None]
    folds = {"cv": LeaveOneGroupOut(), "error_score": "raise"}
    assert np.mean(cross_val_score(LogisticRegression(), X, y, groups=subject, **folds)) < 0.7
    with config_context(enable_metadata_routing=True):
        model = SubjectScaledClassifier(FunctionTransformer(), LogisticRegression())
        model.set_fit_request(groups=True).set_predict_request(groups=True)
        # scorers pass no groups: each test set is of one person
        with pytest.warns(UserWarning, match="scaled as one person's"):
            scores = cross_val_score(model, X, y, params={"groups": subject}, **folds)
    assert scores.tolist() == [1] * 6


def test_with_an_embedder_and_names():
    X, y = waves(n_times=32)
    names = np.array(["tense", "calm"])[y]
    subject = np.arange(24) // 6
    model = SubjectScaledClassifier(tiny_embedder(), LogisticRegression(max_iter=500))
    model.fit(X, names, groups=subject)
    assert model.classes_.tolist() == ["calm", "tense"]
    assert model.n_features_in_ == 32
    assert set(model.predict(X, groups=subject)) == {"calm", "tense"}
    assert model.classifier_.coef_.shape == (1, 4)


def test_frozen_features_are_kept():
    frozen = FrozenEstimator(Double().fit(VALUES[:2]))
    model = SubjectScaledClassifier(frozen, Kept()).fit(VALUES, Y)
    assert model.features_.fitted_on_ == 2
