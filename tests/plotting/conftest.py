import itertools

import numpy as np
import pandas as pd
import pytest

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def folds():
    """Make a table of scores: `folds(estimator=[...], protocol=[...], n_folds=3)`."""

    def make(n_folds=3, seed=0, **columns):
        columns = {"estimator": ["ssl", "hrv", "majority class"], **columns}
        combinations = itertools.product(*columns.values(), range(n_folds))
        frame = pd.DataFrame(list(combinations), columns=[*columns, "fold"])
        for metric in ("accuracy", "balanced_accuracy", "macro_f1"):
            seed += 1
            frame[metric] = np.random.default_rng(seed).uniform(0.4, 0.9, len(frame))
        return frame

    return make
