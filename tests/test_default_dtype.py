"""Results do not depend on `torch.set_default_dtype`."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_ecgssl import SSLEmbedder
from sklearn_ecgssl.transforms import AddNoise, Permute, TimeWarp
from tests.tiny import same_fit, tiny_dense, tiny_ecg_classifier, tiny_masked, waves


def in_double_precision(call):
    torch.set_default_dtype(torch.float64)
    try:
        return call()
    finally:
        torch.set_default_dtype(torch.float32)


def test_of_pretrainers(fitted_recognition, fitted_masked, fitted_comparing):
    X, _ = waves()
    for fitted in (fitted_recognition, fitted_masked, fitted_comparing):
        again = in_double_precision(lambda fitted=fitted: clone(fitted).fit(X))
        same_fit(again, fitted)
        encoded = in_double_precision(lambda again=again: again.encode(X))
        np.testing.assert_array_equal(encoded, fitted.encode(X))


def rhythm(X, y):
    """Features that are computed from the sampling rate, of windows long enough for them."""
    embedder = SSLEmbedder(tiny_masked(max_epochs=0), aggregate="rhythm", sampling_rate=64)
    return embedder.fit_transform(np.tile(X, 10))


@pytest.mark.parametrize(
    "use",
    [
        rhythm,
        lambda X, y: tiny_ecg_classifier(max_epochs=1).fit(X, y).predict_proba(X),
        lambda X, y: tiny_dense(max_epochs=1).fit(X, y).predict_proba(X),
        lambda X, y: AddNoise(random_state=0).transform(X),
        lambda X, y: Permute(random_state=0).transform(X),
        lambda X, y: TimeWarp(random_state=0).transform(X),
    ],
    ids=["rhythm", "network", "dense", "noise", "permute", "warp"],
)
def test_of_what_else_computes_with_torch(use):
    X, y = waves(8)
    np.testing.assert_array_equal(in_double_precision(lambda: use(X, y)), use(X, y))
