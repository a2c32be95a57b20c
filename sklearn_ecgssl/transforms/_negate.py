"""Negation."""

import torch
from torch import Tensor

from ._base import WindowTransform
from ._functional import negate


class Negate(WindowTransform):
    """Multiply each window by -1 [1]_.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.transforms import Negate
    >>> Negate().fit_transform([[1.0, -2.0, 4.0]])
    array([[-1.,  2., -4.]], dtype=float32)
    """

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return negate(windows)
