"""Which windows a pretrainer trains on and which it holds out."""

from math import ceil
from typing import Any

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit


def held_out_split(
    n_windows: int, fraction: float | None, groups: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out a fraction of the windows, by subject where subjects are known.

    Parameters
    ----------
    n_windows : int
        Number of windows.
    fraction : float or None
        Part of the subjects (of the windows, without `groups`) to hold out.
    groups : ndarray of shape (n_windows,) or None
        Subject of each window.
    seed : int
        Seed of the draw.

    Returns
    -------
    train, held_out : ndarray of int
        Indices of windows. The second is empty where `fraction` is None.

    Raises
    ------
    ValueError
        If there is only one subject, or only one window, to split, or none would be left.
    """
    everything = np.arange(n_windows)
    if fraction is None:
        return everything, everything[:0]
    if groups is not None:
        n_units = len(np.unique(groups))
        if n_units < 2:
            raise ValueError(
                f"validation_fraction={fraction} holds out whole subjects, but groups names only "
                "one. Pass recordings of more people, or validation_fraction=None."
            )
    elif n_windows < 2:
        raise ValueError(
            f"validation_fraction={fraction} needs at least two windows, got 1 sample. "
            "Pass validation_fraction=None."
        )
    else:
        n_units = n_windows
    size = float(fraction)
    if ceil(size * n_units) >= n_units:
        units = "windows" if groups is None else "subjects"
        raise ValueError(
            f"validation_fraction={fraction} of {n_units} {units} leaves none to train on: lower "
            "it, or pass validation_fraction=None."
        )
    splitter: Any = ShuffleSplit if groups is None else GroupShuffleSplit
    return next(splitter(1, test_size=size, random_state=seed).split(everything, groups=groups))
