"""Windows into a file, as they come."""

import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ._writer import WindowsWriter


def save_windows(
    path: str | os.PathLike[str],
    recordings: Iterable[Any],
    sampling_rate: float,
    subject: Iterable[Any] | None = None,
) -> Path:
    """Save windows, recording by recording, to a file that may be larger than memory.

    `recordings` may be a generator: one recording's windows are asked for after the other, and no
    more than a shard, 128 MB, is held. So is what joblib's ``Parallel(return_as="generator")``
    returns, which prepares recordings in many processes. The file appears whole or not at all.

    Parameters
    ----------
    path : path-like
        Must end in ``.zarr``; its folder must exist. There must be nothing there yet.
    recordings : iterable of array-like of shape (n_windows_i, n_times)
        Windows of one recording each, finite; none is left out. Samples are rounded to steps of a
        thousandth of the standard deviation of their window (of 1/32767 of its largest value,
        where that is more), and stored as 16-bit integers.
    sampling_rate : float
        Of the windows, in Hz.
    subject : iterable, default=None
        The person of each recording, a string or an integer.

    Returns
    -------
    path : pathlib.Path
        Where the file is.

    Raises
    ------
    ImportError
        If zarr is not installed: ``pip install "sklearn_ecgssl[scale]"``.
    FileExistsError
        If there is something at `path`.
    ValueError
        If windows differ in length or are not finite, there are none, or `subject` is shorter or
        longer than `recordings`. Nothing is left then.

    See Also
    --------
    load_windows : Read them, chunk by chunk.
    prepare : Prepare a data set that fits on one machine.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn_ecgssl.datasets import load_windows, save_windows
    >>> windows_of = (np.random.default_rng(i).normal(size=(2 + i, 256)) for i in range(3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_windows(Path(folder, "few.zarr"), windows_of, 256, subject="aab")
    ...     data = load_windows(path)
    ...     data.windows.shape, data.windows[3:5].shape
    ((9, 256), (2, 256))
    >>> data.subject
    array(['a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'b'], dtype='<U1')
    """
    return write_windows(Path(path), _with_subject(recordings, subject), sampling_rate)


def write_windows(path: Path, pairs: Iterable[tuple[Any, Any]], sampling_rate: float) -> Path:
    """Write windows and the person of each recording.

    Parameters
    ----------
    path : pathlib.Path
        Must end in ``.zarr``.
    pairs : iterable of (array-like of shape (n_windows_i, n_times), str, int or None)
        One recording's windows after the other, and whose they are.
    sampling_rate : float
        Of the windows, in Hz.

    Returns
    -------
    pathlib.Path
        The path.
    """
    if path.suffix != ".zarr":
        raise ValueError(f"path must end in .zarr, got {str(path)!r}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent.absolute()} to save in.")
    if path.exists():
        raise FileExistsError(f"There is something at {path.absolute()}: delete it first.")
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with WindowsWriter(unfinished, sampling_rate) as writer:
            for windows, person in pairs:
                writer.write(windows, person)
        os.replace(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return path


def _with_subject(recordings: Iterable[Any], subject: Iterable[Any] | None) -> Iterable[tuple]:
    if subject is None:
        yield from ((windows, None) for windows in recordings)
        return
    people = iter(subject)
    n_recordings = 0
    for windows in recordings:
        try:
            person = next(people)
        except StopIteration:
            raise ValueError(
                f"subject has {n_recordings} entries, and there are more recordings."
            ) from None
        n_recordings += 1
        yield windows, person
    if next(people, people) is not people:
        raise ValueError(f"subject has more entries than the {n_recordings} recordings.")
