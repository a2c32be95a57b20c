"""Recordings into a file."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import check_choice
from ..signal._recordings import check_subjects
from ._recordings_file import RESERVED, write_recordings

_INT16, _INT32 = np.iinfo(np.int16), np.iinfo(np.int32)
_LABELS = "biufU"
#: In standard deviations of the middle: a step that is too coarse, and the one in its place.
_TOO_COARSE, _FINE = 1 / 10, 1 / 250
#: The share that is extreme, at either end.
_TRIM = 0.2


def save_recordings(
    path: str | os.PathLike[str],
    recordings: Sequence[ArrayLike] | np.ndarray,
    sampling_rate: float | ArrayLike,
    subject: ArrayLike,
    *,
    target: ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    record: ArrayLike | None = None,
    fields: Mapping[str, ArrayLike] | None = None,
    scale: float | ArrayLike | None = None,
    unit: str = "mV",
    meta: Mapping[str, Any] | None = None,
) -> Path:
    """Save recordings to a compressed recordings file, for `load_recordings`.

    The write is atomic: a failure leaves what was there before. The same recordings give the same
    bytes.

    Parameters
    ----------
    path : path-like
        Must end in ``.npz``; its folder must exist. An existing file is replaced.
    recordings : list of array-like of shape (n_times,), or array (n_recordings, n_times)
        Finite numbers, in `unit`.

        Floats are rounded to 65 535 steps between their own minimum and maximum, so what is
        loaded differs by at most half a step, ``(max - min) / 131 068``: 23 nanovolt for a
        recording that spans 3 mV, far below what an amplifier resolves. Where artefacts would
        make the step more than 1/10 of the standard deviation of the middle 60 % of its values, it
        is 1/250 of that, and the file has 32-bit counts. (The float32 of the loaded signal may add
        6e-8 of its value.) Filter out large offsets before saving.

        Integers between -32 768 and 32 767 are kept as they are.
    sampling_rate : float or array-like of shape (n_recordings,)
        In Hz.
    subject : array-like of shape (n_recordings,)
        The person, integers or strings.
    target : array-like of shape (n_recordings,), default=None
        Saved as the field "target", numbers or strings.
    target_names : sequence of str, default=None
        Names of the values 0, 1, ... of the target.
    record : array-like of shape (n_recordings,), default=None
        Names of the recordings; "0", "1", ... by default.
    fields : mapping of str to array-like of shape (n_recordings,), default=None
        Further labels: numbers, booleans, strings or datetimes, which become text.
    scale : float or array-like of shape (n_recordings,), default=None
        For counts of a converter: `recordings` must be integers, ``recording * scale`` is the
        signal in `unit`, and no bit is lost.
    unit : str, default="mV"
        Unit of the signal.
    meta : mapping, default=None
        Facts about the data, such as source, licence and lead: anything JSON can hold.

    Returns
    -------
    path : pathlib.Path
        Where the file is.

    Raises
    ------
    ValueError, TypeError
        If an argument cannot be saved as it is: NaN or infinity, an empty recording, lengths that
        differ, reserved names, objects. Nothing is written then.
    FileNotFoundError
        If the folder does not exist.

    See Also
    --------
    load_recordings : Read it back, and the layout of the file.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from sklearn_ecgssl.datasets import load_recordings, save_recordings
    >>> counts = [np.array([0, 200, -50]), np.array([10, 20])]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_recordings(
    ...         os.path.join(folder, "two.npz"), counts, 250, ["ann", "bob"], scale=0.005
    ...     )
    ...     data = load_recordings(path)
    >>> [recording.tolist() for recording in data.recordings]
    [[0.0, 1.0, -0.25], [0.05000000074505806, 0.10000000149011612]]
    """
    path = Path(path).expanduser()
    check_choice("The ending of path", path.suffix, (".npz",))
    signals = [_checked(np.asarray(one), f"recordings[{i}]") for i, one in enumerate(recordings)]
    n = len(signals)
    if not n:
        raise ValueError("recordings is empty: there is nothing to save.")
    counts, scales, offsets = _counts_of(signals, scale)
    arrays = {
        "ecg": np.concatenate(counts),
        "start": np.concatenate([[0], np.cumsum([len(one) for one in counts])]).astype(np.int64),
        "scale": scales,
        "offset": offsets,
        "fs": _positive("sampling_rate", sampling_rate, n),
        "unit": np.array(str(unit)),
        "subject": _labels("subject", check_subjects(subject, "subject", n, "recording"), n),
        "record": _labels("record", np.arange(n).astype(str) if record is None else record, n),
    }
    facts = dict(meta or {})
    if target is not None:
        arrays["target"] = _labels("target", target, n)
    if target_names is not None:
        facts["target_names"] = [str(name) for name in target_names]
        if not np.isin(arrays.get("target", []), np.arange(len(facts["target_names"]))).all():
            raise ValueError(f"target must hold indices into the target_names {target_names!r}.")
    for name, values in (fields or {}).items():
        if name in (*RESERVED, *arrays) or "/" in name:
            raise ValueError(
                f"fields: {name!r} cannot be the name of a field: it has a slash, or is one of "
                f"{', '.join(dict.fromkeys([*arrays, *RESERVED]))}."
            )
        arrays[name] = _labels(name, values, n)
    arrays["meta"] = np.array(json.dumps(facts))
    write_recordings(path, arrays)
    return path


def _checked(signal: np.ndarray, name: str) -> np.ndarray:
    if signal.ndim != 1 or signal.dtype.kind not in "iuf" or not len(signal):
        raise ValueError(
            f"{name} must be a 1-D array of numbers, is {signal.dtype} of shape {signal.shape}."
        )
    bad = np.flatnonzero(~np.isfinite(signal))
    if len(bad):
        raise ValueError(
            f"{name} has {len(bad)} samples that are NaN or infinite, the first at {bad[0]}. "
            "Interpolate or cut them out first."
        )
    return signal


def _counts_of(
    signals: list[np.ndarray], scale: Any
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return integer counts, and the scale and offset of each recording."""
    n = len(signals)
    if scale is None:
        counts, steps, offsets = zip(*map(_as_counts, signals), strict=True)
        return list(counts), np.array(steps), np.array(offsets)
    for i, signal in enumerate(signals):
        if not _fits(signal):
            raise ValueError(
                f"scale says that recordings are counts, but recordings[{i}] is not integers "
                f"between {_INT16.min} and {_INT16.max}. Leave scale out to round it."
            )
    return [one.astype(np.int16) for one in signals], _positive("scale", scale, n), np.zeros(n)


