"""The papers' dense classification heads."""

from typing import Any, Self

import numpy as np
import torch
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from torch import nn

from .._compat import _fit_context, validate_data
from .._fitting import all_or_nothing
from ..networks import DenseHead, initialised, rebuilt
from ..signal.window_store import WindowStore
from ..training import apply_batched, draw_seeds, resolve_device, train, training_parameters
from ._base import NetworkClassifier, ProbabilityNet, unchanged


@training_parameters
class DenseClassifier(NetworkClassifier):
    """Dense network on features, the head of the papers.

    Two classes are told apart by one sigmoid and binary cross-entropy, more by softmax and
    cross-entropy, trained with Adam. The defaults are the head of [2]_ for SWELL and WESAD;
    `from_preset` gives the others.

    Parameters
    ----------
    hidden : tuple of int, default=(512, 512)
        Units of each hidden layer, followed by ReLU.
    dropout : float, default=0.0
        Dropout after each hidden layer.
    class_weight : dict, "balanced", "positive" or None, default=None
        Weight of each class's samples in the loss. "positive" is that of [3]_ for two classes: the
        second is weighed by samples of the first over those of the second.
    lr_decay : float, default=1.0
        The learning rate is multiplied by it every `lr_decay_epochs` epochs; [3]_ has 0.65.
    lr_decay_epochs : int, default=45
        Epochs between two decays.
    {training parameters}

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
    .. [3] J. Vazquez-Rodriguez et al., "Transformer-Based Self-Supervised Learning for Emotion
       Recognition", ICPR 2022, arXiv:2204.05103.

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

    def __init__(
        self,
        hidden: Any = (512, 512),
        *,
        dropout: float = 0.0,
        class_weight: Any = None,
        lr_decay: float = 1.0,
        lr_decay_epochs: int = 45,
        l2: float = 0.0,
        learning_rate: float = 1e-3,
        max_epochs: int = 200,
        batch_size: int = 128,
        device: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden = hidden
        self.dropout = dropout
        self.class_weight = class_weight
        self.lr_decay = lr_decay
        self.lr_decay_epochs = lr_decay_epochs
        self.l2 = l2
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

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
        labels = self._encode_labels(y)
        self.architecture_ = self._head_architecture(self.n_features_in_)
        init_seed, *training_seeds = draw_seeds(self.random_state, 5)
        trained = train(
            initialised(self._build_module, init_seed),
            self._build_criterion(labels),
            unchanged,
            WindowStore([X]),
            labels,
            (np.arange(len(X)), np.arange(0)),
            self._plan(),
            training_seeds,
        )
        self.state_, self.history_ = trained.state, trained.history
        trained.raise_if_stopped()
        return self

    def to_torch(self) -> nn.Module:
        """Build a torch module that computes what `predict_proba` does.

        Returns
        -------
        nn.Module
            From features (n_samples, n_features) to probabilities (n_samples, n_classes), on the
            CPU, in float32 and in evaluation mode, with a copy of the weights.
        """
        check_is_fitted(self, "state_")
        module = rebuilt(self._build_module, self.state_, torch.device("cpu"))
        return ProbabilityNet(module).eval()

    def _logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "state_")
        X = validate_data(self, X, dtype=np.float32, reset=False)
        device = resolve_device(self.device)
        module = rebuilt(self._build_module, self.state_, device)
        return apply_batched(module, WindowStore([X]), device, torch.float32)

    def _build_module(self) -> DenseHead:
        return DenseHead(**self.architecture_)
