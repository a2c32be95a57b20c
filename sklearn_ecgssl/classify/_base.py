"""What classifiers that are networks share: labels, loss, head, and predictions."""

from abc import ABC, abstractmethod
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from .._compat import Interval, StrOptions
from ..networks import check_sizes
from ..training import TrainingPlan, decay_every_epochs
from ._loss import ClassificationLoss, logits_to_proba
from ._presets import PRESETS


class NetworkClassifier(ClassifierMixin, BaseEstimator, ABC):
    """Base class of classifiers that end in a dense head.

    A subclass says what the logits of its input are (`_logits`); labels, class weights and the
    head's parameters are handled here.
    """

    _parameter_constraints: dict = {
        "hidden": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "l2": [Interval(Real, 0, 1e6, closed="both")],
        "activation": [StrOptions({"leaky_relu", "relu"})],
        "class_weight": [dict, StrOptions({"balanced", "positive"}), None],
        "learning_rate": [Interval(Real, 0, 1, closed="right")],
        "lr_decay": [Interval(Real, 0, 1, closed="right")],
        "lr_decay_epochs": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @classmethod
    def from_preset(cls, name: str, **params: Any) -> Self:
        """Build the classifier with the head that a paper trained on a data set.

        Parameters
        ----------
        name : {"icassp2020", "tac2020-swell", "tac2020-wesad", "tac2020-dreamer", \
                "tac2020-amigos", "icpr2022"}
            Paper and data set. "icpr2022" is the head on a `MaskedPretrainer`, on AMIGOS.
        **params : dict
            Parameters to set or to change.

        Returns
        -------
        classifier
            Unfitted.
        """
        if name not in PRESETS:
            raise ValueError(f"name must be one of {sorted(PRESETS)}, got {name!r}.")
        return cls(**{**PRESETS[name], **params})

    def predict_proba(self, X: Any) -> np.ndarray:
        """Estimate the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            What was fitted: features, or windows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.
        """
        return logits_to_proba(torch.from_numpy(self._logits(X))).numpy()

    def predict(self, X: Any) -> np.ndarray:
        """Predict the class of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            What was fitted: features, or windows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        winners = self.predict_proba(X).argmax(axis=1)
        return self.classes_[winners]

    def _learn_classes(self, y: np.ndarray) -> np.ndarray:
        """Set `classes_` and return each sample's index in it."""
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y holds one class only ({self.classes_.tolist()[0]!r}); a classifier needs at "
                "least two."
            )
        return labels.astype(np.int64)

    def _build_criterion(self, y: np.ndarray) -> ClassificationLoss:
        named = self.class_weight
        if named == "positive":
            named = positive_class_weight(self.classes_, y)
        weights = compute_class_weight(named, classes=self.classes_, y=y)
        return ClassificationLoss(torch.tensor(weights, dtype=torch.float32))

    def _head_architecture(self, n_features: int) -> dict[str, Any]:
        return {
            "n_features": n_features,
            "hidden": check_sizes("hidden", self.hidden, min_length=0),
            "n_outputs": 1 if len(self.classes_) == 2 else len(self.classes_),
            "dropout": float(self.dropout),
            "activation": self.activation,
        }

    def _plan(self) -> TrainingPlan:
        return TrainingPlan(
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=decay_every_epochs(self.lr_decay, self.lr_decay_epochs),
            l2=self.l2,
            device=self.device,
            precision="float32",
            verbose=self.verbose,
            label="dense head",
        )

    @abstractmethod
    def _logits(self, X: Any) -> np.ndarray:
        """Compute the logits, (n_samples, 1) for two classes, else (n_samples, n_classes)."""


def positive_class_weight(classes: np.ndarray, y: np.ndarray) -> dict[Any, float]:
    """Weigh the second of two classes so that both count the same in the loss.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels.
    y : ndarray of shape (n_samples,)
        Label of each sample.

    Returns
    -------
    dict
        1 for the first class, samples of the first over samples of the second for the second.

    Raises
    ------
    ValueError
        If there are more than two classes.
    """
    if len(classes) != 2:
        raise ValueError(
            f"class_weight='positive' is for two classes, y has {len(classes)}. Use 'balanced'."
        )
    negative, positive = (np.count_nonzero(y == label) for label in classes)
    return {classes[0]: 1.0, classes[1]: negative / positive}


def features_as_they_are(
    features: torch.Tensor, labels: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Take what a batch holds as the network's input; nothing is drawn."""
    return features, labels


def check_labels(classifier: NetworkClassifier, n_windows: int, y: Any) -> np.ndarray:
    """Check the labels of windows.

    Parameters
    ----------
    classifier : NetworkClassifier
        Who asks, for the error.
    n_windows : int
        How many there must be.
    y : array-like of shape (n_windows,)
        The labels.

    Returns
    -------
    ndarray of shape (n_windows,)
        The same.

    Raises
    ------
    ValueError
        If they are no labels, or not one for each window.
    """
    if y is None:
        raise ValueError(
            f"{type(classifier).__name__} requires y to be passed, but the target y is None: it "
            "needs one label for each window."
        )
    check_classification_targets(y)
    labels = column_or_1d(y, warn=True)
    check_consistent_length(range(n_windows), labels)
    return labels
