"""What a fitted pretrainer gives: features, the layers they are from, and its trunk."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ..networks import rebuilt
from ..signal.window_store import WindowStore, check_windows
from ..training import Criterion, apply_batched, evaluate, resolve_device, resolve_precision
from ._fits import check_fits

#: What the names of the trunk's weights begin with.
TRUNK = "trunk."


class FeaturesModule(nn.Module):
    """A trunk, and the function that runs it to make features of windows."""

    def __init__(self, trunk: nn.Module, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.trunk = trunk
        self.function = function

    def forward(self, windows: Tensor) -> Tensor:
        return self.function(windows)


class Encoding(ABC):
    """Encode windows with a fitted network; the half of a pretrainer that does not learn."""

    device: str
    precision: str
    n_features_in_: int
    state_: dict[str, np.ndarray]

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

    def to_torch(
        self, layer: str = "last", aggregate: Any = None, sampling_rate: float | None = None
    ) -> nn.Module:
        """Build a torch module that computes what `encode` does.

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
            float32 and in evaluation mode, with a copy of the weights.
        """
        check_is_fitted(self, "state_")
        self._check_layer(layer)
        ways = self._check_aggregate(aggregate)
        rate = sampling_rate or getattr(self, "sampling_rate_", None) or 256
        return self._features_module(layer, ways, rate, torch.device("cpu"))

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
        module = self._features_module(layer, ways, sampling_rate, device)
        return self._apply(module, store, module.trunk, device)

    def _features_module(
        self, layer: str, ways: tuple[str, ...], sampling_rate: float, device: torch.device
    ) -> FeaturesModule:
        own = tuple(self.aggregations()[:1])
        # Heads make no features, and building them takes longer than embedding a window.
        trunk = rebuilt(lambda: self._build_trunk(own), self.trunk_state(), device)
        function = self._layer_function(trunk, layer, ways, sampling_rate)
        return FeaturesModule(trunk, function).eval()

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
