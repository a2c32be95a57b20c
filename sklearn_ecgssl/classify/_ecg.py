"""The whole network on windows: supervised, frozen or fine-tuned."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, Self, cast

import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d
from torch import nn

from .._compat import HasMethods, Interval, StrOptions, _fit_context
from .._fitting import all_or_nothing
from ..networks import ClassificationNet, DenseHead, initialised, rebuilt
from ..pretext import PretextPretrainer
from ..signal._windows import WindowStore, check_windows
from ..training import (
    PRECISIONS,
    TrainingPlan,
    apply_batched,
    draw_seeds,
    module_to_state,
    resolve_device,
    resolve_precision,
    train,
)
from ._base import NetworkClassifier, features_as_they_are
from ._held_out import labelled_split

TRUNK, HEAD = "trunk.", "head."

#: The weights and the history that training gives.
Taught = tuple[dict[str, np.ndarray], list[dict[str, float]]]
#: Trains a network on a store by a plan.
Lesson = Callable[..., Taught]


class ECGClassifier(NetworkClassifier):
    """Classify ECG windows by a trunk and a dense head.

    One estimator for the three networks that the papers compare [1]_ [2]_ [3]_, with either
    pretrainer:

    ======================================== ===========================================
    ``ECGClassifier()``                      supervised: everything learnt from labels
    ``ECGClassifier(pretrainer, "trunk")``   transfer: pretrained trunk, only the head learns
    ``ECGClassifier(pretrainer)``            fine-tuned: pretrained trunk, everything learns
    ======================================== ===========================================

    For recordings, put it into a `SegmentVotingClassifier`.

    Parameters
    ----------
    pretrainer : estimator or None, default=None
        A pretrainer, trained by `fit` on the windows that it is given, or a fitted one inside
        `sklearn.frozen.FrozenEstimator`, used as it is. None stands for the trunk of
        ``PretextPretrainer()`` as it is initialised; ``PretextPretrainer(max_epochs=0, ...)``
        for one of other sizes.
    freeze : {"trunk"} or None, default=None
        "trunk" keeps the trunk's weights and trains the head alone.
    aggregate : str, sequence of str or None, default=None
        How the trunk's activations over a window become the head's input, as in the pretrainer's
        `encode`. None is the papers': "max" for `PretextPretrainer`, "cls" for `MaskedPretrainer`.
    hidden : tuple of int, default=(512, 512)
        Units of the head's hidden layers. The defaults are the head of [2]_ for SWELL and WESAD;
        `from_preset` gives the others.
    dropout : float, default=0.0
        Dropout after each hidden layer.
    l2 : float, default=0.0
        Adds ``l2 * sum(w ** 2) / 2`` over all kernels that are trained to the loss.
    activation : {"relu", "leaky_relu"}, default="relu"
        Activation of the hidden layers.
    class_weight : dict, "balanced", "positive" or None, default=None
        Weight of each class's windows in the loss. "positive" is that of [3]_ for two classes: the
        second is weighed by windows of the first over those of the second.
    learning_rate : float, default=1e-3
        Of Adam.
    trunk_learning_rate : float or None, default=None
        Learning rate of the trunk, usually a lower one for fine-tuning. None: `learning_rate`.
    lr_decay : float, default=1.0
        The learning rates are multiplied by it every `lr_decay_epochs` epochs; [3]_ has 0.65.
    lr_decay_epochs : int, default=45
        Epochs between two decays.
    max_epochs : int, default=200
        Passes over the windows; [1]_ makes 100.
    batch_size : int, default=128
        Windows in a batch.
    validation_fraction : float or None, default=None
        Part of the subjects (of the windows, where `fit` gets no `groups`) that is held out of
        training and reported as ``valid_*`` in `history_`.
    patience : int or None, default=None
        Stop when the held-out loss (the training loss, without `validation_fraction`) has not
        improved for so many epochs, and go back to the best weights. None never stops early.
    device : str, default="auto"
        "auto" takes a CUDA GPU where there is one; else a torch device's name.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Of the convolutions. "auto" takes bfloat16 where the hardware multiplies it natively.
    random_state : int, RandomState instance or None, default=None
        Seed of initialisation, dropout, order and the held-out split. A pretrainer has its own.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    history_ : list of dict
        One dict an epoch: ``epoch``, ``train_loss``, ``train_accuracy``, and the same with
        ``valid_`` where windows were held out.
    pretrainer_ : estimator
        The fitted pretrainer; its weights are those that training began with.
    state_ : dict of str to ndarray
        The network's weights, those of the trunk as ``trunk.*`` and of the head as ``head.*``.
    architecture_ : dict
        What the head was built from.
    aggregate_ : str, sequence of str or None
        How the head's input is made.
    n_features_in_ : int
        Samples in a window.

    See Also
    --------
    SegmentVotingClassifier : Classify recordings by their windows.
    sklearn_ecgssl.features.SSLEmbedder : The frozen features for any other classifier.

    Notes
    -----
    With a frozen trunk the features are computed once, without dropout, and the head is trained on
    them: a fit takes seconds. A trunk that is trained on has the dropout of its pretraining.

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
    >>> import numpy as np
    >>> from sklearn_ecgssl.classify import ECGClassifier
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> target = np.arange(20) % 2
    >>> windows = np.sin(np.outer(1 + target, np.linspace(0, 99, 256)))
    >>> pretrainer = PretextPretrainer(
    ...     filters=(4, 8), kernel_sizes=(16, 8), max_epochs=1, random_state=0
    ... )
    >>> classifier = ECGClassifier(
    ...     pretrainer, freeze="trunk", hidden=(16,), learning_rate=0.1, random_state=0
    ... )
    >>> classifier.fit(windows, target).score(windows, target)
    1.0
    """

    _parameter_constraints: dict = {
        **NetworkClassifier._parameter_constraints,
        "pretrainer": [HasMethods(["fit", "build_trunk", "trunk_state"]), None],
        "freeze": [StrOptions({"trunk"}), None],
        "aggregate": [str, list, tuple, None],
        "trunk_learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "precision": [StrOptions(set(PRECISIONS))],
    }

    def __init__(
        self,
        pretrainer: Any = None,
        freeze: str | None = None,
        *,
        aggregate: Any = None,
        hidden: Any = (512, 512),
        dropout: float = 0.0,
        l2: float = 0.0,
        activation: str = "relu",
        class_weight: Any = None,
        learning_rate: float = 1e-3,
        trunk_learning_rate: float | None = None,
        lr_decay: float = 1.0,
        lr_decay_epochs: int = 45,
        max_epochs: int = 200,
        batch_size: int = 128,
        validation_fraction: float | None = None,
        patience: int | None = None,
        device: str = "auto",
        precision: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.pretrainer = pretrainer
        self.freeze = freeze
        self.aggregate = aggregate
        self.hidden = hidden
        self.dropout = dropout
        self.l2 = l2
        self.activation = activation
        self.class_weight = class_weight
        self.learning_rate = learning_rate
        self.trunk_learning_rate = trunk_learning_rate
        self.lr_decay = lr_decay
        self.lr_decay_epochs = lr_decay_epochs
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    # The pretrainer validates itself, and a frozen one has nothing left to validate.
    @_fit_context(prefer_skip_nested_validation=False)
    @all_or_nothing
    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Train the network, after the pretrainer unless that is frozen.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times)
            Windows. A memory-map is read batch by batch.
        y : array-like of shape (n_windows,)
            Label of each window.
        groups : array-like of shape (n_windows,), default=None
            Subject of each window. With it, `validation_fraction` holds out whole subjects.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter, the windows or the labels cannot be used; the message says which and
            what to do.
        """
        store = self._check_windows(X, reset=True)
        y = _check_labels(self, store, y)
        labels = self._learn_classes(y)
        subjects = None if groups is None else store.per_window(groups, "groups")
        trunk_seed, split_seed, init_seed, *seeds = draw_seeds(self.random_state, 7)
        split = labelled_split(labels, self.validation_fraction, subjects, split_seed)
        self.pretrainer_ = self._fitted_pretrainer(X, groups, trunk_seed)
        self.aggregate_ = self.aggregate
        n_features = self.pretrainer_.n_features_encoded("last", self.aggregate_)
        self.architecture_ = self._head_architecture(n_features)
        lesson = partial(
            train,
            criterion=self._build_criterion(y),
            prepare=features_as_they_are,
            targets=labels,
            split=split,
            seeds=seeds,
        )
        teach = self._teach_all if self.freeze is None else self._teach_head
        self.state_, self.history_ = teach(self._initial_network(init_seed), lesson, store)
        return self

    def _initial_network(self, seed: int) -> ClassificationNet:
        """Build the network with the pretrainer's trunk and a head drawn from a seed."""
        network = cast(ClassificationNet, initialised(self._build_module, seed))
        trunk = self.pretrainer_.trunk_state()
        network.trunk.load_state_dict({name: torch.tensor(array) for name, array in trunk.items()})
        return network

    def _teach_all(self, network: ClassificationNet, lesson: Lesson, store: WindowStore) -> Taught:
        plan = replace(self._plan(), precision=self.precision, label="network")
        if self.trunk_learning_rate is not None:
            plan = replace(plan, learning_rates={TRUNK: self.trunk_learning_rate})
        return lesson(network, store=store, plan=plan)

    def _teach_head(self, network: ClassificationNet, lesson: Lesson, store: WindowStore) -> Taught:
        features = WindowStore([self._apply(network.trunk.eval(), store)])
        head, history = lesson(network.head, store=features, plan=self._plan())
        state = {TRUNK + name: array for name, array in module_to_state(network.trunk).items()}
        return state | {HEAD + name: array for name, array in head.items()}, history

    def _fitted_pretrainer(self, X: Any, groups: Any, seed: int) -> Any:
        if self.pretrainer is None:
            return PretextPretrainer(max_epochs=0, random_state=seed).fit(X)
        pretrainer = clone(self.pretrainer).fit(X, None, groups=groups)
        if pretrainer.n_features_in_ != self.n_features_in_:
            raise ValueError(
                f"The frozen pretrainer was fitted on windows of {pretrainer.n_features_in_} "
                f"samples, these have {self.n_features_in_}. Use its sampling_rate and "
                "window_length."
            )
        return pretrainer

    def _plan(self) -> TrainingPlan:
        return replace(super()._plan(), patience=self.patience)

    def _logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "state_")
        store = self._check_windows(X, reset=False)
        return self._apply(self._module(resolve_device(self.device)), store)

    def _apply(self, module: nn.Module, store: WindowStore) -> np.ndarray:
        device = resolve_device(self.device)
        precision = resolve_precision(self.precision, device)
        return apply_batched(module.to(device), store, device, precision)

    def _module(self, device: torch.device) -> nn.Module:
        """Rebuild the fitted network, from windows to logits, in evaluation mode."""
        return rebuilt(self._build_module, self.state_, device)

    def _build_module(self) -> ClassificationNet:
        trunk = self.pretrainer_.build_trunk(self.aggregate_)
        return ClassificationNet(trunk, DenseHead(**self.architecture_))

    def _check_windows(self, X: Any, reset: bool) -> WindowStore:
        store = check_windows(self, X, reset=reset)
        if store.windowed:
            raise ValueError(
                "X holds windowed recordings, windows of shape (n_windows, n_times) are expected. "
                "To classify recordings, use SegmentVotingClassifier(ECGClassifier(...))."
            )
        return store


def _check_labels(classifier: ECGClassifier, store: WindowStore, y: Any) -> np.ndarray:
    if y is None:
        raise ValueError(
            f"{type(classifier).__name__} requires y to be passed, but the target y is None: it "
            "needs one label for each window."
        )
    check_classification_targets(y)
    labels = column_or_1d(y, warn=True)
    check_consistent_length(range(len(store)), labels)
    return labels
