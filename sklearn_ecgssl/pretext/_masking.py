"""Which samples of a window are hidden from the network."""

import torch
from torch import Tensor


def span_mask(
    shape: tuple[int, ...], generator: torch.Generator, *, mask_ratio: float, span_length: int
) -> Tensor:
    """Draw spans of samples to mask.

    Of each window, ``round(mask_ratio * n_times)`` different samples, at least one, are where a
    span starts. Spans may overlap, and those that start near the end of the window are cut there.

    Parameters
    ----------
    shape : tuple of two int
        Windows, and samples in a window.
    generator : torch.Generator
        Source of the draws, on the device of the result.
    mask_ratio : float
        Part of the samples at which a span starts.
    span_length : int
        Samples in a span.

    Returns
    -------
    Tensor of shape (n_windows, n_times), bool
        Where a sample is masked.
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
    """Make the network's input, and the target with the weight of each sample in the loss.

    Parameters
    ----------
    windows : Tensor of shape (n_windows, n_times)
        ECG windows.
    masked : Tensor of shape (n_windows, n_times), bool
        Where a sample is masked.

    Returns
    -------
    inputs : Tensor of shape (n_windows, n_times)
        The windows, zero where they are masked.
    targets : Tensor of shape (n_windows, 2, n_times)
        The windows; and weights, 0 where nothing is masked, so that the mean over windows of the
        weighted sum of squares is the mean square over all masked samples.
    """
    weights = masked.float() * (len(masked) / masked.sum())
    return windows.masked_fill(masked, 0.0), torch.stack([windows, weights], dim=1)
