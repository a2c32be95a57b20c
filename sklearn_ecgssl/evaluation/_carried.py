"""What features carry of people whom a linear model has not met: heart rate, identity, label."""

from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
from sklearn.preprocessing import normalize

from ._linear import linear_classifier, linear_regressor
from ._metrics import NAN, auc, one_against_rest

Folds = Iterator[tuple[np.ndarray, np.ndarray]]


def folds_of_people(subject: np.ndarray, n_splits: int | None) -> Folds:
    """Leave people out, one at a time where n_splits is None or there are not so many."""
    few = n_splits is None or n_splits >= len(np.unique(subject))
    splitter = LeaveOneGroupOut() if few else GroupKFold(n_splits)
    return splitter.split(subject, subject, subject)


def explained(
    X: np.ndarray, y: np.ndarray, subject: np.ndarray, n_splits: int | None = 5
) -> np.ndarray:
    """R squared of each column of y, of a ridge that has not met the people."""
    predicted = np.empty_like(y)
    for train, test in folds_of_people(subject, n_splits):
        for i in range(y.shape[1]):
            ridge = linear_regressor().fit(X[train], y[train, i], groups=subject[train])
            predicted[test, i] = ridge.predict(X[test])
    return np.asarray(r2_score(y, predicted, multioutput="raw_values"))


def ranked(
    X: np.ndarray, target: np.ndarray, subject: np.ndarray, n_splits: int | None = 5
) -> list[float]:
    """AUC within each person, of a logistic regression that has not met the person."""
    classes = np.unique(target)
    scores = np.full((len(target), len(classes)), NAN)
    for train, test in folds_of_people(subject, n_splits):
        model = linear_classifier(C=None).fit(X[train], target[train], groups=subject[train])
        found = model.decision_function(X[test])
        found = np.stack([-found, found], axis=1) if found.ndim == 1 else found
        scores[np.ix_(test, np.searchsorted(classes, model.classes_))] = found
    truth = one_against_rest(target, classes)
    scores = scores[:, -truth.shape[1] :]  # of two classes the second
    own = [subject == person for person in np.unique(subject)]
    return [auc(truth[rows], scores[rows]) for rows in own]


def recognised(
    parts: Sequence[np.ndarray], subject: np.ndarray, enrolled: np.ndarray
) -> np.ndarray:
    """For each person, which part of the windows is most like an enrolled one of the same person.

    parts: features, each of which weighs the same, however many columns it has.
    """
    scaled = [(X - X[enrolled].mean(axis=0)) / (X[enrolled].std(axis=0) + 1e-9) for X in parts]
    X = normalize(np.hstack([Z / np.sqrt(Z.shape[1]) for Z in scaled]))
    nearest = subject[enrolled][(X[~enrolled] @ X[enrolled].T).argmax(axis=1)]
    right, asked = nearest == subject[~enrolled], subject[~enrolled]
    return np.array([right[asked == one].mean() for one in np.unique(asked)])


def first_of_several(subject: np.ndarray, recording: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mark windows of people with several recordings, and those of the first recording of each."""
    several, first = np.zeros(len(subject), bool), np.zeros(len(subject), bool)
    for person in np.unique(subject):
        own = subject == person
        several |= own & (recording[own].min() != recording[own].max())
        first |= own & (recording == recording[own].min())
    return several, first
