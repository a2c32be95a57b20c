"""Tiny files of AMIGOS, after its documentation and what programs that read it expect.

Preprocessed: `joined_data`, `labels_selfassessment`, `VideoIDs`, 1 x 20 cells each. 17 columns: 14
EEG, ECG right, ECG left, GSR. Labels: arousal, valence, dominance, liking, familiarity, neutral,
disgust, happiness, surprise, anger, fear, sadness. Original: `ECG_DATA`, `VideoIDs`; ECG has time
in ms, two channels, acceleration. What is not read is left away.
"""

import numpy as np
import scipy.io

from tests.datasets.writers.mat_cells import cells

VIDEOS = [
    *map(str, [10, 13, 138, 18, 19, 20, 23, 30, 31, 34, 36, 4, 5, 58, 80, 9]),
    *["N1", "P1", "B1", "U1"],
]
BASELINE = 640  # 5 s at 128 Hz


def signal(person, trial, n_times, n_columns):
    """Samples that tell person, trial, column and time."""
    times = np.arange(n_times)[:, None]
    return person * 1000 + trial * 10 + np.arange(n_columns) * 0.125 + np.sin(times / 9)


def labels(person, trial):
    """Ratings that tell person, trial and column."""
    ratings = np.array([1.5, 3.5, 5.5, 7.5, 8.5]) + trial / 100 + person / 1000
    return np.concatenate([ratings, np.arange(7) == trial % 7])[None]


def preprocessed(path, person=1, change=None, n_times=700):
    """Write Data_Preprocessed_P01.mat; `change` does something to the variables before."""
    variables = {
        "joined_data": [signal(person, i, n_times + i, 17) for i in range(20)],
        "labels_selfassessment": [labels(person, i) for i in range(20)],
        "VideoIDs": list(VIDEOS),
    }
    if change:
        change(variables)
    return _write(path / f"Data_Preprocessed_P{person:02d}.mat", variables)


def original(path, person=1, change=None, n_times=50):
    """Write Data_Original_P01.mat: the videos in another order."""
    ecg = [signal(person, i, n_times + i, 6) for i in range(20)]
    for trial in ecg:
        trial[:, 0] = 1e6 + np.arange(len(trial)) * 1000 / 256
    variables = {
        "ECG_DATA": ecg,
        "VideoIDs": VIDEOS[::-1],
    }
    if change:
        change(variables)
    return _write(path / f"Data_Original_P{person:02d}.mat", variables)


def _write(path, variables):
    path.parent.mkdir(parents=True, exist_ok=True)
    made = {
        name: cells(value) if isinstance(value, list) else value
        for name, value in variables.items()
    }
    scipy.io.savemat(path, made, do_compression=True)
    return path
