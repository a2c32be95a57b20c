"""SWELL-KW with two people: folders, names, channels and columns as its users describe them."""

from datetime import datetime

import numpy as np
import pandas as pd

from tests.datasets.writers import poly5

RECORDINGS = "0 - Raw data/D - Physiology - raw data/Mobi signals (raw and filtered)"
TABLE = "Behavioral-features - per minute.xlsx"
RATE = 2048

#: By person and block. Relaxation alone is no condition of the experiment, but a table may have it.
CONDITIONS = {
    **{(2, 1): "N", (2, 2): "T", (2, 3): "I"},
    **{(10, 1): "I", (10, 2): "N", (10, 3): "R"},
}
#: Valence, arousal, dominance, stress, mental effort, NASA-TLX (six), by person and block.
RATINGS = {
    (2, 1): [7, 2, 6, 1.5, 3.2, 1, 2, 3, 4, 5, 6],
    (2, 2): [4, 6, 5, 6.25, 11.3, 10, 0, 9, 8, 7, 5],
    (2, 3): [3, 7, 4, 8, 9, 6, 1, 5, 6, 3, 8],
    (10, 1): [9, 1, 9, 0, 1.3, 2, 1, 2, 2, 9, 1],
    (10, 2): [1, 9, 1, 10, 10, 8, 3, 7, 9, 2, 10],
}
RATING_COLUMNS = [
    *["Valence_rc", "Arousal_rc", "Dominance", "Stress", "MentalEffort", "MentalDemand"],
    *["PhysicalDemand", "TemporalDemand", "Effort", "Performance_rc", "Frustration"],
]
COLUMNS = ["timestamp", "PP", "Blok", "Condition", "SnChars", *RATING_COLUMNS, "NasaTLX", "HR"]
N_REST, N_WORK = 2, 3


def write(folder, *, n_times=40, table=TABLE, blocks=None, **poly5_options):
    """Write a folder: recordings and, if it is named, the table."""
    for person, block in CONDITIONS if blocks is None else blocks:
        write_block(folder, person, block, n_times=n_times + person + block, **poly5_options)
    if table:
        write_table(folder / table, rows())


def write_table(path, table):
    """Write a workbook, in whose first sheet the table is."""
    names, *cells = table
    with pd.ExcelWriter(path) as workbook:
        pd.DataFrame(cells, columns=names).to_excel(workbook, sheet_name="data", index=False)
        pd.DataFrame([["a note"]]).to_excel(workbook, sheet_name="notes")


def write_block(folder, person, block, *, n_times=40, suffix="", **poly5_options):
    place = folder / RECORDINGS
    place.mkdir(parents=True, exist_ok=True)
    options = {"rate": RATE, "start": datetime(2012, 9, 18, 12 + block, 5, 6)} | poly5_options
    path = place / f"pp{person}_18-9-2012_c{block}{suffix}.S00"
    return poly5.write(path, channels(person, block, n_times), **options)


def channels(person, block, n_times):
    signal = poly5.signal
    return [
        signal("A", np.zeros(n_times), "mV"),
        signal("B", np.zeros(n_times), "mV"),
        signal("Rate", np.full(n_times, 71.0), "bpm"),
        signal("Beat rate", np.full(n_times, 70.0), "bpm"),
        signal("Beats", np.arange(n_times) % 2, ""),
        signal("Heart", ecg(person, block, n_times) + 2000, unit_high=71.5),
        signal("Skin", np.full(n_times, 3.0), "mV"),
        signal("HeartPre", ecg(person, block, n_times), unit_high=71.5),
    ]


def ecg(person, block, n_times):
    """Beats of 1 mV, in µV, at a rate that differs between blocks."""
    period = RATE * (0.7 + 0.02 * person - 0.04 * block)
    phase = (np.arange(n_times) + 10.0) % period / RATE
    return 1000 * np.exp(-0.5 * ((phase - 0.02) / 0.01) ** 2) - person - block / 10


def rows():
    """The table: for each block some minutes of relaxation, then of work, each with its ratings."""
    table = [COLUMNS]
    for (person, block), condition in CONDITIONS.items():
        for minute in range(N_REST + N_WORK):
            letter = "R" if minute < N_REST else condition
            ratings = [None] * 11 if letter == "R" else RATINGS[person, block]
            stamp = f"20120918T13{minute:02d}00000"
            table.append([stamp, f"PP{person}", block, letter, 25, *ratings, 40.5, 71.0])
    return table
