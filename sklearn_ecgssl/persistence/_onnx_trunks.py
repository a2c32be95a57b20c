"""The trunks as operations of ONNX, the counterparts of those in ``networks/``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from ..networks import ConvTrunk, TransformerTrunk
from ..networks._aggregation import ONE_TOKEN
from ..networks._transformer import sinusoidal_positions
from ._onnx_aggregation import Maps, aggregate
from ._onnx_graph import Graph


def conv_features(
    graph: Graph,
    trunk: ConvTrunk,
    windows: str,
    n_times: int,
    blocks: Sequence[int],
    ways: tuple[str, ...],
    sampling_rate: float,
) -> str:
    """Add the convolutional trunk and the features of some of its blocks.

    Parameters
    ----------
    graph : Graph
        What is added to.
    trunk : ConvTrunk
        The network.
    windows : str
        The value (n_windows, n_times) that it is given.
    n_times : int
        Samples in a window.
    blocks : sequence of int
        Blocks whose activations are used, side by side, in ascending order.
    ways : tuple of str
        How they are aggregated over time, side by side.
    sampling_rate : float
        Of the windows, in Hz.

    Returns
    -------
    str
        The value (n_windows, n_features).
    """
    pool: Any = trunk.pool
    signal = graph.add("Unsqueeze", windows, [1, 2])
    features = []
    for i, block in enumerate(trunk.blocks[: max(blocks) + 1]):
        if i > 0:
            signal = graph.add(
                "MaxPool", signal, kernel_shape=[1, pool.size], strides=[1, pool.step]
            )
            n_times = (n_times - pool.size) // pool.step + 1
        convolutions: Any = block.convs
        for conv in convolutions:
            signal = _activation(graph, trunk.activation, _convolution(graph, conv, signal))
        if i in blocks:
            maps = Maps(signal, trunk.filters[i], n_times, sampling_rate / pool.step**i)
            features += aggregate(graph, maps, ways)
    return _side_by_side(graph, features)


def token_features(
    graph: Graph,
    trunk: TransformerTrunk,
    windows: str,
    n_times: int,
    layers: Sequence[int],
    ways: tuple[str, ...],
    sampling_rate: float,
) -> str:
    """Add the Transformer trunk and the features of some of its layers.

    Where single tokens of the last layer are asked for, no others are computed in it.

    Parameters
    ----------
    graph : Graph
        What is added to.
    trunk : TransformerTrunk
        The network.
    windows : str
        The value (n_windows, n_times) that it is given.
    n_times : int
        Samples in a window.
    layers : sequence of int
        Layers whose tokens are used, side by side, in ascending order.
    ways : tuple of str
        How they become features, side by side.
    sampling_rate : float
        Of the windows, in Hz.

    Returns
    -------
    str
        The value (n_windows, n_features).
    """
    n_channels = trunk.n_channels
    tokens = _embedding(graph, trunk, _input_tokens(graph, trunk.input_encoder, windows), n_times)
    wanted: list[int] | None = None
    features = []
    for i, layer in enumerate(trunk.layers[: max(layers) + 1]):
        if i == max(layers) and set(ways) <= set(ONE_TOKEN):
            wanted = [ONE_TOKEN[way] for way in ways]
        tokens = _encoder_layer(graph, layer, tokens, wanted)
        if wanted is not None:
            features.append(graph.add("Flatten", tokens))
        elif i in layers:
            features += _token_aggregates(graph, tokens, n_channels, n_times, ways, sampling_rate)
    return _side_by_side(graph, features)


def _convolution(graph: Graph, conv: Any, signal: str) -> str:
    kernel_size = conv.weight.shape[-1]
    return graph.add(
        "Conv",
        signal,
        _numbers(conv.weight),
        _numbers(conv.bias),
        kernel_shape=[1, kernel_size],
        pads=[0, (kernel_size - 1) // 2, 0, kernel_size // 2],
    )


def _activation(graph: Graph, activation: nn.Module, signal: str) -> str:
    if isinstance(activation, nn.LeakyReLU):
        return graph.add("LeakyRelu", signal, alpha=float(activation.negative_slope))
    return graph.add("Relu", signal)


def _input_tokens(graph: Graph, encoder: Any, windows: str) -> str:
    signal = graph.add("Unsqueeze", windows, [1, 2])
    for i, conv in enumerate(encoder.convs):
        signal = graph.add("Relu", _convolution(graph, conv, signal))
        if i == 0:
            channels_last = graph.add("Transpose", signal, perm=[0, 2, 3, 1])
            normalised = _norm(graph, encoder.first_norm, channels_last)
            signal = graph.add("Transpose", normalised, perm=[0, 3, 1, 2])
    tokens = graph.add("Transpose", graph.add("Squeeze", signal, [2]), perm=[0, 2, 1])
    return _norm(graph, encoder.last_norm, tokens)


def _embedding(graph: Graph, trunk: TransformerTrunk, tokens: str, n_times: int) -> str:
    """Put the class token first and add positions: zeros in its place, and both at once."""
    embedding = trunk.embedding
    added = sinusoidal_positions(1 + n_times, trunk.n_channels).numpy()
    added[0] += _numbers(embedding.class_token)
    room = graph.add("Pad", tokens, [0, 1, 0, 0, 0, 0])
    return _norm(graph, embedding.norm, graph.add("Add", room, added))


def _encoder_layer(graph: Graph, layer: Any, tokens: str, wanted: list[int] | None) -> str:
    """Pass tokens through a layer, and keep those wanted, or all."""
    kept = tokens if wanted is None else graph.add("Gather", tokens, wanted, axis=1)
    seen = _attention(graph, layer.attention, kept, tokens)
    kept = _norm(graph, layer.attention_norm, graph.add("Add", kept, seen))
    wide = graph.add("Relu", _linear(graph, layer.widen, kept))
    fed = _linear(graph, layer.narrow, wide)
    return _norm(graph, layer.feedforward_norm, graph.add("Add", kept, fed))


def _attention(graph: Graph, attention: Any, looking: str, tokens: str) -> str:
    """Let the tokens `looking` look at all `tokens`."""
    weights = np.split(_numbers(attention.projection.weight), 3)
    biases = np.split(_numbers(attention.projection.bias), 3)
    n_heads = attention.n_heads
    per_head = len(biases[0]) // n_heads
    scale = per_head**-0.5
    projected = [
        _product(graph, looking, weights[0] * scale, biases[0] * scale),
        _product(graph, tokens, weights[1], biases[1]),
        _product(graph, tokens, weights[2], biases[2]),
    ]
    heads = [graph.add("Reshape", x, [0, -1, n_heads, per_head]) for x in projected]
    queries = graph.add("Transpose", heads[0], perm=[0, 2, 1, 3])
    keys = graph.add("Transpose", heads[1], perm=[0, 2, 3, 1])
    values = graph.add("Transpose", heads[2], perm=[0, 2, 1, 3])
    matches = graph.add("Softmax", graph.add("MatMul", queries, keys), axis=-1)
    seen = graph.add("Transpose", graph.add("MatMul", matches, values), perm=[0, 2, 1, 3])
    together = graph.add("Reshape", seen, [0, -1, n_heads * per_head])
    return _linear(graph, attention.output, together)


def _token_aggregates(
    graph: Graph,
    tokens: str,
    n_channels: int,
    n_times: int,
    ways: tuple[str, ...],
    sampling_rate: float,
) -> list[str]:
    features = []
    for way in ways:
        if way in ONE_TOKEN:
            features.append(graph.add("Gather", tokens, ONE_TOKEN[way], axis=1))
        else:
            samples = graph.slice(tokens, 1, 1 + n_times, 1)
            maps = graph.add("Transpose", samples, perm=[0, 2, 1])
            signal = graph.add("Unsqueeze", maps, [2])
            features += aggregate(graph, Maps(signal, n_channels, n_times, sampling_rate), [way])
    return features


def _linear(graph: Graph, layer: Any, values: str) -> str:
    return _product(graph, values, _numbers(layer.weight), _numbers(layer.bias))


def _product(graph: Graph, values: str, weight: np.ndarray, bias: np.ndarray) -> str:
    return graph.add("Add", graph.add("MatMul", values, weight.T), bias)


def _norm(graph: Graph, norm: Any, values: str) -> str:
    return graph.add(
        "LayerNormalization",
        values,
        _numbers(norm.weight),
        _numbers(norm.bias),
        axis=-1,
        epsilon=float(norm.eps),
    )


def _side_by_side(graph: Graph, features: list[str]) -> str:
    return graph.add("Concat", *features, axis=1) if len(features) > 1 else features[0]


def _numbers(parameter: Any) -> np.ndarray:
    return parameter.detach().float().cpu().numpy()
