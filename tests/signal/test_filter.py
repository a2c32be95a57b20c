import re

import numpy as np
import pytest
from hypothesis import assume, example, given, strategies as st

from sklearn_ecgssl.signal import ECGFilter
from tests.strategies import attempt, log_uniform, ragged, rates, signals

RATE = 256
TIME = np.arange(40 * RATE) / RATE


def gain(frequency, **params):
    """Amplitude with which a sine of 1 leaves the filter, away from the ends."""
    wave = np.sin(2 * np.pi * frequency * TIME)
    (out,) = ECGFilter(sampling_rate=RATE, **params).transform([wave])
    return np.sqrt(2 * np.mean(out[15 * RATE : 25 * RATE].astype(np.float64) ** 2))


@pytest.mark.parametrize(
    ("params", "gains"),
    [
        ({}, {0.1: 0, 0.3: 0, 2: 1, 10: 1, 100: 1}),
        ({"zero_phase": False}, {0.1: 0, 0.3: 0, 2: 1, 10: 1, 100: 1}),
        ({"low": None, "high": 40}, {0.1: 1, 2: 1, 25: 1, 80: 0, 110: 0}),
        ({"high": 40}, {0.1: 0, 0.3: 0, 2: 1, 10: 1, 25: 1, 80: 0}),
        ({"notch": 50}, {0.1: 0, 2: 1, 45: 0.97, 50: 0, 55: 0.97}),
        ({"low": None, "notch": [50, 100]}, {0.1: 1, 50: 0, 75: 1, 100: 0, 120: 1}),
        # the notch's edges at -3 dB a pass are its frequency over its quality apart
        ({"low": None, "notch": 50, "notch_quality": 5}, {45.25: 0.5, 50: 0, 55.25: 0.5}),
        ({"low": 5, "zero_phase": False}, {5: np.sqrt(0.5)}),
        ({"low": 5}, {5: 0.5}),
        ({"low": 5, "order": 1}, {2.5: 1 / 5}),  # 1 / (1 + (fc/f)^2)
        ({"low": 5, "order": 2}, {2.5: 1 / 17}),
    ],
)
def test_frequency_response(params, gains):
    for frequency, expected in gains.items():
        assert gain(frequency, **params) == pytest.approx(expected, abs=0.02), frequency


@pytest.mark.parametrize("low", [0.1, 0.8])
def test_a_drift_is_removed_up_to_the_ends(low):
    (out,) = ECGFilter(RATE, low=low).transform([TIME])  # with scipy's own padding 0.49 and 0.04
    assert np.abs(out).max() < 0.003 / low


def test_large_offsets_do_not_cost_precision():
    wave = np.sin(2 * np.pi * 10 * TIME)
    plain, shifted = ECGFilter(RATE).transform([wave, wave + 1000])
    np.testing.assert_allclose(shifted, plain, atol=1e-3)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"low": 128}, "low=128 Hz is not between 0 Hz and the Nyquist frequency of 128 Hz.*=256"),
        ({"high": 200}, "high=200 Hz is not between .*: change high"),
        ({"notch": [50, 150]}, "notch=150 Hz is not between"),
        ({"notch": [0.0]}, "notch=0 Hz is not between"),
        ({"low": 40, "high": 40}, "low=40 Hz is not below high=40 Hz"),
        ({"low": None, "notch": []}, "nothing to filter"),
        ({"low": 1e-9, "order": 8}, r"order=8\) is numerically unstable"),
        # one whose poles are inside the unit circle, yet which lets a tenth of an offset through
        ({"low": 1e-6, "order": 2}, r"order=2\) is numerically unstable.*sampling_rate=256 Hz"),
    ],
)
def test_filters_that_cannot_exist_are_refused(params, message):
    for method in (ECGFilter(**params).fit, ECGFilter(**params).transform):
        with pytest.raises(ValueError, match=message):
            method([TIME])


@pytest.mark.parametrize("kind", [np.int16, np.uint64, np.float32])
def test_numbers_of_numpy_are_numbers(kind):
    params = {"low": 2, "high": 40, "notch": 25, "notch_quality": 20}
    plain = ECGFilter(100, order=3, **params).transform([TIME])
    typed = ECGFilter(kind(100), order=np.uint64(3), **{k: kind(v) for k, v in params.items()})
    np.testing.assert_array_equal(typed.transform([TIME]), plain)


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


recording = st.integers(1, 200).flatmap(signals)


def filtered(ecg_filter, recordings):
    """Filter; an example whose filter or recordings are refused is no example."""
    out, refusal = attempt(ecg_filter.transform, recordings)
    says_why = r"\b(low|high|notch|order|sampling_rate)\b|recording \d+ is flat"
    assert refusal is None or re.search(says_why, refusal), refusal
    assume(refusal is None)
    return out


def assert_close(got, expected, *terms):
    """Fail unless two signals agree to the rounding errors of what they were computed from."""
    largest = max(np.abs(term).max() for term in terms)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-3 * largest)


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


@given(filters(), recording, st.sampled_from([-1e4, -3.0, 0.5, 1e3]))
def test_an_offset_is_removed_or_kept(ecg_filter, x, offset):
    out, shifted = filtered(ecg_filter, [x, x + np.float32(offset)])
    kept = offset if ecg_filter.low is None else 0
    assert_close(shifted, out + kept, x, np.array([offset]))


@given(filters(zero_phase=False), recording, st.data())
def test_forwards_only_knows_no_future(ecg_filter, x, data):
    now = data.draw(st.integers(1, len(x)))
    changed = np.concatenate([x[:now], data.draw(signals(len(x) - now))])
    out, other = filtered(ecg_filter, [x, changed])
    np.testing.assert_array_equal(other[:now], out[:now])


@given(filters(zero_phase=False), recording, st.integers(0, 40))
def test_forwards_only_begins_as_if_the_first_sample_had_been_there_for_ever(
    ecg_filter, x, n_before
):
    out, longer = filtered(ecg_filter, [x, np.concatenate([np.full(n_before, x[0]), x])])
    assert_close(longer[n_before:], out, x)


@given(st.none() | st.floats(5, 20), st.floats(25, 45), st.integers(1, 4), recording)
def test_both_ways_treat_both_ends_alike(low, high, order, x):
    padded = np.pad(x, 400)  # what the filter remembers of the ends, where it guesses
    ecg_filter = ECGFilter(100, low=low, high=high, order=order)
    out, mirrored = filtered(ecg_filter, [padded, padded[::-1]])
    assert_close(mirrored[::-1], out, x)
