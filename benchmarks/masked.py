"""Masked pretraining: windows a second and peak memory, for a plain port and for us."""

import subprocess
import sys
from pathlib import Path

from sklearn_ecgssl.pretext import MaskedPretrainer

from . import naive_transformer
from .ecg import simulated_windows
from .machine import precisions
from .tables import print_table
from .timing import time_in_turn

#: The paper's windows: 10 s at 128 Hz, 1281 tokens with the class token.
N_TIMES = 1280
BATCH_SIZE = 64

PORT, OURS = "torch.nn.TransformerEncoder, float32", "ours, {}"


def run(args) -> None:
    _speed(args)
    _embedding(args)
    if args.device == "cpu" and Path("/proc/self/status").exists():
        _memory(args)


def windows(n_windows: int):
    return simulated_windows(n_windows)[:, :N_TIMES]


def ours(precision: str, device: str, n_windows: int) -> MaskedPretrainer:
    pretrainer = MaskedPretrainer(
        max_epochs=1, batch_size=BATCH_SIZE, precision=precision, device=device, random_state=0
    )
    return pretrainer.fit(windows(n_windows))


def _speed(args) -> None:
    n_windows = BATCH_SIZE if args.device == "cpu" else 32 * BATCH_SIZE

    def port() -> float:
        naive_transformer.pretrain(windows(n_windows), BATCH_SIZE, device=args.device)
        return n_windows

    def package(precision: str) -> float:
        ours(precision, args.device, n_windows)
        return n_windows

    works = {PORT: port}
    works |= {OURS.format(p): lambda p=p: package(p) for p in precisions(args.device)}
    for precision in precisions(args.device):
        ours(precision, args.device, 4)  # first calls choose kernels and start threads
    rates = time_in_turn(works, min(args.rounds, 3))
    rows = [[name, rate.median, rate.over(rates[PORT])] for name, rate in rates.items()]
    print_table([f"training, batches of {BATCH_SIZE}", "windows/s", "x plain"], rows)
    print()


def _embedding(args) -> None:
    n_windows = 128 if args.device == "cpu" else 4096
    pretrainer = ours("auto", args.device, BATCH_SIZE)

    def encode(precision: str) -> float:
        pretrainer.set_params(precision=precision).encode(windows(n_windows))
        return n_windows

    works = {OURS.format(p): lambda p=p: encode(p) for p in precisions(args.device)}
    rates = time_in_turn(works, min(args.rounds, 3))
    print_table(["embedding", "windows/s"], [[name, rate.median] for name, rate in rates.items()])
    print()


def _memory(args) -> None:
    works = {PORT: "port", **{OURS.format(p): p for p in precisions(args.device)}}
    rows = [[name, _peak_of_a_process(work)] for name, work in works.items()]
    print_table([f"one batch of {BATCH_SIZE}, a process of its own", "peak memory, MB"], rows)


def _peak_of_a_process(work: str) -> float:
    answer = subprocess.run(
        [sys.executable, "-m", __spec__.name, work], check=True, capture_output=True, text=True
    )
    return float(answer.stdout)


def train_one_batch(work: str) -> None:
    """What a process does whose memory is measured."""
    if work == "port":
        naive_transformer.pretrain(windows(BATCH_SIZE), BATCH_SIZE)
    else:
        ours(work, "cpu", BATCH_SIZE)
    # getrusage would give the peak of the process that started this one, where that is higher.
    lines = Path("/proc/self/status").read_text().splitlines()
    print(next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")))


if __name__ == "__main__":
    train_one_batch(sys.argv[1])
