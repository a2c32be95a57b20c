"""What masked modelling made of windows."""

from typing import NamedTuple

import numpy as np


class Reconstruction(NamedTuple):
    """What a network made of windows with masked samples.

    Attributes
    ----------
    signal : ndarray of shape (n_windows, n_times), float32
        The windows.
    mask : ndarray of shape (n_windows, n_times), bool
        Where they were hidden from the network.
    reconstruction : ndarray of shape (n_windows, n_times), float32
        What it predicted, there and elsewhere. It was trained to be right where they were hidden.
    """

    signal: np.ndarray
    mask: np.ndarray
    reconstruction: np.ndarray
