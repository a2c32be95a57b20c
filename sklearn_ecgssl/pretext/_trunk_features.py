"""Which features of a trunk `encode` computes, and how."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..networks import (
    GLOBAL_MAX,
    ConvTrunk,
    TransformerTrunk,
    aggregate,
    aggregate_tokens,
    shortest_rhythm,
)


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


def token_features(
    trunk: TransformerTrunk, layers: Sequence[int], ways: tuple[str, ...], sampling_rate: float
) -> Callable[[Tensor], Tensor]:
    """Choose the function from windows to features.

    Parameters
    ----------
    trunk : TransformerTrunk
        The network.
    layers : sequence of int
        Layers whose tokens are used, side by side.
    ways : tuple of str
        How they become features, side by side.
    sampling_rate : float
        Of the windows, in Hz.

    Returns
    -------
    callable
        From windows (n_windows, n_times) to features (n_windows, n_features).
    """

    def features(windows: Tensor) -> Tensor:
        after = trunk.layer_tokens(windows, 1 + max(layers))
        return torch.cat([aggregate_tokens(after[i], ways, sampling_rate) for i in layers], dim=1)

    return features


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
