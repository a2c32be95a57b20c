"""Dropout, dense heads, initialisation: what both networks share."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

#: Values that a 16-bit random number can take; a probability is rounded to one of so many.
LEVELS = 2**16


class Dropout(nn.Module):
    """Set a fraction `p` of the values to zero in training and scale up the others.

    Unlike torch's, it can draw from a generator that it is given, so that training touches no
    global random state and may run in several threads.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = float(p)
        self.generator: torch.Generator | None = None

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return values
        return values * self._draw_kept(values) * (1 / (1 - self.p))

    def _draw_kept(self, values: Tensor) -> Tensor:
        if values.device.type != "cpu":
            return torch.empty_like(values).bernoulli_(1 - self.p, generator=self.generator)
        # One 64-bit draw serves four values: several times faster than bernoulli_, which takes
        # more than one draw for each.
        words = torch.empty(-(-values.numel() // 4), dtype=torch.int64)
        words.random_(-(2**63), None, generator=self.generator)
        draws = words.view(torch.int16)[: values.numel()].view(values.shape)
        return draws >= min(round(self.p * LEVELS), LEVELS - 1) - LEVELS // 2


def seed_dropout(module: nn.Module, generator: torch.Generator) -> None:
    """Make every `Dropout` of a network draw from `generator`, which is on its device."""
    for layer in module.modules():
        if isinstance(layer, Dropout):
            layer.generator = generator


class DenseHead(nn.Sequential):
    """Dense layers with (leaky) ReLU and dropout, then a linear output."""

    def __init__(
        self,
        n_features: int,
        hidden: Sequence[int],
        n_outputs: int,
        dropout: float,
        negative_slope: float = 0.0,
    ) -> None:
        layers: list[nn.Module] = []
        for n_units in hidden:
            layers.append(nn.Linear(n_features, n_units))
            layers.append(leaky_relu(negative_slope))
            layers.append(Dropout(dropout))
            n_features = n_units
        layers.append(nn.Linear(n_features, n_outputs))
        super().__init__(*layers)
        initialise_(self)


class ClassificationNet(nn.Module):
    """A trunk, pretrained or not, and a dense head that gives the logits of the classes."""

    def __init__(self, trunk: nn.Module, head: DenseHead) -> None:
        super().__init__()
        self.trunk: Any = trunk
        self.head = head

    def forward(self, windows: Tensor) -> Tensor:
        return float32_linear(self.head, self.trunk(windows))


class LayerFeatures(nn.Module):
    """Features of some layers of a trunk, of windows at a sampling rate."""

    def __init__(
        self, trunk: nn.Module, layers: Sequence[int], names: Sequence[str], sampling_rate: float
    ) -> None:
        super().__init__()
        self.trunk: Any = trunk
        self.layers = layers
        self.names = names
        self.sampling_rate = sampling_rate

    def forward(self, windows: Tensor) -> Tensor:
        return self.trunk.layer_features(windows, self.layers, self.names, self.sampling_rate)


def float32_linear(head: nn.Module, features: Tensor) -> Tensor:
    """Run `head` in float32 even where mixed precision is on: it is small and makes the loss."""
    with torch.autocast(features.device.type, enabled=False):
        return head(features.float())


def leaky_relu(negative_slope: float) -> nn.Module:
    """Build a leaky ReLU, a ReLU where the slope is 0; it overwrites its input."""
    return nn.LeakyReLU(negative_slope, inplace=True) if negative_slope else nn.ReLU(inplace=True)


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
