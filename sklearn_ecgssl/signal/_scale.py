"""The z-score of the papers, robust against spikes."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._compat import Interval
from ._base import RecordingFunction, RecordingTransformer
from ._recordings import (
    FloatArray,
    Recordings,
    as_float32,
    check_not_flat,
    check_recordings,
    check_subjects,
)


def trimmed_mean_std(x: ArrayLike, trim: float, name: str) -> tuple[float, float]:
    """Return the mean of all samples, and the standard deviation without the extremes."""
    x = np.asarray(x)
    middle = check_not_flat(x, name, trim)
    return float(x.mean(dtype=np.float64)), float(middle.std(dtype=np.float64))


def scale_recording(x: ArrayLike, mean: float, std: float, name: str) -> FloatArray:
    """Return `(x - mean) / std`, computed in float64, as float32."""
    return as_float32((np.asarray(x, dtype=np.float64) - mean) / std, name)


def scale_subjects(
    recordings: Recordings, subject: ArrayLike, *, trim: float = 0.025
) -> list[FloatArray] | FloatArray:
    """Scale the recordings of each subject with that subject's mean and standard deviation.

    This is the normalisation of the papers [1]_, per person: differences of amplitude between
    the recordings of a person are kept, those between persons are not. It needs to know who is
    who and all recordings of a person, so it is a step of preparation, outside of a Pipeline. No
    label is used.

    Parameters
    ----------
    recordings : list of array-like of shape (n_times,) or array-like (n_recordings, n_times)
        The recordings. They are not modified.
    subject : array-like of shape (n_recordings,)
        The person of each recording: numbers or strings.
    trim : float, default=0.025
        Fraction of a person's sorted samples left out at either end before the standard deviation
        is taken. The mean is that of all samples.

    Returns
    -------
    scaled : list of ndarray of shape (n_times,) or ndarray of shape (n_recordings, n_times)
        The scaled recordings, float32: a list for a list, an array for an array.

    Raises
    ------
    ValueError
        If `subject` has another length than `recordings`, has missing values, `trim` is not in
        [0, 0.5), or all samples of a subject are equal.

    See Also
    --------
    TrimmedScaler : The same for each recording, as a step of a Pipeline.

    References
    ----------
    .. [1] P. Sarkar and A. Etemad, "Self-supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.signal import scale_subjects
    >>> wave = np.sin(np.arange(1000) / 10)
    >>> calm, tense, other = scale_subjects([wave, 2 * wave, 50 * wave], ["a", "a", "b"])
    >>> print(round(float(tense.max() / calm.max()), 2))
    2.0
    """
    TrimmedScaler(trim)._validate_params()
    checked = check_recordings(recordings)
    scaled: list[FloatArray] = list(checked)
    for name, members in _members(check_subjects(subject, "subject", len(checked), "recording")):
        samples = np.concatenate([checked[i] for i in members])
        mean, std = trimmed_mean_std(samples, trim, name)
        for i in members:
            scaled[i] = scale_recording(checked[i], mean, std, f"recording {i}")
    return scaled if isinstance(checked, list) else np.stack(scaled)


class TrimmedScaler(RecordingTransformer):
    """Scale each recording to mean 0 and a standard deviation of 1 without its extremes.

    `(x - mean) / std` with the mean over all samples of the recording and the standard deviation
    over its sorted samples between 2.5 % and 97.5 % [1]_, so that R peaks and artefacts do not
    set the scale. The papers take both per person; a Pipeline does not know the persons, so here
    they are taken per recording. :func:`scale_subjects` does it per person.

    Parameters
    ----------
    trim : float, default=0.025
        Fraction of the sorted samples left out at either end before the standard deviation is
        taken; `floor(trim * n_times)` samples at each. 0 is the plain z-score.

    Attributes
    ----------
    n_features_in_ : int
        Number of samples of the recordings, when fitted on a 2-D array.
    feature_names_in_ : ndarray of shape (n_features,)
        Column names, when fitted on a dataframe.

    Raises
    ------
    ValueError
        If a recording has fewer than two samples, is flat, or is flat but for spikes.

    See Also
    --------
    scale_subjects : The same with one mean and standard deviation per subject.

    Notes
    -----
    Put it before :class:`Segmenter`. Scaling each window instead would remove the differences of
    amplitude that one of the pretext tasks is about.

    References
    ----------
    .. [1] P. Sarkar and A. Etemad, "Self-supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.signal import TrimmedScaler
    >>> scaled = TrimmedScaler(trim=0).transform([np.array([1, 2, 3, 4, 5])])[0]
    >>> print(scaled.round(2))
    [-1.41 -0.71  0.    0.71  1.41]
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "trim": [Interval(Real, 0, 0.5, closed="left")],
    }
    _min_length = 2

    def __init__(self, trim: float = 0.025) -> None:
        self.trim = trim

    def _recording_function(self) -> RecordingFunction:
        def function(x: FloatArray, name: str) -> FloatArray:
            return scale_recording(x, *trimmed_mean_std(x, self.trim, name), name)

        return function


def _members(subjects: NDArray) -> list[tuple[str, NDArray[np.intp]]]:
    """Return the name of each subject, for errors, and the indices of its recordings."""
    names, codes = np.unique(subjects, return_inverse=True)
    return [
        (f"subject {name!s} (recording {', '.join(map(str, members))})", members)
        for code, name in enumerate(names)
        for members in [np.flatnonzero(codes == code)]
    ]
