"""bfloat16 gives the answers of float32: the same learning curve, the same features."""

from itertools import product

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_ecgssl.datasets import make_cohort
from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer
from sklearn_ecgssl.signal import Segmenter, scale_subjects

#: A pretrainer, the windows it learns from (s, how many), and the part of the largest spread
#: between windows below which a feature is taken for constant: tokens are normalised, so that
#: bfloat16 rounds them to 0.004 however little they differ between windows.
CASES = {
    "recognition": (PretextPretrainer(max_epochs=3, batch_size=16), 5, 48, 0.05),
    "masked": (
        MaskedPretrainer(
            filters=(8, 16), kernel_sizes=(17, 9), feedforward=32, head_hidden=(16,), l2=1e-5,
            learning_rate=0.01, max_epochs=12, batch_size=4,
        ),
        2, 60, 0.12,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def recordings():
    cohort = make_cohort(n_subjects=4, duration=(30, 31), sampling_rate=128, random_state=0)
    return scale_subjects(cohort.recordings, cohort.subject)


def fitted(pretrainer, X):
    """The same network, trained in each precision from the same seed."""
    return {
        precision: clone(pretrainer).set_params(precision=precision, random_state=0).fit(X)
        for precision in ("float32", "bfloat16")
    }


@pytest.fixture(scope="module", params=CASES)
def case(request, recordings):
    pretrainer, seconds, n_windows, share = CASES[request.param]
    X = Segmenter(128, window_length=seconds).windows(recordings)[:n_windows]
    return fitted(pretrainer, X), X, share


def assert_same_learning_curves(pretrainers):
    exact, rough = ([row["train_loss"] for row in p.history_] for p in pretrainers.values())
    assert exact != rough
    np.testing.assert_allclose(rough, exact, rtol=0.03)


def test_learning_curves_are_the_same(case):
    assert_same_learning_curves(case[0])


def test_learning_curves_of_the_papers_transformer_are_the_same(recordings):
    X = Segmenter(128, window_length=2).windows(recordings)[:12]
    assert_same_learning_curves(fitted(MaskedPretrainer(max_epochs=3, batch_size=4), X))


@pytest.mark.parametrize("learnt_in", ["float32", "bfloat16"])
def test_features_agree(case, learnt_in):
    pretrainers, X, share = case
    pretrainer = pretrainers[learnt_in]
    *layers, _, _ = pretrainer.layer_names()
    ways = [way for way in pretrainer.aggregations() if way != "rhythm"]
    for layer, way in product(layers, ways):
        exact, rough = (
            pretrainer.set_params(precision=precision).encode(X, layer, way)
            for precision in ("float32", "bfloat16")
        )
        spread = exact.std(axis=0)
        varying = np.flatnonzero(spread > share * spread.max())
        assert len(varying) > 0.7 * exact.shape[1]
        correlations = [np.corrcoef(exact[:, i], rough[:, i])[0, 1] for i in varying]
        assert min(correlations) > 0.999, (layer, way)
        assert not np.array_equal(exact, rough)
