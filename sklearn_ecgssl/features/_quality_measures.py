"""Measures of how good an ECG is, none of which depends on its unit or its polarity."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_opening, maximum_filter1d, minimum_filter1d
from scipy.signal import find_peaks, periodogram, sosfiltfilt

from ._beats import LEARNING, QRS_BAND, RR_LIMITS, FloatArray, band_pass, find_beats

#: The band in which beats are compared, in Hz: no wander of the baseline, no mains hum.
BEAT_BAND = (1.0, QRS_BAND[1])
#: Seconds on either side of an R peak that are compared: P wave, QRS complex, most of the T wave.
BEAT = 0.3
#: Seconds by which the two detectors may differ about a beat.
TOLERANCE = 0.1
#: Of the usual height of the QRS complexes: the second detector takes what is higher for a beat.
HEIGHT = 0.4
#: Fewer beats say nothing about how alike they are.
MIN_BEATS = 3
#: A stretch of so many seconds in which the signal moves by less than this part of its range (99 %
#: of the samples) is flat.
FLAT, FLAT_RANGE = 1.0, 0.02
#: Samples within this part of the range of either extreme, for so many seconds, are clipped. The
#: peaks of P, QRS and T waves are shorter.
CLIPPED, CLIPPED_RANGE = 0.04, 0.02
#: In Hz: the wander of the baseline, of the power up to 40 Hz [Zhao and Zhang 2018].
BASELINE, SIGNAL = 1.0, 40.0
#: Hz on either side of 50 and 60 Hz that are mains hum.
MAINS, HUM = (50.0, 60.0), 2.0


def agreement(x: FloatArray, beats: FloatArray, sampling_rate: float) -> float:
    """F1 score of the beats of a second, simple detector, if the first one's were the truth."""
    others = _high_peaks(x, sampling_rate)
    if not len(beats) or not len(others):
        return 0.0
    matched = count_matches(beats.tolist(), others.tolist(), TOLERANCE * sampling_rate)
    return 2 * matched / (len(beats) + len(others))


def _high_peaks(x: FloatArray, sampling_rate: float) -> NDArray[np.intp]:
    """Find beats by height alone: noise that is high somewhere hides them, and is none itself."""
    height = np.abs(filtered(x, sampling_rate, QRS_BAND))
    pieces = np.array_split(height, max(1, int(len(x) / (LEARNING * sampling_rate))))
    usual = np.median([piece.max() for piece in pieces])
    apart = max(1, round(RR_LIMITS[0] * sampling_rate))
    return find_peaks(height, height=max(HEIGHT * usual, np.finfo(float).tiny), distance=apart)[0]


def count_matches(beats: list[float], others: list[float], tolerance: float) -> int:
    """Count pairs no further apart than the tolerance, each beat in one pair at most."""
    i = j = matched = 0
    while i < len(beats) and j < len(others):
        if abs(beats[i] - others[j]) <= tolerance:
            matched, i, j = matched + 1, i + 1, j + 1
        elif beats[i] < others[j]:
            i += 1
        else:
            j += 1
    return matched


def template_correlation(x: FloatArray, beats: FloatArray, sampling_rate: float) -> float:
    """Mean correlation of each beat with the mean of the others; 0 with fewer than three beats."""
    # Of the others: a beat is in the mean of all, and would make few beats of noise look alike.
    half = max(1, round(BEAT * sampling_rate))
    at = np.round(beats).astype(np.intp)
    at = at[(at >= half) & (at < len(x) - half)]
    if len(at) < MIN_BEATS:
        return 0.0
    cut = x[at[:, np.newaxis] + np.arange(-half, half + 1)]
    cut -= cut.mean(axis=1, keepdims=True)
    others = cut.sum(axis=0) - cut
    norms = np.linalg.norm(cut, axis=1) * np.linalg.norm(others, axis=1)
    products = (cut * others).sum(axis=1)
    return float(np.mean(_ratio(products, norms)))


def flat(X: FloatArray, sampling_rate: float) -> FloatArray:
    """Share of the samples of each row that lie in stretches without movement."""
    low, high = np.quantile(X, [0.005, 0.995], axis=1, keepdims=True)
    half = min(round(FLAT * sampling_rate), X.shape[1] - 1) // 2
    size = 2 * half + 1
    moved = maximum_filter1d(X, size, axis=1) - minimum_filter1d(X, size, axis=1)
    is_flat = np.zeros(X.shape, dtype=np.uint8)
    whole = slice(half, X.shape[1] - half)  # the centres of stretches that lie inside
    is_flat[:, whole] = moved[:, whole] <= FLAT_RANGE * (high - low)
    covered = maximum_filter1d(is_flat, size, axis=1, mode="constant")
    return covered.mean(axis=1)


def clipped(X: FloatArray, sampling_rate: float) -> FloatArray:
    """Share of the samples of each row that stay at its highest or lowest value."""
    low, high = X.min(axis=1, keepdims=True), X.max(axis=1, keepdims=True)
    near = CLIPPED_RANGE * (high - low)
    runs = np.ones((1, max(2, round(CLIPPED * sampling_rate))), dtype=bool)
    stays = binary_opening(high - near <= X, runs) | binary_opening(low + near >= X, runs)
    return (stays & (high > low)).mean(axis=1)


def kurtosis(X: FloatArray) -> FloatArray:
    """Fourth standardised moment of each row: 3 for Gaussian noise; 0 for a constant."""
    centred = X - X.mean(axis=1, keepdims=True)
    return _ratio(np.mean(centred**4, axis=1), np.mean(centred**2, axis=1) ** 2)


def power_shares(X: FloatArray, sampling_rate: float) -> tuple[FloatArray, FloatArray]:
    """Share of the baseline in the power up to 40 Hz, and of mains hum in that above 1 Hz."""
    frequencies, power = periodogram(X, sampling_rate, "hann", axis=1)
    slow = frequencies < BASELINE
    baseline = _ratio(power[:, slow].sum(axis=1), power[:, frequencies <= SIGNAL].sum(axis=1))
    hums = [power[:, np.abs(frequencies - mains) <= HUM].sum(axis=1) for mains in MAINS]
    return baseline, _ratio(np.max(hums, axis=0), power[:, ~slow].sum(axis=1))


def measures(X: FloatArray, sampling_rate: float) -> dict[str, FloatArray]:
    """Compute all measures of signals of equal length, one in each row."""
    X = np.asarray(X, dtype=np.float64)
    X = X - X[:, :1]  # what is constant is 0, not the rounding errors of a mean
    compared = filtered(X, sampling_rate, BEAT_BAND)
    beats = [find_beats(x, sampling_rate) for x in X]
    rows = range(len(X))
    baseline, mains = power_shares(X, sampling_rate)
    return {
        "agreement": np.array([agreement(X[i], beats[i], sampling_rate) for i in rows]),
        "template_correlation": np.array(
            [template_correlation(compared[i], beats[i], sampling_rate) for i in rows]
        ),
        "flat": flat(X, sampling_rate),
        "clipped": clipped(X, sampling_rate),
        "kurtosis": kurtosis(compared),
        "baseline": baseline,
        "mains": mains,
    }


def filtered(x: FloatArray, sampling_rate: float, band: tuple[float, float]) -> FloatArray:
    """Filter the last axis, continued by up to a second of its mirror image."""
    padlen = min(round(sampling_rate), x.shape[-1] - 1)
    # "even": turned about an end point that is noise, the rest would lie at another level
    return sosfiltfilt(band_pass(sampling_rate, band), x, padtype="even", padlen=padlen)


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
