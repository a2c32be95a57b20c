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
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from .._checks import check_choice
from .._compat import Interval, StrOptions
from ..networks import check_sizes
from ..training import Criterion, TrainingPlan, decay_every_epochs

#: The heads that the papers trained, by data set.
PRESETS: dict[str, dict[str, Any]] = {
    "icassp2020": {"hidden": (64, 64), "max_epochs": 100},
    "tac2020-swell": {"hidden": (512, 512)},
    "tac2020-wesad": {"hidden": (512, 512)},
    "tac2020-dreamer": {"hidden": (512, 512, 512), "dropout": 0.2, "l2": 1e-4},
    "tac2020-amigos": {"hidden": (512, 512, 512), "dropout": 0.4},
    "icpr2022": {
        "hidden": (1024, 512),
        "dropout": 0.3,
        "l2": 1e-5,
        "class_weight": "positive",
        "learning_rate": 1e-4,
        "lr_decay": 0.65,
        "lr_decay_epochs": 45,
        "max_epochs": 100,
    },
}


class NetworkClassifier(ClassifierMixin, BaseEstimator, ABC):
    """Base class of classifiers that end in a dense head; a subclass says what its logits are."""

    _parameter_constraints: dict = {
        "hidden": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced", "positive"}), None],
        "lr_decay": [Interval(Real, 0, 1, closed="right")],
        "lr_decay_epochs": [Interval(Integral, 1, None, closed="left")],
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
        check_choice("name", name, PRESETS)
        return cls(**{**PRESETS[name], **params})

    def predict_proba(self, X: Any) -> np.ndarray:
        """Estimate the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features or windows, as in `fit`.

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
            Features or windows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        winners = self.predict_proba(X).argmax(axis=1)
        return self.classes_[winners]

    @abstractmethod
    def _logits(self, X: Any) -> np.ndarray:
        """Compute the logits, (n_samples, 1) for two classes, else (n_samples, n_classes)."""

    def _encode_labels(self, y: np.ndarray) -> np.ndarray:
        """Set `classes_` and return each sample's index in it."""
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y holds one class only ({self.classes_.tolist()[0]!r}); a classifier needs at "
                "least two."
            )
        return labels.astype(np.int64)

    def _build_criterion(self, labels: np.ndarray) -> "ClassificationLoss":
        counts = np.bincount(labels)
        if self.class_weight != "positive":
            y = self.classes_[labels]
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        elif len(counts) == 2:
            weights = [1.0, counts[0] / counts[1]]
        else:
            raise ValueError(
                f"class_weight='positive' is for two classes, y has {len(counts)}. Use 'balanced'."
            )
        return ClassificationLoss(torch.tensor(weights, dtype=torch.float32))

    def _head_architecture(self, n_features: int) -> dict[str, Any]:
        return {
            "n_features": n_features,
            "hidden": check_sizes("hidden", self.hidden, min_length=0),
            "n_outputs": 1 if len(self.classes_) == 2 else len(self.classes_),
            "dropout": float(self.dropout),
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


class ClassificationLoss(Criterion):
    """Cross-entropy, of one logit for two classes and of one logit a class for more.

    A weighted mean; the weights of classes are relative to balanced ones, not to the batch.
    """

    class_weights: Tensor
    metric_names = ["accuracy"]

    def __init__(self, class_weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("class_weights", class_weights, persistent=False)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        if logits.shape[1] == 1:
            losses = binary_cross_entropy_with_logits(
                logits[:, 0], labels.to(logits.dtype), reduction="none"
            )
        else:
            losses = cross_entropy(logits, labels, reduction="none")
        return (losses * self.class_weights[labels]).mean()

    def metrics(self, logits: Tensor, labels: Tensor) -> Tensor:
        predicted = (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(dim=1)
        return (predicted == labels).float().mean()[None]


def logits_to_proba(logits: Tensor) -> Tensor:
    """Turn logits into probabilities of each class, in float64."""
    logits = logits.double()
    if logits.shape[1] == 1:
        return torch.cat([torch.sigmoid(-logits), torch.sigmoid(logits)], dim=1)
    return torch.softmax(logits, dim=1)


class ProbabilityNet(nn.Module):
    """A network that gives probabilities of classes, not logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, windows: Tensor) -> Tensor:
        return logits_to_proba(self.network(windows)).float()


def unchanged(inputs: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Train on a batch as it is; nothing is drawn."""
    return inputs, labels


def check_labels(y: Any, X: Any) -> np.ndarray:
    """Check that `y` has one class label for each sample of `X`."""
    labels = column_or_1d(y, warn=True)
    check_classification_targets(labels)
    check_consistent_length(X, labels)
    return labels
