"""Classify features that were scaled person by person."""

from typing import Any, Self

import numpy as np

from .._compat import _fit_context
from .._fitting import all_or_nothing
from ._subject import SubjectClassifier, subjects_of


class SubjectScaledClassifier(SubjectClassifier):
    """Scale features to mean 0 and standard deviation 1 for each person, then classify.

    People differ more from each other than one person does from calm to stress. Scaling each
    person's features takes that away. It needs no label, but some signal of a new person in all
    the conditions that are to be told apart: where it is used, say so beside the score.

    Parameters
    ----------
    features : transformer
        From windows or recordings to features, such as `SSLEmbedder` or a Pipeline. NaN is left
        out of a person's mean and standard deviation.
    classifier : classifier
        Classifier of scaled features.

    Attributes
    ----------
    features_ : transformer
        The fitted transformer.
    classifier_ : classifier
        The fitted classifier.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_subjects_ : int
        People that were fitted.

    Notes
    -----
    `predict` and its like take the subjects as `groups`. With scikit-learn's metadata routing,
    ``set_fit_request(groups=True)``, ``set_predict_request(groups=True)`` and
    ``set_score_request(groups=True)`` bring them here, also behind other steps of a Pipeline.
    Scorers by name, such as "roc_auc", pass none on: score with
    `sklearn_ecgssl.evaluation.compare_protocols`, which does, or fold by fold. Without `groups`,
    all that `predict` is given is taken for one person's, as in a leave-one-subject-out test set,
    with a warning where several people were fitted.

    The subjects also reach a `fit` of `features` or `classifier` that takes them, such as that of
    `SSLEmbedder`, or of a GridSearchCV whose `cv` splits by groups.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from sklearn_ecgssl.classify import SubjectScaledClassifier
    >>> subject, target = np.repeat([0, 1], 4), np.tile([0, 1], 4)
    >>> heart_rate = (60 + 40 * subject + 10 * target)[:, None]
    >>> classifier = SubjectScaledClassifier(FunctionTransformer(), LogisticRegression())
    >>> classifier.fit(heart_rate, target, groups=subject).predict([[150], [160]], groups=[2, 2])
    array([0, 1])
    """

    def __init__(self, features: Any, classifier: Any) -> None:
        self.features = features
        self.classifier = classifier

    @_fit_context(prefer_skip_nested_validation=False)
    @all_or_nothing
    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit the transformer, scale each person's features, fit the classifier.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        y : array-like of shape (n_samples,)
            Labels.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        return self._fit(X, y, groups)

    def _relative(self, values: Any, people: np.ndarray, reference: Any) -> np.ndarray:
        return scale_rows(values, people)


def scale_rows(values: Any, groups: Any = None) -> np.ndarray:
    """Scale each person's features to mean 0 and standard deviation 1; constant ones become 0."""
    rows = np.asarray(values, dtype=np.float64)
    people = subjects_of(groups, len(rows))
    scaled = np.empty_like(rows)
    for person in np.unique(people):
        own = people == person
        scaled[own] = _standardised(rows[own])
    return scaled


def _standardised(rows: np.ndarray) -> np.ndarray:
    """Scale columns to mean 0 and standard deviation 1; NaN is left out and stays."""
    present = ~np.isnan(rows)
    count = np.maximum(present.sum(axis=0), 1)
    centred = rows - np.where(present, rows, 0).sum(axis=0) / count
    deviation = np.sqrt(np.where(present, centred**2, 0).sum(axis=0) / count)
    # Values that are all the same differ by rounding alone.
    is_constant = deviation <= 1e-7 * np.abs(np.where(present, rows, 0)).max(axis=0)
    return np.where(is_constant, 0 * centred, centred / np.where(is_constant, 1, deviation))
