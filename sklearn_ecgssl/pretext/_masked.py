"""Pretraining by predicting masked samples."""

from numbers import Integral, Real
from typing import Any

import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from .._compat import Interval
from ..networks import (
    TOKEN_AGGREGATIONS,
    MaskedTransformer,
    TransformerTrunk,
    check_convolutions,
    check_sizes,
)
from ..signal.window_store import check_windows
from ..training import (
    Criterion,
    Schedule,
    apply_batched,
    draw_seeds,
    resolve_device,
    resolve_precision,
    training_parameters,
    warm_up_and_decay,
)
from ._base import BasePretrainer
from ._masking import MaskedLoss, Reconstruction, mask_windows, span_mask

TRUNK_PARAMETERS = ("filters", "kernel_sizes", "n_layers", "n_heads", "feedforward", "dropout")


@training_parameters
class MaskedPretrainer(BasePretrainer):
    """Learn ECG features by predicting masked samples.

    A Transformer sees windows in which spans of samples are set to zero, and learns, without
    labels, to predict them from the others [1]_. Its features then feed any classifier (see
    `SSLEmbedder`), or it is trained on (see `ECGClassifier`). It takes the place of a
    `PretextPretrainer` wherever that stands.

    Parameters
    ----------
    mask_ratio : float, default=0.0325
        Part of the samples of a window at which a masked span starts.
    span_length : int, default=20
        Samples in a masked span. Spans may overlap: with the defaults, 49 % of 10 s are masked.
        [1]_ has 128 samples a second; at another rate, change both so that spans last as long.
    filters : tuple of int, default=(64, 128, 256)
        Channels of the input encoder's convolutions; the Transformer has as many as the last.
    kernel_sizes : tuple of int, default=(65, 33, 17)
        Kernel length of each convolution, in samples.
    n_layers : int, default=2
        Layers of the Transformer.
    n_heads : int, default=2
        Attention heads of a layer; they share the channels out among themselves.
    feedforward : int, default=1024
        Hidden units of a layer's feed-forward network.
    dropout : float, default=0.1
        Dropout after the input encoder, after the positions and inside the layers.
    head_hidden : tuple of int, default=(128,)
        Hidden units of the head that predicts each sample.
    warm_up : float, default=0.06
        Part of the training in which the learning rate rises, linearly; then it falls to zero,
        linearly. [1]_ has 30 of 500 epochs.
    {training parameters}

    Attributes
    ----------
    history_ : list of dict
        One dict an epoch: ``epoch``, ``train_loss`` and, the same, ``train_masked_error``: the
        mean squared error of masked samples; ``train_zero_error``: that of predicting zero; and
        all three with ``valid_`` where windows were held out. Training figures are taken with
        dropout on, as the epoch goes.
    state_ : dict of str to ndarray
        The network's weights.
    architecture_ : dict
        What the network was built from.
    masking_ : dict
        The `mask_ratio` and `span_length` that it was trained with.
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
    PretextPretrainer : Learns by recognising transformations.
    SSLEmbedder : The features as a scikit-learn transformer.

    Notes
    -----
    What [1]_ leaves open is chosen so:

    - windows are filtered without phase shift (`ECGFilter`) and scaled (`scale_subjects` or
      `TrimmedScaler`) beforehand;
    - as many spans as `mask_ratio` rounds to start anywhere in a window, at different samples, and
      are cut at its end;
    - convolutions pad with zeros to the same length; in the input encoder normalisation follows
      ReLU, each sample's channels on their own; then come positions, normalisation and dropout;
    - in the Transformer normalisation follows the addition, and dropout is on what attention and
      feed-forward network add, as in the original, not on attention weights;
    - the class token is drawn with a standard deviation of 0.02; "mean" and "max" leave it out;
    - `l2` is on kernels alone, batches have 64 windows, and nothing stops early unless `patience`
      says so.

    The loss asks nothing of the class token, [1]_ trains it afterwards with labels. Of a frozen
    network, try "mean" beside it.

    Time and memory of attention grow with the square of the window's length.

    References
    ----------
    .. [1] J. Vazquez-Rodriguez et al., "Transformer-Based Self-Supervised Learning for Emotion
       Recognition", ICPR 2022, arXiv:2204.05103.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.pretext import MaskedPretrainer
    >>> windows = np.sin(np.linspace(0, 99, 8 * 128)).reshape(8, 128)
    >>> pretrainer = MaskedPretrainer(
    ...     filters=(4, 8), kernel_sizes=(9, 5), feedforward=16, max_epochs=1, random_state=0
    ... ).fit(windows)
    >>> pretrainer.encode(windows).shape
    (8, 8)
    >>> pretrainer.encode(windows, layer="layer1", aggregate=["cls", "mean"]).shape
    (8, 16)
    >>> signal, mask, reconstruction = pretrainer.reconstruct(windows)
    >>> reconstruction.shape
    (8, 128)
    """

    _aggregations = TOKEN_AGGREGATIONS
    _presets = {"icpr2022": {}}
    _shortened_by = "a shorter span_length"

    _parameter_constraints: dict = {
        "mask_ratio": [Interval(Real, 0, 1, closed="neither")],
        "span_length": [Interval(Integral, 1, None, closed="left")],
        "filters": ["array-like"],
        "kernel_sizes": ["array-like"],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
        "feedforward": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "head_hidden": ["array-like"],
        "warm_up": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        *,
        mask_ratio: float = 0.0325,
        span_length: int = 20,
        filters: Any = (64, 128, 256),
        kernel_sizes: Any = (65, 33, 17),
        n_layers: int = 2,
        n_heads: int = 2,
        feedforward: int = 1024,
        dropout: float = 0.1,
        head_hidden: Any = (128,),
        warm_up: float = 0.06,
        l2: float = 5e-3,
        learning_rate: float = 1e-3,
        max_epochs: int = 500,
        batch_size: int = 64,
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
        self.mask_ratio = mask_ratio
        self.span_length = span_length
        self.filters = filters
        self.kernel_sizes = kernel_sizes
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.feedforward = feedforward
        self.dropout = dropout
        self.head_hidden = head_hidden
        self.warm_up = warm_up
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
        """Compute how much of the masked samples is predicted.

        Parameters
        ----------
        X : array-like or list of arrays
            Windows or windowed recordings, as in `fit`.
        y : None
            Ignored.

        Returns
        -------
        float
            ``1 - masked_error / zero_error``: 1 where every masked sample is predicted, 0 where
            predicting zero is as good. Masks are drawn from a fixed seed, so that scores can be
            compared.
        """
        errors = self._evaluate(X)
        if errors["zero_error"] == 0:  # flat windows: zero is right, as r2_score has it
            return float(errors["masked_error"] == 0)
        return 1.0 - errors["masked_error"] / errors["zero_error"]

    def reconstruct(self, X: Any, random_state: Any = 0) -> Reconstruction:
        """Mask windows and predict what was masked.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), ndarray of shape \
                (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, or windowed recordings, of the length that was fitted.
        random_state : int, RandomState instance or None, default=0
            Seed of the masks.

        Returns
        -------
        Reconstruction
            ``signal``, ``mask`` and ``reconstruction``, each of shape (n_windows, n_times), the
            windows of all recordings one after the other.
        """
        check_is_fitted(self, "state_")
        device = resolve_device(self.device)
        network = self._fitted_network(device)
        store = check_windows(self, X, reset=False)
        (seed,) = draw_seeds(random_state, 1)
        generator = torch.Generator(device).manual_seed(seed)

        def masks_and_predictions(windows: Tensor) -> Tensor:
            masked = self._draw_masks(windows, generator)
            inputs, _ = mask_windows(windows, masked)
            return torch.stack([masked, network(inputs)], dim=1)

        precision = resolve_precision(self.precision, device)
        rows = apply_batched(masks_and_predictions, store, device, precision, network)
        return Reconstruction(store.loaded(), rows[:, 0] > 0, rows[:, 1])

    def _min_times(self) -> int:
        return self.span_length

    def _before_training(self, n_times: int) -> None:
        self.masking_: dict[str, Any] = {
            "mask_ratio": self.mask_ratio,
            "span_length": self.span_length,
        }

    def _schedule(self) -> Schedule:
        return warm_up_and_decay(self.warm_up, self.max_epochs)

    def _architecture(self) -> dict[str, Any]:
        filters, kernel_sizes = check_convolutions(self.filters, self.kernel_sizes)
        if filters[-1] % self.n_heads:
            raise ValueError(
                f"n_heads={self.n_heads} must divide the last of filters={filters}: each head "
                "gets the same number of channels."
            )
        return {
            "filters": filters,
            "kernel_sizes": kernel_sizes,
            "n_layers": self.n_layers,
            "n_heads": self.n_heads,
            "feedforward": self.feedforward,
            "dropout": self.dropout,
            "head_hidden": check_sizes("head_hidden", self.head_hidden, min_length=0),
        }

    def _build_trunk(self, aggregations: tuple[str, ...]) -> TransformerTrunk:
        sizes = {name: self.architecture_[name] for name in TRUNK_PARAMETERS}
        return TransformerTrunk(**sizes, aggregation=aggregations)

    def _add_heads(self, trunk: TransformerTrunk) -> nn.Module:
        return MaskedTransformer(trunk, self.architecture_["head_hidden"])

    def _build_criterion(self) -> Criterion:
        return MaskedLoss()

    def _prepare(
        self, windows: Tensor, labels: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        return mask_windows(windows, self._draw_masks(windows, generator))

    def _draw_masks(self, windows: Tensor, generator: torch.Generator) -> Tensor:
        return span_mask(windows.shape, generator=generator, **self.masking_)

    def _layer_channels(self) -> dict[str, int]:
        architecture = self._fitted_architecture()
        n_channels = architecture["filters"][-1]
        return {f"layer{i + 1}": n_channels for i in range(architecture["n_layers"])}
