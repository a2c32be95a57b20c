"""Run a trained network over windows, batch by batch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from ..signal.window_store import WindowStore
from ._criterion import Criterion
from ._device import exact_float32, memory_advice
from ._net import Prepare, autocast
from ._parts import inputs_at_once, keep_freed_memory, parts
from ._sources import cut, source_for_one_pass

#: What helps where a device cannot hold a batch of windows that are only looked at.
ADVICE = "Free some of it, or use device='cpu'."


def apply_batched(
    function: Callable[[Tensor], Tensor],
    store: WindowStore,
    device: torch.device,
    precision: torch.dtype,
    network: nn.Module | None = None,
) -> np.ndarray:
    """Apply a function to all windows and join the results in memory.

    Parameters
    ----------
    function : callable
        From a batch (n, n_times) to a tensor of n rows.
    store : WindowStore
        All windows.
    device : torch.device
        Where the function runs.
    precision : torch.dtype
        Of what is computed: float32 or bfloat16.
    network : nn.Module or None, default=None
        The network that the function runs, where it is not the function itself.

    Returns
    -------
    ndarray of shape (n_windows, ...), float32
        The results in the order of the windows.

    Raises
    ------
    MemoryError
        If a batch does not fit into the device's memory.
    """
    keep_freed_memory()
    source = source_for_one_pass(store, None, device)
    size = inputs_at_once(network or function, store.n_times, device)
    everything = cut(np.arange(len(store)), size)
    results: np.ndarray | None = None
    done = 0
    with memory_advice(device, ADVICE), torch.inference_mode(), in_precision(device, precision):
        for windows, _ in source.batches(everything):
            rows = function(windows).float().cpu().numpy()
            if results is None:
                results = np.empty((len(store), *rows.shape[1:]), dtype=np.float32)
            results[done : done + len(rows)] = rows
            done += len(rows)
    assert results is not None, "a store is never empty"
    return results


def evaluate(
    module: nn.Module,
    criterion: Criterion,
    prepare: Prepare,
    store: WindowStore,
    device: torch.device,
    precision: torch.dtype,
    seed: int,
) -> dict[str, float]:
    """Compute the criterion's metrics on windows, without training.

    Parameters
    ----------
    module : nn.Module
        The network.
    criterion : Criterion
        Computes the metrics.
    prepare : callable
        Makes inputs and targets from a batch of windows, its labels and a generator.
    store : WindowStore
        All windows.
    device : torch.device
        Where the network runs.
    precision : torch.dtype
        Of what is computed: float32 or bfloat16.
    seed : int
        Seed of the transformations.

    Returns
    -------
    dict of str to float
        Mean of each metric over the windows.
    """
    generator = torch.Generator(device=device).manual_seed(seed)
    criterion = criterion.to(device)
    n_metrics = len(criterion.metric_names)
    total = torch.zeros(n_metrics, dtype=torch.float32, device=device)
    n_inputs = 0
    keep_freed_memory()
    source = source_for_one_pass(store, None, device)
    everything = cut(np.arange(len(store)), inputs_at_once(module, store.n_times, device))
    with memory_advice(device, ADVICE), torch.inference_mode(), in_precision(device, precision):
        for windows, labels in source.batches(everything):
            inputs, targets = prepare(windows, labels, generator)
            for part in parts(inputs, module):
                metrics = criterion.metrics(module(inputs[part]), targets[part])
                total += metrics * (part.stop - part.start)
            n_inputs += len(inputs)
    return dict(zip(criterion.metric_names, (total / n_inputs).tolist(), strict=True))


@contextmanager
def in_precision(device: torch.device, precision: torch.dtype) -> Iterator[None]:
    """Run what follows in `precision`, where that is float32 in no less."""
    with exact_float32(device, precision), autocast(device, precision):
        yield
