"""Max pools along time, cheaper where no gradient will be asked for."""

import torch
from torch import Tensor, nn


class MaxPool(nn.MaxPool2d):
    """Max pool along time of (n_windows, n_channels, 1, n_times) signals.

    Parameters
    ----------
    size : int
        Samples that are pooled.
    stride : int
        Samples from one pool to the next.
    """

    def __init__(self, size: int, stride: int) -> None:
        super().__init__((1, size), (1, stride))
        self.size = int(size)
        self.step = int(stride)

    def forward(self, signal: Tensor) -> Tensor:
        # torch's own keeps where each maximum was, in 64 bits, whether that is needed or not.
        if torch.is_grad_enabled() or self.size % self.step:
            return super().forward(signal)
        return running_max(strided_max(signal, self.step), self.size // self.step)


def strided_max(signal: Tensor, size: int) -> Tensor:
    """Maximum over each `size` samples, side by side; a shorter rest is left out."""
    n_pools = signal.shape[-1] // size
    maxima = signal[..., 0 : n_pools * size : size]
    for first in range(1, size):
        maxima = torch.maximum(maxima, signal[..., first : n_pools * size : size])
    return maxima


def running_max(signal: Tensor, size: int) -> Tensor:
    """Maximum over every `size` neighbouring samples, by doubling."""
    seen = 1
    while seen < size:
        step = min(seen, size - seen)
        signal = torch.maximum(signal[..., :-step], signal[..., step:])
        seen += step
    return signal


def global_max(signal: Tensor) -> Tensor:
    """Maximum over time, (n_windows, n_channels)."""
    flat = signal.flatten(2)
    # max's backward writes one value a channel, amax's compares all of them; alone, amax is faster.
    return flat.max(dim=2).values if torch.is_grad_enabled() else flat.amax(dim=2)
