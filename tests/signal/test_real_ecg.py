"""Four real ECGs of 60 s (eegmat, 500 Hz) keep their shape."""

import numpy as np
import pytest
from scipy import signal

from sklearn_ecgssl.signal import ECGFilter, Resampler

pytestmark = [pytest.mark.real, pytest.mark.slow]
RATE = 500


@pytest.fixture(scope="module")
def recordings(shared_data):
    path = shared_data / "eegmat_ecg.npz"
    if not path.is_file():
        pytest.skip(f"no real recordings: {path} is not a file")
    with np.load(path, allow_pickle=False) as data:
        good = np.flatnonzero(data["ecg_ok"])[:8:2]
        assert set(data["fs"][good]) == {RATE}
        counts = [data["ecg"][data["start"][i] :][: 60 * RATE].astype(np.float32) for i in good]
        return [x * data["scale"][i] + data["offset"][i] for x, i in zip(counts, good, strict=True)]


def test_filtered_it_loses_its_baseline_and_keeps_its_r_peaks(recordings):
    time = np.arange(60 * RATE) / RATE
    wander = (3 * np.std(recordings[0]) * np.sin(2 * np.pi * 0.2 * time)).astype(np.float32)
    for recording in recordings:
        (out,) = ECGFilter(RATE, high=40).transform([recording + wander])
        frequency, before = signal.periodogram(recording + wander, RATE)
        _, after = signal.periodogram(out, RATE)
        slow = (frequency > 0) & (frequency < 0.4)
        assert after[slow].sum() < 0.01 * before[slow].sum()
        assert after[~slow].sum() > 0.9 * before[~slow & (frequency > 0.8)].sum()
        inner = recording[RATE:-RATE]
        r_peaks, _ = signal.find_peaks(inner, height=np.quantile(inner, 0.985), distance=RATE // 3)
        assert len(r_peaks) > 30
        moved = [abs(np.argmax(out[RATE + p - 40 : RATE + p + 41]) - 40) for p in r_peaks]
        assert np.max(moved) <= 2  # samples, 4 ms


def test_resampled_it_keeps_its_peaks_and_the_ends_of_any_piece(recordings):
    resampler = Resampler(RATE, 256)
    for recording in recordings:
        spread = float(recording.std())
        (whole,) = resampler.transform([recording])
        assert whole.max() == pytest.approx(float(recording.max()), abs=0.3 * spread)
        # with an offset, which is far larger than the ECG
        piece = resampler.transform([recording[5000:15000] + 20 * spread])[0] - 20 * spread
        assert np.abs(piece - whole[2560 : 2560 + len(piece)]).max() < 0.1 * spread
