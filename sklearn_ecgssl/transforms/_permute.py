"""Permutation of pieces."""

from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from .._compat import Interval
from ._base import WindowTransform
from ._functional import permute


class Permute(WindowTransform):
    """Cut each window into equal pieces and shuffle them [1]_.

    Parameters
    ----------
    n_pieces : int, default=20
        Number of pieces, at least 2. 20 is the value of the authors' code for [1]_, who searched
        8, 9 and 20; their first paper used 10. Where the window does not divide evenly, pieces
        differ by one sample.
    random_state : int, RandomState instance or None, default=None
        Seed of `transform`. A pretrainer passes its own random stream to `apply`.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.transforms import Permute
    >>> Permute(n_pieces=3, random_state=2).fit_transform(np.arange(6)[None])
    array([[4., 5., 2., 3., 0., 1.]], dtype=float32)
    """

    _parameter_constraints: dict = {
        "n_pieces": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, n_pieces: int = 20, *, random_state: Any = None) -> None:
        self.n_pieces = n_pieces
        self.random_state = random_state

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return permute(windows, int(self.n_pieces), generator)

    def _min_times(self) -> int:
        return int(self.n_pieces)
