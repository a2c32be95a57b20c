"""Making networks without touching torch's global random state."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import nn

from ._layers import initialise_

#: Far more than any network for ECG has; with more, a slip of the keyboard takes all memory. The
#: size of a layer, the number of layers, and the number of weights, of which training keeps four
#: copies, 16 GB.
MAX_SIZE = 2**20
MAX_DEPTH = 1000
MAX_WEIGHTS = 2**30


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

    Raises
    ------
    ValueError
        If it would have more than `MAX_WEIGHTS` weights.
    """
    # On the meta device layers draw nothing from the global generator, and take no memory.
    with torch.device("meta"):
        module = build()
    n_weights = sum(parameter.numel() for parameter in module.parameters())
    if n_weights > MAX_WEIGHTS:
        raise ValueError(
            f"The network would have {n_weights:.1e} weights, more than {MAX_WEIGHTS:.1e}: lower "
            "filters, kernel_sizes, feedforward, hidden or head_hidden."
        )
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
        If it is no sequence of positive integers, too short or far too long a one, or one of them
        is above `MAX_SIZE`.
    """
    fits = isinstance(sizes, Sequence) and not isinstance(sizes, str | bytes | bytearray)
    fits = fits or (isinstance(sizes, np.ndarray) and sizes.ndim == 1)
    if not fits or not min_length <= len(sizes) <= MAX_DEPTH or not all(map(_is_size, sizes)):
        raise ValueError(
            f"{name} must be a sequence of at least {min_length} positive integers, one a layer or "
            f"block (no more than {MAX_DEPTH} of them, each at most {MAX_SIZE}), got "
            f"{sizes!r:.200}."
        )
    return tuple(int(size) for size in sizes)


def check_depth(name: str, n_layers: int) -> int:
    """Check how many layers a network shall have.

    Parameters
    ----------
    name : str
        The parameter.
    n_layers : int
        Its value.

    Returns
    -------
    int
        The same, as Python's own integer.

    Raises
    ------
    ValueError
        If it is more than `MAX_DEPTH`.
    """
    if n_layers > MAX_DEPTH:
        raise ValueError(f"{name} must be at most {MAX_DEPTH}, got {n_layers}.")
    return int(n_layers)


def _is_size(size: Any) -> bool:
    is_integer = isinstance(size, Integral) and not isinstance(size, bool)
    return is_integer and 1 <= int(size) <= MAX_SIZE


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
