"""Batches of windows, sliced from where the windows are."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..signal._windows import WindowStore


class WindowDataset(Dataset):
    """Windows and their targets, as what skorch passes around.

    Parameters
    ----------
    store : WindowStore
        All windows (or rows of features).
    targets : ndarray or None
        A target for each window of the store.
    indices : ndarray of int
        The windows that belong to this data set.
    """

    def __init__(self, store: WindowStore, targets: np.ndarray | None, indices: np.ndarray) -> None:
        self.store = store
        self.targets = targets
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)


class BatchIterator:
    """Iterate over a data set in batches on the device, in a new order every epoch.

    Parameters
    ----------
    dataset : WindowDataset
        What to iterate over.
    batch_size : int
        Windows in a batch; the last one may be smaller.
    device : torch.device
        Where the batches go.
    order : numpy Generator or None
        Source of the order; None keeps the order of the data set.
    """

    def __init__(
        self,
        dataset: WindowDataset,
        batch_size: int,
        device: torch.device,
        order: np.random.Generator | None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.device = device
        self.order = order

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        indices = self.dataset.indices
        if self.order is not None:
            indices = self.order.permutation(indices)
        targets = self.dataset.targets
        for start in range(0, len(indices), self.batch_size):
            chosen = indices[start : start + self.batch_size]
            windows = torch.from_numpy(self.dataset.store.take(chosen)).to(self.device)
            if targets is None:
                yield windows, None
            else:
                yield windows, torch.from_numpy(targets[chosen]).to(self.device)
