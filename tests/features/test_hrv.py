"""Heart rate and its variability: beats, features of known beats, columns, kinds of input."""

import sys

import numpy as np
import pytest

from sklearn_ecgssl.features import HRVFeatures, _beats as beats_module
from sklearn_ecgssl.features._beats import (
    FEATURES,
    HF_BAND,
    LF_BAND,
    band_power,
    find_beats,
    variability,
)
from sklearn_ecgssl.features._pooling import pool_without_nan
from sklearn_ecgssl.signal import Resampler, Segmenter

RATE = 256
TIME_NAMES = ["mean_hr", "sdnn", "rmssd", "pnn50"]


def ecg(beats, duration, rate=RATE):
    """A spike as wide as a QRS complex at each of the given times (s), on a slow wave."""
    seconds = np.arange(round(duration * rate)) / rate
    spikes = sum(np.exp(-0.5 * ((seconds - beat) / 0.015) ** 2) for beat in beats)
    return (spikes + 0.2 * np.sin(2 * np.pi * 0.3 * seconds)).astype(np.float32)


def regular(rr, duration=10):
    return np.arange(0.4, duration - 0.3, rr)


def modulated(frequency, amplitude, duration):
    """Beats whose intervals (0.8 s) swing by an amplitude in ms at a frequency in Hz."""
    beats = [0.4]
    while beats[-1] < duration - 1.2:
        swing = 1e-3 * amplitude * np.sin(2 * np.pi * frequency * beats[-1])
        beats.append(beats[-1] + 0.8 + swing)
    return np.array(beats)


@pytest.fixture(scope="module")
def windows():
    """Windows of 10 s whose beats are 0.6, 0.7, 0.8, 0.9 and 1 s apart, more or less."""
    rng = np.random.default_rng(0)
    each = [regular(rr) for rr in (0.6, 0.7, 0.8, 0.9, 1.0)]
    return np.stack([ecg(beats + rng.normal(scale=0.03, size=len(beats)), 10) for beats in each])


# ---- beats


@pytest.mark.parametrize("rate", [100, 500])
def test_beats_are_found_to_a_fraction_of_a_sample(rate):
    true = regular(0.8) + np.random.default_rng(0).uniform(-0.05, 0.05, size=12)
    found = find_beats(ecg(true, 10, rate), rate) / rate
    assert len(found) == len(true)
    error = found - true
    # A whole sample is 2 to 10 ms; to the nearest, the error would be up to half of that.
    assert np.abs(error - error.mean()).max() < 0.15 / rate


@pytest.mark.parametrize("factor", [1e-3, -2e4])
def test_unit_polarity_and_offset_do_not_matter(windows, factor):
    expected = HRVFeatures().fit_transform(windows)
    changed = windows.astype(np.float64) * factor + 3 * factor
    np.testing.assert_allclose(HRVFeatures().fit_transform(changed), expected, rtol=1e-3, atol=1e-2)


def test_a_flat_start_does_not_move_the_beats():
    x = np.r_[np.zeros(3 * RATE), ecg(regular(0.8), 10)]
    late = np.r_[np.zeros(10 * RATE), ecg(regular(0.8, 4), 4)[: int(1.9 * RATE)]]
    np.testing.assert_allclose(find_beats(x, RATE)[-12:] / RATE, 3 + regular(0.8), atol=1e-3)
    assert len(find_beats(late, RATE)) == 0, "too little to learn thresholds from"


