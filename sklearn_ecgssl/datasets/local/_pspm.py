"""PsPM files, in the folders in which they are distributed."""

import os
from collections.abc import Sequence
from typing import Any

from ..reading import load
from ._pspm_data_set import PsPM


def load_pspm(
    path: str | os.PathLike[str],
    *,
    leads: str | Sequence[str] | None = None,
    subjects: Sequence[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
    return_X_y: bool = False,
) -> Any:
    """Load the ECG of PsPM files, such as the data sets PsPM-FR, -HRM5, -RRM1-2 and -VIS.

    There are no labels: these recordings are for pretraining.

    Parameters
    ----------
    path : str or path-like
        A folder: every ``.mat`` file in it, and in the folders below, that has PsPM's variables
        `infos` and `data`. Others are passed over.
    leads : str or sequence of str, default=None
        ECG channels of a file are called "1", "2", ... in its order. None: "1". A processed copy
        stands behind the channel that it was made from.
    subjects : sequence of str, default=None
        Whom to load: names of files without ``.mat``, ``_spike``, and what numbers sessions and
        blocks, such as ``_sn02``. None: all.
    n_jobs : int, default=None
        People who are read at once, each by a process of its own. None: one after another.
    verbose : int, default=0
        1 shows a progress bar.
    on_error : {"raise", "warn"}, default="raise"
        Whether a file that cannot be read ends the loading, or its person is left out and listed.
    return_X_y : bool, default=False
        Return ``(recordings, None)`` only.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : list of float32 ndarray of shape (n_times,)
            One a file and lead, whole.
        target : None
            The set has no labels.
        subject : ndarray of str of shape (n_recordings,)
            Whose recordings they are, as far as names of files tell: which people took part in
            several of the data sets is not known.
        sampling_rate : float or float64 ndarray of shape (n_recordings,)
            In Hz, as each file says; an array where they differ.
        fields : dict of ndarray of shape (n_recordings,)
            "record" (the name of the file), "lead", and "ecg_unit": "mV" where the file says a
            voltage (samples are then in mV), else what it says.
        unit : str
            "unknown": see the field.
        name : str
            Of the data set.
        left_out : list
            What should be there and is not: (subject, record, reason). A warning names some.
        DESCR : str
            With the terms of use, and how certain what the reader takes for granted is.

    Raises
    ------
    FileNotFoundError
        If there is no PsPM file in the folder.
    UnreadableFileError
        If a file is damaged, or not as PsPM writes it; says file and byte.
    ValueError
        If a parameter has a value that it does not take; if a file is there twice, such as raw and
        preprocessed; if nothing is left to load.

    See Also
    --------
    load_amigos, load_ascertain, load_dreamer : Recordings with ratings.

    References
    ----------
    D. R. Bach, K. J. Friston, "Model-based analysis of skin conductance responses: Towards causal
    models in psychophysiology", Psychophysiology 50(1), 15-22, 2013.
    https://doi.org/10.1111/j.1469-8986.2012.01483.x

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import load_pspm
    >>> data = load_pspm("PsPM-FR")  # doctest: +SKIP
    """
    return load(
        PsPM(path),
        leads=leads,
        subjects=subjects,
        n_jobs=n_jobs,
        verbose=verbose,
        on_error=on_error,
        return_X_y=return_X_y,
    )
