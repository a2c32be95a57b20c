"""From the features of a recording's windows to one row."""

import numpy as np


def _mean_std(features: np.ndarray) -> np.ndarray:
    return np.concatenate([features.mean(axis=0), features.std(axis=0)])


POOLS = {
    "mean": lambda features: features.mean(axis=0),
    "max": lambda features: features.max(axis=0),
    "mean_std": _mean_std,
}


def pool_windows(features: np.ndarray, pool: str) -> np.ndarray:
    """Pool the rows of one recording's windows into one row."""
    return POOLS[pool](features)


def pool_without_nan(features: np.ndarray, pool: str) -> np.ndarray:
    """Pool each column over the rows where it is not NaN; NaN where it is in every row."""
    nothing = np.full_like(pool_windows(features[:1, :1], pool), np.nan)
    columns = [column[~np.isnan(column), np.newaxis] for column in features.T]
    pooled = [pool_windows(column, pool) if len(column) else nothing for column in columns]
    return np.stack(pooled, axis=1).ravel()
