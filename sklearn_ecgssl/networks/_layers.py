"""Layers that the networks share."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class SameConv(nn.Conv2d):
    """Convolution along time, stride 1, whose output is as long as its input.

    An even kernel is padded by one sample less on the left, as TensorFlow's 'same' is.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__(in_channels, out_channels, (1, kernel_size), padding=(0, kernel_size // 2))
        self.to(memory_format=torch.channels_last)

    def forward(self, signal: Tensor) -> Tensor:  # noqa: D102
        # Symmetric padding is free inside the convolution; for an even kernel it gives one sample
        # too many, on the left.
        n_times = signal.shape[-1]
        return super().forward(signal)[..., -n_times:]


class DenseHead(nn.Sequential):
    """Dense layers with activation and dropout, then a linear output."""

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
            layers.append(nn.Dropout(dropout))
            n_features = n_units
        layers.append(nn.Linear(n_features, n_outputs))
        super().__init__(*layers)
        glorot_(self)


def activation_layer(name: str, negative_slope: float) -> nn.Module:
    """Build the activation called `name`."""
    if name == "leaky_relu":
        return nn.LeakyReLU(negative_slope)
    if name == "relu":
        return nn.ReLU()
    raise ValueError(f"activation must be 'leaky_relu' or 'relu', got {name!r}.")


def glorot_(module: nn.Module) -> None:
    """Initialise all layers of `module` as Keras does: Glorot-uniform kernels, zero biases."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)


def float32_linear(head: nn.Module, features: Tensor) -> Tensor:
    """Run `head` in float32 even where mixed precision is on: it is small and makes the loss."""
    with torch.autocast(features.device.type, enabled=False):
        return head(features.float())
