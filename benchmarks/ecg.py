"""Simulated ECG of the sizes that the benchmarks need, and labelled windows of a file."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from sklearn_ecgssl.datasets import load_recordings, make_cohort, prepare_windows
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, scale_subjects


@cache
def simulated_windows(n_windows: int) -> np.ndarray:
    """Windows of 10 s at 256 Hz, float32; the same ones over again beyond 2000."""
    n_made = min(n_windows, 2000)
    n_subjects = -(-n_made // 24)
    cohort = make_cohort(n_subjects=n_subjects, duration=(120, 121), random_state=0)
    windows = np.concatenate(Segmenter(256).fit_transform(cohort.recordings))
    return np.resize(windows, (n_windows, windows.shape[1])).astype(np.float32)


@cache
def windows_of(path: str, sampling_rate: float = 256) -> tuple[np.ndarray, np.ndarray]:
    """Windows of 10 s of a recordings file, filtered, scaled by subject, and their subject."""
    with tempfile.TemporaryDirectory() as folder:
        data = prepare_windows(
            [path],
            Path(folder, "windows.npy"),
            sampling_rate=sampling_rate,
            transformer=ECGFilter(sampling_rate),
        )
        return np.array(data.windows), data.subject


def labelled_windows(args) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows, target and subject of --data, scaled by subject, or of a simulated cohort."""
    recordings, target, subject = labelled_recordings(args)
    return Segmenter(256).windows(scale_subjects(recordings, subject), target, subject)


def labelled_cohort(args) -> Bunch:
    """Recordings of --data, of people who have all classes, or a simulated cohort."""
    if args.data is None:
        return make_cohort(n_subjects=10, duration=(60, 61), random_state=0)
    where = dict.fromkeys(args.where, True)
    return load_recordings(args.data, target=args.target, where=where, complete_subjects=True)


def labelled_recordings(args) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Recordings of --data at 256 Hz, filtered, with target and subject, or a simulated cohort."""
    cohort = labelled_cohort(args)
    filtered = ECGFilter(256).fit_transform(resampled(cohort, 256))
    return filtered, cohort.target, cohort.subject


def resampled(cohort: Bunch, sampling_rate: float) -> list[np.ndarray]:
    """Recordings of a cohort at one rate."""
    rates = np.broadcast_to(cohort.sampling_rate, len(cohort.recordings))
    return [
        Resampler(rate, sampling_rate).fit_transform([recording])[0]
        for recording, rate in zip(cohort.recordings, rates, strict=True)
    ]
