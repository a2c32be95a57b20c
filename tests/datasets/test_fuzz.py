"""Readers that are the package's own, on files with random damage: clean arrays, or one error."""

import os

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_recordings, save_recordings
from sklearn_ecgssl.datasets._poly5 import read_poly5
from tests.datasets.writers import poly5

#: Damaged files a test; `make fuzz` asks for more.
N_FILES = int(os.environ.get("FUZZ_FILES", 300))


def damaged(content, rng):
    """Change some bytes, and sometimes cut the rest off."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        data[rng.integers(len(data))] = rng.choice([0, 1, 127, 128, 255, rng.integers(256)])
    return data[: rng.integers(len(data)) if rng.random() < 0.15 else None]


def fuzz(path, content, read):
    """Count the files that were read, and those that were refused."""
    n_read, messages = 0, []
    rng = np.random.default_rng(int(os.environ.get("FUZZ_SEED", 0)))
    for _ in range(N_FILES):
        path.write_bytes(damaged(content, rng))
        try:
            read()
            n_read += 1
        except UnreadableFileError as error:
            messages.append(str(error))
    assert all(path.name in message for message in messages)
    return n_read, len(messages)


@pytest.mark.filterwarnings("ignore:invalid value|overflow:RuntimeWarning")
@pytest.mark.parametrize("header_only", [True, False])
@pytest.mark.parametrize("version", [203, 204])
def test_poly5(tmp_path, version, header_only):
    n = 16 if header_only else 4000
    signals = [poly5.signal("ECG", np.arange(n) % 90), poly5.signal("x", np.arange(n), bits=16)]
    path = tmp_path / "a.S00"

    def read():
        file = read_poly5(path)
        for i in range(len(file.channels)):
            samples = file.read(i)
            assert samples.shape == (file.n_times,)
            assert samples.dtype == np.float32
            assert len(samples) <= path.stat().st_size

    n_read, n_refused = fuzz(path, poly5.content(signals, version=version), read)
    assert min(n_read, n_refused) > N_FILES / 20  # else this shows little


@pytest.mark.parametrize("n_times", [20, 2000])
def test_recordings_file(tmp_path, n_times):
    path = tmp_path / "a.npz"
    recordings = [np.sin(np.arange(n_times + i) / 9).astype(np.float32) for i in range(3)]
    names = {"target": [0, 1, 0], "target_names": ["rest", "task"], "fields": {"age": [3.0, 4, 5]}}
    save_recordings(path, recordings, 250, ["anna", "bob", "eve"], **names)

    def read():
        data = load_recordings(path)
        assert len(data.recordings) == len(data.subject) >= 1
        for one in data.recordings:
            assert one.dtype == np.float32
            assert np.isfinite(one).all()

    n_read, n_refused = fuzz(path, path.read_bytes(), read)
    assert n_refused > N_FILES / 20
    assert n_read
