"""What a buffer costs: pretraining on windows that lie by person, shuffled wholly or nearby.

A small network on windows at 64 Hz, so that many trainings can be compared. Chunks hold as many
windows as a person has, which is the worst that a file can do to a buffer: without one, a batch is
of one person.
"""

import re

import numpy as np

from sklearn_ecgssl.pretext import PretextPretrainer

from .ecg import windows_of
from .people import interval
from .tables import print_table

#: Windows of a person, and so of a chunk.
PER_PERSON = 48
#: In people; None shuffles all windows.
BUFFERS = (None, 0, 1, 4, 16)
RATE = 64


class InChunks:
    """Windows that are given in slices alone, as a Zarr array gives them."""

    def __init__(self, windows: np.ndarray) -> None:
        self.windows = windows
        self.shape, self.dtype = windows.shape, windows.dtype
        self.chunks = PER_PERSON, windows.shape[1]

    def __getitem__(self, rows: slice) -> np.ndarray:
        return self.windows[rows]


def run(args) -> None:
    if args.data is None:
        print("not measured: this needs real ECG of many people, --data")
        return
    learn, held_out = _people(args.data)
    print(
        f"{args.data}: {learn.shape[0] // PER_PERSON} people to learn from, "
        f"{len(held_out) // PER_PERSON} held out, {PER_PERSON} windows each; {args.epochs} epochs, "
        f"{args.seeds} seeds. Means over seeds; 95 % interval over seeds of the difference from "
        "shuffling all.\n"
    )
    found = {buffer: [] for buffer in BUFFERS}
    for seed in range(args.seeds):
        for buffer in BUFFERS:
            found[buffer].append(_losses(learn, held_out, buffer, args.epochs, seed))
            print(".", end="", flush=True)
    print("\n")
    rows = [_row(buffer, np.array(found[buffer]), np.array(found[None])) for buffer in BUFFERS]
    header = ["shuffled", "training loss", "held-out loss", "difference", "held-out accuracy"]
    print_table(header, rows)


def _people(path: str) -> tuple[InChunks, np.ndarray]:
    """Windows of two thirds of the people, person by person, and of the others."""
    windows, subject = windows_of(path, RATE)
    people = [np.flatnonzero(subject == one) for one in dict.fromkeys(subject.tolist())]
    people = [own[np.linspace(0, len(own) - 1, PER_PERSON).astype(int)] for own in people
              if len(own) >= PER_PERSON]  # fmt: skip
    people = [people[i] for i in np.random.default_rng(0).permutation(len(people))]
    n_learn = 2 * len(people) // 3
    return (
        InChunks(windows[np.concatenate(people[:n_learn])]),
        windows[np.concatenate(people[n_learn:])],
    )


def _losses(
    learn: InChunks, held_out: np.ndarray, buffer: int | None, epochs: int, seed: int
) -> list[float]:
    pretrainer = PretextPretrainer(
        filters=(8, 16, 32),
        kernel_sizes=(32, 16, 8),
        max_epochs=epochs,
        batch_size=32,
        shuffle_buffer=None if buffer is None else max(1, buffer * PER_PERSON),
        random_state=seed,
    ).fit(learn.windows if buffer is None else learn, X_val=held_out)
    last = pretrainer.history_[-1]
    tasks = [value for name, value in last.items() if re.match("valid_.*_accuracy", name)]
    return [last["train_loss"], last["valid_loss"], float(np.mean(tasks))]


def _row(buffer: int | None, found: np.ndarray, whole: np.ndarray) -> list[object]:
    name = "wholly" if buffer is None else f"in a buffer of {buffer} people"
    difference = "" if buffer is None else interval(found[:, 1] - whole[:, 1], "+")
    training, valid, accuracy = found.mean(axis=0)
    return [name, float(training), float(valid), difference, float(accuracy)]
