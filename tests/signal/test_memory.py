"""Signals are processed recording by recording: no second copy of all of them is made."""

import tracemalloc

import numpy as np
import pytest

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler, scale_subjects
from tests.tiny import tiny_pretrainer

pytestmark = pytest.mark.slow

X = np.random.default_rng(0).normal(size=(40, 51_200)).astype(np.float32)


def peak_of(function, *args):
    """Most memory that a call takes, over that of all recordings."""
    function(*args)  # what is loaded or designed once
    tracemalloc.start()
    try:
        result = function(*args)  # kept until the peak has been read
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result is not None
    return peak / X.nbytes


@pytest.mark.parametrize("recordings", [X, list(X)], ids=["array", "list"])
@pytest.mark.parametrize(
    ("transform", "limit"),
    [  # the result, and half as much for one recording in float64; all in float64 would be 3
        (ECGFilter(256).fit_transform, 1.5),
        (Resampler(256, 250).fit_transform, 1.5),
        (TrimmedScaler().fit_transform, 1.5),
        # of an array, its scaled recordings are stacked
        (lambda recordings: scale_subjects(recordings, np.repeat(np.arange(20), 2)), 2.1),
        (Segmenter(256).fit_transform, 0.01),
    ],
    ids=["ECGFilter", "Resampler", "TrimmedScaler", "scale_subjects", "Segmenter"],
)
def test_beside_the_result_only_one_recording_at_a_time(transform, limit, recordings):
    assert peak_of(transform, recordings) < limit


@pytest.mark.parametrize("shape", [(4000, 512), (40, 100, 512)])
def test_an_embedder_holds_one_float32_copy_of_float64_windows(shape):
    embedder = SSLEmbedder(tiny_pretrainer(max_epochs=0))
    assert 0.9 < peak_of(embedder.fit, X.reshape(shape).astype(np.float64)) < 1.5
