"""Results do not depend on `torch.set_default_dtype`."""

import numpy as np
import pytest
import torch

from sklearn_ecgssl import DenseClassifier, ECGClassifier, SSLEmbedder
from sklearn_ecgssl.transforms import AddNoise, Permute, TimeWarp
from tests.tiny import tiny_masked, tiny_pretrainer

WINDOWS = np.random.default_rng(0).normal(size=(8, 640)).astype(np.float32)
TEN_SECONDS = np.tile(WINDOWS, 4)
TARGET = np.arange(8) % 2
CALLS = {
    "recognition": lambda: tiny_pretrainer().fit(WINDOWS).encode(WINDOWS),
    "its history": lambda: [list(one.values()) for one in tiny_pretrainer().fit(WINDOWS).history_],
    "masked": lambda: tiny_masked().fit(WINDOWS).encode(WINDOWS),
    "rhythm": lambda: SSLEmbedder("recognition-open", aggregate="rhythm").fit_transform(
        TEN_SECONDS
    ),
    "network": lambda: (
        ECGClassifier(tiny_pretrainer(), max_epochs=1, random_state=0)
        .fit(WINDOWS, TARGET)
        .predict_proba(WINDOWS)
    ),
    "dense": lambda: (
        DenseClassifier(max_epochs=1, random_state=0)
        .fit(WINDOWS[:, :9], TARGET)
        .predict_proba(WINDOWS[:, :9])
    ),
    **{
        type(one).__name__: lambda one=one: one.fit(WINDOWS).transform(WINDOWS)
        for one in (AddNoise(random_state=0), Permute(random_state=0), TimeWarp(random_state=0))
    },
}


@pytest.mark.filterwarnings("ignore:.*scaled")
@pytest.mark.parametrize("name", CALLS)
def test_same_results_in_double_precision(name):
    expected = CALLS[name]()
    torch.set_default_dtype(torch.float64)
    try:
        found = CALLS[name]()
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_array_equal(found, expected)
