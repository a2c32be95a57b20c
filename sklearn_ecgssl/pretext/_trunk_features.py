"""Which features of a convolutional trunk `encode` computes, and how."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..networks import ConvTrunk, aggregate, shortest_rhythm

#: What the trunk computes by itself, faster than from its activations over time.
GLOBAL_MAX = ("max",)


def trunk_features(
    trunk: ConvTrunk, blocks: Sequence[int], ways: tuple[str, ...], sampling_rate: float
) -> Callable[[Tensor], Tensor]:
    """Choose the function from windows to features.

    Parameters
    ----------
    trunk : ConvTrunk
        The network.
    blocks : sequence of int
        Blocks whose activations are used, side by side.
    ways : tuple of str
        How they are aggregated over time, side by side.
    sampling_rate : float
        Of the windows, in Hz.

    Returns
    -------
    callable
        From windows (n_windows, n_times) to features (n_windows, n_features).
    """
    if ways != GLOBAL_MAX:
        rates = [sampling_rate / trunk.pool.step**block for block in blocks]
        return lambda windows: torch.cat(
            [
                aggregate(trunk.maps(windows, block), ways, rate)
                for block, rate in zip(blocks, rates, strict=True)
            ],
            dim=1,
        )
    if list(blocks) == [len(trunk.blocks) - 1]:
        return trunk
    return lambda windows: torch.cat(
        [features for i, features in enumerate(trunk.block_features(windows)) if i in blocks], dim=1
    )


def check_duration(seconds: float, ways: tuple[str, ...], sampling_rate: float) -> None:
    """Refuse windows that are too short to have a rhythm.

    Parameters
    ----------
    seconds : float
        Duration of a window.
    ways : tuple of str
        How activations are aggregated.
    sampling_rate : float
        Of the windows, in Hz, for the error.
    """
    if "rhythm" in ways and seconds < shortest_rhythm():
        raise ValueError(
            f"aggregate='rhythm' needs windows of at least {shortest_rhythm():g} s, these have "
            f"{seconds:g} s (sampling_rate={sampling_rate:g} Hz). Use longer windows, or another "
            "aggregate."
        )
