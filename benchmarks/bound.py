"""What the convolutions of the network cost, and so the rate that no program here can pass."""

from functools import cache

import torch
from torch import nn

from sklearn_ecgssl.networks import ConvTrunk

from .machine import multiplication_rate


@cache
def operations_per_window(n_times: int = 2560) -> float:
    """Multiplications and additions of the trunk's convolutions, forward, for one window."""
    trunk, total = ConvTrunk(), [0.0]

    def count(conv: nn.Conv2d, inputs, output) -> None:
        n_filters, n_channels, _, kernel_size = conv.weight.shape
        total[0] += 2 * n_filters * n_channels * kernel_size * output.shape[-1]

    for layer in trunk.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    with torch.no_grad():
        trunk(torch.zeros(1, n_times))
    return total[0]


def embedding_bound(dtype: torch.dtype, device: str) -> float:
    """Windows a second."""
    return multiplication_rate(dtype, device) / operations_per_window()


def training_bound(dtype: torch.dtype, device: str) -> float:
    """Inputs a second: the backward pass costs twice the forward one."""
    return embedding_bound(dtype, device) / 3


def rows_against_bounds(rates, bound, device: str) -> list[list[object]]:
    """Rows of rate, ratio to the naive port and share of the bound of its precision."""
    rows = []
    for name, rate in rates.items():
        dtype = torch.bfloat16 if "bfloat16" in name else torch.float32
        limit = bound(dtype, device)
        rows.append([name, rate.median, rate.over(rates["naive port"]), limit, rate.median / limit])
    return rows
