"""Whether windows are such as a pretrainer learnt from."""

import warnings
from typing import Any

import numpy as np

from ..signal._windows import WindowStore
from ._shipped import is_shipped

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
    other_rate = rate is not None and sampling_rate is not None and rate != sampling_rate
    if n_times == store.n_times and not other_rate:
        return
    message = (
        f"The pretrainer learnt from windows of {_described(n_times, rate)}, these have "
        f"{_described(store.n_times, sampling_rate if rate else None)}. "
    )
    if rate is None:
        raise ValueError(message + "Use its sampling_rate and window_length.")
    segmenter = f"Segmenter(sampling_rate={rate:g}, window_length={n_times / rate:g})"
    if not other_rate:
        raise ValueError(message + f"Cut recordings of {rate:g} Hz with {segmenter}.")
    raise ValueError(
        f"{message}Put Resampler({sampling_rate:g}, {rate:g}) first and cut with {segmenter}. "
        f"Then, or if the windows have {rate:g} Hz already, pass sampling_rate={rate:g}."
    )


def warn_unless_scaled(pretrainer: Any, store: WindowStore) -> None:
    """Warn where windows for an encoder that comes with the package seem not to be scaled.

    Parameters
    ----------
    pretrainer : object
        As the user gave it.
    store : WindowStore
        The windows.

    Warns
    -----
    UserWarning
        If `pretrainer` is the name of such an encoder and the windows are far too large or small.
    """
    if not is_shipped(pretrainer):
        return
    some = np.unique(np.linspace(0, len(store) - 1, LOOKED_AT).astype(np.intp))
    deviation = float(np.std(store.take(some)))
    if not SCALED[0] <= deviation <= SCALED[1]:
        warnings.warn(
            f"{pretrainer!r} learnt from windows with a standard deviation of about 1, these have "
            f"{deviation:.3g}: its features of them mean little. Scale the recordings first: "
            "TrimmedScaler, or scale_subjects where a person has several.",
            stacklevel=2,
        )


def _described(n_times: int, rate: float | None) -> str:
    of_time = "" if rate is None else f" ({n_times / rate:g} s at {rate:g} Hz)"
    return f"{n_times} samples{of_time}"
