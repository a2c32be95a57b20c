"""In which order the windows of an epoch come, and which of them a process works on."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ..signal.window_store import WindowStore
from ._group import Group
from ._sources import cut


@dataclass(frozen=True)
class EpochShare:
    """One process's part of every batch of an epoch.

    Attributes
    ----------
    batches : list of ndarray of int
        Its windows in each batch. Where there is none for it, one all the same, so that it has
        something to run along with the others.
    counts : ndarray of shape (n_batches,)
        How many of them count; 0 where it only runs along.
    totals : ndarray of shape (n_batches,)
        Windows in each batch, those of all processes.
    """

    batches: list[np.ndarray]
    counts: np.ndarray
    totals: np.ndarray


class EpochOrder(ABC):
    """Base class of orders."""

    @abstractmethod
    def share(self, indices: np.ndarray, batch_size: int, group: Group) -> EpochShare:
        """Draw the order of an epoch and take a process's part.

        Parameters
        ----------
        indices : ndarray of int
            All windows of the epoch, in their own order.
        batch_size : int
            Windows in a batch of all processes.
        group : Group
            The processes.

        Returns
        -------
        EpochShare
            The part. Those of all processes together are all windows, each once.
        """


class InOrder(EpochOrder):
    """The windows as they come."""

    def share(self, indices: np.ndarray, batch_size: int, group: Group) -> EpochShare:
        whole = cut(indices, batch_size)
        own = [batch[_part(len(batch), group)] for batch in whole]
        counts = np.array([len(batch) for batch in own])
        batches = [mine if len(mine) else batch[:1] for mine, batch in zip(own, whole, strict=True)]
        return EpochShare(batches, counts, np.array([len(batch) for batch in whole]))


class Shuffled(InOrder):
    """Every order of all windows is as likely.

    Parameters
    ----------
    draws : numpy.random.Generator
        Source of the order.
    """

    def __init__(self, draws: np.random.Generator) -> None:
        self.draws = draws

    def share(self, indices: np.ndarray, batch_size: int, group: Group) -> EpochShare:
        return super().share(self.draws.permutation(indices), batch_size, group)


class ShuffledInBuffer(EpochOrder):
    """Chunks of a file in random order, and their windows mixed with those of later chunks.

    The chunks are dealt out to the processes. Each window then moves back by a random number of
    places up to `buffer`, so that a chunk that has been read is done with when as many more windows
    have been: this is how many need to be in memory.

    Parameters
    ----------
    draws : numpy.random.Generator
        Source of the order.
    store : WindowStore
        Knows the chunks.
    buffer : int
        Windows in memory.
    """

    def __init__(self, draws: np.random.Generator, store: WindowStore, buffer: int) -> None:
        self.draws = draws
        self.store = store
        self.buffer = buffer

    def share(self, indices: np.ndarray, batch_size: int, group: Group) -> EpochShare:
        starts = np.flatnonzero(np.diff(self.store.chunk_of(indices), prepend=-1))
        chunks = np.split(indices, starts[1:])
        dealt = self.draws.permutation(len(chunks))
        of_all = [[chunks[i] for i in dealt[rank :: group.size]] for rank in range(group.size)]
        n_of_all = np.array([sum(map(len, of_one)) for of_one in of_all])
        # all processes draw as many numbers, so that the next epoch is the same for all, too
        jumps = self.draws.uniform(0, self.buffer, n_of_all.max())
        own = np.concatenate([indices[:0], *of_all[group.rank]])
        own = own[np.argsort(np.arange(len(own)) + jumps[: len(own)], kind="stable")]

        parts = np.array([_size(batch_size, rank, group.size) for rank in range(group.size)])
        n_batches = int((-(-n_of_all // parts)).max())
        done = np.arange(n_batches)[:, None] * parts
        counts = np.clip(n_of_all - done, 0, parts)
        part = parts[group.rank]
        batches = [own[i * part : (i + 1) * part] for i in range(n_batches)]
        batches = [batch if len(batch) else indices[:1] for batch in batches]
        return EpochShare(batches, counts[:, group.rank], counts.sum(axis=1))


def _part(n_windows: int, group: Group) -> slice:
    """Say which of so many windows a process takes."""
    start = group.rank * n_windows // group.size
    return slice(start, start + _size(n_windows, group.rank, group.size))


def _size(n_windows: int, rank: int, size: int) -> int:
    return (rank + 1) * n_windows // size - rank * n_windows // size
