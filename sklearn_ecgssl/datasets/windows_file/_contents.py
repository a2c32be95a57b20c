"""What a windows file holds, checked: files get lost, cut off and mixed up."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ...formats import UnreadableFileError
from ._zarr import FORMAT, MISSING, VERSION, import_zarr


class Contents:
    """An opened windows file.

    Parameters
    ----------
    path : pathlib.Path
        Where it is.

    Attributes
    ----------
    windows : zarr.Array of shape (n_windows, n_times), int16
        Samples, in steps.
    scale : zarr.Array of shape (n_windows,), float32
        The step of each window.
    sampling_rate : float
        In Hz.
    checksum : str
        Of samples and steps.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    UnreadableFileError
        If it is something else, or not whole.
    """

    def __init__(self, path: Path) -> None:
        zarr = import_zarr()
        if not path.exists():
            raise FileNotFoundError(f"There is no windows file {path.absolute()}.")
        self.path = path
        with damage_named(path):
            self._group = zarr.open_group(path, mode="r")
            attributes = dict(self._group.attrs)
        if attributes.get("format") != FORMAT:
            raise UnreadableFileError(f"{path} is foreign: save_windows has not written it.")
        if attributes.get("version") != VERSION:
            raise UnreadableFileError(
                f"{path} has version {attributes.get('version')!r} of the format, this version of "
                f"sklearn_ecgssl reads {VERSION}."
            )
        self._subjects = attributes.get("subjects")
        self.checksum = str(attributes.get("checksum"))
        with damage_named(path):
            self.sampling_rate = float(attributes["sampling_rate"])
            self.windows, self.scale = self._array("windows", 2, "int16"), self._array("scale", 1)
        self._check(0 < self.sampling_rate < np.inf, f"sampling rate is {self.sampling_rate}")
        same = self.scale.shape == self.windows.shape[:1] and min(self.windows.shape) > 0
        self._check(same, f"windows are {self.windows.shape}, steps {self.scale.shape}")

    def read(self, rows: slice) -> np.ndarray:
        """Read windows.

        Parameters
        ----------
        rows : slice
            Which, without a step.

        Returns
        -------
        ndarray of shape (n, n_times), float32
            The windows.
        """
        with damage_named(self.path):
            counts, scale = self.windows[rows], self.scale[rows]
        # zarr takes an empty file for one that was never written
        there = (counts[:, 0] != MISSING).all() and np.isfinite(scale).all()
        self._check(there, f"of windows {rows.start} to {rows.stop} some are missing")
        return counts * scale[:, None]

    def column(self, name: str) -> np.ndarray:
        """Read a whole number for each window.

        Parameters
        ----------
        name : str
            Which.

        Returns
        -------
        ndarray of shape (n_windows,)
            The numbers.
        """
        with damage_named(self.path):
            array = self._array(name, 1)[:]
        fits = array.dtype.kind == "u" and array.shape == self.windows.shape[:1]
        self._check(fits, f"{name} is {array.dtype} of shape {array.shape}")
        return array

    def subject(self) -> np.ndarray | None:
        """Read whose each window is.

        Returns
        -------
        ndarray of shape (n_windows,) or None
            None where nobody has said.
        """
        if self._subjects is None:
            return None
        with damage_named(self.path):
            names = np.array(self._subjects)
        self._check(names.ndim == 1 and names.dtype.kind in "iU", "people have no names")
        code = self.column("subject")
        self._check(int(code.max()) < len(names), "windows are of more people than there are names")
        return names[code]

    def _array(self, name: str, ndim: int, dtype: str | None = None) -> Any:
        array = self._group[name]
        fits = getattr(array, "ndim", None) == ndim and dtype in (None, str(array.dtype))
        self._check(fits, f"{name} is {array!r:.200}")
        files = array.shards or array.chunks
        n_files = math.prod(-(-n // size) for n, size in zip(array.shape, files, strict=True))
        per_file = math.prod(n // size for n, size in zip(files, array.chunks, strict=True))
        n_found = array.nchunks_initialized // per_file
        self._check(n_found == n_files, f"{n_files - n_found} files of {name} are missing")
        return array

    def _check(self, fits: bool, what: str) -> None:
        if not fits:
            raise UnreadableFileError(f"{self.path} is damaged: {what}.")


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn what zarr raises on damaged files into an error that names the file.

    Parameters
    ----------
    path : pathlib.Path
        The windows file.
    """
    try:
        yield
    except UnreadableFileError:
        raise
    except FileNotFoundError as error:  # some of zarr's are a ValueError as well
        raise UnreadableFileError(f"{path} is no windows file: {error}") from error
    except (ValueError, RuntimeError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise UnreadableFileError(f"{path} is damaged: {error!r:.200}") from error
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error}") from error
