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
from tests.tiny import tiny_masked, tiny_pretrainer, waves

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


#: As Zarr and HDF5 say it, as HDF5 does where there are none, and as Dask does.
CHUNKS = [(10, 64), (1, 64), (100, 64), None, ((20, 5, 20), (64,))]


@pytest.fixture
def blocks():
    return [
        np.arange(6.0).reshape(3, 2),
        np.array([[10.0, 11.0]]),
        np.arange(20.0, 28).reshape(4, 2),
    ]


def test_take_gathers_across_blocks_in_the_order_asked_for(blocks):
    store = WindowStore(blocks)
    everything = np.concatenate(blocks)
    indices = np.array([7, 0, 3, 3, 2, 4])
    taken = store.take(indices)
    np.testing.assert_array_equal(taken, everything[indices])
    assert taken.dtype == np.float32
    assert store.shape == (8, 2)


@pytest.mark.parametrize("chunks", CHUNKS)
def test_any_chunks_in_any_order(chunks):
    store = WindowStore([Chunked(X, chunks), X[:3], Chunked(X[:7], (2, 64))])
    everything = np.concatenate([X, X[:3], X[:7]])
    indices = np.random.default_rng(0).integers(0, 55, 200)
    np.testing.assert_array_equal(store.take(indices), everything[indices])


def test_values_of_recordings_are_repeated_and_cut_back(blocks):
    store = WindowStore(blocks, windowed=True)
    assert store.per_window(["a", "b", "c"], "groups").tolist() == list("aaabcccc")
    assert [len(part) for part in store.split_back(np.arange(8))] == [3, 1, 4]
    with pytest.raises(ValueError, match="groups must be 1-D with one entry for each of the 3 rec"):
        store.per_window(np.arange(8), "groups")
    with pytest.raises(ValueError, match=r"groups is missing for recording 1 \(1 in all\)"):
        store.per_window(np.array(["a", None, "c"]), "groups")


def test_values_of_plain_windows_are_kept(blocks):
    store = WindowStore(blocks[:1])
    assert store.per_window([3, 1, 2], "groups").tolist() == [3, 1, 2]
    with pytest.raises(ValueError, match=r"each of the 3 window\(s\), got shape \(1,\)"):
        store.per_window([1], "groups")


def test_nan_is_named_by_the_window(blocks):
    blocks[2][1, 0] = np.nan
    store = WindowStore(blocks)
    store.take(np.array([4, 6]))
    with pytest.raises(ValueError, match="Window 5 contains NaN or infinity"):
        store.take(np.array([6, 5]))
    joined, (own, held_out) = WindowStore(blocks[:2]).joined(WindowStore(blocks[2:]))
    joined.take(own)
    with pytest.raises(ValueError, match="Window 1 of X_val contains NaN or infinity"):
        joined.take(held_out)


class TestCheckWindows:
    @pytest.mark.parametrize(
        "make",
        [
            lambda windows: windows,
            lambda windows: pd.DataFrame(windows),
            lambda windows: windows.reshape(5, 9, 64),
            lambda windows: [windows[:20], windows[20:]],
            lambda windows: pd.Series([windows[:20], windows[20:]]),
            lambda windows: Chunked(windows, (10, 64)),
            lambda windows: [Chunked(windows, (10, 64))],
        ],
    )
    def test_whatever_holds_the_windows_gives_them(self, make):
        estimator = BaseEstimator()
        store = check_windows(estimator, make(X.astype(np.float64)), reset=True)
        np.testing.assert_array_equal(store.loaded(), X)
        assert estimator.n_features_in_ == 64

    def test_views_of_a_segmenter_are_not_copied(self):
        recording = np.arange(100, dtype=np.float32)
        windowed = Segmenter(sampling_rate=10, window_length=2, overlap=0.5).transform([recording])
        store = check_windows(BaseEstimator(), windowed, reset=True)
        assert np.shares_memory(store.blocks[0], recording)

    @pytest.mark.parametrize("n_windows", [1, 3])
    def test_memory_maps_are_not_read(self, tmp_path, n_windows):
        np.save(tmp_path / "x.npy", np.full((n_windows, 4, 5), np.nan, dtype=np.float32))
        mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
        estimator = BaseEstimator()
        assert len(check_windows(estimator, mapped, reset=True)) == 4 * n_windows
        assert estimator.n_features_in_ == 5
        assert len(check_windows(estimator, mapped[0], reset=True)) == 4

    def test_a_store_is_handed_down_as_it_is(self):
        store = WindowStore([X])
        estimator = BaseEstimator()
        assert check_windows(estimator, store, reset=True) is store
        assert estimator.n_features_in_ == 64
        assert check_windows(estimator, store, reset=False) is store
        with pytest.raises(ValueError, match="X has 60 features, but BaseEstimator is expecting"):
            check_windows(estimator, WindowStore([X[:, :60]]), reset=False)
        with pytest.raises(ValueError, match="needs windows of at least 65 samples"):
            check_windows(estimator, store, reset=True, min_times=65)

    def test_a_store_needs_no_column_names(self):
        estimator = BaseEstimator()
        frame = pd.DataFrame(X, columns=[f"t{i}" for i in range(64)])
        check_windows(estimator, frame, reset=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_windows(estimator, WindowStore([X]), reset=False)
        check_windows(estimator, WindowStore([X]), reset=True)
        assert not hasattr(estimator, "feature_names_in_")

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
    def test_what_is_refused(self, bad, message):
        with pytest.raises(ValueError, match=message):
            check_windows(BaseEstimator(), bad, reset=True)


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (np.ones((2, 3, 4)), True),
        ([np.ones((3, 4)), np.ones((1, 4))], True),
        (pd.Series([np.ones((3, 4)), np.ones((1, 4))]), True),
        (np.ones((3, 4)), False),
        ([np.ones(4), np.ones(4)], False),
        ([[1.0, 2.0]], False),
        ([], False),
    ],
)
def test_windowed_recordings_are_recognised(X, expected):
    assert is_windowed(X) is expected


