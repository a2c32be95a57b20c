import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
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
    np.testing.assert_array_equal(scale_rows([[3.0, 4.0]]), [[0, 0]])
    rows = 1000 + np.array([[0.0], [0.01]])
    np.testing.assert_allclose(scale_rows(rows), [[-1], [1]], rtol=1e-6)


def test_nan_is_left_out_and_stays():
    rows = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = scale_rows(rows)
    np.testing.assert_array_equal(scaled, [[-1, np.nan], [np.nan, np.nan], [1, np.nan]])


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
        model.fit(VALUES, [0, 1] * 3, groups=groups)
    assert not hasattr(model, "classifier_")


def test_features_are_scaled_after_they_are_computed():
    model = SubjectScaledClassifier(Double(), Kept()).fit(VALUES, [0, 1] * 3, groups=SUBJECT)
    assert model.features_.fitted_on_ == 6
    np.testing.assert_allclose(model.classifier_.X_, scaled_one_by_one(VALUES, SUBJECT))
    np.testing.assert_array_equal(model.classifier_.y_, [0, 1] * 3)


def test_new_people_are_scaled_by_themselves():
    model = SubjectScaledClassifier(Double(), Kept()).fit(VALUES, [0, 1] * 3, groups=SUBJECT)
    new = np.array([[100.0, 1], [7, 2], [300, 3], [8, 4]])
    people = np.array([9, 8, 9, 8])
    np.testing.assert_allclose(
        model.predict(new, groups=people), scaled_one_by_one(new, people), atol=1e-12
    )
    np.testing.assert_allclose(model.predict(new), scaled_one_by_one(new, np.zeros(4)), atol=1e-12)


def people_who_differ(n_people=6, n_each=10):
    """Heart rates: a person's level hides what is common to all, ten beats more when tense."""
    rng = np.random.default_rng(0)
    subject = np.repeat(np.arange(n_people), n_each)
    target = np.tile([0, 1], n_people * n_each // 2)
    level = 60 + 40 * rng.permutation(n_people)[subject]
    return (level + 10 * target + rng.normal(size=len(target)))[:, None], target, subject


def test_takes_the_difference_between_people_away():
    X, y, subject = people_who_differ()
    train, test = subject < 4, subject >= 4
    scaled = SubjectScaledClassifier(FunctionTransformer(), LogisticRegression())
    scaled.fit(X[train], y[train], groups=subject[train])
    assert np.mean(scaled.predict(X[test], groups=subject[test]) == y[test]) == 1
    plain = LogisticRegression().fit(X[train], y[train])
    assert plain.score(X[test], y[test]) < 0.7


def test_a_test_part_of_one_person_needs_no_groups():
    X, y, subject = people_who_differ()
    model = SubjectScaledClassifier(FunctionTransformer(), LogisticRegression())
    for one in np.unique(subject):
        known, new = subject != one, subject == one
        model.fit(X[known], y[known], groups=subject[known])
        assert model.score(X[new], y[new]) == 1


def test_metadata_routing_of_groups_to_fit():
    X, y, subject = people_who_differ()
    with config_context(enable_metadata_routing=True):
        model = SubjectScaledClassifier(FunctionTransformer(), LogisticRegression())
        model.set_fit_request(groups=True).set_predict_request(groups=True)
        scores = cross_val_score(
            model, X, y, params={"groups": subject}, cv=LeaveOneGroupOut(), error_score="raise"
        )
    assert scores.tolist() == [1] * 6


def test_with_an_embedder_and_names():
    X, y = waves()
    names = np.array(["tense", "calm"])[y]
    subject = np.arange(24) // 6
    model = SubjectScaledClassifier(tiny_embedder(), LogisticRegression(max_iter=500))
    model.fit(X, names, groups=subject)
    assert model.classes_.tolist() == ["calm", "tense"]
    assert model.n_features_in_ == 64
    assert set(model.predict(X, groups=subject)) == {"calm", "tense"}
    assert model.classifier_.coef_.shape == (1, 4)


def test_missing_features_reach_the_imputer():
    X, y, subject = people_who_differ()
    X = np.c_[X, np.where(np.arange(60) % 7, X[:, 0], np.nan), np.full(60, np.nan)]
    classifier = make_pipeline(SimpleImputer(keep_empty_features=True), LogisticRegression())
    model = SubjectScaledClassifier(FunctionTransformer(), classifier).fit(X, y, groups=subject)
    assert np.mean(model.predict(X, groups=subject) == y) == 1


def test_frozen_features_are_kept():
    frozen = FrozenEstimator(Double().fit(VALUES[:2]))
    model = SubjectScaledClassifier(frozen, Kept()).fit(VALUES, [0, 1] * 3)
    assert model.features_.fitted_on_ == 2


def test_no_target():
    with pytest.raises(ValueError, match="y should be a 1d array"):
        SubjectScaledClassifier(Double(), Kept()).fit(VALUES, None)


def test_target_of_another_length():
    model = SubjectScaledClassifier(Double(), LogisticRegression())
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(VALUES, [0, 1])


@pytest.mark.parametrize(
    ("features", "classifier", "name"),
    [(Kept(), Kept(), "features"), (Double(), Double(), "classifier"), (None, Kept(), "features")],
)
def test_bad_parameter_is_named(features, classifier, name):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        SubjectScaledClassifier(features, classifier).fit(VALUES, [0, 1] * 3)


def test_several_people_without_groups_are_warned_of():
    model = SubjectScaledClassifier(FunctionTransformer(), Kept())
    model.fit(VALUES, np.tile([0, 1], 3), groups=SUBJECT)
    with pytest.warns(UserWarning, match="scaled as one person's"):
        model.predict(VALUES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(VALUES, groups=SUBJECT)
