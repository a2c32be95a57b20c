"""Recordings as labelled windows that know where they come from, without a copy of the signals."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.utils.multiclass import check_classification_targets

from .._checks import warn_caller
from ..signal import Segmenter
from ..signal._keep import Keep, kept_windows, left_out
from ..signal._recordings import check_recordings
from ..signal._segment import step_samples
from ..signal.window_store import WindowStore, check_windows, is_windowed


class LabelledWindows:
    """Windows of recordings, with the target, subject and recording of each.

    What `shuffled_windows`, `whole_recordings` and `unseen_subjects` split. The signals stay where
    they are: only `take` copies, and only the windows that it is asked for.

    Parameters
    ----------
    store : WindowStore
        Access to the windows.
    target : ndarray of shape (n_windows,)
        Label of each window, or its rating.
    subject : ndarray of shape (n_windows,)
        Subject of each window.
    recording : ndarray of int of shape (n_windows,)
        Which recording each window is of, by its position.
    start : ndarray of shape (n_windows,), default=None
        When each window begins in its recording, in seconds. None stands for windows that follow
        one another.
    window_length : float, default=10
        Length of a window in seconds.
    regression : bool, default=False
        Whether the target is ratings, numbers, rather than labels.
    index : ndarray of int of shape (n_windows,), default=None
        Which windows of the store these are. None: all.

    Attributes
    ----------
    classes : ndarray
        The labels that there are, sorted; of ratings none.
    index : ndarray of int of shape (n_windows,)
        As given, or all.
    left_out : str
        What `keep` of `from_recordings` leaves out; "" without it.
    regression : bool
        As given.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.evaluation import LabelledWindows
    >>> from sklearn_ecgssl.signal import Segmenter
    >>> recordings = [np.arange(2560.0), np.arange(5500.0)]
    >>> windows = LabelledWindows.from_recordings(
    ...     recordings, ["calm", "tense"], ["Ann", "Bob"], Segmenter(sampling_rate=256)
    ... )
    >>> len(windows), windows.target.tolist(), windows.recording.tolist()
    (3, ['calm', 'tense', 'tense'], [0, 1, 1])
    >>> windows.take([2]).shape
    (1, 2560)
    """

    def __init__(
        self,
        store: WindowStore,
        target: np.ndarray,
        subject: np.ndarray,
        recording: np.ndarray,
        start: np.ndarray | None = None,
        window_length: float = 10.0,
        *,
        regression: bool = False,
        index: np.ndarray | None = None,
    ) -> None:
        self.store = store
        self.index = np.arange(len(store)) if index is None else index
        self.left_out = ""
        self.target = target
        self.subject = subject
        self.recording = recording
        self.start = window_length * _number_within(recording) if start is None else start
        self.window_length = window_length
        self.regression = regression
        self.classes = np.unique(target[:0] if regression else target)

    @classmethod
    def from_recordings(
        cls,
        recordings: Any,
        target: Any,
        subject: Any,
        segmenter: Segmenter | None = None,
        *,
        regression: bool = False,
        keep: Keep | None = None,
    ) -> Self:
        """Cut recordings into windows, as views.

        Parameters
        ----------
        recordings : list of arrays, or array-like of shape (n_recordings, n_times)
            Recordings, filtered and scaled; or windowed recordings, which are not cut again.
        target : array-like of shape (n_recordings,)
            Label of each recording, or its rating.
        subject : array-like of shape (n_recordings,)
            Subject of each recording.
        segmenter : Segmenter or None, default=None
            Cuts the recordings; of windowed recordings, their sampling rate and overlap are its.
            None stands for ``Segmenter()``: 10 s at 256 Hz.
        regression : bool, default=False
            Whether the target is ratings, which become floats.
        keep : callable, array-like of bool of shape (n_windows,) or None, default=None
            Which windows are kept, as of `Segmenter.windows`.

        Returns
        -------
        LabelledWindows
            All windows that are kept.

        Raises
        ------
        ValueError
            If the arrays do not belong to each other, the target is no class label or no rating,
            a recording is shorter than a window, or `keep` is no mask or keeps no window.
        """
        cutter = Segmenter() if segmenter is None else segmenter
        if is_windowed(recordings):
            store = check_windows(clone(cutter), recordings, reset=True)
        else:
            blocks = cutter.transform(check_recordings(recordings))
            store = WindowStore(list(blocks), windowed=True)
        recording = store.per_window(np.arange(len(store.blocks)), "recording")
        rate, step = float(cutter.sampling_rate), step_samples(store.n_times, cutter.overlap)
        check = _check_ratings if regression else _check_classes
        target = store.per_window(target, "target")
        subject = store.subjects(subject, "subject")
        index, text = np.arange(len(store)), ""
        if keep is not None:
            kept = kept_windows(keep, _each_recording(store), len(store), rate)
            text = left_out(kept, recording, subject)
            index = np.flatnonzero(kept)
            if not kept.all():
                warn_caller(f"{text} (keep).")
        windows = cls(
            store,
            check(target[index]),
            subject[index],
            recording[index],
            step / rate * _number_within(recording)[index],
            store.n_times / rate,
            regression=regression,
            index=index,
        )
        windows.left_out = text
        return windows

    def __len__(self) -> int:
        return len(self.index)

    def take(self, indices: Any) -> np.ndarray:
        """Gather windows into a new array.

        Parameters
        ----------
        indices : array-like of int
            Which windows.

        Returns
        -------
        ndarray of shape (n_indices, n_times), float32
            The windows.
        """
        return self.store.take(self.index[np.asarray(indices, dtype=np.intp)])

    @cached_property
    def digest(self) -> str:
        """Fingerprint of signals, target and subject, and of which windows are kept."""
        content = [self.store.blocks, self.target, self.subject]
        return joblib.hash(content if len(self) == len(self.store) else [*content, self.index])


def _each_recording(store: WindowStore) -> Iterator[np.ndarray]:
    """Read the windows of one recording after the other."""
    for rows in store.split_back(np.arange(len(store))):
        yield store.take(rows)


def _number_within(recording: np.ndarray) -> np.ndarray:
    """Number the windows of each recording."""
    order = np.argsort(recording, kind="stable")
    _, first, counts = np.unique(recording[order], return_index=True, return_counts=True)
    numbers = np.empty(len(recording), dtype=np.intp)
    numbers[order] = np.arange(len(recording)) - np.repeat(first, counts)
    return numbers


def are_ratings(target: np.ndarray) -> bool:
    """Tell numbers with fractions, which are no labels of classes."""
    return target.dtype.kind == "f" and bool(np.any(target != np.floor(target)))


def _check_ratings(target: np.ndarray) -> np.ndarray:
    try:
        ratings = target.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"target must be numbers, ratings, for regressors ({error}). Pass classifiers for "
            "labels."
        ) from error
    if not np.isfinite(ratings).all():
        raise ValueError("target holds infinite ratings. Leave these recordings out.")
    if np.ptp(ratings) == 0:
        raise ValueError(f"target holds one rating only ({ratings[0]:g}), two are needed at least.")
    return ratings


def _check_classes(target: np.ndarray) -> np.ndarray:
    if are_ratings(target):
        example = target[target != np.floor(target)][0]
        raise ValueError(
            f"target holds continuous ratings, such as {example:g}, which are no classes. Binarize "
            "them, for example target > target.mean(), or pass regressors to compare_protocols "
            "(regression=True to LabelledWindows.from_recordings)."
        )
    check_classification_targets(target)
    classes = np.unique(target)
    if len(classes) < 2:
        raise ValueError(
            f"target holds one class only ({classes.tolist()[0]!r}), at least two are needed."
        )
    return target
