"""Whether windows are such as a pretrainer learnt from."""

import math
import sys
import warnings
from types import FrameType
from typing import Any

import numpy as np

from ..signal.window_store import WindowStore

#: Standard deviations of windows that may have been scaled person by person, to about 1.
SCALED = (0.5, 10)

#: Windows that are looked at.
LOOKED_AT = 256


def check_fits(pretrainer: Any, store: WindowStore, sampling_rate: float | None = None) -> None:
    """Check that windows have the length and the sampling rate that a pretrainer learnt from.

    Parameters
    ----------
    pretrainer : estimator
        Fitted, maybe long ago and elsewhere.
    store : WindowStore
        The windows.
    sampling_rate : float or None, default=None
        Of the windows, in Hz; None if it is not known.

    Raises
    ------
    ValueError
        If they have not; the message says how to make such windows.
    """
    n_times, rate = pretrainer.n_features_in_, getattr(pretrainer, "sampling_rate_", None)
    same_rate = (
        rate is None or sampling_rate is None or math.isclose(rate, sampling_rate, rel_tol=1e-4)
    )
    if n_times == store.n_times and same_rate:
        return
    message = (
        f"The pretrainer learnt from windows of {_described(n_times, rate)}, these have "
        f"{_described(store.n_times, sampling_rate if rate else None)}. "
    )
    if rate is None:
        raise ValueError(message + "Use its sampling_rate and window_length.")
    segmenter = f"Segmenter(sampling_rate={rate:g}, window_length={n_times / rate:g})"
    if same_rate:
        raise ValueError(
            f"{message}Cut recordings of {rate:g} Hz with {segmenter}. If theirs is another rate, "
            f"put Resampler(rate, {rate:g}) first."
        )
    raise ValueError(
        f"{message}Put Resampler({sampling_rate:g}, {rate:g}) first and cut with {segmenter}. "
        f"Then, or if the windows have {rate:g} Hz already, pass sampling_rate={rate:g}."
    )


def warn_unless_scaled(pretrainer: Any, store: WindowStore) -> None:
    """Warn where windows for an encoder that comes with the package seem not to be scaled.

    Parameters
    ----------
    pretrainer : estimator
        Fitted, maybe frozen.
    store : WindowStore
        The windows.

    Warns
    -----
    UserWarning
        If `pretrainer` is such an encoder and most of the windows are far too large or small.
    """
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
