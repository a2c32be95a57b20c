"""The six transformations as functions of a batch of windows.

Every function takes a float tensor of shape (n_windows, n_times) on any device and returns a new
tensor of the same shape, dtype and device. Randomness comes from `generator` alone, and each
window draws its own.
"""

from math import ceil

import torch
from torch import Tensor


def add_noise(windows: Tensor, snr_db: float, generator: torch.Generator | None = None) -> Tensor:
    """Add white Gaussian noise at `snr_db` below the power mean(x^2) of each window."""
    noise_power = windows.square().mean(dim=1, keepdim=True) / 10 ** (snr_db / 10)
    noise = torch.randn(
        windows.shape, generator=generator, device=windows.device, dtype=windows.dtype
    )
    return torch.addcmul(windows, noise, noise_power.sqrt())


def scale(windows: Tensor, factor: float) -> Tensor:
    """Multiply by `factor`."""
    return windows * factor


def negate(windows: Tensor) -> Tensor:
    """Mirror the amplitude at zero."""
    return -windows


def flip_time(windows: Tensor) -> Tensor:
    """Reverse the time axis."""
    return windows.flip(1)


def permute(windows: Tensor, n_pieces: int, generator: torch.Generator | None = None) -> Tensor:
    """Cut into `n_pieces` pieces, equal within one sample, and shuffle them."""
    n_windows, n_times = windows.shape
    device = windows.device
    edges = torch.arange(n_pieces + 1, device=device) * n_times // n_pieces
    starts, lengths = edges[:-1], edges.diff()

    order = _random_order(n_windows, n_pieces, device, generator)
    slot, offset = _locate(
        torch.arange(n_times, device=device).expand(n_windows, -1), lengths[order]
    )
    source = starts[order.gather(1, slot)] + offset
    return windows.gather(1, source)


def time_warp(
    windows: Tensor, n_pieces: int, stretch: float, generator: torch.Generator | None = None
) -> Tensor:
    """Stretch half of `n_pieces` equal pieces, squeeze the others, crop to the old length."""
    n_windows, n_times = windows.shape
    device = windows.device
    piece, stretched, squeezed = warped_lengths(n_times, n_pieces, stretch)

    n_stretched = ceil(n_pieces / 2)
    is_stretched = _random_order(n_windows, n_pieces, device, generator) < n_stretched
    lengths = torch.where(is_stretched, stretched, squeezed)
    # Samples that fill no whole piece follow unwarped. They are reached only where the warped
    # pieces are shorter than the window.
    tail = torch.full((n_windows, 1), n_times - n_pieces * piece, device=device)
    total = n_stretched * stretched + (n_pieces - n_stretched) * squeezed
    crop = torch.randint(
        max(total - n_times, 0) + 1, (n_windows, 1), generator=generator, device=device
    )
    slot, offset = _locate(
        torch.arange(n_times, device=device) + crop, torch.cat([lengths, tail], dim=1)
    )
    # A piece's first and last samples keep their values: offset 0 .. length - 1 is mapped onto
    # 0 .. piece - 1, in integers, so that the interpolation weight is exact.
    in_tail = slot == n_pieces
    span = torch.where(
        in_tail, 1, torch.cat([lengths, tail], dim=1).gather(1, slot).sub(1).clamp(min=1)
    )
    numerator = torch.where(in_tail, offset, offset * (piece - 1))
    left = slot * piece + numerator.div(span, rounding_mode="floor")
    weight = numerator.remainder(span).to(windows.dtype) / span
    right = (left + 1).clamp(max=n_times - 1)
    return torch.lerp(windows.gather(1, left), windows.gather(1, right), weight)


def warped_lengths(n_times: int, n_pieces: int, stretch: float) -> tuple[int, int, int]:
    """Samples in a piece before warping, after stretching, and after squeezing."""
    piece = n_times // n_pieces
    return piece, ceil(piece * stretch), ceil(piece / stretch)


def _random_order(
    n_windows: int, n_pieces: int, device: torch.device, generator: torch.Generator | None
) -> Tensor:
    """One random permutation of 0 .. n_pieces - 1 a window, (n_windows, n_pieces)."""
    return torch.rand((n_windows, n_pieces), generator=generator, device=device).argsort(dim=1)


def _locate(position: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Find in which of the pieces laid end to end a position falls, and how far into it."""
    ends = lengths.cumsum(dim=1)
    slot = torch.searchsorted(ends, position.contiguous(), right=True)
    return slot, position - (ends - lengths).gather(1, slot)
