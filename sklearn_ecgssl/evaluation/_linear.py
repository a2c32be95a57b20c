"""Linear models of features, and how strongly they are regularised."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .._compat import GroupsConsumerMixin
from ..signal._recordings import check_subjects

#: Values of C, and of alpha, that are tried; of equally good ones the first is taken.
CHOICES = [0.001, 0.01, 0.1, 1.0]
ALPHAS = [10_000.0, 1000.0, 100.0, 10.0, 1.0]
N_SPLITS = 4


def linear_classifier(C: float | None = 1.0) -> BaseEstimator:
    """Build a logistic regression of standardised features, classes weighted alike.

    Parameters
    ----------
    C : float or None, default=1.0
        The smaller, the more regularised. None chooses one of .001, .01, .1 and 1 when it is
        fitted, by the balanced accuracy on people held out of the training set; `fit` takes their
        subjects as `groups`, which `compare_protocols` passes. Where people have one class each, or
        there are no groups, shuffled samples are held out.

    Returns
    -------
    Pipeline or GridSearchCV
        Sets missing features to their mean, standardises, classifies.

    Examples
    --------
    >>> from sklearn_ecgssl.evaluation import linear_classifier
    >>> classifier = linear_classifier()
    >>> classifier.fit([[0.0], [float("nan")], [2.0]], ["calm", "calm", "tense"]).predict([[2.0]])
    array(['tense'], dtype='<U5')
    """
    classifier = make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=1.0 if C is None else C, class_weight="balanced", max_iter=2000),
    )
    if C is not None:
        return classifier
    grid = {"logisticregression__C": CHOICES}
    return GridSearchCV(classifier, grid, cv=SubjectSplit(), scoring="balanced_accuracy")


def linear_regressor() -> BaseEstimator:
    """Build a ridge regression whose alpha is chosen on held-out people, as C is of classes."""
    regressor = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), Ridge())
    grid = {"ridge__alpha": ALPHAS}
    return GridSearchCV(regressor, grid, cv=RatingSplit(), scoring="neg_mean_squared_error")


class SubjectSplit(GroupsConsumerMixin):
    """Folds of people, or of shuffled samples where people have one class each or are not given."""

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield training and test sets that hold all classes each."""
        classes, y = np.unique(y, return_inverse=True)
        n_people, groups = _people(groups, len(y))
        folds = []
        if n_people > 1:
            by_people = GroupKFold(min(N_SPLITS, n_people)).split(y, y, groups)
            folds = [pair for pair in by_people if all(_has_all(y[p], classes) for p in pair)]
        rarest = int(np.bincount(y).min())
        if not folds and rarest > 1:
            shuffled = StratifiedKFold(min(N_SPLITS, rarest), shuffle=True, random_state=0)
            folds = list(shuffled.split(y, y))
        everything = np.arange(len(y))
        yield from folds or [(everything, everything)]

    def get_n_splits(self, X: Any, y: Any, groups: Any = None) -> int:
        """Count the folds."""
        return len(list(self.split(X, y, groups)))


class RatingSplit(SubjectSplit):
    """Folds of people, or of shuffled samples where people are not given."""

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield training and test sets."""
        n_people, groups = _people(groups, len(y))
        if n_people > 1:
            yield from GroupKFold(min(N_SPLITS, n_people)).split(y, y, groups)
        else:
            yield from KFold(min(N_SPLITS, len(y)), shuffle=True, random_state=0).split(y)


def _people(groups: Any, n_samples: int) -> tuple[int, Any]:
    """Count the people, 0 where they are not given, and check whose each sample is."""
    if groups is None:
        return 0, None
    groups = check_subjects(groups, "groups", n_samples, "sample")
    return len(np.unique(groups)), groups


def _has_all(labels: np.ndarray, classes: np.ndarray) -> bool:
    return len(np.unique(labels)) == len(classes)
