"""Scaling."""

from numbers import Real

import torch
from torch import Tensor

from .._compat import Interval
from ._base import WindowTransform
from ._functional import scale


class Scale(WindowTransform):
    """Multiply the amplitude of each window by a constant.

    Parameters
    ----------
    factor : float, default=1.1
        The constant, above zero. 1.1 is the value of the authors' code for [1]_, who searched
        0.8, 0.9, 1.1 and 1.4.

    Notes
    -----
    This task needs amplitudes that mean something: scale recordings per recording or per subject,
    never window by window.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.transforms import Scale
    >>> Scale(factor=1.5).fit_transform([[1.0, -2.0, 4.0]])
    array([[ 1.5, -3. ,  6. ]], dtype=float32)
    """

    _parameter_constraints: dict = {"factor": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, factor: float = 1.1) -> None:
        self.factor = factor

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return scale(windows, float(self.factor))
