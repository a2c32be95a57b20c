"""SWELL-KW, from the files as they are distributed."""

import os
from collections.abc import Sequence
from typing import Any

from ..reading import load
from ._swell_data_set import Swell


def load_swell(
    path: str | os.PathLike[str],
    *,
    keep_relaxation: bool = False,
    leads: str | Sequence[str] | None = None,
    attribute: str | None = "condition",
    binarize: str | float | None = None,
    subjects: Sequence[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
    return_X_y: bool = False,
) -> Any:
    """Load SWELL-KW: 25 people at office work, in three blocks under three conditions.

    Of each file only the channel that is asked for is kept in memory, about 30 MB an hour.

    Parameters
    ----------
    path : str or path-like
        A folder that holds, directly or in folders of any name, the recordings
        (``pp1_18-9-2012_c1.S00`` and so on, in the folder "Mobi signals") and the labels
        (``behavioral-labels.xlsx`` or ``Behavioral-features - per minute.xlsx``; the same as
        ``.csv`` or ``.tab`` will do).
    keep_relaxation : bool, default=False
        Whether to keep the minutes of relaxation with which each block begins. They are cut off,
        with one minute more, if the labels have a row for each minute, by their times and the
        recorder's clock; otherwise nobody knows how many they are.
    leads : str or sequence of str, default=None
        "ECG", "ECG raw" or both, as recordings of their own. "ECG" is channel 8, which the
        recorder's program filtered and the data set's own program reads; "ECG raw" is channel 6,
        probably the same before the filter. None: "ECG".
    attribute : str or None, default="condition"
        The target: "condition" (or "stress", its other name): no stress, time pressure or
        interruptions; or a rating: "valence", "arousal", "dominance" (1 to 9), "stress_rating" (0
        to 10), "mental_effort", "mental_demand", "physical_demand", "temporal_demand", "effort",
        "performance", "frustration". None: a DataFrame of them all.
    binarize : {"mean", "median"}, float or None, default=None
        Makes classes of a rating: "low" up to the threshold, "high" above it. "mean" and "median"
        are those of the recordings loaded. None leaves ratings as they are.
    subjects : sequence of str, default=None
        Whom to load: "PP1" to "PP25". None: all.
    n_jobs : int, default=None
        People who are read at once, each by a process of its own. None: 1.
    verbose : int, default=0
        1 shows a progress bar.
    on_error : {"raise", "warn"}, default="raise"
        Whether a person whose files cannot be read ends the loading, or is left out and listed.
    return_X_y : bool, default=False
        Return ``(recordings, target)`` only.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : list of float32 ndarray of shape (n_times,)
            One a person, block and lead, without its minutes of relaxation if the labels tell
            them (see `keep_relaxation`).
        target : ndarray of shape (n_recordings,) or DataFrame
            Of "condition", indices into `target_names`.
        target_names : list of str or None
            ["no stress", "time pressure", "interruptions"], or ["low", "high"] if binarized.
        threshold : float or None
            Of `binarize`.
        subject : ndarray of str of shape (n_recordings,)
            Pass it as `groups`.
        sampling_rate : float
            2048.0, from the files.
        fields : dict of ndarray of shape (n_recordings,)
            "record", "lead", "block" (1 to 3), "condition", "started" (the file), "continued" (the
            second file of a block), "relaxation_minutes", "work_began" and all ratings.
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
        If the recordings or the labels are not in the folder.
    UnreadableFileError
        If a file is damaged, or not of the documented shape; says file and byte, or row.
    ValueError
        If a parameter has a value that it does not take; if the same block or two tables of labels
        are there; if the labels lack the attribute; if nothing is left to load.

    See Also
    --------
    load_amigos, load_ascertain, load_dreamer, load_wesad : Others with ratings or conditions.

    Notes
    -----
    Free for non-commercial use (CC BY-NC-SA 4.0) from DANS, doi:10.17026/dans-x55-69zp.

    Blocks are numbered in time, and their conditions are in another order for every person: the
    condition comes from the labels, never from the number.

    References
    ----------
    S. Koldijk, M. Sappelli, S. Verberne, M. A. Neerincx, W. Kraaij, "The SWELL Knowledge Work
    Dataset for Stress and User Modeling Research", Proc. 16th International Conference on
    Multimodal Interaction (ICMI), 291-298, 2014. https://doi.org/10.1145/2663204.2663257

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import load_swell
    >>> data = load_swell("0_SWELL", attribute="arousal", binarize="mean")  # doctest: +SKIP
    """
    data_set = Swell(path, keep_relaxation=keep_relaxation)
    _check_labels(data_set, attribute)
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


def _check_labels(data_set: Swell, attribute: str | None) -> None:
    """Check that there is a target at all, before gigabytes are read for nothing."""
    field = "condition" if attribute == "stress" else attribute
    values = {labels[field] for labels in data_set.labels.values() if field in labels}
    if values and all(value == "" or value != value for value in values):
        raise ValueError(f"{data_set.table} has no value of attribute={attribute!r}.")
