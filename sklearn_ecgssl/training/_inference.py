"""Run a trained network over windows, batch by batch."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from ..signal._windows import WindowStore
from ._batches import BatchIterator, WindowDataset
from ._criterion import Criterion
from ._net import Prepare, autocast


def apply_batched(
    function: Callable[[Tensor], Tensor],
    store: WindowStore,
    batch_size: int,
    device: torch.device,
    precision: torch.dtype,
) -> np.ndarray:
    """Apply a function to all windows and join the results in memory.

    Parameters
    ----------
    function : callable
        From a batch (n, n_times) to a tensor of n rows.
    store : WindowStore
        All windows.
    batch_size : int
        Windows in a batch.
    device : torch.device
        Where the function runs.
    precision : torch.dtype
        float32 or bfloat16.

    Returns
    -------
    ndarray of shape (n_windows, ...), float32
        The results in the order of the windows.
    """
    with torch.inference_mode(), autocast(device, precision):
        results = [
            function(windows).float().cpu()
            for windows, _ in _batches(store, None, batch_size, device)
        ]
        return torch.cat(results).numpy()


def evaluate(
    module: nn.Module,
    criterion: Criterion,
    prepare: Prepare,
    store: WindowStore,
    batch_size: int,
    device: torch.device,
    precision: torch.dtype,
    seed: int,
) -> dict[str, float]:
    """Compute the criterion's metrics on windows, without training.

    Parameters
    ----------
    module, criterion, prepare
        As in `train`.
    store : WindowStore
        All windows.
    batch_size : int
        Windows in a batch.
    device : torch.device
        Where the network runs.
    precision : torch.dtype
        float32 or bfloat16.
    seed : int
        Seed of the transformations.

    Returns
    -------
    dict of str to float
        Mean of each metric over the windows.
    """
    generator = torch.Generator(device=device).manual_seed(seed)
    criterion = criterion.to(device)
    totals: dict[str, float] = {}
    with torch.inference_mode(), autocast(device, precision):
        for windows, labels in _batches(store, None, batch_size, device):
            inputs, targets = prepare(windows, labels, generator)
            for name, value in criterion.metrics(module(inputs), targets).items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(windows)
    return {name: total / len(store) for name, total in totals.items()}


def _batches(
    store: WindowStore, targets: np.ndarray | None, batch_size: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor | None]]:
    dataset = WindowDataset(store, targets, np.arange(len(store)))
    return iter(BatchIterator(dataset, batch_size, device, order=None))
