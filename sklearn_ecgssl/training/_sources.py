"""Where the windows lie during training, and how a batch of them reaches the device.

A CPU gathers each batch from the user's own arrays. A GPU keeps all windows when they fit into its
memory, and else is sent batches that a thread gathers into pinned memory one step ahead, so that
it waits for neither.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from ..signal.window_store import WindowStore

#: Part of a device's free memory that the windows may take.
RESIDENT_SHARE = 0.5

#: Windows that are uploaded at once.
UPLOAD = 4096

Batch = tuple[Tensor, Tensor | None]


class WindowSource(ABC):
    """Windows and their targets, as batches on a device.

    Parameters
    ----------
    store : WindowStore
        All windows (or rows of features).
    targets : ndarray or None
        A target for each window of the store.
    device : torch.device
        Where the batches go.
    """

    def __init__(
        self, store: WindowStore, targets: np.ndarray | None, device: torch.device
    ) -> None:
        self.store = store
        self.targets = targets
        self.device = device

    @abstractmethod
    def batches(self, chosen: Sequence[np.ndarray]) -> Iterator[Batch]:
        """Gather one batch after the other.

        Parameters
        ----------
        chosen : sequence of ndarray of int
            Which windows each batch holds.

        Yields
        ------
        windows : Tensor of shape (n, n_times)
            A batch on the device.
        targets : Tensor of shape (n,) or None
            Its targets.
        """


class HostSource(WindowSource):
    """Gathers each batch from the arrays, when it is asked for."""

    def batches(self, chosen: Sequence[np.ndarray]) -> Iterator[Batch]:
        for indices in chosen:
            windows = torch.from_numpy(self.store.take(indices)).to(self.device)
            if self.targets is None:
                yield windows, None
            else:
                yield windows, torch.from_numpy(self.targets[indices]).to(self.device)


class ResidentSource(WindowSource):
    """Holds all windows on the device and gathers each batch there."""

    def __init__(
        self, store: WindowStore, targets: np.ndarray | None, device: torch.device
    ) -> None:
        super().__init__(store, targets, device)
        shape = len(store), store.n_times
        self._windows = torch.empty(shape, dtype=torch.float32, device=device)
        for indices in cut(np.arange(len(store)), UPLOAD):
            rows = self._windows[int(indices[0]) : int(indices[-1]) + 1]
            rows.copy_(torch.from_numpy(store.take(indices)))
        self._targets = None if targets is None else torch.from_numpy(targets).to(device)

    def batches(self, chosen: Sequence[np.ndarray]) -> Iterator[Batch]:
        # One transfer an epoch; no batch waits for the processor.
        everything = torch.from_numpy(np.concatenate(chosen)).to(self.device)
        for indices in everything.split([len(batch) for batch in chosen]):
            targets = None if self._targets is None else self._targets[indices]
            yield self._windows[indices], targets


class StreamedSource(WindowSource):
    """Gathers each batch in a thread, one ahead, and sends it from pinned memory."""

    def batches(self, chosen: Sequence[np.ndarray]) -> Iterator[Batch]:
        with ThreadPoolExecutor(max_workers=1) as thread:
            ahead = None
            for indices in chosen:
                ready, ahead = ahead, thread.submit(self._gather, indices)
                if ready is not None:
                    yield self._send(*ready.result())
            if ahead is not None:
                yield self._send(*ahead.result())

    def _gather(self, indices: np.ndarray) -> Batch:
        windows = self._pinned(self.store.take(indices))
        return windows, None if self.targets is None else self._pinned(self.targets[indices])

    def _pinned(self, array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        return tensor.pin_memory() if self.device.type == "cuda" else tensor

    def _send(self, windows: Tensor, targets: Tensor | None) -> Batch:
        if targets is not None:
            targets = targets.to(self.device, non_blocking=True)
        return windows.to(self.device, non_blocking=True), targets


def source_for_epochs(
    store: WindowStore, targets: np.ndarray | None, device: torch.device
) -> WindowSource:
    """Choose how windows that are used again and again reach a device.

    Parameters
    ----------
    store : WindowStore
        All windows.
    targets : ndarray or None
        A target for each window of the store.
    device : torch.device
        Where the batches go.

    Returns
    -------
    WindowSource
        The windows on the device where they fit into its memory, else as `source_for_one_pass`.
    """
    if device.type == "cuda":
        n_bytes = len(store) * store.n_times * np.dtype(np.float32).itemsize
        if n_bytes <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
            return ResidentSource(store, targets, device)
    return source_for_one_pass(store, targets, device)


def source_for_one_pass(
    store: WindowStore, targets: np.ndarray | None, device: torch.device
) -> WindowSource:
    """Choose how windows that are used once reach a device.

    Parameters
    ----------
    store : WindowStore
        All windows.
    targets : ndarray or None
        A target for each window of the store.
    device : torch.device
        Where the batches go.

    Returns
    -------
    WindowSource
        Streamed to a GPU, gathered in place for a CPU.
    """
    kind = StreamedSource if device.type == "cuda" else HostSource
    return kind(store, targets, device)


def cut(indices: np.ndarray, size: int) -> list[np.ndarray]:
    """Cut indices into batches.

    Parameters
    ----------
    indices : ndarray of int
        In order.
    size : int
        Of a batch; the last one may be smaller.

    Returns
    -------
    list of ndarray of int
        Views.
    """
    return [indices[start : start + size] for start in range(0, len(indices), size)]
