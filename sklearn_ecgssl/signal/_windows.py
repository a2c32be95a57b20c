"""Windows as the estimators read them: checked, then gathered batch by batch."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

from .._compat import validate_data
from ..formats import checksum
from ._checks import missing_entries
from ._chunked import FEW, ChunkCache, ChunkedBlock, chunk_edges, is_chunked
from ._mapped import release_pages

#: Bytes of windows after which the pages of memory-maps are given back. Windows in random order
#: bring several times their size into memory: each first touch maps its neighbourhood too.
RELEASE_AFTER = 8 * 2**20

#: Windows of a fingerprint. Other folds, subjects or filters differ in them too.
FINGERPRINTED = 1024


class WindowStore:
    """Read access to windows that lie in one or many arrays, by one running index.

    Parameters
    ----------
    blocks : sequence of array-like of shape (n_windows_i, n_times)
        Where the windows are: one array, or one for each recording. Views, memory-maps and arrays
        that lie in chunks are kept as they are.
    windowed : bool, default=False
        Whether each block is a recording.

    Attributes
    ----------
    counts : ndarray of shape (n_blocks,)
        Windows in each block.
    n_times : int
        Samples in a window.
    """

    def __init__(self, blocks: Sequence[Any], windowed: bool = False) -> None:
        self._cache = ChunkCache()
        self.blocks: list[Any] = [
            ChunkedBlock(block, self._cache) if is_chunked(block) else block for block in blocks
        ]
        self.windowed = windowed
        self.counts = np.array([len(block) for block in self.blocks], dtype=np.intp)
        self.n_times = int(self.blocks[0].shape[1])
        self._starts = np.concatenate([[0], np.cumsum(self.counts)])
        self.n_held_out = 0
        self._unreleased = 0

    def __len__(self) -> int:
        return int(self._starts[-1])

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Gather windows into a new array.

        Parameters
        ----------
        indices : ndarray of int
            Which windows, in the order wanted.

        Returns
        -------
        ndarray of shape (n_indices, n_times), float32
            The windows.

        Raises
        ------
        ValueError
            If one of them holds NaN or infinity.
        """
        indices = np.asarray(indices, dtype=np.intp)
        out = np.empty((len(indices), self.n_times), dtype=np.float32)
        block_of = np.searchsorted(self._starts, indices, side="right") - 1
        for block in np.unique(block_of):
            rows = np.flatnonzero(block_of == block)
            out[rows] = self.blocks[block][indices[rows] - self._starts[block]]
        self._check_finite(out, indices)
        self._unreleased += out.nbytes
        if self._unreleased > RELEASE_AFTER:
            self._release()
        return out

    def chunk_of(self, indices: np.ndarray) -> np.ndarray:
        """Say which windows are read together.

        Parameters
        ----------
        indices : ndarray of int
            Which windows.

        Returns
        -------
        ndarray of int
            The number of each one's chunk; numbers rise with indices.
        """
        first_rows = [
            start + chunk_edges(block)[:-1]
            for start, block in zip(self._starts, self.blocks, strict=False)
        ]
        return np.searchsorted(np.concatenate(first_rows), indices, side="right") - 1

    def any_order_is_slow(self) -> bool:
        """Tell whether windows in any order would have chunks read over and over.

        Returns
        -------
        bool
            True where there are more chunks in files than stay in memory.
        """
        chunked = [block for block in self.blocks if isinstance(block, ChunkedBlock)]
        return sum(len(block.edges) - 1 for block in chunked) > FEW

    def keep(self, n_windows: int) -> None:
        """Keep windows of chunked arrays in memory.

        Parameters
        ----------
        n_windows : int
            How many of those that were used last; somewhat more are kept, so that a chunk that
            is shuffled among so many is read once.
        """
        chunked = [block for block in self.blocks if isinstance(block, ChunkedBlock)]
        largest = max((int(np.diff(block.edges).max()) for block in chunked), default=1)
        # Where windows are drawn from a buffer, one of a chunk comes every n_windows / largest
        # windows; one in a hundred thousand times it takes 12 times as long. Besides: chunks that
        # have just been begun, or are nearly done with.
        longest = n_windows // max(4, largest // 12)
        self._cache.capacity = n_windows + longest + 4 * largest

    def per_window(self, values: Any, name: str) -> np.ndarray:
        """Give every window its value of an array as long as X.

        Parameters
        ----------
        values : array-like of shape (n_recordings,) or (n_windows,)
            One value for each recording (windowed recordings) or window.
        name : str
            What the values are, for the error.

        Returns
        -------
        ndarray of shape (n_windows,)
            One value for each window.

        Raises
        ------
        ValueError
            If `values` is not as long as X, or an entry is missing.
        """
        values = np.asarray(values)
        n_samples = len(self.blocks) if self.windowed else len(self)
        if values.ndim != 1 or len(values) != n_samples:
            kind = "recordings" if self.windowed else "windows"
            raise ValueError(
                f"{name} must be 1-D with one entry for each of the {n_samples} {kind} of X, got "
                f"shape {values.shape}."
            )
        missing = missing_entries(values)
        if missing:
            kind = "recording" if self.windowed else "window"
            raise ValueError(
                f"{name} is missing for {kind} {missing[0]} ({len(missing)} in all): fill it in, "
                f"or leave the {kind} out."
            )
        return np.repeat(values, self.counts) if self.windowed else values

    def joined(self, other: "WindowStore") -> tuple["WindowStore", tuple[np.ndarray, np.ndarray]]:
        """Put the windows of another store after these.

        Parameters
        ----------
        other : WindowStore
            Of windows as long.

        Returns
        -------
        store : WindowStore
            All windows.
        parts : tuple of two ndarrays of int
            Which are from this store, and which from the other.
        """
        blocks = [getattr(block, "array", block) for block in (*self.blocks, *other.blocks)]
        store = WindowStore(blocks)
        store.n_held_out = len(other)
        return store, (np.arange(len(self)), np.arange(len(self), len(store)))

    def split_back(self, rows: np.ndarray) -> list[np.ndarray]:
        """Cut an array with one row a window into one array a block.

        Parameters
        ----------
        rows : ndarray of shape (n_windows, ...)
            One row for each window.

        Returns
        -------
        list of ndarray of shape (n_windows_i, ...)
            Views, one for each block.
        """
        return np.split(rows, self._starts[1:-1])

    def loaded(self) -> np.ndarray:
        """Read all windows.

        Returns
        -------
        ndarray of shape (n_windows, n_times), float32
            In their order.
        """
        return self.take(np.arange(len(self)))

    def fingerprint(self) -> dict[str, Any]:
        """Sum up the windows, to know them again without reading all of them.

        Returns
        -------
        dict
            How many there are, how long they are, and a checksum of up to 1024 of them.
        """
        some = np.unique(np.linspace(0, len(self) - 1, FINGERPRINTED).astype(np.intp))
        return {
            "n_windows": len(self),
            "n_times": self.n_times,
            "content of the windows": checksum(self.take(some)),
        }

    def _release(self) -> None:
        for block in self.blocks:
            release_pages(block)
        self._unreleased = 0

    def _check_finite(self, windows: np.ndarray, indices: np.ndarray) -> None:
        finite = np.isfinite(windows).all(axis=1)
        if not finite.all():
            first = indices[np.flatnonzero(~finite)[0]]
            n_own = len(self) - self.n_held_out
            place = f"{first}" if first < n_own else f"{first - n_own} of X_val"
            raise ValueError(
                f"Window {place} contains NaN or infinity. "
                "Leave such windows out, or fill the gap before segmenting."
            )


