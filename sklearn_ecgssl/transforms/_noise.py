"""Additive noise."""

from numbers import Real
from typing import Any

import torch
from torch import Tensor

from .._compat import Interval
from ._base import WindowTransform
from ._functional import add_noise


class AddNoise(WindowTransform):
    """Add white Gaussian noise to each window.

    The noise power of a window is its mean square divided by ``10 ** (snr_db / 10)`` [1]_.

    Parameters
    ----------
    snr_db : float, default=15
        Signal-to-noise ratio in dB, from -200 to 200. 15 is the value of the authors' code for
        [1]_, who searched 15 and 25.
    random_state : int, RandomState instance or None, default=None
        Seed of `transform`. A pretrainer passes its own random stream to `apply`.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.transforms import AddNoise
    >>> x = np.sin(np.linspace(0, 60, 2560))[None]
    >>> noise = AddNoise(snr_db=15, random_state=0).fit_transform(x) - x
    >>> print(f"{10 * np.log10(np.mean(x**2) / np.mean(noise**2)):.0f} dB")
    15 dB
    """

    _parameter_constraints: dict = {
        "snr_db": [Interval(Real, -200, 200, closed="both")],
        "random_state": ["random_state"],
    }

    def __init__(self, snr_db: float = 15, *, random_state: Any = None) -> None:
        self.snr_db = snr_db
        self.random_state = random_state

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return add_noise(windows, float(self.snr_db), generator)
