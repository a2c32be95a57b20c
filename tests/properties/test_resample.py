"""What holds for every change of the sampling rate."""

import re

import numpy as np
from hypothesis import assume, example, given, strategies as st

from sklearn_ecgssl.signal import Resampler
from tests.properties.strategies import attempt, matrices, rates, signals

whole_rates = st.integers(1, 60)
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


@given(
    whole_rates,
    whole_rates,
    st.integers(1, 300).flatmap(lambda n: st.tuples(signals(n), signals(n))),
    st.floats(-3, 3),
    st.floats(-3, 3),
)
def test_is_linear_and_keeps_offsets(before, after, pair, a, b):
    x, y = pair
    combined = (a * x + b * y + 5).astype(np.float32)
    x_out, y_out, out = Resampler(before, after).transform([x, y, combined])
    largest = max(np.abs(a * x).max(), np.abs(b * y).max(), 5)
    np.testing.assert_allclose(out, a * x_out + b * y_out + 5, rtol=0, atol=1e-5 * largest)


@given(whole_rates, st.integers(1, 9), st.integers(20, 200).flatmap(signals))
def test_rates_matter_by_their_ratio_alone(before, multiple, x):
    first, second = (Resampler(before * k, 7 * k).transform([x])[0] for k in (1, multiple))
    np.testing.assert_array_equal(first, second)


@given(st.integers(1, 8), st.floats(0.005, 0.4), st.floats(0, 6))
def test_a_wave_below_half_the_rate_stays_where_it_is(factor, frequency, phase):
    wave = np.sin(2 * np.pi * frequency * np.arange(400) + phase).astype(np.float32)
    inner = slice(50, -50)  # the ends depend on how the wave is continued
    (finer,) = Resampler(1, factor).transform([wave])
    np.testing.assert_allclose(finer[::factor][inner], wave[inner], atol=0.01)
    (coarser,) = Resampler(factor, 1).transform([finer])
    np.testing.assert_allclose(coarser[inner], wave[inner], atol=0.02)


@given(matrices(), st.sampled_from([1, 250.5, 1000 / 3]))
def test_equal_rates_copy(X, rate):
    out = Resampler(rate, rate).transform(X)
    np.testing.assert_array_equal(out, X)
    assert not np.shares_memory(out, X)
    assume(len(X) > 1)
    assert not np.shares_memory(Resampler(rate, rate).transform(list(X))[1], X)
