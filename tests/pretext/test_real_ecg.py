"""On real ECG (eegmat, PhysioNet): the pretext network learns, and as fast as it should."""

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl import (
    ECGFilter,
    PretextPretrainer,
    Resampler,
    Segmenter,
    SSLEmbedder,
    TrimmedScaler,
    load_recordings,
    scale_subjects,
)
from tests.tiny import tiny_pretrainer

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def cohort(shared_data):
    path = shared_data / "eegmat_ecg.npz"
    if not path.is_file():
        pytest.skip(f"no real recordings: {path} is not a file")
    return load_recordings(path, target="condition", where={"ecg_ok": True}, complete_subjects=True)


@pytest.fixture(scope="module")
def windows(cohort):
    recordings = make_pipeline(Resampler(500, 256), ECGFilter(256)).fit_transform(cohort.recordings)
    return Segmenter(256).windows(scale_subjects(recordings, cohort.subject))


def test_windows_are_those_of_the_calibration_curve(cohort, windows):
    assert len(np.unique(cohort.subject)) == 32
    assert windows.shape == (757, 2560)


@pytest.mark.slow
def test_pretext_network_learns_as_fast_as_the_authors_code(windows):
    pretrainer = PretextPretrainer(max_epochs=10, batch_size=32, random_state=0).fit(windows)
    history = pretrainer.history_
    # The authors' code: .453 at epoch 1, .379 at 2, .177 at 7; seeds differ by two or three epochs.
    assert history[0]["train_loss"] == pytest.approx(0.453, abs=0.03)
    assert history[1]["train_loss"] == pytest.approx(0.379, abs=0.03)
    assert history[9]["train_loss"] <= 0.20
    for task in ("negate", "flip", "permute"):
        assert history[9][f"train_{task}_accuracy"] > 0.95
    # Dropout off, other draws of the transformations: what was learnt is still there.
    assert pretrainer.score(windows) > 0.92


def test_contracts_pipeline_on_real_recordings(cohort):
    few = np.flatnonzero(np.isin(cohort.subject, np.unique(cohort.subject)[:3]))
    recordings = [cohort.recordings[i][: 500 * (25 + i)] for i in few]
    pipe = make_pipeline(
        Resampler(500),
        ECGFilter(sampling_rate=256),
        TrimmedScaler(),
        Segmenter(sampling_rate=256),
        SSLEmbedder(tiny_pretrainer(max_epochs=1)),
        SVC(),
    )
    scores = cross_val_score(
        pipe, recordings, cohort.target[few], groups=cohort.subject[few], cv=LeaveOneGroupOut(),
        error_score="raise",
    )  # fmt: skip
    assert scores.shape == (3,)


def test_bfloat16_features_agree_with_float32(windows):
    pretrainer = PretextPretrainer(max_epochs=1, batch_size=64, random_state=0).fit(windows[:64])
    float32, bfloat16 = (
        pretrainer.set_params(precision=precision).encode(windows[:200])
        for precision in ("float32", "bfloat16")
    )
    spread = float32.std(axis=0)
    varies = np.flatnonzero(spread > 0.05 * spread.max())
    assert len(varies) > 60
    correlations = [np.corrcoef(float32[:, i], bfloat16[:, i])[0, 1] for i in varies]
    assert min(correlations) > 0.999
