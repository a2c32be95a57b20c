"""Removal of baseline wander, high-frequency noise and mains hum."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal
from sklearn.base import OneToOneFeatureMixin

from .._compat import Interval
from ._base import RecordingFunction, RecordingTransformer
from ._checks import as_float32, check_not_flat
from ._recordings import FloatArray

#: The highest order. Beyond it float64 does not hold what a narrow band-pass computes with.
MAX_ORDER = 50
#: A filter is stable if this many samples of 1 leave it as they should, so closely.
STABLE_FOR = 1000
STABLE_WITHIN = 1e-4
#: Samples by which no recording need be continued: none is so long.
LONGEST = 2**53


def design_sos(
    sampling_rate: float,
    *,
    low: float | None,
    high: float | None,
    notch: float | Sequence[float] | None,
    order: int,
    notch_quality: float,
) -> NDArray[np.float64]:
    """Second-order sections of a Butterworth filter followed by notches.

    See :class:`ECGFilter` for the parameters and errors.

    Returns
    -------
    sos : ndarray of shape (n_sections, 6)
        The sections, as :func:`scipy.signal.sosfilt` takes them.
    """
    # numpy's small integers and floats would end the arithmetic early
    sampling_rate, notch_quality, order = float(sampling_rate), float(notch_quality), int(order)
    low = None if low is None else float(low)
    high = None if high is None else float(high)
    notches = _as_frequencies(notch)
    _check_frequencies(sampling_rate, low, high, notches)
    try:
        with np.errstate(all="ignore"):
            sos = _design(sampling_rate, low, high, notches, order, notch_quality)
            stable = _is_stable(sos, constant=1.0 if low is None else 0.0)
    except (ValueError, ArithmeticError):  # what scipy makes of such filters
        stable = False
    if not stable:
        raise ValueError(
            f"The filter (order={order}) is numerically unstable at these frequencies "
            f"(sampling_rate={sampling_rate:g} Hz): lower the order, move low, high or notch away "
            "from 0 Hz and the Nyquist frequency, or take a notch_quality nearer to 30."
        )
    return sos


def _design(
    sampling_rate: float,
    low: float | None,
    high: float | None,
    notches: NDArray[np.float64],
    order: int,
    notch_quality: float,
) -> NDArray[np.float64]:
    sections = []
    if low is not None and high is not None:
        sections.append(_butter(order, [low, high], "bandpass", sampling_rate))
    elif low is not None:
        sections.append(_butter(order, low, "highpass", sampling_rate))
    elif high is not None:
        sections.append(_butter(order, high, "lowpass", sampling_rate))
    for frequency in notches:
        numerator, denominator = signal.iirnotch(frequency, notch_quality, fs=sampling_rate)
        sections.append(signal.tf2sos(numerator, denominator))
    return np.concatenate(sections)


def filter_recording(
    x: ArrayLike,
    sos: NDArray[np.float64],
    *,
    zero_phase: bool = True,
    padlen: int | None = None,
    name: str = "the recording",
) -> FloatArray:
    """Filter one recording in float64.

    Parameters
    ----------
    x : array-like of shape (n_times,)
        The recording, of any length from 1.
    sos : ndarray of shape (n_sections, 6)
        The filter.
    zero_phase : bool, default=True
        Whether to filter forwards and backwards, so that no wave moves.
    padlen : int, default=None
        Samples by which both ends are continued before zero-phase filtering, by default
        scipy's; no more than the recording allows.
    name : str, default="the recording"
        What the error message calls `x`.

    Returns
    -------
    filtered : ndarray of shape (n_times,)
        float32.

    Raises
    ------
    ValueError
        If a sample becomes too large for float32.
    """
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(invalid="ignore"):  # in what scipy would hand to a section behind the last
        if zero_phase:
            padlen = min(_default_padlen(sos) if padlen is None else padlen, len(x) - 1)
            filtered = signal.sosfiltfilt(sos, x, padlen=padlen)
        else:
            # the state of a filter that has seen the first sample for ever: no transient
            filtered, _ = signal.sosfilt(sos, x, zi=signal.sosfilt_zi(sos) * x[0])
    return as_float32(filtered, name)


class ECGFilter(OneToOneFeatureMixin, RecordingTransformer):
    """Butterworth high-pass, low-pass or band-pass filter, with notches, for recordings.

    The default is the high-pass of the papers: an IIR filter with a pass-band edge of 0.8 Hz at
    256 Hz [1]_. They do not publish its kind and order; this package uses a Butterworth filter of
    order 4, forwards and backwards.

    Parameters
    ----------
    sampling_rate : float, default=256
        Sampling rate of the recordings in Hz.
    low : float or None, default=0.8
        What is slower is removed (baseline wander), in Hz. None keeps it.
    high : float or None, default=None
        What is faster is removed (muscle noise), in Hz. None keeps it.
    notch : float, list of float or None, default=None
        Frequencies to be cut out, in Hz, such as 50 or [50, 100] for mains hum and its harmonic.
    order : int, default=4
        Order of the Butterworth filter, as in :func:`scipy.signal.butter`, at most 50: a band-pass
        has twice as many poles. `zero_phase=True` applies it twice, so that the attenuation at
        `low` and `high` is 6 dB instead of 3.
    zero_phase : bool, default=True
        True filters forwards and backwards: no delay, R peaks stay where they are. False filters
        forwards only, as a device does that does not know the future; its waves are delayed and
        reshaped.
    notch_quality : float, default=30
        Centre frequency of a notch over its bandwidth at -3 dB: 30 makes the notch at 50 Hz
        1.7 Hz wide.

    Attributes
    ----------
    n_features_in_ : int
        Number of samples of the recordings, when fitted on a 2-D array.
    feature_names_in_ : ndarray of shape (n_features,)
        Column names, when fitted on a dataframe.

    Raises
    ------
    ValueError
        If a frequency is not below the Nyquist frequency (half the sampling rate), `low` is not
        below `high`, there is nothing to filter, the filter is numerically unstable, or a
        recording is flat.

    See Also
    --------
    Resampler : Change the sampling rate.
    TrimmedScaler : Scale each recording.

    Notes
    -----
    Zero-phase filtering continues a recording beyond its ends, mirrored about the end points, by
    one period of `low` or the memory of a notch. Samples within about a second of an end depend on
    this guess.

    Each recording is taken as float32, filtered in float64 on its own, and returned as float32.

    References
    ----------
    .. [1] P. Sarkar and A. Etemad, "Self-supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.signal import ECGFilter
    >>> time = np.arange(2560) / 256
    >>> wander, wave = np.sin(2 * np.pi * 0.1 * time), np.sin(2 * np.pi * 10 * time)
    >>> filtered = ECGFilter(sampling_rate=256).transform([wander + wave])[0]
    >>> bool(np.abs(filtered - wave)[512:-512].max() < 0.05)
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
        "low": [Interval(Real, 0, None, closed="neither"), None],
        "high": [Interval(Real, 0, None, closed="neither"), None],
        "notch": [Interval(Real, 0, None, closed="neither"), "array-like", None],
        "order": [Interval(Integral, 1, MAX_ORDER, closed="both")],
        "zero_phase": ["boolean"],
        "notch_quality": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        sampling_rate: float = 256,
        *,
        low: float | None = 0.8,
        high: float | None = None,
        notch: float | Sequence[float] | None = None,
        order: int = 4,
        zero_phase: bool = True,
        notch_quality: float = 30,
    ) -> None:
        self.sampling_rate = sampling_rate
        self.low = low
        self.high = high
        self.notch = notch
        self.order = order
        self.zero_phase = zero_phase
        self.notch_quality = notch_quality

    def _recording_function(self) -> RecordingFunction:
        sos = design_sos(
            self.sampling_rate,
            low=self.low,
            high=self.high,
            notch=self.notch,
            order=self.order,
            notch_quality=self.notch_quality,
        )
        # scipy's few samples are far shorter than the memory of a slow high-pass or a narrow notch
        rate, quality = float(self.sampling_rate), float(self.notch_quality)
        memory = [quality / frequency for frequency in _as_frequencies(self.notch)]
        if self.low is not None:
            memory.append(1 / float(self.low))
        padlen = max(_default_padlen(sos), *(round(min(rate * t, LONGEST)) for t in memory), 0)

        def function(x: FloatArray, name: str) -> FloatArray:
            check_not_flat(x, name)
            return filter_recording(x, sos, zero_phase=self.zero_phase, padlen=padlen, name=name)

        return function


