"""Dropout with a random stream of its own."""

import torch
from torch import Tensor, nn

#: Values that a 16-bit random number can take; a probability is rounded to one of so many.
LEVELS = 2**16


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
        self.p = float(p)  # numpy's float16 ends at 65504, below LEVELS
        self.generator: torch.Generator | None = None

    def forward(self, values: Tensor) -> Tensor:
        """Drop values in training, change nothing otherwise.

        Parameters
        ----------
        values : Tensor
            Of any shape.

        Returns
        -------
        Tensor
            Of the same shape.
        """
        if not self.training or self.p == 0:
            return values
        return values * _kept(values, self.p, self.generator) * (1 / (1 - self.p))


def _kept(values: Tensor, p: float, generator: torch.Generator | None) -> Tensor:
    """Draw which values are kept."""
    if values.device.type != "cpu":
        return torch.empty_like(values).bernoulli_(1 - p, generator=generator)
    # One 64-bit draw serves four values: several times faster than bernoulli_, which takes more
    # than one draw for each.
    words = torch.empty(-(-values.numel() // 4), dtype=torch.int64)
    words.random_(-(2**63), None, generator=generator)
    draws = words.view(torch.int16)[: values.numel()].view(values.shape)
    return draws >= min(round(p * LEVELS), LEVELS - 1) - LEVELS // 2


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
