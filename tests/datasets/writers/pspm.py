"""Tiny PsPM files, after the description in the toolbox's `pspm_load_data`.

`infos` has `duration` in seconds; `data` is a column of cells, in each `data`, a column of numbers,
and `header` with `chantype`, `sr` and `units`, which are "events" for time stamps.
"""

import numpy as np
import scipy.io

from tests.datasets.writers.mat_cells import cells


def channel(kind, samples, rate=1000.0, units="unknown"):
    samples = np.asarray(samples, dtype=float)
    return {
        "data": samples[:, None] if samples.ndim == 1 else samples,
        "header": {"chantype": kind, "sr": rate, "units": units},
    }


def ecg(n_times=2000, person=1):
    return person + np.sin(np.arange(n_times) / 50)


def pspm(path, channels=None, duration=2.0, **infos):
    """Write a file: markers, skin conductance, ECG and breathing of 2 s, or the channels given."""
    if channels is None:
        channels = [
            channel("marker", [0.5, 1.5], 1.0, "events"),
            channel("scr", np.arange(2000.0)),
            channel("ecg", ecg()),
            channel("resp", np.arange(200.0), 100.0),
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(
        path,
        {
            "infos": {"duration": duration, "source": {"type": "CED Spike (.smr)"}, **infos},
            "data": cells(channels, (len(channels), 1)),
        },
        do_compression=True,
    )
    return path


def behaviour(path):
    """Write a file with answers, which is no PsPM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"indata": np.arange(6.0).reshape(2, 3), "subject": 1.0})
    return path
