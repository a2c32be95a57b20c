"""The batches of an epoch: the order of windows, their way to the device, and parts of a batch.

A CPU gathers each batch from the user's own arrays. A GPU holds all windows when they fit into its
memory, and else is sent batches that a thread gathers into pinned memory one step ahead.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..signal.window_store import WindowStore
from ._group import Group

#: Part of a GPU's free memory that the windows may take.
RESIDENT_SHARE = 0.5

#: Windows that are uploaded at once.
UPLOAD = 4096

#: Values a sample in the largest activation of a network that does not tell: those of the
#: recognition network's first block.
USUAL_WIDTH = 32

#: Values of a network's largest activation that a CPU holds at once: 28 windows of 10 s at the
#: usual width, four with their seven views. They have 5 MB in bfloat16 and stay in the cache, and
#: all layers together stay below what `keep_freed_memory` keeps.
CACHED_VALUES = 28 * 2560 * USUAL_WIDTH

#: Values of the largest activation that any other device holds at once where nothing is learnt.
DEVICE_VALUES = 1024 * 2560 * USUAL_WIDTH

#: Draws the order of an epoch: this process's share of the windows, in order.
Order = Callable[[np.ndarray, Group], np.ndarray]


class Batch(NamedTuple):
    """A process's share of a batch on the device, and how many windows of it count."""

    windows: Tensor
    targets: Tensor | None
    n_windows: int
    n_total: int  # of all processes


def in_order(indices: np.ndarray, group: Group) -> np.ndarray:
    """Take the windows as they come, dealt out to the processes one by one."""
    return indices[group.rank :: group.size]


def shuffled(draws: np.random.Generator) -> Order:
    """Draw every order of all windows alike."""
    return lambda indices, group: in_order(draws.permutation(indices), group)


def shuffled_in_buffer(draws: np.random.Generator, store: WindowStore, buffer: int) -> Order:
    """Draw the order of chunks of a file, and mix their windows with those of later chunks.

    Each window moves back by a random number of places up to `buffer`, so that a chunk that has
    been read is done with when as many more windows have been: so many must be in memory. Each
    process has a part of the chunks.
    """

    def order(indices: np.ndarray, group: Group) -> np.ndarray:
        starts = np.flatnonzero(np.diff(store.chunk_of(indices), prepend=-1))
        chunks = np.split(indices, starts[1:])
        in_chunks = np.concatenate([chunks[i] for i in draws.permutation(len(chunks))])
        place = np.arange(len(indices)) + draws.uniform(0, buffer, len(indices))
        own = np.array_split(np.arange(len(indices)), group.size)[group.rank]
        return in_chunks[own][np.argsort(place[own], kind="stable")]

    return order


class WindowDataset:
    """Some windows of a source, to train on or held out."""

    def __init__(self, source: "WindowSource", indices: np.ndarray) -> None:
        self.source = source
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)


class EpochBatches:
    """The batches of an epoch, of which each process has an equal share, in a new order."""

    def __init__(self, dataset: WindowDataset, batch_size: int, order: Order, group: Group) -> None:
        self.dataset = dataset
        self.batch_size = batch_size  # of all processes together, a multiple of their number
        self.order = order
        self.group = group

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        own = self.order(self.dataset.indices, self.group)
        self.chosen = cut(own, self.batch_size // self.group.size)
        # The last batch may have no window for this process: another one runs along, and counts 0.
        self.chosen += [own[:0]] * (len(self) - len(self.chosen))
        taken = [own if len(own) else self.dataset.indices[:1] for own in self.chosen]
        on_device = self.dataset.source.batches(taken)
        for i, (own, (windows, targets)) in enumerate(zip(self.chosen, on_device, strict=True)):
            total = min(self.batch_size, len(self.dataset) - i * self.batch_size)
            yield Batch(windows, targets, len(own), total)


class WindowSource:
    """Windows and a target for each, as batches on a device; gathers each when it is asked for."""

    def __init__(
        self, store: WindowStore, targets: np.ndarray | None, device: torch.device
    ) -> None:
        self.store = store
        self.targets = targets
        self.device = device

    def batches(self, chosen: Sequence[np.ndarray]) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Yield the windows of each batch, (n, n_times), and their targets."""
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

    def batches(self, chosen: Sequence[np.ndarray]) -> Iterator[tuple[Tensor, Tensor | None]]:
        # One transfer an epoch; no batch waits for the processor.
        everything = torch.from_numpy(np.concatenate(chosen)).to(self.device)
        for indices in everything.split([len(batch) for batch in chosen]):
            targets = None if self._targets is None else self._targets[indices]
            yield self._windows[indices], targets


class StreamedSource(WindowSource):
    """Gathers each batch in a thread, one ahead, and sends it from pinned memory."""

    def batches(self, chosen: Sequence[np.ndarray]) -> Iterator[tuple[Tensor, Tensor | None]]:
        with ThreadPoolExecutor(max_workers=1) as thread:
            ahead = None
            for indices in chosen:
                ready, ahead = ahead, thread.submit(self._gather, indices)
                if ready is not None:
                    yield self._send(*ready.result())
            if ahead is not None:
                yield self._send(*ahead.result())

    def _gather(self, indices: np.ndarray) -> tuple[Tensor, Tensor | None]:
        windows = self._pinned(self.store.take(indices))
        return windows, None if self.targets is None else self._pinned(self.targets[indices])

    def _pinned(self, array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        return tensor.pin_memory() if self.device.type == "cuda" else tensor

    def _send(self, windows: Tensor, targets: Tensor | None) -> tuple[Tensor, Tensor | None]:
        if targets is not None:
            targets = targets.to(self.device, non_blocking=True)
        return windows.to(self.device, non_blocking=True), targets


def window_source(
    store: WindowStore, targets: np.ndarray | None, device: torch.device, many_epochs: bool
) -> WindowSource:
    """Choose how windows reach a device: resident on a GPU if they fit and are used repeatedly."""
    if device.type != "cuda":
        return WindowSource(store, targets, device)
    n_bytes = len(store) * store.n_times * np.dtype(np.float32).itemsize
    if many_epochs and n_bytes <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
        return ResidentSource(store, targets, device)
    return StreamedSource(store, targets, device)


def cut(indices: np.ndarray, size: int) -> list[np.ndarray]:
    """Cut indices into batches; the last one may be smaller."""
    return [indices[start : start + size] for start in range(0, len(indices), size)]


def inputs_at_once(network: Any, n_times: int, device: torch.device) -> int:
    """Count the inputs that suit a device, by the largest activation of the network's trunk."""
    trunk = getattr(network, "trunk", network)
    largest = getattr(trunk, "largest_activation", None)
    values = n_times * USUAL_WIDTH if largest is None else largest(n_times)
    at_once = CACHED_VALUES if device.type == "cpu" else DEVICE_VALUES
    return max(1, at_once // values)


def parts(inputs: Tensor, network: Any) -> Iterator[slice]:
    """Cut a batch into parts that stay in the CPU's cache; elsewhere it is one part."""
    n_inputs = len(inputs)
    on_cpu = inputs.device.type == "cpu"
    size = inputs_at_once(network, inputs[0].numel(), inputs.device) if on_cpu else n_inputs
    for start in range(0, n_inputs, size):
        yield slice(start, min(start + size, n_inputs))
