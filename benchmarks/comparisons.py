"""Comparing views: windows a second in training and embedding, beside a plain port and the bound.

The preset "rhythm": windows of 10 s at 100 Hz, two views of 7.1 s of each in training.
"""

from functools import cache, partial

import numpy as np
import torch
from torch import nn

from sklearn_ecgssl.networks import DilatedTrunk
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms._pairs import view_length

from . import naive_comparisons as naive
from .bound import rows_against_bounds
from .ecg import simulated_windows
from .machine import multiplication_rate, precisions
from .tables import print_table
from .timing import time_in_turn

N_TIMES = 1000


def run(args) -> None:
    windows = np.ascontiguousarray(simulated_windows(1024)[:, :N_TIMES])
    _training(windows, args)
    _embedding(windows, args)


def _training(windows: np.ndarray, args) -> None:
    def naive_port() -> float:
        naive.pretrain(windows[:512])
        return 512

    def ours(precision: str) -> float:
        PretextPretrainer.from_preset(
            "rhythm", max_epochs=1, precision=precision, device=args.device, random_state=0
        ).fit(windows)
        return len(windows)

    works = {
        "naive port": naive_port,
        **{f"ours, {name}": partial(ours, name) for name in precisions(args.device)},
    }
    time_in_turn(works, 1)
    rates = time_in_turn(works, min(args.rounds, 5))
    header = ["training, batches of 64 windows", "windows/s", "x naive", "bound", "of the bound"]
    print_table(header, rows_against_bounds(rates, training_bound, args.device))
    print()


def _embedding(windows: np.ndarray, args) -> None:
    network = naive.Network()
    encoder = PretextPretrainer.from_preset("rhythm", max_epochs=0, device=args.device)
    encoder.fit(windows[:64])

    def naive_port() -> float:
        naive.embed(network, windows)
        return len(windows)

    def ours(precision: str) -> float:
        encoder.set_params(precision=precision).encode(windows)
        return len(windows)

    works = {
        "naive port": naive_port,
        **{f"ours, {name}": partial(ours, name) for name in precisions(args.device)},
    }
    time_in_turn(works, 1)
    rates = time_in_turn(works, args.rounds)
    header = ["embedding, windows of 10 s", "windows/s", "x naive", "bound", "of the bound"]
    print_table(header, rows_against_bounds(rates, embedding_bound, args.device))


@cache
def operations(n_times: int) -> float:
    """Multiplications and additions of the trunk's convolutions, forward, for one view."""
    trunk, total = DilatedTrunk(), [0.0]

    def count(conv: nn.Conv2d, inputs, output) -> None:
        total[0] += 2 * conv.weight.numel() * output.shape[-1]

    for layer in trunk.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    with torch.no_grad():
        trunk(torch.zeros(1, n_times))
    return total[0]


def embedding_bound(dtype: torch.dtype, device: str) -> float:
    """Windows a second."""
    return multiplication_rate(dtype, device) / operations(N_TIMES)


def training_bound(dtype: torch.dtype, device: str) -> float:
    """Windows a second: of two views each, and the backward pass costs twice the forward one."""
    return multiplication_rate(dtype, device) / (
        6 * operations(view_length(N_TIMES, naive.STRETCH))
    )
