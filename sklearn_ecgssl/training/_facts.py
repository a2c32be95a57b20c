"""What a fit depends on, to tell whether two are of the same."""

from collections.abc import Collection
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..formats import checksum, parameter_facts
from ..signal.window_store import WindowStore
from ._group import Group


def fit_facts(
    estimator: BaseEstimator,
    free: Collection[str],
    store: WindowStore,
    subjects: np.ndarray | None,
    held_out: WindowStore | None = None,
) -> dict[str, Any]:
    """List what a checkpoint must agree in with a fit that goes on from it.

    Parameters
    ----------
    estimator : estimator
        What is fitted.
    free : collection of str
        Its parameters that may differ.
    store : WindowStore
        What it is fitted on.
    subjects : ndarray or None
        Subject of each window; they only say what to hold out.
    held_out : WindowStore or None, default=None
        Windows that are held out besides.

    Returns
    -------
    dict
        What JSON can hold, by what it is called.
    """
    by_subject = estimator.validation_fraction is not None and subjects is not None
    people = np.unique(np.asarray(subjects), return_inverse=True)[1]
    return {
        "parameters": parameter_facts(estimator, free),
        "windows": store.fingerprint(),
        "grouping of groups": checksum(people) if by_subject else None,
        # None, too, in checkpoints of earlier versions, which lack it.
        "held-out windows": None if held_out is None else held_out.fingerprint(),
    }


def check_same_windows(store: WindowStore, group: Group) -> None:
    """Check that all processes of a group were given the same windows.

    Parameters
    ----------
    store : WindowStore
        Those of this process.
    group : Group
        The processes.

    Raises
    ------
    ValueError
        In all of them, if they were not.
    """
    if group.size == 1:
        return
    of_all = group.gather(store.fingerprint())
    others = [rank for rank, one in enumerate(of_all) if one != of_all[0]]
    if others:
        raise ValueError(
            f"Process {others[0]} was given other windows than process 0. Give all of them the "
            "same X: its batches are shared out among them."
        )
