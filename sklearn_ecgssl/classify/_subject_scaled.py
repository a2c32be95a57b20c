"""Classify features that were scaled person by person."""

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from .._compat import HasMethods, _fit_context
from .._fitting import all_or_nothing
from ..signal._recordings import check_column
from ._base import check_labels


class SubjectScaledClassifier(ClassifierMixin, BaseEstimator):
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
    `predict` takes the subjects as `groups`. scikit-learn's scorers pass none on, with metadata
    routing neither: score with `sklearn_ecgssl.evaluation.compare_protocols`, which does, or fold
    by fold with ``predict(X, groups=...)``. Behind other steps of a Pipeline, routing takes them
    here (``set_fit_request(groups=True)``, ``set_predict_request(groups=True)``). Without
    `groups`, all that `predict` is given is taken for one person's, as in a leave-one-subject-out
    test set, with a warning where several people were fitted.

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

    _parameter_constraints: dict = {
        "features": [HasMethods(["fit", "transform"])],
        "classifier": [HasMethods(["fit", "predict"])],
    }

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
        y = check_labels(y, X)
        self.features_ = clone(self.features)
        values = self.features_.fit(X, y).transform(X)
        self.classifier_ = clone(self.classifier).fit(scale_rows(values, groups), y)
        self.classes_ = self.classifier_.classes_
        self.n_subjects_ = 1 if groups is None else len(np.unique(groups))
        if hasattr(self.features_, "n_features_in_"):
            self.n_features_in_ = self.features_.n_features_in_
        return self

    def predict(self, X: Any, groups: Any = None) -> np.ndarray:
        """Predict the class of each sample.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        check_is_fitted(self, "classifier_")
        if groups is None and self.n_subjects_ > 1:
            warnings.warn(
                "predict was given no groups: all samples are scaled as one person's. Pass the "
                "subject of each, see the notes of SubjectScaledClassifier.",
                stacklevel=2,
            )
        return self.classifier_.predict(scale_rows(self.features_.transform(X), groups))


def scale_rows(values: Any, groups: Any = None) -> np.ndarray:
    """Scale each person's features to mean 0 and standard deviation 1; constant ones become 0."""
    rows = np.asarray(values, dtype=np.float64)
    everyone = np.zeros(len(rows), dtype=int) if groups is None else groups
    people = check_column(everyone, "groups", len(rows), "sample")
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
