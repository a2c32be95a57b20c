"""Dropout with a random stream of its own."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Set a fraction of values to zero in training and scale up the others.

    Unlike torch's, it can draw from a generator that it is given, so that training touches no
    global random state and may run in several threads.

    Parameters
    ----------
    p : float
        Fraction of the values that is dropped.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.generator: torch.Generator | None = None

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return values
        keep = torch.empty_like(values).bernoulli_(1 - self.p, generator=self.generator)
        return values * keep / (1 - self.p)


def seed_dropout(module: nn.Module, generator: torch.Generator) -> None:
    """Make every `Dropout` of a network draw from `generator`.

    Parameters
    ----------
    module : nn.Module
        The network.
    generator : torch.Generator
        A generator on the network's device.
    """
    for layer in module.modules():
        if isinstance(layer, Dropout):
            layer.generator = generator