def _fits(signal: np.ndarray) -> bool:
    is_integer = signal.dtype.kind in "iu"
    return is_integer and bool(signal.min() >= _INT16.min and signal.max() <= _INT16.max)


def _as_counts(signal: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return integers, the step from one to the next, and what 0 means."""
    if _fits(signal):
        return signal.astype(np.int16), 1.0, 0.0
    low, high = float(signal.min()), float(signal.max())
    middle = low + (high - low) / 2
    # 65 534 steps: as many below the middle as above it. A flat line has no step.
    step = (high - low) / (2 * _INT16.max) or 1.0
    limits: np.iinfo[Any] = _INT16
    deviation = _trimmed_deviation(signal)
    if 0 < _TOO_COARSE * deviation < step:  # an artefact must not cost the rest its resolution
        limits = _INT32
        step = max(_FINE * deviation, (high - low) / _INT32.max)
    counts = np.rint((signal.astype(np.float64) - middle) / step)
    return np.clip(counts, -limits.max, limits.max).astype(limits.dtype), step, middle


def _trimmed_deviation(signal: np.ndarray) -> float:
    """Return the standard deviation without the extremes at either end."""
    cut = int(len(signal) * _TRIM)
    ordered = np.partition(signal, (cut, len(signal) - cut - 1))
    return float(ordered[cut : len(signal) - cut].std(dtype=np.float64))


def _positive(name: str, value: Any, n: int) -> np.ndarray:
    """Return one positive float64 for each recording."""
    values = np.asarray(value, dtype=np.float64)
    if values.shape not in [(), (n,)] or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(
            f"{name} must be above 0, one number or one for each of {n} recordings, got {value!r}."
        )
    return np.broadcast_to(values, n).copy()


def _labels(name: str, values: Any, n: int) -> np.ndarray:
    """Return one label for each recording."""
    labels = np.asarray(values)
    if labels.dtype.kind == "M":  # `times` reads them back
        labels = labels.astype(str)
    if labels.dtype == object and all(isinstance(value, str) for value in labels.ravel()):
        labels = labels.astype(str)
    if labels.shape != (n,) or labels.dtype.kind not in _LABELS:
        raise ValueError(
            f"{name} must be {n} numbers, booleans or strings, one for each recording, is "
            f"{labels.dtype} of shape {labels.shape}."
        )
    return labels
