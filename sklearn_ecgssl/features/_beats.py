"""Heart beats, and the variability of the intervals between them."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import butter, lombscargle, sosfiltfilt

from .._files import library

FloatArray = NDArray[np.float64]

#: Where the energy of a QRS complex lies, in Hz; the band in which sleepecg looks for R peaks.
QRS_BAND = (5.0, 30.0)
#: Seconds from which the detector learns its thresholds; it reads past the end of what is shorter.
LEARNING = 2.0
#: Seconds after a beat in which the detector looks for no other.
REFRACTORY = 0.2
#: Seconds between two beats of a person: 200 and 30 beats a minute. A shorter interval ends in a
#: false beat, a longer one leaves a beat out.
RR_LIMITS = (0.3, 2.0)
#: Bands of the Task Force, in Hz.
LF_BAND = (0.04, 0.15)
HF_BAND = (0.15, 0.4)
#: Seconds of signal without which the Task Force would not estimate a feature.
MIN_DURATION = {"hf": 60.0, "lf": 120.0, "lf_hf": 120.0}
#: Fraction of MIN_DURATION that usable intervals must add up to.
MIN_COVERED = 0.8
#: In ms^2: a smaller power is that of rounding errors, and a ratio to it means nothing.
NO_POWER = 1e-12
#: Seconds of the pieces whose spectra are averaged: the Task Force's short recording.
PIECE = 300.0


def find_beats(x: ArrayLike, sampling_rate: float) -> FloatArray:
    """Return where the R peaks are, in samples with fractions; none in less than 2 s."""
    detect = load_detector()
    x = np.asarray(x, dtype=np.float64)
    # The detector leaves a flat start out, and then reads beyond the end if too little remains.
    start = int(np.argmax(np.diff(x) != 0)) if len(x) > 1 else 0
    x = x[start:]
    if len(x) < LEARNING * sampling_rate or x.min() == x.max():
        return np.empty(0)
    filtered = sosfiltfilt(band_pass(sampling_rate, QRS_BAND), x)
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
def band_pass(sampling_rate: float, band: tuple[float, float]) -> FloatArray:
    """Design a filter, in second-order sections."""
    return butter(2, band, "bandpass", fs=sampling_rate, output="sos")


def _most_beats(filtered: FloatArray, refractory: int) -> int:
    """Count the most beats that can be found: maxima at least a refractory period apart."""
    inner = filtered[1:-1]
    maxima = np.flatnonzero((inner > filtered[:-2]) & (inner > filtered[2:])).tolist()
    count, i = 0, 0
    while i < len(maxima):
        count += 1
        i = bisect_left(maxima, maxima[i] + refractory, lo=i)
    return count


def _vertices(x: FloatArray, peaks: NDArray[np.intp]) -> FloatArray:
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


class Intervals:
    """The usable intervals (ms) between beats (s), and when each ends; outliers are left out."""

    def __init__(self, beats: ArrayLike) -> None:
        beats = np.asarray(beats, dtype=np.float64)
        rr = np.diff(beats)
        usable = (rr >= RR_LIMITS[0]) & (rr <= RR_LIMITS[1])
        self.rr: FloatArray = 1e3 * rr[usable]
        # Not across an interval that was left out.
        self.differences: FloatArray = 1e3 * np.diff(rr)[usable[1:] & usable[:-1]]
        self.times: FloatArray = beats[1:][usable]


def variability(
    beats: ArrayLike, duration: float, names: Sequence[str], min_beats: int = 4
) -> FloatArray:
    """Compute features of beats (s) in a signal of some duration (s); NaN where they cannot be."""
    intervals = Intervals(beats)
    if len(intervals.rr) < min_beats - 1:
        return np.full(len(names), np.nan)
    # A long signal with few beats in it is as good as a short one.
    duration = min(duration, intervals.rr.sum() / 1e3 / MIN_COVERED)
    return np.array(
        [FEATURES[name](intervals) if long_enough(name, duration) else np.nan for name in names]
    )


def long_enough(name: str, duration: float) -> bool:
    """Tell whether a feature can be computed from a signal of so many seconds."""
    return duration >= MIN_DURATION.get(name, 0.0)


def mean_hr(intervals: Intervals) -> float:
    """60 000 by the mean interval, in beats a minute."""
    return float(60e3 / intervals.rr.mean())


def sdnn(intervals: Intervals) -> float:
    """Standard deviation of the intervals (by n - 1), in ms."""
    return float(intervals.rr.std(ddof=1)) if len(intervals.rr) > 1 else np.nan


def rmssd(intervals: Intervals) -> float:
    """Root of the mean square of successive differences, in ms."""
    differences = intervals.differences
    return float(np.sqrt(np.mean(differences**2))) if len(differences) else np.nan


def pnn50(intervals: Intervals) -> float:
    """Successive differences above 50 ms, in % of all."""
    differences = intervals.differences
    return float(100 * np.mean(np.abs(differences) > 50)) if len(differences) else np.nan


def lf(intervals: Intervals) -> float:
    """Power between 0.04 and 0.15 Hz, in ms^2."""
    return band_power(intervals.times, intervals.rr, LF_BAND)


def hf(intervals: Intervals) -> float:
    """Power between 0.15 and 0.4 Hz, in ms^2."""
    return band_power(intervals.times, intervals.rr, HF_BAND)


def lf_hf(intervals: Intervals) -> float:
    """LF by HF."""
    high = hf(intervals)
    return lf(intervals) / high if high > NO_POWER else np.nan


FEATURES: dict[str, Callable[[Intervals], float]] = {
    "mean_hr": mean_hr,
    "sdnn": sdnn,
    "rmssd": rmssd,
    "pnn50": pnn50,
    "lf": lf,
    "hf": hf,
    "lf_hf": lf_hf,
}


def band_power(times: FloatArray, values: FloatArray, band: tuple[float, float]) -> float:
    """Integrate the Lomb-Scargle spectrum of unevenly sampled values over a band (Hz)."""
    # No resampling, which would damp the upper band and invent values in gaps (Clifford 2005).
    # Equal pieces, whose powers are averaged: time grows with the length, not with its square.
    span = times[-1] - times[0]
    n_pieces = max(1, round(span / PIECE))
    edges = np.searchsorted(times, times[0] + span * np.arange(1, n_pieces) / n_pieces)
    powers = [
        _piece_power(t, v, band)
        for t, v in zip(np.split(times, edges), np.split(values, edges), strict=True)
        if len(t) > 2 and t[-1] - t[0] >= 2 / band[0]
    ]
    return float(np.mean(powers)) if powers else np.nan


def _piece_power(times: FloatArray, values: FloatArray, band: tuple[float, float]) -> float:
    span = times[-1] - times[0]
    # Without trend and taper (Hann), the slow part would leak into the bands.
    slope = np.polyfit(times - times.mean(), values, 1)
    residual = values - np.polyval(slope, times - times.mean())
    taper = np.sin(np.pi * (times - times[0]) / span) ** 2
    step = 1 / (4 * span)
    frequencies = np.arange(band[0] + step / 2, band[1], step)
    tapered = residual * taper / np.sqrt(np.mean(taper**2))
    periodogram = lombscargle(times, tapered, 2 * np.pi * frequencies)
    # A sine of amplitude a gives a^2 n / 4 at its frequency, over a width of 1 / span.
    return float(periodogram.sum() * step * 2 * span / len(times))
