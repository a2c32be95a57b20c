import numpy as np
import pytest
from scipy import signal

from sklearn_ecgssl.signal import ECGFilter

RATE = 256
TIME = np.arange(40 * RATE) / RATE
MIDDLE = slice(15 * RATE, 25 * RATE)


def gain(frequency, **params):
    """Amplitude with which a sine of 1 leaves the filter, away from the ends."""
    wave = np.sin(2 * np.pi * frequency * TIME)
    out = ECGFilter(sampling_rate=RATE, **params).transform([wave])[0]
    return np.sqrt(2 * np.mean(out[MIDDLE].astype(np.float64) ** 2))


@pytest.mark.parametrize(
    ("params", "removed", "kept"),
    [
        ({}, [0.1, 0.3], [2, 10, 100]),
        ({"low": None, "high": 40}, [80, 110], [0.1, 2, 25]),
        ({"high": 40}, [0.1, 0.3, 80], [2, 10, 25]),
        ({"notch": 50}, [0.1, 50], [2, 45, 55]),
        ({"notch": [50, 100]}, [50, 100], [2, 75, 120]),
        ({"low": None, "notch": 60}, [60], [0.1, 10, 65]),
        ({"zero_phase": False}, [0.1, 0.3], [2, 10, 100]),
        ({"zero_phase": False, "notch": 50}, [50], [45, 55]),
    ],
)
def test_frequency_response(params, removed, kept):
    for frequency in removed:
        assert gain(frequency, **params) < 0.03, frequency
    for frequency in kept:
        assert gain(frequency, **params) == pytest.approx(1, abs=0.05), frequency


def test_attenuation_at_the_edge_is_3_db_a_pass():
    assert gain(5, low=5, zero_phase=False) == pytest.approx(np.sqrt(0.5), abs=0.01)
    assert gain(5, low=5, zero_phase=True) == pytest.approx(0.5, abs=0.01)


def test_order_and_notch_quality_steer_the_steepness():
    assert gain(2.5, low=5, order=1) == pytest.approx(1 / 5, abs=0.01)  # (f/fc)^2 / (1+(f/fc)^2)
    assert gain(2.5, low=5, order=2) == pytest.approx(1 / 17, abs=0.01)
    assert gain(2.5, low=5, high=40, order=4) < 0.01 < gain(2.5, low=5, high=40, order=1)
    assert gain(45, notch=50, notch_quality=2) < 0.6 < gain(45, notch=50, notch_quality=30)


def test_zero_phase_keeps_peaks_in_place_and_causal_delays():
    # upper half of a 5 Hz wave: a smooth peak that a low-pass at 10 Hz delays by several samples
    bump = np.zeros(4 * RATE)
    peak = 500
    bump[peak - 25 : peak + 26] = np.hanning(51)
    both = ECGFilter(RATE, low=None, high=10).transform([bump])[0]
    causal = ECGFilter(RATE, low=None, high=10, zero_phase=False).transform([bump])[0]
    assert abs(int(both.argmax()) - peak) <= 1
    assert int(causal.argmax()) > peak + 5
    assert np.abs(causal[: peak - 25]).max() < 1e-6  # nothing before its cause
    assert np.abs(both[: peak - 25]).max() > 1e-3


def test_causal_filter_starts_without_a_transient():
    recording = 1000 + np.sin(2 * np.pi * 10 * TIME)
    out = ECGFilter(RATE, zero_phase=False).transform([recording])[0]
    assert np.abs(out).max() < 1.2


def test_causal_filter_is_scipys():
    recording = np.random.default_rng(0).normal(size=500)
    recording -= recording[0]  # then scipy's start at rest is the same start
    sos = signal.butter(4, 0.8, "highpass", fs=RATE, output="sos")
    got = ECGFilter(RATE, zero_phase=False).transform([recording])[0]
    np.testing.assert_allclose(got, signal.sosfilt(sos, recording), atol=1e-5)


def test_zero_phase_filter_is_forwards_and_backwards():
    rng = np.random.default_rng(0)
    recording = np.zeros(20 * RATE)
    recording[8 * RATE : 12 * RATE] = rng.normal(size=4 * RATE)  # silence hides the ends
    band = signal.butter(4, [0.8, 40], "bandpass", fs=RATE, output="sos")
    sos = np.concatenate([band, signal.tf2sos(*signal.iirnotch(50, 30, fs=RATE))])
    twice = signal.sosfilt(sos, signal.sosfilt(sos, recording)[::-1])[::-1]
    got = ECGFilter(RATE, high=40, notch=50).transform([recording])[0]
    np.testing.assert_allclose(got, twice, atol=1e-4)