def test_pages_of_a_memory_map_are_given_back(tmp_path, monkeypatch):
    released = []
    monkeypatch.setattr(window_store, "release_pages", released.append)
    monkeypatch.setattr(window_store, "RELEASE_AFTER", 100)
    path = tmp_path / "windows.npy"
    np.save(path, np.arange(60, dtype=np.float32).reshape(10, 6))
    mapped = np.load(path, mmap_mode="r")
    store = WindowStore([mapped])
    for _ in range(3):
        store.take(np.arange(2))
        assert released == []
        store.take(np.arange(3))
        assert len(released) == 1
        assert released[0] is mapped
        released.clear()


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_released_pages_hold_what_they_held(tmp_path, mode):
    path = tmp_path / "windows.npy"
    np.save(path, np.zeros((10, 600), dtype=np.float32))
    mapped = np.load(path, mmap_mode=mode)
    if mode != "r":
        mapped[3] = 7
    expected = np.array(mapped)
    for array in (mapped, mapped[2:5], expected):
        release_pages(array)
    np.testing.assert_array_equal(mapped, expected)


@pytest.mark.filterwarnings("ignore:X lies in chunks")
class TestChunks:
    def test_neighbours_are_read_together(self):
        array = Chunked(X, (10, 64))
        store = WindowStore([array])
        for start in range(0, 45, 5):
            store.take(np.arange(start, start + 5))
        assert array.reads == [(0, 10), (10, 20), (20, 30), (30, 40), (40, 45)]

    def test_what_was_used_last_stays(self):
        array = Chunked(X, (1, 64))
        store = WindowStore([array])
        for window in (*range(FEW_CHUNKS), 0, FEW_CHUNKS, 0):
            store.take(np.array([window]))
        assert array.reads == [(i, i + 1) for i in range(FEW_CHUNKS + 1)]

    @pytest.mark.parametrize(
        ("kept", "in_memory"), [(0, FEW_CHUNKS), (20, 29), (24, 34), (400, 45)]
    )
    def test_no_more_is_kept_than_asked_for(self, kept, in_memory):
        array = Chunked(X, (1, 64))
        store = WindowStore([array])
        store.keep(kept)
        store.take(np.arange(45))
        array.reads.clear()
        for window in range(44, -1, -1):  # the last used first: what is in memory is not read
            store.take(np.array([window]))
        assert 45 - len(array.reads) == in_memory

    def test_they_are_numbered_through_all_blocks(self):
        store = WindowStore([Chunked(X, (10, 64)), X, Chunked(X, ((40, 5), (64,)))])
        numbers = store.chunk_of(np.arange(135))
        assert (np.diff(numbers) >= 0).all()
        sizes = np.unique(numbers, return_counts=True)[1]
        assert sizes.tolist() == [10, 10, 10, 10, 5, 45, 40, 5]

    def test_the_same_content_has_the_same_hash(self):
        hashes = [
            WindowStore([array]).content_hash()
            for array in (X, X.copy(), X[::-1], Chunked(X, (10, 64)), Chunked(X, (5, 64)))
        ]
        assert hashes[0] == hashes[1] != hashes[2]
        assert hashes[3] == hashes[4]

    @pytest.mark.parametrize("tiny", [tiny_pretrainer, tiny_masked])
    def test_pretrainers_learn_the_same_as_from_memory(self, tiny):
        held_out = {"validation_fraction": 0.3, "precision": "float32"}
        groups = np.arange(45) // 5
        found = tiny(**held_out).fit(Chunked(X, (8, 64)), groups=groups)
        expected = tiny(**held_out).fit(X, groups=groups)
        np.testing.assert_equal(found.state_, expected.state_)
        assert found.history_ == expected.history_
        np.testing.assert_array_equal(found.encode(Chunked(X, (8, 64))), expected.encode(X))
        assert found.score(Chunked(X, (8, 64))) == expected.score(X)

    def test_any_order_is_warned_of(self):
        chunked = Chunked(X, (8, 64))
        with pytest.warns(
            UserWarning, match="chunk is read for nearly every window. Set shuffle_buf"
        ):
            tiny_pretrainer(max_epochs=1).fit(chunked)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tiny_pretrainer(max_epochs=1, shuffle_buffer=20).fit(chunked)
            tiny_pretrainer(max_epochs=1).fit(Chunked(X, (15, 64)))  # few enough to stay in memory

    def test_several_are_windowed_recordings(self):
        fitted = tiny_pretrainer().fit([Chunked(X[:20], (8, 64)), Chunked(X[20:], (8, 64))])
        np.testing.assert_equal(fitted.state_, tiny_pretrainer().fit([X[:20], X[20:]]).state_)

    def test_held_out_windows_may_be_chunked_too(self):
        fitted = tiny_pretrainer().fit(Chunked(X[:30], (8, 64)), X_val=Chunked(X[30:], (4, 64)))
        expected = tiny_pretrainer().fit(X[:30], X_val=X[30:])
        assert fitted.history_ == expected.history_

    def test_a_bad_window_is_named(self):
        bad = X.copy()
        bad[33, 5] = np.inf
        with pytest.raises(ValueError, match="Window 33 contains NaN or infinity"):
            tiny_pretrainer().fit(Chunked(bad, (8, 64)))
