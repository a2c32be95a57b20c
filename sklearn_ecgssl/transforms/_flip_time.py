"""Horizontal flip."""

import torch
from torch import Tensor

from ._base import WindowTransform
from ._functional import flip_time


class FlipTime(WindowTransform):
    """Reverse each window in time, the "horizontal flip" of [1]_.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.transforms import FlipTime
    >>> FlipTime().fit_transform([[1.0, -2.0, 4.0]])
    array([[ 4., -2.,  1.]], dtype=float32)
    """

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return flip_time(windows)
