"""Fitted embedders as ONNX models."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from .. import __version__
from .._files import write_whole
from ..features import SSLEmbedder
from ..networks import ConvTrunk, TransformerTrunk, rebuilt
from ..pretext import BasePretrainer, check_duration
from ._onnx_graph import Graph, import_onnx
from ._onnx_trunks import conv_features, token_features

#: How each trunk is written. What overrides one of them may compute something else.
TRUNKS: dict[type, Callable[..., str]] = {
    ConvTrunk: conv_features,
    TransformerTrunk: token_features,
}


def export_onnx(embedder: Any, path: str | os.PathLike[str]) -> Path:
    """Write a fitted embedder as an ONNX model, for devices and programs without this package.

    The model takes ``windows``, float32 of shape (n_windows, n_times), and gives ``features``,
    float32 of shape (n_windows, n_features): what `SSLEmbedder.transform` gives for windows with
    ``precision="float32"``, but for rounding. Any number of windows can be passed, of as many
    samples as were fitted.

    What comes before windows is not in it: filter, scaling and cutting into windows have to be done
    where it runs as they were in `fit`. Neither is what comes after: pooling over the windows of a
    recording (`SSLEmbedder`'s `pool`) and classifiers. It does not look whether windows are finite.

    Parameters
    ----------
    embedder : SSLEmbedder, PretextPretrainer or MaskedPretrainer
        Fitted, or frozen (`sklearn.frozen.FrozenEstimator`). It stays as it is. A pretrainer gives
        the features of its layer "last", aggregated in its own way.
    path : str or path-like
        Its folder must exist. An existing file is replaced once the new one is whole.

    Returns
    -------
    path : pathlib.Path
        Where the file is: one file, with the weights, in float32. The same embedder gives the same
        bytes.

    Raises
    ------
    TypeError
        If `embedder` is something else, or has a network of its own.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If windows are too short or sampled too slowly for ``aggregate="rhythm"``.
    FileNotFoundError, IsADirectoryError
        If the folder does not exist, or `path` is one.
    OSError
        If the file cannot be written. What was there stays.
    ImportError
        If onnx is not installed: ``pip install "sklearn_ecgssl[onnx]"``.

    See Also
    --------
    sklearn_ecgssl.features.SSLEmbedder : What is exported.

    Notes
    -----
    The model has the operators of opset 17 (2022), which onnxruntime has from 1.12 on. Its metadata
    say what it is: ``package``, ``version``, ``pretrainer``, ``layer``, ``aggregate`` and
    ``feature_names`` (lists as JSON), ``n_times``, and ``sampling_rate`` in Hz where that is known:
    of "rhythm", the one aggregation that asks for it, or of a pretrainer that was saved with it.

    On real ECG features differ from those of `transform` by less than 1e-4 of the largest value of
    the feature. The exception is the period in "rhythm" of a channel that does not repeat itself,
    one that ReLU has silenced for example: it has none, and rounding decides between its shortest
    and half a sample more or less.

    Attention keeps ``n_heads * (n_times + 1) ** 2`` numbers a window: pass a `MaskedPretrainer`'s
    model few windows at a time.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn_ecgssl import PretextPretrainer, SSLEmbedder, export_onnx
    >>> windows = np.sin(np.linspace(0, 99, 8 * 256)).reshape(8, 256)
    >>> pretrainer = PretextPretrainer(
    ...     filters=(4, 8), kernel_sizes=(16, 8), max_epochs=1, random_state=0
    ... )
    >>> embedder = SSLEmbedder(pretrainer, layer="all").fit(windows)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = export_onnx(embedder, Path(folder, "embedder.onnx"))
    ...     print(path.name, path.stat().st_size > 0)
    embedder.onnx True

    With onnxruntime, which is all that is needed where it runs::

        session = onnxruntime.InferenceSession("embedder.onnx")
        (features,) = session.run(["features"], {"windows": windows.astype(np.float32)})
    """
    source = _source(embedder)
    path = Path(path).expanduser()
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {path.parent.absolute()} to write to: make it."
        )
    if path.is_dir():
        raise IsADirectoryError(f"path={str(path)!r} is a folder: give the name of a file in it.")
    import_onnx()
    write_whole(path, _model(source))
    return path


class _Source(NamedTuple):
    """What is exported: a fitted pretrainer, and which of its features under which names."""

    pretrainer: BasePretrainer
    layer: str
    aggregate: Any
    sampling_rate: float
    prefix: str


def _source(embedder: Any) -> _Source:
    chosen = _thawed(embedder)
    if isinstance(chosen, SSLEmbedder):
        check_is_fitted(chosen, "pretrainer_")
        pretrainer = _thawed(chosen.pretrainer_)
        options = (chosen.layer, chosen.aggregate, float(chosen.sampling_rate))
    else:
        pretrainer, options = chosen, ("last", None, 256.0)
    if not isinstance(pretrainer, BasePretrainer):
        raise TypeError(
            "embedder must be a fitted SSLEmbedder, PretextPretrainer or MaskedPretrainer, got "
            f"{type(pretrainer).__name__}. Of a Pipeline, export the step that embeds."
        )
    check_is_fitted(pretrainer, "state_")
    return _Source(pretrainer, *options, prefix=type(chosen).__name__.lower())


def _thawed(estimator: Any) -> Any:
    while isinstance(estimator, FrozenEstimator):
        estimator = estimator.estimator
    return estimator


def _model(source: _Source) -> bytes:
    pretrainer, layer, aggregate, sampling_rate, prefix = source
    n_features = pretrainer.n_features_encoded(layer, aggregate)
    ways = pretrainer._check_aggregate(aggregate)
    n_times = pretrainer.n_features_in_
    check_duration(ways, n_times, sampling_rate)
    trunk = rebuilt(pretrainer.build_trunk, pretrainer.trunk_state(), torch.device("cpu"))
    write = TRUNKS.get(type(trunk))
    if write is None:
        raise TypeError(
            f"embedder has a network that export_onnx does not know, {type(trunk).__name__}: it "
            f"knows {', '.join(known.__name__ for known in TRUNKS)}. Use torch.onnx.export."
        )
    rate = sampling_rate if "rhythm" in ways else getattr(pretrainer, "sampling_rate_", None)
    graph = Graph(prefix)
    layers = pretrainer._layer_indices(layer)
    features = write(graph, trunk, "windows", n_times, layers, ways, sampling_rate)
    metadata = {
        "package": __name__.split(".")[0],
        "version": __version__,
        "pretrainer": type(pretrainer).__name__,
        "layer": layer,
        "aggregate": json.dumps(ways),
        "n_times": str(n_times),
        **({} if rate is None else {"sampling_rate": str(rate)}),
        "feature_names": json.dumps([f"{prefix}{i}" for i in range(n_features)]),
    }
    return graph.to_bytes(
        {"windows": ["n_windows", n_times]},
        {"features": (features, ["n_windows", n_features])},
        metadata,
    )
