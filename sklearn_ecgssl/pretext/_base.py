"""What all pretrainers share: checking, splitting, training, and the fitted state."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from numbers import Integral, Real
from os import PathLike
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from .._compat import HasMethods, Interval, StrOptions, _fit_context
from .._fitting import all_or_nothing
from ..formats import (
    PretrainedMixin,
    check_fitted_attributes,
    check_weights,
    training_summary,
)
from ..networks import check_counts, check_state, initialised, rebuilt
from ..signal._windows import WindowStore, check_windows
from ..training import (
    PRECISIONS,
    Criterion,
    TrainingPlan,
    apply_batched,
    draw_seeds,
    evaluate,
    fit_facts,
    open_checkpoint,
    resolve_device,
    resolve_precision,
    train,
)
from ._fits import check_fits
from ._memory import fit_from_memory
from ._split import held_out_split

#: What the names of the trunk's weights begin with.
TRUNK = "trunk."


class BasePretrainer(PretrainedMixin, BaseEstimator, ABC):
    """Base class of self-supervised estimators.

    A subclass says which network is trained (`_build_module`), on which loss
    (`_build_criterion`), from which inputs (`_prepare`), which part of it makes features
    (`_build_trunk`) and what those of its layers are (`_layer_function`); everything else is here.
    """

    _shortened_by: str

    #: Parameters that may change between the sittings of one fit.
    _free_on_resume: tuple[str, ...] = PretrainedMixin._local_parameters

    _parameter_constraints: dict = {
        "learning_rate": [Interval(Real, 0, 1, closed="right")],
        "max_epochs": [Interval(Integral, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "device": [str],
        "precision": [StrOptions(set(PRECISIONS))],
        "memory": [str, PathLike, HasMethods(["cache"]), None],
        "checkpoint": [str, PathLike, None],
        "checkpoint_every": [Interval(Integral, 1, None, closed="left")],
        "resume": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X: Any, y: Any = None, groups: Any = None, X_val: Any = None) -> Self:
        """Learn from ECG windows without labels.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), ndarray of shape \
                (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, or windowed recordings. A memory-map is read batch by batch.
        y : None
            Ignored.
        groups : array-like of shape (n_windows,) or (n_recordings,), default=None
            Subject of each window or recording. With it, `validation_fraction` holds out whole
            subjects.
        X_val : array-like or list of arrays, default=None
            Windows of other people, as long as those of `X` and prepared alike, in any shape that
            `X` may have: held out instead of a `validation_fraction` of `X`.

        Returns
        -------
        self : object
            The fitted pretrainer.

        Raises
        ------
        ValueError
            If a parameter or the windows cannot be used; the message says which and what to do.
        """
        for name in ("memory", "checkpoint"):
            if isinstance(place := getattr(self, name), str) and not place:
                raise ValueError(f"{name}={place!r} is no folder. None keeps nothing.")
        if X_val is not None and self.validation_fraction is not None:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} and X_val both say what to hold "
                "out: set validation_fraction=None, or leave X_val out."
            )
        if self.memory is None:
            return self._fit(X, groups, X_val)
        return fit_from_memory(self, X, groups, X_val)

    def _fit(self, X: Any, groups: Any, X_val: Any) -> Self:
        self.__dict__.pop("sampling_rate_", None)
        self.__dict__.pop("_shipped_as", None)
        self.architecture_ = self._architecture()
        store = check_windows(
            self, X, reset=True, min_times=self._min_times(), or_change=self._shortened_by
        )
        self._before_training(store.n_times)
        held_out = None if X_val is None else self._check_held_out(X_val)
        subjects = None if groups is None else store.per_window(groups, "groups")
        seeds = draw_seeds(self.random_state, 6)
        with open_checkpoint(self.checkpoint, self.checkpoint_every, self.resume) as checkpoint:
            if checkpoint is not None:
                facts = fit_facts(self, self._free_on_resume, store, subjects, held_out)
                checkpoint.expect(**facts)
                seeds = checkpoint.seeds(seeds)
            split_seed, init_seed, *training_seeds = seeds
            if held_out is None:
                split = held_out_split(len(store), self.validation_fraction, subjects, split_seed)
            else:
                store, split = store.joined(held_out)
            trained = train(
                initialised(self._build_module, init_seed),
                self._build_criterion(),
                self._prepare,
                store,
                None,
                split,
                self._plan(),
                training_seeds,
                checkpoint,
            )
        self.state_, self.history_ = trained.state, trained.history
        self.n_epochs_ = len(self.history_)
        trained.finish()
        return self

    def _check_held_out(self, X_val: Any) -> WindowStore:
        try:
            store = check_windows(self, X_val, reset=False)
        except (TypeError, ValueError) as error:
            raise type(error)(f"X_val cannot be held out. {error}") from None
        store.n_held_out = len(store)
        return store

    def encode(
        self, X: Any, layer: str = "last", aggregate: Any = None, sampling_rate: Any = None
    ) -> Any:
        """Compute the features of windows.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), ndarray of shape \
                (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, or windowed recordings, of the length that was fitted.
        layer : str, default="last"
            Whose features; `layer_names()` lists them.
        aggregate : str, sequence of str or None, default=None
            How activations over time become features, side by side; `aggregations()` lists the
            ways. None stands for the first of them, that of the network itself.
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
        self._check_layer(layer)
        ways = self._check_aggregate(aggregate)
        store = check_windows(self, X, reset=False)
        check_fits(self, store, sampling_rate)
        rate = sampling_rate or getattr(self, "sampling_rate_", None) or 256
        features = self._encode_store(store, layer, ways, rate)
        if not store.windowed:
            return features
        per_recording = store.split_back(features)
        is_cube = isinstance(X, np.ndarray) and X.dtype != object
        return np.stack(per_recording) if is_cube else per_recording

    def layer_names(self) -> list[str]:
        """Name the layers whose features `encode` can return.

        Returns
        -------
        list of str
            Names.
        """
        return [*self._single_layers(), "last", "all"]

    @abstractmethod
    def aggregations(self) -> list[str]:
        """Name the ways in which `encode` can make features of activations over time.

        Returns
        -------
        list of str
            Names, that of the network itself first.
        """

    @abstractmethod
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
        ways = self._check_aggregate(aggregate)
        if "rhythm" in ways:
            raise ValueError(
                "aggregate='rhythm' cannot be trained through. Use it in "
                "SSLEmbedder(..., aggregate='rhythm'), in front of any classifier."
            )
        return self._build_trunk(ways)

    def trunk_state(self) -> dict[str, np.ndarray]:
        """Give the fitted weights of what `build_trunk` builds.

        Returns
        -------
        dict of str to ndarray
            The weights by name.
        """
        check_is_fitted(self, "state_")
        names = [name for name in self.state_ if name.startswith(TRUNK)]
        return {name.removeprefix(TRUNK): self.state_[name] for name in names}

    def _encode_store(
        self, store: WindowStore, layer: str, ways: tuple[str, ...], sampling_rate: float
    ) -> np.ndarray:
        device = resolve_device(self.device)
        own = tuple(self.aggregations()[:1])
        # Heads make no features, and building them takes longer than embedding a window.
        trunk = rebuilt(lambda: self._build_trunk(own), self.trunk_state(), device)
        function = self._layer_function(trunk, layer, ways, sampling_rate)
        return self._apply(function, store, trunk, device)

    def _apply(
        self,
        function: Callable[[Tensor], Tensor],
        store: WindowStore,
        module: nn.Module,
        device: torch.device,
    ) -> np.ndarray:
        """Apply a function that runs the network to all windows."""
        precision = resolve_precision(self.precision, device)
        return apply_batched(function, store, device, precision, module)

    def _rebuilt(self, device: torch.device) -> nn.Module:
        """Make the fitted network again, on a device."""
        return rebuilt(self._build_module, self.state_, device)

    def _evaluate(self, X: Any) -> dict[str, float]:
        check_is_fitted(self, "state_")
        store = check_windows(self, X, reset=False)
        device = resolve_device(self.device)
        return evaluate(
            self._rebuilt(device),
            self._build_criterion(),
            self._prepare,
            store,
            device,
            resolve_precision(self.precision, device),
            seed=0,
        )

    def _summary(self) -> dict[str, Any]:
        return {"training": training_summary(self.history_)}

    def _check_loaded(self) -> None:
        kinds = {"architecture_": dict, "state_": dict, "history_": list, "n_features_in_": int}
        check_fitted_attributes(self, kinds)
        check_weights(self.state_)
        described = self._as_described()
        described._validate_params()
        if described._architecture() != self.architecture_:
            raise ValueError(f"architecture_={self.architecture_!r:.200} describes no network.")
        check_counts(self.architecture_, len(self.state_))
        check_state(self._build_module, self.state_)
        if self.n_features_in_ < described._min_times():
            raise ValueError(f"n_features_in_={self.n_features_in_!r:.20} is too short a window.")

    def _as_described(self) -> Self:
        """Copy the estimator, unfitted, with the parameters that its fitted state tells."""
        names = {*self._get_param_names()} & {*self.architecture_}
        return clone(self).set_params(**{name: self.architecture_[name] for name in names})

    def _check_layer(self, layer: str) -> None:
        if layer not in self.layer_names():
            raise ValueError(f"layer must be one of {self.layer_names()}, got {layer!r}.")

    def _check_aggregate(self, aggregate: Any) -> tuple[str, ...]:
        known = self.aggregations()
        ways = known[:1] if aggregate is None else aggregate
        ways = (ways,) if isinstance(ways, str) else tuple(ways)
        if not ways or not all(isinstance(way, str) and way in known for way in ways):
            raise ValueError(f"aggregate must be one or several of {known}, got {aggregate!r}.")
        return ways

    def _layer_indices(self, layer: str) -> list[int]:
        """List the positions, among the single layers, of those that a name stands for."""
        names = self._single_layers()
        several = {"all": list(range(len(names))), "last": [len(names) - 1]}
        return several[layer] if layer in several else [names.index(layer)]

    def _plan(self) -> TrainingPlan:
        return TrainingPlan(
            max_epochs=self.max_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            patience=self.patience,
            device=self.device,
            precision=self.precision,
            verbose=self.verbose,
            label="pretraining",
        )

    def _before_training(self, n_times: int) -> None:
        """Check parameters against each other and the windows; keep what training depends on."""

    def _fitted_architecture(self) -> dict[str, Any]:
        """Architecture of the fitted network, of the one that would be fitted before that."""
        return getattr(self, "architecture_", None) or self._architecture()

    @abstractmethod
    def _min_times(self) -> int:
        """Count the samples of the shortest window; `_shortened_by` says what makes it shorter."""

    @abstractmethod
    def _architecture(self) -> dict[str, Any]:
        """Check the parameters that shape the network and return what it is built from."""

    @abstractmethod
    def _build_module(self) -> nn.Module:
        """Build the network that `architecture_` describes."""

    @abstractmethod
    def _build_trunk(self, ways: tuple[str, ...]) -> nn.Module:
        """Build the trunk that `architecture_` describes, with these aggregations."""

    @abstractmethod
    def _build_criterion(self) -> Criterion: ...

    @abstractmethod
    def _prepare(
        self, windows: Tensor, labels: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]: ...

    @abstractmethod
    def _single_layers(self) -> list[str]: ...

    @abstractmethod
    def _layer_function(
        self, trunk: Any, layer: str, ways: tuple[str, ...], sampling_rate: float
    ) -> Callable[[Tensor], Tensor]: ...
