"""Windows that lie in a chunked file (Zarr, HDF5) and are read chunk by chunk."""

from typing import Any

import numpy as np

#: Windows of a memory-map that are read together: 2.6 MB of 10 s at 256 Hz.
MAPPED_CHUNK = 256

#: Chunks that stay in memory where nobody says how many.
FEW = 4


class ChunkCache:
    """The chunks that were used last.

    Parameters
    ----------
    capacity : int
        How many windows stay in memory.
    """

    def __init__(self, capacity: int = 0) -> None:
        self.capacity = capacity
        self._chunks: dict[tuple[int, int], np.ndarray] = {}
        self._n_windows = 0

    def get(self, key: tuple[int, int]) -> np.ndarray | None:
        """Give a chunk, if it is there."""
        chunk = self._chunks.pop(key, None)
        if chunk is not None:
            self._chunks[key] = chunk  # the last one again
        return chunk

    def put(self, key: tuple[int, int], chunk: np.ndarray) -> None:
        """Keep a chunk, in the place of those that were used longest ago."""
        self._chunks[key] = chunk
        self._n_windows += len(chunk)
        while self._n_windows > self.capacity and len(self._chunks) > FEW:
            self._n_windows -= len(self._chunks.pop(next(iter(self._chunks))))


class ChunkedBlock:
    """Rows of an array that only gives slices, by any indices.

    Parameters
    ----------
    array : zarr.Array, h5py.Dataset, dask.array.Array or alike, of shape (n_windows, n_times)
        Has `shape`, `dtype`, `chunks` and gives ``array[start:stop]``.
    cache : ChunkCache
        Shared by all blocks of a store.
    """

    def __init__(self, array: Any, cache: ChunkCache) -> None:
        self.array = array
        self.cache = cache
        self.shape = tuple(array.shape)
        self.dtype = np.dtype(array.dtype)
        self.edges = _edges(array)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        found = np.empty((len(rows), self.shape[1]), np.float32)
        chunk_of = self.chunk_of(rows)
        for number in np.unique(chunk_of):
            wanted = chunk_of == number
            found[wanted] = self._chunk(int(number))[rows[wanted] - self.edges[number]]
        return found

    def chunk_of(self, rows: np.ndarray) -> np.ndarray:
        """Say in which chunk rows lie.

        Parameters
        ----------
        rows : ndarray of int
            Their indices.

        Returns
        -------
        ndarray of int
            Numbers of chunks, from 0.
        """
        return np.searchsorted(self.edges, rows, side="right") - 1

    def _chunk(self, number: int) -> np.ndarray:
        key = id(self), number
        chunk = self.cache.get(key)
        if chunk is None:
            chunk = np.asarray(self.array[self.edges[number] : self.edges[number + 1]])
            self.cache.put(key, chunk)
        return chunk


def is_chunked(X: Any) -> bool:
    """Tell an array that lies elsewhere and is read in chunks from anything else.

    Parameters
    ----------
    X : object
        What the user passed.

    Returns
    -------
    bool
        True for 2-D arrays of Zarr, HDF5, Dask and alike.
    """
    has_all = all(hasattr(X, name) for name in ("chunks", "shape", "dtype", "__getitem__"))
    return has_all and not isinstance(X, np.ndarray) and len(X.shape) == 2


def chunk_edges(block: Any) -> np.ndarray:
    """List where the chunks of a block begin, and where the last one ends.

    Parameters
    ----------
    block : ndarray or ChunkedBlock
        Windows.

    Returns
    -------
    ndarray of int
        Row numbers. What lies in memory, or is mapped into it, has chunks of 256 windows.
    """
    return block.edges if isinstance(block, ChunkedBlock) else _even(len(block), MAPPED_CHUNK)


def _edges(array: Any) -> np.ndarray:
    chunks = array.chunks[0] if array.chunks else MAPPED_CHUNK
    if isinstance(chunks, tuple):  # Dask: the length of each
        return np.concatenate([[0], np.cumsum(chunks)]).astype(np.intp)
    return _even(int(array.shape[0]), int(chunks))


def _even(n_windows: int, size: int) -> np.ndarray:
    return np.append(np.arange(0, n_windows, size), n_windows).astype(np.intp)
