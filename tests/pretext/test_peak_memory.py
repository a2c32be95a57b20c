"""Peak memory of a whole process that pretrains and embeds, against the size of its windows."""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from sklearn_ecgssl.features import SSLEmbedder
from tests.tiny import tiny_pretrainer

MB = 2**20

#: A small pretrainer of each kind, windows and samples in a window. Attention takes long, and over
#: long windows longer: fewer and shorter ones, most of which are not trained on.
PRETRAINERS = {
    "recognition": (
        """PretextPretrainer(
            [("negate", Negate())], filters=(2,), kernel_sizes=(4,), convs_per_block=1,
            head_hidden=(2,), max_epochs=1, batch_size=256, random_state=0,
        )""",
        (12_000, 2560),
    ),
    "masked": (
        """MaskedPretrainer(
            filters=(2,), kernel_sizes=(4,), n_layers=1, n_heads=1, feedforward=2, head_hidden=(),
            max_epochs=1, batch_size=512, validation_fraction=0.9, precision="float32",
            random_state=0,
        )""",
        (240_000, 40),
    ),
}

CHILD = """
import json, resource, sys
import numpy as np
from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer
from sklearn_ecgssl.transforms import Negate

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

path, kind, pretrainer = sys.argv[1:]
windows = np.load(path, mmap_mode="r" if kind == "memory-map" else None)
few = windows[: max(2000, len(windows) // 20)]  # enough for a full batch
if kind == "recordings":
    windows = list(windows.reshape(10, -1, windows.shape[1]))
pretrainer = eval(pretrainer)
pretrainer.fit(few).encode(few)
start = peak()
pretrainer.fit(windows)
fitted = peak()
pretrainer.encode(windows)
print(json.dumps([fitted - start, peak() - start]))
"""


@pytest.fixture(scope="module")
def windows_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("windows")

    def file_of(n_windows: int, n_times: int) -> Path:
        path = folder / f"{n_windows}x{n_times}.npy"
        if not path.exists():
            whole = np.lib.format.open_memmap(path, "w+", np.float32, (n_windows, n_times))
            part = np.random.default_rng(0).standard_normal((2000, n_times), np.float32)
            for start in range(0, n_windows, len(part)):
                whole[start : start + len(part)] = part
        return path

    return file_of


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="units of ru_maxrss differ")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("recognition", "memory-map"),
        ("recognition", "array"),
        ("recognition", "recordings"),
        ("masked", "array"),
    ],
)
def test_no_copy_of_the_windows_is_held(windows_file, name, kind):
    """What is needed beyond the windows, 123 or 38 MB of them, does not grow with them."""
    code, (n_windows, n_times) = PRETRAINERS[name]
    answer = subprocess.run(
        [sys.executable, "-c", CHILD, str(windows_file(n_windows, n_times)), kind, code],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    fitting, encoding = json.loads(answer.stdout)
    half_a_copy = n_windows * n_times * 4 // 2
    # Of a memory-map, some pages are in use at any time.
    allowed = 70 * MB if kind == "memory-map" else min(30 * MB, half_a_copy)
    assert max(fitting, encoding) < allowed, answer.stdout


def test_an_embedder_converts_windows_once():
    """While an embedder and its pretrainer are fitted, there is one float32 copy of the windows."""
    X = np.random.default_rng(0).normal(size=(512, 2560))
    embedder = SSLEmbedder(tiny_pretrainer(max_epochs=0)).fit(X[:9])
    tracemalloc.start()
    embedder.fit(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.2 * X.nbytes / 2
