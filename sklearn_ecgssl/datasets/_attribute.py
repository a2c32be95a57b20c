"""What of the labels becomes the target."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from ..signal._recordings import is_missing


class Target(NamedTuple):
    """A target, the names of its classes, and which recordings have it or lack it."""

    values: np.ndarray
    names: list[str] | None
    threshold: float | None
    keep: np.ndarray
    missing: np.ndarray


@dataclass(frozen=True)
class Attribute(ABC):
    """A label that can be the target, by its name."""

    field: str

    @abstractmethod
    def _target(self, fields: Mapping[str, np.ndarray], binarize: Any) -> Target:
        """Make the target out of the labels of all recordings."""

    def _check(self, binarize: Any) -> None:
        is_number = isinstance(binarize, Real) and not isinstance(binarize, bool)
        if not is_number and binarize not in ("mean", "median", None):
            raise ValueError(
                f'binarize must be "mean", "median", a number or None, got {binarize!r}.'
            )


@dataclass(frozen=True)
class Rating(Attribute):
    """A rating on a scale, which `binarize` makes two classes of.

    Parameters
    ----------
    field : str
        The label that holds it.

    See Also
    --------
    Condition : A label that is one of several classes.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import Rating
    >>> attributes = {"valence": Rating("valence")}
    """

    def _target(self, fields: Mapping[str, np.ndarray], binarize: Any) -> Target:
        ratings = np.array([number_of(one) for one in fields[self.field].tolist()])
        keep = np.isfinite(ratings)
        if binarize is None or not keep.any():
            return Target(ratings, None, None, keep, ~keep)
        if binarize == "mean":
            binarize = ratings[keep].mean()
        elif binarize == "median":
            binarize = np.median(ratings[keep])
        threshold = float(binarize)
        return Target((ratings > threshold).astype(int), ["low", "high"], threshold, keep, ~keep)


@dataclass(frozen=True)
class Condition(Attribute):
    """A condition of the experiment.

    Parameters
    ----------
    field : str
        The label that holds it.
    classes : mapping of str to sequence of str
        Name of each class and the conditions that make it. Recordings of other conditions are not
        part of the question and are left out without a word.

    See Also
    --------
    Rating : A label that is a number.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import Condition
    >>> stress = Condition("condition", {"calm": ["rest", "fun"], "stress": ["arithmetic"]})
    >>> list(stress.classes)
    ['calm', 'stress']
    """

    classes: Mapping[str, Sequence[str]]

    def _check(self, binarize: Any) -> None:
        if binarize is not None:
            raise ValueError(
                f"binarize={binarize!r} is for ratings, but the attribute has the classes "
                f"{', '.join(self.classes)}: leave binarize at None."
            )

    def _target(self, fields: Mapping[str, np.ndarray], binarize: Any) -> Target:
        conditions = np.array([_text(one) for one in fields[self.field].tolist()])
        values = np.full(len(conditions), -1)
        for code, members in enumerate(self.classes.values()):
            members = [members] if isinstance(members, str) else members
            values[np.isin(conditions, [_text(one) for one in members])] = code
        return Target(values, list(self.classes), None, values >= 0, conditions == "")


@dataclass(frozen=True)
class AnyLabel(Attribute):
    """A label of which nothing is known: text and booleans are classes, numbers stay."""

    names: Sequence[str] | None = None  # of the values 0, 1, ...

    def _target(self, fields: Mapping[str, np.ndarray], binarize: Any) -> Target:
        values = fields[self.field]
        if values.dtype.kind == "f" or binarize is not None:
            return Rating(self.field)._target(fields, binarize)
        keep = values != "" if values.dtype.kind == "U" else np.ones(len(values), dtype=bool)
        if values.dtype.kind in "iu":
            names = None if self.names is None else list(map(str, self.names))
            return Target(values, names, None, keep, ~keep)
        classes, codes = np.unique(values[keep], return_inverse=True)
        target = np.full(len(values), -1)
        target[keep] = codes
        return Target(target, [str(one) for one in classes], None, keep, ~keep)


def _text(value: Any) -> str:
    """Return a condition as text: 0, 0.0 and "0" are one; "" where it is missing."""
    if is_missing(value):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def number_of(value: Any) -> float:
    """Return a rating, also of text with a decimal comma; NaN for what is none."""
    try:
        return float(str(value).replace(",", "."))
    except ValueError:
        return math.nan
