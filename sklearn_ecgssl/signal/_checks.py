"""Checks of what recordings hold, and of what becomes of them."""

from __future__ import annotations

from typing import Any

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
    first = int(float(trim) * len(x))  # numpy's float16 would end at 65504
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


def missing_entries(values: NDArray) -> list[int]:
    """Find the entries of a 1-D array that are None, NaN or another library's missing value.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Such as the subjects of recordings.

    Returns
    -------
    list of int
        Where they are.
    """
    if values.dtype.kind in "biuSU":
        return []
    return [i for i, value in enumerate(values.tolist()) if is_missing(value)]


def is_missing(value: Any) -> bool:
    """Tell whether a value is None, NaN or another library's missing value."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas.NA, of which nothing is true or false
        return True


def as_float32(x: NDArray[np.float64], name: str) -> NDArray[np.float32]:
    """Return a processed recording as float32, or raise ValueError if it holds more than that can.

    Parameters
    ----------
    x : ndarray of shape (n_times,)
        The recording.
    name : str
        What the message calls it, such as "recording 3".

    Returns
    -------
    ndarray of shape (n_times,), float32
        The same samples, all finite.
    """
    with np.errstate(over="ignore"):
        result = x.astype(np.float32)
    if not np.isfinite(result).all():
        raise ValueError(
            f"{name} has samples beyond float32 (3.4e38) after this step. Is it in another unit, "
            "or is there an artefact in it? Leave it out."
        )
    return result
