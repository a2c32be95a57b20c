"""A tiny DREAMER.mat, after what programs that read it expect.

`DREAMER` has `Data`, a cell for each person, in which `ECG` has `baseline` and `stimuli`, 18 x 1
cells of (n, 2) counts of a 12-bit converter, and scores are 18 x 1. The EEG is left away.
"""

import numpy as np
import scipy.io

from tests.datasets.writers.mat_cells import cells


def counts(person, film, n_times, n_columns):
    """Whole numbers that tell person, film, column and time."""
    times = np.arange(n_times)[:, None]
    return 2048.0 + 100 * person + film + 20 * np.arange(n_columns) + times % 7


def one_person(person, n_times):
    def trials(n_samples):
        return [counts(person, film, n_samples + film, 2) for film in range(18)]

    films = np.arange(18)[:, None]
    return {
        "Age": "22",
        "Gender": "male",
        "ECG": {"baseline": trials(20), "stimuli": trials(n_times)},
        "ScoreValence": 1.0 + films % 5,
        "ScoreArousal": 1.0 + (films + person) % 5,
        "ScoreDominance": 1.0 + films // 4,
    }


def dreamer(path, n_people=2, change=None, n_times=40):
    """Write DREAMER.mat; `change` does something to the variable before."""
    people = [one_person(person, n_times) for person in range(1, n_people + 1)]
    whole = {
        "Data": people,
        "ECG_SamplingRate": 256.0,
        "noOfSubjects": float(n_people),
        "noOfVideoSequences": 18.0,
    }
    if change:
        change(whole)
    for person in people:
        for part, trials in person["ECG"].items():
            person["ECG"][part] = cells(trials, (18, 1))
    whole["Data"] = cells(people)
    path.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path / "DREAMER.mat", {"DREAMER": whole}, do_compression=True)
    return path / "DREAMER.mat"
