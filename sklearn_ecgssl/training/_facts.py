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

    Returns
    -------
    dict
        What JSON can hold, by what it is called.
    """
    held_out = estimator.validation_fraction is not None and subjects is not None
    people = np.unique(np.asarray(subjects), return_inverse=True)[1]
    return {
        "parameters": parameter_facts(estimator, free),
        "windows": store.fingerprint(),
        "grouping of groups": checksum(people) if held_out else None,
    }
