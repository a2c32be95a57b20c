from math import ceil

import numpy as np
import pytest
from scipy import signal

from sklearn_ecgssl.signal import Resampler
from sklearn_ecgssl.signal._resample import nominal_rate, rational_ratio

RATES = [(500, 256), (256, 500), (128, 256), (700, 256), (2048, 256), (250.5, 128), (1000 / 3, 256)]


@pytest.mark.parametrize(("before", "after"), RATES)
def test_a_sine_becomes_the_same_sine(before, after):
    n_times = int(10 * before)
    wave = 3 + np.sin(2 * np.pi * 7 * np.arange(n_times) / before + 0.3)
    got = Resampler(before, after).transform([wave])[0]
    expected = 3 + np.sin(2 * np.pi * 7 * np.arange(len(got)) / after + 0.3)
    inner = slice(100, -100)
    np.testing.assert_allclose(got[inner], expected[inner], atol=5e-3)
    np.testing.assert_allclose(got, expected, atol=0.1)  # the ends too, in spite of the offset


def test_is_scipys_polyphase_filter():
    x = np.random.default_rng(0).normal(size=1001) + 5
    expected = signal.resample_poly(x - x.mean(), 64, 125, padtype="antireflect") + x.mean()
    np.testing.assert_allclose(Resampler(500).transform([x])[0], expected, rtol=1e-5)


def test_what_would_alias_is_removed():
    wave = np.sin(2 * np.pi * 180 * np.arange(5000) / 500)  # above the new Nyquist frequency, 128
    assert np.abs(Resampler(500, 256).transform([wave])[0][50:-50]).max() < 0.01


@pytest.mark.parametrize("n_times", [1, 2, 5, 50])
def test_an_offset_stays_an_offset(n_times):
    np.testing.assert_allclose(Resampler(500).transform([np.full(n_times, 8.0)])[0], 8)


def test_equal_rates_copy():
    x = np.arange(9, dtype=np.float32)
    (got,) = Resampler(256, 256.0).transform([x])
    np.testing.assert_array_equal(got, x)
    assert not np.shares_memory(got, x)


@pytest.mark.parametrize(
    ("before", "after", "ratio"),
    [
        (500, 256, (64, 125)),
        (256, 256.0, (1, 1)),
        (250.5, 256, (512, 501)),
        (np.float32(250.5), np.int64(256), (512, 501)),
        (128.1, 128, (1280, 1281)),
        (1000 / 3, 500, (3, 2)),
        (333.33, 256, (25600, 33333)),
    ],
)
def test_rational_ratio(before, after, ratio):
    assert rational_ratio(before, after) == ratio


TIMES = np.arange(1300) / 130


@pytest.mark.parametrize(
    ("rate", "n_times", "meant"),
    [
        (1 / np.median(np.diff(TIMES)), 1300, 130),
        (1 / np.diff(TIMES).mean(), 1300, 130),
        (249.99999, 10**5, 250),
        (1 / 0.004, 10**6, 250),
        (1 / 0.003906, 10_000, 256),
        (1000 / 3.9, 100, 256),
        (333.333, 10_000, 333.333),
        (128.001, 10**6, 128.001),
    ],
)
def test_a_rate_near_a_whole_number_is_meant_to_be_it_if_nobody_can_tell(rate, n_times, meant):
    assert nominal_rate(rate, n_times) == meant


@pytest.mark.parametrize("rate", [np.pi * 100, 333.3333333, 1e-2, 4e5])
@pytest.mark.parametrize("n_times", [1300, 10**6, 10**8])
def test_any_rate_is_met_to_less_than_a_sample_over_the_recording(rate, n_times):
    up, down = rational_ratio(rate, 256, n_times)
    assert max(up, down) <= 100_000
    assert abs(up / down * rate / 256 - 1) * n_times < 1


def test_rate_from_time_stamps():
    rate = 1 / np.median(np.diff(TIMES))
    x = np.sin(np.arange(1300) / 9)
    expected = Resampler(130, 256).fit_transform([x])
    np.testing.assert_array_equal(Resampler(rate, 256).fit_transform([x]), expected)
    resampler = Resampler(rate, 256).fit(x[None])
    assert len(resampler.get_feature_names_out()) == resampler.transform(x[None]).shape[1] == 2560


@pytest.mark.real
def test_real_ecg_keeps_its_shape_to_the_ends(real_recordings):
    recordings, rate = real_recordings
    resampler = Resampler(rate, 256)
    for recording in recordings:
        spread = float(recording.std())
        whole = resampler.transform([recording])[0]
        assert len(whole) == ceil(len(recording) * 256 / rate)
        assert whole.max() == pytest.approx(float(recording.max()), abs=0.3 * spread)
        assert whole.std() == pytest.approx(spread, rel=0.02)
        # a piece with an offset, which is far larger than the ECG, against the same of the whole
        piece = resampler.transform([recording[5000:15000] + 20 * spread])[0] - 20 * spread
        error = np.abs(piece - whole[2560 : 2560 + len(piece)])
        assert error.max() < 0.1 * spread
