"""What both networks share: dropout, dense heads, and how a network is initialised or rebuilt."""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
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


def initialised(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build a network on the CPU, in float32, with weights drawn from a seed."""
    # On the meta device layers draw nothing from the global generator, and take no memory.
    with torch.device("meta"):
        module = build()
    module.float().to_empty(device="cpu")
    initialise_(module, torch.Generator().manual_seed(seed))
    return module


def rebuilt(
    build: Callable[[], nn.Module], state: dict[str, np.ndarray], device: torch.device
) -> nn.Module:
    """Build a trained network from its weights, in evaluation mode, on a device."""
    with torch.device("meta"):
        module = build()
    weights = {name: torch.tensor(array, device=device) for name, array in state.items()}
    module.load_state_dict(weights, assign=True)
    return module.eval()


def check_sizes(name: str, sizes: Any, *, min_length: int) -> tuple[int, ...]:
    """Check a parameter that lists layer sizes: positive integers, at least `min_length`."""
    is_sequence = isinstance(sizes, Sequence | np.ndarray) and not isinstance(sizes, str)
    if not is_sequence or len(sizes) < min_length or not all(map(_is_size, sizes)):
        raise ValueError(
            f"{name} must be a sequence of at least {min_length} positive integers, one a layer or "
            f"block, got {sizes!r}."
        )
    return tuple(int(size) for size in sizes)


def _is_size(size: Any) -> bool:
    return isinstance(size, Integral) and not isinstance(size, bool) and int(size) > 0


def check_convolutions(filters: Any, kernel_sizes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Check the parameters that list the convolutions of a network."""
    filters = check_sizes("filters", filters, min_length=1)
    kernel_sizes = check_sizes("kernel_sizes", kernel_sizes, min_length=1)
    if len(filters) != len(kernel_sizes):
        raise ValueError(
            f"filters and kernel_sizes must be equally long, one entry a layer or block, got "
            f"{len(filters)} and {len(kernel_sizes)}."
        )
    return filters, kernel_sizes
