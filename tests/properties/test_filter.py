"""What holds for every filter and every recording."""

import re

import numpy as np
from hypothesis import assume, example, given, strategies as st

from sklearn_ecgssl.signal import ECGFilter
from tests.properties.strategies import attempt, log_uniform, ragged, rates, signals

#: What a message says that refuses a filter, or a recording.
SAYS_WHY = re.compile(r"\b(low|high|notch|order|sampling_rate)\b|recording \d+ is flat")


@st.composite
def filters(draw, **params):
    """Filters whose parameters are valid one by one; most of them exist."""
    rate = draw(rates())
    frequencies = log_uniform(1e-9, 0.55).map(lambda part: part * rate)
    low, high = draw(st.tuples(frequencies, frequencies))
    if draw(st.integers(0, 9)):
        low, high = sorted((low, high))
    kept = draw(st.sampled_from(["above", "below", "between", "all"]))
    drawn = {
        "low": low if kept in ("above", "between") else None,
        "high": high if kept in ("below", "between") else None,
        "notch": draw(st.none() | frequencies | st.lists(frequencies, max_size=3)),
        "order": draw(st.integers(1, 50)),
        "zero_phase": draw(st.booleans()),
        "notch_quality": draw(log_uniform(0.1, 1000)),
    }
    return ECGFilter(rate, **{**drawn, **params})


@st.composite
def examples(draw, n_signals=1, max_times=400, **params):
    """A filter, signals of one length, and the signals filtered."""
    n_times = draw(st.integers(1, max_times))
    ecg_filter = draw(filters(**params))
    recordings = [draw(signals(n_times)) for _ in range(n_signals)]
    return ecg_filter, recordings, filtered(ecg_filter, recordings)


def filtered(ecg_filter, recordings):
    """Filter; an example whose filter or recordings are refused is no example."""
    out, refusal = attempt(ecg_filter.transform, recordings)
    assert refusal is None or SAYS_WHY.search(refusal), refusal
    assume(refusal is None)
    return out


def assert_close(got, expected, *terms):
    """Fail unless two signals agree to the rounding errors of what they were computed from."""
    largest = max(np.abs(term).max() for term in terms)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-3 * largest)


def removes_offsets(ecg_filter):
    return ecg_filter.low is not None


@given(filters(), ragged())
@example(ECGFilter(256, low=1e-5, order=2), [np.arange(9.0)])
@example(ECGFilter(256, low=5, high=40, order=50), [np.arange(9.0)])
def test_filters_or_says_why_not(ecg_filter, recordings):
    before = [x.copy() for x in recordings]
    out = filtered(ecg_filter, recordings)
    for x, y, x_before in zip(recordings, out, before, strict=True):
        assert y.shape == x.shape
        assert y.dtype == np.float32
        assert np.abs(y).max() <= 20 * np.abs(x).max()  # finite, and no filter amplifies
        np.testing.assert_array_equal(x, x_before)


@given(examples(n_signals=2), st.floats(-3, 3), st.floats(-3, 3))
def test_is_linear(case, a, b):
    ecg_filter, (x, y), (x_out, y_out) = case
    (out,) = filtered(ecg_filter, [a * x + b * y])
    assert_close(out, a * x_out + b * y_out, a * x, b * y)


@given(examples(), st.sampled_from([-1e4, -3.0, 0.5, 1e3]))
def test_an_offset_is_removed_or_kept(case, offset):
    ecg_filter, (x,), (out,) = case
    (shifted,) = filtered(ecg_filter, [x + np.float32(offset)])
    kept = 0 if removes_offsets(ecg_filter) else offset
    assert_close(shifted, out + kept, x, np.array([offset]))


@given(examples(zero_phase=False), st.data())
def test_forwards_only_knows_no_future(case, data):
    ecg_filter, (x,), (out,) = case
    now = data.draw(st.integers(1, len(x)))
    changed = np.concatenate([x[:now], data.draw(signals(len(x) - now))])
    (other,) = filtered(ecg_filter, [changed])
    np.testing.assert_array_equal(other[:now], out[:now])


@given(examples(zero_phase=False, max_times=60), st.integers(0, 40))
def test_forwards_only_begins_as_if_the_first_sample_had_been_there_for_ever(case, n_before):
    ecg_filter, (x,), (out,) = case
    (longer,) = filtered(ecg_filter, [np.concatenate([np.full(n_before, x[0]), x])])
    assert_close(longer[n_before:], out, x)


@given(
    st.builds(
        ECGFilter,
        st.just(100),
        low=st.none() | st.floats(5, 20),
        high=st.floats(25, 45),
        order=st.integers(1, 4),
    ),
    st.integers(1, 200).flatmap(signals),
)
def test_both_ways_treat_both_ends_alike(ecg_filter, x):
    padded = np.pad(x, 400)  # what the filter remembers of the ends, where it guesses
    out, mirrored = filtered(ecg_filter, [padded, padded[::-1]])
    assert_close(mirrored[::-1], out, x)
