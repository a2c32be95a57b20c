"""The whole network on windows: supervised, frozen or fine-tuned."""

from dataclasses import replace
from numbers import Real
from os import PathLike
from typing import Any, Self, cast

import joblib
import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from .._compat import HasMethods, Interval, StrOptions, _fit_context
from .._fitting import all_or_nothing
from ..networks import ClassificationNet, DenseHead, initialised, rebuilt
from ..pretext import (
    PretextPretrainer,
    check_fits,
    held_out_split,
    resolve_pretrainer,
    warn_unless_scaled,
)
from ..saving import PretrainedMixin
from ..signal.window_store import WindowStore, check_windows
from ..training import (
    TrainingPlan,
    apply_batched,
    draw_seeds,
    fit_facts,
    open_checkpoint,
    resolve_device,
    resolve_precision,
    train,
    training_parameters,
)
from ._base import NetworkClassifier, ProbabilityNet, check_labels, unchanged

TRUNK, HEAD = "trunk.", "head."

#: Draws after which a validation set is given up that leaves every class to train on.
MAX_DRAWS = 100


@training_parameters
class ECGClassifier(PretrainedMixin, NetworkClassifier):
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
    pretrainer : estimator, str, path-like or None, default=None
        A pretrainer, trained by `fit` on the windows that it is given; or a fitted one inside
        `sklearn.frozen.FrozenEstimator`, the name of an encoder that comes with the package (see
        `list_pretrained`), or the folder of one that `save_pretrained` saved, all three used as
        they are. None stands for the trunk of ``PretextPretrainer()`` as it is initialised;
        ``PretextPretrainer(max_epochs=0, ...)`` for one of other sizes. Its `random_state`,
        `checkpoint`, `precision` and so on are its own.
    freeze : {"trunk"} or None, default=None
        "trunk" keeps the trunk's weights and trains the head alone.
    aggregate : str, sequence of str or None, default=None
        How the trunk's activations over a window become the head's input, as in the pretrainer's
        `encode`. None is the papers': "max" for `PretextPretrainer`, "cls" for `MaskedPretrainer`.
    hidden : tuple of int, default=(512, 512)
        Units of the head's hidden layers, followed by ReLU. The defaults are the head of [2]_ for
        SWELL and WESAD; `from_preset` gives the others.
    dropout : float, default=0.0
        Dropout after each hidden layer of the head.
    class_weight : dict, "balanced", "positive" or None, default=None
        Weight of each class's windows in the loss. "positive" is that of [3]_ for two classes: the
        second is weighed by windows of the first over those of the second.
    trunk_learning_rate : float or None, default=None
        Learning rate of the trunk, usually a lower one for fine-tuning. None: `learning_rate`.
    lr_decay : float, default=1.0
        The learning rates are multiplied by it every `lr_decay_epochs` epochs; [3]_ has 0.65.
    lr_decay_epochs : int, default=45
        Epochs between two decays.
    {training parameters}

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
    SSLEmbedder : The frozen features for any other classifier.

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
        "pretrainer": [HasMethods(["fit", "build_trunk", "trunk_state"]), str, PathLike, None],
        "freeze": [StrOptions({"trunk"}), None],
        "aggregate": [str, list, tuple, None],
        "trunk_learning_rate": [Interval(Real, 0, 1, closed="right"), None],
    }

    def __init__(
        self,
        pretrainer: Any = None,
        freeze: str | None = None,
        *,
        aggregate: Any = None,
        hidden: Any = (512, 512),
        dropout: float = 0.0,
        class_weight: Any = None,
        trunk_learning_rate: float | None = None,
        lr_decay: float = 1.0,
        lr_decay_epochs: int = 45,
        l2: float = 0.0,
        learning_rate: float = 1e-3,
        max_epochs: int = 200,
        batch_size: int = 128,
        validation_fraction: float | None = None,
        patience: int | None = None,
        device: str = "auto",
        precision: str = "auto",
        checkpoint: Any = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.pretrainer = pretrainer
        self.freeze = freeze
        self.aggregate = aggregate
        self.hidden = hidden
        self.dropout = dropout
        self.class_weight = class_weight
        self.trunk_learning_rate = trunk_learning_rate
        self.lr_decay = lr_decay
        self.lr_decay_epochs = lr_decay_epochs
        self.l2 = l2
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.device = device
        self.precision = precision
        self.checkpoint = checkpoint
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
        labels = self._encode_labels(check_labels(y, store))
        subjects = None if groups is None else store.subjects(groups)
        seeds = draw_seeds(self.random_state, 7)
        with open_checkpoint(self.checkpoint) as checkpoint:
            if checkpoint is not None:
                facts = fit_facts(self, self._local_parameters, store, subjects)
                checkpoint.check_same(facts | {"y": joblib.hash(labels)})
                seeds = checkpoint.seeds(seeds)
            trunk_seed, split_seed, init_seed, *training_seeds = seeds
            self.pretrainer_ = self._fit_pretrainer(store, groups, trunk_seed)
            trunk_state = self.pretrainer_.trunk_state()
            if checkpoint is not None:
                hashed = joblib.hash(trunk_state)
                checkpoint.check_same({"weights of the pretrained trunk": hashed})

            self.aggregate_ = self.aggregate
            n_features = self.pretrainer_.n_features_encoded("last", self.aggregate_)
            self.architecture_ = self._head_architecture(n_features)
            network = cast(ClassificationNet, initialised(self._build_module, init_seed))
            network.trunk.load_state_dict(
                {name: torch.tensor(array) for name, array in trunk_state.items()}
            )
            module: nn.Module = network
            if self.freeze == "trunk":  # its features are computed once, the head learns from them
                store = WindowStore([self._apply(network.trunk.eval(), store)])
                module = network.head
            trained = train(
                module,
                self._build_criterion(labels),
                unchanged,
                store,
                labels,
                self._split(labels, subjects, split_seed),
                self._plan(),
                training_seeds,
                checkpoint,
            )
        self.state_, self.history_ = trained.state, trained.history
        if self.freeze == "trunk":
            self.state_ = {TRUNK + name: array for name, array in trunk_state.items()}
            self.state_ |= {HEAD + name: array for name, array in trained.state.items()}
        trained.raise_if_stopped()
        return self

    def to_torch(self) -> nn.Module:
        """Build a torch module that computes what `predict_proba` does.

        Returns
        -------
        nn.Module
            From windows (n_windows, n_times) to probabilities (n_windows, n_classes), on the CPU,
            in float32 and in evaluation mode, with a copy of the weights.
        """
        check_is_fitted(self, "state_")
        return ProbabilityNet(self._module(torch.device("cpu"))).eval()

    def _check_windows(self, X: Any, reset: bool) -> WindowStore:
        store = check_windows(self, X, reset=reset)
        if store.windowed:
            raise ValueError(
                "X holds windowed recordings, windows of shape (n_windows, n_times) are expected. "
                "To classify recordings, use SegmentVotingClassifier(ECGClassifier(...))."
            )
        return store

    def _fit_pretrainer(self, store: WindowStore, groups: Any, seed: int) -> Any:
        if self.pretrainer is None:
            return PretextPretrainer(max_epochs=0, random_state=seed).fit(store)
        pretrainer = resolve_pretrainer(self.pretrainer).fit(store, None, groups=groups)
        check_fits(pretrainer, store)
        warn_unless_scaled(pretrainer, store)
        return pretrainer

    def _split(
        self, labels: np.ndarray, subjects: np.ndarray | None, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw windows to train on, of every class, and a validation set."""
        for draw in range(MAX_DRAWS):
            split = held_out_split(len(labels), self.validation_fraction, subjects, seed + draw)
            if len(np.unique(labels[split[0]])) == len(self.classes_):
                return split
        raise ValueError(
            f"validation_fraction={self.validation_fraction} leaves a class without a window to "
            f"train on, however the {'windows' if subjects is None else 'subjects'} are drawn. "
            "Lower it, or pass validation_fraction=None."
        )

    def _plan(self) -> TrainingPlan:
        plan = replace(super()._plan(), patience=self.patience)
        if self.freeze == "trunk":
            return plan
        rates = {} if self.trunk_learning_rate is None else {TRUNK: self.trunk_learning_rate}
        return replace(plan, precision=self.precision, learning_rates=rates, label="network")

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
