"""What every transformer of recordings does with recordings, however they are passed."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, strategies as st
from scipy import sparse
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.classify import SegmentVotingClassifier
from sklearn_ecgssl.evaluation import LabelledWindows
from sklearn_ecgssl.features import HRVFeatures
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler, scale_subjects
from sklearn_ecgssl.signal._recordings import check_recordings
from tests.strategies import (
    assert_same,
    attempt,
    dtypes,
    layouts,
    matrices,
    ragged,
    signals,
    stored,
)

GOOD = np.sin(np.arange(60) / 5)
TRANSFORMERS = [
    ECGFilter(100, low=2),
    ECGFilter(100, low=None, high=20, notch=[25], zero_phase=False),
    Resampler(3, 2),
    Resampler(7, 7),
    TrimmedScaler(),
    Segmenter(3, 1, overlap=0.6),
]
each_transformer = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)


def transformed(transformer, recordings):
    """Transform; recordings that are flat or too short for it are no example."""
    out, refusal = attempt(transformer.transform, recordings)
    assert refusal is None or re.search("flat|less than one window|at least 2", refusal), refusal
    assume(refusal is None)
    return out


@each_transformer
@given(matrices(), dtypes, layouts, st.booleans())
def test_only_the_numbers_matter_not_how_they_are_stored(transformer, X, dtype, layout, as_array):
    X = stored(X, dtype, layout)
    recordings = X if as_array else list(X)
    before = X.copy()
    out = transformed(transformer, recordings)
    assert isinstance(out, np.ndarray if as_array else list)
    assert all(x.dtype == np.float32 and np.isfinite(x).all() for x in out)
    assert_same(out, transformer.transform(list(before.astype(np.float32))))
    assert_same(out, transformer.transform([x.tolist() for x in before]))
    np.testing.assert_array_equal(X, before)


@each_transformer
@given(ragged(min_size=2))
def test_each_recording_is_transformed_by_itself_and_nothing_is_learnt(transformer, recordings):
    together = transformed(transformer, recordings)
    assert_same(together, [transformer.transform([x])[0] for x in recordings])
    assert_same(together, transformer.fit(recordings[:1]).transform(recordings))


@each_transformer
@given(ragged(min_times=3), st.sampled_from([np.nan, np.inf, -np.inf]), st.data())
def test_what_is_not_finite_is_refused_by_name(transformer, recordings, value, data):
    at = data.draw(st.integers(0, len(recordings) - 1))
    sample = data.draw(st.integers(0, len(recordings[at]) - 1))
    recordings[at][sample] = value
    X = np.stack([recordings[at], recordings[at]])
    for method in (transformer.fit, transformer.transform):
        with pytest.raises(ValueError, match=f"recording {at} holds .* at sample {sample} "):
            method(recordings)
        with pytest.raises(ValueError, match=f"recording 0 holds .* at sample {sample} "):
            method(X)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "transform",
    [
        ECGFilter(100, low=2).transform,
        Resampler(2, 5).transform,
        TrimmedScaler().transform,
        lambda recordings: scale_subjects(recordings, range(len(recordings))),
    ],
    ids=["ECGFilter", "Resampler", "TrimmedScaler", "scale_subjects"],
)
@given(
    st.integers(2, 60).flatmap(signals),
    st.sampled_from([1e-44, 1e-30, 3.4e38]),
    st.sampled_from([0, 1e-38, 3.4e38]),
)
def test_amplitudes_at_the_ends_of_float32_give_numbers_or_an_error(transform, x, top, spike):
    with np.errstate(under="ignore"):
        x = (x / max(np.abs(x).max(), 1) * np.float32(top)).astype(np.float32)
    x[0] = spike
    out, refusal = attempt(transform, [x])
    assert "recording 0" in refusal if refusal else np.isfinite(out[0]).all()


BAD_CONTAINERS = {
    "sparse": (sparse.csr_array(np.eye(3)), TypeError, "Sparse data was passed"),
    "empty list": ([], ValueError, "There are no recordings"),
    "one recording": (GOOD, ValueError, r"1D array.*\(60,\).*\[X\], if it is one recording"),
    "list of numbers": ([1.0, 2.0], ValueError, r"1D array.*\(2,\).*\[X\]"),
    "3-D": (np.ones((2, 3, 4)), ValueError, r"recording 0 has shape \(3, 4\).*one lead"),
    "masked": (np.ma.masked_greater([GOOD], 0.9), ValueError, "X has masked samples"),
    "too short": (GOOD[:, None], ValueError, r"1 feature\(s\) \(shape=\(60, 1\)\).*at least 2"),
}
BAD_RECORDINGS = {
    "NaN": (
        np.append(GOOD, np.nan),
        ValueError,
        r"holds NaN at sample 60 \(1 such .*cut the piece out",
    ),
    "beyond float32": (
        [1e9, 1e300],
        ValueError,
        "holds infinity .*, or a value beyond float32, at sample 1",
    ),
    "two leads": (np.ones((60, 2)), ValueError, r"shape \(60, 2\).*one lead: pass recording\[:, 0"),
    "leads first": (np.ones((2, 60)), ValueError, r"shape \(2, 60\).*pass recording\[0\]"),
    "number": (3.0, ValueError, r"has 1 sample\(s\)"),
    "too short": (GOOD[:1], ValueError, r"has 1 sample\(s\), at least 2 are needed: leave it out"),
    "path": ("ecg.npz", ValueError, "is no 1-D array of numbers: .*'ecg.npz'"),
    "object": (np.array([1, {}], dtype=object), TypeError, "is no 1-D array of numbers"),
    "complex": (GOOD + 1j, ValueError, "is no 1-D array of numbers: Complex data"),
    "ragged": ([[1, 2], [3]], ValueError, "is no 1-D array of numbers"),
    "masked": (np.ma.masked_greater(GOOD, 0.9), ValueError, "has masked samples"),
}


@pytest.mark.parametrize("case", BAD_CONTAINERS)
def test_bad_containers_are_refused_with_advice(case):
    X, error, message = BAD_CONTAINERS[case]
    with pytest.raises(error, match=re.compile(message, re.DOTALL)):
        check_recordings(X, min_length=2)


@pytest.mark.parametrize("case", BAD_RECORDINGS)
def test_a_bad_recording_is_named_by_its_index(case):
    bad, error, message = BAD_RECORDINGS[case]
    with pytest.raises(error, match="recording 2 ?.*" + message):
        check_recordings([GOOD, GOOD[:9], bad], min_length=2)


@pytest.mark.parametrize(
    ("X", "kind"),
    [
        ((GOOD, GOOD), list),
        ([[1, 2, 3], [1, 2]], list),
        (np.array([GOOD, GOOD[:9]], dtype=object), list),
        (pd.Series([GOOD, GOOD[:9]]), list),
        ([pd.Series(GOOD), GOOD.tolist(), np.arange(3) > 1], list),
        (np.ones((2, 3), dtype=object), np.ndarray),
        (((1.5, 2), (3, 4)), np.ndarray),
        (pd.DataFrame([GOOD, GOOD]), np.ndarray),
    ],
)
def test_lists_give_lists_and_arrays_give_arrays_of_float32(X, kind):
    checked = check_recordings(X)
    assert type(checked) is kind
    for got, expected in zip(checked, X if kind is list else np.asarray(X), strict=True):
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, np.asarray(expected, dtype=np.float32))


def test_float32_is_not_copied():
    X = np.ones((2, 5), dtype=np.float32)
    assert np.shares_memory(check_recordings(X), X)
    assert np.shares_memory(check_recordings(list(X))[1], X)


def test_a_list_after_an_array_forgets_the_number_of_features():
    scaler = TrimmedScaler().fit(pd.DataFrame([GOOD, GOOD]).rename(columns=str))
    assert len(scaler.feature_names_in_) == scaler.n_features_in_ == 60
    scaler.transform([GOOD[:7]])  # a list has no number of features
    scaler.fit([GOOD, GOOD[:9]])
    assert not hasattr(scaler, "n_features_in_")
    assert not hasattr(scaler, "feature_names_in_")
    scaler.transform(np.array([GOOD[:7]]))


def test_set_output_in_a_pipeline_leaves_lists_alone():
    recordings = [np.random.default_rng(0).normal(size=n) for n in (700, 512)]
    pipe = make_pipeline(ECGFilter(), Resampler(512), TrimmedScaler(), Segmenter(window_length=0.5))
    expected = pipe.fit_transform(recordings)
    got = pipe.set_output(transform="pandas").fit_transform(recordings)
    assert type(got) is list
    assert_same(got, expected)
    assert list(pipe.get_feature_names_out()[:2]) == ["segmenter0", "segmenter1"]
    assert list(pipe[:-1].get_feature_names_out()) == []


TABLE = np.random.default_rng(0).normal(size=(5120, 3))
TABLES = {
    "array": TABLE,
    "DataFrame": pd.DataFrame(TABLE, columns=["ann", "bob", "eve"]),
    "polars": pl.DataFrame(TABLE, schema=["ann", "bob", "eve"]),
    "nested lists": TABLE.tolist(),
    "one column": pd.DataFrame({"ecg": TABLE[:, 0]}),
    "text beside": pd.DataFrame({"id": "ann", "phase": "rest", "ecg": TABLE[:, 0]}),
    "just many enough": TABLE[:500].repeat(16, axis=1),
}


@pytest.mark.parametrize("case", TABLES)
@pytest.mark.parametrize(
    "take",
    [
        *(step.transform for step in (ECGFilter(100), Resampler(3, 2), TrimmedScaler())),
        Segmenter(3, 1).windows,
        lambda X: scale_subjects(X, range(len(X))),
        lambda X: LabelledWindows.from_recordings(X, range(len(X)), range(len(X)), Segmenter(3, 1)),
        HRVFeatures(100).fit_transform,
        SegmentVotingClassifier(GaussianNB(), Segmenter(3, 1)).fit,
    ],
)
def test_samples_in_rows_are_refused_wherever_recordings_are_taken(take, case):
    args = [np.arange(len(TABLES[case])) % 2] if "fit" in repr(take) else []
    with pytest.raises(ValueError, match=r"samples in rows.*X\.T.*recordings_from_table"):
        take(TABLES[case], *args)


@pytest.mark.parametrize("X", [TABLE[:499], TABLE.T, TABLE.reshape(-1, 120)[:100], list(TABLE)])
def test_what_may_be_recordings_is_taken(X):
    assert len(TrimmedScaler().fit_transform(X)) == len(X)


@pytest.mark.parametrize(
    ("estimator", "name"), [(ECGFilter(order="abc"), "order"), (TrimmedScaler(0.5), "trim")]
)
def test_invalid_parameters_are_refused_without_fit(estimator, name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of"):
        estimator.transform([GOOD])
