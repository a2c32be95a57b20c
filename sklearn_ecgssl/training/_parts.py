"""How many inputs go through a network at once, and in which memory."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

#: Values a sample in the largest activation of a network that does not tell: those of the
#: recognition network's first block.
USUAL_WIDTH = 32

#: Values of a network's largest activation that a CPU holds at once: 28 windows of 10 s at the
#: usual width, four with their seven views. They have 5 MB in bfloat16 and stay in the cache, and
#: all layers together stay below what `keep_freed_memory` keeps.
CACHED_VALUES = 28 * 2560 * USUAL_WIDTH

#: Values of the largest activation that any other device holds at once where nothing is learnt.
DEVICE_VALUES = 1024 * 2560 * USUAL_WIDTH

#: Just below the 32 MiB above which glibc always hands a freed block back.
LARGEST_KEPT_BLOCK = 32 * 2**20 - 2**16


def inputs_at_once(network: Any, n_times: int, device: torch.device) -> int:
    """Count the inputs that suit a device where the batch size is free.

    Parameters
    ----------
    network : nn.Module or callable
        Its trunk says how large the largest activation of an input is, if it has one.
    n_times : int
        Samples in an input.
    device : torch.device
        Where the network runs.

    Returns
    -------
    int
        Inputs, at least one.
    """
    trunk = getattr(network, "trunk", network)
    largest = getattr(trunk, "largest_activation", None)
    values = n_times * USUAL_WIDTH if largest is None else largest(n_times)
    at_once = CACHED_VALUES if device.type == "cpu" else DEVICE_VALUES
    return max(1, at_once // values)


def parts(inputs: Tensor, network: Any) -> Iterator[slice]:
    """Cut a batch into parts that stay in the processor's cache; elsewhere it is one part.

    Parameters
    ----------
    inputs : Tensor of shape (n_inputs, n_times)
        A batch.
    network : nn.Module
        What the batch goes through.

    Yields
    ------
    slice
        Rows of the batch.
    """
    n_inputs = len(inputs)
    on_cpu = inputs.device.type == "cpu"
    size = inputs_at_once(network, inputs[0].numel(), inputs.device) if on_cpu else n_inputs
    for start in range(0, n_inputs, size):
        yield slice(start, min(start + size, n_inputs))


def keep_freed_memory() -> None:
    """Let the C library keep the memory of a part for the next one.

    glibc hands freed memory back to the system beyond a threshold, and every page that comes anew
    is zeroed and mapped at its first use: that took a tenth of a training step in bfloat16 and a
    fifth in float32. The threshold is twice the largest block that was ever freed, if that is not
    above 32 MB; so one such block, never touched, is taken and freed. Other C libraries do not
    notice.
    """
    torch.empty(LARGEST_KEPT_BLOCK, dtype=torch.uint8)
