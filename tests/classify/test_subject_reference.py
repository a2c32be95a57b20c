"""Features relative to a person's rest; test_subject has what is as for other persons' features."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_ecgssl.classify import SubjectReferenceClassifier
from tests.classify.persons import HEART_RATE, REST, SUBJECT, TARGET, Kept

NAN = np.nan
FIRST = np.tile(np.arange(10) < 1, 6)
#: Persons a and b in turn, the last two windows not reference; the third feature is constant.
PEOPLE = list("abababab")
VALUES = np.array([
    [1, NAN, 7], [10, 5, 8], [3, 4, 7], [10, 5, 8], [5, NAN, 7], [16, NAN, 8],
    [4, 5, 7], [9, 1, NAN],
])  # fmt: skip
IS_REST = np.array([True] * 6 + [False] * 2)
LEVELS = np.array([[3, 4, 7], [12, 5, 8]] * 4)
LABELS = ["no class", None] * 3 + ["rest", "stress"]


def linear(**params):
    return SubjectReferenceClassifier(FunctionTransformer(), LogisticRegression(), **params)


@pytest.fixture(params=[False, True], ids=["subtracted", "standardized"])
def fitted(request):
    return linear(standardize=request.param).fit(HEART_RATE, TARGET, SUBJECT, REST)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("mask", [IS_REST, IS_REST.astype(int), pd.Series(IS_REST, dtype=object)])
def test_level_is_the_mean_of_rest_and_the_deviation_that_of_training_people(standardize, mask):
    model = SubjectReferenceClassifier(FunctionTransformer(), Kept(), standardize)
    model.fit(VALUES, LABELS, groups=PEOPLE, reference=mask)
    # degrees of freedom: two for each person; one person has two values of the second feature
    deviation = [np.sqrt((8 + 24) / 4), 1, 1] if standardize else 1
    np.testing.assert_allclose(model.classifier_.X_, (VALUES - LEVELS)[6:] / deviation)
    assert model.classifier_.y_.tolist() == model.classes_.tolist() == ["rest", "stress"]
    # two windows of rest of a new person, at whose deviation nobody looks
    new = model.predict([[100, 9, 1], [300, 9, 5], [202, 8, 3]], reference=[True, True, False],
                        groups=[7, 7, 7])  # fmt: skip
    np.testing.assert_allclose(new, np.array([[-100, 0, -2], [100, 0, 2], [2, -1, 0]]) / deviation)


@pytest.mark.parametrize("features", [FunctionTransformer(), LinearDiscriminantAnalysis()])
def test_labels_of_reference_windows_are_not_learnt(features):
    answers = []
    for labels in (TARGET, np.where(REST, "baseline", TARGET)):
        model = SubjectReferenceClassifier(features, LogisticRegression())
        model.fit(HEART_RATE, labels, SUBJECT, REST)
        answers.append(model.decision_function(HEART_RATE, SUBJECT, REST))
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("fit(HEART_RATE, TARGET, SUBJECT)", "no reference windows"),
        ("fit(HEART_RATE, TARGET, SUBJECT, FIRST)", "one reference window"),
        ("fit(HEART_RATE, TARGET, reference=REST)", "and no groups"),
        ("predict(HEART_RATE, SUBJECT, FIRST)", "one reference window"),
        ("subject_features(HEART_RATE, SUBJECT, FIRST)", "one reference window"),
        ("for_subject(HEART_RATE[:1])", "one reference window"),
    ],
)
def test_warnings_name_the_line_of_the_caller(call, message):
    model = linear().fit(HEART_RATE, TARGET, SUBJECT, REST)
    with pytest.warns(UserWarning, match=message) as caught:
        eval(compile(f"model.{call}", "users.py", "eval"), globals(), {"model": model})
    assert {warning.filename for warning in caught} == {"users.py"}


def test_without_reference_features_are_classified_as_they_are():
    plain = make_pipeline(FunctionTransformer(), LogisticRegression()).fit(HEART_RATE, TARGET)
    for nothing in (None, np.zeros(60, bool)):
        with pytest.warns(UserWarning, match="given no reference windows: .*Pass reference="):
            model = linear(standardize=True).fit(HEART_RATE, TARGET, SUBJECT, nothing)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            proba = model.predict_proba(HEART_RATE, reference=nothing)
        np.testing.assert_array_equal(proba, plain.predict_proba(HEART_RATE))
    with pytest.raises(ValueError, match="reference marks windows, but fit was given none"):
        model.predict(HEART_RATE, SUBJECT, REST)
    with pytest.raises(ValueError, match="fit was given no reference windows"):
        model.for_subject(HEART_RATE[:3])


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (REST[:5], r"reference must be 1-D .* each of the 60 sample\(s\), got shape \(5,\)"),
        (REST * 2, "reference must be a boolean mask, .* got '0', '2'"),
        (TARGET, "reference must be a boolean mask, .* got 'rest', 'stress'. Mark a minute"),
        (REST * 0.5, r"reference must be a boolean mask, .* got '0.0', '0.5'"),
        (REST & (SUBJECT == "b"), "no window of 5 of 6 people: 'a', 'c', 'd', .*for_subject"),
        (REST & (SUBJECT != "b"), "no window of 1 of 6 people: 'b'. Leave them out, record"),
    ],
)
def test_bad_reference(fitted, reference, message):
    with pytest.raises(ValueError, match=message):
        linear().fit(HEART_RATE, TARGET, SUBJECT, reference)
    with pytest.raises(ValueError, match=message):
        fitted.predict_proba(HEART_RATE, SUBJECT, reference)


def test_predict_needs_what_fit_had(fitted):
    with pytest.raises(ValueError, match=r"pass reference= here too.*for_subject\(rest_windows\)"):
        fitted.predict(HEART_RATE, SUBJECT)
    with pytest.raises(ValueError, match="rest_windows holds no window"):
        fitted.for_subject(HEART_RATE[:0])
    with pytest.raises(ValueError, match="all features of all windows are NaN.*Record"):
        fitted.for_subject(np.full((3, 1), NAN))
    with pytest.raises(ValueError, match="reference marks all windows: none is left to score"):
        fitted.score(HEART_RATE, TARGET, SUBJECT, np.ones(60, bool))


@pytest.mark.parametrize("labels", [TARGET, np.where(TARGET == "rest", None, TARGET)])
def test_a_class_that_is_all_reference(labels):
    message = f"class\\(es\\) {labels.tolist()[0]!r} are reference. Mark only .* the first minute"
    with pytest.raises(ValueError, match=message):
        linear().fit(HEART_RATE, labels, SUBJECT, TARGET == "rest")


def test_a_person_who_is_all_reference_is_not_learnt_from():
    others = SUBJECT != "a"
    model = linear().fit(HEART_RATE, TARGET, SUBJECT, REST | ~others)
    expected = linear().fit(HEART_RATE[others], TARGET[others], SUBJECT[others], REST[others])
    np.testing.assert_array_equal(model.classifier_.coef_, expected.classifier_.coef_)


def test_one_reference_window_is_worth_a_warning(fitted):
    message = "level of 'a', 'b', 'c', ... rests on one reference window"
    with pytest.warns(UserWarning, match=message):
        linear().fit(HEART_RATE, TARGET, SUBJECT, FIRST)
    with pytest.warns(UserWarning, match=message):
        fitted.predict(HEART_RATE, SUBJECT, FIRST)
    with pytest.warns(UserWarning, match="enrolled rests on one reference window"):
        fitted.for_subject(HEART_RATE[:1])
    with pytest.raises(ValueError, match="standardize=True needs a person with two"):
        linear(standardize=True).fit(HEART_RATE, TARGET, SUBJECT, FIRST)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("fit_output", ["default", "pandas"])
@pytest.mark.parametrize("output", ["default", "pandas"])
def test_for_subject_answers_as_the_model_does_whatever_the_output(fit_output, output):
    own = SUBJECT == "b"
    X = np.hstack([HEART_RATE, HEART_RATE**2, np.ones((60, 1))]).astype(np.float32)
    X[12, 1] = X[15, 0] = X[own, 2] = NAN
    negative = FunctionTransformer(np.negative, feature_names_out="one-to-one")
    features = FeatureUnion([("as it is", StandardScaler()), ("negative", negative)])
    model = SubjectReferenceClassifier(features, DecisionTreeClassifier(), standardize=True)
    with config_context(transform_output=fit_output):
        model.fit(X, TARGET, SUBJECT, REST)
    with config_context(transform_output=output):
        relative = model.subject_features(X[own], SUBJECT[own], REST[own])
        answer = model.predict(X[own], SUBJECT[own], REST[own])
        wearer = pickle.loads(pickle.dumps(model.for_subject(X[own & REST])))
        np.testing.assert_array_equal(wearer[:2].transform(X[own]), relative)
        np.testing.assert_array_equal(wearer.predict(X[own]), answer)
        elsewhere = model.features_.transform(X[own])
        assert hasattr(elsewhere, "columns") == (output == "pandas"), "the model's is as it was"
        elsewhere = np.asarray(elsewhere)
        np.testing.assert_array_equal(wearer[1:].predict(elsewhere), answer)
    assert set(answer) == {"rest", "stress"}
