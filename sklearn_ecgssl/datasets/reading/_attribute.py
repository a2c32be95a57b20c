"""What of the labels becomes the target."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple, Protocol

import numpy as np


class Target(NamedTuple):
    """A target and what its values mean.

    Attributes
    ----------
    values : ndarray of shape (n_recordings,)
        Classes as indices into `names`, or ratings as they are.
    names : list of str or None
        Of the classes.
    threshold : float or None
        Above which a rating is of the second class.
    keep : ndarray of bool of shape (n_recordings,)
        Recordings that have a value.
    missing : ndarray of bool of shape (n_recordings,)
        Those that should have one and do not.
    """

    values: np.ndarray
    names: list[str] | None
    threshold: float | None
    keep: np.ndarray
    missing: np.ndarray


class Attribute(Protocol):
    """Something about recordings that can be a target."""

    def check(self, binarize: Any) -> None:
        """Raise ValueError for a `binarize` that it does not take."""
        ...  # pragma: no cover

    def target(self, fields: Mapping[str, np.ndarray], binarize: Any) -> Target:
        """Make the target out of the labels of all recordings."""
        ...  # pragma: no cover


@dataclass(frozen=True)
class Rating:
    """A rating on a scale.

    Parameters
    ----------
    field : str
        The label that holds it.
    """

    field: str

    def check(self, binarize: Any) -> None:
        """Raise ValueError unless it is "mean", "median", a finite number or None."""
        check_binarize(binarize)

    def target(self, fields: Mapping[str, np.ndarray], binarize: Any) -> Target:
        """Return ratings, or whether they are above a threshold."""
        ratings = fields[self.field].astype(np.float64)
        keep = np.isfinite(ratings)
        if binarize is None or not keep.any():
            return Target(ratings, None, None, keep, ~keep)
        threshold = _threshold(ratings[keep], binarize)
        above = (ratings > threshold).astype(np.int64)
        return Target(above, ["low", "high"], threshold, keep, ~keep)


@dataclass(frozen=True)
class Condition:
    """A condition that the experiment set.

    Parameters
    ----------
    field : str
        The label that holds it.
    classes : mapping of str to sequence of str
        Name of each class and the conditions that make it. Recordings of others are left out
        without a word: they belong to another question.
    """

    field: str
    classes: Mapping[str, Sequence[str]]

    def check(self, binarize: Any) -> None:
        """Raise ValueError unless it is None."""
        if binarize is not None:
            raise ValueError(
                f"binarize={binarize!r} is for ratings, but the attribute has the classes "
                f"{', '.join(self.classes)}: leave binarize at None."
            )

    def target(self, fields: Mapping[str, np.ndarray], binarize: Any) -> Target:
        """Return classes as indices."""
        conditions = fields[self.field].astype(str)
        values = np.full(len(conditions), -1)
        for code, members in enumerate(self.classes.values()):
            values[np.isin(conditions, list(members))] = code
        return Target(values, list(self.classes), None, values >= 0, conditions == "")


@dataclass(frozen=True)
class AsItIs:
    """A label of which nothing is known: text and booleans are classes, numbers stay.

    Parameters
    ----------
    field : str
        The label that holds it.
    names : sequence of str or None, default=None
        Names of the values 0, 1, ...
    """

    field: str
    names: Sequence[str] | None = None

    def check(self, binarize: Any) -> None:
        """Raise ValueError unless it is "mean", "median", a finite number or None."""
        check_binarize(binarize)

    def target(self, fields: Mapping[str, np.ndarray], binarize: Any) -> Target:
        """Return classes as indices, or numbers."""
        values = fields[self.field]
        if binarize is not None:
            return Rating(self.field).target(fields, binarize)
        if values.dtype.kind == "f":
            keep = np.isfinite(values)
            return Target(values, None, None, keep, ~keep)
        there = np.ones(len(values), dtype=bool)
        if values.dtype.kind in "iu":
            names = None if self.names is None else [str(name) for name in self.names]
            return Target(values, names, None, there, ~there)
        keep = values != "" if values.dtype.kind == "U" else there
        classes, codes = np.unique(values[keep], return_inverse=True)
        target = np.full(len(values), -1)
        target[keep] = codes
        return Target(target, [str(one) for one in classes], None, keep, ~keep)


def check_binarize(binarize: Any) -> None:
    """Raise ValueError unless `binarize` is "mean", "median", a finite number or None."""
    if isinstance(binarize, Real) and not isinstance(binarize, bool):
        known = math.isfinite(binarize)
    else:
        known = binarize is None or (isinstance(binarize, str) and binarize in ("mean", "median"))
    if not known:
        raise ValueError(
            f'binarize must be "mean", "median", a finite number or None, got {binarize!r}.'
        )


def _threshold(ratings: np.ndarray, binarize: Any) -> float:
    if binarize == "mean":
        return float(ratings.mean())
    if binarize == "median":
        return float(np.median(ratings))
    return float(binarize)
