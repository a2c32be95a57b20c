"""Pretraining by recognising transformations."""

from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor, nn

from .._compat import Interval
from ..networks import AGGREGATIONS, ComparisonScores, shortest_window
from ..training import Criterion, Schedule, decay_every_batches, training_parameters
from ..transforms import (
    CompareIrregularity,
    CompareTempo,
    RandomAugmentation,
    WindowTransform,
    crop,
    make_pairs,
    make_views,
    pair_length,
    window_length,
)
from ._base import BasePretrainer
from ._network import DilatedConvolutions, add_heads, architecture_of, build_trunk
from ._tasks import ComparisonLoss, RecognitionLoss, TaskComposition

#: Samples of the shortest view that `DilatedConvolutions` take.
SHORTEST = 3

#: The layer of what comparisons have learnt, a feature each.
SCORES = "scores"

#: What a paper does, where it is not the default.
PRESETS: dict[str, dict[str, Any]] = {
    "icassp2020": {
        "negative_slope": 0.0,
        "lr_decay": 1.0,
        "max_epochs": 30,
        "scale__factor": 1.2,
        "permute__n_pieces": 10,
    },
    "tac2020": {},
    "rhythm": {
        "transforms": [],
        "comparisons": [
            ("tempo", CompareTempo()),
            ("irregularity", CompareIrregularity()),  # from beat to beat
            ("variation", CompareIrregularity(n_knots=4)),  # over several beats, as breathing does
        ],
        "trunk": DilatedConvolutions(),
        "l2": 0.0,
        "batch_size": 64,
    },
}


