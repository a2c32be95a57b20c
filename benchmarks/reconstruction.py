"""What a masked Transformer predicts on people whom it has not met.

Mean squared error of masked samples, in units of each person's variance, against predicting zero
and against interpolation across each masked run from the samples around it.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator

from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.pretext import MaskedPretrainer, load_pretrained
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, scale_subjects

from .tables import print_table

#: The paper's sampling rate.
RATE = 128


def run(args) -> None:
    if args.data is None:
        print("not measured: this needs a recordings file, ARGS='--data eegmat.npz'")
        return
    cohort = load_recordings(args.data, target=None, where=dict.fromkeys(args.where, True))
    X, _ = prepared(cohort, cohort.subject)
    people = len(np.unique(cohort.subject))
    print(f"{args.masked} on {len(X)} windows of {people} people\n")
    rows = errors(load_pretrained(args.masked), X)
    print_table(["prediction", "masked error", "of predicting zero"], rows)


def prepared(cohort, *labels, seconds: float | None = None) -> tuple[np.ndarray, ...]:
    """Windows of recordings, and their labels, prepared as in the paper."""
    rates = np.broadcast_to(cohort.sampling_rate, len(cohort.subject))
    recordings = [
        Resampler(rate, RATE).fit_transform([recording[: seconds and int(seconds * rate)]])[0]
        for recording, rate in zip(cohort.recordings, rates, strict=True)
    ]
    filtered = ECGFilter(RATE, low=0.8, high=50, order=8).fit_transform(recordings)
    scaled = scale_subjects(filtered, cohort.subject, trim=0.0)
    return Segmenter(RATE).windows(scaled, *labels)


def errors(pretrainer: MaskedPretrainer, X: np.ndarray) -> list[list[object]]:
    """Masked error of each way to predict, and its ratio to that of predicting zero."""
    signal, mask, reconstruction = pretrainer.reconstruct(X)
    predictions = {
        "zero": np.zeros_like(signal),
        "straight lines": interpolated(signal, mask, straight),
        "monotone cubic splines": interpolated(signal, mask, PchipInterpolator),
        "MaskedPretrainer": reconstruction,
    }
    found = {name: np.mean((p - signal)[mask] ** 2) for name, p in predictions.items()}
    return [[name, float(error), float(error / found["zero"])] for name, error in found.items()]


def interpolated(signal: np.ndarray, mask: np.ndarray, method) -> np.ndarray:
    """Fill masked samples from those of the same window that are not; the ends are held."""
    times = np.arange(signal.shape[1])
    filled = signal.copy()
    for window, masked in zip(filled, mask, strict=True):
        known = times[~masked]
        inside = np.clip(times[masked], known[0], known[-1])
        window[masked] = method(known, window[known])(inside)
    return filled


def straight(known: np.ndarray, values: np.ndarray):
    return lambda times: np.interp(times, known, values)
