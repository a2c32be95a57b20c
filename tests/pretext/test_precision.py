"""bfloat16 gives the answers of float32: the same learning curve, the same features."""

import numpy as np
import pytest

from sklearn_ecgssl.datasets import make_cohort
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.signal import Segmenter, scale_subjects


@pytest.fixture(scope="module")
def windows():
    cohort = make_cohort(n_subjects=4, duration=(30, 31), sampling_rate=128, random_state=0)
    recordings = scale_subjects(cohort.recordings, cohort.subject)
    return Segmenter(128, window_length=5).windows(recordings)


@pytest.fixture(scope="module")
def fitted(windows):
    """The papers' network, trained in each precision from the same seed."""
    return {
        precision: PretextPretrainer(
            precision=precision, max_epochs=3, batch_size=16, random_state=0
        ).fit(windows)
        for precision in ("float32", "bfloat16")
    }


def test_learning_curves_are_the_same(fitted):
    exact, rough = ([row["train_loss"] for row in p.history_] for p in fitted.values())
    assert exact != rough
    np.testing.assert_allclose(rough, exact, rtol=0.03)


@pytest.mark.parametrize("layer", ["block1", "block2", "block3"])
@pytest.mark.parametrize("learnt_in", ["float32", "bfloat16"])
def test_features_agree(fitted, windows, learnt_in, layer):
    pretrainer = fitted[learnt_in]
    exact, rough = (
        pretrainer.set_params(precision=precision).encode(windows, layer)
        for precision in ("float32", "bfloat16")
    )
    varying = exact.std(axis=0) > 0.05 * exact.std(axis=0).max()
    assert varying.sum() > 0.7 * exact.shape[1]
    correlations = [np.corrcoef(exact[:, i], rough[:, i])[0, 1] for i in np.flatnonzero(varying)]
    assert min(correlations) > 0.999
    assert not np.array_equal(exact, rough)
