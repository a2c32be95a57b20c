"""What activations over time tell about the rhythm of the heart."""

from functools import lru_cache
from math import ceil

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


def rhythm(maps: Tensor, map_rate: float) -> Tensor:
    """Compute the period of every channel and the modulation spectrum of all.

    A maximum over time says how well a pattern was matched, not how often. Activations that come
    with every beat repeat at the heart rate, which these features keep.

    Parameters
    ----------
    maps : Tensor of shape (n_windows, n_channels, n_times)
        Activations over time.
    map_rate : float
        Their sampling rate, in Hz.

    Returns
    -------
    Tensor of shape (n_windows, n_channels + 40), float32
        For each channel the natural logarithm of its period in seconds, then the modulation
        spectrum.

    Raises
    ------
    ValueError
        If the shortest period that is looked for is less than one sample.
    """
    if map_rate * PERIODS[0] < 1:
        raise ValueError(
            f"aggregate='rhythm' needs activations at {1 / PERIODS[0]:.2g} Hz or more, these are "
            f"at {map_rate:.2g} Hz. Use a higher sampling_rate, an earlier layer, a smaller "
            "pool_stride, or another aggregate."
        )
    centred = maps.float() - maps.float().mean(dim=-1, keepdim=True)
    return torch.cat([log_periods(centred, map_rate), modulation(centred, map_rate)], dim=1)


def log_periods(centred: Tensor, map_rate: float) -> Tensor:
    """Find the period at which each channel repeats itself most.

    Parameters
    ----------
    centred : Tensor of shape (n_windows, n_channels, n_times)
        Activations of mean zero.
    map_rate : float
        Their sampling rate, in Hz.

    Returns
    -------
    Tensor of shape (n_windows, n_channels)
        Natural logarithms of periods in seconds: the highest local maximum of the autocorrelation,
        at the vertex of the parabola through it and its neighbours. The autocorrelation is the
        biased one, which falls towards the length of the window: of a period and its double, the
        shorter wins.
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


def modulation(centred: Tensor, map_rate: float) -> Tensor:
    """Compute how the channels' power is spread over the frequencies of heart beats.

    Parameters
    ----------
    centred : Tensor of shape (n_windows, n_channels, n_times)
        Activations of mean zero.
    map_rate : float
        Their sampling rate, in Hz.

    Returns
    -------
    Tensor of shape (n_windows, 40)
        Square roots of the mean over channels of each band's share of the power.
    """
    n_times = centred.shape[-1]
    n_fft = max(n_times, ceil(map_rate / RESOLUTION))
    tapered = centred * torch.hann_window(n_times, dtype=torch.float32, device=centred.device)
    power = torch.fft.rfft(tapered, n_fft).abs().square()
    bands = power @ _bands(n_fft, map_rate).to(centred.device)
    shares = bands / bands.sum(dim=-1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    return shares.mean(dim=1).sqrt()


def shortest_rhythm() -> float:
    """Give the shortest window whose rhythm can be told.

    Returns
    -------
    float
        Its length in seconds.
    """
    return LEAST_PERIODS * PERIODS[1]


def _autocorrelation(centred: Tensor, n_lags: int) -> Tensor:
    n_fft = 1 << (centred.shape[-1] + n_lags - 1).bit_length()
    products = torch.fft.irfft(torch.fft.rfft(centred, n_fft).abs().square(), n_fft)[..., :n_lags]
    return products / products[..., :1].clamp_min(torch.finfo(torch.float32).tiny)


@lru_cache
def _bands(n_fft: int, map_rate: float) -> Tensor:
    """Weights that average the power in each band, (n_frequencies, n_bands)."""
    frequencies = torch.arange(n_fft // 2 + 1, dtype=torch.float32) * (map_rate / n_fft)
    low, high = torch.log(torch.tensor(BAND, dtype=torch.float32)).tolist()
    edges = torch.linspace(low, high, N_BANDS + 1, dtype=torch.float32).exp()
    inside = (frequencies[:, None] >= edges[:-1] * (1 - OVERLAP)) & (
        frequencies[:, None] <= edges[1:] * (1 + OVERLAP)
    )
    return inside.float() / inside.sum(dim=0).clamp_min(1)
