"""Whoever takes subjects takes them from any table, and refuses those that are missing."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.preprocessing import FunctionTransformer

from sklearn_ecgssl.classify import SubjectScaledClassifier
from sklearn_ecgssl.datasets import concatenate, load_recordings, make_cohort, save_recordings
from sklearn_ecgssl.evaluation import (
    LabelFractionSplit,
    LabelledWindows,
    linear_classifier,
)
from sklearn_ecgssl.evaluation._linear import linear_regressor
from sklearn_ecgssl.plotting import EmbeddingDisplay
from sklearn_ecgssl.signal import Segmenter, scale_subjects
from tests.tiny import SAMPLING_RATE, tiny_ecg_classifier, tiny_pretrainer, waves

X, Y = waves(12)
FEATURES = X[:, :3]
PEOPLE = np.repeat(["ann", "bob", "eve"], 4)


def concatenated(subject, _):
    data = make_cohort(n_subjects=6, duration=3, sampling_rate=SAMPLING_RATE, random_state=0)
    data.subject = subject
    return concatenate({"one": data}, sampling_rate=SAMPLING_RATE).subject


def saved(subject, folder):
    return load_recordings(save_recordings(folder / "a.npz", X, 64, subject)).subject


def by_person(subject, _):
    classifier = SubjectScaledClassifier(FunctionTransformer(), linear_classifier())
    fitted = classifier.fit(FEATURES, Y, groups=subject)
    return fitted.predict_proba(FEATURES, groups=subject)


#: Each takes twelve subjects, and returns what depends on them.
TAKERS = {
    "scale_subjects": lambda subject, _: scale_subjects(X, subject),
    "LabelledWindows": lambda subject, _: (
        LabelledWindows.from_recordings(X, Y, subject, Segmenter(SAMPLING_RATE, 1)).subject
    ),
    "concatenate": concatenated,
    "save_recordings": saved,
    "pretrainer": lambda subject, _: (
        tiny_pretrainer(validation_fraction=0.3).fit(X, groups=subject).encode(X)
    ),
    "ECGClassifier": lambda subject, _: (
        tiny_ecg_classifier(validation_fraction=0.3, max_epochs=1)
        .fit(X, Y, groups=subject)
        .predict_proba(X)
    ),
    "SubjectScaledClassifier": by_person,
    "LabelFractionSplit": lambda subject, _: [
        labelled for labelled, _ in LabelFractionSplit(cv=2, fraction=0.5).split(X, Y, subject)
    ],
    "linear_classifier": lambda subject, _: (
        linear_classifier(C=None).fit(FEATURES, Y, groups=subject).cv_results_["mean_test_score"]
    ),
    "linear_regressor": lambda subject, _: (
        linear_regressor().fit(FEATURES, X[:, 3], groups=subject).cv_results_["mean_test_score"]
    ),
}
TABLES = {
    "Series": lambda values: pd.Series(values, index=np.arange(12)[::-1] + 100),
    "string": lambda values: pd.array(values, dtype="string"),
    "Categorical": pd.Categorical,
    "list": list,
    "polars": pl.Series,
    "polars Categorical": lambda values: pl.Series(values, dtype=pl.Categorical),
}
MISSING = {
    "None": np.array([*PEOPLE[:11], None], dtype=object),
    "NaN": np.array([*PEOPLE[:11], np.nan], dtype=object),
    "NaN among numbers": np.array([1.0] * 6 + [2.0] * 5 + [np.nan]),
    "NaN in a list": [*PEOPLE[:11].tolist(), np.nan],
    "NA": np.array([*PEOPLE[:11], pd.NA], dtype=object),
    "Int64": pd.array([1] * 6 + [2] * 5 + [None], dtype="Int64"),
    "Categorical": pd.Categorical([*PEOPLE[:11], None]),
    "polars": pl.Series([*PEOPLE[:11].tolist(), None]),
}


@pytest.mark.parametrize("taker", TAKERS)
def test_subjects_may_be_of_any_table(taker, tmp_path):
    expected = TAKERS[taker](PEOPLE, tmp_path)
    for table in TABLES.values():
        np.testing.assert_equal(TAKERS[taker](table(PEOPLE), tmp_path), expected)


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("taker", TAKERS)
def test_subjects_that_are_missing_are_refused_by_number(taker, missing, tmp_path):
    with pytest.raises(ValueError, match=r"is missing for (recording|window|sample) 11 \(1 in all"):
        TAKERS[taker](MISSING[missing], tmp_path)


@pytest.mark.parametrize("taker", [name for name in TAKERS if name != "save_recordings"])
def test_a_person_is_the_same_as_number_and_as_text(taker, tmp_path):
    mixed = np.array([1, "1", 1, 1, *"2222333", 3], dtype=object)
    expected = TAKERS[taker](np.repeat(["1", "2", "3"], 4), tmp_path)
    np.testing.assert_equal(TAKERS[taker](mixed, tmp_path), expected)


def test_a_picture_with_a_category_that_is_missing_is_refused():
    for table in TABLES.values():
        assert len(EmbeddingDisplay.from_features(FEATURES, table(PEOPLE)).scatters_) == 3
    with pytest.raises(ValueError, match="color is missing for sample 11"):
        EmbeddingDisplay.from_features(FEATURES, MISSING["None"])
