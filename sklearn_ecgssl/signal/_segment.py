"""Cutting recordings into windows."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._checks import check_choice, warn_caller
from .._compat import Interval
from ._base import RecordingFunction, RecordingTransformer
from ._keep import Keep, kept_windows, left_out
from ._recordings import FloatArray, Recordings, as_column, check_recordings


class Segmenter(RecordingTransformer):
    """Cut recordings into windows of equal length.

    `transform` keeps one entry per recording, its windows, so that the number of samples does not
    change within a Pipeline. `windows` returns all windows in one 2-D array, with targets and
    subjects repeated to fit.

    Parameters
    ----------
    sampling_rate : float, default=256
        Sampling rate of the recordings in Hz.
    window_length : float, default=10
        Length of a window in seconds; 10 s without overlap is what the papers use [1]_. The number
        of samples, `sampling_rate * window_length`, is rounded.
    overlap : float, default=0.0
        Fraction of a window that the next one shares with it, in [0, 1). The distance between the
        starts of windows is rounded to samples, and at least one.

    Attributes
    ----------
    n_features_in_ : int
        Number of samples of the recordings, when fitted on a 2-D array.
    feature_names_in_ : ndarray of shape (n_features,)
        Column names, when fitted on a dataframe.

    Raises
    ------
    ValueError
        If a window has less than one sample, or a recording is shorter than a window.

    See Also
    --------
    TrimmedScaler : Scale recordings, before they are cut.

    Notes
    -----
    Samples after the last complete window are dropped. The windows of `transform` are read-only
    views of the recordings if these are float32: nothing is copied, whatever the overlap.

    References
    ----------
    .. [1] P. Sarkar and A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.signal import Segmenter
    >>> recordings = [np.arange(2560), np.arange(5500)]
    >>> segmenter = Segmenter(sampling_rate=256, window_length=10)
    >>> [windows.shape for windows in segmenter.transform(recordings)]
    [(1, 2560), (2, 2560)]
    >>> X, target, subject = segmenter.windows(recordings, ["calm", "tense"], [1, 2])
    >>> X.shape, target.tolist(), subject.tolist()
    ((3, 2560), ['calm', 'tense', 'tense'], [1, 2, 2])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
        "window_length": [Interval(Real, 0, None, closed="neither")],
        "overlap": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self, sampling_rate: float = 256, window_length: float = 10, overlap: float = 0.0
    ) -> None:
        self.sampling_rate = sampling_rate
        self.window_length = window_length
        self.overlap = overlap

    def count(self, n_times: int) -> int:
        """Count the windows of a recording.

        Parameters
        ----------
        n_times : int
            Number of samples of the recording.

        Returns
        -------
        n_windows : int
            Number of complete windows, 0 if the recording is shorter than a window.
        """
        self._validate_params()
        length, step = self._window_samples()
        return 0 if n_times < length else (n_times - length) // step + 1

    def windows(
        self,
        recordings: Recordings,
        *arrays: ArrayLike | None,
        short: str = "raise",
        keep: Keep | None = None,
    ) -> Any:
        """Cut recordings into one 2-D array of windows, and repeat arrays to fit.

        Parameters
        ----------
        recordings : list of array-like of shape (n_times,) or array-like (n_recordings, n_times)
            The recordings.
        *arrays : array-like of shape (n_recordings, ...), or None
            What belongs to the recordings, such as target and subject. None stays None.
        short : {"raise", "drop"}, default="raise"
            Whether a recording that is shorter than a window is an error, or is left out. A
            warning says how many are.
        keep : callable, array-like of bool of shape (n_windows,) or None, default=None
            Which windows are kept; a warning says how many are left out. A function, such as
            `usable`, gets the windows of a recording (n_windows, n_times) and their sampling rate,
            and returns a mask. A mask is of all windows that are cut. None keeps all.

        Returns
        -------
        windows : ndarray of shape (n_windows, n_times)
            A copy, float32: the windows of the first recording, then those of the second, ...
        *repeated : ndarray of shape (n_windows, ...)
            Each of `arrays`, an entry for each window. Without `arrays`, `windows` is returned
            alone, not in a tuple.

        Raises
        ------
        ValueError
            If an array has another length than `recordings`, no recording is as long as a window,
            `keep` is or returns no mask or keeps no window, or as in `transform`.
        """
        check_choice("short", short, ("raise", "drop"))
        self._validate_params()
        function = self._recording_function()
        checked = check_recordings(recordings)
        check_consistent_length(checked, *arrays)
        columns = [None if array is None else as_column(array) for array in arrays]
        long = np.array([self.count(len(x)) > 0 for x in checked])
        if short == "raise" or not long.any():
            long[:] = True  # `function` says which is too short
        elif not long.all():
            columns = [None if column is None else column[long] for column in columns]
            warnings.warn(
                f"{np.count_nonzero(~long)} of {len(long)} recordings are shorter than a window of "
                f"{self.window_length:g} s and are left out.",
                stacklevel=2,
            )
        pieces = [function(x, f"recording {i}") for i, x in enumerate(checked) if long[i]]
        if keep is not None:
            pieces = self._kept(keep, pieces)
        windows = np.concatenate(pieces)
        if not arrays:
            return windows
        counts = [len(piece) for piece in pieces]
        repeated = [None if c is None else np.repeat(c, counts, axis=0) for c in columns]
        return windows, *repeated

    def _kept(self, keep: Keep, pieces: list[FloatArray]) -> list[FloatArray]:
        """Leave windows out of each recording's, and say so."""
        counts = [len(piece) for piece in pieces]
        kept = kept_windows(keep, pieces, sum(counts), self.sampling_rate)
        if not kept.all():
            warn_caller(f"{left_out(kept, np.repeat(np.arange(len(counts)), counts))} (keep).")
        masks = np.split(kept, np.cumsum(counts)[:-1])
        return [piece[mask] for piece, mask in zip(pieces, masks, strict=True)]

    def _window_samples(self) -> tuple[int, int]:
        """Return the length of a window and the distance between two starts, in samples."""
        # numpy's small integers would end the arithmetic early: 1000 Hz * 60 s in int16
        rate, seconds = float(self.sampling_rate), float(self.window_length)
        n_times = round(rate * seconds)
        if n_times < 1:
            raise ValueError(
                f"window_length={seconds:g} s at sampling_rate={rate:g} Hz is less than one "
                f"sample: window_length must be at least {1 / rate:g} s."
            )
        return n_times, step_samples(n_times, self.overlap)

    def _recording_function(self) -> RecordingFunction:
        length, step = self._window_samples()

        def function(x: FloatArray, name: str) -> FloatArray:
            n_times = x.shape[-1]
            if n_times < length:
                raise ValueError(
                    f"{name} has {n_times} samples ({n_times / float(self.sampling_rate):g} s at "
                    f"sampling_rate={self.sampling_rate:g} Hz), less than one window of {length} "
                    f"samples (window_length={self.window_length:g} s): leave it out, or lower "
                    "window_length."
                )
            # a view: nothing is copied
            return sliding_window_view(x, length, axis=-1)[..., ::step, :]

        return function

    def _transform_array(self, X: FloatArray, function: RecordingFunction) -> FloatArray:
        # all rows at once: one view of the whole array
        return function(X, f"each of the {len(X)} rows (recordings) of X")

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the samples of a window, so that a Pipeline can name its features.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored.

        Returns
        -------
        ndarray of str objects
            One name for each sample of a window.
        """
        check_is_fitted(self, "_has_columns")
        return self._generated_names(self._window_samples()[0])


def step_samples(n_times: int, overlap: float) -> int:
    """Return the distance between the starts of two windows, in samples."""
    return max(1, round(n_times * (1 - float(overlap))))
