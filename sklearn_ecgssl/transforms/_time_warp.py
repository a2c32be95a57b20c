"""Time-warping."""

from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor

from .._compat import Interval
from ._base import WindowTransform
from ._functional import time_warp


class TimeWarp(WindowTransform):
    """Stretch randomly chosen pieces of each window and squeeze the others [1]_.

    A window is cut into `n_pieces` equal pieces. Half of them (the larger half), chosen at random,
    are stretched by the factor `stretch`, the others squeezed by it, both by linear
    interpolation and rounded up to whole samples. The pieces are joined and cropped, at a random
    place, to the old length. With the defaults and 2560 samples: 9 pieces of 284 samples, 5 of
    them stretched to 299 and 4 squeezed to 271, 2579 samples, of which 2560 are kept.

    Parameters
    ----------
    n_pieces : int, default=9
        Number of pieces, at least 2. 9 is the value of the authors' code for [1]_, who searched 7
        and 9.
    stretch : float, default=1.05
        Factor, above 1, at most 100. 1.05 is the value of the authors' code, who searched 1.05 and
        1.3.
    random_state : int, RandomState instance or None, default=None
        Seed of `transform`. A pretrainer passes its own random stream to `apply`.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.transforms import TimeWarp
    >>> x = np.sin(np.linspace(0, 60, 2560))[None]
    >>> TimeWarp(stretch=1.3, random_state=0).fit_transform(x).shape
    (1, 2560)
    """

    _parameter_constraints: dict = {
        "n_pieces": [Interval(Integral, 2, None, closed="left")],
        "stretch": [Interval(Real, 1, 100, closed="right")],
        "random_state": ["random_state"],
    }

    def __init__(
        self, n_pieces: int = 9, stretch: float = 1.05, *, random_state: Any = None
    ) -> None:
        self.n_pieces = n_pieces
        self.stretch = stretch
        self.random_state = random_state

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return time_warp(windows, int(self.n_pieces), float(self.stretch), generator)

    def _min_times(self) -> int:
        return int(self.n_pieces)