def _butter(
    order: int, frequency: float | list[float], kind: str, sampling_rate: float
) -> NDArray[np.float64]:
    return signal.butter(order, frequency, btype=kind, fs=sampling_rate, output="sos")


def _as_frequencies(notch: float | Sequence[float] | None) -> NDArray[np.float64]:
    try:
        notches = np.atleast_1d([] if notch is None else notch)
    except ValueError as error:
        raise ValueError(f"notch={notch!r} is neither a number nor a list of numbers.") from error
    if notches.dtype.kind not in "iuf":
        raise ValueError(f"notch={notch!r} is neither a number nor a list of numbers.")
    if notches.ndim != 1:
        raise ValueError(
            f"notch has shape {notches.shape}, expected a number or a list of numbers."
        )
    return notches.astype(np.float64)


def _check_frequencies(
    sampling_rate: float, low: float | None, high: float | None, notches: NDArray[np.float64]
) -> None:
    if low is None and high is None and len(notches) == 0:
        raise ValueError(
            "low, high and notch are all None, so there is nothing to filter: set one of them, or "
            "leave the step out ('passthrough' in a Pipeline)."
        )
    named = [("low", low), ("high", high), *(("notch", float(value)) for value in notches)]
    nyquist = sampling_rate / 2
    for name, value in named:
        if value is None:
            continue
        if not value > 0:
            raise ValueError(f"{name}={value:g} Hz is not a frequency above 0 Hz.")
        if value >= nyquist:
            raise ValueError(
                f"{name}={value:g} Hz is not below the Nyquist frequency of {nyquist:g} Hz, half "
                f"the sampling rate (sampling_rate={sampling_rate:g} Hz): lower {name}, set it to "
                "None, or correct sampling_rate."
            )
    if low is not None and high is not None and low >= high:
        raise ValueError(
            f"low={low:g} Hz is not below high={high:g} Hz: between them lies what the filter "
            "keeps. Exchange them, or set one to None."
        )


def _is_stable(sos: NDArray[np.float64], constant: float) -> bool:
    """Tell whether the filter forgets, and makes `constant` of 1 in spite of rounding errors."""
    if not np.isfinite(sos).all():
        return False
    if any(np.abs(np.roots(section[3:])).max() >= 1 for section in sos):
        return False
    response, _ = signal.sosfilt(sos, np.ones(STABLE_FOR), zi=signal.sosfilt_zi(sos))
    return bool(np.abs(response - constant).max() < STABLE_WITHIN)


def _default_padlen(sos: NDArray[np.float64]) -> int:
    """Three times the effective length of the filter, as in scipy.signal.sosfiltfilt."""
    at_origin = min((sos[:, 2] == 0).sum(), (sos[:, 5] == 0).sum())
    return int(3 * (2 * len(sos) + 1 - at_origin))
