"""WESAD, from the files as they are distributed."""

import os
from collections.abc import Sequence
from typing import Any

from ..reading import load
from ._wesad_data_set import Wesad


def load_wesad(
    path: str | os.PathLike[str],
    *,
    leads: str | Sequence[str] | None = None,
    attribute: str | None = "condition",
    binarize: str | float | None = None,
    subjects: Sequence[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
    return_X_y: bool = False,
) -> Any:
    """Load WESAD: 15 people at rest, under stress, amused and meditating.

    The files are pickles. Nothing that they name is called: they are read by a program that knows
    arrays and plain values alone.

    Parameters
    ----------
    path : str or path-like
        The folder that holds ``S2/S2.pkl``, ``S3/S3.pkl``, ..., or one around it. Of a person's
        other files, ``S2_quest.csv`` is read where it is there.
    leads : str or sequence of str, default=None
        "chest", the only lead. None: the same.
    attribute : str or None, default="condition"
        The target: "condition" (baseline, stress, amusement, meditation), "stress" (the binary
        task of [1]_: stress against baseline and amusement, without meditation), "valence" or
        "arousal" (the person's own ratings of each condition, 1 to 9, from the questionnaire).
        None: a DataFrame of them all.
    binarize : {"mean", "median"}, float or None, default=None
        Makes classes of the ratings: "low" up to the threshold, "high" above it. "mean" and
        "median" are those of the recordings loaded. None leaves the ratings as they are. For
        "condition" and "stress" it must be None.
    subjects : sequence of str, default=None
        Whom to load: "S2" to "S17", without "S12". None: all.
    n_jobs : int, default=None
        People who are read at once, each by a process of its own, which takes about as much memory
        as the file, some 1 GB. None: one after another.
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
            One a person and phase of the session; meditation comes twice.
        target : ndarray of shape (n_recordings,) or DataFrame
            The `attribute`, binarised where that was asked for.
        target_names : list of str or None
            Of the classes, for which `target` is the index.
        threshold : float or None
            Of `binarize`.
        subject : ndarray of str of shape (n_recordings,)
            Pass it as `groups`.
        sampling_rate : float
            700.0 Hz.
        fields : dict of ndarray of shape (n_recordings,)
            "record" ("S2/stress", "S2/meditation 1"), "lead", "condition", "valence", "arousal".
        unit : str
            "mV".
        name : str
            Of the data set.
        left_out : list
            What should be there and is not: (subject, record, reason). A warning names some.
        DESCR : str
            With the terms of use, and how certain what the reader takes for granted is.

    Raises
    ------
    FileNotFoundError
        If no person's file is in the folder.
    UnreadableFileError
        If a file is damaged, or not of the documented content; says file and byte.
    ValueError
        If a parameter has a value that it does not take; if a person's file is there twice; if
        nothing is left to load.

    See Also
    --------
    load_swell, load_amigos, load_dreamer, load_ascertain : Others with ratings or conditions.

    Notes
    -----
    Labels mark what happened at each sample; recordings are the runs of the labels 1 to 4. The
    labels 0 (between phases) and 5 to 7 (to be ignored, says the documentation) are in none. The
    authors shortened each phase by 10 s at both ends.

    References
    ----------
    .. [1] P. Schmidt, A. Reiss, R. Duerichen, C. Marberger, K. Van Laerhoven, "Introducing WESAD, a
       Multimodal Dataset for Wearable Stress and Affect Detection", ICMI 2018, 400-408.
       https://doi.org/10.1145/3242969.3242985

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import load_wesad
    >>> data = load_wesad("WESAD", attribute="stress")  # doctest: +SKIP
    """
    return load(
        Wesad(path),
        leads=leads,
        attribute=attribute,
        binarize=binarize,
        subjects=subjects,
        n_jobs=n_jobs,
        verbose=verbose,
        on_error=on_error,
        return_X_y=return_X_y,
    )
