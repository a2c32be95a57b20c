"""From activations over time to features, as operations of ONNX.

The counterpart of ``networks/_aggregation.py``. ONNX got a Fourier
transform late and runtimes compute it slowly: here the autocorrelation is matrix products of
blocks of samples, and the modulation spectrum, of which few frequencies are asked for, a product
with their sines and cosines.
"""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np
import torch

from ..networks._aggregation import PERIODS, RESOLUTION, _bands
from ._onnx_graph import Graph

#: Samples that are multiplied at once for the autocorrelation.
BLOCK = 32
#: The smallest number that float32 holds at full precision.
TINY = np.finfo(np.float32).tiny


class Maps(NamedTuple):
    """Activations (n_windows, n_channels, 1, n_times) in a graph, at a rate in Hz."""

    value: str
    n_channels: int
    n_times: int
    rate: float


def aggregate(graph: Graph, maps: Maps, ways: Sequence[str]) -> list[str]:
    """Aggregate activations over time.

    Parameters
    ----------
    graph : Graph
        What is added to.
    maps : Maps
        Activations.
    ways : sequence of {"max", "mean", "std", "rhythm"}
        How.

    Returns
    -------
    list of str
        The features of each, (n_windows, n_features).
    """
    return [feature for way in ways for feature in _AGGREGATIONS[way](graph, maps)]


def _maximum(graph: Graph, maps: Maps) -> list[str]:
    return [graph.add("Flatten", graph.add("GlobalMaxPool", maps.value))]


def _mean(graph: Graph, maps: Maps) -> list[str]:
    return [graph.add("Flatten", graph.add("GlobalAveragePool", maps.value))]


def _std(graph: Graph, maps: Maps) -> list[str]:
    centred = _centred(graph, maps)
    variance = graph.add("GlobalAveragePool", graph.add("Mul", centred, centred))
    return [graph.add("Flatten", graph.add("Sqrt", variance))]


def _rhythm(graph: Graph, maps: Maps) -> list[str]:
    if maps.rate * PERIODS[0] < 1:
        raise ValueError(
            f"aggregate='rhythm' needs activations at {1 / PERIODS[0]:.2g} Hz or more, these are "
            f"at {maps.rate:.2g} Hz. Use a higher sampling_rate, an earlier layer, a smaller "
            "pool_stride, or another aggregate."
        )
    centred = _reshape(graph, _centred(graph, maps), maps.n_channels, maps.n_times)
    return [_log_periods(graph, centred, maps), _modulation(graph, centred, maps)]


def _centred(graph: Graph, maps: Maps) -> str:
    return graph.add("Sub", maps.value, graph.add("GlobalAveragePool", maps.value))


def _log_periods(graph: Graph, centred: str, maps: Maps) -> str:
    """Find the period at which each channel repeats itself most, as `networks` does."""
    first, last = int(PERIODS[0] * maps.rate), int(PERIODS[1] * maps.rate) + 1
    products = _autocorrelation(graph, centred, maps, last + 2)
    power = graph.add("Max", graph.slice(products, 0, 1, -1), TINY)
    heights = graph.add("Div", products, power)
    left, here, right = (graph.slice(heights, first + k, last + k, -1) for k in (-1, 0, 1))
    is_peak = graph.add(
        "And", graph.add("GreaterOrEqual", here, left), graph.add("GreaterOrEqual", here, right)
    )
    peaks = graph.add("Where", is_peak, here, -np.inf)
    at = graph.add("ArgMax", peaks, axis=-1, keepdims=1)
    low, top, high = (graph.add("GatherElements", x, at, axis=-1) for x in (left, here, right))
    curvature = graph.add("Add", graph.add("Sub", low, graph.add("Mul", top, 2.0)), high)
    bent = graph.add("Less", curvature, -1e-9)
    divisor = graph.add("Mul", graph.add("Where", bent, curvature, 1.0), 2.0)
    vertex = graph.add("Div", graph.add("Sub", low, high), divisor)
    shift = graph.add("Clip", graph.add("Where", bent, vertex, 0.0), -0.5, 0.5)
    lag = graph.add("Add", graph.add("Add", graph.add("Cast", at, to=1), float(first)), shift)
    seconds = graph.add("Div", graph.add("Squeeze", lag, [2]), float(maps.rate))
    return graph.add("Log", seconds)


def _autocorrelation(graph: Graph, centred: str, maps: Maps, n_lags: int) -> str:
    """Sum the products of samples up to `n_lags - 1` apart.

    Each block of samples is multiplied with itself and those that follow it. Row i, column j of
    what comes out are products of samples j - i apart: put into rows that are longer by one, each
    row stands one further to the left than the row above, and columns are lags.
    """
    n_blocks = ceil(maps.n_times / BLOCK)
    n_more = ceil((n_lags - 1) / BLOCK)
    n_pad = (n_blocks + n_more) * BLOCK - maps.n_times
    padded = graph.add("Pad", centred, [0, 0, 0, 0, 0, n_pad])
    blocks = _reshape(graph, padded, maps.n_channels, n_blocks + n_more, BLOCK)
    shifted = [graph.slice(blocks, k, k + n_blocks, 2) for k in range(n_more + 1)]
    following = graph.add("Concat", *shifted, axis=3)
    products = graph.add("MatMul", graph.add("Transpose", shifted[0], perm=[0, 1, 3, 2]), following)
    width = (n_more + 1) * BLOCK
    flat = _reshape(graph, products, maps.n_channels, BLOCK * width)
    longer = graph.add("Pad", flat, [0, 0, 0, 0, 0, BLOCK])
    by_lag = graph.slice(_reshape(graph, longer, maps.n_channels, BLOCK, width + 1), 0, n_lags, 3)
    return graph.add("ReduceSum", by_lag, [2], keepdims=0)


def _modulation(graph: Graph, centred: str, maps: Maps) -> str:
    """Compute how the channels' power is spread over frequencies, as `networks` does."""
    n_fft = max(maps.n_times, ceil(maps.rate / RESOLUTION))
    bands = _bands(n_fft, maps.rate).astype(float)
    used = np.flatnonzero(bands.any(axis=1))
    turns = np.outer(np.arange(maps.n_times), used) % n_fft
    taper = torch.hann_window(maps.n_times, dtype=torch.float64).numpy()
    waves = taper[:, None] * np.exp(2j * np.pi / n_fft * turns)
    parts = [graph.add("MatMul", centred, part) for part in (waves.real, waves.imag)]
    power = graph.add("Add", *(graph.add("Mul", part, part) for part in parts))
    in_bands = graph.add("MatMul", power, bands[used])
    total = graph.add("Max", graph.add("ReduceSum", in_bands, [2], keepdims=1), TINY)
    shares = graph.add("Div", in_bands, total)
    return graph.add("Sqrt", graph.add("ReduceMean", shares, axes=[1], keepdims=0))


def _reshape(graph: Graph, value: str, *sizes: int) -> str:
    """Shape all but the first dimension, the windows."""
    return graph.add("Reshape", value, [0, *sizes])


_AGGREGATIONS = {"max": _maximum, "mean": _mean, "std": _std, "rhythm": _rhythm}
