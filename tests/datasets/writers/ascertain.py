"""A tiny tree of ASCERTAIN, after its documentation and what programs that read it expect.

`ASCERTAIN_Raw/ECGData/Movie_P01/ECG_Clip1.mat` has `Data_ECG`: time in ms, two channels of ECG, or
time, three of acceleration, two of ECG; and `timeECG`. `ASCERTAIN_Features/Dt_SelfReports.mat` has
`Ratings`, 5 x 58 x 36: arousal, valence, engagement, liking, familiarity.
"""

import numpy as np
import scipy.io


def ecg(person, clip, n_times, n_columns):
    """Samples that tell person, clip, column and time."""
    times = np.arange(n_times)[:, None]
    data = person * 100 + clip + np.arange(n_columns) * 0.125 + np.cos(times / 5)
    data[:, 0] = 5e7 + times[:, 0] * 1000 / 256
    return data


def clip_file(path, person=1, clip=1, n_times=30, n_columns=6, change=None):
    folder = path / "ASCERTAIN_Raw" / "ECGData" / f"Movie_P{person:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    variables = {
        "Data_ECG": ecg(person, clip, n_times, n_columns),
        "timeECG": np.array([[2013.0, 5, 6, 10, 11, 12.5]]),
    }
    if change:
        change(variables)
    scipy.io.savemat(folder / f"ECG_Clip{clip}.mat", variables, do_compression=True)
    return folder / f"ECG_Clip{clip}.mat"


def ratings():
    """Whole numbers on each scale."""
    people, clips = np.arange(58)[:, None], np.arange(36)
    scales = [people + step * clips for step in (1, 1, 2, 3, 4)]
    return np.array(scales) % 7 - np.array([0, 3, 0, 0, 0.0])[:, None, None]


def ratings_file(path, values=None, name="Ratings"):
    folder = path / "ASCERTAIN_Features"
    folder.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(folder / "Dt_SelfReports.mat", {name: ratings() if values is None else values})
    return folder / "Dt_SelfReports.mat"


def ascertain(path, missing=((9, 36),)):
    """Persons 1, whose files have 3 columns, and 9, whose files have 6; all clips but `missing`."""
    for person, n_columns in ((1, 3), (9, 6)):
        for clip in range(1, 37):
            if (person, clip) not in missing:
                clip_file(path, person, clip, n_times=30 + clip, n_columns=n_columns)
    ratings_file(path)
    return path
