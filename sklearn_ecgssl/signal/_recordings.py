"""The one check of recordings that every estimator and function of the package goes through."""

from __future__ import annotations

import os
import warnings
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_array

from .._compat import validate_data

FloatArray: TypeAlias = NDArray[np.float32]
Recordings: TypeAlias = Any
"""What users pass: a list of 1-D arrays, or anything that reads as a 2-D array."""

#: So many recordings of so few samples are more likely samples in rows.
_MANY, _FEW = 500, 100

_EXPECTED = (
    "expected a list of 1-D arrays (one array per recording, lengths may differ) "
    "or a 2-D array of shape (n_recordings, n_times)"
)


def check_recordings(
    X: Recordings,
    *,
    estimator: Any = None,
    reset: bool = True,
    min_length: int = 1,
) -> list[FloatArray] | FloatArray:
    """Check recordings and return them as float32.

    Parameters
    ----------
    X : list of array-like of shape (n_times,) or array-like of shape (n_recordings, n_times)
        The recordings. A list or tuple with an array in it and a 1-D object array are lists,
        and lengths may differ. Everything else (arrays, memory-maps, dataframes, nested lists of
        numbers of one length) is a 2-D array with a recording in each row. Integers are converted.
    estimator : estimator instance, default=None
        The estimator on whose behalf `X` is checked. It gets `n_features_in_` (and
        `feature_names_in_`) of a 2-D array.
    reset : bool, default=True
        Whether to set the estimator's `n_features_in_` (in `fit`) or to compare `X` with it.
        A list has no number of features: with `reset` it removes the attribute, without it is not
        compared.
    min_length : int, default=1
        The number of samples that every recording must have at least.

    Returns
    -------
    recordings : list of ndarray of shape (n_times,) or ndarray of shape (n_recordings, n_times)
        The recordings, float32: a list for a list, an array for an array. What is float32 already
        is not copied, so do not write into the result.

    Raises
    ------
    TypeError
        If `X` is no container of recordings (a path, a dict, a sparse matrix), or an element of
        the list is none (a sparse matrix, None).
    ValueError
        If there is no recording, or one is empty, too short, not 1-D, not real numbers, masked,
        or holds NaN or infinity. The message names the recording's index.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.signal import check_recordings
    >>> [x.dtype.name for x in check_recordings([np.arange(3), np.arange(5)])]
    ['float32', 'float32']
    >>> check_recordings(np.ones((2, 4), dtype=int)).dtype.name
    'float32'
    """
    _check_container(X)
    if _is_list_of_recordings(X):
        if reset and estimator is not None:
            _forget_features(estimator)
        return [_as_recording(x, f"recording {i}", min_length) for i, x in enumerate(X)]
    return _as_array(X, estimator, reset, min_length)


def _check_container(X: Any) -> None:
    if sparse.issparse(X):
        return  # scikit-learn has its own message
    if X is None or isinstance(X, str | bytes | os.PathLike | dict | set | frozenset):
        advice = "; read the file first" if isinstance(X, str | os.PathLike) else ""
        raise TypeError(f"X is {_kind_of(X)}: {_EXPECTED}{advice}.")
    if isinstance(X, list | tuple) and len(X) == 0:
        raise ValueError(f"There are no recordings, X is an empty {type(X).__name__}: {_EXPECTED}.")
    readable = ("__len__", "__array__", "__array_interface__", "__dataframe__", "shape")
    if not any(hasattr(X, name) for name in readable):
        raise TypeError(f"X is {_kind_of(X)}: {_EXPECTED}. Turn an iterator into a list first.")
    if _is_one_recording(X):
        raise ValueError(
            f"Expected 2D array, got 1D array instead: X has shape ({len(X)},); {_EXPECTED}. "
            "Reshape your data with X.reshape(1, -1), or pass [X], if it is one recording."
        )
    if isinstance(X, np.ndarray) and X.ndim > 2:
        raise ValueError(
            f"Found array with dim {X.ndim}, shape {X.shape}: {_EXPECTED}. A recording is one "
            "lead: choose one, as in X[:, :, 0]. Windowed recordings (3-D) come out of Segmenter, "
            "which has to be the last signal step."
        )


def _is_one_recording(X: Any) -> bool:
    if isinstance(X, list | tuple):
        return all(_is_number(x) for x in X)
    return getattr(X, "ndim", None) == 1 and not _has_objects(X)


def _has_objects(X: Any) -> bool:
    return getattr(X, "dtype", None) == np.dtype(object)


def _is_list_of_recordings(X: Any) -> bool:
    if not isinstance(X, list | tuple):
        return getattr(X, "ndim", None) == 1 and _has_objects(X)
    if all(isinstance(x, list | tuple) for x in X):
        # nested lists of numbers are an array-like, as everywhere in scikit-learn
        return len({len(x) for x in X}) > 1 or any(_is_array(value) for value in X[0])
    return True


