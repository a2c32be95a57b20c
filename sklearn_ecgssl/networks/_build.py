"""Making networks without touching torch's global random state."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import nn

from ._layers import initialise_


def initialised(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build a network on the CPU, in float32, with weights drawn from a seed."""
    # On the meta device layers draw nothing from the global generator, and take no memory.
    with torch.device("meta"):
        module = build()
    module.float().to_empty(device="cpu")
    initialise_(module, torch.Generator().manual_seed(seed))
    return module


def rebuilt(
    build: Callable[[], nn.Module], state: dict[str, np.ndarray], device: torch.device
) -> nn.Module:
    """Build a trained network from its weights, in evaluation mode, on a device."""
    with torch.device("meta"):
        module = build()
    weights = {name: torch.tensor(array, device=device) for name, array in state.items()}
    module.load_state_dict(weights, assign=True)
    return module.eval()


def check_sizes(name: str, sizes: Any, *, min_length: int) -> tuple[int, ...]:
    """Check a parameter that lists layer sizes: positive integers, at least `min_length`."""
    is_sequence = isinstance(sizes, Sequence | np.ndarray) and not isinstance(sizes, str)
    if not is_sequence or len(sizes) < min_length or not all(map(_is_size, sizes)):
        raise ValueError(
            f"{name} must be a sequence of at least {min_length} positive integers, one a layer or "
            f"block, got {sizes!r}."
        )
    return tuple(int(size) for size in sizes)


def _is_size(size: Any) -> bool:
    return isinstance(size, Integral) and not isinstance(size, bool) and int(size) > 0


def check_convolutions(filters: Any, kernel_sizes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Check the parameters that list the convolutions of a network."""
    filters = check_sizes("filters", filters, min_length=1)
    kernel_sizes = check_sizes("kernel_sizes", kernel_sizes, min_length=1)
    if len(filters) != len(kernel_sizes):
        raise ValueError(
            f"filters and kernel_sizes must be equally long, one entry a layer or block, got "
            f"{len(filters)} and {len(kernel_sizes)}."
        )
    return filters, kernel_sizes
