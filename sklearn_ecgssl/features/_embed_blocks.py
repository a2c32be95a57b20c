"""Features of more windows than fit into memory."""

import os
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from ..signal.window_store import is_chunked
from ._embedder import SSLEmbedder
from ._feature_files import FeatureSink, InMemory, feature_file

#: Windows of a block, unless it is said: 42 MB of 10 s at 256 Hz.
BLOCK = 4096

#: Windows at which a frozen encoder looks to say whether they are such as it knows.
LOOKED_AT = 256


def embed_blocks(
    embedder: Any,
    X: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    block_size: int = BLOCK,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> np.ndarray | os.PathLike[str] | str:
    """Compute the features of windows block by block, and write them as they come.

    No more than some blocks are in memory at a time. Blocks are shared out by joblib: with
    ``n_jobs=4`` to processes, inside ``parallel_config(backend="dask")`` to a cluster, where each
    worker reads its own windows and sends back features alone.

    Parameters
    ----------
    embedder : SSLEmbedder, pretrainer, str or path-like
        Fitted; or the name of an encoder that comes with the package, or the folder of a saved one.
    X : array-like of shape (n_windows, n_times)
        Windows: an array, a memory-map, or an array of Zarr, HDF5 or Dask.
    path : path-like, default=None
        Where features are written, one row a window in the order of `X`: ``.npy``, ``.zarr``
        (an array) or ``.parquet`` (a column a feature). There must be nothing there yet. It
        appears whole or not at all. None returns them.
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
        If there is something at `path`.
    ValueError
        If windows cannot be used, or `path` ends in something else.

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
    if block_size < 1:
        raise ValueError(f"block_size must be at least 1, got {block_size}.")
    n_windows = int(X.shape[0])
    embedder = _fitted_embedder(embedder, X)
    names = embedder.get_feature_names_out().tolist()
    starts = [*range(0, n_windows, int(block_size)), n_windows]
    blocks = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_embedded)(embedder, *_part(X, start, stop)) for start, stop in pairwise(starts)
    )
    with tqdm(total=n_windows, unit=" windows", disable=not verbose) as progress:
        if path is None:
            in_memory = InMemory(None, n_windows, names)
            _pass_on(blocks, in_memory, progress)
            return in_memory.array
        with feature_file(path, n_windows, names) as sink:
            _pass_on(blocks, sink, progress)
        return Path(path).expanduser()


def _pass_on(blocks: Iterable[np.ndarray], sink: FeatureSink, progress: Any) -> None:
    for features in blocks:
        sink.write(features)
        progress.update(len(features))


def _fitted_embedder(embedder: Any, X: Any) -> SSLEmbedder:
    if isinstance(embedder, SSLEmbedder):
        check_is_fitted(embedder, "pretrainer_")
        return embedder
    if not isinstance(embedder, (str, os.PathLike)):
        check_is_fitted(embedder)
        embedder = FrozenEstimator(embedder)
    return SSLEmbedder(embedder).fit(np.asarray(X[:LOOKED_AT]))


def _part(X: Any, start: int, stop: int) -> tuple[Any, int, int]:
    """Give a worker its windows, or all of a file, of which it reads its own."""
    return (X, start, stop) if is_chunked(X) else (X[start:stop], 0, stop - start)


def _embedded(embedder: SSLEmbedder, X: Any, start: int, stop: int) -> np.ndarray:
    return embedder.transform(np.asarray(X[start:stop]))