def _is_array(x: Any) -> bool:
    return hasattr(x, "__array__") and not isinstance(x, np.generic)


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float | complex | np.number | np.bool_)


def _forget_features(estimator: Any) -> None:
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(estimator, name):
            delattr(estimator, name)


def _as_recording(x: Any, name: str, min_length: int) -> FloatArray:
    """One element of a list as a 1-D float32 array."""
    if x is None or sparse.issparse(x) or isinstance(x, dict | set):
        raise TypeError(f"{name} is {_kind_of(x)}: expected a 1-D array of numbers.")
    if isinstance(x, str | bytes):
        raise ValueError(f"{name} is text ({x[:40]!r}): expected a 1-D array of numbers.")
    _check_not_masked(x, name)
    try:
        values = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name} is no 1-D array of numbers: {error}") from error
    _check_dimensions(values, name)
    _check_kind(values, name)
    try:
        with np.errstate(over="ignore"):  # what is too large is infinite, found below
            recording = values.astype(np.float32, copy=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} holds something that is not a number: {error}") from error
    if recording.size < min_length:
        raise ValueError(
            f"{name} has {recording.size} sample(s), at least {min_length} are needed: leave it "
            "out."
        )
    _check_finite(recording, name)
    return recording


def _check_dimensions(values: NDArray[Any], name: str) -> None:
    if values.ndim == 0:
        raise ValueError(f"{name} is a single value ({values!s:.40}), expected a 1-D array.")
    if values.ndim > 1:
        lead = "recording[:, 0]" if values.shape[0] >= values.shape[-1] else "recording[0]"
        raise ValueError(
            f"{name} has shape {values.shape}, expected a 1-D array. A recording is one lead: pass "
            f"{lead}. Windowed recordings come out of Segmenter, which has to be the last signal "
            "step."
        )
    if values.size == 0:
        raise ValueError(f"{name} is empty (shape {values.shape}): leave it out.")


def _check_kind(values: NDArray[Any], name: str) -> None:
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} has dtype {values.dtype}.")
    if values.dtype.kind not in "biufO":
        raise ValueError(
            f"{name} has dtype {values.dtype}, expected real numbers: convert it, for instance "
            "with recording.astype('float32')."
        )


def _check_not_masked(x: Any, name: str) -> None:
    if np.ma.is_masked(x):
        raise ValueError(f"{name} has masked samples: fill them or leave the recording out.")


def _check_finite(recording: FloatArray, name: str) -> None:
    finite = np.isfinite(recording)
    if finite.all():
        return
    first = int(np.argmin(finite))
    what = "NaN" if np.isnan(recording[first]) else "infinity (inf), or a value beyond float32,"
    raise ValueError(
        f"{name} holds {what} at sample {first} ({int((~finite).sum())} such sample(s) in all): "
        "cut the piece out, interpolate it or leave the recording out."
    )


def _as_array(X: Any, estimator: Any, reset: bool, min_length: int) -> FloatArray:
    """Anything that reads as a 2-D array, with scikit-learn's own messages where it has one."""
    if isinstance(X, list | tuple):
        X = np.asarray(X)  # shows text, which a conversion to float would read as numbers
    dtype = getattr(X, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "USmMV":
        raise ValueError(f"X has dtype {dtype}: {_EXPECTED} of real numbers.")
    _check_not_masked(X, "X")
    options = {
        "dtype": np.float32,
        "ensure_all_finite": False,  # checked below: the message can name the recording
    }
    with np.errstate(over="ignore"):
        if estimator is None:
            checked = check_array(X, **options)
        else:
            checked = validate_data(estimator, X, reset=reset, **options)
    if checked.shape[1] < min_length:
        raise ValueError(
            f"Found array with {checked.shape[1]} feature(s) (shape={checked.shape}): rows are "
            f"recordings, and at least {min_length} samples are needed in each."
        )
    for i, recording in enumerate(checked):
        _check_finite(recording, f"recording {i}")
    _warn_of_samples_in_rows(checked)
    return checked


def _warn_of_samples_in_rows(recordings: FloatArray) -> None:
    """Warn of what looks like a table with a recording in each column."""
    n_rows, n_columns = recordings.shape
    if n_rows >= 10 * n_columns and n_rows >= _MANY and n_columns < _FEW:
        warnings.warn(
            f"X has {n_rows} rows of {n_columns} values, and rows are recordings: of {n_columns} "
            "samples each. If recordings are in columns, pass X.T.",
            stacklevel=3,
        )


def _kind_of(x: Any) -> str:
    return "None" if x is None else f"a {type(x).__name__}"
