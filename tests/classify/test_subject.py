"""What holds for all classifiers of a person's features."""

import warnings

import joblib
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_val_score
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_ecgssl.classify import SubjectScaledClassifier
from tests.classify.persons import CLASSES, HEART_RATE, REST, SUBJECT, TARGET, Double, Kept, given

each_class = pytest.mark.parametrize("kind", CLASSES)


@each_class
def test_routing_brings_people_and_their_rest_to_fit_and_score(kind):
    """A person's level hides what is common to all; reference windows are not scored."""
    folds = {"cv": LeaveOneGroupOut(), "error_score": "raise"}
    plain = cross_val_score(LogisticRegression(), HEART_RATE, TARGET, groups=SUBJECT, **folds)
    assert np.mean(plain) < 0.7
    metadata = given(kind)
    y = np.where(REST, "no class", TARGET) if "reference" in metadata else TARGET
    with config_context(enable_metadata_routing=True):
        model = kind(FunctionTransformer(validate=True), LogisticRegression())
        wanted = dict.fromkeys(metadata, True)
        model.set_fit_request(**wanted).set_score_request(**wanted)
        scores = cross_val_score(model, HEART_RATE, y, params=metadata, **folds)
    assert scores.tolist() == [1] * 6


@each_class
def test_answers_are_the_classifiers_about_relative_features(kind):
    model = kind(Double(), LogisticRegression()).fit(HEART_RATE, TARGET, **given(kind))
    relative = model.subject_features(HEART_RATE, **given(kind))
    for method in ("predict", "predict_proba", "decision_function"):
        answer = getattr(model, method)(HEART_RATE, **given(kind))
        np.testing.assert_array_equal(answer, getattr(model.classifier_, method)(relative))
    scored = ~given(kind).get("reference", np.zeros(60, bool))
    wrong = np.where(SUBJECT == "a", "rest", TARGET)
    weights = np.where(SUBJECT == "a", 3, 1)
    expected = np.average((wrong == TARGET)[scored], weights=weights[scored])
    score = model.score(HEART_RATE, wrong, sample_weight=weights, **given(kind))
    assert score == pytest.approx(expected)
    machine = kind(Double(), SVC())
    for model in (machine, clone(machine).fit(HEART_RATE, TARGET, **given(kind))):
        assert hasattr(model, "decision_function")
        assert not hasattr(model, "predict_proba")


@each_class
def test_a_persons_answers_depend_on_his_or_her_windows_alone(kind):
    model = kind(Double(), LogisticRegression()).fit(HEART_RATE, TARGET, **given(kind))
    together = model.decision_function(HEART_RATE, **given(kind))
    own = SUBJECT == "c"
    alone = model.decision_function(HEART_RATE[own], **given(kind, own))
    np.testing.assert_array_equal(together[own], alone)
    other = HEART_RATE.copy()
    other[20] += 5  # the first of c's reference windows
    changed = model.decision_function(other, **given(kind)) != together
    np.testing.assert_array_equal(changed, own)


@each_class
def test_people_reach_parts_that_take_them(kind):
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=LeaveOneGroupOut())
    model = kind(Double(), search).fit(HEART_RATE, TARGET, **given(kind))
    learnt = SUBJECT if kind is SubjectScaledClassifier else SUBJECT[~REST]
    np.testing.assert_array_equal(model.features_.groups_, learnt)
    assert model.features_.fitted_on_ == len(learnt)
    assert model.classifier_.n_splits_ == 6


@each_class
@pytest.mark.filterwarnings("ignore:fit was given reference windows and no groups")
def test_parts_of_one_person_are_given_no_subjects(kind):
    metadata = given(kind) | {"groups": None}
    without = kind(Double(), LogisticRegression()).fit(HEART_RATE, TARGET, **metadata)
    assert without.features_.groups_ is None


@each_class
@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (SUBJECT[:3], r"groups .*each of the 60 sample\(s\), got shape \(3,\)"),
        (SUBJECT[:, None], r"groups .*each of the 60 sample\(s\), got shape \(60, 1\)"),
        (np.array([1, 2, None, *range(57)], dtype=object), "groups is missing for sample 2"),
    ],
)
def test_bad_groups(kind, groups, message):
    model = kind(Double(), LogisticRegression()).fit(HEART_RATE, TARGET, **given(kind))
    for method in (model.predict, lambda X, **metadata: model.fit(X, TARGET, **metadata)):
        with pytest.raises(ValueError, match=message):
            method(HEART_RATE, **given(kind) | {"groups": groups})


@each_class
def test_a_fit_that_fails_leaves_the_model_as_it_was(kind):
    model = kind(Double(), LogisticRegression()).fit(HEART_RATE, TARGET, **given(kind))
    before = joblib.hash(model)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full((60, 1), np.nan), TARGET, **given(kind))
    assert joblib.hash(model) == before


@each_class
def test_without_groups_there_is_one_person(kind):
    several = kind(Double(), LogisticRegression()).fit(HEART_RATE, TARGET, **given(kind))
    own = SUBJECT == "a"
    metadata = given(kind, own) | {"groups": None}
    with pytest.warns(UserWarning, match="predict_proba was given no groups"):
        answer = several.predict_proba(HEART_RATE[own], **metadata)
    expected = several.predict_proba(HEART_RATE[own], **given(kind, own))
    np.testing.assert_array_equal(answer, expected)


def test_scaled_by_all_windows_of_a_person():
    """test_properties has any numbers and subjects."""
    people = np.array(["b", "a", "b", "a"])
    values = np.array([[1.0, 0], [10, 5], [3, 0], [30, 5]])
    expected = [[-1, 0], [-1, 0], [1, 0], [1, 0]]
    model = SubjectScaledClassifier(Double(), Kept()).fit(values, [0, 0, 1, 1], groups=people)
    assert model.features_.fitted_on_ == 4
    np.testing.assert_allclose(model.classifier_.X_, expected)
    np.testing.assert_array_equal(model.classifier_.y_, [0, 0, 1, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = model.predict(3 - 7 * values, groups=[9, 8, 9, 8])
    np.testing.assert_allclose(scaled, np.negative(expected), atol=1e-12)
    with pytest.warns(UserWarning, match="predict was given .* taken for one person's"):
        scaled = model.predict(values[:, 1:])
    np.testing.assert_allclose(scaled, [[-1], [1], [-1], [1]])
