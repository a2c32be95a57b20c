"""DREAMER, from the file as it is distributed."""

import os
from collections.abc import Sequence
from typing import Any

from ..reading import load
from ._dreamer_data_set import Dreamer


def load_dreamer(
    path: str | os.PathLike[str],
    *,
    part: str = "stimuli",
    leads: str | Sequence[str] | None = None,
    attribute: str | None = "arousal",
    binarize: str | float | None = None,
    subjects: Sequence[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    on_error: str = "raise",
    return_X_y: bool = False,
) -> Any:
    """Load DREAMER: 23 people who watched 18 film clips.

    The file is inflated twice, once to check it to its end and once to read it, and only one
    person's ECG is in memory beside what is returned; the EEG never is.

    Parameters
    ----------
    path : str or path-like
        The file ``DREAMER.mat``, or a folder that holds it, directly or in folders of any name.
    part : {"stimuli", "baseline"}, default="stimuli"
        "stimuli" is the recordings during films, "baseline" the 61 s before each, which have no
        rating and therefore need ``attribute=None``.
    leads : str or sequence of str, default=None
        "1", "2" or both, as recordings of their own: the columns of the file, whose places on the
        body it does not name. None: "1".
    attribute : {"arousal", "valence", "dominance"} or None, default="arousal"
        The target: the person's own rating, 1 to 5. None: a DataFrame of them all.
    binarize : {"mean", "median"}, float or None, default=None
        Makes classes of the ratings: "low" up to the threshold, "high" above it. "mean" and
        "median" are those of the recordings loaded. None leaves the ratings as they are.
    subjects : sequence of str, default=None
        Whom to load: "1" to "23". None: all.
    n_jobs : int, default=None
        Does nothing here: all people are in one file, and it is read once.
    verbose : int, default=0
        1 shows a progress bar.
    on_error : {"raise", "warn"}, default="raise"
        Whether a person who cannot be read ends the loading, or is left out and listed. A file
        that is damaged anywhere cannot be read for anybody.
    return_X_y : bool, default=False
        Return ``(recordings, target)`` only.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        recordings : list of float32 ndarray of shape (n_times,)
            One a person, film and lead.
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
            "record", "lead", "film" (1 to 18) and, during films, all ratings.
        unit : str
            "unknown": most likely counts of the converter. Scale each subject or recording.
        name : str
            Of the data set.
        left_out : list
            What should be there and is not: (subject, record, reason). A warning names some.
        DESCR : str
            With the terms of use, and how certain what the reader takes for granted is.

    Raises
    ------
    FileNotFoundError
        If the file is not in the folder.
    UnreadableFileError
        If it is damaged, or not of the documented shape; says file and byte.
    ValueError
        If a parameter has a value that it does not take; if nothing is left to load.

    See Also
    --------
    load_amigos, load_ascertain, load_swell, load_wesad : Others with ratings or conditions.

    Notes
    -----
    Obtained from its authors under an agreement that everybody signs for themselves. Valence,
    arousal and dominance are fields with these names: programs have confused two of them.

    References
    ----------
    S. Katsigiannis, N. Ramzan, "DREAMER: A Database for Emotion Recognition Through EEG and ECG
    Signals From Wireless Low-cost Off-the-Shelf Devices", IEEE Journal of Biomedical and Health
    Informatics 22(1), 98-107, 2018. https://doi.org/10.1109/JBHI.2017.2688239

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import load_dreamer
    >>> data = load_dreamer("DREAMER", attribute="valence", binarize=3)  # doctest: +SKIP
    """
    if part == "baseline" and attribute is not None:
        raise ValueError(
            f"attribute={attribute!r}: what was recorded before films has no rating. Set it to "
            "None."
        )
    return load(
        Dreamer(path, part=part),
        leads=leads,
        attribute=attribute,
        binarize=binarize,
        subjects=subjects,
        n_jobs=n_jobs,
        verbose=verbose,
        on_error=on_error,
        return_X_y=return_X_y,
    )
