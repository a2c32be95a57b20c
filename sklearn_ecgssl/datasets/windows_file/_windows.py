"""The windows of files as one array that is read in chunks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ._contents import Contents


class FileWindows:
    """Windows in files, as an array of which slices are read when they are asked for.

    Parameters
    ----------
    files : sequence of Contents
        The files, opened.

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

    def __init__(self, files: Sequence[Contents]) -> None:
        self.files = list(files)
        lengths = {file.windows.shape[1] for file in files}
        if len(lengths) > 1:
            raise ValueError(f"Files have windows of {sorted(lengths)} samples.")
        counts = [file.windows.shape[0] for file in files]
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        self.shape = int(self._starts[-1]), int(lengths.pop())
        of_all = [
            min(file.windows.chunks[0], count - start)
            for file, count in zip(files, counts, strict=True)
            for start in range(0, count, file.windows.chunks[0])
        ]
        self.chunks = tuple(of_all), (self.shape[1],)
        self.checksum = [file.checksum for file in files]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise IndexError(f"windows[start:stop] reads windows, got a step of {step}.")
        found = [np.empty((0, self.shape[1]), np.float32)]
        for file, first in zip(self.files, self._starts, strict=False):
            one = slice(max(start - first, 0), max(min(stop - first, file.windows.shape[0]), 0))
            if one.start < one.stop:
                found.append(file.read(one))
        return np.concatenate(found)

    def __reduce__(self) -> tuple:
        return _opened, ([file.path for file in self.files],)


def _opened(paths: list[Path]) -> FileWindows:
    return FileWindows([Contents(path) for path in paths])
