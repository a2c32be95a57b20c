"""On real ECG (qtdb, PhysioNet): a Transformer predicts masked samples of people it has not met."""

import numpy as np
import pytest

from sklearn_ecgssl import (
    ECGFilter,
    MaskedPretrainer,
    Resampler,
    Segmenter,
    load_recordings,
    scale_subjects,
)

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def cohort(shared_data):
    path = shared_data / "qtdb.npz"
    if not path.is_file():
        pytest.skip(f"no real recordings: {path} is not a file")
    return load_recordings(path)


@pytest.fixture(scope="module")
def windows(cohort):
    """Eight windows of 2.5 s of each of 105 people, prepared as in the paper."""
    beginnings = [recording[: 20 * 250] for recording in cohort.recordings]
    recordings = Resampler(250, 128).fit_transform(beginnings)
    recordings = ECGFilter(128, low=0.8, high=50, order=8).fit_transform(recordings)
    scaled = scale_subjects(recordings, cohort.subject, trim=0.0)
    return Segmenter(128, window_length=2.5).windows(scaled, cohort.subject)


@pytest.mark.slow
def test_masked_error_of_unseen_people_is_below_zero_and_interpolation(windows):
    X, subject = windows
    unseen = np.isin(subject, np.unique(subject)[::5])
    pretrainer = MaskedPretrainer(
        filters=(16, 32, 64), kernel_sizes=(33, 17, 9), feedforward=128, head_hidden=(64,),
        dropout=0.0, learning_rate=2e-3, max_epochs=5, batch_size=8, random_state=0,
    ).fit(X[~unseen])  # fmt: skip
    signal, mask, reconstruction = pretrainer.reconstruct(X[unseen])
    assert 0.46 < mask.mean() < 0.50
    times = np.arange(signal.shape[1])
    straight = [np.interp(times, times[~m], x[~m]) for x, m in zip(signal, mask, strict=True)]
    error, zero_error, straight_error = (
        np.mean((prediction - signal)[mask] ** 2)
        for prediction in (reconstruction, np.zeros_like(signal), np.array(straight))
    )
    assert error < 0.9 * zero_error
    assert error < 0.75 * straight_error
    assert pretrainer.score(X[unseen]) == pytest.approx(1 - error / zero_error, abs=0.05)
