"""Embedding: windows a second, for the naive port, for us, and at most."""

from functools import partial

from sklearn_ecgssl.pretext import PretextPretrainer

from . import naive
from .bound import embedding_bound, rows_against_bounds
from .ecg import simulated_windows
from .machine import precisions
from .tables import print_table
from .timing import time_in_turn


def run(args) -> None:
    n_windows = 1024 if args.device == "cpu" else 58_000
    windows = simulated_windows(n_windows)
    network = naive.Network()
    pretrainer = PretextPretrainer(max_epochs=1, device=args.device, random_state=0)
    pretrainer.fit(windows[:128])

    def naive_port(batch_size: int) -> float:
        naive.embed(network, windows[:512], batch_size)
        return 512

    def ours(precision: str) -> float:
        pretrainer.set_params(precision=precision).encode(windows)
        return n_windows

    works = {
        "naive port": lambda: naive_port(128),
        "naive port, batches of 32": lambda: naive_port(32),
        **{f"ours, {name}": partial(ours, name) for name in precisions(args.device)},
    }
    time_in_turn(works, 1)
    rates = time_in_turn(works, args.rounds)
    header = ["windows of 10 s", "windows/s", "x naive", "bound", "of the bound"]
    print_table(header, rows_against_bounds(rates, embedding_bound, args.device))
