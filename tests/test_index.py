"""The index of a DataFrame or Series comes out again, beside what scikit-learn's checks pass."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import make_cohort
from sklearn_ecgssl.features import HRVFeatures, SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from tests.strategies import assert_same
from tests.tiny import tiny_pretrainer

RATE = 128
SIGNAL = [ECGFilter(RATE), Resampler(RATE, 100), TrimmedScaler(), Segmenter(RATE, 5)]
SAMPLES = [f"t{i}" for i in range(12 * RATE)]


@pytest.fixture(scope="module")
def frame():
    """A recording in each row, and beside it all of it in one cell, and an age."""
    cohort = make_cohort(2, duration=12, sampling_rate=RATE, random_state=0)
    frame = pd.DataFrame(np.array(cohort.recordings), columns=SAMPLES)
    lengths = [1536, 1400, 1300, 1501]
    frame["ecg"] = [x[:n] for x, n in zip(cohort.recordings, lengths, strict=True)]
    frame["age"] = [20.0, 21.0, 22.0, 23.0]
    return frame.set_index(pd.Index([3, 0, 2, 1], name="person"))


@pytest.mark.parametrize("how", ["set_output", "config"])
def test_of_a_frame_whose_rows_are_cut_into_windows(frame, how):
    X, segmenter = frame[SAMPLES], Segmenter(RATE, 5)
    expected = segmenter.fit_transform(X)
    assert expected.shape == (4, 2, 640)
    if how == "set_output":
        out = clone(clone(segmenter).set_output(transform="pandas")).fit_transform(X)
    else:
        with config_context(transform_output="pandas"):
            out = clone(segmenter).fit_transform(X)
    assert out.index.equals(X.index)
    assert_same(out, expected)


def test_samples_keep_their_names_where_they_are_the_same_samples(frame):
    X = frame[SAMPLES]
    assert TrimmedScaler().fit(X).get_feature_names_out().tolist() == SAMPLES
    resampled = Resampler(RATE, 1).set_output(transform="pandas").fit_transform(X)
    assert resampled.columns.tolist() == [f"resampler{i}" for i in range(12)]
    without_fit = TrimmedScaler().set_output(transform="pandas").transform(X.to_numpy())
    assert isinstance(without_fit, pd.DataFrame)


@pytest.mark.parametrize("transformer", SIGNAL, ids=lambda one: type(one).__name__)
def test_of_a_series_of_recordings(transformer, frame):
    out = transformer.fit_transform(frame["ecg"])
    assert isinstance(out, pd.Series)
    assert out.index.equals(frame.index)
    assert out.name == "ecg"
    assert_same(out, transformer.transform(list(frame["ecg"])))


@pytest.mark.parametrize("columns", [SAMPLES, "ecg"], ids=["samples", "ecg"])
@pytest.mark.parametrize(
    ("steps", "first_column"),
    [
        ([ECGFilter(RATE), TrimmedScaler(), HRVFeatures(RATE)], "heart__mean_hr"),
        ([ECGFilter(RATE), Segmenter(RATE, 5), HRVFeatures(RATE)], "heart__mean_hr"),
        ([Segmenter(RATE, 5), SSLEmbedder(tiny_pretrainer(max_epochs=0))], "heart__sslembedder0"),
    ],
)
def test_columns_of_one_person_are_joined(steps, first_column, columns, frame):
    people = frame.iloc[[3, 1, 2]]
    heart = make_pipeline(*steps)
    beside = ColumnTransformer([("heart", heart, columns), ("facts", "passthrough", ["age"])])
    expected = beside.fit_transform(people)
    out = beside.set_output(transform="pandas").fit_transform(people)
    np.testing.assert_array_equal(out, expected)
    assert out.index.equals(people.index)
    assert out.columns[0] == first_column
    assert out["facts__age"].tolist() == [23.0, 21.0, 22.0]
