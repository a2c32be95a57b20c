"""Run a trained network over windows, batch by batch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from ..signal.window_store import WindowStore
from ._batches import cut, inputs_at_once, parts, window_source
from ._device import autocast, exact_float32, keep_freed_memory, memory_advice
from ._net import Criterion, Prepare

#: What helps where a device cannot hold a batch of windows that nothing is learnt from.
ADVICE = "Free some of it, or use device='cpu'."


def apply_batched(
    function: Callable[[Tensor], Tensor],
    store: WindowStore,
    device: torch.device,
    precision: torch.dtype,
    network: nn.Module | None = None,
) -> np.ndarray:
    """Apply a function to all windows and join its rows, float32, in the order of the windows.

    `network` is what the function runs, where it is not the function itself: it says how many
    windows fit at once.
    """
    keep_freed_memory()
    size = inputs_at_once(network or function, store.n_times, device)
    batches = cut(np.arange(len(store)), size)
    source = window_source(store, None, device, many_epochs=False)
    results: np.ndarray | None = None
    done = 0
    with _computing(device, precision):
        for windows, _ in source.batches(batches):
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
    """Compute the criterion's metrics, means over all windows, without training.

    `prepare` makes inputs and targets of a batch, from a generator with the seed.
    """
    keep_freed_memory()
    generator = torch.Generator(device=device).manual_seed(seed)
    criterion = criterion.to(device)
    total = torch.zeros(len(criterion.metric_names), dtype=torch.float32, device=device)
    n_inputs = 0
    batches = cut(np.arange(len(store)), inputs_at_once(module, store.n_times, device))
    source = window_source(store, None, device, many_epochs=False)
    with _computing(device, precision):
        for windows, labels in source.batches(batches):
            inputs, targets = prepare(windows, labels, generator)
            for part in parts(inputs, module):
                metrics = criterion.metrics(module(inputs[part]), targets[part])
                total += metrics * (part.stop - part.start)
            n_inputs += len(inputs)
    return dict(zip(criterion.metric_names, (total / n_inputs).tolist(), strict=True))


@contextmanager
def _computing(device: torch.device, precision: torch.dtype) -> Iterator[None]:
    """Run what follows without gradients, in no lower precision than is asked for."""
    with (
        memory_advice(device, ADVICE),
        torch.inference_mode(),
        exact_float32(device, precision),
        autocast(device, precision),
    ):
        yield
