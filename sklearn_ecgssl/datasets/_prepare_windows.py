"""Windows of any number of recordings, written as they come to an array of NumPy or Zarr."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch
from tqdm.auto import tqdm

from .._checks import check_choice
from .._files import check_new, library, replacing
from ..signal import Segmenter
from ..signal._keep import Keep, kept_of_one
from ..signal._recordings import check_subjects
from ._load_recordings import load_recordings
from ._recipe import Cut, Recipe

#: Bytes of a chunk of a Zarr array, which is read as a whole, before compression.
_CHUNK_BYTES = 2**20
#: Chunks of a shard, which is a file.
_SHARD_CHUNKS = 128


def prepare_windows(
    parts: Iterable[Any],
    path: str | os.PathLike[str],
    *,
    read: Callable[[Any], Any] = load_recordings,
    sampling_rate: float = 256,
    transformer: BaseEstimator | None = None,
    scale: str | None = "trimmed",
    segmenter: Segmenter | None = None,
    short: str = "drop",
    keep: Keep | None = None,
    dtype: str = "float32",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Read recordings part by part, prepare them, and write their windows to one array.

    Parts are read and prepared by joblib, with ``n_jobs=16`` in as many processes, and inside
    ``parallel_config(backend="dask")`` on a cluster; their windows are written in the order of the
    parts. No more than some parts are in memory at a time.

    Parameters
    ----------
    parts : iterable
        What `read` takes: recordings files, by default. All recordings of a person are in one part,
        since they are scaled together.
    path : path-like
        ``corpus.npy``, an array that is mapped into memory, or ``corpus.zarr``, one of compressed
        chunks. There must be nothing there. The subject of each window is written beside it, to
        ``corpus.subject.npy``.
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
    short : {"drop", "raise"}, default="drop"
        What becomes of recordings that are shorter than a window: left out, or an error.
    keep : callable or None, default=None
        Which windows are kept: `usable`, or another function of the windows of a recording and
        their sampling rate that returns a mask. None keeps all.
    dtype : {"float32", "float16"}, default="float32"
        Of the samples. "float16" takes half the bytes and rounds to three digits, which is below
        the noise of an ECG that is scaled.
    n_jobs : int or None, default=None
        Parts that are prepared at once.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        windows : memory-map or zarr.Array of shape (n_windows, n_times)
            What was written, as ``numpy.load(path, mmap_mode="r")`` or ``zarr.open_array(path)``
            opens it. Pretrainers, `SSLEmbedder` and `embed_blocks` read it chunk by chunk.
        subject : ndarray of shape (n_windows,)
            The person: pass it as `groups`.
        n_short : int
            Recordings that were left out.
        n_left_out : int
            Windows that `keep` left out.

    Raises
    ------
    ImportError
        If zarr is asked for and not installed: ``pip install "sklearn_ecgssl[scale]"``.
    FileExistsError
        If there is something at `path`.
    ValueError
        If a part cannot be prepared; says which. Nothing is left at `path` then.

    See Also
    --------
    prepare : A data set, person by person, found again the next time.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn_ecgssl.datasets import make_cohort, prepare_windows
    >>> def read(seed):
    ...     cohort = make_cohort(n_subjects=1, duration=35, sampling_rate=128, random_state=seed)
    ...     cohort.subject = [f"person {seed}"] * len(cohort.recordings)
    ...     return cohort
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     data = prepare_windows(range(3), Path(folder, "corpus.npy"), read=read)
    ...     data.windows.shape, np.unique(data.subject).tolist()
    ((18, 2560), ['person 0', 'person 1', 'person 2'])
    """
    path = Path(path).expanduser()
    check_new(path, (".npy", ".zarr"))
    check_choice("dtype", dtype, ("float32", "float16"))
    recipe = Recipe(sampling_rate, transformer, scale)
    cut = Cut(Segmenter(sampling_rate) if segmenter is None else segmenter, short, keep)
    cut.checked(sampling_rate)
    parts = [parts] if isinstance(parts, str | os.PathLike) else parts
    prepared = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_windows_of)(read, part, recipe, cut) for part in parts
    )
    subjects, n_short, n_left_out = [], 0, 0

    def pieces() -> Iterator[np.ndarray]:
        nonlocal n_short, n_left_out
        for windows, subject, n_dropped, n_cut in tqdm(
            prepared, unit=" parts", disable=not verbose
        ):
            yield from windows
            subjects.append(subject)
            n_short += n_dropped
            n_left_out += n_cut - len(subject)

    write_windows(path, pieces(), dtype)
    subject = np.concatenate(subjects)
    with replacing(path.with_suffix(".subject.npy")) as temporary, open(temporary, "wb") as stream:
        np.save(stream, subject)
    return Bunch(windows=_opened(path), subject=subject, n_short=n_short, n_left_out=n_left_out)


