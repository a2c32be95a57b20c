"""Recordings that the tests of sklearn_ecgssl.signal share."""

import json

import numpy as np
import pytest


@pytest.fixture
def ragged():
    """Return three recordings of different lengths, float64."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=n).cumsum() for n in (700, 512, 1025)]


@pytest.fixture(scope="session")
def real_recordings(shared_data):
    """Return four real ECGs of 60 s and their sampling rate (eegmat, 500 Hz)."""
    path = shared_data / "eegmat_ecg.npz"
    if not path.is_file():
        pytest.skip(f"no real recordings: {path} is not a file")
    with np.load(path, allow_pickle=False) as data:
        assert json.loads(str(data["meta"]))["lead"].startswith("ECG")
        start, counts = data["start"], data["ecg"]
        good = np.flatnonzero(data["ecg_ok"])[:8:2]
        recordings = [
            counts[start[i] : start[i] + 30_000].astype(np.float32) * data["scale"][i]
            + data["offset"][i]
            for i in good
        ]
        (rate,) = {float(data["fs"][i]) for i in good}
    return recordings, rate
