"""Batches of windows in a new order every epoch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from ._group import Group
from ._orders import EpochOrder
from ._sources import WindowSource


@dataclass(frozen=True)
class Share:
    """One process's part of a batch: its windows, how many count, and of how many."""

    windows: Tensor
    targets: Tensor | None
    count: int
    total: int


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
        Windows in a batch, of all processes together.
    order : EpochOrder
        In which they come.
    group : Group
        The processes that share every batch.

    Attributes
    ----------
    share : EpochShare
        This process's part of the epoch; there once `begin` has drawn it.
    """

    def __init__(
        self, dataset: WindowDataset, batch_size: int, order: EpochOrder, group: Group
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.order = order
        self.group = group

    def begin(self) -> None:
        """Draw the order of the next epoch."""
        self.share = self.order.share(self.dataset.indices, self.batch_size, self.group)

    def __iter__(self) -> Iterator[Share]:
        batches = self.dataset.source.batches(self.share.batches)
        share = zip(batches, self.share.counts, self.share.totals, strict=True)
        for batch, count, total in share:
            yield Share(*batch, int(count), int(total))
