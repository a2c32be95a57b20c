"""Checks of what recordings hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def check_not_flat(x: NDArray, name: str, trim: float = 0.025) -> NDArray:
    """Raise ValueError if a recording (of more than one sample) is a flat line, spikes aside.

    Parameters
    ----------
    x : ndarray of shape (n_times,)
        The recording.
    name : str
        What the message calls it, such as "recording 3".
    trim : float, default=0.025
        Fraction of the sorted samples at either end that counts as spikes;
        `floor(trim * n_times)` samples at each.

    Returns
    -------
    ndarray of shape (n_times - 2 * floor(trim * n_times),)
        The samples that are no spikes, in no order.
    """
    first = int(trim * len(x))
    last = len(x) - 1 - first
    middle = np.partition(x, (first, last))[first : last + 1]
    if len(x) > 1 and x.min() == x.max():
        raise ValueError(
            f"{name} is flat: all its {len(x)} samples are {x[0]:g}. Was the sensor off, or the "
            "lead empty? Leave it out."
        )
    if len(x) > 1 and middle.min() == middle.max():
        raise ValueError(
            f"{name} is flat but for spikes: its middle {len(middle)} of {len(x)} sorted samples "
            f"are all {middle[0]:g}. Was the sensor off? Leave it out."
        )
    return middle
