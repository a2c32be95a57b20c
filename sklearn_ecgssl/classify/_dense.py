"""The papers' dense classification heads."""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._compat import Interval, StrOptions, _fit_context, validate_data
from .._fitting import all_or_nothing
from ..networks import DenseHead, check_sizes, initialised, rebuilt
from ..signal._windows import WindowStore
from ..training import (
    TrainingPlan,
    apply_batched,
    draw_seeds,
    resolve_device,
    train,
)
from ._loss import ClassificationLoss, logits_to_proba

#: The heads that the papers trained on frozen features, by data set.
PRESETS: dict[str, dict[str, Any]] = {
    "icassp2020": {"hidden": (64, 64), "max_epochs": 100},
    "tac2020-swell": {"hidden": (512, 512)},
    "tac2020-wesad": {"hidden": (512, 512)},
    "tac2020-dreamer": {"hidden": (512, 512, 512), "dropout": 0.2, "l2": 1e-4},
    "tac2020-amigos": {"hidden": (512, 512, 512), "dropout": 0.4},
}


class DenseClassifier(ClassifierMixin, BaseEstimator):
    """Dense network on features, the head of the papers.

    Two classes are told apart by one sigmoid and binary cross-entropy, more by softmax and
    cross-entropy, trained with Adam. The defaults are the head of [2]_ for SWELL and WESAD;
    `from_preset` gives the others.

    Parameters
    ----------
    hidden : tuple of int, default=(512, 512)
        Units of each hidden layer.
    dropout : float, default=0.0
        Dropout after each hidden layer.
    l2 : float, default=0.0
        Adds ``l2 * sum(w ** 2) / 2`` over all kernels to the loss.
    activation : {"relu", "leaky_relu"}, default="relu"
        Activation of the hidden layers.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class's samples in the loss.
    learning_rate : float, default=1e-3
        Of Adam.
    max_epochs : int, default=200
        Passes over the samples; [1]_ makes 100.
    batch_size : int, default=128
        Samples in a batch.
    device : str, default="auto"
        "auto" takes a CUDA GPU where there is one; else a torch device's name.
    random_state : int, RandomState instance or None, default=None
        Seed of initialisation, dropout and order.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    history_ : list of dict
        One dict an epoch: ``epoch``, ``train_loss``, ``train_accuracy``.
    state_ : dict of str to ndarray
        The weights.
    architecture_ : dict
        What the network was built from.
    n_features_in_ : int
        Features of a sample.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.
    .. [2] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_ecgssl.classify import DenseClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> head = DenseClassifier(hidden=(64,), max_epochs=100, batch_size=16, random_state=0)
    >>> head.fit(X, y).score(X, y) > 0.9
    True
    >>> DenseClassifier.from_preset("tac2020-amigos")
    DenseClassifier(dropout=0.4, hidden=(512, 512, 512))
    """

    _parameter_constraints: dict = {
        "hidden": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
        "activation": [StrOptions({"leaky_relu", "relu"})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hidden: Any = (512, 512),
        *,
        dropout: float = 0.0,
        l2: float = 0.0,
        activation: str = "relu",
        class_weight: Any = None,
        learning_rate: float = 1e-3,
        max_epochs: int = 200,
        batch_size: int = 128,
        device: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden = hidden
        self.dropout = dropout
        self.l2 = l2
        self.activation = activation
        self.class_weight = class_weight
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_preset(cls, name: str, **params: Any) -> Self:
        """Build the head that a paper trained on a data set.

        Parameters
        ----------
        name : {"icassp2020", "tac2020-swell", "tac2020-wesad", "tac2020-dreamer", \
                "tac2020-amigos"}
            Paper and data set.
        **params : dict
            Parameters to change.

        Returns
        -------
        DenseClassifier
            The head, unfitted.
        """
        if name not in PRESETS:
            raise ValueError(f"name must be one of {sorted(PRESETS)}, got {name!r}.")
        return cls(**{**PRESETS[name], **params})

    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X: Any, y: Any) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If `y` holds fewer than two classes.
        """
        X, y = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y holds one class only ({self.classes_[0]!r}); a classifier needs at least two."
            )
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        seeds = draw_seeds(self.random_state, 5)
        self.architecture_ = {
            "n_features": self.n_features_in_,
            "hidden": check_sizes("hidden", self.hidden, min_length=0),
            "n_outputs": 1 if len(self.classes_) == 2 else len(self.classes_),
            "dropout": self.dropout,
            "activation": self.activation,
        }
        self.state_, self.history_ = train(
            initialised(self._build_module, seeds[0]),
            ClassificationLoss(torch.tensor(weights, dtype=torch.float32)),
            _as_they_are,
            WindowStore([X]),
            labels.astype(np.int64),
            (np.arange(len(X)), np.arange(0)),
            self._plan(),
            seeds[1:],
        )
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Estimate the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

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
            Features.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        winners = self.predict_proba(X).argmax(axis=1)
        return self.classes_[winners]

    def _logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "state_")
        X = validate_data(self, X, dtype=np.float32, reset=False)
        device = resolve_device(self.device)
        module = rebuilt(self._build_module, self.state_, device)
        return apply_batched(module, WindowStore([X]), device, torch.float32)

    def _build_module(self) -> DenseHead:
        return DenseHead(**self.architecture_)

    def _plan(self) -> TrainingPlan:
        return TrainingPlan(
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            l2=self.l2,
            device=self.device,
            precision="float32",
            verbose=self.verbose,
            label="dense head",
        )


def _as_they_are(
    features: Tensor, labels: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    return features, labels
