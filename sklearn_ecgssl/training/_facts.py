"""What a fit depends on, to tell whether a checkpoint is of the same one."""

from collections.abc import Collection
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..formats import checksum, parameter_facts
from ..signal._windows import WindowStore


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
