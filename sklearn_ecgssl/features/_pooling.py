"""From the features of a recording's windows to one row."""

import numpy as np


def pool_windows(features: np.ndarray, pool: str) -> np.ndarray:
    """Pool the features of one recording's windows.

    Parameters
    ----------
    features : ndarray of shape (n_windows, n_features)
        One row a window.
    pool : {"mean", "max", "mean_std"}
        How.

    Returns
    -------
    ndarray of shape (n_features,), or (2 * n_features,) for "mean_std"
        One row for the recording.
    """
    return POOLS[pool](features)


def _mean_std(features: np.ndarray) -> np.ndarray:
    return np.concatenate([features.mean(axis=0), features.std(axis=0)])


POOLS = {
    "mean": lambda features: features.mean(axis=0),
    "max": lambda features: features.max(axis=0),
    "mean_std": _mean_std,
}
