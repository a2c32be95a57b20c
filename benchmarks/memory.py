"""Peak memory of pretraining and embedding against the size of the data set.

Each row is a process of its own. "Own" memory is what the process allocated (RssAnon); the pages of
a memory-map that the system holds for it at the end are counted beside it, since it takes them back
at will. What the process had before the fit, libraries and data, is in the figures.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from sklearn_ecgssl.datasets._prepare_windows import write_windows

from .tables import print_table

#: Windows of the smallest data set: 21 MB in float32.
SMALLEST = 2048
FACTORS = (1, 4, 16)

ZARR = "Zarr, buffer of 4096"

CHILD = """
import json, sys, threading
import numpy as np
from sklearn_ecgssl.pretext import PretextPretrainer

def status(name):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))

def watch():
    while not done.wait(0.005):
        peak[0] = max(peak[0], status("RssAnon"))

path, kind, n_windows, network = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
buffer = None
if kind == "array":
    windows = np.load(path)[:n_windows].copy()
elif kind == "memory-map":
    windows = np.load(path, mmap_mode="r")[:n_windows]
else:
    import zarr
    windows, buffer = zarr.open_array(path, mode="r"), 4096
small = dict(filters=(2, 2), kernel_sizes=(4, 4), head_hidden=(4,)) if network == "tiny" else {}
pretrainer = PretextPretrainer(max_epochs=1, shuffle_buffer=buffer, random_state=0, **small)
peaks = []
for work in (pretrainer.fit, pretrainer.encode):
    peak, done = [0.0], threading.Event()
    thread = threading.Thread(target=watch)
    thread.start()
    work(windows)
    done.set()
    thread.join()
    peaks.append(max(peak[0], status("RssAnon")))
data = 4 * windows.shape[0] * windows.shape[1] / 2**20
print(json.dumps([*peaks, status("RssFile"), data]))
"""


def run(args) -> None:
    if not Path("/proc/self/status").exists():
        print("not measured: this needs Linux's /proc")
        return
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for factor in FACTORS:
            n_windows = factor * SMALLEST
            path = Path(folder, f"{factor}.npy")
            whole = np.lib.format.open_memmap(path, "w+", np.float32, (n_windows, 2560))
            for start in range(0, n_windows, SMALLEST):
                whole[start : start + SMALLEST] = rng.standard_normal((SMALLEST, 2560), np.float32)
            zarr = path.with_suffix(".zarr")
            write_windows(zarr, np.split(whole, factor))
            del whole
            for kind, place in {"array": path, "memory-map": path, ZARR: zarr}.items():
                rows.append([kind, *_peaks(place, kind, n_windows, "tiny")])
            if factor == 1:
                kinds = ("array", "memory-map")
                first = [["one batch, " + one, *_peaks(path, one, 128, "full")] for one in kinds]
            path.unlink()
            shutil.rmtree(zarr)
    header = ["", "windows, MB", "pretraining, MB", "embedding, MB", "files, MB"]
    print("A network of two filters, so that only the windows take room:\n")
    print_table(header, sorted(rows, key=lambda row: row[0]))
    print("\nThe papers' network on one batch of 128 windows:\n")
    print_table(header, first)


def _peaks(path: Path, kind: str, n_windows: int, network: str) -> list[object]:
    arguments = [str(path), kind, str(n_windows), network]
    answer = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], check=True, capture_output=True, text=True
    )
    fitting, encoding, files, data = json.loads(answer.stdout)
    return [data, fitting, encoding, files]
