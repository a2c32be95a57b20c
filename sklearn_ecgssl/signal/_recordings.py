"""Checks of recordings, which every estimator and function of the package goes through."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array

from .._compat import validate_data

FloatArray: TypeAlias = NDArray[np.float32]
Recordings: TypeAlias = Any
"""What users pass: a list of 1-D arrays, or anything that reads as a 2-D array."""

#: So many recordings of so few samples are samples in rows.
_MANY, _FEW = 500, 100


def check_recordings(
    X: Recordings,
    *,
    estimator: Any = None,
    reset: bool = True,
    min_length: int = 1,
) -> list[FloatArray] | FloatArray:
    """Check recordings and return them as float32: a list for a list, else a 2-D array."""
    if isinstance(X, list | tuple) and len(X) == 0:
        raise ValueError("There are no recordings: X is empty.")
    if _is_one_recording(X):
        raise ValueError(
            f"Expected 2D array, got 1D array instead: X has shape ({len(X)},); expected a list of "
            "1-D arrays (one array per recording, lengths may differ) or a 2-D array of shape "
            "(n_recordings, n_times). Reshape your data with X.reshape(1, -1), or pass [X], if it "
            "is one recording."
        )
    if not _is_list_of_recordings(X):
        return _as_array(X, estimator, reset, min_length)
    if estimator is not None and reset:
        for name in ("n_features_in_", "feature_names_in_"):
            vars(estimator).pop(name, None)
    return [_as_recording(x, f"recording {i}", min_length) for i, x in enumerate(X)]


def check_not_flat(x: NDArray, name: str, trim: float = 0.025) -> NDArray:
    """Return the sorted samples without the extremes, in no order; refuse them if all are equal."""
    first = int(float(trim) * len(x))  # numpy's float16 would end at 65504
    last = len(x) - 1 - first
    middle = np.partition(x, (first, last))[first : last + 1]
    if middle.min() == middle.max():
        but = "" if x.min() == x.max() else " but for spikes"
        raise ValueError(
            f"{name} is flat{but}: the middle {len(middle)} of its {len(x)} sorted samples are all "
            f"{middle[0]:g}. Was the sensor off, or the lead empty? Leave it out."
        )
    return middle


def as_float32(x: NDArray[np.float64], name: str) -> FloatArray:
    """Return a processed recording as float32; refuse samples that float32 cannot hold."""
    with np.errstate(over="ignore"):
        result = x.astype(np.float32)
    if not np.isfinite(result).all():
        raise ValueError(
            f"{name} has samples beyond float32 (3.4e38) after this step. Is it in another unit, "
            "or is there an artefact in it? Leave it out."
        )
    return result


def as_column(values: Any) -> NDArray:
    """Return an array; of objects where a NaN is in a list of names, of which numpy makes "nan"."""
    column = np.asarray(values)
    is_text = column.dtype.kind in "SU" and isinstance(values, list | tuple)
    if is_text and column.ndim == 1 and any(map(is_missing, values)):
        return np.array(values, dtype=object)
    return column


def check_column(values: ArrayLike, name: str, n_samples: int, kind: str) -> NDArray:
    """Return an array as 1-D with an entry for each sample, none of which is missing.

    `kind` says in an error what the samples are: recordings, windows, ...
    """
    column = as_column(values)
    if column.shape != (n_samples,):
        raise ValueError(
            f"{name} must be 1-D with one entry for each of the {n_samples} {kind}(s), got shape "
            f"{column.shape}."
        )
    if column.dtype.kind in "biuSU":
        return column
    missing = [i for i, value in enumerate(column.tolist()) if is_missing(value)]
    if missing:
        raise ValueError(
            f"{name} is missing for {kind} {missing[0]} ({len(missing)} in all): fill it in, or "
            f"leave the {kind} out."
        )
    return column


def check_subjects(values: ArrayLike, name: str, n_samples: int, kind: str) -> NDArray:
    """Return whose each sample is, see `check_column`; as text where 1 and "1" are mixed."""
    column = check_column(values, name, n_samples, kind)
    mixed = column.dtype == object and len(set(map(type, column))) > 1
    return column.astype(str) if mixed else column


def is_missing(value: Any) -> bool:
    """Tell whether a value is None, NaN or pandas.NA."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas.NA, of which nothing is true or false
        return True


def _is_one_recording(X: Any) -> bool:
    if isinstance(X, list | tuple):
        return all(isinstance(x, int | float | np.number) for x in X)
    return getattr(X, "ndim", None) == 1 and not _has_objects(X)


def _has_objects(X: Any) -> bool:
    return getattr(X, "dtype", None) == np.dtype(object)


def _is_list_of_recordings(X: Any) -> bool:
    if not isinstance(X, list | tuple):
        return getattr(X, "ndim", 0) > 2 or (getattr(X, "ndim", 0) == 1 and _has_objects(X))
    if all(isinstance(x, list | tuple) for x in X):
        # nested lists of numbers are an array-like, as everywhere in scikit-learn
        return len({len(x) for x in X}) > 1 or any(hasattr(value, "__len__") for value in X[0])
    return True


def _as_recording(x: Any, name: str, min_length: int) -> FloatArray:
    """Check one element of a list, and return it as a 1-D float32 array."""
    _check_not_masked(x, name)
    try:
        with np.errstate(over="ignore"):  # what is too large is infinite, found below
            recording = np.asarray(x)
            if recording.dtype.kind == "c":
                raise ValueError("Complex data not supported")
            recording = recording.astype(np.float32, copy=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} is no 1-D array of numbers: {error}") from error
    if recording.ndim > 1:
        shape = recording.shape
        lead = "recording[:, 0]" if shape[0] >= shape[-1] else "recording[0]"
        raise ValueError(
            f"{name} has shape {shape}, expected a 1-D array. A recording is one lead: pass "
            f"{lead}. Windowed recordings come out of Segmenter, which has to be the last signal "
            "step."
        )
    if recording.size < min_length or recording.ndim == 0:
        raise ValueError(
            f"{name} has {recording.size} sample(s), at least {min_length} are needed: leave it "
            "out."
        )
    _check_finite(recording, name)
    return recording


def _as_array(X: Any, estimator: Any, reset: bool, min_length: int) -> FloatArray:
    """Check anything that reads as a 2-D array."""
    _check_not_samples_in_rows(X)
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
    return checked


def _check_not_samples_in_rows(X: Any) -> None:
    """Refuse a table of samples, before its text or time columns are taken for samples."""
    shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
    if len(shape) != 2 or shape[0] < max(_MANY, 10 * shape[1]) or shape[1] >= _FEW:
        return
    n_rows, n_columns = shape
    raise ValueError(
        f"X has {n_rows} rows of {n_columns} values, and rows are recordings: these look like "
        "samples in rows. If each column is a recording, pass X.T; if one column is the ECG and "
        "others say whose it is, pass recordings_from_table(X, ...).recordings; if rows are "
        f"recordings of {n_columns} samples, pass list(np.asarray(X))."
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
