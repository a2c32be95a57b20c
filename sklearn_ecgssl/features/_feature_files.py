"""Files of features that are written block by block, whole or absent."""

import os
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

Place = str | os.PathLike[str]


class FeatureSink(ABC):
    """Where blocks of features go, in their order.

    Parameters
    ----------
    place : pathlib.Path or None
        Of the file while it is written.
    n_rows : int
        How many rows there will be.
    names : sequence of str
        Of the features.
    """

    def __init__(self, place: Path | None, n_rows: int, names: Sequence[str]) -> None:
        self.place = place
        self.n_rows = n_rows
        self.names = list(names)
        self.n_written = 0
        self.open()

    def write(self, features: np.ndarray) -> None:
        """Add a block.

        Parameters
        ----------
        features : ndarray of shape (n, n_features)
            The next rows.
        """
        self.put(self.n_written, features)
        self.n_written += len(features)

    @abstractmethod
    def open(self) -> None:
        """Begin."""

    @abstractmethod
    def put(self, start: int, features: np.ndarray) -> None:
        """Write rows from `start` on."""

    @abstractmethod
    def close(self) -> None:
        """Finish."""


class InMemory(FeatureSink):
    """An array."""

    array: Any

    def open(self) -> None:
        self.array = np.empty((self.n_rows, len(self.names)), np.float32)

    def put(self, start: int, features: np.ndarray) -> None:
        self.array[start : start + len(features)] = features

    def close(self) -> None:
        pass


class Npy(InMemory):
    """A ``.npy`` file."""

    def open(self) -> None:
        shape = self.n_rows, len(self.names)
        self.array = np.lib.format.open_memmap(str(self.place), "w+", np.float32, shape)

    def close(self) -> None:
        self.array.flush()


class Zarr(InMemory):
    """A Zarr array."""

    def open(self) -> None:
        try:
            import zarr
        except ImportError as error:
            raise _missing("zarr", "Zarr") from error
        n_features = len(self.names)
        self.array = zarr.create_array(
            self.place,
            shape=(self.n_rows, n_features),
            dtype="float32",
            chunks=(min(self.n_rows, ROWS), n_features),
            attributes={"names": self.names},
        )


class Parquet(FeatureSink):
    """A Parquet file, a column a feature."""

    def open(self) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise _missing("pyarrow", "Parquet") from error
        self.arrow = pyarrow
        schema = pyarrow.schema([(name, pyarrow.float32()) for name in self.names])
        self.file = parquet.ParquetWriter(self.place, schema)

    def put(self, start: int, features: np.ndarray) -> None:
        self.file.write_table(self.arrow.table(dict(zip(self.names, features.T, strict=True))))

    def close(self) -> None:
        self.file.close()


#: Rows of a chunk of Zarr: 2 MB of 128 features.
ROWS = 4096

KINDS: dict[str, type[FeatureSink]] = {".npy": Npy, ".parquet": Parquet, ".zarr": Zarr}


@contextmanager
def feature_file(path: Place, n_rows: int, names: Sequence[str]) -> Iterator[FeatureSink]:
    """Write features to a file that is there when all are written.

    Parameters
    ----------
    path : path-like
        Its place, whose ending says what it is.
    n_rows : int
        How many rows there will be.
    names : sequence of str
        Of the features.

    Yields
    ------
    FeatureSink
        Takes them.

    Raises
    ------
    ImportError
        If what writes such a file is not installed.
    FileExistsError, FileNotFoundError
        If there is something already, or no folder.
    ValueError
        If no such file can be written.
    """
    place = Path(path).expanduser()
    if place.suffix not in KINDS:
        raise ValueError(f"path must end in one of {', '.join(KINDS)}, got {str(path)!r}.")
    if not place.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {place.parent.absolute()} to write in.")
    if place.exists():
        raise FileExistsError(f"There is something at {place.absolute()}: delete it first.")
    unfinished = place.with_name(f".{place.name}.{uuid.uuid4().hex}.tmp")
    try:
        sink = KINDS[place.suffix](unfinished, n_rows, names)
        yield sink
        sink.close()
        os.replace(unfinished, place)
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
        else:
            unfinished.unlink(missing_ok=True)


def _missing(module: str, what: str) -> ImportError:
    return ImportError(
        f"{what} files are written by {module}, which is not installed: "
        'pip install "sklearn_ecgssl[scale]"'
    )
