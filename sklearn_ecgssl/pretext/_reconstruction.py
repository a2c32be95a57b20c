"""What masked modelling made of windows."""

from typing import NamedTuple

import numpy as np


class Reconstruction(NamedTuple):
    """What a network made of windows with masked samples.

    Parameters
    ----------
    signal : ndarray of shape (n_windows, n_times), float32
        The windows.
    mask : ndarray of shape (n_windows, n_times), bool
        Where they were hidden from the network.
    reconstruction : ndarray of shape (n_windows, n_times), float32
        What it predicted, there and elsewhere. It was trained to be right where they were hidden.

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
