"""Windows that are written as they come, to an array that others read: NumPy's or Zarr's."""

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

#: Bytes of a chunk of a Zarr array, which is read as a whole, before compression.
_CHUNK_BYTES = 2**20
#: Chunks of a shard, which is a file.
_SHARD_CHUNKS = 128


@contextmanager
def growing(path: Path, dtype: str = "float32") -> Iterator["Growing"]:
    """Give an array to add windows to, which is at its path when all of them are there."""
    unfinished = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.tmp{path.suffix}")
    windows = (_Npy if path.suffix == ".npy" else _Zarr)(unfinished, np.dtype(dtype))
    try:
        yield windows
        windows.close()
        os.replace(unfinished, path)
    finally:
        windows.close()
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.unlink(missing_ok=True)


class Growing:
    """Windows of one length, one after another."""

    def __init__(self, path: Path, dtype: np.dtype) -> None:
        self.path = path
        self.dtype = dtype
        self.n_windows = 0
        self.n_times: int | None = None

    def add(self, windows: np.ndarray) -> None:
        """Add windows, an array of shape (n, n_times)."""
        if self.n_times is None:
            self.n_times = windows.shape[1]
            self._begin(self.n_times)
        if windows.shape[1] != self.n_times:
            raise ValueError(
                f"All windows must have the same length: some have {windows.shape[1]} samples, "
                f"those before {self.n_times}."
            )
        self._write(np.ascontiguousarray(windows, dtype=self.dtype))
        self.n_windows += len(windows)

    def close(self) -> None:
        """Finish what was written."""

    def _begin(self, n_times: int) -> None:
        raise NotImplementedError

    def _write(self, windows: np.ndarray) -> None:
        raise NotImplementedError


class _Npy(Growing):
    """A ``.npy`` file, whose header leaves room for the number of windows."""

    _stream: Any = None

    def _begin(self, n_times: int) -> None:
        self._stream = open(self.path, "w+b")  # noqa: SIM115, closed by close
        self._write_header()

    def _write_header(self) -> None:
        shape = (self.n_windows, self.n_times)
        header = {"descr": self.dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._stream, header)

    def _write(self, windows: np.ndarray) -> None:
        self._stream.write(windows.data)

    def close(self) -> None:
        if self._stream is not None and not self._stream.closed:
            self._stream.seek(0)
            self._write_header()
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()


class _Zarr(Growing):
    """A Zarr array of compressed chunks; windows wait until there is a shard of them."""

    _waiting: Sequence[np.ndarray] = ()

    def _begin(self, n_times: int) -> None:
        try:
            import zarr
            from zarr.codecs import BloscCodec
        except ImportError as error:
            raise ImportError(
                'Zarr is not installed: pip install "sklearn_ecgssl[scale]", or write a .npy file.'
            ) from error
        chunk = max(1, _CHUNK_BYTES // (self.dtype.itemsize * n_times))
        self._shard = chunk * _SHARD_CHUNKS
        self._array = zarr.create_array(
            self.path,
            shape=(0, n_times),
            dtype=self.dtype,
            chunks=(chunk, n_times),
            shards=(self._shard, n_times),
            compressors=BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle"),
        )

    def _write(self, windows: np.ndarray) -> None:
        self._waiting = [*self._waiting, windows]
        while self._n_waiting >= self._shard:
            self._flush(self._shard)

    @property
    def _n_waiting(self) -> int:
        return sum(len(windows) for windows in self._waiting)

    def _flush(self, n_windows: int) -> None:
        everything = np.concatenate(self._waiting)
        self._array.append(everything[:n_windows])
        self._waiting = [everything[n_windows:]]

    def close(self) -> None:
        if self._waiting:
            self._flush(self._n_waiting)
            self._waiting = ()


def write_windows(path: Path, pieces: Iterable[np.ndarray], dtype: str = "float32") -> int:
    """Write windows to a file that is whole or absent; return how many there are."""
    with growing(path, dtype) as windows:
        for piece in pieces:
            windows.add(piece)
        return windows.n_windows
