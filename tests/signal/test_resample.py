import re

import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from scipy import signal

from sklearn_ecgssl.signal import Resampler
from sklearn_ecgssl.signal._resample import nominal_rate, rational_ratio
from tests.strategies import attempt, rates


@pytest.mark.parametrize(
    ("before", "after"),
    [(500, 256), (128, 256), (2048, 256), (250.5, 128), (1000 / 3, 256)],
)
def test_a_sine_becomes_the_same_sine(before, after):
    wave = 3 + np.sin(2 * np.pi * 7 * np.arange(int(10 * before)) / before + 0.3)
    (got,) = Resampler(before, after).transform([wave])
    expected = 3 + np.sin(2 * np.pi * 7 * np.arange(len(got)) / after + 0.3)
    np.testing.assert_allclose(got[100:-100], expected[100:-100], atol=5e-3)
    np.testing.assert_allclose(got, expected, atol=0.1)  # the ends too, in spite of the offset


def test_is_scipys_polyphase_filter():
    x = np.random.default_rng(0).normal(size=1001) + 5
    expected = signal.resample_poly(x - x.mean(), 64, 125, padtype="antireflect") + x.mean()
    np.testing.assert_allclose(Resampler(500).transform([x])[0], expected, rtol=1e-5)


@pytest.mark.parametrize("n_times", [1, 2, 5, 50])
def test_an_offset_stays_an_offset(n_times):
    np.testing.assert_allclose(Resampler(500).transform([np.full(n_times, 8.0)])[0], 8)


@pytest.mark.parametrize("rate", [256, 250.5, 1000 / 3])
def test_equal_rates_copy(rate):
    X = np.arange(12, dtype=np.float32).reshape(3, 4)
    for recordings in (X, list(X)):
        got = Resampler(rate, rate).transform(recordings)
        np.testing.assert_array_equal(got, X)
        assert not np.shares_memory(got[1], X)


#: Rates as a header or a person may give them.
written_rates = st.one_of(
    st.integers(1, 3000),
    st.fractions(1, 3000, max_denominator=1000).map(float),
    st.decimals("0.5", "3000", places=3).map(float),
    rates(),
)


@given(written_rates, written_rates, st.integers(1, 50))
@example(333.333, 666.666, 3)
@example(1e-3, 200, 3)
@example(100_001, 1, 3)
@example(float(np.float32(0.1)), 1, 3)
def test_the_length_is_that_of_the_ratio_to_a_sample(before, after, n_times):
    X = np.arange(2.0 * n_times).reshape(2, -1)
    resampler = Resampler(before, after)
    out, refusal = attempt(resampler.fit_transform, X)
    if refusal:
        assert re.search(r"sampling_rate=.* over original_rate=.* is a factor beyond", refusal)
        assert not 1e-5 < after / before < 1e5
    else:
        assert abs(out.shape[1] / (n_times * after / before) - 1) * n_times <= 2 + before / after
        assert len(resampler.get_feature_names_out()) == out.shape[1]
        assert out.dtype == np.float32
        assert np.isfinite(out).all()


@pytest.mark.parametrize("rate", [np.pi * 100, 333.3333333, 1e-2, 4e5, np.float32(250.5)])
@pytest.mark.parametrize("n_times", [1300, 10**8])
def test_any_rate_is_met_to_less_than_a_sample_over_the_recording(rate, n_times):
    up, down = rational_ratio(rate, 256, n_times)
    assert max(up, down) <= 100_000
    assert abs(up / down * rate / 256 - 1) * n_times < 1


@pytest.mark.parametrize(
    ("rate", "n_times", "meant"),
    [
        (1 / np.diff(np.arange(1300) / 130).mean(), 1300, 130),
        (249.99999, 10**5, 250),
        (1000 / 3.9, 100, 256),
        (333.333, 10_000, 333.333),
        (128.001, 10**6, 128.001),
    ],
)
def test_a_rate_near_a_whole_number_is_meant_to_be_it_if_nobody_can_tell(rate, n_times, meant):
    assert nominal_rate(rate, n_times) == meant


def test_rate_from_time_stamps():
    rate = 1 / np.median(np.diff(np.arange(1300) / 130))
    x = np.sin(np.arange(1300) / 9)
    expected = Resampler(130, 256).transform([x])
    np.testing.assert_array_equal(Resampler(rate, 256).transform([x]), expected)
