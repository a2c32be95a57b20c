"""Where the heart beats are."""

from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import butter, sosfiltfilt

from .._files import library

#: Where the energy of a QRS complex lies, in Hz; the band in which sleepecg looks for R peaks.
QRS_BAND = (5.0, 30.0)
#: Seconds from which the detector learns its thresholds; it reads past the end of what is shorter.
LEARNING = 2.0
#: Seconds after a beat in which the detector looks for no other.
REFRACTORY = 0.2


def find_beats(x: ArrayLike, sampling_rate: float) -> NDArray[np.float64]:
    """Return where the R peaks are, in samples with fractions; none in less than 2 s."""
    detect = load_detector()
    x = np.asarray(x, dtype=np.float64)
    # The detector leaves a flat start out, and then reads beyond the end if too little remains.
    start = int(np.argmax(np.diff(x) != 0)) if len(x) > 1 else 0
    x = x[start:]
    if len(x) < LEARNING * sampling_rate or x.min() == x.max():
        return np.empty(0)
    filtered = sosfiltfilt(_band_pass(sampling_rate), x)
    # R peaks point up, in whichever polarity the ECG was recorded.
    polarity = -1.0 if np.sum(filtered**3) < 0 else 1.0
    filtered *= polarity
    # The detector has room for one interval a refractory period. In C it writes past the end where
    # beats come that fast from the first to the last; in Python it gives up, as it should: 300
    # beats a minute are noise. What can be so fast is left to Python, which is 20 times slower.
    refractory = int(REFRACTORY * sampling_rate)
    is_safe = _most_beats(filtered, refractory) < len(x) // refractory
    try:
        beats = detect(polarity * x, sampling_rate, backend="c" if is_safe else "python")
    except IndexError:
        return np.empty(0)
    return start + _vertices(filtered, beats)


def load_detector() -> Callable[..., NDArray[np.intp]]:
    """Import `sleepecg.detect_heartbeats`, a Pan-Tompkins detector in C."""
    sleepecg = library("sleepecg", "R peaks are found", "hrv")
    return sleepecg.detect_heartbeats


@lru_cache
def _band_pass(sampling_rate: float) -> NDArray[np.float64]:
    return butter(2, QRS_BAND, "bandpass", fs=sampling_rate, output="sos")


def _most_beats(filtered: NDArray[np.float64], refractory: int) -> int:
    """Count the most beats that can be found: maxima at least a refractory period apart."""
    inner = filtered[1:-1]
    maxima = np.flatnonzero((inner > filtered[:-2]) & (inner > filtered[2:])).tolist()
    count, i = 0, 0
    while i < len(maxima):
        count += 1
        i = bisect_left(maxima, maxima[i] + refractory, lo=i)
    return count


def _vertices(x: NDArray[np.float64], peaks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Move each peak to the vertex of the parabola through it and its neighbours."""
    # Intervals in whole samples, 4 ms at 256 Hz, would be too coarse for RMSSD.
    inner = (peaks > 0) & (peaks < len(x) - 1)
    at = peaks[inner]
    curvature = x[at - 1] - 2 * x[at] + x[at + 1]
    shift = np.zeros(len(at))
    np.divide(x[at - 1] - x[at + 1], 2 * curvature, out=shift, where=curvature < 0)
    vertices = peaks.astype(np.float64)
    vertices[inner] += shift.clip(-0.5, 0.5)
    return vertices
