"""Protocols: how windows are split, and what each split lets a model see."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
)

from ._windows import LabelledWindows

Split = list[tuple[np.ndarray, np.ndarray]]


class Fold(NamedTuple):
    """Windows of one fold; pretrainers learn from `train` where `pretrain` is None."""

    protocol: str
    number: int
    train: np.ndarray
    test: np.ndarray
    pretrain: np.ndarray | None = None


@dataclass(frozen=True)
class Protocol:
    """How windows are split into training and test sets.

    `shuffled_windows`, `whole_recordings` and `unseen_subjects` make the three usual ones,
    `left_out` one that leaves out a data set or a stressor; `opposite_halves` changes what
    pretrainers learn from in the usual ones.

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
        pretraining. None: pretrainers learn from the training set, as estimators do themselves.

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
    >>> [(fold.train.tolist(), fold.test.tolist()) for fold in protocol.folds(windows)]
    [([0, 2], [1, 3])]
    """

    name: str
    sees: str
    split: Callable[[LabelledWindows], Split]
    pretrain: Callable[[LabelledWindows, Split], list[np.ndarray]] | None = None

    def folds(self, windows: LabelledWindows) -> list[Fold]:
        """Split windows.

        Parameters
        ----------
        windows : LabelledWindows
            All windows.

        Returns
        -------
        list of named tuples
            ``protocol``, ``number``, and indices of windows: ``train``, ``test``, and ``pretrain``,
            which is None where pretrainers learn from the training set. No signal is copied.

        Raises
        ------
        ValueError
            If there are too few windows, recordings or subjects to split, or `pretrain` does not
            return one array for each fold.
        """
        pairs = [(train, test) for train, test in self.split(windows) if len(test)]
        if self.pretrain is None:
            return [Fold(self.name, i, *pair) for i, pair in enumerate(pairs)]
        pretraining = self.pretrain(windows, pairs)
        return [
            Fold(self.name, i, *pair, np.asarray(learnt, dtype=np.intp))
            for i, (pair, learnt) in enumerate(zip(pairs, pretraining, strict=True))
        ]


def shuffled_windows(n_splits: int = 10, random_state: Any = 0) -> Protocol:
    """Split shuffled windows, as the papers do.

    This is the protocol of [1]_.

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
    trained on other windows of the tested people and recordings, as in the papers: says ...
    """

    def split(windows: LabelledWindows) -> Split:
        nothing = np.zeros(len(windows))
        if is_regression(windows):
            n_folds = _n_folds(n_splits, len(windows), "windows")
            return list(KFold(n_folds, shuffle=True, random_state=random_state).split(nothing))
        rarest = int(np.unique(windows.target, return_counts=True)[1].min())
        n_folds = _n_folds(n_splits, rarest, "windows of its rarest class")
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
        return list(splitter.split(nothing, windows.target))

    return Protocol(
        "windows",
        "trained on other windows of the tested people and recordings, as in the papers: says "
        "little about a new person.",
        split,
    )


def whole_recordings(n_splits: int = 10, random_state: Any = 0) -> Protocol:
    """Split by recording: all windows of one are in the same set.

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

    def split(windows: LabelledWindows) -> Split:
        return by_group(windows, windows.recording, "recordings", n_splits, random_state)

    return Protocol(
        "recordings",
        "not trained on any window of the tested recordings, but on other recordings of the same "
        "people where there are some: says how well it does on people who were enrolled. Where "
        "each person has one recording of each class, only the tested person's other class is in "
        "the training set, which can push the score below that on new people.",
        split,
    )


