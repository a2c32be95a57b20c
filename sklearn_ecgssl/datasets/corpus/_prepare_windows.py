"""Any number of recordings into one windows file, in a stream."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator
from tqdm.auto import tqdm

from ...signal import Segmenter
from ..recordings_file import load_recordings
from ..windows_file._save import write_windows
from ._recipe import Recipe, check_rate

Windows = list[tuple[np.ndarray, Any]]


def prepare_windows(
    parts: Iterable[Any],
    path: str | os.PathLike[str],
    *,
    read: Callable[[Any], Any] = load_recordings,
    sampling_rate: float = 256,
    transformer: BaseEstimator | None = None,
    scale: str | None = "trimmed",
    segmenter: Segmenter | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Path:
    """Read recordings part by part, prepare them, and write their windows to one file.

    Parts are read and prepared by joblib, with ``n_jobs=16`` in as many processes, and inside
    ``parallel_config(backend="dask")`` on a cluster; their windows are written in the order of the
    parts. No more than some parts are in memory at a time.

    Parameters
    ----------
    parts : iterable
        What `read` takes: recordings files, by default. All recordings of a person are in one part,
        since they are scaled together.
    path : path-like
        The windows file, for `load_windows`. Must end in ``.zarr``; there must be nothing there.
    read : callable, default=load_recordings
        Returns a Bunch with `recordings`, `sampling_rate` and `subject` of a part, as all loaders
        do, or a function of yours that reads your files.
    sampling_rate : float, default=256
        To which recordings are resampled, in Hz; 256 is the papers'.
    transformer : estimator or None, default=None
        What is then done to the recordings, such as ``ECGFilter(sampling_rate=256)``; fitted on
        each person alone.
    scale : {"trimmed", "standard", None}, default="trimmed"
        How all recordings of a person are then scaled together, as in `prepare`.
    segmenter : Segmenter or None, default=None
        How recordings are cut. None stands for ``Segmenter(sampling_rate)``: windows of 10 s.
        Recordings that are shorter than a window are left out.
    n_jobs : int or None, default=None
        Parts that are prepared at once.
    verbose : int, default=0
        1 shows a progress bar.

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
        If a part cannot be prepared; says which. Nothing is left at `path` then.

    See Also
    --------
    save_windows : Write windows that you have made yourself.
    load_windows : Read the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn_ecgssl.datasets import load_windows, make_cohort, prepare_windows
    >>> def read(seed):
    ...     cohort = make_cohort(n_subjects=1, duration=35, sampling_rate=128, random_state=seed)
    ...     cohort.subject = [f"person {seed}"] * len(cohort.recordings)
    ...     return cohort
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = prepare_windows(range(3), Path(folder, "corpus.zarr"), read=read)
    ...     data = load_windows(path)
    >>> data.windows.shape, data.sampling_rate, np.unique(data.subject).tolist()
    ((18, 2560), 256.0, ['person 0', 'person 1', 'person 2'])
    """
    recipe = Recipe(sampling_rate, transformer, scale)
    if segmenter is None:
        segmenter = Segmenter(sampling_rate)
    check_rate(segmenter, sampling_rate, "segmenter")
    prepared = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_windows_of)(read, part, recipe, segmenter) for part in parts
    )
    progress = tqdm(prepared, unit=" parts", disable=not verbose)
    pairs: Iterator = (pair for of_a_part in progress for pair in of_a_part)
    return write_windows(Path(path), pairs, sampling_rate)


def _windows_of(
    read: Callable[[Any], Any], part: Any, recipe: Recipe, segmenter: Segmenter
) -> Windows:
    """Prepare a part: the windows of each recording, and its person."""
    try:
        data = read(part)
        rates = np.broadcast_to(data.sampling_rate, len(data.recordings)).tolist()
        subject = np.asarray(data.subject)
        prepared: list[np.ndarray] = [np.empty(0)] * len(rates)
        for person in dict.fromkeys(subject.tolist()):
            own = np.flatnonzero(subject == person)
            signals, _ = recipe.apply([data.recordings[i] for i in own], [rates[i] for i in own])
            for i, signal in zip(own, signals, strict=True):
                prepared[i] = signal
        long = [i for i, signal in enumerate(prepared) if segmenter.count(len(signal))]
        if not long:
            return []
        windows = segmenter.transform([prepared[i] for i in long])
        return [(own, subject[i].item()) for own, i in zip(windows, long, strict=True)]
    except ValueError as error:
        raise ValueError(f"{part!r:.200} cannot be prepared: {error}") from error
