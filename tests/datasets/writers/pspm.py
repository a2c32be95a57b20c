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


def pspm(path, channels):
    """Write a file of some channels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    variables = {"infos": {"duration": 2.0}, "data": cells(channels, (len(channels), 1))}
    scipy.io.savemat(path, variables)


def behaviour(path):
    """Write a file with answers, which is no PsPM file."""
    scipy.io.savemat(path, {"indata": np.arange(6.0).reshape(2, 3), "subject": 1.0})
