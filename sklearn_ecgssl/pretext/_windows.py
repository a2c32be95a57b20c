"""Which windows a fitted pretrainer can use, and which of them a fit holds out."""

import math
import sys
import warnings
from math import ceil
from types import FrameType
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit

from ..networks import shortest_rhythm
from ..signal.window_store import WindowStore, check_windows

#: Standard deviations of windows that may have been scaled person by person, to about 1.
SCALED = (0.5, 10)

#: Windows whose scale is looked at.
LOOKED_AT = 256


def held_out_split(
    n_windows: int, fraction: float | None, groups: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the windows to train on, and a fraction of the subjects or windows to hold out."""
    everything = np.arange(n_windows)
    if fraction is None:
        return everything, everything[:0]
    n_units = n_windows if groups is None else len(np.unique(groups))
    if ceil(float(fraction) * n_units) >= n_units:
        there_are = (
            f"windows, but there are only {n_units}"
            if groups is None
            else f"whole subjects, but groups names only {n_units}"
        )
        raise ValueError(
            f"validation_fraction={fraction} holds out {there_are}: none is left to train on. "
            "Lower it, pass more, or pass validation_fraction=None."
        )
    splitter: Any = ShuffleSplit if groups is None else GroupShuffleSplit
    split = splitter(1, test_size=float(fraction), random_state=seed)
    return next(split.split(everything, groups=groups))


def check_validation_set(pretrainer: BaseEstimator, X_val: Any) -> WindowStore:
    """Check windows that are all held out, against those of a pretrainer that is being fitted."""
    try:
        store = check_windows(pretrainer, X_val, reset=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"X_val cannot be held out. {error}") from None
    store.n_held_out = len(store)
    return store


def check_encoded(pretrainer: Any, X: Any, sampling_rate: float | None) -> WindowStore:
    """Check windows that a fitted pretrainer is to encode."""
    shortest, longest = pretrainer._length_range()
    if shortest == longest:
        store = check_windows(pretrainer, X, reset=False)
    else:  # not of the one length that was fitted
        store = check_windows(type(pretrainer)(), X, reset=True)
    check_fits(pretrainer, store, sampling_rate)
    return store


def check_fits(pretrainer: Any, store: WindowStore, sampling_rate: float | None = None) -> None:
    """Raise ValueError unless windows have length and sampling rate of those that were learnt."""
    n_times, rate = pretrainer.n_features_in_, getattr(pretrainer, "sampling_rate_", None)
    same_rate = (
        rate is None or sampling_rate is None or math.isclose(rate, sampling_rate, rel_tol=1e-4)
    )
    shortest, longest = pretrainer._length_range()
    if shortest <= store.n_times <= longest and same_rate:
        return
    advice = "Use its sampling_rate and window_length."
    if rate is not None:
        segmenter = f"Segmenter(sampling_rate={rate:g}, window_length={n_times / rate:g})"
        advice = (
            f"Cut recordings of {rate:g} Hz with {segmenter}. If theirs is another rate, put "
            f"Resampler(rate, {rate:g}) first."
        )
        if not same_rate:
            advice = (
                f"Put Resampler({sampling_rate:g}, {rate:g}) first and cut with {segmenter}. "
                f"Then, or if the windows have {rate:g} Hz already, pass sampling_rate={rate:g}."
            )
    takes = ""
    if shortest < longest:
        takes = f" and takes {shortest:g} to {longest:g} samples"
        if rate is not None:
            takes = f" and takes {shortest / rate:g} to {longest / rate:g} s"
    raise ValueError(
        f"The pretrainer learnt from windows of {_described(n_times, rate)}{takes}, these have "
        f"{_described(store.n_times, sampling_rate if rate else None)}. {advice}"
    )


def check_duration(n_times: int, sampling_rate: float) -> None:
    """Raise ValueError where windows are too short for aggregate="rhythm"."""
    seconds = n_times / sampling_rate
    if seconds < shortest_rhythm():
        raise ValueError(
            f"aggregate='rhythm' needs windows of at least {shortest_rhythm():g} s, these have "
            f"{seconds:g} s (sampling_rate={sampling_rate:g} Hz). Use longer windows, or another "
            "aggregate."
        )


def warn_unless_scaled(pretrainer: Any, store: WindowStore) -> None:
    """Warn where most windows for an encoder of the package are far too large or too small."""
    name = getattr(getattr(pretrainer, "estimator", pretrainer), "_shipped_as", None)
    if name is None:
        return
    some = np.unique(np.linspace(0, len(store) - 1, LOOKED_AT).astype(np.intp))
    # Of each window by itself: neither an artefact nor a slow drift is its scale.
    deviation = float(np.median(store.take(some).std(axis=1, dtype=np.float64)))
    if SCALED[0] <= deviation <= SCALED[1]:
        return
    how = "smaller" if deviation < SCALED[0] else "larger"
    warnings.warn(
        f"{name!r} learnt from windows with a standard deviation of about 1, these are much "
        f"{how}: its features of them mean little. Scale the recordings first: TrimmedScaler, or "
        "scale_subjects where a person has several.",
        stacklevel=_level_of_user(),
    )


def _level_of_user() -> int:
    """Find the `stacklevel`, in the function that calls this, of the line that the user wrote."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and _package(frame) in ("sklearn_ecgssl", "sklearn", "joblib"):
        frame, level = frame.f_back, level + 1
    return level


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _described(n_times: int, rate: float | None) -> str:
    of_time = "" if rate is None else f" ({n_times / rate:g} s at {rate:g} Hz)"
    return f"{n_times} samples{of_time}"
