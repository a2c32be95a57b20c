"""Instances and data small enough for tests."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_ecgssl.classify import DenseClassifier, ECGClassifier, SegmentVotingClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import DilatedConvolutions, MaskedPretrainer, PretextPretrainer
from sklearn_ecgssl.signal import Segmenter
from sklearn_ecgssl.transforms import Negate, Scale

SAMPLING_RATE = 64


def tiny_pretrainer(**params):
    """A pretrainer that learns in milliseconds and takes windows of 22 samples or more."""
    defaults = {
        "filters": (3, 4),
        "kernel_sizes": (8, 4),
        "head_hidden": (5,),
        "max_epochs": 2,
        "batch_size": 4,
        "random_state": 0,
        "precision": "float32",
    }
    return PretextPretrainer(**{**defaults, **params})


def one_sample_pretrainer():
    """A pretrainer that takes windows of a single sample, as scikit-learn's checks pass them."""
    return tiny_pretrainer(
        transforms=[("negate", Negate()), ("scale", Scale())],
        pool_size=1,
        pool_stride=1,
        batch_size=32,
    )


def tiny_masked(**params):
    """The same by predicting masked samples; it takes windows of 4 samples or more."""
    defaults = {
        "mask_ratio": 0.1,
        "span_length": 4,
        "filters": (4, 6),
        "kernel_sizes": (9, 5),
        "n_heads": 2,
        "feedforward": 8,
        "head_hidden": (5,),
        "max_epochs": 2,
        "batch_size": 4,
        "random_state": 0,
        "precision": "float32",
    }
    return MaskedPretrainer(**{**defaults, **params})


def tiny_comparing(**params):
    """The same by comparing views, with a trunk that takes windows of several lengths."""
    trunk = DilatedConvolutions(4, n_layers=2, n_strided=1)
    defaults = {
        "trunk": trunk,
        "irregularity__n_knots": 3,
        "max_epochs": 2,
        "batch_size": 4,
        "random_state": 0,
        "precision": "float32",
    }
    return PretextPretrainer.from_preset("rhythm", **{**defaults, **params})


def one_sample_masked(**params):
    """A masked pretrainer that takes windows of a single sample."""
    return tiny_masked(**{"span_length": 1, "kernel_sizes": (3, 1), "batch_size": 32, **params})


#: Runs a test, or every test of a class, with each of the tiny pretrainers as `tiny`.
each_pretrainer = pytest.mark.parametrize(
    "tiny",
    [tiny_pretrainer, tiny_masked, tiny_comparing],
    ids=["recognition", "masked", "comparison"],
)


def tiny_dense(**params):
    defaults = {
        "hidden": (16,),
        "max_epochs": 20,
        "learning_rate": 0.05,
        "batch_size": 32,
        "random_state": 0,
    }
    return DenseClassifier(**{**defaults, **params})


def tiny_ecg_classifier(pretrainer=None, freeze=None, **params):
    """A whole network that learns in milliseconds; supervised, unless a pretrainer is given."""
    defaults = {
        "hidden": (8,),
        "max_epochs": 10,
        "learning_rate": 0.05,
        "batch_size": 8,
        "random_state": 0,
        "precision": "float32",
    }
    trunk = tiny_pretrainer(max_epochs=0) if pretrainer is None else pretrainer
    return ECGClassifier(trunk, freeze, **{**defaults, **params})


def tiny_voting():
    return SegmentVotingClassifier(
        LogisticRegression(), Segmenter(sampling_rate=1, window_length=2)
    )


def tiny_embedder(tiny=tiny_pretrainer, **params):
    return SSLEmbedder(tiny(**params))


def waves(n_windows=24, n_times=64, n_classes=2, seed=0):
    """Windows of sines in noise whose frequency is the class, and the class of each."""
    rng = np.random.default_rng(seed)
    target = np.arange(n_windows) % n_classes
    phases = np.outer(0.2 + 0.5 * target, np.arange(n_times)) + rng.uniform(0, 6, (n_windows, 1))
    noise = rng.normal(scale=0.1, size=(n_windows, n_times))
    return (np.sin(phases) + noise).astype(np.float32), target


def ecg_like(n_recordings=8, seconds=(5, 8), sampling_rate=SAMPLING_RATE, seed=0):
    """Ragged recordings of spikes at a rate that differs between two classes, with subjects."""
    rng = np.random.default_rng(seed)
    target = np.arange(n_recordings) % 2
    recordings = []
    for label in target:
        n_times = int(rng.uniform(*seconds) * sampling_rate)
        beat = np.arange(n_times) % int(sampling_rate / (1.0 + 0.8 * label))
        spikes = np.exp(-0.5 * ((beat - 10) / 1.5) ** 2)
        recordings.append((spikes + 0.1 * rng.normal(size=n_times)).astype(np.float32))
    return recordings, target, np.repeat(np.arange(n_recordings // 2), 2)


def same_fit(one, other):
    """Check that two fits ended with the same bits."""
    np.testing.assert_equal(one.state_, other.state_)
    assert one.history_ == other.history_
