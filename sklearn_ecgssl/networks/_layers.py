"""Layers that the networks share."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from ._convolution import GlobalMaxConvolution, SameConvolution, pad_same
from ._dropout import Dropout
from ._pooling import global_max


class SameConv(nn.Conv2d):
    """Convolution along time, stride 1, whose output is as long as its input.

    Signals are (n_windows, n_channels, 1, n_times). The weights take the dtype of the signal.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__(in_channels, out_channels, (1, kernel_size))
        self.bias: nn.Parameter

    def forward(self, signal: Tensor) -> Tensor:
        weight, bias = self._parameters_like(signal)
        if signal.device.type == "cpu":
            return SameConvolution.apply(signal, weight, bias)
        return conv2d(pad_same(signal, weight.shape[-1]), weight, bias)

    def global_max(self, signal: Tensor) -> Tensor:
        """Convolve and take the maximum over time, (n_windows, n_filters)."""
        if signal.device.type == "cpu" and torch.is_grad_enabled():
            return GlobalMaxConvolution.apply(signal, *self._parameters_like(signal))
        return global_max(self(signal))

    def _parameters_like(self, signal: Tensor) -> tuple[Tensor, Tensor]:
        weight = self.weight.to(signal.dtype, memory_format=torch.channels_last)
        return weight, self.bias.to(signal.dtype)


class DenseHead(nn.Sequential):
    """Dense layers with activation and dropout, then a linear output.

    Parameters
    ----------
    n_features : int
        Features that go in.
    hidden : sequence of int
        Units of each hidden layer.
    n_outputs : int
        Values that come out.
    dropout : float
        Dropout after each hidden layer.
    activation : {"leaky_relu", "relu"}
        Activation of the hidden layers.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.
    """

    def __init__(
        self,
        n_features: int,
        hidden: Sequence[int],
        n_outputs: int,
        dropout: float,
        activation: str,
        negative_slope: float = 0.2,
    ) -> None:
        layers: list[nn.Module] = []
        for n_units in hidden:
            layers.append(nn.Linear(n_features, n_units))
            layers.append(activation_layer(activation, negative_slope))
            layers.append(Dropout(dropout))
            n_features = n_units
        layers.append(nn.Linear(n_features, n_outputs))
        super().__init__(*layers)
        initialise_(self)


def activation_layer(name: str, negative_slope: float) -> nn.Module:
    """Build the activation called `name`; it overwrites its input."""
    if name == "relu" or (name == "leaky_relu" and negative_slope == 0):
        return nn.ReLU(inplace=True)  # a slope of 0 would make -0.0 of what is below zero
    if name == "leaky_relu":
        return nn.LeakyReLU(negative_slope, inplace=True)
    raise ValueError(f"activation must be 'leaky_relu' or 'relu', got {name!r}.")


def initialise_(module: nn.Module, generator: torch.Generator | None = None) -> None:
    """Initialise all layers of `module`.

    Glorot-uniform kernels and zero biases, as Keras does and torch's Transformer; normalisations
    that change nothing; and layers with an `initialise_` of their own as they say.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.LayerNorm):
            layer.reset_parameters()
        elif callable(own := getattr(layer, "initialise_", None)):
            own(generator)


def float32_linear(head: nn.Module, features: Tensor) -> Tensor:
    """Run `head` in float32 even where mixed precision is on: it is small and makes the loss."""
    with torch.autocast(features.device.type, enabled=False):
        return head(features.float())


def as_signal(windows: Tensor) -> Tensor:
    """Shape windows as a signal, in the dtype of mixed precision where that is on."""
    kind = windows.device.type
    if torch.is_autocast_enabled(kind):
        windows = windows.to(torch.get_autocast_dtype(kind))
    return windows[:, None, None, :].contiguous(memory_format=torch.channels_last)
