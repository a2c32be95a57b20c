"""Few labels: keep a fraction of those of the training set."""

from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold, check_cv
from sklearn.utils import check_consistent_length, check_random_state, check_scalar

from .._compat import GroupsConsumerMixin
from ..signal._recordings import check_subjects


class LabelFractionSplit(GroupsConsumerMixin):
    """Splitter that keeps a fraction of the training labels per subject and class.

    At least one sample of each subject and class stays labelled. The others are left out of
    `split`'s training set, and returned by `split_unlabelled`, for pretraining [1]_.

    Parameters
    ----------
    cv : int, splitter or list of (train, test), default=10
        Makes the training and test sets; an integer stands for stratified folds of shuffled
        samples, which mix people. Take `LeaveOneGroupOut` or `StratifiedGroupKFold` for people
        whom the model has not met.
    fraction : float, default=0.01
        Part of the labels that is kept, in (0, 1].
    random_state : int, RandomState instance or None, default=None
        Seed of the choice. From the same integer, a smaller fraction keeps some of those that a
        larger one keeps.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985, Fig. 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import LeaveOneGroupOut
    >>> from sklearn_ecgssl.evaluation import LabelFractionSplit
    >>> subject, target = np.repeat([1, 2, 3], 100), np.tile([0, 1], 150)
    >>> splitter = LabelFractionSplit(LeaveOneGroupOut(), fraction=0.1, random_state=0)
    >>> for labelled, unlabelled, test in splitter.split_unlabelled(target, target, subject):
    ...     print(len(labelled), len(unlabelled), len(test))
    20 180 100
    20 180 100
    20 180 100
    """

    def __init__(self, cv: Any = 10, *, fraction: float = 0.01, random_state: Any = None) -> None:
        self.cv = cv
        self.fraction = fraction
        self.random_state = random_state

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.cv!r}, fraction={self.fraction!r}, "
            f"random_state={self.random_state!r})"
        )

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Split samples into those that stay labelled and a test set.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Recordings or windows; only their number is used.
        y : array-like of shape (n_samples,)
            Labels.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None takes all for one person's.

        Yields
        ------
        labelled, test : ndarray of int
            Indices of samples.
        """
        for labelled, _, test in self.split_unlabelled(X, y, groups):
            yield labelled, test

    def split_unlabelled(
        self, X: Any, y: Any, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Split samples into labelled, unlabelled and test sets.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Recordings or windows; only their number is used.
        y : array-like of shape (n_samples,)
            Labels.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None takes all for one person's.

        Yields
        ------
        labelled, unlabelled, test : ndarray of int
            Indices of samples. The first two make up the training set of `cv`.
        """
        self._check()
        if y is None:
            raise ValueError("y is None: which labels are kept depends on the labels.")
        check_consistent_length(X, y, groups)
        y = np.asarray(y)
        subjects = np.zeros(len(y), dtype=int)
        if groups is not None:
            groups = subjects = check_subjects(groups, "groups", len(y), "sample")
        # An integer's folds take no subjects, and warn where they are given some.
        for_cv = None if isinstance(self.cv, Integral) else groups
        for train, test in self._cv(y).split(X, y, for_cv):
            labelled = self.labelled_part(train, y, subjects)
            yield labelled, np.setdiff1d(train, labelled), test

    def labelled_part(self, train: Any, y: Any, groups: Any) -> np.ndarray:
        """Choose the training samples that stay labelled.

        Parameters
        ----------
        train : array-like of int
            Indices of the training samples.
        y : array-like of shape (n_samples,)
            Label of every sample.
        groups : array-like of shape (n_samples,)
            Subject of every sample.

        Returns
        -------
        ndarray of int
            Some of `train`, sorted.
        """
        self._check()
        train = np.sort(np.asarray(train))
        groups = check_subjects(groups, "groups", len(y), "sample")
        _, classes = np.unique(np.asarray(y)[train], return_inverse=True)
        _, people = np.unique(groups[train], return_inverse=True)
        order = check_random_state(self.random_state).permutation(len(train))
        kept = []
        for cell in np.unique(np.stack([people, classes]), axis=1).T:
            members = order[(people[order] == cell[0]) & (classes[order] == cell[1])]
            kept.append(members[: max(1, round(self.fraction * len(members)))])
        return np.sort(train[np.concatenate(kept)])

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Count the folds.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...), default=None
            As in `split`. An integer `cv` needs neither this nor the next two.
        y : array-like of shape (n_samples,), default=None
            As in `split`.
        groups : array-like of shape (n_samples,), default=None
            As in `split`.

        Returns
        -------
        int
            Folds of `cv`.
        """
        return self._cv(y).get_n_splits(X, y, groups)

    def _cv(self, y: Any) -> Any:
        if isinstance(self.cv, Integral):
            return StratifiedKFold(int(self.cv), shuffle=True, random_state=0)
        return check_cv(self.cv, y, classifier=True)

    def _check(self) -> None:
        check_scalar(
            self.fraction, "fraction", Real, min_val=0, max_val=1, include_boundaries="right"
        )
