"""Pretraining: inputs (views of windows) a second, for the naive port, for us, and at most."""

import time
from functools import partial

import numpy as np
import torch

from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training._batches import cut, window_source
from sklearn_ecgssl.transforms import default_transforms, make_views

from . import naive
from .bound import rows_against_bounds, training_bound
from .ecg import simulated_windows
from .machine import precisions
from .tables import print_table
from .timing import time_in_turn

N_VIEWS = 7
#: A small data set.
SMALL = 192


def run(args) -> None:
    _against_the_naive_port(args)
    _small_batches(args)
    _share_of_the_batches(args)


def fit(n_windows: int, precision: str, device: str, batch_size: int = 128) -> float:
    """Train one epoch and return the number of inputs."""
    PretextPretrainer(
        max_epochs=1, batch_size=batch_size, precision=precision, device=device, random_state=0
    ).fit(simulated_windows(n_windows))
    return N_VIEWS * n_windows


def _against_the_naive_port(args) -> None:
    n_windows = 256 if args.device == "cpu" else 58_000

    def naive_port(batch_size: int) -> float:
        naive.pretrain(simulated_windows(128), batch_size)
        return N_VIEWS * 128

    def ours(precision: str) -> float:
        return fit(n_windows, precision, args.device)

    works = {
        "naive port": lambda: naive_port(128),
        "naive port, batches of 32": lambda: naive_port(32),
        **{f"ours, {name}": partial(ours, name) for name in precisions(args.device)},
    }
    for precision in precisions(args.device):
        fit(128, precision, args.device)  # first calls choose kernels and start threads
    rates = time_in_turn(works, min(args.rounds, 5))
    header = ["batches of 128 windows", "inputs/s", "x naive", "bound", "of the bound"]
    print_table(header, rows_against_bounds(rates, training_bound, args.device))
    print()


def _small_batches(args) -> None:
    sizes = (8, 32, 128)
    works = {str(size): lambda size=size: fit(SMALL, "auto", args.device, size) for size in sizes}
    rates = time_in_turn(works, min(args.rounds, 3))
    largest = rates[str(sizes[-1])]
    rows = [[size, rate.median, rate.over(largest)] for size, rate in rates.items()]
    print_table([f"batch size, {SMALL} windows", "inputs/s", "x batches of 128"], rows)
    print()


def _share_of_the_batches(args) -> None:
    """Time an epoch's batches, gathered and transformed, against the whole epoch."""
    n_windows, device = 256, torch.device(args.device)
    transforms = [transform for _, transform in default_transforms()]
    source = window_source(WindowStore([simulated_windows(n_windows)]), None, device, True)
    generator = torch.Generator(device).manual_seed(0)
    batches = cut(np.random.default_rng(0).permutation(n_windows), 128)

    def seconds(work) -> float:
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    def gather() -> None:
        for _ in source.batches(batches):
            pass

    def gather_and_transform() -> None:
        for windows, _ in source.batches(batches):
            make_views(windows, transforms, generator)

    works = [gather, gather_and_transform, lambda: fit(n_windows, "auto", args.device)]
    times = np.array([[seconds(work) for work in works] for _ in range(args.rounds)])
    shares = np.median(times / times[:, -1:], axis=0)
    rows = [
        ["gathering the windows", f"{100 * shares[0]:.2f} %"],
        ["gathering and transforming them", f"{100 * shares[1]:.2f} %"],
    ]
    print_table(["of an epoch, batches of 128", "share"], rows)
