"""A tiny DREAMER.mat, after what programs that read it expect.

`DREAMER` has `Data`, a cell for each person, in which `ECG` and `EEG` have `baseline` and
`stimuli`, 18 x 1 cells of (n, 2) and (n, 14) numbers, and scores are 18 x 1. The ECG are counts of
a 12-bit converter.
"""

import numpy as np
import scipy.io

from tests.datasets.writers.mat_cells import cells


def counts(person, film, n_times, n_columns):
    """Whole numbers that tell person, film, column and time."""
    times = np.arange(n_times)[:, None]
    return 2048.0 + 100 * person + film + 20 * np.arange(n_columns) + times % 7


def one_person(person, n_times):
    def trials(n_columns, n_samples):
        return [counts(person, film, n_samples + film, n_columns) for film in range(18)]

    films = np.arange(18)[:, None]
    return {
        "Age": "22",
        "Gender": "male",
        "EEG": {"baseline": trials(14, 20), "stimuli": trials(14, 20)},
        "ECG": {"baseline": trials(2, 20), "stimuli": trials(2, n_times)},
        "ScoreValence": 1.0 + films % 5,
        "ScoreArousal": 1.0 + (films + person) % 5,
        "ScoreDominance": 1.0 + films // 4,
    }


def dreamer(path, n_people=2, change=None, n_times=40):
    """Write DREAMER.mat; `change` does something to the variable before."""
    people = [one_person(person, n_times) for person in range(1, n_people + 1)]
    whole = {
        "Data": people,
        "EEG_SamplingRate": 128.0,
        "ECG_SamplingRate": 256.0,
        "EEG_Electrodes": ["AF3", "F7"],
        "noOfSubjects": float(n_people),
        "noOfVideoSequences": 18.0,
    }
    if change:
        change(whole)
    for person in whole["Data"]:
        for signal in ("EEG", "ECG"):
            if signal in person:
                person[signal] = {
                    part: cells(trials, (len(trials), 1)) for part, trials in person[signal].items()
                }
    whole["Data"] = cells(whole["Data"])
    whole["EEG_Electrodes"] = cells(whole["EEG_Electrodes"])
    path.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path / "DREAMER.mat", {"DREAMER": whole}, do_compression=True)
    return path / "DREAMER.mat"