def unseen_subjects(n_splits: int | None = 10, random_state: Any = 0) -> Protocol:
    """Split by subject: all windows of a person are in the same set.

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

    def split(windows: LabelledWindows) -> Split:
        return by_group(windows, windows.subject, "subjects", n_splits, random_state)

    return Protocol(
        "subjects",
        "not trained on anything of the tested people: says how well it does on a new person.",
        split,
    )


def opposite_halves(protocol: Protocol) -> Protocol:
    """Pretrain two encoders for all folds, each on the half of the folds that it is not tested on.

    The folds are divided into a first and a second half (of an odd number, the first has one more).
    One encoder learns, without labels, from the windows that are tested in the first half, another
    from those of the second. A fold is tested with the encoder of the other half, which has met
    nothing of the fold; everything else, such as fine-tuning, has the labels of the whole training
    set, as in the wrapped protocol [1]_. So ten folds need two pretrainings instead of ten.

    Parameters
    ----------
    protocol : Protocol
        How to split, such as ``shuffled_windows(10)``, that of [1]_. With `unseen_subjects`,
        encoders learn from the people of the other half.

    Returns
    -------
    Protocol
        Named as the wrapped one, with ", two encoders" behind it.

    Raises
    ------
    ValueError
        When it splits: if there is a single fold, or a fold's encoder would learn from windows
        that are not in the fold's training set alone, since the folds do not test each window once
        and train on all others.

    Notes
    -----
    Windows of the same recording that overlap share samples, on either side of a split of shuffled
    windows: cut them without overlap. Encoders learn from the windows as they are, so a pretrainer
    may not stand behind other steps of a Pipeline; one inside `FrozenEstimator` learns nothing.

    References
    ----------
    .. [1] J. Vazquez-Rodriguez et al., "Transformer-Based Self-Supervised Learning for Emotion
       Recognition", ICPR 2022, arXiv:2204.05103.

    Examples
    --------
    >>> from sklearn_ecgssl.classify import ECGClassifier
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import (
    ...     compare_protocols, opposite_halves, shuffled_windows
    ... )
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> cohort = make_cohort(n_subjects=4, duration=30, random_state=0)
    >>> pretrainer = PretextPretrainer(filters=(2, 2, 2), max_epochs=1, random_state=0)
    >>> results = compare_protocols(
    ...     {"fine-tuned": ECGClassifier(pretrainer, hidden=(8,), max_epochs=1, random_state=0)},
    ...     cohort.recordings,
    ...     cohort.target,
    ...     cohort.subject,
    ...     protocols=[opposite_halves(shuffled_windows(4))],
    ... )
    >>> results.table()[["estimator", "protocol", "n_folds"]]
            estimator               protocol  n_folds
    0      fine-tuned  windows, two encoders        4
    1  majority class  windows, two encoders        4
    2      heart rate  windows, two encoders        4
    """

    def pretrain(windows: LabelledWindows, pairs: Split) -> list[np.ndarray]:
        if len(pairs) < 2:
            raise ValueError(
                f"opposite_halves needs at least 2 folds, the protocol {protocol.name!r} made "
                f"{len(pairs)}. Take more n_splits."
            )
        middle = (len(pairs) + 1) // 2
        first, second = (
            np.unique(np.concatenate([test for _, test in half]))
            for half in (pairs[:middle], pairs[middle:])
        )
        pretraining = [second] * middle + [first] * (len(pairs) - middle)
        for number, ((train, test), learnt) in enumerate(zip(pairs, pretraining, strict=True)):
            _check_unseen(protocol.name, number, learnt, np.setdiff1d(train, test))
        return pretraining

    return replace(
        protocol,
        name=f"{protocol.name}, two encoders",
        sees=f"{protocol.sees} Pretrainers have learnt, without labels, from the windows of the "
        "other half of the folds alone: two encoders, neither of which has met the windows that it "
        "is tested on.",
        pretrain=pretrain,
    )


PROTOCOLS: dict[str, Callable[..., Protocol]] = {
    "windows": shuffled_windows,
    "recordings": whole_recordings,
    "subjects": unseen_subjects,
}


def is_regression(windows: LabelledWindows) -> bool:
    """Tell ratings, by which nothing can be stratified, from classes."""
    return getattr(windows, "regression", False) is True


def by_group(
    windows: LabelledWindows,
    groups: np.ndarray,
    kind: str,
    n_splits: int | None,
    random_state: Any,
    among: np.ndarray | None = None,
) -> Split:
    """Split windows, or those at some indices, by group; None leaves out one group at a time."""
    among = np.arange(len(windows)) if among is None else among
    groups = groups[among]
    _, labels = np.unique(windows.target[among], return_inverse=True)
    n_groups = len(np.unique(groups))
    n_folds = _n_folds(n_groups if n_splits is None else n_splits, n_groups, kind)
    if n_splits is None:
        splitter = LeaveOneGroupOut()
    elif is_regression(windows):
        splitter = GroupKFold(n_folds, shuffle=True, random_state=random_state)
    else:
        # StratifiedGroupKFold wants as many windows of a class as folds.
        n_folds = min(n_folds, max(2, int(np.bincount(labels).max())))
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=random_state)
    pairs = splitter.split(np.zeros(len(among)), labels, groups)
    return [(among[train], among[test]) for train, test in pairs]


def _n_folds(wanted: int, available: int, kind: str) -> int:
    if available < 2:
        raise ValueError(
            f"There are not enough {kind} to split: {available}, at least 2 are needed. Add some, "
            "or leave this protocol out of `protocols`."
        )
    return min(wanted, available)


def _check_unseen(protocol: str, fold: int, learnt: np.ndarray, allowed: np.ndarray) -> None:
    leaked = np.setdiff1d(learnt, allowed)
    if len(leaked):
        raise ValueError(
            f"opposite_halves cannot take the protocol {protocol!r}: the encoder of fold {fold} "
            f"would learn from {len(leaked)} windows, such as {leaked[0]}, that are in the fold's "
            "test set or not in its training set, since folds of the other half test them. Folds "
            "must test each window once and train on all others, as those of shuffled_windows, "
            "whole_recordings and unseen_subjects do."
        )
