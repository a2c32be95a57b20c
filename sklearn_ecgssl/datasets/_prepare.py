"""A data set, prepared once and found again."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch
from tqdm.auto import tqdm

from .._files import replacing
from ..signal import Segmenter
from ._data_set import DataSet
from ._load import Options, as_bunch, each_person
from ._load_recordings import load_recordings
from ._prepared_person import Cut, PreparedPerson
from ._recipe import SCALED, Recipe, check_rate, check_short
from ._windows import write_windows


def prepare(
    data_set: DataSet,
    *,
    cache: str | os.PathLike[str],
    sampling_rate: float | None = 256,
    transformer: BaseEstimator | None = None,
    scale: str | None = "trimmed",
    segmenter: Segmenter | None = None,
    short: str = "drop",
    leads: str | Sequence[str] | None = None,
    attribute: str | None = "default",
    binarize: str | float | None = None,
    subjects: Sequence[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
) -> Bunch:
    """Read a data set, prepare it person by person, and find it again the next time.

    The recordings of each person are resampled, transformed, scaled together, and written to a
    recordings file in the cache; with a segmenter, their windows besides, as a ``.npy`` file that
    is mapped into memory. One person is in memory at a time. A person whose files have not changed
    since, neither in size nor in time, is not read again, and one whose preparation was cut short
    is done again. Another setting has files of its own.

    Parameters
    ----------
    data_set : DataSet
        What is read: ``Wesad("WESAD")``, ``EegMat()``, ``RecordingsFiles("study.npz")``, or one of
        your own.
    cache : path-like
        Folder for the prepared files; made if it is missing. About 0.2 GB for 100 hours at 256 Hz,
        and 0.4 GB for their windows.
    sampling_rate : float or None, default=256
        To which recordings are resampled, in Hz; 256 is the papers' [1]_. None leaves them.
    transformer : estimator or None, default=None
        What is then done to the recordings, such as ``ECGFilter(sampling_rate=256)`` or a Pipeline
        of such steps. It learns nothing from other people: it is fitted on each person alone.
    scale : {"trimmed", "standard", None}, default="trimmed"
        How all recordings of a person are then scaled together: to a standard deviation of 1
        without the extremes, by `scale_subjects` as in [1]_; to one with them, as in [2]_; or not.
    segmenter : Segmenter or None, default=None
        If given, each recording is its windows, of shape (n_windows, n_times), a read-only view of
        a memory-map.
    short : {"drop", "raise"}, default="drop"
        What becomes of recordings that are shorter than a window: left out and listed, or an error.
    leads : str or sequence of str, default=None
        Leads to load, as recordings of their own. None: the usual one.
    attribute : str or None, default="default"
        The target, as of the data set's loader. It is made anew of the labels each time.
    binarize : {"mean", "median"}, float or None, default=None
        Makes classes of a rating.
    subjects : sequence of str, default=None
        Whom to load. None: all.
    n_jobs : int, default=None
        People who are prepared at once, each by a process of its own.
    verbose : int, default=0
        1 shows progress.
    on_error : {"raise", "warn"}, default="raise"
        Whether a person whose files cannot be read or prepared is an error, or is left out.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As of the data set's loader, with recordings as prepared, `unit` "standard deviation" if
        they are scaled, ``fields["original_rate"]`` in Hz, and `folder`, a folder of recordings
        files that `load_recordings` reads too.

    Raises
    ------
    TypeError
        If `data_set` is none.
    ValueError
        If a recording cannot be prepared, with the person in the message, or `transformer` or
        `segmenter` is for another sampling rate than recordings have.
    UnreadableFileError, FileNotFoundError, OSError
        As of loading; a disk that is full leaves the people who were prepared.

    See Also
    --------
    concatenate : One corpus of several data sets.
    prepare_windows : Any number of recordings, in a stream, into one array.

    Notes
    -----
    Scaling uses all recordings of a person, but no label and no other person: it may be done before
    a split by subject. Recordings files hold 16 bits a sample, see `save_recordings`.

    A transformer is known again by the names of its classes and by its parameters: delete the cache
    when you change the code of your own. Several processes may prepare into one cache; they wait
    for each other. Windows take one open file a person, of which systems allow about a thousand
    (``ulimit -n``).

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.
    .. [2] J. Vazquez-Rodriguez et al., "Transformer-Based Self-Supervised Learning for Emotion
       Recognition", ICPR 2022, arXiv:2204.05103.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_ecgssl.datasets import RecordingsFiles, make_cohort, prepare, save_recordings
    >>> from sklearn_ecgssl.signal import ECGFilter, Segmenter
    >>> cohort = make_cohort(n_subjects=2, duration=(30, 40), sampling_rate=500, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "two.npz")
    ...     _ = save_recordings(
    ...         file, cohort.recordings, 500, cohort.subject, target=cohort.target
    ...     )
    ...     data = prepare(
    ...         RecordingsFiles(file),
    ...         cache=Path(folder, "cache"),
    ...         transformer=ECGFilter(sampling_rate=256),
    ...         segmenter=Segmenter(sampling_rate=256),
    ...     )
    ...     [windows.shape for windows in data.recordings], data.target, data.subject
    ([(3, 2560), (3, 2560), (3, 2560), (3, 2560)], array([0, 1, 0, 1]), array(['0', '0', '1', '1'],
          dtype='<U1'))
    """
    if segmenter is not None and not isinstance(segmenter, Segmenter):
        raise TypeError(f"segmenter must be a Segmenter or None, got {segmenter!r}.")
    if not isinstance(data_set, DataSet):
        raise TypeError(
            'data_set must be a data set, such as Wesad("WESAD") or RecordingsFiles("study.npz") '
            f"of sklearn_ecgssl.datasets, or one of your own, got {data_set!r}."
        )
    _check_short(short)
    recipe = Recipe(sampling_rate, transformer, scale)
    if segmenter is not None and sampling_rate is not None:
        check_rate(segmenter, sampling_rate, "segmenter")
    options = Options(leads, attribute, binarize, subjects, n_jobs, verbose, on_error)
    options = options.checked(data_set)
    key = recipe.key(options.leads, data_set._identity())
    folder = Path(cache).expanduser() / f"{data_set.name}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    cut = None if segmenter is None else Cut(segmenter, short)
    people = [PreparedPerson(folder, one) for one in options.subjects or ()]
    jobs = (delayed(one.prepare)(data_set, options, recipe, cut) for one in people)
    prepared = list(each_person(data_set, options, jobs))
    recordings = [
        recording
        for person, there in zip(people, prepared, strict=True)
        for recording in person.recordings(cut, there)
    ]
    left_out = [one for person in prepared for one in person.left_out]
    data = as_bunch(data_set, options, recordings, left_out)
    data.folder = folder
    if scale is not None:
        data.unit = SCALED
    return data


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
    beside = path.with_suffix(".subject.npy")
    if path.suffix not in (".npy", ".zarr"):
        raise ValueError(f"path must end in .npy or .zarr, got {str(path)!r}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent.absolute()} to save in.")
    if path.exists():
        raise FileExistsError(f"There is something at {path.absolute()}: delete it first.")
    _check_short(short)
    if dtype not in ("float32", "float16"):
        raise ValueError(f'dtype must be "float32" or "float16", got {dtype!r}.')
    if isinstance(parts, str | os.PathLike):
        parts = [parts]
    recipe = Recipe(sampling_rate, transformer, scale)
    cut = Cut(Segmenter(sampling_rate) if segmenter is None else segmenter, short)
    check_rate(cut.segmenter, sampling_rate, "segmenter")
    prepared = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_windows_of)(read, part, recipe, cut) for part in parts
    )
    subjects, n_short = [], 0

    def pieces() -> Iterator[np.ndarray]:
        nonlocal n_short
        for windows, subject, n_dropped in tqdm(prepared, unit=" parts", disable=not verbose):
            yield from windows
            subjects.append(subject)
            n_short += n_dropped

    write_windows(path, pieces(), dtype)
    subject = np.concatenate(subjects)
    with replacing(beside) as temporary, open(temporary, "wb") as stream:
        np.save(stream, subject)
    return Bunch(windows=_opened(path), subject=subject, n_short=n_short)


def _windows_of(
    read: Callable[[Any], Any], part: Any, recipe: Recipe, cut: Cut
) -> tuple[list[np.ndarray], np.ndarray, int]:
    """Prepare a part: the windows of each recording, whose each is, and how many were too short."""
    try:
        data = read(part)
        n_recordings, subject = len(data.recordings), np.asarray(data.subject)
        if subject.shape != (n_recordings,):
            raise ValueError(f"it has {n_recordings} recordings and subjects {subject.shape}")
        rates = np.broadcast_to(data.sampling_rate, n_recordings).tolist()
        prepared = recipe.apply_to_each(data.recordings, rates, subject)
        names = [f"recording {i}" for i in range(n_recordings)]
        is_long = check_short(cut.short, cut.segmenter, [len(one) for one in prepared], names)
        long = np.flatnonzero(is_long)
        windows = cut.segmenter.transform([prepared[i] for i in long]) if len(long) else []
        counts = [len(one) for one in windows]
        return windows, np.repeat(subject[long], counts), n_recordings - len(long)
    except ValueError as error:
        raise ValueError(f"{part!r:.200} cannot be prepared: {error}") from error
    except (TypeError, LookupError, AttributeError) as error:  # `read` may be anybody's
        raise ValueError(f"{part!r:.200} cannot be prepared: {error!r}") from error


def _opened(path: Path) -> Any:
    if path.suffix == ".npy":
        return np.load(path, mmap_mode="r")
    import zarr

    return zarr.open_array(path, mode="r")


def _check_short(short: str) -> None:
    if short not in ("drop", "raise"):
        raise ValueError(f'short must be "drop" or "raise", got {short!r}.')
