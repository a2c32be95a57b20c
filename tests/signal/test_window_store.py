"""One store reads windows from memory, memory-maps and chunked arrays, and names bad ones."""

import warnings

import numpy as np
import pandas as pd
import pytest
import zarr
from sklearn.base import BaseEstimator

from sklearn_ecgssl.signal import Segmenter, window_store
from sklearn_ecgssl.signal.window_store import (
    FEW_CHUNKS,
    WindowStore,
    check_windows,
    is_windowed,
    release_pages,
)
from tests.tiny import same_fit, tiny_pretrainer, waves

X, _ = waves(45)


class Chunked:
    """An array that gives slices alone, has no len() like Zarr's, and counts what is read."""

    ndim = 2

    def __init__(self, array, chunks):
        self.array, self.chunks = array, chunks
        self.shape, self.dtype = array.shape, array.dtype
        self.reads = []

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        self.reads.append((rows.start, rows.stop))
        return self.array[rows]


# As Zarr and HDF5 say it, as HDF5 does where there are none, and as Dask does.
@pytest.mark.parametrize("chunks", [(10, 64), (100, 64), None, ((20, 5, 20), (64,))])
def test_windows_of_all_blocks_are_taken_in_any_order(chunks):
    store = WindowStore([Chunked(X.astype(np.float64), chunks), X[:3], Chunked(X[:7], (2, 64))])
    indices = np.random.default_rng(0).integers(0, 55, 200)
    taken = store.take(indices)
    np.testing.assert_array_equal(taken, np.concatenate([X, X[:3], X[:7]])[indices])
    assert taken.dtype == np.float32
    assert store.shape == (55, 64)


def test_values_of_recordings_are_repeated_and_cut_back():
    plain = WindowStore([X[:3]])
    store = WindowStore([X[:3], X[3:4], X[4:8]], windowed=True)
    assert plain.per_window([3, 1, 2], "groups").tolist() == [3, 1, 2]
    assert store.per_window(["a", "b", "c"], "groups").tolist() == list("aaabcccc")
    assert [len(part) for part in store.split_back(np.arange(8))] == [3, 1, 4]
    with pytest.raises(ValueError, match=r"each of the 3 window\(s\), got shape \(1,\)"):
        plain.per_window([1], "groups")
    with pytest.raises(ValueError, match="groups must be 1-D with one entry for each of the 3 rec"):
        store.per_window(np.arange(8), "groups")
    with pytest.raises(ValueError, match=r"groups is missing for recording 1 \(1 in all\)"):
        store.per_window(np.array(["a", None, "c"]), "groups")


def test_what_is_not_finite_is_named_by_the_window():
    bad = X.copy()
    bad[5, 1] = np.inf
    store = WindowStore([bad[:4], Chunked(bad[4:], (10, 64))])
    store.take(np.array([4, 6]))
    with pytest.raises(ValueError, match="Window 5 contains NaN or infinity"):
        store.take(np.array([6, 5]))
    joined, (own, held_out) = WindowStore([X[:3], X[3:]]).joined(store)
    joined.take(own)
    with pytest.raises(ValueError, match="Window 5 of X_val contains NaN or infinity"):
        joined.take(held_out)


@pytest.mark.parametrize(
    ("make", "windowed"),
    [
        (pd.DataFrame, False),
        (np.ndarray.tolist, False),
        (lambda windows: windows.reshape(5, 9, 64), True),
        (lambda windows: [windows[:20], windows[20:]], True),
        (lambda windows: pd.Series([windows[:20], windows[20:]]), True),
        (lambda windows: Chunked(windows, (10, 64)), False),
        (lambda windows: [Chunked(windows, (10, 64))], True),
    ],
)
def test_whatever_holds_the_windows_gives_them(make, windowed):
    estimator = BaseEstimator()
    windows = make(X.astype(np.float64))
    store = check_windows(estimator, windows, reset=True)
    np.testing.assert_array_equal(store.loaded(), X)
    assert estimator.n_features_in_ == 64
    assert is_windowed(windows) == store.windowed == windowed
    assert not is_windowed([])


def test_views_of_a_segmenter_are_not_copied():
    recording = np.arange(100, dtype=np.float32)
    windowed = Segmenter(sampling_rate=10, window_length=2, overlap=0.5).transform([recording])
    store = check_windows(BaseEstimator(), windowed, reset=True)
    assert np.shares_memory(store.blocks[0], recording)


@pytest.mark.parametrize("shape", [(12, 5), (3, 4, 5), (1, 4, 5)])
def test_memory_maps_are_not_read(tmp_path, shape):
    np.save(tmp_path / "x.npy", np.full(shape, np.nan, dtype=np.float32))
    estimator = BaseEstimator()
    store = check_windows(estimator, np.load(tmp_path / "x.npy", mmap_mode="r"), reset=True)
    assert store.shape == (np.prod(shape[:-1]), 5)
    assert estimator.n_features_in_ == 5


