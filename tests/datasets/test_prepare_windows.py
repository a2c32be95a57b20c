"""Windows that are written as they are prepared, and read chunk by chunk."""

import numpy as np
import pytest
from joblib import parallel_config

from sklearn_ecgssl.datasets import (
    RecordingsFiles,
    _prepare_windows as windows_module,
    make_cohort,
    prepare,
    prepare_windows,
    save_recordings,
)
from sklearn_ecgssl.signal import ECGFilter, Segmenter
from tests.tiny import tiny_pretrainer

WINDOWS = Segmenter(256, window_length=2, overlap=0.5)


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
        cohort = make_cohort(2, duration=(5, 9), sampling_rate=128, random_state=i)
        people = [f"{i}-{person}" for person in cohort.subject]
        if i == 2:
            cohort.recordings[1] = cohort.recordings[1][:250]
        paths.append(save_recordings(tmp_path / f"{i}.npz", cohort.recordings, 128, people))
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


class InMemory:
    """An array that says, as a file does, in which chunks it lies."""

    def __init__(self, windows):
        self.windows = np.array(windows[:])
        self.shape, self.dtype, self.ndim = windows.shape, windows.dtype, 2
        self.chunks = getattr(windows, "chunks", (256, windows.shape[1]))

    def __getitem__(self, rows):
        return self.windows[rows]


@pytest.mark.filterwarnings("ignore:X lies in chunks")
@pytest.mark.parametrize("shuffle_buffer", [None, 20])
def test_a_pretrainer_learns_the_same_as_from_memory(files, path, shuffle_buffer):
    windows = prepare_windows(files, path, segmenter=WINDOWS).windows
    pretrainer = tiny_pretrainer(batch_size=8, shuffle_buffer=shuffle_buffer, max_epochs=1)
    found = pretrainer.fit(windows).encode(windows)
    in_memory = InMemory(windows)
    expected = pretrainer.fit(in_memory).encode(in_memory)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(pretrainer.encode(in_memory.windows), expected, rtol=1e-5, atol=1e-6)
    assert found.shape == (windows.shape[0], 4)


def test_parts_of_any_kind_in_half_precision(path):
    def read(seed):
        cohort = make_cohort(n_subjects=1, duration=3, sampling_rate=256, random_state=seed)
        cohort.subject = [f"person {seed}"] * len(cohort.recordings)
        return cohort

    options = {"read": read, "segmenter": WINDOWS}
    data = prepare_windows(iter(range(3)), path, dtype="float16", **options)
    assert (data.windows.shape, data.windows.dtype) == ((12, 512), np.float16)
    assert data.subject.tolist() == [f"person {i}" for i in range(3) for _ in range(4)]
    full = prepare_windows(range(3), path.with_name("full.npy"), **options).windows
    np.testing.assert_allclose(data.windows[:], full, rtol=1e-3, atol=1e-4)


def test_short_recordings_are_an_error_if_so_asked(files, path):
    with pytest.raises(ValueError, match=r'2\.npz.*cannot be prepared: .*recording 1 .* short="dr'):
        prepare_windows(files, path, segmenter=WINDOWS, short="raise")
    with pytest.raises(ValueError, match="parts give no windows"):
        prepare_windows(files, path, segmenter=Segmenter(256, window_length=60))


def test_a_failure_leaves_nothing(files, path, tmp_path):
    before = set(tmp_path.iterdir())
    files[2].write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"2\.npz.*cannot be prepared"):
        prepare_windows(files, path, segmenter=WINDOWS)
    assert set(tmp_path.iterdir()) == before


def test_places(files, path, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    prepare_windows(files, f"~/{path.name}", segmenter=WINDOWS)
    with pytest.raises(FileExistsError, match="delete it first"):
        prepare_windows(files, path)
    with pytest.raises(ValueError, match="path must be one of '.npy', '.zarr'"):
        prepare_windows(files, tmp_path / "x.npz")
    with pytest.raises(ValueError, match="dtype must be"):
        prepare_windows(files, tmp_path / "x.npy", dtype="int8")
    with pytest.raises(ValueError, match="segmenter has sampling_rate=128"):
        prepare_windows(files, tmp_path / "x.npy", segmenter=Segmenter(128))
