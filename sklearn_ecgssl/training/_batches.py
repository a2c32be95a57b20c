"""Batches of windows in a new order every epoch."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Dataset

from ._sources import Batch, WindowSource


class WindowDataset(Dataset):
    """Some windows of a source, as what skorch passes around.

    Parameters
    ----------
    source : WindowSource
        All windows and their targets.
    indices : ndarray of int
        The windows that belong to this data set.
    """

    def __init__(self, source: WindowSource, indices: np.ndarray) -> None:
        self.source = source
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
    order : numpy Generator or None
        Source of the order; None keeps the order of the data set.

    Attributes
    ----------
    indices : ndarray of int
        The windows in the order of this epoch.
    """

    def __init__(
        self, dataset: WindowDataset, batch_size: int, order: np.random.Generator | None
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.order = order
        self.indices = dataset.indices

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        if self.order is not None:
            self.indices = self.order.permutation(self.dataset.indices)
        return self.dataset.source.batches(self.indices, self.batch_size)

    def members(self, batch: int) -> np.ndarray:
        """Tell which windows a batch of the epoch holds.

        Parameters
        ----------
        batch : int
            Its number, from 0.

        Returns
        -------
        ndarray of int
            Positions of its windows.
        """
        return self.indices[batch * self.batch_size : (batch + 1) * self.batch_size]
