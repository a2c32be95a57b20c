"""Signals are processed recording by recording: no second copy of all of them is made."""

import tracemalloc

import numpy as np
import pytest

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler, scale_subjects
from tests.tiny import tiny_pretrainer

N_RECORDINGS, N_TIMES = 40, 51_200
ALL = N_RECORDINGS * N_TIMES * 4  # bytes, 8 MB


@pytest.fixture(scope="module")
def recordings():
    return list(np.random.default_rng(0).normal(size=(N_RECORDINGS, N_TIMES)).astype(np.float32))


def peak_of(function):
    function()  # what is loaded or designed once
    tracemalloc.start()
    try:
        result = function()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize(
    "transformer", [ECGFilter(256), Resampler(256, 250), TrimmedScaler()], ids=lambda t: repr(t)
)
def test_beside_the_result_only_one_recording_at_a_time(recordings, transformer, as_array):
    X = np.stack(recordings) if as_array else recordings
    peak, _ = peak_of(lambda: transformer.fit_transform(X))
    # The result, and half as much for one recording in float64; all in float64 would be 3 times.
    assert peak < 1.5 * ALL


def test_scaling_by_subject(recordings):
    subject = np.repeat(np.arange(N_RECORDINGS // 2), 2)
    peak, _ = peak_of(lambda: scale_subjects(recordings, subject))
    assert peak < 1.5 * ALL


@pytest.mark.parametrize("as_array", [False, True])
def test_windows_take_no_memory(recordings, as_array):
    X = np.stack(recordings) if as_array else recordings
    peak, windowed = peak_of(lambda: Segmenter(256).fit_transform(X))
    assert peak < 0.01 * ALL
    assert all(
        np.shares_memory(windows, recording) for windows, recording in zip(windowed, X, strict=True)
    )


@pytest.mark.parametrize("windowed", [False, True])
def test_an_embedder_holds_one_float32_copy_of_float64_windows(recordings, windowed):
    X = np.stack(recordings).astype(np.float64).reshape(-1, 512)
    embedder = SSLEmbedder(tiny_pretrainer(max_epochs=0))
    peak, _ = peak_of(lambda: embedder.fit(X.reshape(40, 100, 512) if windowed else X))
    assert 0.9 * ALL < peak < 1.5 * ALL
