"""What all pretrainers share: checking, splitting, training, and the fitted state."""

from abc import ABC, abstractmethod
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from .._compat import Interval, StrOptions, _fit_context
from .._fitting import all_or_nothing
from ..networks import initialised, rebuilt
from ..signal._windows import WindowStore, check_windows
from ..training import (
    PRECISIONS,
    Criterion,
    TrainingPlan,
    apply_batched,
    draw_seeds,
    evaluate,
    resolve_device,
    resolve_precision,
    train,
)
from ._split import held_out_split


class BasePretrainer(BaseEstimator, ABC):
    """Base class of self-supervised estimators.

    A subclass says which network is trained (`_build_module`), on which loss
    (`_build_criterion`), from which inputs (`_prepare`), and what its layers' features are
    (`_layer_function`); everything else is here.
    """

    _parameter_constraints: dict = {
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "device": [str],
        "precision": [StrOptions(set(PRECISIONS))],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
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

        Returns
        -------
        self : object
            The fitted pretrainer.

        Raises
        ------
        ValueError
            If a parameter or the windows cannot be used; the message says which and what to do.
        """
        self.architecture_ = self._architecture()
        store = check_windows(self, X, reset=True, min_times=self._min_times())
        self._before_training(store.n_times)
        subjects = None if groups is None else store.per_window(groups, "groups")
        split_seed, init_seed, *training_seeds = draw_seeds(self.random_state, 6)
        split = held_out_split(len(store), self.validation_fraction, subjects, split_seed)
        self.state_, self.history_ = train(
            initialised(self._build_module, init_seed),
            self._build_criterion(),
            self._prepare,
            store,
            None,
            split,
            self._plan(),
            training_seeds,
        )
        self.n_epochs_ = len(self.history_)
        return self

    def encode(self, X: Any, layer: str = "last") -> Any:
        """Compute the features of windows.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), ndarray of shape \
                (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, or windowed recordings, of the length that was fitted.
        layer : str, default="last"
            Whose features; `layer_names()` lists them.

        Returns
        -------
        ndarray of shape (n_windows, n_features), float32
            One row a window. For windowed recordings, one such array a recording: a list for a
            list, a 3-D array for a 3-D array.
        """
        check_is_fitted(self, "state_")
        self._check_layer(layer)
        store = check_windows(self, X, reset=False, min_times=self._min_times())
        features = self._encode_store(store, layer)
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
    def n_features_encoded(self, layer: str = "last") -> int:
        """Count the features of a layer.

        Parameters
        ----------
        layer : str, default="last"
            Whose features.

        Returns
        -------
        int
            Columns of what `encode` returns.
        """

    def _encode_store(self, store: WindowStore, layer: str) -> np.ndarray:
        device = resolve_device(self.device)
        module = rebuilt(self._build_module, self.state_, device)
        function = self._layer_function(module, layer)
        precision = resolve_precision(self.precision, device)
        return apply_batched(function, store, device, precision)

    def _evaluate(self, X: Any) -> dict[str, float]:
        check_is_fitted(self, "state_")
        store = check_windows(self, X, reset=False, min_times=self._min_times())
        device = resolve_device(self.device)
        return evaluate(
            rebuilt(self._build_module, self.state_, device),
            self._build_criterion(),
            self._prepare,
            store,
            device,
            resolve_precision(self.precision, device),
            seed=0,
        )

    def _check_layer(self, layer: str) -> None:
        if layer not in self.layer_names():
            raise ValueError(f"layer must be one of {self.layer_names()}, got {layer!r}.")

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
    def _min_times(self) -> int: ...

    @abstractmethod
    def _architecture(self) -> dict[str, Any]:
        """Check the parameters that shape the network and return what it is built from."""

    @abstractmethod
    def _build_module(self) -> nn.Module:
        """Build the network that `architecture_` describes."""

    @abstractmethod
    def _build_criterion(self) -> Criterion: ...

    @abstractmethod
    def _prepare(
        self, windows: Tensor, labels: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]: ...

    @abstractmethod
    def _single_layers(self) -> list[str]: ...

    @abstractmethod
    def _layer_function(self, module: Any, layer: str) -> Any: ...
