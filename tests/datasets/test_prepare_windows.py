"""Windows that are written as they are prepared, and read chunk by chunk."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.utils import Bunch

from sklearn_ecgssl.datasets import (
    RecordingsFiles,
    _prepare_windows as windows_module,
    prepare,
    prepare_windows,
    save_recordings,
)
from sklearn_ecgssl.signal import ECGFilter, Segmenter

WINDOWS = Segmenter(256, window_length=2, overlap=0.5)


def walks(*lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=n).cumsum() for n in lengths]


@pytest.fixture(params=[".npy", ".zarr"])
def path(request, tmp_path, monkeypatch):
    """A place for windows; chunks and shards are so small that recordings end within them."""
    if request.param == ".zarr":
        pytest.importorskip("zarr")
    monkeypatch.setattr(windows_module, "_CHUNK_BYTES", 3 * 4 * 512)
    monkeypatch.setattr(windows_module, "_SHARD_CHUNKS", 2)
    return tmp_path / f"corpus{request.param}"


@pytest.fixture
def files(tmp_path):
    """Three files of two people each; in the last is a recording of less than a window."""
    paths = []
    for i in range(3):
        signals = walks(700, 1100 if i < 2 else 250, 900, 650, seed=i)
        people = [f"{i}-{person}" for person in (0, 0, 1, 1)]
        paths.append(save_recordings(tmp_path / f"{i}.npz", signals, 128, people))
    return paths


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_is_what_prepare_does(files, path, tmp_path, n_jobs):
    how = {"transformer": ECGFilter(256), "segmenter": WINDOWS}
    with parallel_config("threading"):
        data = prepare_windows(files, path, n_jobs=n_jobs, **how)
    expected, people = [], []
    for file in files:
        one = prepare(RecordingsFiles(file), cache=tmp_path / "cache", **how)
        expected += one.recordings
        people += np.repeat(one.subject, [len(windows) for windows in one.recordings]).tolist()
    # Between them are recordings files, which round.
    assert data.windows.dtype == np.float32
    np.testing.assert_allclose(data.windows[:], np.concatenate(expected), atol=1e-3)
    assert data.subject.tolist() == people
    assert data.n_short == 1
    np.testing.assert_array_equal(np.load(path.with_suffix(".subject.npy")), data.subject)
    names = {f"{i}.npz" for i in range(3)} | {path.name, "corpus.subject.npy", "cache"}
    assert {one.name for one in tmp_path.iterdir()} == names


def test_parts_of_any_kind_in_half_precision(path):
    def read(seed):
        return Bunch(recordings=walks(768, 768, seed=seed), subject=[seed] * 2, sampling_rate=256)

    data = prepare_windows(iter(range(3)), path, read=read, segmenter=WINDOWS, dtype="float16")
    assert (data.windows.shape, data.windows.dtype) == ((12, 512), np.float16)
    assert data.subject.tolist() == np.repeat(range(3), 4).tolist()
    full = prepare_windows(range(3), path.with_name("full.npy"), read=read, segmenter=WINDOWS)
    np.testing.assert_allclose(data.windows[:], full.windows, rtol=1e-3, atol=1e-4)


def test_a_failure_says_which_part_and_leaves_nothing(files, path, tmp_path):
    before = set(tmp_path.iterdir())
    with pytest.raises(ValueError, match=r'2\.npz.*cannot be prepared: .*recording 1 .* short="dr'):
        prepare_windows(files, path, segmenter=WINDOWS, short="raise")
    with pytest.raises(ValueError, match="parts give no windows"):
        prepare_windows(files, path, segmenter=Segmenter(256, window_length=60))
    files[2].write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"2\.npz.*cannot be prepared"):
        prepare_windows(files, path, segmenter=WINDOWS)
    assert set(tmp_path.iterdir()) == before


def test_places(files, path, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    prepare_windows(files[0], f"~/{path.name}", segmenter=WINDOWS)
    with pytest.raises(FileExistsError, match="delete it first"):
        prepare_windows(files, path)
    with pytest.raises(ValueError, match="path must be one of '.npy', '.zarr'"):
        prepare_windows(files, tmp_path / "x.npz")
    with pytest.raises(ValueError, match="dtype must be"):
        prepare_windows(files, tmp_path / "x.npy", dtype="int8")
    with pytest.raises(ValueError, match="segmenter has sampling_rate=128"):
        prepare_windows(files, tmp_path / "x.npy", segmenter=Segmenter(128))


def test_windows_are_left_out_and_counted(files, path, tmp_path):
    def low(windows, sampling_rate):
        assert sampling_rate == 256
        return windows.mean(axis=1) < 0

    every = prepare_windows(files, tmp_path / "every.npy", segmenter=WINDOWS)
    data = prepare_windows(files, path, segmenter=WINDOWS, keep=low)
    is_low = low(every.windows, 256)
    assert 0 < data.n_left_out == (~is_low).sum() < len(is_low)
    assert every.n_left_out == 0
    np.testing.assert_array_equal(data.windows[:], every.windows[is_low])
    assert data.subject.tolist() == every.subject[is_low].tolist()
    with pytest.raises(ValueError, match="parts give no windows that are kept"):
        prepare_windows(files, tmp_path / "none.npy", keep=lambda X, rate: np.zeros(len(X), bool))
    with pytest.raises(TypeError, match="keep must be a function"):
        prepare_windows(files, tmp_path / "none.npy", keep=is_low)
