"""What holds for everything that turns recordings into recordings, or into windows."""

import re

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler, scale_subjects
from tests.properties.strategies import (
    assert_same,
    attempt,
    dtypes,
    layouts,
    matrices,
    ragged,
    signals,
    stored,
)

TRANSFORMERS = [
    ECGFilter(100, low=2),
    ECGFilter(100, low=None, high=20, notch=[25], zero_phase=False),
    Resampler(3, 2),
    Resampler(2, 5),
    Resampler(7, 7),
    TrimmedScaler(),
    TrimmedScaler(trim=0.3),
    Segmenter(10, 0.4),
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
    np.testing.assert_array_equal(X, before)
    assert X.dtype == before.dtype


@each_transformer
@given(ragged())
def test_lists_of_numbers_are_recordings_too(transformer, recordings):
    out = transformed(transformer, recordings)
    assert_same(transformer.transform([x.tolist() for x in recordings]), out)
    assert_same(transformer.transform(tuple(recordings)), out)


@each_transformer
@given(ragged(min_size=2), st.data())
def test_recordings_do_not_influence_each_other(transformer, recordings, data):
    together = transformed(transformer, recordings)
    alone = [transformer.transform([x])[0] for x in recordings]
    assert_same(together, alone)
    order = data.draw(st.permutations(range(len(recordings))))
    assert_same(transformer.transform([recordings[i] for i in order]), [alone[i] for i in order])


@each_transformer
@given(ragged())
def test_fit_learns_nothing(transformer, recordings):
    out = transformed(transformer, recordings)
    assert_same(transformer.fit(recordings).transform(recordings), out)
    assert_same(transformer.fit(recordings[:1]).transform(recordings), out)


@each_transformer
@given(ragged(min_times=3), st.sampled_from([np.nan, np.inf, -np.inf]), st.data())
def test_what_is_not_finite_is_refused_by_name(transformer, recordings, value, data):
    at = data.draw(st.integers(0, len(recordings) - 1))
    sample = data.draw(st.integers(0, len(recordings[at]) - 1))
    recordings[at][sample] = value
    with pytest.raises(ValueError, match=f"recording {at} holds .* at sample {sample} "):
        transformer.transform(recordings)
    with pytest.raises(ValueError, match=f"recording {at} holds .* at sample {sample} "):
        transformer.fit(recordings)


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
