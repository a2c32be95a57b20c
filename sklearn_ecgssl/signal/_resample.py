"""Change of the sampling rate."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from .._compat import Interval
from ._base import LinearFunction, RecordingFunction, RecordingTransformer
from ._recordings import FloatArray, as_float32

#: Of a rate that is taken as it is: 333.333 Hz is 333333/1000.
_MAX_DENOMINATOR = 1000
#: Of the ratio: bounds the length of the filter.
_MAX_FACTOR = 100_000


def nominal_rate(rate: float, n_times: int) -> float:
    """Return the whole number that a rate is meant to be, where nobody can tell the difference.

    Rates are rounded, or computed from periods and time stamps. One that is a little off a whole
    number is taken as that number if the recording is less than a sample longer or shorter by it.
    """
    whole = round(rate)
    return float(whole) if whole and abs(whole / rate - 1) * n_times < 1 else float(rate)


def rational_ratio(original_rate: float, sampling_rate: float, n_times: int = 0) -> tuple[int, int]:
    """Write the ratio as `up / down`, right to less than a sample in `n_times`."""
    ratio = _as_fraction(sampling_rate, n_times) / _as_fraction(original_rate, n_times)
    if not 1 / _MAX_FACTOR <= ratio <= _MAX_FACTOR:
        raise ValueError(
            f"sampling_rate={sampling_rate} over original_rate={original_rate} is a factor beyond "
            f"{_MAX_FACTOR}: are both in Hz?"
        )
    simple = ratio
    if max(ratio.numerator, ratio.denominator) > _MAX_FACTOR:
        for largest in (1000, 10_000, _MAX_FACTOR):
            simple = _nearest(ratio, largest)
            if simple and abs(simple / ratio - 1) * n_times < 1:
                break
    return simple.numerator, simple.denominator


def resample_recording(
    x: ArrayLike, up: int, down: int, *, name: str = "the recording"
) -> FloatArray:
    """Resample the last axis by `up / down` in lowest terms, polyphase filtered, in float64."""
    x = np.asarray(x)
    if up == down:
        return np.array(x, dtype=np.float32)
    return as_float32(_resampled(x, up, down), name)


def _resampled(x: NDArray, up: int, down: int) -> NDArray[np.float64]:
    # The phases of the filter pass an offset with gains that differ by 0.0001: take it off before.
    offset = x.mean(axis=-1, keepdims=True, dtype=np.float64)
    # Mirrored about the end points, a recording has no step there; one sample has no mirror.
    extension = "antireflect" if x.shape[-1] > 1 else "edge"
    resampled: NDArray[np.float64] = signal.resample_poly(
        x - offset, up, down, axis=-1, window=_low_pass(up, down), padtype=extension
    )
    return resampled + offset


class Resampler(RecordingTransformer):
    """Change the sampling rate of recordings by any rational ratio.

    The papers work at 256 Hz [1]_. A recording is interpolated and low-pass filtered below the
    smaller of both Nyquist frequencies in one polyphase filter, so that nothing aliases.

    Parameters
    ----------
    original_rate : float
        Sampling rate of the recordings that come in, in Hz.
    sampling_rate : float, default=256
        Sampling rate of the recordings that go out, in Hz: the `sampling_rate` of all later steps.

    Attributes
    ----------
    n_features_in_ : int
        Number of samples of the recordings, when fitted on a 2-D array.
    feature_names_in_ : ndarray of shape (n_features,)
        Column names, when fitted on a dataframe.

    Raises
    ------
    ValueError
        If one rate is more than 100 000 times the other.

    See Also
    --------
    ECGFilter : Remove baseline wander and noise.

    Notes
    -----
    `n_times` samples become `ceil(n_times * sampling_rate / original_rate)`. The first sample
    keeps its place in time. An offset passes unchanged and makes no transient: the mean is taken
    off before filtering and added after, and the recording is continued beyond its ends by
    mirroring it about the end points. With equal rates the samples are copied.

    A rate that was rounded, or computed from time stamps, is taken as the whole number or the
    simple fraction that it is near to, where that makes less than a sample of difference over the
    recording: 130.00000000000045 Hz is 130 Hz.

    References
    ----------
    .. [1] P. Sarkar and A. Etemad, "Self-supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.signal import Resampler
    >>> recordings = [np.sin(np.arange(5000) / 50), np.sin(np.arange(2501) / 50)]
    >>> resampled = Resampler(original_rate=500, sampling_rate=256).transform(recordings)
    >>> [len(x) for x in resampled]
    [2560, 1281]
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "original_rate": [Interval(Real, 0, None, closed="neither")],
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, original_rate: float, sampling_rate: float = 256) -> None:
        self.original_rate = original_rate
        self.sampling_rate = sampling_rate

    def _recording_function(self) -> RecordingFunction:
        def function(x: FloatArray, name: str) -> FloatArray:
            up, down = rational_ratio(self.original_rate, self.sampling_rate, x.shape[-1])
            return resample_recording(x, up, down, name=name)

        return function

    def _linear_function(self) -> LinearFunction:
        def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
            up, down = rational_ratio(self.original_rate, self.sampling_rate, x.shape[-1])
            return x if up == down else _resampled(x, up, down)

        return function

    def _names_out(self, names: np.ndarray) -> np.ndarray:
        up, down = rational_ratio(self.original_rate, self.sampling_rate, len(names))
        return self._generated_names(-(-len(names) * up // down))


def _as_fraction(rate: float, n_times: int) -> Fraction:
    """Return a rate as it is if it is a simple fraction, else the nearest that is meant."""
    rate = float(rate)
    simple = Fraction(rate).limit_denominator(_MAX_DENOMINATOR)
    if simple and float(simple) == rate:
        return simple
    return Fraction(nominal_rate(rate, n_times))


def _nearest(ratio: Fraction, largest: int) -> Fraction:
    """Return the fraction nearest to a ratio whose numbers are not larger."""
    if ratio < 1:
        return ratio.limit_denominator(largest)
    inverse = (1 / ratio).limit_denominator(largest)
    return 1 / inverse if inverse else Fraction(largest)


@lru_cache(maxsize=4)
def _low_pass(up: int, down: int) -> NDArray[np.float64]:
    """Return the filter that scipy.signal.resample_poly designs, here once, not per recording."""
    largest = max(up, down)
    return signal.firwin(20 * largest + 1, 1 / largest, window=("kaiser", 5.0))
