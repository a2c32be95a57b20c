"""Signal quality: each column against its definition, kinds of input, which windows are usable."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_ecgssl import make_cohort
from sklearn_ecgssl.features import SignalQuality, _quality_measures as q, usable
from sklearn_ecgssl.features._quality import COLUMNS
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler

RATE = 256
N = 10 * RATE
SECONDS = np.arange(N) / RATE


@pytest.fixture(scope="module")
def windows():
    """Six windows of 10 s of two people, float32, in mV."""
    recordings = make_cohort(n_subjects=2, duration=(15, 25), random_state=0).recordings
    return Segmenter(RATE).windows(recordings)


def columns(X, rate=RATE):
    rows = SignalQuality(rate).fit_transform(X)
    return dict(zip(COLUMNS, rows.T, strict=True))


def noise(seed=0, n=N):
    return np.random.default_rng(seed).normal(size=n)


# ---- columns


def test_a_clean_ecg_and_noise_lie_apart(windows):
    clean = columns(windows)
    assert (clean["agreement"] > 0.95).all()
    assert (clean["template_correlation"] > 0.9).all()
    assert (clean["kurtosis"] > 5).all()
    for name in ("flat", "clipped", "mains"):
        assert (clean[name] < 0.02).all(), name
    noisy = columns(np.stack([noise(seed) for seed in range(20)]))
    assert noisy["agreement"].mean() < 0.65
    assert np.abs(noisy["template_correlation"]).max() < 0.4
    np.testing.assert_allclose(noisy["kurtosis"], 3, atol=0.7)


@pytest.mark.parametrize("factor", [1e-6, 3e4])
@pytest.mark.parametrize("sign", [1, -1])
def test_unit_offset_and_polarity_do_not_matter(windows, factor, sign):
    expected = SignalQuality().fit_transform(windows)
    changed = sign * factor * (windows.astype(np.float64) + 5)
    found = SignalQuality().fit_transform(changed)
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.01)


def test_agreement_is_the_f1_score_of_matched_beats():
    beats = np.array([1.0, 2.0, 3.0, 4.0])
    assert q.count_matches(beats.tolist(), [1.05, 2.2, 3.0], 0.1) == 2
    assert q.count_matches([1.0], [0.95, 1.05], 0.1) == 1, "each beat in one pair"
    spikes = np.exp(-0.5 * ((SECONDS % 0.8 - 0.2) / 0.015) ** 2)
    every = 0.2 + 0.8 * np.arange(13)
    assert q.agreement(spikes, RATE * every, RATE) == 1
    assert q.agreement(spikes, RATE * every[:6], RATE) == pytest.approx(2 * 6 / (6 + 13))
    assert q.agreement(spikes, RATE * (every + 0.2), RATE) == 0
    assert q.agreement(spikes, np.empty(0), RATE) == 0


def test_beats_are_compared_with_the_mean_of_the_others():
    x, beats = noise(), np.array([300.3, 700.0, 1100.8, 2000.0])
    half = round(0.3 * RATE)
    cut = [x[round(b) - half : round(b) + half + 1] for b in beats]
    expected = [
        np.corrcoef(cut[i], np.mean([cut[j] for j in range(4) if j != i], axis=0))[0, 1]
        for i in range(4)
    ]
    found = q.template_correlation(x, beats, RATE)
    assert found == pytest.approx(np.mean(expected))
    beside = np.r_[10.0, beats, N - 10.0]  # no room for the beat
    assert q.template_correlation(x, beside, RATE) == pytest.approx(found)
    assert q.template_correlation(x, beats[:2], RATE) == 0


def test_few_beats_of_noise_do_not_look_alike():
    # with each beat in its own template, three would correlate by .58
    few = [q.template_correlation(noise(i), np.array([300.0, 900, 1500]), RATE) for i in range(30)]
    assert abs(np.mean(few)) < 0.15


def slow_flat(x, rate):
    """Share of samples in stretches of a second that move by less than 2 % of the range."""
    half = rate // 2
    size, covered = 2 * half + 1, np.zeros(len(x), dtype=bool)
    spread = np.quantile(x, 0.995) - np.quantile(x, 0.005)
    for start in range(len(x) - size + 1):
        piece = x[start : start + size]
        if piece.max() - piece.min() <= 0.02 * spread:
            covered[start : start + size] = True
    return covered.mean()


@pytest.mark.parametrize("start", [0, 700, N - 400, N - 200])
@pytest.mark.parametrize("length", [200, 300, 1000])
def test_flat_is_the_share_of_stretches_of_a_second(windows, start, length):
    x = windows[0].astype(np.float64)
    x[start : start + length] = x[start]
    (found,) = q.flat(x[np.newaxis], RATE)
    assert found == pytest.approx(slow_flat(x, RATE))
    still = min(length, N - start)
    assert (found > 0) == (still > RATE), "shorter than a second is no stretch"
    if found:
        assert still / N <= found < still / N + 0.1


def test_clipped_is_the_share_at_the_extremes(windows):
    x = 5 * np.sin(2 * np.pi * 0.5 * SECONDS)
    assert columns(np.clip(x, -3, 3)[np.newaxis])["clipped"] == pytest.approx(0.6, abs=0.03)
    both = columns(np.stack([np.clip(x, -9, 3), -np.clip(x, -9, 3)]))["clipped"]
    assert both[0] == pytest.approx(both[1])
    saturated = windows[:1].clip(None, np.quantile(windows[0], 0.7))
    assert columns(saturated)["clipped"][0] > 0.15
    assert columns(windows)["clipped"].max() < 0.02, "R peaks are no clipped samples"


def test_clipped_windows_are_not_usable_though_beats_are_found(windows):
    cut_off = windows.clip(*np.quantile(windows, [0.3, 0.8], axis=1, keepdims=True))
    found = columns(cut_off)
    assert found["agreement"].min() > 0.6
    assert found["template_correlation"].min() > 0.6
    assert not usable(cut_off).any()


def test_power_shares_are_those_of_sines():
    def share(name, *sines, rate=RATE):
        seconds = np.arange(10 * rate) / rate
        x = sum(a * np.sin(2 * np.pi * f * seconds) for a, f in sines)
        return columns(x[np.newaxis], rate)[name][0]

    # power is half the square of the amplitude
    assert share("baseline", (2, 0.3), (1, 10)) == pytest.approx(4 / 5, abs=0.01)
    assert share("baseline", (2, 0.3), (1, 10), (9, 50)) == pytest.approx(4 / 5, abs=0.01)
    assert share("mains", (1, 50.3), (1, 10), (9, 0.3)) == pytest.approx(1 / 2, abs=0.01)
    assert share("mains", (1, 59.5), (3, 10)) == pytest.approx(1 / 10, abs=0.01)
    assert share("mains", (1, 55), (1, 10)) < 0.01
    assert share("mains", (1, 40), (1, 10), rate=90) == 0, "no hum below half the rate"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_times", [1, 2, 3, 30, 500, N])
def test_there_is_always_a_number(n_times):
    X = np.stack([np.zeros(n_times), np.full(n_times, 0.1), noise(n=n_times), np.arange(n_times)])
    X = np.concatenate([X, [(np.arange(n_times) == n_times // 2) * 1.0]])
    found = columns(X)
    assert all(np.isfinite(column).all() for column in found.values())
    of_constants = {name: column[:2].tolist() for name, column in found.items()}
    assert of_constants.pop("flat") == [1, 1]
    assert all(values == [0, 0] for values in of_constants.values()), "no rounding of a mean"
    if n_times < 2 * RATE:
        assert not found["agreement"].any(), "too short for the detector"
    assert not usable(X).any()


# ---- kinds of input


def test_rows_depend_neither_on_each_other_nor_on_how_they_are_stored(windows, tmp_path):
    rows = SignalQuality().fit_transform(windows)
    assert rows.shape == (len(windows), 7)
    assert rows.dtype == np.float64
    np.save(tmp_path / "windows.npy", windows.astype(np.float64))
    mapped = np.load(tmp_path / "windows.npy", mmap_mode="r")
    for X in (mapped, windows.tolist(), pd.DataFrame(windows), windows.astype(np.float64)):
        np.testing.assert_allclose(SignalQuality().fit_transform(X), rows, atol=1e-6)
        np.testing.assert_array_equal(usable(X), usable(windows))
    longer = np.concatenate([windows[1], windows[1]])
    ragged = SignalQuality().fit_transform([windows[0], longer, mapped[2]])
    np.testing.assert_allclose(ragged[[0, 2]], rows[[0, 2]], atol=1e-6)
    windows.flags.writeable = False
    np.testing.assert_array_equal(SignalQuality().fit_transform(windows), rows)


@pytest.mark.parametrize("to", [list, np.stack])
def test_windowed_recordings_are_pooled(windows, to):
    recordings = to([windows[:2], windows[2:4]])
    rows = SignalQuality().fit_transform(windows)
    means = [rows[:2].mean(axis=0), rows[2:4].mean(axis=0)]
    np.testing.assert_allclose(SignalQuality().fit_transform(recordings), means)
    quality = SignalQuality(pool="mean_std").fit(recordings)
    assert quality.get_feature_names_out().tolist() == [*COLUMNS, *(f"{c}_std" for c in COLUMNS)]
    assert quality.transform(recordings).shape == (2, 14)
    np.testing.assert_array_equal(usable(recordings), usable(windows[:4]))


def test_columns_have_names_and_the_index_of_what_came_in(windows):
    table = pd.DataFrame(windows, index=[f"w{i}" for i in range(len(windows))])
    found = SignalQuality().set_output(transform="pandas").fit_transform(table)
    assert found.columns.tolist() == list(COLUMNS)
    assert found.index.tolist() == table.index.tolist()


def test_missing_detector_names_the_extra(windows, monkeypatch):
    monkeypatch.setitem(sys.modules, "sleepecg", None)
    for ask in (SignalQuality().fit, usable):
        with pytest.raises(ImportError, match=r'sleepecg.*pip install "sklearn_ecgssl\[hrv\]"'):
            ask(windows)


@pytest.mark.parametrize(
    ("change", "rate", "message"),
    [
        (lambda X: np.where(X[1, 7] == X, np.nan, X), 256, "recording 1 holds NaN"),
        (lambda X: X[:0], 256, "0 sample"),
        (lambda X: [], 256, "no recordings"),
        (lambda X: X[0], 256, "Expected 2D array, got 1D"),
        (lambda X: X, 60, "sampling_rate"),
        (lambda X: X, "256", "sampling_rate"),
    ],
)
def test_bad_input_is_refused(windows, change, rate, message):
    with pytest.raises(ValueError, match=message):
        usable(change(windows), rate)
    with pytest.raises(ValueError, match=message):
        SignalQuality(rate).fit(change(windows))


# ---- usable


def test_usable_is_what_its_docstring_says(windows):
    hum = np.sin(2 * np.pi * 50 * SECONDS)
    loose = windows[0].copy()
    loose[1500:] = loose[1500]
    wave = np.sin(2 * np.pi * 1.2 * SECONDS)  # all beats alike, but no detectors agree on them
    bad = np.stack([noise(), hum, loose, wave, np.cumsum(noise()), np.sign(wave), np.ones(N)])
    found = usable(np.concatenate([windows, bad]))
    assert found.dtype == bool
    assert found.tolist() == [True] * len(windows) + [False] * len(bad)


@pytest.mark.parametrize("rate", [100, 128, 500, 1000])
def test_usable_does_not_depend_on_the_rate(windows, rate):
    recordings = Resampler(RATE, rate).fit_transform(windows)
    assert usable(recordings, rate).all()
    assert not usable(np.stack([noise(i, 10 * rate) for i in range(5)]), rate).any()


def test_usable_says_the_same_of_filtered_and_scaled_windows(windows):
    wander = 3 * np.sin(2 * np.pi * 0.2 * SECONDS) + 0.3 * np.sin(2 * np.pi * 50 * SECONDS)
    X = np.concatenate([windows + wander, windows + 3 * noise()]).astype(np.float32)
    raw = usable(X)
    assert raw.tolist() == [True] * len(windows) + [False] * len(windows)
    for step in (ECGFilter(RATE), ECGFilter(RATE, high=40, notch=50), TrimmedScaler()):
        np.testing.assert_array_equal(usable(step.fit_transform(X)), raw)


def test_nothing_warns(windows):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        usable(np.concatenate([windows, np.zeros((1, N))]))


# ---- real ECG


@pytest.fixture(scope="module")
def eegmat(shared_data):
    path = shared_data / "eegmat_ecg.npz"
    if not path.is_file():
        pytest.skip(f"no real recordings: {path} is not a file")
    with np.load(path) as file:
        data = dict(file)

    def windows_of(i):
        counts = data["ecg"][data["start"][i] : data["start"][i + 1]]
        recording = Resampler(500, RATE).fit_transform([counts * data["scale"][i]])
        return Segmenter(RATE).windows(recording)[:6]

    return data["ecg_ok"], windows_of


@pytest.mark.real
def test_channels_without_ecg_are_not_usable(eegmat):
    has_ecg, windows_of = eegmat
    for i in np.flatnonzero(~has_ecg):
        assert not usable(windows_of(i)).any()
    good = np.concatenate([usable(windows_of(i)) for i in np.flatnonzero(has_ecg)[:6]])
    assert good.mean() > 0.95


@pytest.mark.real
def test_recorded_electrode_motion_makes_windows_unusable(eegmat, shared_data):
    has_ecg, windows_of = eegmat
    with np.load(shared_data / "nstdb_noise.npz") as file:
        data = dict(file)
    i = data["noise"].tolist().index("electrode_motion")
    counts = data["ecg"][data["start"][i] :][: 360 * 60].astype(np.float32)
    (motion,) = ECGFilter(RATE).fit_transform(Resampler(360, RATE).fit_transform([counts]))
    clean = np.concatenate([windows_of(i) for i in np.flatnonzero(has_ecg)[:4]])
    clean = ECGFilter(RATE).fit_transform(clean)
    kept = {}
    for snr_db in (12, -9):
        gain = clean.std(axis=1, keepdims=True) / motion[:N].std() / 10 ** (snr_db / 20)
        kept[snr_db] = usable(clean + gain * motion[:N]).mean()
    assert kept[12] > 0.9
    assert kept[-9] < 0.1
