"""A small WESAD, after the description of its files: a folder a person.

Chest signals and labels at 700 Hz, wrist signals at 64 and 4 Hz; ECG in mV as the recorder's 16
bits give it. A line of the questionnaire is a tag and cells, padded with empty ones to the same
number, and there is no header.
"""

import pickle

import numpy as np

RATE = 700
CODES = {"Base": 1, "TSST": 2, "Fun": 3, "Medi 1": 4, "Medi 2": 4}
ORDERS = {
    "S2": ["Base", "TSST", "Medi 1", "Fun", "Medi 2"],
    "S10": ["Base", "Fun", "Medi 2", "TSST", "Medi 1"],  # S14 has its meditations so
}
READING = {"sRead": 6, "fRead": 7}
_COLUMNS = 27


def ecg(n, rng):
    """Samples in mV: counts of 16 bits, one of which is 3 mV / 65536."""
    counts = np.clip(np.round(rng.normal(2**15, 2000, n)), 0, 2**16 - 1)
    return (counts / 2**16 - 0.5) * 3


def label(order, rng, seconds=2):
    """A session: phases of `seconds` and more, times of reading at the end, and pauses."""
    codes = [*(CODES[name] for name in order), *READING.values()]
    parts = [np.full(n, 0) for n in rng.integers(100, 200, len(codes) + 1)]
    for at, code in reversed(list(enumerate(codes, 1))):
        parts.insert(at, np.full(rng.integers(seconds * RATE + 10, (seconds + 1) * RATE), code))
    return np.concatenate(parts).astype(np.int32)


def content(subject, labels, rng):
    """What is in a person's pickle."""
    n = len(labels)
    chest = {"ACC": np.zeros((n, 3)), "ECG": ecg(n, rng)[:, np.newaxis], "Resp": np.zeros((n, 1))}
    wrist = {"BVP": np.zeros((n * 64 // RATE, 1)), "EDA": np.zeros((n * 4 // RATE, 1))}
    return {"signal": {"chest": chest, "wrist": wrist}, "label": labels, "subject": subject}


def ratings(order):
    """Valence and arousal of each phase: other ones for each."""
    return [(9 - phase, phase + 1) for phase in range(len(order))]


def quest(subject, order):
    """The text of a person's questionnaires."""
    lines = [
        ["# Subj", subject],
        ["# ORDER", *order, *READING],
        ["# START", *(f"{7 + 20 * i}.08" for i in range(len(order) + 2))],
        [""],
        *[["# PANAS", *"12345" * 5] for _ in order],
        [""],
        *[["# DIM", *map(str, answer)] for answer in ratings(order)],
    ]
    return "".join(";".join([*line, *[""] * (_COLUMNS - len(line))]) + "\r\n" for line in lines)


def write(folder, subjects=("S2", "S10"), seconds=2):
    """Write a data set, and return what each person's pickle holds."""
    written = {}
    for subject in subjects:
        rng = np.random.default_rng([0, int(subject[1:])])
        order = ORDERS.get(subject, ORDERS["S2"])
        written[subject] = content(subject, label(order, rng, seconds), rng)
        place = folder / subject
        place.mkdir(parents=True)
        (place / f"{subject}.pkl").write_bytes(pickle.dumps(written[subject], 2))
        (place / f"{subject}_quest.csv").write_text(quest(subject, order), newline="")
        (place / f"{subject}_readme.txt").write_text("### Personal information ###\n")
    return written
