"""Reading windows that do not fit into memory: windows a second, in the order of an epoch."""

import os
import shutil
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from sklearn_ecgssl.datasets._prepare_windows import write_windows
from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training._batches import cut, shuffled, shuffled_in_buffer
from sklearn_ecgssl.training._group import ALONE

from .bound import operations_per_window
from .ecg import simulated_windows, windows_of
from .pretraining import N_VIEWS, fit
from .tables import print_table
from .timing import Rate, time_in_turn

BUFFERS = (4_096, 32_768)
BATCH = 128

#: Windows of which the order of an epoch is drawn, none is read.
MANY = 10_000_000

#: Windows that are written at a time.
PART = 2048


def run(args) -> None:
    folder = Path(tempfile.mkdtemp(prefix="loading-", dir=args.folder))
    try:
        _compare(args, folder)
    finally:
        shutil.rmtree(folder)


def _compare(args, folder: Path) -> None:
    n_windows, some = args.windows, _some(args)
    parts = [some[: min(len(some), n_windows - i)] for i in range(0, n_windows, len(some))]
    _write_npy(parts, n_windows, folder / "windows.npy")
    print(f"{n_windows} windows of {some.shape[1]} samples, {args.data or 'simulated'}.\n")
    _print_sizes(parts, folder)
    array = zarr.open_array(folder / "float32.zarr", mode="r")
    rates = time_in_turn(_readers(some, array, folder), args.rounds)
    training = time_in_turn({"": lambda: fit(128, "auto", args.device) / N_VIEWS}, args.rounds)[""]
    _print(rates, training, args.device)


def _print_sizes(parts: list[np.ndarray], folder: Path) -> None:
    n_windows, n_times = sum(map(len, parts)), parts[0].shape[1]
    rows = [[".npy, float32", 4 * n_times, None]]
    for dtype in ("float32", "float16"):
        path = folder / f"{dtype}.zarr"
        rate = time_in_turn(
            {"": lambda path=path, dtype=dtype: write_windows(path, parts, dtype)}, 1
        )
        size = sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
        rows.append([f".zarr, {dtype}", size / n_windows, rate[""].median])
    print_table(["", "bytes a window", "written, windows/s"], rows)
    print()


def _some(args) -> np.ndarray:
    return simulated_windows(PART) if args.data is None else windows_of(args.data)[0]


def _write_npy(parts: list[np.ndarray], n_windows: int, path: Path) -> None:
    shape = n_windows, parts[0].shape[1]
    whole = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    start = 0
    for part in parts:
        whole[start : start + len(part)] = part
        start += len(part)
    whole.flush()


def _readers(some: np.ndarray, array: Any, folder: Path) -> dict[str, Callable[[], int]]:
    def npy(buffer: int | None) -> int:
        _forget(folder)
        return _epoch(np.load(folder / "windows.npy", mmap_mode="r"), buffer)

    def compressed(read: Callable[[], int]) -> int:
        _forget(folder)
        return read()

    works: dict[str, Callable[[], int]] = {
        "an array, any order": lambda: _epoch(some, None),
        ".npy, any order": lambda: npy(None),
        ".zarr, from start to end": lambda: compressed(lambda: _in_order(array)),
    }
    for buffer in BUFFERS:
        works[f".npy, buffer of {buffer}"] = lambda buffer=buffer: npy(buffer)
        works[f".zarr, buffer of {buffer}"] = lambda buffer=buffer: compressed(
            lambda: _epoch(array, buffer)
        )
    return works


def _forget(folder: Path) -> None:
    """Let the system drop what it holds of the files, so that they are read from the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def _print(rates: dict[str, Rate], training: Rate, device: str) -> None:
    rows = [
        [name, rate.median, rate.median / training.median, _tflops(rate)]
        for name, rate in rates.items()
    ]
    header = ["one process reads", "windows/s", "x what training takes", "keeps busy, TFLOP/s"]
    print_table(header, rows)
    print(f"\nThe papers' network, training on {device}: {training.median:,.1f} windows/s.")
    seconds, n_bytes = _order()
    print(
        f"The order of an epoch of {MANY:,} windows in a buffer of {BUFFERS[-1]}: drawn in "
        f"{seconds:.1f} s, with {n_bytes / MANY:.0f} bytes a window at most."
    )


def _order() -> tuple[float, float]:
    """Seconds and bytes that it takes to draw the order of many windows."""

    class Unread:
        shape, dtype, chunks = (MANY, 2560), np.dtype(np.float32), (102, 2560)

        def __getitem__(self, rows: slice) -> np.ndarray:
            raise AssertionError

    order = shuffled_in_buffer(np.random.default_rng(0), WindowStore([Unread()]), BUFFERS[-1])
    start = time.perf_counter()
    cut(order(np.arange(MANY), ALONE), BATCH)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    cut(order(np.arange(MANY), ALONE), BATCH)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak


def _tflops(rate: Rate) -> float:
    """What a device must compute in training to use up the windows as fast as they come."""
    return rate.median * N_VIEWS * 3 * operations_per_window() / 1e12


def _in_order(array: Any) -> int:
    for start in range(0, array.shape[0], array.chunks[0]):
        array[start : start + array.chunks[0]]
    return int(array.shape[0])


def _epoch(windows: Any, buffer: int | None) -> int:
    store, draws = WindowStore([windows]), np.random.default_rng(0)
    order = shuffled(draws)
    if buffer is not None:
        store.keep(buffer)
        order = shuffled_in_buffer(draws, store, buffer)
    for batch in cut(order(np.arange(len(store)), ALONE), BATCH):
        store.take(batch)
    return len(store)
