import numpy as np
import pytest
from sklearn.base import BaseEstimator

from sklearn_ecgssl.signal import Segmenter, _windows
from sklearn_ecgssl.signal._mapped import release_pages
from sklearn_ecgssl.signal._windows import WindowStore, check_windows, is_windowed


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
    assert len(store) == 8


def test_values_of_recordings_are_repeated_and_cut_back(blocks):
    store = WindowStore(blocks, windowed=True)
    assert store.per_window(["a", "b", "c"], "groups").tolist() == list("aaabcccc")
    assert [len(part) for part in store.split_back(np.arange(8))] == [3, 1, 4]
    with pytest.raises(ValueError, match="groups must be 1-D with one entry for each of the 3 rec"):
        store.per_window(np.arange(8), "groups")


def test_values_of_plain_windows_are_kept(blocks):
    store = WindowStore(blocks[:1])
    assert store.per_window([3, 1, 2], "groups").tolist() == [3, 1, 2]
    with pytest.raises(ValueError, match=r"each of the 3 windows of X, got shape \(1,\)"):
        store.per_window([1], "groups")


def test_nan_is_named_by_the_window(blocks):
    blocks[2][1, 0] = np.nan
    store = WindowStore(blocks)
    store.take(np.array([4, 6]))
    with pytest.raises(ValueError, match="Window 5 contains NaN or infinity"):
        store.take(np.array([6, 5]))


def test_views_of_a_segmenter_are_not_copied():
    recording = np.arange(100, dtype=np.float32)
    windowed = Segmenter(sampling_rate=10, window_length=2, overlap=0.5).transform([recording])
    store = check_windows(BaseEstimator(), windowed, reset=True)
    assert np.shares_memory(store.blocks[0], recording)


@pytest.mark.parametrize("n_windows", [1, 3])
def test_memory_maps_are_not_read(tmp_path, n_windows):
    np.save(tmp_path / "x.npy", np.full((n_windows, 4, 5), np.nan, dtype=np.float32))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    estimator = BaseEstimator()
    assert len(check_windows(estimator, mapped, reset=True)) == 4 * n_windows
    assert estimator.n_features_in_ == 5
    assert len(check_windows(estimator, mapped[0], reset=True)) == 4


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (np.ones((2, 3, 4)), True),
        ([np.ones((3, 4)), np.ones((1, 4))], True),
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
    monkeypatch.setattr(_windows, "release_pages", released.append)
    monkeypatch.setattr(_windows, "RELEASE_AFTER", 100)
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
