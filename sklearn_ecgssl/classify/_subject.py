"""What classifiers of a person's features share: who is who, fit, predictions, score."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from .._checks import warn_caller
from .._compat import HasMethods, _safe_indexing
from ..signal._recordings import check_subjects
from ._metadata import fit_metadata


def classifier_has(method: str) -> Callable[["SubjectClassifier"], bool]:
    """Tell, for `available_if`, whether the classifier has a method."""
    return lambda self: hasattr(getattr(self, "classifier_", self.classifier), method)


class SubjectClassifier(ClassifierMixin, BaseEstimator, ABC):
    """Base class of classifiers of a person's features; a subclass says relative to what."""

    _parameter_constraints: dict = {
        "features": [HasMethods(["fit", "transform"])],
        "classifier": [HasMethods(["fit", "predict"])],
    }

    def subject_features(self, X: Any, groups: Any = None) -> np.ndarray:
        """Compute what the classifier is shown: features relative to the person.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Features for `classifier_`.
        """
        return self._subject_features("subject_features", X, groups)

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
        return self._answer("predict", X, groups)

    @available_if(classifier_has("predict_proba"))
    def predict_proba(self, X: Any, groups: Any = None) -> np.ndarray:
        """Estimate the probability of each class, where the classifier does.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return self._answer("predict_proba", X, groups)

    @available_if(classifier_has("decision_function"))
    def decision_function(self, X: Any, groups: Any = None) -> np.ndarray:
        """Compute the classifier's decision values, where it has them.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Decision values, as those of `classifier_`.
        """
        return self._answer("decision_function", X, groups)

    def score(self, X: Any, y: Any, groups: Any = None, *, sample_weight: Any = None) -> float:
        """Compute the accuracy of `predict`.

        Parameters
        ----------
        X : array-like or list of arrays
            What the transformer takes.
        y : array-like of shape (n_samples,)
            Labels.
        groups : array-like of shape (n_samples,), default=None
            Subject of each sample. None stands for one person.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample. None weighs all alike.

        Returns
        -------
        float
            Accuracy, between 0 and 1.
        """
        predicted = self._answer("predict", X, groups)
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def _fit(self, X: Any, y: Any, groups: Any, reference: Any = None) -> Self:
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        people = subjects_of(groups, len(y))
        learnt = self._learnt(y, people, reference)
        check_classification_targets(y[learnt])
        self.features_, self.classifier_ = clone(self.features), clone(self.classifier)
        values = self._fit_features(X, y, groups, people, learnt)
        self._fit_levels(values, people, reference)
        relative = self._relative(values, people, reference)[learnt]
        handed = {} if groups is None else fit_metadata(self.classifier_, groups=people[learnt])
        self.classifier_.fit(relative, y[learnt], **handed)
        self.classes_ = self.classifier_.classes_
        self.n_subjects_ = len(np.unique(people))
        if hasattr(self.features_, "n_features_in_"):
            self.n_features_in_ = self.features_.n_features_in_
        return self

    def _fit_features(
        self, X: Any, y: np.ndarray, groups: Any, people: np.ndarray, learnt: np.ndarray
    ) -> np.ndarray:
        """Fit the transformer to the samples that are learnt from, and transform all of them."""
        handed = {} if groups is None else fit_metadata(self.features_, groups=people[learnt])
        X_learnt = X if learnt.all() else _safe_indexing(X, np.flatnonzero(learnt))
        if hasattr(self.features_, "fit_transform"):  # as a Pipeline does
            found = np.asarray(self.features_.fit_transform(X_learnt, y[learnt], **handed))
        else:
            self.features_.fit(X_learnt, y[learnt], **handed)
            found = np.asarray(self.features_.transform(X_learnt))
        if learnt.all():
            return found
        values = np.empty((len(y), *found.shape[1:]), dtype=found.dtype)
        values[learnt] = found
        values[~learnt] = self.features_.transform(_safe_indexing(X, np.flatnonzero(~learnt)))
        return values

    def _answer(self, method: str, X: Any, groups: Any, reference: Any = None) -> Any:
        relative = self._subject_features(method, X, groups, reference)
        return getattr(self.classifier_, method)(relative)

    def _subject_features(
        self, caller: str, X: Any, groups: Any, reference: Any = None
    ) -> np.ndarray:
        check_is_fitted(self, "classifier_")
        if groups is None and self.n_subjects_ > 1 and self._needs_groups():
            warn_caller(
                f"{caller} was given no groups: all samples are taken for one person's. Pass the "
                f"subject of each, see the notes of {type(self).__name__}."
            )
        values = self.features_.transform(X)
        return self._relative(values, subjects_of(groups, len(values)), reference)

    def _needs_groups(self) -> bool:
        """Tell whether it makes a difference who is who."""
        return True

    def _learnt(self, y: np.ndarray, people: np.ndarray, reference: Any) -> np.ndarray:
        """Mark the samples that the transformer and the classifier learn from."""
        return np.ones(len(y), dtype=bool)

    def _fit_levels(self, values: Any, people: np.ndarray, reference: Any) -> None:
        """Learn what the features of all people tell."""

    @abstractmethod
    def _relative(self, values: Any, people: np.ndarray, reference: Any) -> np.ndarray:
        """Compute features relative to the person."""


def subjects_of(groups: Any, n_samples: int) -> np.ndarray:
    """Return the subject of each sample; without groups there is one."""
    everyone = np.zeros(n_samples, dtype=int) if groups is None else groups
    return check_subjects(everyone, "groups", n_samples, "sample")
