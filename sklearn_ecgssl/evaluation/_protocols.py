"""The three ways to split recordings, each with what it lets a model see."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold, StratifiedKFold

from ._labelled_windows import LabelledWindows

Folds = list[tuple[np.ndarray, np.ndarray]]


class Part(NamedTuple):
    """One fold of one protocol.

    Attributes
    ----------
    protocol : str
        Name of the protocol.
    fold : int
        Number of the fold.
    train, test : ndarray of int
        Indices of the training and of the test windows.
    pretrain : ndarray of int or None
        Indices of the windows that pretrainers learn from. None: those of the training part, in
        the estimator's own `fit`.
    """

    protocol: str
    fold: int
    train: np.ndarray
    test: np.ndarray
    pretrain: np.ndarray | None = None


@dataclass(frozen=True)
class Protocol:
    """A way to split windows into training and test parts.

    `shuffled_windows`, `whole_recordings` and `unseen_subjects` make the three usual ones;
    `opposite_halves` changes what pretrainers learn from in any of them.

    Parameters
    ----------
    name : str
        Short name, for tables.
    sees : str
        One plain sentence: what of the tested recordings and people the model has met.
    split : callable
        From `LabelledWindows` to a list of (train, test) pairs of window indices.
    pretrain : callable or None, default=None
        From `LabelledWindows` and these pairs to the indices of the windows that pretrainers learn
        from beforehand, without labels: one array a fold. Folds with the same windows share their
        pretraining. None: pretrainers learn from the training part, as estimators do themselves.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.evaluation import LabelledWindows, Protocol
    >>> windows = LabelledWindows.from_recordings(
    ...     [np.arange(5120.0), np.arange(5120.0)], ["calm", "tense"], ["Ann", "Ann"]
    ... )
    >>> def every_other(windows):
    ...     even = np.arange(len(windows)) % 2 == 0
    ...     return [(np.flatnonzero(even), np.flatnonzero(~even))]
    >>> protocol = Protocol("alternating", "trained on every other window.", every_other)
    >>> [(train.tolist(), test.tolist()) for train, test in protocol.folds(windows)]
    [([0, 2], [1, 3])]
    """

    name: str
    sees: str
    split: Callable[[LabelledWindows], Folds]
    pretrain: Callable[[LabelledWindows, Folds], list[np.ndarray]] | None = None

    def folds(self, windows: LabelledWindows) -> Folds:
        """Split windows.

        Parameters
        ----------
        windows : LabelledWindows
            All windows.

        Returns
        -------
        list of (ndarray of int, ndarray of int)
            Indices of the training and of the test windows of each fold. No signal is copied.

        Raises
        ------
        ValueError
            If there are too few windows, recordings or subjects to split.
        """
        return [(train, test) for train, test in self.split(windows) if len(test)]

    def parts(self, windows: LabelledWindows) -> list[Part]:
        """Split windows, and say what pretrainers learn from in each fold.

        Parameters
        ----------
        windows : LabelledWindows
            All windows.

        Returns
        -------
        list of Part
            One for each fold.

        Raises
        ------
        ValueError
            If there are too few windows, recordings or subjects to split, or `pretrain` does not
            return as many arrays as there are folds.
        """
        folds = self.folds(windows)
        pretraining = self._pretraining(windows, folds)
        return [
            Part(self.name, number, train, test, pretrain)
            for number, ((train, test), pretrain) in enumerate(zip(folds, pretraining, strict=True))
        ]

    def _pretraining(self, windows: LabelledWindows, folds: Folds) -> list[np.ndarray] | list[None]:
        if self.pretrain is None:
            return [None] * len(folds)
        chosen = [np.asarray(indices, dtype=np.intp) for indices in self.pretrain(windows, folds)]
        if len(chosen) != len(folds):
            raise ValueError(
                f"pretrain of the protocol {self.name!r} must return one array of window indices "
                f"for each of its {len(folds)} folds, got {len(chosen)}."
            )
        return chosen


def shuffled_windows(n_splits: int = 10, random_state: Any = 0) -> Protocol:
    """Split shuffled windows, as the papers do [1]_.

    Parameters
    ----------
    n_splits : int, default=10
        Folds; fewer where a class has fewer windows.
    random_state : int, RandomState instance or None, default=0
        Seed of the order.

    Returns
    -------
    Protocol
        Named "windows".

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.evaluation import shuffled_windows
    >>> print(shuffled_windows().sees)
    trained on other windows of the tested people, even of the very recordings that are tested ...
    """

    def split(windows: LabelledWindows) -> Folds:
        rarest = int(np.unique(windows.target, return_counts=True)[1].min())
        n_folds = _n_folds(n_splits, rarest, "windows of its rarest class")
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
        return list(splitter.split(np.zeros(len(windows)), windows.target))

    return Protocol(
        "windows",
        "trained on other windows of the tested people, even of the very recordings that are "
        "tested (the papers' protocol): says little about a person whom the model has not met.",
        split,
    )


def whole_recordings(n_splits: int = 10, random_state: Any = 0) -> Protocol:
    """Split by recording: all windows of one are in the same part.

    Parameters
    ----------
    n_splits : int, default=10
        Folds; fewer where there are fewer recordings.
    random_state : int, RandomState instance or None, default=0
        Seed of the order.

    Returns
    -------
    Protocol
        Named "recordings".

    Examples
    --------
    >>> from sklearn_ecgssl.evaluation import whole_recordings
    >>> print(whole_recordings().sees)
    not trained on any window of the tested recordings, but on other recordings ...
    """

    def split(windows: LabelledWindows) -> Folds:
        return _by_group(windows, windows.recording, "recordings", n_splits, random_state)

    return Protocol(
        "recordings",
        "not trained on any window of the tested recordings, but on other recordings of the same "
        "people where there are some: says how well it does on people who were enrolled. Where "
        "each person has one recording of each class, only the tested person's other class is in "
        "the training part, which can push the score below that on new people.",
        split,
    )


def unseen_subjects(n_splits: int | None = 10, random_state: Any = 0) -> Protocol:
    """Split by subject: all windows of a person are in the same part.

    Parameters
    ----------
    n_splits : int or None, default=10
        Folds; fewer where there are fewer people. None leaves one person out at a time.
    random_state : int, RandomState instance or None, default=0
        Seed of the order.

    Returns
    -------
    Protocol
        Named "subjects".

    Examples
    --------
    >>> from sklearn_ecgssl.evaluation import unseen_subjects
    >>> print(unseen_subjects(n_splits=None).sees)
    not trained on anything of the tested people: says how well it does on a new person.
    """

    def split(windows: LabelledWindows) -> Folds:
        if n_splits is not None:
            return _by_group(windows, windows.subject, "subjects", n_splits, random_state)
        _n_folds(2, len(np.unique(windows.subject)), "subjects")
        nothing = np.zeros(len(windows))
        return list(LeaveOneGroupOut().split(nothing, windows.target, windows.subject))

    return Protocol(
        "subjects",
        "not trained on anything of the tested people: says how well it does on a new person.",
        split,
    )


PROTOCOLS: dict[str, Callable[..., Protocol]] = {
    "windows": shuffled_windows,
    "recordings": whole_recordings,
    "subjects": unseen_subjects,
}


def _by_group(
    windows: LabelledWindows, groups: np.ndarray, kind: str, n_splits: int, random_state: Any
) -> Folds:
    n_folds = _n_folds(n_splits, len(np.unique(groups)), kind)
    _, labels = np.unique(windows.target, return_inverse=True)
    # StratifiedGroupKFold wants as many windows of a class as folds.
    n_folds = min(n_folds, max(2, int(np.bincount(labels).max())))
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=random_state)
    return list(splitter.split(np.zeros(len(windows)), labels, groups))


def _n_folds(wanted: int, available: int, kind: str) -> int:
    if wanted < 2:
        raise ValueError(f"n_splits must be at least 2, got {wanted}.")
    if available < 2:
        raise ValueError(
            f"There are not enough {kind} to split: {available}, at least 2 are needed. Add some, "
            "or leave this protocol out of `protocols`."
        )
    return min(wanted, available)
