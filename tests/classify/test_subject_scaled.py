"""Features that are scaled person by person; test_properties has any numbers and subjects."""

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


SUBJECT = np.array(["b", "a", "b", "a"])
VALUES = np.array([[1.0, 0], [10, 5], [3, 0], [30, 5]])
SCALED = [[-1, 0], [-1, 0], [1, 0], [1, 0]]
Y = [0, 0, 1, 1]


def test_features_are_computed_and_then_scaled_by_person():
    model = SubjectScaledClassifier(Double(), Kept()).fit(VALUES, Y, groups=SUBJECT)
    assert model.features_.fitted_on_ == 4
    np.testing.assert_allclose(model.classifier_.X_, SCALED)
    np.testing.assert_array_equal(model.classifier_.y_, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = model.predict(3 - 7 * VALUES, groups=[9, 8, 9, 8])
    np.testing.assert_allclose(scaled, np.negative(SCALED), atol=1e-12)
    with pytest.warns(UserWarning, match="scaled as one person's"):
        scaled = model.predict(VALUES[:, 1:])
    np.testing.assert_allclose(scaled, [[-1], [1], [-1], [1]])


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (SUBJECT[:3], r"groups .*each of the 4 sample\(s\), got shape \(3,\)"),
        (SUBJECT[:, None], r"groups .*each of the 4 sample\(s\), got shape \(4, 1\)"),
        (np.array([1, 2, None, 1], dtype=object), "groups is missing for sample 2"),
        (np.array([1, 2, np.nan, 1]), "groups is missing for sample 2"),
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
        model = SubjectScaledClassifier(FunctionTransformer(validate=True), LogisticRegression())
        model.set_fit_request(groups=True).set_score_request(groups=True)
        scores = cross_val_score(model, X, y, params={"groups": subject}, **folds)
    assert scores.tolist() == [1] * 6


def test_frozen_features_are_kept():
    frozen = FrozenEstimator(Double().fit(VALUES[:2]))
    model = SubjectScaledClassifier(frozen, Kept()).fit(VALUES, Y)
    assert model.features_.fitted_on_ == 2
