"""Pairs of views of a window that differ in speed, as functions of a batch.

Randomness comes from what is passed in, so that each step can be compared with a plain version.
"""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

#: Mean square of noise that is none.
SILENT = 1e-20


def view_length(n_times: int, stretch: float) -> int:
    """Count the samples of a view that can be read `stretch` times as fast from a window."""
    return int((n_times - 1) / stretch) + 1


def crop(windows: Tensor, length: int, place: Tensor) -> Tensor:
    """Cut `length` samples out of each window; `place`, in [0, 1), says where."""
    first = (place * (windows.shape[1] - length + 1)).long()
    return windows.gather(1, first[:, None] + torch.arange(length, device=windows.device))


def read_at_speed(windows: Tensor, log_speed: Tensor, place: Tensor) -> Tensor:
    """Read windows (n, n_times) at speeds (n, n_views, length), from a place in [0, 1) on.

    A view's next sample is ``exp(log_speed)`` samples further on in the window, between samples by
    a cubic through the four nearest (Catmull-Rom).
    """
    n_times = windows.shape[1]
    steps = log_speed[..., :-1].exp()
    position = torch.nn.functional.pad(steps.cumsum(-1), (1, 0))
    room = (n_times - 1 - position[..., -1:]).clamp_min(0)
    position = (position + place[..., None] * room).clamp(0, n_times - 1)
    left = position.floor()
    rest = position - left
    samples = windows[:, None].expand(-1, log_speed.shape[1], -1)
    total = torch.zeros_like(position)
    for shift, weight in zip((-1, 0, 1, 2), _cubic_weights(rest), strict=True):
        index = (left.long() + shift).clamp(0, n_times - 1)
        total += weight * samples.gather(2, index)
    return total


def _cubic_weights(rest: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    square = rest * rest
    cube = square * rest
    return (
        (2 * square - cube - rest) / 2,
        (3 * cube - 5 * square + 2) / 2,
        (rest + 4 * square - 3 * cube) / 2,
        (cube - square) / 2,
    )


def varying_log_speed(knots: Tensor, strength: Tensor, length: int) -> Tensor:
    """Make log-speeds (n, n_views, length) of knots (n, n_views, n_knots), linear between them."""
    between = interpolate(knots, size=length, mode="linear", align_corners=True)
    return strength[..., None] * (between - between.mean(-1, keepdim=True))


def at_mean_speed_one(log_speed: Tensor) -> Tensor:
    """Shift log-speeds (n, n_views, length) so that a view's mean speed is 1: its tempo stays."""
    return log_speed - log_speed[..., :-1].exp().mean(-1, keepdim=True).log()


def low_pass(windows: Tensor, cutoff: Tensor) -> Tensor:
    """Take off what is above a part of the Nyquist frequency of each window, 12 dB an octave.

    Forwards and backwards at once, so that nothing is delayed.
    """
    spectrum = torch.fft.rfft(windows)
    frequency = torch.linspace(0, 1, spectrum.shape[-1], device=windows.device, dtype=windows.dtype)
    gain = (1 + (frequency / cutoff[:, None]) ** 4).rsqrt()
    return torch.fft.irfft(spectrum * gain, windows.shape[-1])


def add_at_snr(windows: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
    """Add noise, scaled so that the mean squares of a window and its noise have a ratio in dB."""
    ratio = windows.square().mean(1) / noise.square().mean(1).clamp_min(SILENT)
    return windows + noise * (ratio * 10 ** (-snr_db / 10)).sqrt()[:, None]
