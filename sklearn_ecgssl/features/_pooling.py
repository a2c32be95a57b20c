"""From the features of a recording's windows to one row."""

import numpy as np
import torch
from torch import Tensor, nn


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


class PooledNet(nn.Module):
    """A network of windows that also takes windowed recordings, whose features it pools."""

    def __init__(self, network: nn.Module, pool: str) -> None:
        super().__init__()
        self.network = network
        self.pool = pool

    def forward(self, windows: Tensor) -> Tensor:
        if windows.ndim == 2:
            return self.network(windows)
        rows = self.network(windows.flatten(0, 1))
        features = rows.unflatten(0, windows.shape[:2])
        if self.pool == "max":
            return features.amax(dim=1)
        mean = features.mean(dim=1)
        if self.pool == "mean":
            return mean
        # of one window it is 0, and has no gradient
        several = features.shape[1] > 1
        std = features.std(dim=1, correction=0) if several else torch.zeros_like(mean)
        return torch.cat([mean, std], dim=1)
