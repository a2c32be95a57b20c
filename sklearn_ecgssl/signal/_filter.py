"""Removal of baseline wander, high-frequency noise and mains hum."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from .._compat import Interval
from ._base import LinearFunction, RecordingFunction, RecordingTransformer
from ._recordings import FloatArray, as_float32, check_not_flat

#: The highest order. Beyond it float64 does not hold what a narrow band-pass computes with.
MAX_ORDER = 50
#: A filter is stable if this many samples of 1 leave it as they should, so closely.
STABLE_FOR = 1000
STABLE_WITHIN = 1e-4


class ECGFilter(RecordingTransformer):
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
        filtered = self._linear_function()

        def function(x: FloatArray, name: str) -> FloatArray:
            if len(x) > 1:
                check_not_flat(x, name)
            return as_float32(filtered(x.astype(np.float64)), name)

        return function

    def _linear_function(self) -> LinearFunction:
        # numpy's small integers and floats would end the arithmetic early
        rate, quality, order = float(self.sampling_rate), float(self.notch_quality), int(self.order)
        low = None if self.low is None else float(self.low)
        high = None if self.high is None else float(self.high)
        notches = np.ravel([] if self.notch is None else self.notch).astype(np.float64).tolist()
        _check_frequencies(rate, low, high, notches)
        sos = _design(rate, low, high, notches, order, quality)
        # scipy's few samples are far shorter than the memory of a slow high-pass or a narrow notch
        memory = [quality / frequency for frequency in notches]
        if low is not None:
            memory.append(1 / low)
        padlen = max([_scipys_padlen(sos), *(round(rate * seconds) for seconds in memory)])
        return partial(_filter, sos=sos, zero_phase=self.zero_phase, padlen=padlen)


def _check_frequencies(
    sampling_rate: float, low: float | None, high: float | None, notches: list[float]
) -> None:
    named = [("low", low), ("high", high), *(("notch", notch) for notch in notches)]
    frequencies = [(name, value) for name, value in named if value is not None]
    if not frequencies:
        raise ValueError(
            "low, high and notch are all None, so there is nothing to filter: set one of them, or "
            "leave the step out ('passthrough' in a Pipeline)."
        )
    nyquist = sampling_rate / 2
    for name, value in frequencies:
        if not 0 < value < nyquist:
            raise ValueError(
                f"{name}={value:g} Hz is not between 0 Hz and the Nyquist frequency of "
                f"{nyquist:g} Hz, half the sampling rate (sampling_rate={sampling_rate:g} Hz): "
                f"change {name}, set it to None, or correct sampling_rate."
            )
    if low is not None and high is not None and low >= high:
        raise ValueError(
            f"low={low:g} Hz is not below high={high:g} Hz: between them lies what the filter "
            "keeps. Exchange them, or set one to None."
        )


def _design(
    sampling_rate: float,
    low: float | None,
    high: float | None,
    notches: list[float],
    order: int,
    notch_quality: float,
) -> NDArray[np.float64]:
    """Return the second-order sections of a Butterworth filter and notches, or refuse them."""
    sections = []
    edges = [edge for edge in (low, high) if edge is not None]
    with np.errstate(all="ignore"):  # of filters that are refused below
        if edges:
            kind = "bandpass" if len(edges) == 2 else "lowpass" if low is None else "highpass"
            edge = edges if len(edges) == 2 else edges[0]
            sections.append(signal.butter(order, edge, kind, fs=sampling_rate, output="sos"))
        for notch in notches:
            section = signal.iirnotch(notch, notch_quality, fs=sampling_rate)
            sections.append(signal.tf2sos(*section))
        sos = np.concatenate(sections)
        stable = _is_stable(sos, constant=1.0 if low is None else 0.0)
    if not stable:
        raise ValueError(
            f"The filter (order={order}) is numerically unstable at these frequencies "
            f"(sampling_rate={sampling_rate:g} Hz): lower the order, move low, high or notch away "
            "from 0 Hz and the Nyquist frequency, or take a notch_quality nearer to 30."
        )
    return sos


def _is_stable(sos: NDArray[np.float64], constant: float) -> bool:
    """Tell whether the filter forgets, and makes `constant` of 1 in spite of rounding errors."""
    try:
        if any(np.abs(np.roots(section[3:])).max() >= 1 for section in sos):
            return False
        settled = signal.sosfilt_zi(sos)
    except np.linalg.LinAlgError:  # of poles at 1, or beyond float64
        return False
    response, _ = signal.sosfilt(sos, np.ones(STABLE_FOR), zi=settled)
    return bool(np.abs(response - constant).max() < STABLE_WITHIN)


def _filter(
    x: NDArray[np.float64], sos: NDArray[np.float64], zero_phase: bool, padlen: int
) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # in what scipy would hand to a section behind the last
        if zero_phase:
            return signal.sosfiltfilt(sos, x, padlen=min(padlen, x.shape[-1] - 1))
        # the state of a filter that has seen the first sample for ever: no transient
        zi = signal.sosfilt_zi(sos)
        zi = zi.reshape(len(sos), *[1] * (x.ndim - 1), 2) * x[..., :1]
        filtered, _ = signal.sosfilt(sos, x, zi=zi)
        return filtered


def _scipys_padlen(sos: NDArray[np.float64]) -> int:
    """Three times the effective length of the filter, as in scipy.signal.sosfiltfilt."""
    at_origin = min((sos[:, 2] == 0).sum(), (sos[:, 5] == 0).sum())
    return int(3 * (2 * len(sos) + 1 - at_origin))
