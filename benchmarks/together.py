"""One network, trained by several processes: what sharing the work and adding gradients costs.

Processes have one thread each, and the batch is that of all of them together.
"""

import json
import os
import subprocess
import sys
import time

import numpy as np
import torch
import torch.distributed as dist
from skorch.callbacks import Callback

from sklearn_ecgssl.pretext import PretextPretrainer

from .ecg import simulated_windows
from .tables import print_table
from .timing import Rate

N_VIEWS = 7
N_WINDOWS = 128
BATCHES = (32, 128)
PROCESSES = (1, 2)


def run(args) -> None:
    rates = {(n, size): Rate([]) for size in BATCHES for n in PROCESSES}
    for _ in range(args.rounds):
        for n, size in rates:
            answer = _launched(n, size)
            rates[n, size].rates.append(answer["inputs/s"])
    rows = [
        [f"{n} processes, batches of {size}", rate.median, rate.over(rates[1, size])]
        for (n, size), rate in rates.items()
    ]
    print_table(["the papers' network", "inputs/s", "x 1 process"], rows)
    print(
        f"\nGradients: {answer['bytes'] / 1e6:.2f} MB, added up by gloo in {answer['ms']:.1f} ms "
        f"between {PROCESSES[-1]} processes of this machine."
    )


def _launched(n_processes: int, batch_size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(n_processes), "-m", __name__, str(batch_size)]
    answer = subprocess.run(
        command,
        check=True,
        text=True,
        capture_output=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    return json.loads(answer.stdout.splitlines()[-1])


class Clock(Callback):
    """When each epoch ended."""

    ends: list[float] = []

    def on_epoch_end(self, net, **kwargs) -> None:
        self.ends.append(time.perf_counter())


def measure(batch_size: int) -> None:
    """What each process does; the first one prints what it has measured."""
    torch.set_num_threads(1)
    windows = simulated_windows(N_WINDOWS)
    fitted = PretextPretrainer(
        max_epochs=2, batch_size=batch_size, callbacks=[Clock], random_state=0
    ).fit(windows)
    n_weights = sum(array.size for array in fitted.state_.values())
    seconds = _adding(n_weights) if dist.is_initialized() else [0.0]
    if os.environ["RANK"] == "0":
        rate = N_VIEWS * len(windows) / float(np.mean(np.diff(Clock.ends)))
        print(
            json.dumps({"inputs/s": rate, "bytes": 4 * n_weights, "ms": 1e3 * np.median(seconds)})
        )


def _adding(n_weights: int) -> list[float]:
    numbers, seconds = torch.zeros(n_weights), []
    for _ in range(20):
        start = time.perf_counter()
        dist.all_reduce(numbers)
        seconds.append(time.perf_counter() - start)
    return seconds


if __name__ == "__main__":
    measure(int(sys.argv[1]))