def check_windows(
    estimator: BaseEstimator, X: Any, *, reset: bool, min_times: int = 1, or_change: str = ""
) -> WindowStore:
    """Check windows or windowed recordings, and set or compare `n_features_in_`.

    Parameters
    ----------
    estimator : estimator
        Whose `n_features_in_` (samples in a window) is set or compared, and named in errors.
    X : array-like of shape (n_windows, n_times), ndarray of shape \
            (n_recordings, n_windows, n_times) or list of arrays of shape (n_windows_i, n_times)
        Windows, or windowed recordings. What lies in a memory-map or in chunks is not read here:
        its windows are checked for NaN when they are.
    reset : bool
        True in `fit`.
    min_times : int, default=1
        The shortest window that the estimator can use.
    or_change : str, default=""
        What of the estimator makes shorter windows fit, for the error.

    Returns
    -------
    WindowStore
        Access to all windows; one block for windows, one a recording for windowed recordings.

    Raises
    ------
    ValueError
        If the input holds no windows, windows of several lengths, windows that are too short,
        NaN or infinity, or something that is not a number.
    """
    _check_container(X)
    if is_windowed(X):
        blocks = [_check_block(block, i) for i, block in enumerate(X)]
        _check_equal_lengths(blocks)
        validate_data(estimator, blocks[0], skip_check_array=True, reset=reset)
    elif is_chunked(X) or (isinstance(X, np.memmap) and X.ndim == 2):
        blocks = [_check_dtype(X, "X")]
        validate_data(estimator, X, skip_check_array=True, reset=reset)
    else:
        _refuse_recordings(X)
        X = validate_data(
            estimator,
            X,
            dtype=np.float32,
            reset=reset,
        )
        blocks = [X]
    store = WindowStore(blocks, windowed=is_windowed(X))
    if store.n_times < min_times:
        raise ValueError(
            f"{type(estimator).__name__} needs windows of at least {min_times} samples, got "
            f"n_features = {store.n_times}. Use a longer window_length or sampling_rate"
            f"{or_change and ', or ' + or_change}."
        )
    return store