def test_a_store_is_handed_down_as_it_is():
    store, estimator = WindowStore([X]), BaseEstimator()
    check_windows(estimator, pd.DataFrame(X, columns=[f"t{i}" for i in range(64)]), reset=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a store has no column names, and needs none
        assert check_windows(estimator, store, reset=False) is store
    assert check_windows(estimator, store, reset=True) is store
    assert not hasattr(estimator, "feature_names_in_")
    assert estimator.n_features_in_ == 64
    with pytest.raises(ValueError, match="X has 60 features, but BaseEstimator is expecting"):
        check_windows(estimator, WindowStore([X[:, :60]]), reset=False)
    with pytest.raises(ValueError, match="needs windows of at least 65 samples"):
        check_windows(estimator, store, reset=True, min_times=65)
    check_windows(estimator, store, reset=True, min_times=64)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([X[:3], X[:0]], "Recording 1 has no windows"),
        (zarr.zeros((0, 64), chunks=(5, 64)), "X has no windows"),
        (zarr.zeros((2, 64), chunks=(5, 64), dtype="c8"), "X must hold real numbers"),
        ([X[:3], X[:3, :60]], "recording 1 has windows of 60 samples, recording 0 of 64"),
        ([X[:3], X[0]], "different shapes.*Windowed recordings are all 2-D"),
        ([X[0], X[0, :60]], "put a Segmenter before this step"),
        ([X[:3], np.full((2, 64), np.nan)], "recording 1 contains NaN"),
    ],
)
def test_what_is_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        check_windows(BaseEstimator(), bad, reset=True)


def test_pages_of_a_memory_map_are_given_back_now_and_then(tmp_path, monkeypatch):
    released = []
    monkeypatch.setattr(window_store, "release_pages", released.append)
    monkeypatch.setattr(window_store, "RELEASE_AFTER", 100)
    np.save(tmp_path / "windows.npy", np.zeros((10, 6), dtype=np.float32))
    mapped = np.load(tmp_path / "windows.npy", mmap_mode="r")
    store = WindowStore([mapped])
    for n_released in (1, 2):
        store.take(np.arange(2))  # 48 bytes
        assert len(released) == n_released - 1
        store.take(np.arange(3))
        assert len(released) == n_released
    assert released[0] is mapped


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_released_pages_hold_what_they_held(tmp_path, mode):
    np.save(tmp_path / "windows.npy", np.zeros((10, 600), dtype=np.float32))
    mapped = np.load(tmp_path / "windows.npy", mmap_mode=mode)
    if mode != "r":
        mapped[3] = 7
    expected = np.array(mapped)
    for array in (mapped, mapped[2:5], expected):
        release_pages(array)
    np.testing.assert_array_equal(mapped, expected)


def test_neighbouring_windows_of_a_chunk_are_read_together():
    array = Chunked(X, (10, 64))
    store = WindowStore([array])
    for start in range(0, 45, 5):
        store.take(np.arange(start, start + 5))
    assert array.reads == [(0, 10), (10, 20), (20, 30), (30, 40), (40, 45)]


def test_chunks_that_were_used_last_stay_in_memory():
    array = Chunked(X, (1, 64))
    store = WindowStore([array])
    for window in (*range(FEW_CHUNKS), 0, FEW_CHUNKS, 0):
        store.take(np.array([window]))
    assert array.reads == [(i, i + 1) for i in range(FEW_CHUNKS + 1)]


@pytest.mark.parametrize(("kept", "in_memory"), [(0, FEW_CHUNKS), (20, 29), (24, 34), (400, 45)])
def test_no_more_chunks_are_kept_than_asked_for(kept, in_memory):
    array = Chunked(X, (1, 64))
    store = WindowStore([array])
    store.keep(kept)
    store.take(np.arange(45))
    array.reads.clear()
    for window in range(44, -1, -1):  # the last used first: what is in memory is not read
        store.take(np.array([window]))
    assert 45 - len(array.reads) == in_memory


def test_chunks_are_numbered_through_all_blocks():
    store = WindowStore([Chunked(X, (10, 64)), X, Chunked(X, ((40, 5), (64,)))])
    numbers = store.chunk_of(np.arange(135))
    assert (np.diff(numbers) >= 0).all()
    assert np.unique(numbers, return_counts=True)[1].tolist() == [10, 10, 10, 10, 5, 45, 40, 5]


def test_the_same_content_has_the_same_hash():
    arrays = [X, X.copy(), X[::-1], Chunked(X, (10, 64)), Chunked(X, (5, 64))]
    hashes = [WindowStore([array]).content_hash() for array in arrays]
    assert hashes[0] == hashes[1] != hashes[2]
    assert hashes[3] == hashes[4]


@pytest.mark.filterwarnings("ignore:X lies in chunks")
def test_pretrainers_learn_the_same_from_chunks_as_from_memory(fitted_recognition):
    windows, _ = waves()
    chunked = [Chunked(windows[:10], (4, 64)), Chunked(windows[10:], (8, 64))]
    same_fit(tiny_pretrainer().fit(chunked), fitted_recognition)
    encoded = fitted_recognition.encode(Chunked(windows, (8, 64)))
    np.testing.assert_array_equal(encoded, fitted_recognition.encode(windows))


def test_any_order_of_chunks_is_warned_of():
    quick = {"max_epochs": 1, "batch_size": 45}
    with pytest.warns(UserWarning, match="chunk is read for nearly every window. Set shuffle_buf"):
        tiny_pretrainer(**quick).fit(Chunked(X, (8, 64)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tiny_pretrainer(**quick, shuffle_buffer=20).fit(Chunked(X, (8, 64)))
        tiny_pretrainer(**quick).fit(Chunked(X, (15, 64)))  # few enough to stay in memory
