"""The windows of files as one array that is read in chunks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...formats import UnreadableFileError
from ._zarr import open_group


class FileWindows:
    """Windows in files, as an array of which slices are read when they are asked for.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The files.
    groups : sequence of zarr.Group
        What they hold.

    Attributes
    ----------
    shape : tuple of two int
        Windows, and samples in a window.
    dtype : dtype
        float32.
    chunks : tuple of two tuples of int
        Windows in each chunk, as Dask says it, and samples.
    checksum : list of str
        Of what each file holds.
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(self, paths: Sequence[Path], groups: Sequence[Any]) -> None:
        self.paths = list(paths)
        self._open(groups)

    def _open(self, groups: Sequence[Any]) -> None:
        self._parts = [(group["windows"], group["scale"]) for group in groups]
        for path, (windows, scale) in zip(self.paths, self._parts, strict=True):
            if windows.ndim != 2 or scale.shape != windows.shape[:1] or not len(scale.shape):
                raise UnreadableFileError(f"{path} has other scales than windows.")
        lengths = {windows.shape[1] for windows, _ in self._parts}
        if len(lengths) > 1:
            raise ValueError(f"Files have windows of {sorted(lengths)} samples.")
        counts = [windows.shape[0] for windows, _ in self._parts]
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        self.shape = int(self._starts[-1]), int(lengths.pop())
        of_all = [
            min(windows.chunks[0], count - start)
            for (windows, _), count in zip(self._parts, counts, strict=True)
            for start in range(0, count, windows.chunks[0])
        ]
        self.chunks = tuple(of_all), (self.shape[1],)
        self.checksum = [str(group.attrs["checksum"]) for group in groups]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise IndexError(f"windows[start:stop] reads windows, got a step of {step}.")
        found = [np.empty((0, self.shape[1]), np.float32)]
        for (windows, scale), first in zip(self._parts, self._starts, strict=False):
            one = slice(max(start - first, 0), max(min(stop - first, windows.shape[0]), 0))
            if one.start < one.stop:
                found.append(windows[one] * scale[one][:, None])
        return np.concatenate(found)

    def __reduce__(self) -> tuple:
        return _opened, (self.paths,)


def _opened(paths: list[Path]) -> FileWindows:
    return FileWindows(paths, [open_group(path) for path in paths])
