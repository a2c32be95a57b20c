"""A data set, prepared once and found again."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from joblib import delayed
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from ...signal import Segmenter
from ..reading._load import (
    as_bunch,
    check_attribute,
    check_on_error,
    choose_leads,
    choose_subjects,
    summary,
    with_target,
)
from ..reading._people import each_person
from ._person import Person
from ._recipe import SCALED, Recipe, check_rate
from ._source import source_of
from ._sources import SOURCES


def prepare(
    load: Callable[..., Any],
    *args: Any,
    cache: str | os.PathLike[str],
    sampling_rate: float | None = 256,
    transformer: BaseEstimator | None = None,
    scale: str | None = "trimmed",
    segmenter: Segmenter | None = None,
    **options: Any,
) -> Bunch:
    """Read a data set, prepare it person by person, and find it again the next time.

    The recordings of each person are resampled, transformed, scaled together, and written to a
    recordings file in the cache; with a segmenter, their windows besides, as a ``.npy`` file that
    is mapped into memory. One person is in memory at a time. A person whose files have not changed
    since, neither in size nor in time, is not read again, and one whose preparation was cut short
    is done again. Another setting has files of its own.

    Parameters
    ----------
    load : callable
        A loader of this package: `load_wesad`, `load_recordings`, `fetch_eegmat`, ...
    *args
        Its positional arguments, such as the folder.
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
        a memory-map. Recordings that are shorter than a window are left out.
    **options
        Other parameters of `load`: `leads`, `attribute`, `binarize`, `subjects`, `n_jobs`,
        `verbose`, `on_error`, ... Of these, only `leads` and what says where the data are change
        what is prepared; the target is made anew of the labels each time.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As `load` returns it, with recordings as prepared, `unit` "standard deviation" if they are
        scaled, ``fields["original_rate"]`` in Hz, and `folder`, a folder of recordings files that
        `load_recordings` reads too.

    Raises
    ------
    TypeError
        If `load` is another function or `options` are not its parameters.
    ValueError
        If a recording cannot be prepared, with the person in the message; with
        ``on_error="warn"`` the person is left out. If `transformer` or `segmenter` is for another
        sampling rate than recordings have.
    UnreadableFileError, FileNotFoundError, OSError
        As `load` does; a disk that is full leaves the people who were prepared.

    See Also
    --------
    concatenate : One corpus of several data sets.

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
    >>> from sklearn_ecgssl.datasets import load_recordings, make_cohort, prepare, save_recordings
    >>> from sklearn_ecgssl.signal import ECGFilter, Segmenter
    >>> cohort = make_cohort(n_subjects=2, duration=(30, 40), sampling_rate=500, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "two.npz")
    ...     _ = save_recordings(
    ...         file, cohort.recordings, 500, cohort.subject, target=cohort.target
    ...     )
    ...     data = prepare(
    ...         load_recordings,
    ...         file,
    ...         cache=Path(folder, "cache"),
    ...         transformer=ECGFilter(sampling_rate=256),
    ...         segmenter=Segmenter(sampling_rate=256),
    ...     )
    ...     [windows.shape for windows in data.recordings], data.target, data.subject
    ([(3, 2560), (3, 2560), (3, 2560), (3, 2560)], array([0, 1, 0, 1]), array(['0', '0', '1', '1'],
          dtype='<U1'))
    """
    source = source_of(load, args, options, SOURCES)
    data_set, common = source.data_set, source.options
    attribute = common.get("attribute", getattr(data_set, "target", None))
    binarize = common.get("binarize")
    on_error = common.get("on_error", "raise")
    check_on_error(on_error)
    check_attribute(data_set, attribute, binarize)
    recipe = Recipe(sampling_rate, transformer, scale)
    if segmenter is not None and sampling_rate is not None:
        check_rate(segmenter, sampling_rate, "segmenter")
    leads = choose_leads(data_set, common.get("leads"))
    folder = Path(cache) / f"{data_set.name}-{recipe.key(leads, source.identity)}"
    folder.mkdir(parents=True, exist_ok=True)

    people = [Person(folder, one) for one in choose_subjects(data_set, common.get("subjects"))]
    jobs = (
        delayed(Person.prepare)(one, data_set, recipe, segmenter, leads, on_error == "warn")
        for one in people
    )
    n_jobs, verbose = common.get("n_jobs"), common.get("verbose", 0)
    prepared = list(each_person(data_set, jobs, len(people), n_jobs, verbose))
    left_out = [one for person in prepared for one in person.left_out]
    recordings = [
        recording
        for person, there in zip(people, prepared, strict=True)
        for recording in person.recordings(segmenter, there)
    ]
    if not recordings:
        raise ValueError(f"{data_set.folder} gives no recording. {summary(left_out)}")
    data = as_bunch(data_set, recordings, left_out)
    data.folder = folder
    if scale is not None:
        data.unit = SCALED
    data = with_target(data_set, data, attribute, binarize)
    if data.left_out:
        warnings.warn(f"{data_set.name}: {summary(data.left_out)}", stacklevel=2)
    return data
