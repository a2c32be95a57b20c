"""A person's level, from windows that are known to be rest."""

from contextlib import suppress
from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array

from .._checks import warn_caller
from ..signal._recordings import check_column


def as_rows(values: Any) -> np.ndarray:
    """Return features as an array of their own dtype, in which nothing but NaN is missing."""
    return check_array(values, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan")


def check_reference(reference: Any, n_samples: int) -> np.ndarray:
    """Return the mask of reference windows; None is a mask of none."""
    if reference is None:
        return np.zeros(n_samples, dtype=bool)
    mask = check_column(reference, "reference", n_samples, "sample")
    is_boolean = mask.dtype.kind in "biu" or all(isinstance(v, bool | np.bool_) for v in mask)
    if not is_boolean or not np.isin(mask, [False, True]).all():
        raise ValueError(
            "reference must be a boolean mask, True for each window that is known to be rest, got "
            f"{listed(np.unique(mask.astype(str)))}. Mark a minute of each person's rest."
        )
    return mask.astype(bool)


def check_each_has_rest(people: np.ndarray, rest: np.ndarray) -> None:
    """Raise ValueError unless each person has a reference window."""
    without = np.setdiff1d(people, people[rest])
    if len(without):
        raise ValueError(
            f"reference marks no window of {len(without)} of {len(np.unique(people))} people: "
            f"{listed(without)}. Leave them out, record their rest, or enrol each with "
            "for_subject(rest_windows), which takes rest that is not in X."
        )


def check_classes_left(y: np.ndarray, rest: np.ndarray) -> None:
    """Raise ValueError unless windows of two classes are not reference."""
    left = set(y[~rest].tolist())
    if len(left) < 2:
        gone = [label for label in dict.fromkeys(y.tolist()) if label not in left]
        raise ValueError(
            "Fewer than two classes are left to learn from: all windows of the class(es) "
            f"{listed(gone)} are reference. Mark only a part of them in reference, such as the "
            "first minute."
        )


def with_one_window(people: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Return the people who have a single reference window."""
    names, counts = np.unique(people[rest], return_counts=True)
    return names[counts == 1]


def warn_of_one_window(people: str) -> None:
    """Warn that levels rest on one window."""
    warn_caller(
        f"The level of {people} rests on one reference window. Record more rest: a minute gives a "
        "steady level."
    )


def level_of(rest: Any, deviation: np.ndarray | None) -> StandardScaler:
    """Build the scaler that takes away the mean of a person's reference windows, NaN left out.

    It divides by a deviation where there is one, never by that of these few windows.
    """
    level = StandardScaler(with_std=deviation is not None).set_output(transform="default")
    with np.errstate(invalid="ignore", divide="ignore"):  # a feature that is never known stays so
        level.fit(rest)
    if deviation is not None:
        level.scale_, level.var_ = deviation, deviation**2
    return level


def without_levels(
    rows: np.ndarray, people: np.ndarray, rest: np.ndarray, deviation: np.ndarray | None
) -> np.ndarray:
    """Take each person's level away from his or her rows."""
    relative = np.empty_like(rows)
    for person in np.unique(people):
        own = people == person
        relative[own] = level_of(rows[own & rest], deviation).transform(rows[own])
    return relative


def pooled_deviation(rows: np.ndarray, people: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Compute how far reference windows are from their own person's level, over all people.

    It is 1 for a feature that is constant, or that no person has twice.
    """
    squares, freedom, largest = np.zeros((3, rows.shape[1]))
    for person in np.unique(people[rest]):
        own = rows[(people == person) & rest].astype(np.float64)
        known = ~np.isnan(own)
        squares += (np.where(known, own - level_of(own, None).mean_, 0) ** 2).sum(axis=0)
        freedom += np.maximum(known.sum(axis=0) - 1, 0)
        largest = np.maximum(largest, np.where(known, np.abs(own), 0).max(axis=0))
    deviation = np.sqrt(squares / np.maximum(freedom, 1))
    # Values that are all the same differ by rounding alone.
    return np.where(deviation <= 1e-7 * largest, 1, deviation)


def without_names(features: Any) -> Any:
    """Copy a fitted transformer, to give arrays whatever the output is set to."""
    features = last = deepcopy(features)
    while isinstance(last, Pipeline | FrozenEstimator):
        last = last.estimator if isinstance(last, FrozenEstimator) else last.steps[-1][1]
    if hasattr(last, "set_output"):
        with suppress(ValueError):  # a part of it that has no names
            last.set_output(transform="default")
    return features


def listed(names: Any) -> str:
    """List up to three names."""
    listing = np.asarray(names).tolist()
    return ", ".join(map(repr, listing[:3])) + ", ..." * (len(listing) > 3)
