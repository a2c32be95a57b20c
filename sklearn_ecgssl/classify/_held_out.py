"""Which labelled windows a classifier trains on and which it stops by."""

import numpy as np

from ..pretext import held_out_split

#: Draws after which a held-out part is given up that leaves every class to train on.
MAX_DRAWS = 100


def labelled_split(
    labels: np.ndarray, fraction: float | None, groups: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out a fraction of the windows, by subject where subjects are known.

    Parameters
    ----------
    labels : ndarray of int of shape (n_windows,)
        Class of each window.
    fraction : float or None
        Part of the subjects (of the windows, without `groups`) to hold out.
    groups : ndarray of shape (n_windows,) or None
        Subject of each window.
    seed : int
        Seed of the draw.

    Returns
    -------
    train, held_out : ndarray of int
        Indices of windows. The second is empty where `fraction` is None. Every class is in the
        first.

    Raises
    ------
    ValueError
        If every draw leaves a class without a window to train on, or there is nothing to split.
    """
    n_classes = len(np.unique(labels))
    for draw in range(MAX_DRAWS):
        train, held_out = held_out_split(len(labels), fraction, groups, seed + draw)
        if len(np.unique(labels[train])) == n_classes:
            return train, held_out
    raise ValueError(
        f"validation_fraction={fraction} leaves a class without a window to train on, however the "
        f"{'windows' if groups is None else 'subjects'} are drawn. Lower it, or pass "
        "validation_fraction=None."
    )
