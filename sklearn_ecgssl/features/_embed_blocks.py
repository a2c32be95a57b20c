"""Features of more windows than fit into memory."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted, check_scalar
from tqdm.auto import tqdm

from .._files import check_new, library
from ..pretext import load_pretrained
from ..signal.window_store import is_chunked
from ._embedder import SSLEmbedder
from ._frozen_encoder import FrozenEncoder

#: Windows from which a frozen encoder tells whether their length and scale are what it knows.
FIRST = 256

#: Rows of a chunk of Zarr: 2 MB of 128 features.
CHUNK_ROWS = 4096


def embed_blocks(
    embedder: Any,
    X: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    block_size: int = 4096,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> np.ndarray | os.PathLike[str] | str:
    """Compute the features of windows block by block, and write them as they come.

    Only a few blocks are in memory at a time. joblib distributes them: with ``n_jobs=4`` to
    processes, inside ``parallel_config(backend="dask")`` to a cluster, where each worker reads its
    own windows and sends back features alone.

    Parameters
    ----------
    embedder : SSLEmbedder, FrozenEncoder, pretrainer, str or path-like
        Fitted; or the name of an encoder that comes with the package, or the folder of a saved one.
    X : array-like of shape (n_windows, n_times)
        Windows: an array, a memory-map, or an array of Zarr, HDF5 or Dask.
    path : path-like, default=None
        Where features are written, one row for each window in the order of `X`: ``.npy``, ``.zarr``
        (an array) or ``.parquet`` (a column for each feature). It is written atomically, and must
        not exist. None returns the features.
    block_size : int, default=4096
        Windows of a block.
    n_jobs : int, default=None
        Blocks that are embedded at once, joblib's number.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    ndarray of shape (n_windows, n_features), float32, or path-like
        The features, or `path`, where they are.

    Raises
    ------
    ImportError
        If zarr or pyarrow is needed and not installed: ``pip install "sklearn_ecgssl[scale]"``.
    FileExistsError
        If `path` exists.
    ValueError
        If windows cannot be used, or `path` has another ending.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.features import embed_blocks
    >>> windows = np.random.default_rng(0).normal(size=(5, 2560))
    >>> embed_blocks("recognition-open", windows, block_size=2).shape
    (5, 128)
    """
    if getattr(X, "ndim", None) != 2 or X.shape[0] == 0:
        raise ValueError(
            "X must be windows, a 2-D array of shape (n_windows, n_times) with one at least, got "
            f"{type(X).__name__} of shape {getattr(X, 'shape', None)}."
        )
    check_scalar(block_size, "block_size", Integral, min_val=1)
    n_windows = int(X.shape[0])
    embedder = _fitted_embedder(embedder, X)
    names = embedder.get_feature_names_out().tolist()
    blocks = _blocks(embedder, X, n_windows, int(block_size), n_jobs, verbose)
    if path is None:
        features = np.empty((n_windows, len(names)), np.float32)
        _fill(features, blocks)
        return features
    with _new_file(Path(path).expanduser()) as (unfinished, write):
        write(unfinished, n_windows, names, blocks)
    return Path(path).expanduser()


def _fitted_embedder(embedder: Any, X: Any) -> SSLEmbedder | FrozenEncoder:
    if isinstance(embedder, (SSLEmbedder, FrozenEncoder)):
        check_is_fitted(embedder)
        return embedder
    if isinstance(embedder, (str, os.PathLike)):
        rate = load_pretrained(embedder).sampling_rate_
    else:
        check_is_fitted(embedder)
        rate = getattr(embedder, "sampling_rate_", None)
        embedder = FrozenEstimator(embedder)
    return SSLEmbedder(embedder, sampling_rate=rate or 256).fit(np.asarray(X[:FIRST]))


def _blocks(
    embedder: SSLEmbedder | FrozenEncoder,
    X: Any,
    n_windows: int,
    block_size: int,
    n_jobs: int | None,
    verbose: int,
) -> Iterator[np.ndarray]:
    """Yield the features of each block, in their order."""
    starts = [*range(0, n_windows, block_size), n_windows]
    blocks = Parallel(n_jobs=n_jobs, return_as="generator")(
        # A worker gets its windows, or all of a file, of which it reads its own.
        delayed(_embedded)(embedder, X, start, stop)
        if is_chunked(X)
        else delayed(_embedded)(embedder, X[start:stop], 0, stop - start)
        for start, stop in pairwise(starts)
    )
    with tqdm(total=n_windows, unit=" windows", disable=not verbose) as progress:
        for features in blocks:
            yield features
            progress.update(len(features))


def _embedded(embedder: SSLEmbedder | FrozenEncoder, X: Any, start: int, stop: int) -> np.ndarray:
    return embedder.transform(np.asarray(X[start:stop]))


def _fill(array: Any, blocks: Iterable[np.ndarray]) -> None:
    start = 0
    for features in blocks:
        array[start : start + len(features)] = features
        start += len(features)


def _write_npy(path: Path, n_rows: int, names: list[str], blocks: Iterable[np.ndarray]) -> None:
    array = np.lib.format.open_memmap(str(path), "w+", np.float32, (n_rows, len(names)))
    _fill(array, blocks)
    array.flush()


def _write_zarr(path: Path, n_rows: int, names: list[str], blocks: Iterable[np.ndarray]) -> None:
    array = library("zarr", "Zarr arrays are written", "scale").create_array(
        path,
        shape=(n_rows, len(names)),
        dtype="float32",
        chunks=(min(n_rows, CHUNK_ROWS), len(names)),
        attributes={"names": names},
    )
    _fill(array, blocks)


def _write_parquet(path: Path, n_rows: int, names: list[str], blocks: Iterable[np.ndarray]) -> None:
    arrow = library("pyarrow", "Parquet files are written", "scale")
    parquet = library("pyarrow.parquet", "Parquet files are written", "scale")
    schema = arrow.schema([(name, arrow.float32()) for name in names])
    with parquet.ParquetWriter(path, schema) as file:
        for features in blocks:
            file.write_table(arrow.table(dict(zip(names, features.T, strict=True))))


WRITERS: dict[str, Callable[[Path, int, list[str], Iterable[np.ndarray]], None]] = {
    ".npy": _write_npy,
    ".parquet": _write_parquet,
    ".zarr": _write_zarr,
}


@contextmanager
def _new_file(path: Path) -> Iterator[tuple[Path, Callable[..., None]]]:
    """Give a temporary place and the function that writes there; move it to `path` at the end."""
    check_new(path, WRITERS)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        yield unfinished, WRITERS[path.suffix]
        os.replace(unfinished, path)
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
        else:
            unfinished.unlink(missing_ok=True)
