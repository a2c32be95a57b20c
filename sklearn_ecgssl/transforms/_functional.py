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
    order = _random_order(n_windows, n_pieces, device, generator)
    if n_times % n_pieces == 0:
        pieces = windows.unflatten(1, (n_pieces, -1))
        return pieces[torch.arange(n_windows, device=device)[:, None], order].flatten(1)

    edges = torch.arange(n_pieces + 1, device=device) * n_times // n_pieces
    starts, lengths = edges[:-1], edges.diff()
    ends = lengths[order].cumsum(dim=1)
    position = torch.arange(n_times, device=device).expand(n_windows, -1)
    shift = starts[order] - (ends - lengths[order])
    return windows.gather(1, position + shift.gather(1, _find_slot(ends, position)))


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
    lengths = torch.cat([lengths, tail], dim=1)
    ends = lengths.cumsum(dim=1)
    position = torch.arange(n_times, device=device) + crop
    slot = _find_slot(ends, position)

    # Pieces of one kind are warped alike: look up where their samples come from.
    sources, weights = _warp_table(piece, stretched, squeezed, n_times - n_pieces * piece, windows)
    first_row = torch.where(is_stretched, 0, stretched)
    first_row = torch.cat([first_row, torch.full_like(tail, stretched + squeezed)], dim=1)
    row = position + (first_row - (ends - lengths)).gather(1, slot)
    left = sources.expand(n_windows, -1).gather(1, row) + slot * piece
    right = (left + 1).clamp(max=n_times - 1)
    weight = weights.expand(n_windows, -1).gather(1, row)
    return torch.lerp(windows.gather(1, left), windows.gather(1, right), weight)


def warped_lengths(n_times: int, n_pieces: int, stretch: float) -> tuple[int, int, int]:
    """Samples in a piece before warping, after stretching, and after squeezing."""
    piece = n_times // n_pieces
    return piece, ceil(piece * stretch), ceil(piece / stretch)


def _random_order(
    n_windows: int, n_pieces: int, device: torch.device, generator: torch.Generator | None
) -> Tensor:
    """One random permutation of 0 .. n_pieces - 1 a window, (n_windows, n_pieces)."""
    draws = torch.rand(
        (n_windows, n_pieces), generator=generator, device=device, dtype=torch.float32
    )
    return draws.argsort(dim=1)


def _find_slot(ends: Tensor, position: Tensor) -> Tensor:
    """Find in which of the pieces laid end to end each position falls."""
    # In 32 bits the search takes a third of the time.
    return torch.searchsorted(ends.int(), position.int().contiguous(), right=True)


def _warp_table(
    piece: int, stretched: int, squeezed: int, tail: int, like: Tensor
) -> tuple[Tensor, Tensor]:
    """Sample to the left of each sample of a stretched, a squeezed and an unwarped piece.

    Beside it the weight of the sample to the right. A piece's first and last samples keep their
    values: offset 0 .. length - 1 is mapped onto 0 .. piece - 1, in integers, so that the weight
    is exact.
    """
    sources, weights = [], []
    for length in (stretched, squeezed):
        offset = torch.arange(length, device=like.device) * (piece - 1)
        span = max(length - 1, 1)
        sources.append(offset.div(span, rounding_mode="floor"))
        weights.append(offset.remainder(span).to(like.dtype) / span)
    sources.append(torch.arange(tail, device=like.device))
    weights.append(like.new_zeros(tail))
    return torch.cat(sources), torch.cat(weights)
