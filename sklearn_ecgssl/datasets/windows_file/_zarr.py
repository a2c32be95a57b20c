"""The layout of a windows file, and zarr, which is optional."""

from typing import Any

#: What the attributes of every windows file hold under the name "format".
FORMAT = "sklearn_ecgssl windows"
VERSION = 1

#: Bytes of a chunk, which is read as a whole, and of a shard, which is a file, before compression.
CHUNK_BYTES = 2**20
SHARD_BYTES = 2**27

#: What zarr gives where a shard is missing; no window has such a sample, no window such a step.
MISSING, MISSING_SCALE = -(2**15), float("nan")


def import_zarr() -> Any:
    """Import zarr.

    Returns
    -------
    module
        zarr.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise ImportError(
            'Windows files are Zarr, which is not installed: pip install "sklearn_ecgssl[scale]"'
        ) from error
    return zarr


def sizes(n_times: int, itemsize: int = 2) -> tuple[int, int]:
    """Choose how many windows make a chunk, and how many a shard.

    Parameters
    ----------
    n_times : int
        Samples in a window.
    itemsize : int, default=2
        Bytes of a sample.

    Returns
    -------
    chunk, shard : int
        Windows; a shard is a whole number of chunks.
    """
    chunk = max(1, CHUNK_BYTES // (itemsize * n_times))
    return chunk, chunk * max(1, SHARD_BYTES // (itemsize * n_times * chunk))
