"""Spans of samples that are masked, and the loss of predicting them."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..training import Criterion


class Reconstruction(NamedTuple):
    """What a network made of windows with masked samples.

    Parameters
    ----------
    signal : ndarray of shape (n_windows, n_times), float32
        The windows.
    mask : ndarray of shape (n_windows, n_times), bool
        Where they were masked.
    reconstruction : ndarray of shape (n_windows, n_times), float32
        What the network predicted, there and elsewhere. It was trained on the masked samples alone.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.pretext import Reconstruction
    >>> signal, mask = np.array([[1.0, 2.0]]), np.array([[False, True]])
    >>> made = Reconstruction(signal, mask, reconstruction=np.array([[1.0, 1.5]]))
    >>> print(np.mean((made.reconstruction - made.signal)[made.mask] ** 2))
    0.25
    """

    signal: np.ndarray
    mask: np.ndarray
    reconstruction: np.ndarray


def span_mask(
    shape: tuple[int, ...], generator: torch.Generator, *, mask_ratio: float, span_length: int
) -> Tensor:
    """Draw which samples of windows (n_windows, n_times) are masked.

    Of each window, ``round(mask_ratio * n_times)`` different samples, at least one, are where a
    span starts. Spans may overlap, and those that start near the end of the window are cut there.
    """
    n_windows, n_times = shape
    n_spans = max(1, round(mask_ratio * n_times))
    draws = torch.rand(
        (n_windows, n_times), generator=generator, device=generator.device, dtype=torch.float32
    )
    starts = torch.zeros_like(draws).scatter_(1, draws.topk(n_spans, dim=1).indices, 1.0)
    begun = starts.cumsum(dim=1)
    ended = torch.nn.functional.pad(begun, (span_length, 0))[:, :n_times]
    return begun > ended


def mask_windows(windows: Tensor, masked: Tensor) -> tuple[Tensor, Tensor]:
    """Make the network's input, and targets (n_windows, 2, n_times): windows and weights.

    A sample that is not masked has weight 0, so that the mean over windows of the weighted sum of
    squares is the mean square over all masked samples.
    """
    weights = masked.float() * (len(masked) / masked.sum())
    return windows.masked_fill(masked, 0.0), torch.stack([windows, weights], dim=1)


class MaskedLoss(Criterion):
    """Mean squared error of the masked samples; the metrics are it, and that of predicting zero."""

    metric_names = ["masked_error", "zero_error"]

    def forward(self, predictions: Tensor, targets: Tensor) -> Tensor:
        windows, weights = targets.unbind(1)
        return ((predictions - windows).square() * weights).sum(1).mean()

    def metrics(self, predictions: Tensor, targets: Tensor) -> Tensor:
        nothing = torch.zeros_like(predictions)
        return torch.stack([self(predictions, targets), self(nothing, targets)])