def is_windowed(X: Any) -> bool:
    """Tell windowed recordings (list of 2-D arrays, 3-D array) from anything else.

    Parameters
    ----------
    X : object
        What the user passed.

    Returns
    -------
    bool
        True for windowed recordings.
    """
    if isinstance(X, np.ndarray) and X.dtype != object:
        return X.ndim == 3
    is_series = getattr(X, "ndim", None) == 1 and getattr(X, "dtype", None) == np.dtype(object)
    if isinstance(X, (list, tuple)) or is_series:
        return len(X) > 0 and all(getattr(block, "ndim", None) == 2 for block in X)
    return False


def _check_container(X: Any) -> None:
    if X is None or isinstance(X, (str, bytes, PathLike, dict)):
        raise TypeError(
            f"Expected windows (an array of shape (n_windows, n_times)) or windowed recordings, "
            f"got {type(X).__name__}: {X!r:.60}. Load the data first."
        )
    is_cube = isinstance(X, np.ndarray) and X.ndim == 3
    if (is_cube or isinstance(X, (list, tuple))) and len(X) == 0:
        raise ValueError("X is empty: pass at least one window or windowed recording.")
    if isinstance(X, (list, tuple)):
        dimensions = {x.ndim for x in X if isinstance(x, np.ndarray)}
        if len(dimensions) > 1:
            raise ValueError(
                f"X mixes arrays of {sorted(dimensions)} dimensions. Windowed recordings are all "
                "2-D, of shape (n_windows, n_times), also where there is one window."
            )
    if isinstance(X, np.ndarray) and X.dtype.kind in "USMm":
        raise ValueError(f"X must hold numbers, got an array of dtype {X.dtype}.")


def _check_block(block: Any, index: int) -> np.ndarray:
    if is_chunked(block) or isinstance(block, np.memmap):
        return _check_dtype(block, f"Recording {index}")
    if len(block) == 0:
        raise ValueError(
            f"Recording {index} has no windows: it is shorter than one window. Leave it out, or "
            "use a shorter window_length."
        )
    return check_array(block, dtype=np.float32, input_name=f"recording {index}")


def _check_dtype(array: Any, name: str) -> Any:
    if np.dtype(array.dtype).kind not in "fiu":
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}.")
    if array.shape[0] == 0:
        raise ValueError(f"{name} holds no windows.")
    return array


def _check_equal_lengths(blocks: Sequence[np.ndarray]) -> None:
    n_times = blocks[0].shape[1]
    for i, block in enumerate(blocks):
        if block.shape[1] != n_times:
            raise ValueError(
                f"All windows must have the same length: recording {i} has windows of "
                f"{block.shape[1]} samples, recording 0 of {n_times}. Segment all recordings with "
                "one Segmenter, at one sampling rate (see Resampler)."
            )


def _refuse_recordings(X: Any) -> None:
    if not isinstance(X, (list, tuple)):
        return
    lengths = {len(x) for x in X if isinstance(x, np.ndarray) and x.ndim == 1}
    if len(lengths) > 1:
        raise ValueError(
            f"X holds 1-D arrays of {len(lengths)} different lengths ({min(lengths)} to "
            f"{max(lengths)} samples): these look like recordings, windows of one length are "
            "expected. Put a Segmenter before this step."
        )
