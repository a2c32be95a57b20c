"""Windows that are written as they come, to an array that others read: NumPy's or Zarr's."""

import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .._files import library

#: Bytes of a chunk of a Zarr array, which is read as a whole, before compression.
_CHUNK_BYTES = 2**20
#: Chunks of a shard, which is a file.
_SHARD_CHUNKS = 128


def write_windows(path: Path, pieces: Iterable[np.ndarray], dtype: str = "float32") -> int:
    """Write windows to a ``.npy`` or ``.zarr`` atomically; return how many."""
    unfinished = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.tmp{path.suffix}")
    write = _write_npy if path.suffix == ".npy" else _write_zarr
    try:
        n_windows = write(unfinished, _of_one_length(pieces, dtype))
        if not n_windows:
            raise ValueError("parts give no windows: there is nothing to save.")
        if path.suffix == ".zarr" and path.exists():
            raise FileExistsError(f"There is something at {path.absolute()} by now.")
        os.replace(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.unlink(missing_ok=True)
    return n_windows


def _of_one_length(pieces: Iterable[np.ndarray], dtype: str) -> Iterator[np.ndarray]:
    """Pass on windows, arrays of shape (n, n_times), as long as n_times stays the same."""
    n_times = None
    for windows in pieces:
        n_times = n_times or windows.shape[1]
        if windows.shape[1] != n_times:
            raise ValueError(
                f"All windows must have the same length: some have {windows.shape[1]} samples, "
                f"those before {n_times}."
            )
        if len(windows):
            yield np.ascontiguousarray(windows, dtype=dtype)


def _write_npy(path: Path, pieces: Iterable[np.ndarray]) -> int:
    """Write a file, whose header leaves room for the number of windows."""
    n_windows = 0
    with open(path, "wb") as stream:
        for windows in pieces:
            if not n_windows:
                _write_header(stream, windows, 0)
            stream.write(windows.data)
            n_windows += len(windows)
        if n_windows:
            stream.seek(0)
            _write_header(stream, windows, n_windows)
        stream.flush()
        os.fsync(stream.fileno())
    return n_windows


def _write_header(stream: BinaryIO, windows: np.ndarray, n_windows: int) -> None:
    shape = (n_windows, windows.shape[1])
    header = {"descr": windows.dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)


def _write_zarr(path: Path, pieces: Iterable[np.ndarray]) -> int:
    """Write an array of compressed chunks; windows wait until there is a shard of them."""
    array: Any = None
    waiting: list[np.ndarray] = []
    for windows in pieces:
        if array is None:
            array = _empty_zarr(path, windows)
        waiting.append(windows)
        if sum(map(len, waiting)) >= array.shards[0]:
            together = np.concatenate(waiting)
            n_whole = len(together) - len(together) % array.shards[0]
            array.append(together[:n_whole])
            waiting = [together[n_whole:]]
    if array is None:
        return 0
    array.append(np.concatenate(waiting))
    return int(array.shape[0])


def _empty_zarr(path: Path, windows: np.ndarray) -> Any:
    zarr = library("zarr", ".zarr arrays are written", "scale")
    n_times = windows.shape[1]
    chunk = max(1, _CHUNK_BYTES // (windows.dtype.itemsize * n_times))
    return zarr.create_array(
        path,
        shape=(0, n_times),
        dtype=windows.dtype,
        chunks=(chunk, n_times),
        shards=(chunk * _SHARD_CHUNKS, n_times),
        compressors=zarr.codecs.BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle"),
    )
