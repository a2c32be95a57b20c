"""Preparing recordings files: hours of ECG a second, from recordings to one array of windows."""

import tempfile
from itertools import count
from pathlib import Path

from sklearn_ecgssl.datasets import make_cohort, prepare_windows, save_recordings
from sklearn_ecgssl.signal import ECGFilter

from .tables import print_table
from .timing import time_in_turn

#: How often the file is prepared in one go, as if it were so many.
FILES = 4

WINDOW_HOURS = 10 / 3600


def run(args) -> None:
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        file = Path(args.data) if args.data else _simulated(Path(folder))
        number = count()

        def prepare(n_jobs: int) -> float:
            out = Path(folder, f"{next(number)}.zarr")
            data = prepare_windows([file] * FILES, out, transformer=ECGFilter(256), n_jobs=n_jobs)
            return data.windows.shape[0] * WINDOW_HOURS

        works = {f"{n} processes": lambda n=n: prepare(n) for n in (1, 2)}
        prepare(2)  # starts the processes
        rates = time_in_turn(works, args.rounds)
        data = prepare_windows(
            [file] * FILES, Path(folder, "last.zarr"), transformer=ECGFilter(256)
        )
        n_bytes = sum(one.stat().st_size for one in Path(folder, "last.zarr").rglob("*"))
        hours = data.windows.shape[0] * WINDOW_HOURS
        rows = [
            [name, rate.median, rate.median * 3600, rate.over(rates["1 processes"])]
            for name, rate in rates.items()
        ]
    print_table(["", "hours/s", "hours an hour", "x 1 process"], rows)
    before = file.stat().st_size * FILES / hours / 1e6
    print(
        f"\n{hours / FILES:.2f} hours, {FILES} times: {before:.2f} MB an hour as recordings, "
        f"{n_bytes / hours / 1e6:.2f} MB as a Zarr array of windows at 256 Hz."
    )


def _simulated(folder: Path) -> Path:
    cohort = make_cohort(n_subjects=20, duration=300, random_state=0)
    return save_recordings(folder / "simulated.npz", cohort.recordings, 256, cohort.subject)
