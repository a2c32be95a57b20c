"""Windows in chunked arrays: read by slices, as if they were in memory."""

import warnings

import numpy as np
import pytest

from sklearn_ecgssl.signal._chunked import FEW, is_chunked
from sklearn_ecgssl.signal._windows import WindowStore, check_windows
from tests.tiny import tiny_masked, tiny_pretrainer, waves

X, _ = waves(45)


class Chunked:
    """An array that gives slices alone and counts them."""

    ndim = 2

    def __init__(self, array, chunks):
        self.array, self.chunks = array, chunks
        self.shape, self.dtype = array.shape, array.dtype
        self.reads = []

    def __len__(self):
        return len(self.array)

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        self.reads.append((rows.start, rows.stop))
        return self.array[rows]


#: As Zarr and HDF5 say it, as HDF5 does where there are none, and as Dask does.
CHUNKS = [(10, 64), (1, 64), (100, 64), None, ((20, 5, 20), (64,))]


@pytest.mark.parametrize("chunks", CHUNKS)
def test_any_windows_in_any_order(chunks):
    store = WindowStore([Chunked(X, chunks), X[:3], Chunked(X[:7], (2, 64))])
    everything = np.concatenate([X, X[:3], X[:7]])
    indices = np.random.default_rng(0).integers(0, 55, 200)
    np.testing.assert_array_equal(store.take(indices), everything[indices])


def test_neighbours_are_read_together():
    array = Chunked(X, (10, 64))
    store = WindowStore([array])
    for start in range(0, 45, 5):
        store.take(np.arange(start, start + 5))
    assert array.reads == [(0, 10), (10, 20), (20, 30), (30, 40), (40, 45)]


@pytest.mark.parametrize(("kept", "in_memory"), [(0, FEW), (20, 29), (24, 34), (400, 45)])
def test_no_more_is_kept_than_asked_for(kept, in_memory):
    store = WindowStore([Chunked(X, (1, 64))])
    store.keep(kept)
    store.take(np.arange(45))
    assert store._cache._n_windows == in_memory


def test_chunks_are_numbered_through_all_blocks():
    store = WindowStore([Chunked(X, (10, 64)), X, Chunked(X, ((40, 5), (64,)))])
    numbers = store.chunk_of(np.arange(135))
    assert (np.diff(numbers) >= 0).all()
    sizes = np.unique(numbers, return_counts=True)[1]
    assert sizes.tolist() == [10, 10, 10, 10, 5, 45, 40, 5]


@pytest.mark.filterwarnings("ignore:X lies in chunks")
@pytest.mark.parametrize("tiny", [tiny_pretrainer, tiny_masked])
def test_pretrainers_learn_the_same_as_from_memory(tiny):
    held_out = {"validation_fraction": 0.3, "precision": "float32"}
    groups = np.arange(45) // 5
    found = tiny(**held_out).fit(Chunked(X, (8, 64)), groups=groups)
    expected = tiny(**held_out).fit(X, groups=groups)
    np.testing.assert_equal(found.state_, expected.state_)
    assert found.history_ == expected.history_
    np.testing.assert_array_equal(found.encode(Chunked(X, (8, 64))), expected.encode(X))
    assert found.score(Chunked(X, (8, 64))) == expected.score(X)


def test_any_order_is_warned_of():
    chunked = Chunked(X, (8, 64))
    with pytest.warns(UserWarning, match="chunk is read for nearly every window. Set shuffle_buf"):
        tiny_pretrainer(max_epochs=1).fit(chunked)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tiny_pretrainer(max_epochs=1, shuffle_buffer=20).fit(chunked)
        tiny_pretrainer(max_epochs=1).fit(Chunked(X, (15, 64)))  # few enough to stay in memory


def test_several_are_windowed_recordings():
    fitted = tiny_pretrainer().fit([Chunked(X[:20], (8, 64)), Chunked(X[20:], (8, 64))])
    np.testing.assert_equal(fitted.state_, tiny_pretrainer().fit([X[:20], X[20:]]).state_)


def test_held_out_windows_may_be_chunked_too():
    fitted = tiny_pretrainer().fit(Chunked(X[:30], (8, 64)), X_val=Chunked(X[30:], (4, 64)))
    expected = tiny_pretrainer().fit(X[:30], X_val=X[30:])
    assert fitted.history_ == expected.history_


def test_a_bad_window_is_named():
    bad = X.copy()
    bad[33, 5] = np.inf
    with pytest.raises(ValueError, match="Window 33 contains NaN or infinity"):
        tiny_pretrainer().fit(Chunked(bad, (8, 64)))


@pytest.mark.parametrize("dtype", [complex, "S3"])
def test_other_than_numbers_are_refused(dtype):
    with pytest.raises(ValueError, match="X must hold real numbers"):
        check_windows(tiny_pretrainer(), Chunked(np.zeros((3, 64), dtype), (1, 64)), reset=True)


def test_none_are_refused():
    with pytest.raises(ValueError, match="holds no windows"):
        check_windows(tiny_pretrainer(), Chunked(X[:0], (1, 64)), reset=True)


@pytest.mark.parametrize("other", [X, X.tolist(), None, "x", Chunked(X[0], (8,))])
def test_what_is_not_chunked(other):
    assert not is_chunked(other)