@pytest.mark.parametrize("low", [0.1, 0.8])
def test_a_drift_is_removed_up_to_the_ends(low):
    (out,) = ECGFilter(RATE, low=low).transform([TIME])  # with scipy's own padding 0.49 and 0.04
    assert np.abs(out).max() < 0.003 / low


def test_large_offsets_do_not_cost_precision():
    wave = np.sin(2 * np.pi * 10 * TIME)
    plain, shifted = ECGFilter(RATE).transform([wave, wave + 1000])
    np.testing.assert_allclose(shifted, plain, atol=1e-3)


@pytest.mark.parametrize("zero_phase", [True, False])
@pytest.mark.parametrize("n_times", [1, 2, 3, 10, 100])
def test_any_length_works(n_times, zero_phase):
    recording = 5 + np.arange(n_times)
    out = ECGFilter(RATE, high=40, notch=50, zero_phase=zero_phase).transform([recording])[0]
    assert out.shape == (n_times,)
    assert np.abs(out).max() <= n_times  # the offset is gone, nothing explodes


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"low": 128}, "low=128 Hz is not between 0 Hz and the Nyquist frequency of 128 Hz.*=256"),
        ({"high": 200}, "high=200 Hz is not between .*: change high"),
        ({"notch": [50, 150]}, "notch=150 Hz is not between"),
        ({"notch": [0.0]}, "notch=0 Hz is not between"),
        ({"low": 40, "high": 40}, "low=40 Hz is not below high=40 Hz"),
        ({"low": None}, "nothing to filter"),
        ({"low": None, "notch": []}, "nothing to filter"),
        ({"low": 1e-9, "order": 8}, r"order=8\) is numerically unstable"),
        # one whose poles are inside the unit circle, yet which lets a tenth of an offset through
        ({"low": 1e-6, "order": 2}, r"order=2\) is numerically unstable.*sampling_rate=256 Hz"),
        ({"order": 51}, "'order' parameter of ECGFilter"),
        ({"sampling_rate": -1}, "'sampling_rate' parameter of ECGFilter"),
    ],
)
def test_filters_that_cannot_exist_are_refused(params, message):
    estimator = ECGFilter(**params)
    for method in (estimator.fit, estimator.transform):
        with pytest.raises(ValueError, match=message):
            method([TIME])


@pytest.mark.parametrize("kind", [np.int16, np.uint64, np.float32])
def test_numbers_of_numpy_are_numbers(kind):
    plain = ECGFilter(100, low=2, high=40, notch=25, order=3, notch_quality=20).transform([TIME])
    params = {"low": 2, "high": 40, "notch": 25, "notch_quality": 20}
    typed = ECGFilter(kind(100), order=np.uint64(3), **{k: kind(v) for k, v in params.items()})
    np.testing.assert_array_equal(typed.transform([TIME])[0], plain[0])


@pytest.mark.filterwarnings("error")
def test_what_float32_does_not_hold_is_refused():
    recording = np.resize([3e38, -3e38], 500)
    recording[250:] *= -1
    with pytest.raises(ValueError, match="recording 1 has samples beyond float32"):
        ECGFilter(100, low=None, high=40).transform([TIME, np.repeat(recording, 4)])


@pytest.mark.real
def test_real_ecg_loses_its_baseline_and_keeps_its_r_peaks(real_recordings):
    recordings, rate = real_recordings
    time = np.arange(len(recordings[0])) / rate
    size = 3 * np.std(recordings[0])
    wander = (size * np.sin(2 * np.pi * 0.2 * time)).astype(np.float32)
    for recording in recordings:
        out = ECGFilter(rate, high=40).transform([recording + wander])[0]
        frequency, before = signal.periodogram(recording + wander, rate)
        _, after = signal.periodogram(out, rate)
        slow = (frequency > 0) & (frequency < 0.4)
        assert after[slow].sum() < 0.01 * before[slow].sum()
        assert after[~slow].sum() > 0.9 * before[~slow & (frequency > 0.8)].sum()
        edge = int(rate)
        inner = recording[edge:-edge]
        r_peaks, _ = signal.find_peaks(inner, height=np.quantile(inner, 0.985), distance=rate // 3)
        assert len(r_peaks) > 30
        moved = [abs(np.argmax(out[edge + p - 40 : edge + p + 41]) - 40) for p in r_peaks]
        assert np.max(moved) <= 2  # samples, 4 ms
