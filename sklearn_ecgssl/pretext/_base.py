"""What all pretrainers share: `fit`, `encode`, and the fitted network as a torch module."""

from abc import ABC, abstractmethod
from copy import deepcopy
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from .._checks import check_choice
from .._compat import _fit_context
from .._fitting import all_or_nothing
from ..networks import LayerFeatures, initialised, n_aggregated, rebuilt
from ..saving import PretrainedMixin
from ..signal.window_store import WindowStore, check_windows
from ..training import (
    Criterion,
    Group,
    Schedule,
    Trained,
    apply_batched,
    check_same_windows,
    constant,
    draw_seeds,
    evaluate,
    fit_facts,
    open_checkpoint,
    plan_of,
    process_group,
    resolve_device,
    resolve_precision,
    train,
)
from ._memory import cache_key, train_or_read
from ._windows import check_duration, check_encoded, check_validation_set, held_out_split


class BasePretrainer(PretrainedMixin, BaseEstimator, ABC):
    """Base class of self-supervised estimators.

    A method says which network is trained (`_architecture`, `_build_trunk`, `_add_heads`), on
    which loss (`_build_criterion`), what a batch of windows becomes (`_prepare`), and what its
    layers are (`_layer_channels`, `_aggregations`). It may say how short windows may be
    (`_min_times`), how the learning rate changes (`_schedule`) and which other attributes training
    depends on (`_before_training`). Everything else is here.
    """

    #: How activations over time can become features, the network's own way first.
    _aggregations: tuple[str, ...]

    #: Parameters of the papers by name, where they are not the defaults.
    _presets: dict[str, dict[str, Any]]

    #: What makes a network take shorter windows, for an error.
    _shortened_by: str = ""

    #: Parameters in which a fit may differ from the checkpoint that it goes on from.
    _free_on_resume: tuple[str, ...] = PretrainedMixin._local_parameters

    @classmethod
    def from_preset(cls, name: str, **params: Any) -> Self:
        """Make a pretrainer with the parameters of a paper, or of an encoder of the package.

        Parameters
        ----------
        name : {"icassp2020", "tac2020", "rhythm", "icpr2022"}
            The last is of `MaskedPretrainer`, the others of `PretextPretrainer`. Where a paper does
            not say a value, it is the default. "rhythm" compares views and has a trunk of dilated
            convolutions, as "rhythm-open", for windows of about 10 s at 100 Hz.
        **params : dict
            Parameters to set or to change.

        Returns
        -------
        pretrainer
            Unfitted.
        """
        check_choice("name", name, cls._presets)
        return cls().set_params(**deepcopy(cls._presets[name])).set_params(**params)

    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X: Any, y: Any = None, groups: Any = None, X_val: Any = None) -> Self:
        """Learn from ECG windows without labels.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), ndarray of shape \
                (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, or windowed recordings. What lies in a memory-map or in chunks (an array of
            Zarr, HDF5 or Dask) is read batch by batch.
        y : None
            Ignored.
        groups : array-like of shape (n_windows,) or (n_recordings,), default=None
            Subject of each window or recording. With it, `validation_fraction` holds out whole
            subjects.
        X_val : array-like or list of arrays, default=None
            Validation set: windows of other people, as long as those of `X` and prepared alike, in
            any shape that `X` may have. It takes the place of `validation_fraction`.

        Returns
        -------
        self : object
            The fitted pretrainer.
        """
        if X_val is not None and self.validation_fraction is not None:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} and X_val both say what to hold "
                "out: set validation_fraction=None, or leave X_val out."
            )
        for name in self._known_from_folder:  # of the windows that it learnt from before
            self.__dict__.pop(name, None)
        self.architecture_ = self._architecture()
        store = check_windows(
            self, X, reset=True, min_times=self._min_times(), or_change=self._shortened_by
        )
        self._before_training(store.n_times)
        held_out = None if X_val is None else check_validation_set(self, X_val)
        subjects = None if groups is None else store.subjects(groups)
        group = process_group(self.device)
        check_same_windows(store, group)
        key = None if self.memory is None else cache_key(self, store, subjects, held_out)
        seeds = group.first(lambda: draw_seeds(self.random_state, 6))
        train_network = partial(self._train, store, subjects, held_out, seeds, group)
        if key is None:
            trained = train_network()
        else:
            trained = train_or_read(self.memory, key, train_network, group)
        self.state_, self.history_ = trained.state, trained.history
        self.n_epochs_ = len(self.history_)
        trained.raise_if_stopped()
        return self

    def _train(
        self,
        store: WindowStore,
        subjects: np.ndarray | None,
        held_out: WindowStore | None,
        seeds: list[int],
        group: Group,
    ) -> Trained:
        with open_checkpoint(self.checkpoint, group) as checkpoint:
            if checkpoint is not None:
                free = self._free_on_resume
                checkpoint.check_same(fit_facts(self, free, store, subjects, held_out))
                seeds = checkpoint.seeds(seeds)
            split_seed, init_seed, *training_seeds = seeds
            if held_out is None:
                split = held_out_split(len(store), self.validation_fraction, subjects, split_seed)
            else:
                store, split = store.joined(held_out)
            return train(
                initialised(self._build_module, init_seed),
                self._build_criterion(),
                self._prepare,
                store,
                None,
                split,
                plan_of(self, schedule=self._schedule(), label="pretraining"),
                training_seeds,
                checkpoint,
                group,
            )

    def encode(
        self, X: Any, layer: str = "last", aggregate: Any = None, sampling_rate: Any = None
    ) -> Any:
        """Compute the features of windows.

        Parameters
        ----------
        X : array-like or list of arrays
            Windows, or windowed recordings, as in `fit`, of the length that was fitted; where the
            trunk is `DilatedConvolutions`, of half to six times that length.
        layer : str, default="last"
            Whose features; `layer_names()` lists them.
        aggregate : str, sequence of str or None, default=None
            How activations over time become features, side by side; one or several of
            `aggregations()`. None stands for the first of them, that of the network itself.
        sampling_rate : float or None, default=None
            Of the windows, in Hz, for an aggregation that looks for frequencies. None stands for
            the rate that it was saved with, else for 256.

        Returns
        -------
        ndarray of shape (n_windows, n_features), float32
            One row a window. For windowed recordings, one such array a recording: a list for a
            list, a 3-D array for a 3-D array.
        """
        check_is_fitted(self, "state_")
        device = resolve_device(self.device)
        store = check_encoded(self, X, sampling_rate)
        encoder = self._encoder((layer, aggregate, sampling_rate), device, store.n_times)
        precision = resolve_precision(self.precision, device)
        features = apply_batched(encoder, store, device, precision)
        if not store.windowed:
            return features
        per_recording = store.split_back(features)
        is_cube = isinstance(X, np.ndarray) and X.dtype != object
        return np.stack(per_recording) if is_cube else per_recording

    def to_torch(
        self, layer: str = "last", aggregate: Any = None, sampling_rate: Any = None
    ) -> nn.Module:
        """Make what `encode` applies to windows, as a torch module.

        Parameters
        ----------
        layer : str, default="last"
            Whose features, as in `encode`.
        aggregate : str, sequence of str or None, default=None
            How activations over time become features, as in `encode`.
        sampling_rate : float or None, default=None
            Of the windows, in Hz, as in `encode`.

        Returns
        -------
        nn.Module
            From windows (n_windows, n_times) to features (n_windows, n_features), on the CPU, in
            float32 and evaluation mode. Its weights are a copy.
        """
        check_is_fitted(self, "state_")
        features = layer, aggregate, sampling_rate
        return self._encoder(features, torch.device("cpu"), self.n_features_in_)

    def layer_names(self) -> list[str]:
        """Name the layers whose features `encode` can return.

        Returns
        -------
        list of str
            Single layers, then "last" and "all".
        """
        return [*self._layer_channels(), "last", "all"]

    def aggregations(self) -> list[str]:
        """Name how `encode` can make features of activations over time.

        Returns
        -------
        list of str
            Names, that of the network itself first.
        """
        own = self._own_aggregation()
        return [*own, *(name for name in self._aggregations if name not in own)]

    def n_features_encoded(self, layer: str = "last", aggregate: Any = None) -> int:
        """Count the features of a layer.

        Parameters
        ----------
        layer : str, default="last"
            Whose features.
        aggregate : str, sequence of str or None, default=None
            How they are made, as in `encode`.

        Returns
        -------
        int
            Columns of what `encode` returns.
        """
        channels = list(self._layer_channels().values())
        names = self._check_aggregate(aggregate)
        return sum(n_aggregated(channels[i], names) for i in self._layer_indices(layer))

    def build_trunk(self, aggregate: Any = None) -> nn.Module:
        """Build the part of the fitted network that makes the features of the layer "last".

        Parameters
        ----------
        aggregate : str, sequence of str or None, default=None
            How activations over time become features, as in `encode`.

        Returns
        -------
        nn.Module
            From windows (n_windows, n_times) to features (n_windows, n_features), with weights of
            its own that are not the fitted ones.
        """
        check_is_fitted(self, "architecture_")
        names = self._check_aggregate(aggregate)
        if "rhythm" in names:
            raise ValueError(
                "aggregate='rhythm' cannot be trained through. Use it in "
                "SSLEmbedder(..., aggregate='rhythm'), in front of any classifier."
            )
        return self._build_trunk(names)

    def trunk_state(self) -> dict[str, np.ndarray]:
        """Give the fitted weights of what `build_trunk` builds.

        Returns
        -------
        dict of str to ndarray
            The weights by name.
        """
        check_is_fitted(self, "state_")
        names = [name for name in self.state_ if name.startswith("trunk.")]
        return {name.removeprefix("trunk."): self.state_[name] for name in names}

    def _encoder(self, features: tuple, device: torch.device, n_times: int) -> nn.Module:
        """Build the module that `encode` applies, without heads: they take longer than a window."""
        layer, aggregate, sampling_rate = features
        layers = self._layer_indices(layer)
        names = self._check_aggregate(aggregate)
        rate = sampling_rate or getattr(self, "sampling_rate_", None) or 256.0
        if "rhythm" in names:
            check_duration(n_times, rate)
        trunk = rebuilt(lambda: self._build_trunk(names), self.trunk_state(), device)
        if layers == self._layer_indices("last") and "rhythm" not in names:
            return trunk
        return LayerFeatures(trunk, layers, names, rate).eval()

    def _evaluate(self, X: Any) -> dict[str, float]:
        """Compute the criterion's metrics on windows; what is drawn is drawn from a fixed seed."""
        check_is_fitted(self, "state_")
        device = resolve_device(self.device)
        network = self._fitted_network(device)
        store = check_windows(self, X, reset=False)
        precision = resolve_precision(self.precision, device)
        return evaluate(
            network, self._build_criterion(), self._prepare, store, device, precision, seed=0
        )

    def _fitted_network(self, device: torch.device) -> Any:
        return rebuilt(self._build_module, self.state_, device)

    def _build_module(self) -> nn.Module:
        return self._add_heads(self._build_trunk(self._own_aggregation()))

    def _check_aggregate(self, aggregate: Any) -> tuple[str, ...]:
        names = self._own_aggregation() if aggregate is None else aggregate
        names = (names,) if isinstance(names, str) else tuple(names)
        if not names or not all(name in self._aggregations for name in names):
            raise ValueError(
                f"aggregate must be one or several of {self.aggregations()}, got {aggregate!r}."
            )
        return names

    def _layer_indices(self, layer: str) -> list[int]:
        """List the positions of the single layers that a name stands for."""
        if layer not in self.layer_names():
            raise ValueError(f"layer must be one of {self.layer_names()}, got {layer!r}.")
        names = list(self._layer_channels())
        several = {"all": list(range(len(names))), "last": [len(names) - 1]}
        return several[layer] if layer in several else [names.index(layer)]

    def _fitted_architecture(self) -> dict[str, Any]:
        """Architecture of the fitted network, of the one that would be fitted before that."""
        return getattr(self, "architecture_", None) or self._architecture()

    def _own_aggregation(self) -> tuple[str, ...]:
        """Name how the network itself makes features of activations over time."""
        return self._aggregations[:1]

    def _length_range(self) -> tuple[float, float]:
        """Give the samples of the shortest and the longest window that can be encoded."""
        return self.n_features_in_, self.n_features_in_

    def _schedule(self) -> Schedule:
        """Choose the factor of the learning rate; without a choice, it stays 1."""
        return constant

    def _min_times(self) -> int:
        """Count the samples of the shortest window; `_shortened_by` says what makes it shorter."""
        return 1

    def _before_training(self, n_times: int) -> None:
        """Check parameters against the windows, and set what batches and loss depend on."""

    @abstractmethod
    def _architecture(self) -> dict[str, Any]:
        """Check the parameters that shape the network, and return what it is built from."""

    @abstractmethod
    def _build_trunk(self, aggregations: tuple[str, ...]) -> nn.Module:
        """Build, from `architecture_`, what makes the features of the last layer."""

    @abstractmethod
    def _add_heads(self, trunk: Any) -> nn.Module:
        """Build, from `architecture_`, the network that is trained; the trunk is its `trunk`."""

    @abstractmethod
    def _build_criterion(self) -> Criterion:
        """Build the loss."""

    @abstractmethod
    def _prepare(
        self, windows: Tensor, labels: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Make the network's inputs and the loss's targets of a batch; there are no labels."""

    @abstractmethod
    def _layer_channels(self) -> dict[str, int]:
        """Count the channels of each layer by its name, also before `fit`."""
