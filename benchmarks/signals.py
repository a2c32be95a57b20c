"""Filtering, resampling and segmenting: hours of ECG a second."""

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.datasets import make_cohort
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter

from .tables import print_table
from .timing import time_in_turn


def run(args) -> None:
    import neurokit2

    cohort = make_cohort(n_subjects=16, duration=(170, 180), sampling_rate=500, random_state=0)
    recordings = cohort.recordings
    hours = sum(map(len, recordings)) / 500 / 3600
    steps = make_pipeline(Resampler(500, 256), ECGFilter(256), Segmenter(256))
    high_pass = butter(4, 0.8, "highpass", fs=256, output="sos")

    def ours() -> float:
        steps.fit_transform(recordings)
        return hours

    def scipy_loop() -> float:
        windows = []
        for recording in recordings:
            filtered = sosfiltfilt(high_pass, resample_poly(recording, 64, 125))
            n_windows = len(filtered) // 2560
            windows.append(filtered[: n_windows * 2560].reshape(n_windows, 2560))
        return hours

    def our_filter() -> float:
        ECGFilter(500).fit_transform(recordings)
        return hours

    def neurokit() -> float:
        for recording in recordings:
            neurokit2.ecg_clean(recording, sampling_rate=500)
        return hours

    works = {
        "ours: resample, filter, segment": ours,
        "scipy: the same, recording by recording": scipy_loop,
        "ours: filter at 500 Hz": our_filter,
        "neurokit2: clean at 500 Hz": neurokit,
    }
    time_in_turn(works, 1)
    rates = time_in_turn(works, args.rounds)
    scipy_rate, *_ = [rate for name, rate in rates.items() if name.startswith("scipy")]
    rows = [[name, rate.median, rate.over(scipy_rate)] for name, rate in rates.items()]
    n = len(np.unique(cohort.subject))
    header = [f"{len(recordings)} recordings of {n} people at 500 Hz", "hours/s", "x scipy"]
    print_table(header, rows)
