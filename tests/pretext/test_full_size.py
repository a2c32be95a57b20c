"""Both pretrainers at their sizes: on real ECG (PhysioNet), in bfloat16, and in memory."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGFilter,
    MaskedPretrainer,
    PretextPretrainer,
    Resampler,
    Segmenter,
    load_recordings,
    make_cohort,
    scale_subjects,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recordings_file(shared_data):
    """Find a file of real recordings, or skip."""

    def find(name):
        if not (shared_data / name).is_file():
            pytest.skip(f"no real recordings: {shared_data / name} is not a file")
        return shared_data / name

    return find


@pytest.mark.real
def test_pretext_network_learns_as_fast_as_the_authors_code(recordings_file):
    cohort = load_recordings(
        recordings_file("eegmat_ecg.npz"),
        target="condition", where={"ecg_ok": True}, complete_subjects=True,
    )  # fmt: skip
    recordings = make_pipeline(Resampler(500, 256), ECGFilter(256)).fit_transform(cohort.recordings)
    windows = Segmenter(256).windows(scale_subjects(recordings, cohort.subject))
    assert windows.shape == (757, 2560)
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


@pytest.mark.real
def test_masked_error_of_unseen_people_is_below_zero_and_interpolation(recordings_file):
    """Eight windows of 2.5 s of each of 105 people, prepared as in the paper."""
    qtdb = load_recordings(recordings_file("qtdb.npz"))
    recordings = Resampler(250, 128).fit_transform([x[: 20 * 250] for x in qtdb.recordings])
    recordings = ECGFilter(128, low=0.8, high=50, order=8).fit_transform(recordings)
    scaled = scale_subjects(recordings, qtdb.subject, trim=0.0)
    X, subject = Segmenter(128, window_length=2.5).windows(scaled, qtdb.subject)
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


@pytest.mark.parametrize(
    ("pretrainer", "seconds", "tolerance"),
    [
        (PretextPretrainer(max_epochs=3, batch_size=16, random_state=0), 5, 0.02),
        (MaskedPretrainer(max_epochs=3, batch_size=4, random_state=0), 2, 0.2),
    ],
    ids=["recognition", "masked"],
)
def test_bfloat16_gives_the_learning_curve_and_features_of_float32(pretrainer, seconds, tolerance):
    cohort = make_cohort(n_subjects=4, duration=(30, 31), sampling_rate=128, random_state=0)
    recordings = scale_subjects(cohort.recordings, cohort.subject)
    X = Segmenter(128, window_length=seconds).windows(recordings)[:: 12 // seconds]
    fits = [
        clone(pretrainer).set_params(precision=precision).fit(X)
        for precision in ("float32", "bfloat16")
    ]
    losses = [[row["train_loss"] for row in fit.history_] for fit in fits]
    assert losses[0] != losses[1]
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.03)
    for layer in fits[0].layer_names():
        for aggregate in set(fits[0].aggregations()) - {"rhythm"}:
            exact = fits[0].set_params(precision="float32").encode(X, layer, aggregate)
            rough = fits[0].set_params(precision="bfloat16").encode(X, layer, aggregate)
            differences = np.linalg.norm(exact - exact.mean(axis=0))
            assert 0 < np.linalg.norm(rough - exact) < tolerance * differences


CHILD = """
import json, resource, sys
import numpy as np
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms import Negate

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

path, kind = sys.argv[1:]
windows = np.load(path, mmap_mode="r" if kind == "memory-map" else None)
few = windows[:2000]  # enough for a full batch
if kind == "recordings":
    windows = list(windows.reshape(10, -1, windows.shape[1]))
pretrainer = PretextPretrainer(
    [("negate", Negate())], filters=(2,), kernel_sizes=(4,), convs_per_block=1,
    head_hidden=(2,), max_epochs=1, batch_size=256, random_state=0,
)
pretrainer.fit(few).encode(few)
start = peak()
pretrainer.fit(windows).encode(windows)
print(json.dumps(peak() - start))
"""


@pytest.fixture(scope="module")
def windows_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("windows") / "windows.npy"
    whole = np.lib.format.open_memmap(path, "w+", np.float32, (12_000, 2560))
    part = np.random.default_rng(0).standard_normal((2000, 2560), np.float32)
    for start in range(0, len(whole), len(part)):
        whole[start : start + len(part)] = part
    return path


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="units of ru_maxrss differ")
@pytest.mark.parametrize("kind", ["memory-map", "array", "recordings"])
def test_no_copy_of_the_windows_is_held(windows_file, kind):
    """What is needed beyond the windows, 123 MB of them, does not grow with them."""
    command = [sys.executable, "-c", CHILD, str(windows_file), kind]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    # Of a memory-map, some pages are in use at any time.
    allowed = 70 if kind == "memory-map" else 30
    assert json.loads(answer.stdout) < allowed * 2**20
