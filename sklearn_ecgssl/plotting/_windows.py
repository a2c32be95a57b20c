"""One window on a time axis."""

from typing import Any

import numpy as np
from sklearn.utils import check_array


def check_window(window: Any) -> np.ndarray:
    """Check one window.

    Parameters
    ----------
    window : array-like of shape (n_times,) or (1, n_times)
        What the user passed.

    Returns
    -------
    ndarray of shape (n_times,), float32
        The window.

    Raises
    ------
    ValueError
        If it is not one window of at least two finite numbers.
    """
    array = np.asarray(window)
    if array.ndim == 2 and len(array) == 1:
        array = array[0]
    if array.ndim != 1:
        raise ValueError(
            f"window must be one window of shape (n_times,), got shape {array.shape}. Pass one of "
            "them, for example windows[0]."
        )
    row = check_array(array[None], dtype=np.float32, ensure_min_features=2, input_name="window")
    return row[0]


def time_axis(n_times: int, sampling_rate: float) -> np.ndarray:
    """Times of the samples of a window.

    Parameters
    ----------
    n_times : int
        Samples.
    sampling_rate : float
        In Hz.

    Returns
    -------
    ndarray of shape (n_times,)
        Seconds from the first sample.

    Raises
    ------
    ValueError
        If the sampling rate is not a positive number.
    """
    if not 0 < sampling_rate < np.inf:
        raise ValueError(f"sampling_rate must be a positive number in Hz, got {sampling_rate!r}.")
    return np.arange(n_times) / sampling_rate
