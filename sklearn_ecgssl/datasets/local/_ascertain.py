"""ASCERTAIN, from the files as they are distributed."""

import os
from collections.abc import Sequence
from typing import Any

from ..reading import load, not_found
from ._ascertain_data_set import RATINGS_FILE, Ascertain


def load_ascertain(
    path: str | os.PathLike[str],
    *,
    quality: str | os.PathLike[str] | None = None,
    max_quality: float | None = None,
    leads: str | Sequence[str] | None = None,
    attribute: str | None = "arousal",
    binarize: str | float | None = None,
    subjects: Sequence[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
    return_X_y: bool = False,
) -> Any:
    """Load ASCERTAIN: 58 people who watched 36 film clips.

    Parameters
    ----------
    path : str or path-like
        The folder that holds both ``ASCERTAIN_Raw`` and ``ASCERTAIN_Features``, or the first of
        them with the second beside it, or ``ECGData`` in the first. Looked for are
        ``Movie_P01/ECG_Clip1.mat``, ... and ``Dt_SelfReports.mat``; without the latter there are
        recordings, but no ratings.
    quality : str or path-like, default=None
        A text file of 58 lines, one a person, with 36 marks of the ECG, one a clip, and commas
        between them (36 lines of 58 marks will do, too): to be copied from
        ``Data_Quality_Evaluation.xlsx``, whose layout is not documented. 1 is the best. Becomes
        the field "quality". None: ``ECG_quality.csv`` in the folder, if it is there.
    max_quality : float, default=None
        Leave out clips with a mark above it. 2 leaves out what [2]_ did. None leaves out nothing.
    leads : str or sequence of str, default=None
        "1", "2" or both, as recordings of their own: the two channels in the order of the file,
        of which it is not certain which is left and which right. None: "1".
    attribute : str or None, default="arousal"
        The target: "arousal", "engagement", "liking", "familiarity" (the person's own ratings, 0
        to 6) or "valence" (-3 to 3). None: a DataFrame of them all.
    binarize : {"mean", "median"}, float or None, default=None
        Makes classes of the ratings: "low" up to the threshold, "high" above it. "mean" and
        "median" are those of the recordings loaded. None leaves the ratings as they are.
    subjects : sequence of str, default=None
        Whom to load: "P01" to "P58". None: all.
    n_jobs : int, default=None
        People who are read at once, each by a process of its own. None: one after another.
    verbose : int, default=0
        1 shows a progress bar.
    on_error : {"raise", "warn"}, default="raise"
        Whether a file that cannot be read ends the loading, or its person is left out and listed.
    return_X_y : bool, default=False
        Return ``(recordings, target)`` only.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : list of float32 ndarray of shape (n_times,)
            One a person, clip and lead.
        target : ndarray of shape (n_recordings,) or DataFrame
            The `attribute`, binarised where that was asked for.
        target_names : list of str or None
            ["low", "high"] if binarized.
        threshold : float or None
            Of `binarize`.
        subject : ndarray of str of shape (n_recordings,)
            Pass it as `groups`.
        sampling_rate : float
            256.0.
        fields : dict of ndarray of shape (n_recordings,)
            "record", "lead", "clip" (1 to 36), all ratings, and "quality" if there are marks.
        unit : str
            "unknown": neither files nor documentation say it. Scale each subject or recording.
        name : str
            Of the data set.
        left_out : list
            What should be there and is not: (subject, record, reason). A warning names some.
        DESCR : str
            With the terms of use, and how certain what the reader takes for granted is.

    Raises
    ------
    FileNotFoundError
        If the recordings are not in the folder, or the ratings that `attribute` needs, or the
        marks that `max_quality` needs.
    UnreadableFileError
        If a file is damaged, or not of the documented shape; says file and byte.
    ValueError
        If a parameter has a value that it does not take; if a file is there twice; if nothing is
        left to load.

    See Also
    --------
    load_amigos, load_dreamer, load_swell, load_wesad : Others with ratings or conditions.

    Notes
    -----
    Obtained from its authors under an agreement that everybody signs for themselves.

    References
    ----------
    .. [1] R. Subramanian, J. Wache, M. K. Abadi, R. L. Vieriu, S. Winkler, N. Sebe, "ASCERTAIN:
       Emotion and Personality Recognition Using Commercial Sensors", IEEE Transactions on
       Affective Computing 9(2), 147-160, 2018. https://doi.org/10.1109/TAFFC.2016.2625250
    .. [2] J. Vazquez-Rodriguez, G. Lefebvre, J. Cumin, J. L. Crowley, "Transformer-Based
       Self-Supervised Learning for Emotion Recognition", ICPR 2022.
       https://arxiv.org/abs/2204.05103

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import load_ascertain
    >>> data = load_ascertain("ASCERTAIN", attribute="valence", binarize=0)  # doctest: +SKIP
    """
    data_set = Ascertain(path, quality=quality, max_quality=max_quality)
    if attribute in data_set.attributes and data_set.ratings_file is None:
        raise not_found(
            "ASCERTAIN with ratings",
            data_set.folder,
            [f"{RATINGS_FILE} there, in folders below, or in ASCERTAIN_Features beside it"],
        )
    return load(
        data_set,
        leads=leads,
        attribute=attribute,
        binarize=binarize,
        subjects=subjects,
        n_jobs=n_jobs,
        verbose=verbose,
        on_error=on_error,
        return_X_y=return_X_y,
    )
