"""Peak memory of a whole process that pretrains and embeds, against the size of its windows."""

import json
import subprocess
import sys

import numpy as np
import pytest

MB = 2**20

N_WINDOWS, N_TIMES = 12_000, 2560

CHILD = """
import json, resource, sys
import numpy as np
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms import Negate

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

path, kind = sys.argv[1:]
windows = np.load(path, mmap_mode="r" if kind == "memory-map" else None)
few = windows[:2000]  # enough for a full batch
if kind == "recordings":
    windows = list(windows.reshape(10, -1, windows.shape[1]))
pretrainer = PretextPretrainer(
    [("negate", Negate())], filters=(2,), kernel_sizes=(4,), convs_per_block=1,
    head_hidden=(2,), max_epochs=1, batch_size=256, random_state=0,
)
pretrainer.fit(few).encode(few)
start = peak()
pretrainer.fit(windows)
fitted = peak()
pretrainer.encode(windows)
print(json.dumps([fitted - start, peak() - start]))
"""


@pytest.fixture(scope="module")
def windows_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("windows") / "windows.npy"
    whole = np.lib.format.open_memmap(path, "w+", np.float32, (N_WINDOWS, N_TIMES))
    part = np.random.default_rng(0).standard_normal((2000, N_TIMES), np.float32)
    for start in range(0, N_WINDOWS, len(part)):
        whole[start : start + len(part)] = part
    return path


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="units of ru_maxrss differ")
@pytest.mark.parametrize("kind", ["memory-map", "array", "recordings"])
def test_no_copy_of_the_windows_is_held(windows_file, kind):
    """What is needed beyond the windows, 123 MB of them, does not grow with them."""
    answer = subprocess.run(
        [sys.executable, "-c", CHILD, str(windows_file), kind],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    # Of a memory-map, some pages are in use at any time.
    allowed = 70 * MB if kind == "memory-map" else 30 * MB
    assert max(json.loads(answer.stdout)) < allowed, answer.stdout