def _windows_of(
    read: Callable[[Any], Any], part: Any, recipe: Recipe, cut: Cut
) -> tuple[list[np.ndarray], np.ndarray, int, int]:
    """Prepare a part: windows, whose each is, how many recordings were too short, windows cut."""
    try:
        data = read(part)
        n_recordings = len(data.recordings)
        subject = check_subjects(data.subject, "subject", n_recordings, "recording")
        rates = np.broadcast_to(data.sampling_rate, n_recordings).tolist()
        prepared = recipe.apply_to_each(data.recordings, rates, subject)
        names = [f"recording {i}" for i in range(n_recordings)]
        is_long = cut.is_long([len(one) for one in prepared], names)
        long = np.flatnonzero(is_long)
        windows = cut.segmenter.transform([prepared[i] for i in long]) if len(long) else []
        n_cut = sum(map(len, windows))
        if cut.keep is not None:
            rate = cut.segmenter.sampling_rate
            windows = [one[kept_of_one(cut.keep, one, rate)] for one in windows]
        counts = [len(one) for one in windows]
        return windows, np.repeat(subject[long], counts), n_recordings - len(long), n_cut
    except Exception as error:  # a user's `read` may raise anything
        raise ValueError(f"{part!r:.200} cannot be prepared: {error!r}") from error


def _opened(path: Path) -> Any:
    if path.suffix == ".npy":
        return np.load(path, mmap_mode="r")
    import zarr

    return zarr.open_array(path, mode="r")


def write_windows(path: Path, pieces: Iterable[np.ndarray], dtype: str = "float32") -> int:
    """Write windows to a ``.npy`` or ``.zarr`` atomically; return how many."""
    unfinished = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.tmp{path.suffix}")
    write = _write_npy if path.suffix == ".npy" else _write_zarr
    try:
        n_windows = write(unfinished, _of_one_length(pieces, dtype))
        if not n_windows:
            raise ValueError("parts give no windows that are kept: there is nothing to save.")
        os.replace(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.unlink(missing_ok=True)
    return n_windows


def _of_one_length(pieces: Iterable[np.ndarray], dtype: str) -> Iterator[np.ndarray]:
    """Pass on windows, arrays of shape (n, n_times), as long as n_times stays the same."""
    n_times = None
    for windows in pieces:
        n_times = n_times or windows.shape[1]
        if windows.shape[1] != n_times:
            raise ValueError(
                f"All windows must have the same length: some have {windows.shape[1]} samples, "
                f"those before {n_times}."
            )
        if len(windows):
            yield np.ascontiguousarray(windows, dtype=dtype)


def _write_npy(path: Path, pieces: Iterable[np.ndarray]) -> int:
    """Write a file, whose header leaves room for the number of windows."""
    n_windows = 0
    with open(path, "wb") as stream:
        for windows in pieces:
            if not n_windows:
                _write_header(stream, windows, 0)
            stream.write(windows.data)
            n_windows += len(windows)
        if n_windows:
            stream.seek(0)
            _write_header(stream, windows, n_windows)
        stream.flush()
        os.fsync(stream.fileno())
    return n_windows


def _write_header(stream: BinaryIO, windows: np.ndarray, n_windows: int) -> None:
    shape = (n_windows, windows.shape[1])
    header = {"descr": windows.dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)


def _write_zarr(path: Path, pieces: Iterable[np.ndarray]) -> int:
    """Write an array of compressed chunks; windows wait until there is a shard of them."""
    array: Any = None
    waiting: list[np.ndarray] = []
    for windows in pieces:
        if array is None:
            array = _empty_zarr(path, windows)
        waiting.append(windows)
        if sum(map(len, waiting)) >= array.shards[0]:
            together = np.concatenate(waiting)
            n_whole = len(together) - len(together) % array.shards[0]
            array.append(together[:n_whole])
            waiting = [together[n_whole:]]
    if array is None:
        return 0
    array.append(np.concatenate(waiting))
    return int(array.shape[0])


def _empty_zarr(path: Path, windows: np.ndarray) -> Any:
    zarr = library("zarr", ".zarr arrays are written", "scale")
    n_times = windows.shape[1]
    chunk = max(1, _CHUNK_BYTES // (windows.dtype.itemsize * n_times))
    return zarr.create_array(
        path,
        shape=(0, n_times),
        dtype=windows.dtype,
        chunks=(chunk, n_times),
        shards=(chunk * _SHARD_CHUNKS, n_times),
        compressors=zarr.codecs.BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle"),
    )
