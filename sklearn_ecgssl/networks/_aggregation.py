"""From activations over time to one row of features a window.

A maximum over time says how well a pattern was matched, not how often. Activations that come with
every beat repeat at the heart rate, which "rhythm" keeps.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import ceil

import numpy as np
import torch
from torch import Tensor

#: Periods that are looked for, in seconds: 182 to 37 beats a minute.
PERIODS = (0.33, 1.6)
#: Frequencies of the modulation spectrum, in Hz: fundamental and first harmonics of these periods.
BAND = (0.5, 4.0)
#: Bands between them, equal on a logarithmic scale.
N_BANDS = 40
#: Part of a frequency by which a band reaches into its neighbours.
OVERLAP = 0.03
#: Distance of the spectrum's frequencies, in Hz; the narrowest band then holds two of them.
RESOLUTION = 0.025
#: A period must fit this often into a window to be found in it.
LEAST_PERIODS = 2

#: Aggregations of tokens that are a single token, and which: the class token, the last sample's.
ONE_TOKEN = {"cls": 0, "last": -1}
#: How tokens can become features, that of the paper first.
TOKEN_AGGREGATIONS = ("cls", "mean", "max", "last", "std", "rhythm")


def rhythm(maps: Tensor, map_rate: float) -> Tensor:
    """Log-period of every channel, then the modulation spectrum of all, (n, n_channels + 40)."""
    if map_rate * PERIODS[0] < 1:
        raise ValueError(
            f"aggregate='rhythm' needs activations at {1 / PERIODS[0]:.2g} Hz or more, these are "
            f"at {map_rate:.2g} Hz. Use a higher sampling_rate, an earlier layer, a smaller "
            "pool_stride, or another aggregate."
        )
    centred = maps.float() - maps.float().mean(dim=-1, keepdim=True)
    return torch.cat([log_periods(centred, map_rate), modulation(centred, map_rate)], dim=1)


#: What can be made of activations (n_windows, n_channels, n_times) and their sampling rate.
AGGREGATIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "max": lambda maps, _: maps.amax(dim=-1).float(),
    "mean": lambda maps, _: maps.float().mean(dim=-1),
    "std": lambda maps, _: maps.float().std(dim=-1, correction=0),
    "rhythm": rhythm,
}


def aggregate(maps: Tensor, names: Sequence[str], map_rate: float = 1.0) -> Tensor:
    """Aggregate activations (n_windows, n_channels, n_times) over time, names side by side."""
    return torch.cat([AGGREGATIONS[name](maps, map_rate) for name in names], dim=1)


def aggregate_tokens(tokens: Tensor, names: Sequence[str], sampling_rate: float = 1.0) -> Tensor:
    """Make features of tokens (n_windows, 1 + n_times, n_channels), the class token first."""
    over_time = tokens[:, 1:].transpose(1, 2)
    features = [
        tokens[:, ONE_TOKEN[name]].float()
        if name in ONE_TOKEN
        else aggregate(over_time, [name], sampling_rate)
        for name in names
    ]
    return torch.cat(features, dim=1)


def n_aggregated(n_channels: int, names: Sequence[str]) -> int:
    """Count the features that an aggregation of so many channels makes."""
    return sum(n_channels + (N_BANDS if name == "rhythm" else 0) for name in names)


def shortest_rhythm() -> float:
    """Duration in seconds of the shortest window that has a rhythm."""
    return LEAST_PERIODS * PERIODS[1]


def log_periods(centred: Tensor, map_rate: float) -> Tensor:
    """Natural logarithm of the period, in seconds, at which each channel repeats itself most.

    It is the highest local maximum of the autocorrelation, at the vertex of the parabola through
    it and its neighbours. The autocorrelation is the biased one, which falls towards the length of
    the window: of a period and its double, the shorter wins.
    """
    first, last = int(PERIODS[0] * map_rate), int(PERIODS[1] * map_rate) + 1
    heights = _autocorrelation(centred, last + 2)
    left, here, right = (heights[..., first + k : last + k] for k in (-1, 0, 1))
    is_peak = (here >= left) & (here >= right)
    at = torch.where(is_peak, here, -torch.inf).argmax(dim=-1, keepdim=True)
    low, top, high = (values.gather(-1, at)[..., 0] for values in (left, here, right))
    curvature = low - 2 * top + high
    bent = curvature < -1e-9
    shift = torch.where(bent, (low - high) / (2 * torch.where(bent, curvature, 1.0)), 0.0)
    return torch.log((first + at[..., 0] + shift.clamp(-0.5, 0.5)) / map_rate)


def _autocorrelation(centred: Tensor, n_lags: int) -> Tensor:
    n_fft = 1 << (centred.shape[-1] + n_lags - 1).bit_length()
    products = torch.fft.irfft(torch.fft.rfft(centred, n_fft).abs().square(), n_fft)[..., :n_lags]
    return products / products[..., :1].clamp_min(torch.finfo(torch.float32).tiny)


def modulation(centred: Tensor, map_rate: float) -> Tensor:
    """Square roots of the mean over channels of each band's share of the power, (n, 40)."""
    n_times = centred.shape[-1]
    n_fft = max(n_times, ceil(map_rate / RESOLUTION))
    tapered = centred * torch.hann_window(n_times, dtype=torch.float32, device=centred.device)
    power = torch.fft.rfft(tapered, n_fft).abs().square()
    bands = power @ torch.from_numpy(_bands(n_fft, map_rate)).to(centred.device)
    shares = bands / bands.sum(dim=-1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    return shares.mean(dim=1).sqrt()


@lru_cache
def _bands(n_fft: int, map_rate: float) -> np.ndarray:
    """Weights that average the power in each band, (n_frequencies, n_bands)."""
    frequencies = np.arange(n_fft // 2 + 1)[:, None] * (map_rate / n_fft)
    edges = np.geomspace(*BAND, N_BANDS + 1)
    inside = (frequencies >= edges[:-1] * (1 - OVERLAP)) & (
        frequencies <= edges[1:] * (1 + OVERLAP)
    )
    return (inside / np.maximum(inside.sum(axis=0), 1)).astype(np.float32)
