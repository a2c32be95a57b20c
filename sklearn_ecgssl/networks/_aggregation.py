"""From activations over time to one row of features a window."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ._rhythm import N_BANDS, rhythm

#: What can be made of activations (n_windows, n_channels, n_times) and their sampling rate.
AGGREGATIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "max": lambda maps, _: maps.amax(dim=-1).float(),
    "mean": lambda maps, _: maps.float().mean(dim=-1),
    "std": lambda maps, _: maps.float().std(dim=-1, correction=0),
    "rhythm": rhythm,
}


def aggregate(maps: Tensor, names: Sequence[str], map_rate: float = 1.0) -> Tensor:
    """Aggregate activations over time.

    Parameters
    ----------
    maps : Tensor of shape (n_windows, n_channels, n_times)
        Activations.
    names : sequence of {"max", "mean", "std", "rhythm"}
        How, side by side.
    map_rate : float, default=1
        Sampling rate of the activations, in Hz; "rhythm" alone asks for it.

    Returns
    -------
    Tensor of shape (n_windows, n_features), float32
        Features.
    """
    return torch.cat([AGGREGATIONS[name](maps, map_rate) for name in names], dim=1)


def n_aggregated(n_channels: int, names: Sequence[str]) -> int:
    """Count the features that `aggregate` makes.

    Parameters
    ----------
    n_channels : int
        Channels of the activations.
    names : sequence of {"max", "mean", "std", "rhythm"}
        How they are aggregated.

    Returns
    -------
    int
        Features.
    """
    return sum(n_channels + (N_BANDS if name == "rhythm" else 0) for name in names)
