"""AMIGOS, from the files as they are distributed."""

import os
from collections.abc import Sequence
from typing import Any

from ..reading import load, not_found
from ._amigos_data_set import PREPROCESSED, RawAmigos, open_amigos


def load_amigos(
    path: str | os.PathLike[str],
    *,
    version: str = "preprocessed",
    keep_baseline: bool = False,
    leads: str | Sequence[str] | None = None,
    attribute: str | None = "arousal",
    binarize: str | float | None = None,
    subjects: Sequence[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
    return_X_y: bool = False,
) -> Any:
    """Load AMIGOS: 40 people who watched 16 short and 4 long videos.

    Parameters
    ----------
    path : str or path-like
        The folder that holds ``Data_Preprocessed_P01.mat``, ``Data_Preprocessed_P02.mat``, ...,
        directly or in folders of any name; for ``version="raw"`` ``Data_Original_P01.mat``, ....
    version : {"preprocessed", "raw"}, default="preprocessed"
        "preprocessed" is at 128 Hz, and low-passed at 60 Hz by the authors. "raw" is at 256 Hz;
        its ratings come from the preprocessed files of the same people, if they are in the folder,
        too.
    keep_baseline : bool, default=False
        Keep the 5 s before each video, to which no rating belongs; of preprocessed recordings
        only. Raw ones are always whole.
    leads : str or sequence of str, default=None
        "left", "right" or both, as recordings of their own; of raw files "1" and "2", of which it
        is unknown which is which. None: "left", with which the Transformer of [2]_ was tested, or
        "1".
    attribute : str or None, default="arousal"
        The target: "arousal", "valence", "dominance", "liking", "familiarity" (the person's own
        ratings, 1 to 9), or "neutral", "disgust", "happiness", "surprise", "anger", "fear",
        "sadness" (1 where the person chose it, 0 elsewhere). None: a DataFrame of them all.
    binarize : {"mean", "median"}, float or None, default=None
        Makes classes of the ratings: "low" up to the threshold, "high" above it. "mean" and
        "median" are those of the recordings loaded. None leaves the ratings as they are.
    subjects : sequence of str, default=None
        Whom to load: "P01" to "P40". None: all.
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
            One a person, video and lead.
        target : ndarray of shape (n_recordings,) or DataFrame
            The `attribute`, binarised where that was asked for.
        target_names : list of str or None
            ["low", "high"] if binarized.
        threshold : float or None
            Of `binarize`.
        subject : ndarray of str of shape (n_recordings,)
            Pass it as `groups`.
        sampling_rate : float
            128.0, or 256.0 for raw files.
        fields : dict of ndarray of shape (n_recordings,)
            "record", "lead", "video", "video_length" ("short" or "long"), and all attributes.
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
        If the files are not in the folder, or raw files have no ratings for `attribute`.
    UnreadableFileError
        If a file is damaged, or not of the documented shape; says file and byte.
    ValueError
        If a parameter has a value that it does not take; if a person's file is there twice; if
        nothing is left to load.

    See Also
    --------
    load_dreamer, load_ascertain, load_swell, load_wesad : Others with ratings or conditions.

    Notes
    -----
    Obtained from its authors under an agreement that everybody signs for themselves. Column 1 of
    the ratings is valence and column 2 dominance: programs have confused them.

    References
    ----------
    .. [1] J. A. Miranda-Correa, M. K. Abadi, N. Sebe, I. Patras, "AMIGOS: A Dataset for Affect,
       Personality and Mood Research on Individuals and Groups", IEEE Transactions on Affective
       Computing 12(2), 479-493, 2021. https://doi.org/10.1109/TAFFC.2018.2884461
    .. [2] J. Vazquez-Rodriguez, G. Lefebvre, J. Cumin, J. L. Crowley, "Transformer-Based
       Self-Supervised Learning for Emotion Recognition", ICPR 2022.
       https://arxiv.org/abs/2204.05103

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import load_amigos
    >>> data = load_amigos("AMIGOS", attribute="valence", binarize="mean")  # doctest: +SKIP
    """
    data_set = open_amigos(path, version=version, keep_baseline=keep_baseline)
    if isinstance(data_set, RawAmigos) and attribute in data_set.attributes and not data_set.rated:
        raise not_found("AMIGOS with ratings", data_set.folder, [PREPROCESSED])
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
