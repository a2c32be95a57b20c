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


def pool_known(features: np.ndarray, pool: str) -> np.ndarray:
    """Pool each feature of one recording's windows over the windows where it is not NaN.

    Parameters
    ----------
    features : ndarray of shape (n_windows, n_features)
        One row a window.
    pool : {"mean", "max", "mean_std"}
        How.

    Returns
    -------
    ndarray of shape (n_features,), or (2 * n_features,) for "mean_std"
        One row for the recording. NaN where a feature is NaN in every window.
    """
    unknown = np.full_like(pool_windows(features[:1, :1], pool), np.nan)
    known = [column[~np.isnan(column)] for column in features.T]
    pooled = [pool_windows(k[:, np.newaxis], pool) if len(k) else unknown for k in known]
    return np.stack(pooled, axis=1).ravel()


def _mean_std(features: np.ndarray) -> np.ndarray:
    return np.concatenate([features.mean(axis=0), features.std(axis=0)])


POOLS = {
    "mean": lambda features: features.mean(axis=0),
    "max": lambda features: features.max(axis=0),
    "mean_std": _mean_std,
}
