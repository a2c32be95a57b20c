"""Processes and threads that share a memory, a saved folder, a data file, a network."""

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from sklearn.base import clone

from sklearn_ecgssl.datasets import load_recordings, save_recordings
from sklearn_ecgssl.pretext import load_pretrained
from tests.tiny import each_pretrainer, same_fit, tiny_ecg_classifier, tiny_pretrainer, waves

X, Y = waves(24)
SUBJECT = ["a", "b", "c"]

each_backend = pytest.mark.parametrize(
    "backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"]
)


def at_once(backend, function, *arguments):
    """Call a function with 0, 1, .. 5 and other arguments, three at a time."""
    parallel = Parallel(n_jobs=3, backend=backend)
    return parallel(delayed(function)(turn, *arguments) for turn in range(6))


def fit_with_memory(turn, pretrainer):
    """Fit two of three pretrainers, in an order of one's own."""
    seeds = [(turn + i) % 3 for i in range(2)]
    return {seed: clone(pretrainer).set_params(random_state=seed).fit(X) for seed in seeds}


@each_pretrainer
@each_backend
def test_one_memory(tiny, backend, tmp_path):
    alone = [tiny(random_state=seed, max_epochs=1).fit(X) for seed in range(3)]
    for fits in at_once(backend, fit_with_memory, tiny(memory=tmp_path, max_epochs=1)):
        for seed, fitted in fits.items():
            same_fit(fitted, alone[seed])
    assert len(list(tmp_path.rglob("output.pkl"))) == 3


def save_and_load(turn, folder, models):
    """Replace a saved model; what is read at any time is one of them, whole."""
    for _ in range(5):
        models[turn % 2].save_pretrained(folder)
        loaded = load_pretrained(folder)
        np.testing.assert_equal(loaded.state_, models[loaded.random_state].state_)


@each_backend
def test_one_saved_folder(backend, tmp_path):
    models = [tiny_pretrainer(random_state=seed).fit(X) for seed in range(2)]
    models[0].save_pretrained(tmp_path)
    at_once(backend, save_and_load, tmp_path, models)
    assert len(list(tmp_path.glob("[!.]*"))) == 2


def save_or_load(turn, path, versions):
    """Replace a recordings file, or read it: what is read is one version or the other."""
    for _ in range(2):
        if turn % 3 == 0:
            save_recordings(path, versions[turn % 2], 100, SUBJECT)
        distances = np.abs(np.array(load_recordings(path).recordings) - versions).max(axis=(1, 2))
        assert distances.min() < 1e-3  # 16 bits a sample


@each_backend
def test_one_data_file(backend, tmp_path):
    versions = np.random.default_rng(0).normal(size=(2, 3, 200)).astype(np.float32)
    path = save_recordings(tmp_path / "ecg.npz", versions[0], 100, SUBJECT)
    at_once(backend, save_or_load, path, versions)
    assert [file.name for file in tmp_path.iterdir()] == ["ecg.npz"]


@each_backend
def test_a_fitted_network_in_many_hands(backend):
    model = tiny_ecg_classifier(tiny_pretrainer(max_epochs=1), max_epochs=1).fit(X, Y)
    predict = delayed(model.predict_proba)
    for answer in Parallel(n_jobs=3, backend=backend)(predict(X) for _ in range(9)):
        np.testing.assert_array_equal(answer, model.predict_proba(X))


@each_pretrainer
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_two_threads_compute_the_same_bits_again(tiny, precision):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        pretrainer = tiny(precision=precision, batch_size=24, max_epochs=1)
        one, two = (clone(pretrainer).fit(X) for _ in range(2))
    finally:
        torch.set_num_threads(before)
    same_fit(one, two)
