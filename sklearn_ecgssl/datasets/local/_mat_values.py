"""What parts of a MATLAB file must be: asserted, so that no column is taken for another."""

from pathlib import Path
from typing import Any

import numpy as np

from ...formats import UnreadableFileError

_LONGEST_TEXT = 40


def as_numbers(path: Path, name: str, value: Any, *shape: int | None) -> np.ndarray:
    """Return an array that should be of a shape.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the error.
    name : str
        Of the part.
    value : object
        What was read, None if it was not there.
    *shape : int or None
        None for any size.

    Returns
    -------
    ndarray
        The value.
    """
    if (
        not isinstance(value, np.ndarray)
        or value.ndim != len(shape)
        or any(size not in (None, n) for size, n in zip(shape, value.shape, strict=True))
    ):
        wanted = " x ".join("any" if size is None else str(size) for size in shape)
        raise UnreadableFileError(
            f"{path}: {name} should be numbers of shape {wanted}, but {_what(value)}."
        )
    return value


def as_text(path: Path, name: str, value: Any) -> str:
    """Return what should be text, and no long one."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise UnreadableFileError(
            f"{path}: {name} should be text of at most {_LONGEST_TEXT} letters, but {_what(value)}."
        )
    return value


def cell_count(path: Path, name: str, value: Any, n_cells: int | None = None) -> int:
    """Return the size of what should be a row or column of so many cells."""
    shape = () if isinstance(value, np.ndarray | str) else getattr(value, "shape", ())
    is_row = len(shape) == 2 and min(shape) <= 1 and value.fields is None
    if not is_row or n_cells not in (None, max(shape)):
        wanted = "cells" if n_cells is None else f"{n_cells} cells"
        raise UnreadableFileError(f"{path}: {name} should be {wanted}, but {_what(value)}.")
    return int(max(shape)) if min(shape) else 0


def check_range(path: Path, name: str, values: np.ndarray, low: float, high: float) -> None:
    """Check that numbers are from `low` to `high`, or NaN."""
    known = values[~np.isnan(values)]
    if known.size and (known.min() < low or known.max() > high):
        raise UnreadableFileError(
            f"{path}: {name} should be from {low:g} to {high:g}, but are from {known.min():g} to "
            f"{known.max():g}."
        )


def _what(value: Any) -> str:
    if value is None:
        return "there is none"
    if isinstance(value, str):
        return f"is the {len(value)} letters {value[:_LONGEST_TEXT]!r}"
    shape = " x ".join(map(str, value.shape))
    if isinstance(value, np.ndarray):
        return f"is of shape {shape}"
    if value.fields is None:
        return f"is {shape} cells"
    return f"is a structure of shape {shape} with the fields {', '.join(value.fields[:20])}"