@pytest.mark.parametrize("seconds", [0.004, 1.9, 2, 10])
@pytest.mark.parametrize("kind", ["flat", "a step", "noise", "late noise", "5 waves a second"])
def test_the_detector_in_c_is_kept_from_what_it_cannot_take(kind, seconds, monkeypatch):
    # It reads and writes past the end of its arrays where the same code in Python raises.
    rng = np.random.default_rng(0)
    n = max(1, int(seconds * RATE))
    x = {
        "flat": np.ones(n),
        "a step": np.arange(n) > n // 2,
        "noise": rng.normal(size=n),
        "late noise": np.where(np.arange(n) < n // 2, 0, rng.integers(0, 5, n)),
        "5 waves a second": ecg(np.arange(0.1, seconds, 0.204), n / RATE),
    }[kind]
    detect = beats_module.load_detector()

    def in_python(x, rate, backend):
        try:
            assert backend == "python" or len(x) >= 2 * rate, "too short for C"
            return detect(x, rate, backend="python")
        except IndexError:
            assert backend == "python", "C would have written past the end"
            raise

    monkeypatch.setattr(beats_module, "load_detector", lambda: in_python)
    found = find_beats(x, RATE)
    assert np.all(np.diff(found) > 0)
    if kind == "flat" or seconds < 2:
        assert len(found) == 0


def test_missing_detector_names_the_extra(windows, monkeypatch):
    monkeypatch.setitem(sys.modules, "sleepecg", None)
    with pytest.raises(ImportError, match=r'sleepecg.*pip install "sklearn_ecgssl\[hrv\]"'):
        HRVFeatures().fit(windows)


# ---- features of known beats


def test_features_in_closed_form():
    regular_beats = variability(np.arange(20) * 0.75, 15, TIME_NAMES)
    np.testing.assert_allclose(regular_beats, [80, 0, 0, 0], atol=1e-9)
    rr = np.tile([800.0, 860.0], 6)
    values = variability(np.r_[0, np.cumsum(rr)] / 1e3, 10, TIME_NAMES)
    # n - 1 = 11 in the standard deviation; every difference is 60 ms, so above 50
    np.testing.assert_allclose(values, [60e3 / 830, 30 * np.sqrt(12 / 11), 60, 100])
    values = variability(np.r_[0, np.cumsum(np.r_[rr, 900.0, 900.0])] / 1e3, 12, ["pnn50"])
    np.testing.assert_allclose(values, 100 * 11 / 13)


def test_features_of_ecg_are_those_of_its_beats():
    rr = np.tile([0.8, 0.87, 0.84], 4)
    beats = 0.4 + np.r_[0, np.cumsum(rr)][:11]
    expected = variability(beats, 10, TIME_NAMES)
    row = HRVFeatures().fit_transform([ecg(beats, 10)])[0]
    np.testing.assert_allclose(row, expected, rtol=0.01, atol=0.3)
    assert expected[3] > 30


@pytest.mark.parametrize("missed", [False, True])
def test_impossible_intervals_are_left_out(missed):
    # 0.75 and 0.85 s in turn; two beats are missed, or two false ones found 0.25 s apart
    beats = np.r_[0, np.cumsum(np.tile([0.75, 0.85], 8))]
    wrong = np.delete(beats, [7, 8]) if missed else np.sort(np.r_[beats, beats[8] + [0.25, 0.5]])
    rr, kept = np.diff(wrong), (np.diff(wrong) > 0.3) & (np.diff(wrong) < 2)
    mean_hr, rmssd = variability(wrong, 14, ["mean_hr", "rmssd"])
    assert mean_hr == pytest.approx(60 / rr[kept].mean())
    assert rmssd == pytest.approx(100), "differences across what was left out"


@pytest.mark.parametrize("duration", [120, 1500])
@pytest.mark.parametrize(("frequency", "band"), [(0.1, "lf"), (0.25, "hf")])
def test_power_of_a_modulation_is_half_its_square_in_its_band(frequency, band, duration):
    beats = modulated(frequency, 40, duration)
    lf, hf, lf_hf = variability(beats, duration, ["lf", "hf", "lf_hf"])
    inside, outside = (lf, hf) if band == "lf" else (hf, lf)
    assert inside == pytest.approx(40**2 / 2, rel=0.05)
    assert outside < 0.02 * inside
    assert lf_hf == pytest.approx(lf / hf)


def test_a_trend_and_what_is_slower_than_the_band_are_no_power():
    times = np.arange(150) * 0.8
    assert band_power(times, 500 + 2 * times, LF_BAND) < 1e-9
    slow = 100 * np.sin(2 * np.pi * 0.0125 * times)
    assert band_power(times, slow, LF_BAND) < 0.02 * 100**2 / 2
    assert band_power(times, slow, HF_BAND) < 1e-5 * 100**2 / 2


def test_fewer_than_two_cycles_have_no_power():
    times = np.arange(60) * 0.8  # 47 s: 1.9 cycles of 0.04 Hz, 7 of 0.15 Hz
    assert np.isnan(band_power(times, np.sin(times), LF_BAND))
    assert band_power(times, np.sin(times), HF_BAND) > 0


def test_the_power_of_a_long_recording_is_the_mean_over_its_pieces():
    times = np.arange(4500) * 0.8  # an hour; only the first quarter varies
    values = np.where(times < 900, 40 * np.sin(2 * np.pi * 0.1 * times), 0)
    assert band_power(times, values, LF_BAND) == pytest.approx(40**2 / 2 / 4, rel=0.03)


# ---- which features


def test_columns_follow_the_duration():
    def names(seconds):
        return list(HRVFeatures(100).fit(np.ones((2, seconds * 100))).get_feature_names_out())

    assert names(10) == names(59) == TIME_NAMES
    assert names(60) == names(119) == [*TIME_NAMES, "hf"]
    assert names(120) == list(FEATURES)


def test_columns_of_recordings_follow_the_median_and_short_ones_get_nan():
    long, short = ecg(regular(0.8, 130), 130), ecg(regular(0.8, 30), 30)
    hrv = HRVFeatures().fit([long, long, short])
    assert hrv.features_ == list(FEATURES)
    with pytest.warns(UserWarning, match="1 of 2 recordings .* for lf, hf, lf_hf: NaN"):
        rows = hrv.transform([long, short])
    assert np.isfinite(rows[0]).all()
    np.testing.assert_array_equal(np.isnan(rows[1]), [name not in TIME_NAMES for name in FEATURES])
    assert HRVFeatures().fit([long, short, short]).features_ == TIME_NAMES
    assert HRVFeatures(features=["lf"]).fit([long, short, short]).features_ == ["lf"]


def test_few_beats_in_a_long_recording_have_no_spectrum():
    names = ["mean_hr", "lf", "hf"]
    missing = [np.isnan(variability(modulated(0.1, 30, n), 130, names)) for n in (130, 90, 40)]
    assert np.array_equal(missing, [[False] * 3, [False, True, False], [False, True, True]])


@pytest.mark.filterwarnings("error")
def test_chosen_features_in_their_order(windows):
    every = HRVFeatures().fit_transform(windows)
    hrv = HRVFeatures(features=("rmssd", "mean_hr"))
    np.testing.assert_array_equal(hrv.fit_transform(windows), every[:, [2, 0]])
    assert list(hrv.get_feature_names_out()) == ["rmssd", "mean_hr"]


def test_features_that_cannot_be(windows):
    for features in (["hr"], [], ["sdnn", "sdnn"], [3]):
        with pytest.raises(ValueError, match="features must be 'auto' or some of"):
            HRVFeatures(features=features).fit(windows)
    with pytest.raises(ValueError, match="'lf' needs 120 s of ECG, this is 10 s: use longer"):
        HRVFeatures(features=["mean_hr", "lf"]).fit(windows)


# ---- kinds of input, missing values


def test_rows_depend_neither_on_each_other_nor_on_how_they_are_stored(windows, tmp_path):
    rows = HRVFeatures().fit_transform(windows)
    assert rows.dtype == np.float64
    np.testing.assert_allclose(rows[:, 0], [100, 85.7, 75, 66.7, 60], rtol=0.05)
    np.save(tmp_path / "windows.npy", windows.astype(np.float64))
    mapped = np.load(tmp_path / "windows.npy", mmap_mode="r")
    np.testing.assert_array_equal(HRVFeatures().fit_transform(mapped), rows)
    longer = np.concatenate([windows[1], windows[1]])
    ragged = HRVFeatures().fit_transform([windows[0], longer, mapped[2]])
    np.testing.assert_array_equal(ragged[[0, 2]], rows[[0, 2]])


@pytest.mark.parametrize("to", [list, np.stack])
def test_windowed_recordings_are_pooled(windows, to):
    recordings = to([windows[:2], windows[2:4]])
    features = ["mean_hr", "sdnn"]
    rows = HRVFeatures(features=features).fit_transform(windows)
    means = [rows[:2].mean(axis=0), rows[2:4].mean(axis=0)]
    np.testing.assert_allclose(HRVFeatures(features=features).fit_transform(recordings), means)
    hrv = HRVFeatures(pool="mean_std", features=features).fit(recordings)
    assert list(hrv.get_feature_names_out()) == ["mean_hr", "sdnn", "mean_hr_std", "sdnn_std"]
    spreads = [rows[:2].std(axis=0), rows[2:4].std(axis=0)]
    np.testing.assert_allclose(hrv.transform(recordings), np.hstack([means, spreads]))
    with pytest.raises(ValueError, match="pass windowed recordings, as in fit"):
        hrv.transform(windows)
    with pytest.raises(ValueError, match="pass no windowed recordings, as in fit"):
        hrv.fit(windows).transform(recordings)


def test_too_few_beats_are_nan_with_one_warning(windows):
    X = np.concatenate([windows, np.zeros((1, 10 * RATE))])  # 16, 14, 12, 11, 10 and no beats
    with pytest.warns(UserWarning, match="3 of 6 windows have fewer than 12 usable") as caught:
        rows = HRVFeatures(min_beats=12).fit_transform(X)
    assert len(caught) == 1
    assert np.isnan(rows).all(axis=1).tolist() == [False] * 3 + [True] * 3
    with pytest.warns(UserWarning, match="1 of 6 windows have fewer than 4"):
        every = HRVFeatures().fit_transform(X)
    with pytest.warns(UserWarning, match="2 of 7 windows have fewer than 4"):
        pooled = HRVFeatures().fit_transform([X, X[5:]])
    np.testing.assert_allclose(pooled, [every[:5].mean(axis=0), every[5]])


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ("mean", [3, 5, np.nan]),
        ("max", [4, 5, np.nan]),
        ("mean_std", [3, 5, np.nan, 1, 0, np.nan]),
    ],
)
def test_pooling_of_what_is_known(pool, expected):
    features = np.array([[2, 5, np.nan], [4, np.nan, np.nan]])
    np.testing.assert_array_equal(pool_without_nan(features, pool), expected)


# ---- real ECG


@pytest.mark.real
@pytest.mark.slow
def test_windows_of_mit_bih_against_its_annotations(shared_data):
    with np.load(shared_data / "mitdb.npz") as file:
        data = dict(file)
    errors = []
    for i in [0, 3, 12, 20, 33]:  # 100, 103, 113, 122, 220: few ectopic beats
        counts = data["ecg"][data["start"][i] : data["start"][i + 1]]
        x = Resampler(360, RATE).transform([counts * data["scale"][i] + data["offset"][i]])
        rows = HRVFeatures().fit_transform(Segmenter(RATE, 10).fit_transform(x)[0])
        beats = data["beat_sample"][data["beat_start"][i] : data["beat_start"][i + 1]] / 360
        for start, row in zip(10 * np.arange(len(rows)), rows, strict=True):
            own = beats[(beats >= start) & (beats < start + 10)]
            errors.append(np.abs(row - variability(own, 10, TIME_NAMES)))
    assert len(errors) > 800
    assert not np.isnan(errors).any()
    assert np.all(np.median(errors, axis=0)[:3] < [0.1, 1, 2.5])  # 1/min, ms, ms
    assert np.quantile(errors, 0.95, axis=0)[0] < 1
