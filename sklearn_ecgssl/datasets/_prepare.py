"""A data set, prepared once and found again."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from joblib import delayed
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from .._checks import warn_caller
from ..signal import Segmenter
from ..signal._keep import Keep
from ._data_set import DataSet
from ._load import Options, as_bunch, each_person
from ._prepared_person import PreparedPerson
from ._recipe import SCALED, Cut, Recipe, cache_key


def prepare(
    data_set: DataSet,
    *,
    cache: str | os.PathLike[str],
    sampling_rate: float | None = 256,
    transformer: BaseEstimator | None = None,
    scale: str | None = "trimmed",
    segmenter: Segmenter | None = None,
    short: str = "drop",
    keep: Keep | None = None,
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
    keep : callable or None, default=None
        Which windows are kept: `usable`, or another function of the windows of a recording and
        their sampling rate that returns a mask. A warning says how many are left out; a recording
        without windows is left out and listed. None keeps all.
    leads : str or sequence of str, default=None
        Leads to load, as recordings of their own. None: the usual one.
    attribute : str or None, default="default"
        The target, as of the data set's loader. It is made again of the labels each time.
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
        If `data_set` is none, or `keep` no function.
    ValueError
        If a recording cannot be prepared, with the person in the message, `transformer` or
        `segmenter` is for another sampling rate than recordings have, or `keep` keeps nothing.
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

    A transformer is known again by the names of its classes and by its parameters, `keep` by its
    name: delete the cache when you change the code of your own. Several processes may prepare into
    one cache; they wait for each other. Windows take one open file a person, of which systems allow
    about a thousand (``ulimit -n``).

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
    if not isinstance(data_set, DataSet):
        raise TypeError(
            'data_set must be a data set, such as Wesad("WESAD") or RecordingsFiles("study.npz") '
            f"of sklearn_ecgssl.datasets, or one of your own, got {data_set!r}."
        )
    recipe = Recipe(sampling_rate, transformer, scale)
    if keep is not None and segmenter is None:
        raise ValueError("keep is about windows: pass segmenter, such as Segmenter(256), too.")
    cut = None if segmenter is None else Cut(segmenter, short, keep).checked(sampling_rate)
    options = Options(leads, attribute, binarize, subjects, n_jobs, verbose, on_error)
    options = options.checked(data_set)
    key = cache_key(sampling_rate, transformer, scale, options.leads, *data_set._identity())
    folder = Path(cache).expanduser() / f"{data_set.name}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    people = [PreparedPerson(folder, one) for one in options.subjects or ()]
    jobs = (delayed(one.prepare)(data_set, options, recipe, cut) for one in people)
    prepared = list(each_person(data_set, options, jobs))
    recordings = [
        recording
        for person, there in zip(people, prepared, strict=True)
        for recording in person.recordings(cut, there)
    ]
    left_out = [one for person in prepared for one in person.left_out]
    kept = np.concatenate([person.kept for person in prepared])
    if not kept.all():
        warn_caller(f"{np.count_nonzero(~kept)} of {len(kept)} windows are left out (keep).")
    data = as_bunch(data_set, options, recordings, left_out)
    data.folder = folder
    if scale is not None:
        data.unit = SCALED
    return data
