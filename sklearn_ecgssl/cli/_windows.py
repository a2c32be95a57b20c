"""Windows that are named on the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets import load_windows
from ._command import CommandError


@dataclass(frozen=True)
class Windows:
    """Windows that are read when they are needed, with what is known of them."""

    windows: Any
    subject: np.ndarray | None
    sampling_rate: float | None


def open_windows(paths: list[Path], sampling_rate: float | None) -> Windows:
    """Open windows files, or one ``.npy``.

    Parameters
    ----------
    paths : list of pathlib.Path
        ``.zarr`` that `prepare` has written, any number; or one ``.npy``, which is mapped.
    sampling_rate : float or None
        Of a ``.npy``, in Hz.

    Returns
    -------
    Windows
        What was found. The subjects of ``x.npy`` are those of ``x.subject.npy``, if it is there.
    """
    if all(path.suffix == ".zarr" for path in paths):
        data = load_windows(paths)
        return Windows(data.windows, data.subject, data.sampling_rate)
    if len(paths) > 1 or paths[0].suffix != ".npy":
        raise CommandError(
            f"windows must be .zarr files or one .npy file, got {' '.join(map(str, paths))}."
        )
    people = paths[0].with_suffix(".subject.npy")
    subject = np.load(people) if people.exists() else None
    return Windows(np.load(paths[0], mmap_mode="r"), subject, sampling_rate)