@training_parameters
class PretextPretrainer(TaskComposition, BasePretrainer):
    """Learn ECG features by recognising which transformation was applied to a window.

    A convolutional trunk with one head a task learns, without labels, to tell windows from their
    noisy, scaled, negated, time-reversed, permuted and time-warped versions [1]_ [2]_. Its
    features then feed any classifier (see `SSLEmbedder`). Defaults are those of the authors' code
    for [2]_; `from_preset` gives those of [1]_, and of the encoder "rhythm-open", which compares
    two views of a window. The network sees all views of ``batch_size`` windows at once.

    Parameters
    ----------
    transforms : list of (str, WindowTransform or "drop") or None, default=None
        The transformations to recognise, in label order from 1. None stands for ``noise``,
        ``scale``, ``negate``, ``flip``, ``permute`` and ``warp`` with their defaults. Their
        parameters are parameters of the pretrainer: ``set_params(noise__snr_db=5)``,
        ``set_params(noise="drop")``, also in a grid search.
    task_weights : dict, array-like of shape (n_tasks,) or None, default=None
        Weight of each task's loss. None: 0.0125 for ``negate`` and ``flip``, 0.195 for all
        others, ``original`` included. A dict changes the weights of the tasks that it names.
    comparisons : list of (str, WindowComparison or "drop") or None, default=None
        What two views of a window are compared by, such as
        ``[("tempo", CompareTempo()), ("irregularity", CompareIrregularity())]``, beside recognising
        transformations, or in its place with ``transforms=[]``. Their parameters are parameters
        of the pretrainer: ``set_params(tempo__stretch=1.3)``. All views are then as short as the
        comparisons ask for, 7.1 s of 10 s with `CompareTempo`. None compares nothing, as the
        papers.
    augmentation : WindowTransform or None, default=None
        How each view that is compared is disturbed. None stands for `RandomAugmentation`.
    trunk : DilatedConvolutions or None, default=None
        The layers that make the features. None is the papers', which the parameters from `filters`
        to `negative_slope` describe.
    filters : tuple of int, default=(32, 64, 128)
        Channels of each convolutional block.
    kernel_sizes : tuple of int, default=(32, 16, 8)
        Kernel length of each block, in samples.
    convs_per_block : int, default=2
        Convolutions in a block.
    pool_size : int, default=8
        Length of the max pool between blocks, in samples.
    pool_stride : int, default=2
        Stride of that pool.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU of trunk and heads below zero; 0 makes it a ReLU.
    head_hidden : tuple of int, default=(128, 128)
        Units of each head's hidden layers.
    head_dropout : float, default=0.6
        Dropout after each of them.
    lr_decay : float, default=0.9
        The learning rate is multiplied by it every `lr_decay_steps` batches. 1 keeps it constant.
    lr_decay_steps : int, default=10_000
        Batches between two decays.
    {training parameters}

    Attributes
    ----------
    history_ : list of dict
        One dict an epoch: ``epoch``, ``train_loss`` (weighted, without the L2 penalty),
        ``train_<task>_loss`` and ``train_<task>_accuracy`` for every task, and the same with
        ``valid_`` where windows were held out. Training figures are taken with dropout on, as
        the epoch goes.
    state_ : dict of str to ndarray
        The network's weights.
    task_names_ : list of str
        ``original`` and the names of the transformations, if there are any, then those of the
        comparisons.
    task_weights_ : list of float
        Weight of each task's loss.
    transforms_ : list of (str, WindowTransform)
        The transformations that were learnt.
    comparisons_ : list of (str, WindowComparison)
        What was compared.
    augmentation_ : WindowTransform
        How views that were compared were disturbed; there with comparisons alone.
    architecture_ : dict
        What the network was built from.
    n_epochs_ : int
        Epochs trained.
    n_features_in_ : int
        Samples in a window.
    sampling_rate_ : float or None
        Of the windows, in Hz, as it was saved with them; there after `from_pretrained` alone.
    preparation_ : Pipeline
        What makes the windows of recordings, where it was saved with them; as `sampling_rate_`.

    See Also
    --------
    SSLEmbedder : The features as a scikit-learn transformer.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.
    .. [2] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> windows = np.sin(np.linspace(0, 99, 8 * 256)).reshape(8, 256)
    >>> pretrainer = PretextPretrainer(
    ...     filters=(4, 8), kernel_sizes=(16, 8), max_epochs=1, random_state=0
    ... ).fit(windows)
    >>> pretrainer.encode(windows).shape
    (8, 8)
    >>> pretrainer.task_names_
    ['original', 'noise', 'scale', 'negate', 'flip', 'permute', 'warp']
    """

    # The learning rate of a batch does not depend on how many epochs there will be.
    _free_on_resume = (*BasePretrainer._free_on_resume, "max_epochs")
    _aggregations = tuple(AGGREGATIONS)
    _presets = PRESETS
    _shortened_by = "a network that pools less (pool_size, pool_stride)"

    _parameter_constraints: dict = {
        "transforms": [list, None],
        "task_weights": [dict, "array-like", None],
        "comparisons": [list, None],
        "augmentation": [WindowTransform, None],
        "trunk": [DilatedConvolutions, None],
        "filters": ["array-like"],
        "kernel_sizes": ["array-like"],
        "convs_per_block": [Interval(Integral, 1, None, closed="left")],
        "pool_size": [Interval(Integral, 1, None, closed="left")],
        "pool_stride": [Interval(Integral, 1, None, closed="left")],
        "negative_slope": [Interval(Real, 0, 1, closed="both")],
        "head_hidden": ["array-like"],
        "head_dropout": [Interval(Real, 0, 1, closed="left")],
        "lr_decay": [Interval(Real, 0, 1, closed="right")],
        "lr_decay_steps": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        transforms: list | None = None,
        *,
        task_weights: Any = None,
        comparisons: list | None = None,
        augmentation: Any = None,
        trunk: Any = None,
        filters: Any = (32, 64, 128),
        kernel_sizes: Any = (32, 16, 8),
        convs_per_block: int = 2,
        pool_size: int = 8,
        pool_stride: int = 2,
        negative_slope: float = 0.2,
        head_hidden: Any = (128, 128),
        head_dropout: float = 0.6,
        lr_decay: float = 0.9,
        lr_decay_steps: int = 10_000,
        l2: float = 1e-4,
        learning_rate: float = 1e-3,
        max_epochs: int = 100,
        batch_size: int = 128,
        validation_fraction: float | None = None,
        patience: int | None = None,
        device: str = "auto",
        precision: str = "auto",
        memory: Any = None,
        checkpoint: Any = None,
        shuffle_buffer: int | None = None,
        callbacks: Any = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.transforms = transforms
        self.task_weights = task_weights
        self.comparisons = comparisons
        self.augmentation = augmentation
        self.trunk = trunk
        self.filters = filters
        self.kernel_sizes = kernel_sizes
        self.convs_per_block = convs_per_block
        self.pool_size = pool_size
        self.pool_stride = pool_stride
        self.negative_slope = negative_slope
        self.head_hidden = head_hidden
        self.head_dropout = head_dropout
        self.lr_decay = lr_decay
        self.lr_decay_steps = lr_decay_steps
        self.l2 = l2
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.device = device
        self.precision = precision
        self.memory = memory
        self.checkpoint = checkpoint
        self.shuffle_buffer = shuffle_buffer
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def score(self, X: Any, y: Any = None) -> float:
        """Compute how well the transformations of windows are recognised.

        Parameters
        ----------
        X : array-like or list of arrays
            Windows or windowed recordings, as in `fit`.
        y : None
            Ignored.

        Returns
        -------
        float
            Accuracy of "was this transformation applied?", and of which of two views has more of
            what is compared, mean over tasks. A constant answer gets ``1 - 1 / n`` of n views that
            are recognised, 0.857 of seven, and 0.5 of a pair. Transformations are drawn from a
            fixed seed, so that scores can be compared.
        """
        return float(np.mean(list(self.task_scores(X).values())))

    def task_scores(self, X: Any) -> dict[str, float]:
        """Compute how well each transformation of windows is recognised.

        Parameters
        ----------
        X : array-like or list of arrays
            Windows or windowed recordings, as in `fit`.

        Returns
        -------
        dict of str to float
            Accuracy of each task, in the order of `task_names_`. `score` is their mean.
        """
        metrics = self._evaluate(X)
        return {name: metrics[f"{name}_accuracy"] for name in self.task_names_}

    def layer_names(self) -> list[str]:
        """Name the layers whose features `encode` can return.

        Returns
        -------
        list of str
            Single layers, then "last" and "all"; where there are comparisons, "scores": one a
            comparison, such as the logarithm of the tempo up to a constant.
        """
        scores = [SCORES] if self._fitted_architecture().get("n_comparisons") else []
        return [*super().layer_names(), *scores]

    def n_features_encoded(self, layer: str = "last", aggregate: Any = None) -> int:
        if layer != SCORES or SCORES not in self.layer_names():
            return super().n_features_encoded(layer, aggregate)
        if aggregate is not None:
            raise ValueError(
                f"aggregate must be None with layer={SCORES!r}, whose features are the network's "
                f"own, got {aggregate!r}."
            )
        return int(self._fitted_architecture()["n_comparisons"])

    def _encoder(self, features: tuple, device: torch.device, n_times: int) -> nn.Module:
        layer, aggregate, _ = features
        if layer != SCORES or SCORES not in self.layer_names():
            return super()._encoder(features, device, n_times)
        self.n_features_encoded(layer, aggregate)  # refuses another aggregate
        return ComparisonScores(self._fitted_network(device)).eval()

    def _before_training(self, n_times: int) -> None:
        self.transforms_ = [(name, clone(t)) for name, t in self._active_transforms()]
        self.comparisons_ = [(name, clone(c)) for name, c in self._active_comparisons()]
        self.task_names_ = self._task_names()
        self.task_weights_ = self._task_weights()
        if self.comparisons_:
            self.augmentation_ = clone(self.augmentation or RandomAugmentation())
            self.augmentation_._validate_params()
            n_times = pair_length(n_times, [c for _, c in self.comparisons_])
            self.augmentation_.check_n_times(n_times)
        for _, transform in self.transforms_:
            transform.check_n_times(n_times)

    def _min_times(self) -> int:
        sizes = self.architecture_
        shortest = SHORTEST
        if sizes.get("trunk") is None:
            blocks = len(sizes["filters"]), sizes["pool_size"], sizes["pool_stride"]
            shortest = shortest_window(*blocks)
        comparisons = [comparison for _, comparison in self._active_comparisons()]
        return window_length(shortest, comparisons) if comparisons else shortest

    def _schedule(self) -> Schedule:
        return decay_every_batches(self.lr_decay, self.lr_decay_steps)

    def _architecture(self) -> dict[str, Any]:
        self._check_tasks()
        n_recognised, n_comparisons = len(self._recognised()), len(self.comparison_names())
        return architecture_of(self, n_recognised, n_comparisons)

    def _build_trunk(self, aggregations: tuple[str, ...]) -> nn.Module:
        return build_trunk(self.architecture_, aggregations)

    def _add_heads(self, trunk: Any) -> nn.Module:
        return add_heads(self.architecture_, trunk)

    def _build_criterion(self) -> Criterion:
        if compared := self._fitted_comparisons():
            recognised = self.task_names_[: -len(compared)]
            return ComparisonLoss(recognised, compared, self.task_weights_)
        return RecognitionLoss(self.task_names_, self.task_weights_)

    def _prepare(
        self, windows: Tensor, labels: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        transforms = [t for _, t in self.transforms_]
        comparisons = [c for _, c in self._fitted_comparisons()]
        if not comparisons:
            return make_views(windows, transforms, generator)
        pairs, differences = make_pairs(windows, comparisons, self.augmentation_, generator)
        if not transforms:
            return pairs, differences
        place = torch.rand(len(windows), generator=generator, device=windows.device)
        views, _ = make_views(crop(windows, pairs.shape[2], place), transforms, generator)
        views = views.unflatten(0, (-1, len(windows))).transpose(0, 1)
        return torch.cat([views, pairs], dim=1), differences

    def _fitted_comparisons(self) -> list:
        return getattr(self, "comparisons_", [])  # encoders of before have none

    def _own_aggregation(self) -> tuple[str, ...]:
        is_dilated = self._fitted_architecture().get("trunk") is not None
        return ("mean", "max") if is_dilated else ("max",)

    def _length_range(self) -> tuple[float, float]:
        n_times = self.n_features_in_
        if self.architecture_.get("trunk") is None:
            return n_times, n_times
        return n_times / 2, n_times * 6

    def _layer_channels(self) -> dict[str, int]:
        sizes = self._fitted_architecture()
        if (dilated := sizes.get("trunk")) is not None:
            return {f"layer{i + 1}": dilated["n_channels"] for i in range(dilated["n_layers"])}
        return {f"block{i + 1}": n_channels for i, n_channels in enumerate(sizes["filters"])}
