"""Windows from files, read when they are needed."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from ._contents import Contents
from ._windows import FileWindows

Places = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def load_windows(path: Places) -> Bunch:
    """Open a windows file, or several as one.

    Nothing but the subjects is read here. Pretrainers, `SSLEmbedder` and `embed_blocks` take
    `windows` as they take an array, and read it chunk by chunk.

    Parameters
    ----------
    path : path-like or sequence of path-like
        Files that `save_windows` has written, of windows of one length and sampling rate. The same
        subject in two files is taken for the same person.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        windows : FileWindows of shape (n_windows, n_times)
            ``windows[start:stop]`` is a float32 array.
        subject : ndarray of shape (n_windows,) or None
            The person: pass it as `groups`. None where a file does not say.
        recording : ndarray of shape (n_windows,)
            Number of the recording, from 0, through all files.
        sampling_rate : float
            In Hz.

    Raises
    ------
    ImportError
        If zarr is not installed: ``pip install "sklearn_ecgssl[scale]"``.
    FileNotFoundError
        If there is nothing at a path.
    UnreadableFileError
        If there is something else, or files are missing in it. Damage inside is found when windows
        are read, by the checksum of each chunk, and is this error, too.
    ValueError
        If files do not fit together.

    See Also
    --------
    save_windows, prepare_windows : Write such a file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn_ecgssl.datasets import load_windows, save_windows
    >>> noise = np.random.default_rng(0).normal(size=(2, 3, 256))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one = save_windows(Path(folder, "one.zarr"), noise, 128, subject=["ann", "bob"])
    ...     other = save_windows(Path(folder, "other.zarr"), noise[:1], 128, subject=["bob"])
    ...     data = load_windows([one, other])
    ...     data.windows.shape, data.windows[5:7].shape
    ((9, 256), (2, 256))
    >>> data.subject[[0, 3, 6]].tolist(), data.recording.tolist()
    (['ann', 'bob', 'bob'], [0, 0, 0, 1, 1, 1, 2, 2, 2])
    """
    paths = [Path(path)] if isinstance(path, (str, os.PathLike)) else [Path(one) for one in path]
    if not paths:
        raise ValueError("path names no file.")
    files = [Contents(place) for place in paths]
    windows = FileWindows(files)
    rates = [file.sampling_rate for file in files]
    if len(set(rates)) > 1:
        raise ValueError(f"Files have sampling rates of {sorted(set(rates))} Hz.")
    recordings, n_before = [], 0
    for file in files:
        own = file.column("recording").astype(np.int64)
        recordings.append(own + n_before)
        n_before += int(own.max()) + 1
    known = [subject for file in files if (subject := file.subject()) is not None]
    return Bunch(
        windows=windows,
        subject=np.concatenate(known) if len(known) == len(files) else None,
        recording=np.concatenate(recordings),
        sampling_rate=rates[0],
    )
