"""Windows as all estimators read them: checked once, then gathered batch by batch."""

import mmap
from collections.abc import Callable, Sequence
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from .._compat import _check_n_features, validate_data
from ._recordings import check_column, check_subjects

#: Bytes read after which the pages of memory-maps are given back. Windows in random order bring
#: several times their size into memory: each first touch maps its neighbourhood too.
RELEASE_AFTER = 8 * 2**20

#: Windows of a fingerprint. Other folds, subjects or filters differ in them too.
FINGERPRINTED = 1024

#: Windows of a chunk where the array itself has none: 2.6 MB of 10 s at 256 Hz.
DEFAULT_CHUNK = 256

#: Chunks that stay in memory until `WindowStore.keep` asks for more.
FEW_CHUNKS = 4


class WindowStore:
    """Windows in one or many 2-D arrays, read by one running index.

    `blocks` holds the arrays: one of windows or, where `windowed`, one for each recording. None is
    copied: views, memory-maps and chunked arrays (Zarr, HDF5, Dask) stay where they are.
    """

    def __init__(self, blocks: Sequence[Any], windowed: bool = False) -> None:
        self._cache = _ChunkCache()
        self.blocks: list[Any] = [
            _ChunkedBlock(block, self._cache) if is_chunked(block) else block for block in blocks
        ]
        self.windowed = windowed
        self.counts = np.array([len(block) for block in self.blocks], dtype=np.intp)
        self.n_times = int(self.blocks[0].shape[1])
        #: How many of the last windows are a validation set, X_val.
        self.n_held_out = 0
        self._starts = np.concatenate([[0], np.cumsum(self.counts)])
        self._unreleased = 0

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def shape(self) -> tuple[int, int]:
        """Return how many windows there are, and their length, as an array of them would."""
        return len(self), self.n_times

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Gather windows into a new float32 array, or raise ValueError at NaN or infinity."""
        indices = np.asarray(indices, dtype=np.intp)
        out = np.empty((len(indices), self.n_times), dtype=np.float32)
        block_of = np.searchsorted(self._starts, indices, side="right") - 1
        for block in np.unique(block_of):
            rows = np.flatnonzero(block_of == block)
            out[rows] = self.blocks[block][indices[rows] - self._starts[block]]
        self._check_finite(out, indices)
        self._unreleased += out.nbytes
        if self._unreleased > RELEASE_AFTER:
            for block in self.blocks:
                release_pages(block)
            self._unreleased = 0
        return out

    def loaded(self) -> np.ndarray:
        """Read all windows."""
        return self.take(np.arange(len(self)))

    def per_window(
        self, values: Any, name: str, check: Callable[..., np.ndarray] = check_column
    ) -> np.ndarray:
        """Check an array with one value for each entry of X, and return one for each window."""
        if not self.windowed:
            return check(values, name, len(self), "window")
        return np.repeat(check(values, name, len(self.blocks), "recording"), self.counts)

    def subjects(self, groups: Any, name: str = "groups") -> np.ndarray:
        """Check the subject of each entry of X, and return that of each window."""
        return self.per_window(groups, name, check_subjects)

    def split_back(self, rows: np.ndarray) -> list[np.ndarray]:
        """Cut an array with one row for each window into one view for each block."""
        return np.split(rows, self._starts[1:-1])

    def joined(self, other: "WindowStore") -> tuple["WindowStore", tuple[np.ndarray, np.ndarray]]:
        """Put a validation set behind these windows; also return the indices of either part."""
        blocks = [getattr(block, "array", block) for block in (*self.blocks, *other.blocks)]
        store = WindowStore(blocks)
        store.n_held_out = len(other)
        return store, (np.arange(len(self)), np.arange(len(self), len(store)))

    def number_of(self, index: int) -> str:
        """Return the number of a window in what the user passed, X or X_val, for an error."""
        n_own = len(self) - self.n_held_out
        return f"{index}" if index < n_own else f"{index - n_own} of X_val"

    def chunk_of(self, indices: np.ndarray) -> np.ndarray:
        """Return the number of the chunk in which each window lies; numbers rise with indices."""
        first_rows = [
            start + (block.edges if isinstance(block, _ChunkedBlock) else _edges(len(block)))[:-1]
            for start, block in zip(self._starts, self.blocks, strict=False)
        ]
        return np.searchsorted(np.concatenate(first_rows), indices, side="right") - 1

    def any_order_is_slow(self) -> bool:
        """Tell whether reading windows in random order reads the same chunks again and again."""
        return sum(len(block.edges) - 1 for block in self._chunked_blocks()) > FEW_CHUNKS

    def keep(self, n_windows: int) -> None:
        """Keep chunks of at least the last `n_windows` used windows in memory."""
        sizes = [int(np.diff(block.edges).max()) for block in self._chunked_blocks()]
        largest = max(sizes, default=1)
        # Where windows are drawn from a buffer, one of a chunk comes every n_windows / largest
        # windows; one in a hundred thousand times it takes 12 times as long. Besides: chunks that
        # have just been begun, or are nearly done with.
        longest = n_windows // max(4, largest // 12)
        self._cache.capacity = n_windows + longest + 4 * largest

    def fingerprint(self) -> dict[str, Any]:
        """Return shape and a hash of up to 1024 windows, to recognise the same windows."""
        some = np.unique(np.linspace(0, len(self) - 1, FINGERPRINTED).astype(np.intp))
        return {
            "n_windows": len(self),
            "n_times": self.n_times,
            "content of the windows": joblib.hash(self.take(some)),
        }

    def content_hash(self) -> str:
        """Hash the windows for a cache: all of them, of chunked arrays those of a fingerprint."""
        content = [
            WindowStore([block.array]).fingerprint() if isinstance(block, _ChunkedBlock) else block
            for block in self.blocks
        ]
        return str(joblib.hash(content))

    def _chunked_blocks(self) -> list["_ChunkedBlock"]:
        return [block for block in self.blocks if isinstance(block, _ChunkedBlock)]

    def _check_finite(self, windows: np.ndarray, indices: np.ndarray) -> None:
        finite = np.isfinite(windows).all(axis=1)
        if not finite.all():
            first = indices[np.flatnonzero(~finite)[0]]
            raise ValueError(
                f"Window {self.number_of(first)} contains NaN or infinity. "
                "Leave such windows out, or fill the gap before segmenting."
            )


def check_windows(
    estimator: BaseEstimator, X: Any, *, reset: bool, min_times: int = 1, or_change: str = ""
) -> WindowStore:
    """Check and convert what a user passed as X, and set (`reset`) or compare `n_features_in_`.

    X is windows, windowed recordings, or a `WindowStore`: an estimator that has checked X hands the
    store down, and then only the length of its windows is compared. What lies in a memory-map or
    in chunks is not read here: its windows are checked for NaN when they are read.
    `or_change` tells, in the error, which parameter makes windows shorter than `min_times` fit.
    """
    if isinstance(X, WindowStore):
        store = X
        if reset:
            validate_data(estimator, store, skip_check_array=True, reset=True)
        else:  # an estimator that was fitted on a DataFrame must not miss its column names
            _check_n_features(estimator, store, reset=False)
    else:
        store = _as_store(estimator, X, reset)
    if store.n_times < min_times:
        raise ValueError(
            f"{type(estimator).__name__} needs windows of at least {min_times} samples, got "
            f"n_features = {store.n_times}. Use a longer window_length or sampling_rate"
            f"{or_change and ', or ' + or_change}."
        )
    return store


def is_windowed(X: Any) -> bool:
    """Tell windowed recordings (list or Series of 2-D arrays, 3-D array) from anything else."""
    if isinstance(X, np.ndarray) and X.dtype != object:
        return X.ndim == 3 and len(X) > 0
    is_series = getattr(X, "ndim", None) == 1 and getattr(X, "dtype", None) == np.dtype(object)
    if isinstance(X, (list, tuple)) or is_series:
        return len(X) > 0 and all(getattr(block, "ndim", None) == 2 for block in X)
    return False


def is_chunked(X: Any) -> bool:
    """Tell a 2-D array that is read in chunks (Zarr, HDF5, Dask) from anything else."""
    has_all = all(hasattr(X, name) for name in ("chunks", "shape", "dtype", "__getitem__"))
    return has_all and not isinstance(X, np.ndarray) and len(X.shape) == 2


def release_pages(array: Any) -> None:
    """Give back the pages of a memory-map that were read; they are read again when needed.

    Until then they count as the process's own, and a job with a memory limit is killed for them.
    A copy-on-write map (mode "c") is left alone: its changes live in these pages only.
    """
    if not isinstance(array, np.memmap) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    pages = getattr(array, "_mmap", None)
    if isinstance(pages, mmap.mmap) and array.mode != "c":
        pages.madvise(mmap.MADV_DONTNEED)


def _as_store(estimator: BaseEstimator, X: Any, reset: bool) -> WindowStore:
    if is_windowed(X):
        blocks = [_check_block(block, i) for i, block in enumerate(X)]
        _check_equal_lengths(blocks)
        validate_data(estimator, blocks[0], skip_check_array=True, reset=reset)
        return WindowStore(blocks, windowed=True)
    if is_chunked(X) or (isinstance(X, np.memmap) and X.ndim == 2):
        _check_numbers(X, "X")
        validate_data(estimator, X, skip_check_array=True, reset=reset)
        return WindowStore([X])
    if isinstance(X, (list, tuple)):
        _check_one_shape(X)
    return WindowStore([validate_data(estimator, X, dtype=np.float32, reset=reset)])


def _check_one_shape(X: Any) -> None:
    shapes = {x.shape for x in X if isinstance(x, np.ndarray)}
    if len(shapes) > 1:
        raise ValueError(
            f"X is a list of arrays of different shapes: {sorted(shapes)[:2]}, ... If these are "
            "recordings, put a Segmenter before this step. Windowed recordings are all 2-D, of "
            "shape (n_windows, n_times), also where there is one window."
        )


def _check_block(block: Any, index: int) -> Any:
    if is_chunked(block) or isinstance(block, np.memmap) or block.shape[0] == 0:
        _check_numbers(block, f"Recording {index}")
        return block
    return check_array(block, dtype=np.float32, input_name=f"recording {index}")


def _check_numbers(array: Any, name: str) -> None:
    """Check an array that is not read here."""
    if array.shape[0] == 0:  # an array of Zarr has no len()
        raise ValueError(f"{name} has no windows: leave it out, or use a shorter window_length.")
    if np.dtype(array.dtype).kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}.")


def _check_equal_lengths(blocks: Sequence[Any]) -> None:
    n_times = blocks[0].shape[1]
    for i, block in enumerate(blocks):
        if block.shape[1] != n_times:
            raise ValueError(
                f"All windows must have the same length: recording {i} has windows of "
                f"{block.shape[1]} samples, recording 0 of {n_times}. Segment all recordings with "
                "one Segmenter, at one sampling rate (see Resampler)."
            )


class _ChunkedBlock:
    """Rows, by any indices, of an array that only gives slices."""

    def __init__(self, array: Any, cache: "_ChunkCache") -> None:
        self.array = array
        self.shape = tuple(array.shape)
        self.edges = _edges(len(self), array.chunks[0] if array.chunks else DEFAULT_CHUNK)
        self._cache = cache

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        found = np.empty((len(rows), self.shape[1]), np.float32)
        chunk_of = np.searchsorted(self.edges, rows, side="right") - 1
        for number in np.unique(chunk_of):
            inside = chunk_of == number
            found[inside] = self._chunk(int(number))[rows[inside] - self.edges[number]]
        return found

    def _chunk(self, number: int) -> np.ndarray:
        key = id(self), number
        chunk = self._cache.get(key)
        if chunk is None:
            chunk = np.asarray(self.array[self.edges[number] : self.edges[number + 1]])
            self._cache.put(key, chunk)
        return chunk


class _ChunkCache:
    """The chunks of all blocks of a store that were used last: of `capacity` windows in all."""

    def __init__(self) -> None:
        self.capacity = 0
        self._chunks: dict[tuple[int, int], np.ndarray] = {}
        self._n_windows = 0

    def get(self, key: tuple[int, int]) -> np.ndarray | None:
        chunk = self._chunks.pop(key, None)
        if chunk is not None:
            self._chunks[key] = chunk  # the last one again
        return chunk

    def put(self, key: tuple[int, int], chunk: np.ndarray) -> None:
        self._chunks[key] = chunk
        self._n_windows += len(chunk)
        while self._n_windows > self.capacity and len(self._chunks) > FEW_CHUNKS:
            self._n_windows -= len(self._chunks.pop(next(iter(self._chunks))))


def _edges(n_windows: int, chunks: int | tuple[int, ...] = DEFAULT_CHUNK) -> np.ndarray:
    """Return where chunks begin, and where the last ends; Dask gives the length of each chunk."""
    if isinstance(chunks, tuple):
        return np.concatenate([[0], np.cumsum(chunks)]).astype(np.intp)
    return np.append(np.arange(0, n_windows, chunks), n_windows).astype(np.intp)
