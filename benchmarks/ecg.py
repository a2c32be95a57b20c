"""Simulated ECG of the sizes that the benchmarks need."""

from functools import cache

import numpy as np

from sklearn_ecgssl.datasets import make_cohort
from sklearn_ecgssl.signal import Segmenter


@cache
def simulated_windows(n_windows: int) -> np.ndarray:
    """Windows of 10 s at 256 Hz, float32; the same ones over again beyond 2000."""
    n_made = min(n_windows, 2000)
    n_subjects = -(-n_made // 24)
    cohort = make_cohort(n_subjects=n_subjects, duration=(120, 121), random_state=0)
    windows = np.concatenate(Segmenter(256).fit_transform(cohort.recordings))
    return np.resize(windows, (n_windows, windows.shape[1])).astype(np.float32)
