"""The index of a DataFrame or Series that goes in comes out, so that the right rows are joined."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, make_pipeline

import sklearn_ecgssl
from sklearn_ecgssl.features import HRVFeatures, SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from sklearn_ecgssl.transforms import AddNoise, FlipTime, Negate, Permute, Scale, TimeWarp
from tests.tiny import tiny_pretrainer

RATE = 128
INDEX = pd.Index([3, 0, 2, 1], name="person")
SIGNAL = [ECGFilter(RATE), Resampler(RATE, 100), TrimmedScaler(), Segmenter(RATE, 5)]
FEATURES = [HRVFeatures(RATE), SSLEmbedder(tiny_pretrainer(max_epochs=0))]
VIEWS = [
    AddNoise(random_state=0),
    Scale(),
    Negate(),
    FlipTime(),
    Permute(random_state=0),
    TimeWarp(random_state=0),
]


@pytest.fixture(scope="module")
def recordings():
    cohort = sklearn_ecgssl.make_cohort(
        n_subjects=2, duration=12, sampling_rate=RATE, random_state=0
    )
    return np.array(cohort.recordings)


@pytest.fixture(scope="module")
def frame(recordings):
    """A recording in each row, and beside it all of it in one cell, and an age."""
    frame = pd.DataFrame(recordings, columns=[f"t{i}" for i in range(len(recordings[0]))])
    lengths = [1536, 1400, 1300, 1501]
    frame["ecg"] = [x[:n] for x, n in zip(recordings, lengths, strict=True)]
    return frame.assign(age=[20.0, 21.0, 22.0, 23.0]).set_index(INDEX)


def samples(frame):
    return [name for name in frame if name.startswith("t")]


def test_every_transformer_is_tried():
    public = [getattr(sklearn_ecgssl, name) for name in sklearn_ecgssl.__all__]
    transformers = {one for one in public if isinstance(one, type) and hasattr(one, "transform")}
    assert transformers == {type(one) for one in (*SIGNAL, *FEATURES, *VIEWS)}


@pytest.mark.parametrize("how", ["set_output", "config"])
@pytest.mark.parametrize(
    "transformer", [*SIGNAL, *FEATURES, *VIEWS], ids=lambda one: type(one).__name__
)
def test_of_a_frame(transformer, frame, how):
    X = frame[samples(frame)]
    expected = clone(transformer).fit_transform(X)
    assert isinstance(expected, np.ndarray)
    transformer = clone(transformer)
    if how == "set_output":
        out = transformer.set_output(transform="pandas").fit_transform(X)
    else:
        with config_context(transform_output="pandas"):
            out = transformer.fit_transform(X)
    assert out.index.equals(X.index)
    np.testing.assert_array_equal(np.stack(list(out)) if out.ndim == 1 else out, expected)


@pytest.mark.parametrize("transformer", SIGNAL, ids=lambda one: type(one).__name__)
def test_of_a_series_of_recordings(transformer, frame):
    out = transformer.fit_transform(frame["ecg"])
    assert isinstance(out, pd.Series)
    assert out.index.equals(frame.index)
    assert out.name == "ecg"
    expected = transformer.transform(list(frame["ecg"]))
    for got, x in zip(out, expected, strict=True):
        np.testing.assert_array_equal(got, x)


PIPELINES = [
    [HRVFeatures(RATE)],
    [ECGFilter(RATE), TrimmedScaler(), HRVFeatures(RATE)],
    [ECGFilter(RATE), Segmenter(RATE, 5), HRVFeatures(RATE)],
    [Segmenter(RATE, 5), SSLEmbedder(tiny_pretrainer(max_epochs=0))],
]


@pytest.mark.parametrize("column", ["samples", "ecg"])
@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 0, 3, 1], [3, 1]])
@pytest.mark.parametrize("steps", PIPELINES, ids=lambda steps: type(steps[-2:][0]).__name__)
def test_columns_of_one_person_are_joined(steps, order, column, frame):
    people = frame.iloc[order]
    heart = make_pipeline(*steps)
    columns = samples(frame) if column == "samples" else column
    beside = ColumnTransformer([("heart", heart, columns), ("facts", "passthrough", ["age"])])
    expected = beside.fit_transform(people)
    out = beside.set_output(transform="pandas").fit_transform(people)
    np.testing.assert_array_equal(out, expected)
    assert out.index.equals(people.index)
    assert out.columns[0] in ("heart__mean_hr", "heart__sslembedder0")
    assert out["facts__age"].tolist() == people["age"].tolist()


@pytest.mark.parametrize("column", ["samples", "ecg"])
def test_in_a_union(column, frame):
    X = frame[samples(frame)] if column == "samples" else frame["ecg"]
    union = FeatureUnion([(f"p{i}", make_pipeline(*steps)) for i, steps in enumerate(PIPELINES)])
    expected = union.fit_transform(X)
    out = union.set_output(transform="pandas").fit_transform(X)
    np.testing.assert_array_equal(out, expected)
    assert out.index.equals(X.index)
    assert "p2__mean_hr" in out.columns
