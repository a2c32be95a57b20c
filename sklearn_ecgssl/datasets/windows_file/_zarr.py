"""The layout of a windows file, and zarr, which is optional."""

from pathlib import Path
from typing import Any

from ...formats import UnreadableFileError

#: What the attributes of every windows file hold under the name "format".
FORMAT = "sklearn_ecgssl windows"
VERSION = 1

#: Bytes of a chunk, which is read as a whole, and of a shard, which is a file, before compression.
CHUNK_BYTES = 2**20
SHARD_BYTES = 2**27


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


def open_group(path: Path) -> Any:
    """Open a windows file for reading.

    Parameters
    ----------
    path : pathlib.Path
        Where it is.

    Returns
    -------
    zarr.Group
        What it holds.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    UnreadableFileError
        If it is something else.
    """
    zarr = import_zarr()
    if not path.exists():
        raise FileNotFoundError(f"There is no windows file {path.absolute()}.")
    try:
        group = zarr.open_group(path, mode="r")
        attributes = dict(group.attrs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"{path} is no windows file: {error}") from error
    if attributes.get("format") != FORMAT:
        raise UnreadableFileError(f"{path} is foreign: save_windows has not written it.")
    if attributes.get("version") != VERSION:
        raise UnreadableFileError(
            f"{path} has version {attributes.get('version')!r} of the format, this version of "
            f"sklearn_ecgssl reads {VERSION}."
        )
    return group
