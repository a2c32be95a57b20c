"""Making networks without touching torch's global random state."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import nn

from ._layers import initialise_


def initialised(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build a network on the CPU, in float32, with weights drawn from a seed.

    Parameters
    ----------
    build : callable
        Makes the network.
    seed : int
        Seed of the weights.

    Returns
    -------
    nn.Module
        The network.
    """
    # On the meta device layers draw nothing from the global generator.
    with torch.device("meta"):
        module = build()
    module.float().to_empty(device="cpu")
    initialise_(module, torch.Generator().manual_seed(seed))
    return module


def rebuilt(
    build: Callable[[], nn.Module], state: dict[str, np.ndarray], device: torch.device
) -> nn.Module:
    """Make a trained network again, in evaluation mode, on a device.

    Parameters
    ----------
    build : callable
        Makes the network.
    state : dict of str to ndarray
        Its weights.
    device : torch.device
        Where it shall run.

    Returns
    -------
    nn.Module
        The network.
    """
    with torch.device("meta"):
        module = build()
    weights = {name: torch.tensor(array, device=device) for name, array in state.items()}
    module.load_state_dict(weights, assign=True)
    return module.eval()


def check_sizes(name: str, sizes: Any, *, min_length: int) -> tuple[int, ...]:
    """Check a parameter that lists layer sizes.

    Parameters
    ----------
    name : str
        The parameter.
    sizes : sequence of int
        Its value.
    min_length : int
        How many sizes there must be at least.

    Returns
    -------
    tuple of int
        The sizes.

    Raises
    ------
    ValueError
        If it is no sequence of positive integers, or too short a one.
    """
    fits = isinstance(sizes, (Sequence, np.ndarray)) and len(sizes) >= min_length
    if not fits or not all(isinstance(size, Integral) and int(size) >= 1 for size in sizes):
        raise ValueError(
            f"{name} must be a sequence of at least {min_length} positive integers, one a layer or "
            f"block, got {sizes!r}."
        )
    return tuple(int(size) for size in sizes)


def check_convolutions(filters: Any, kernel_sizes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Check the parameters that list the convolutions of a network.

    Parameters
    ----------
    filters, kernel_sizes : sequence of int
        Channels and kernel lengths.

    Returns
    -------
    filters, kernel_sizes : tuple of int
        The same.

    Raises
    ------
    ValueError
        If one is no sequence of positive integers, or they differ in length.
    """
    filters = check_sizes("filters", filters, min_length=1)
    kernel_sizes = check_sizes("kernel_sizes", kernel_sizes, min_length=1)
    if len(filters) != len(kernel_sizes):
        raise ValueError(
            f"filters and kernel_sizes must be equally long, one entry a layer or block, got "
            f"{len(filters)} and {len(kernel_sizes)}."
        )
    return filters, kernel_sizes
