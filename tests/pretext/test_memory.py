"""Peak memory of a whole process that pretrains and embeds, against the size of its windows."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

MB = 2**20
N_WINDOWS = 12_000

CHILD = """
import json, resource, sys
import numpy as np
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms import Negate

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

path, kind = sys.argv[1:]
windows = np.load(path, mmap_mode="r" if kind == "memory-map" else None)
few = windows[:2000]
if kind == "recordings":
    windows = list(windows.reshape(10, -1, windows.shape[1]))
pretrainer = PretextPretrainer(
    [("negate", Negate())],
    filters=(2,), kernel_sizes=(4,), convs_per_block=1, head_hidden=(2,), max_epochs=1,
    batch_size=256, random_state=0,
)
pretrainer.fit(few).encode(few)
start = peak()
pretrainer.fit(windows)
fitted = peak()
pretrainer.encode(windows)
print(json.dumps([fitted - start, peak() - start]))
"""


@pytest.fixture(scope="module")
def windows_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("windows") / "windows.npy"
    whole = np.lib.format.open_memmap(path, "w+", np.float32, (N_WINDOWS, 2560))
    part = np.random.default_rng(0).standard_normal((2000, 2560), np.float32)
    for start in range(0, N_WINDOWS, len(part)):
        whole[start : start + len(part)] = part
    return path


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="units of ru_maxrss differ")
@pytest.mark.parametrize("kind", ["memory-map", "array", "recordings"])
def test_no_copy_of_the_windows_is_held(windows_file, kind):
    """123 MB of windows: what is needed beyond them does not grow with them."""
    answer = subprocess.run(
        [sys.executable, "-c", CHILD, str(windows_file), kind],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    fitting, encoding = json.loads(answer.stdout)
    # Of a memory-map, some pages are in use at any time. Half a copy would be 61 MB.
    allowed = 70 * MB if kind == "memory-map" else 30 * MB
    assert max(fitting, encoding) < allowed, answer.stdout
