"""Fitted estimators as ONNX models."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from sklearn.base import is_classifier

from .. import __version__
from .._files import library, write_whole
from ._pretrained import saved_rate

#: The first with the Fourier transform of real signals that "rhythm" takes.
OPSET = 20


def export_onnx(estimator: Any, path: str | os.PathLike[str]) -> Path:
    """Write a fitted estimator as an ONNX model, for programs without this package.

    The model takes ``windows``, float32 of shape (n_windows, n_times). Of an embedder or a
    pretrainer it gives ``features``, those of `SSLEmbedder.transform` and of `encode` by default;
    of an `ECGClassifier` it gives ``probabilities``, those of `predict_proba`. Any number of
    windows can be passed, of as many samples as were fitted.

    What comes before windows is not in it: filter, scaling and cutting into windows have to be done
    where it runs as they were in `fit`. Neither is what comes after: pooling over the windows of a
    recording (`SSLEmbedder`'s `pool`) and further classifiers. It does not check that windows are
    finite.

    Parameters
    ----------
    estimator : SSLEmbedder, ECGClassifier, PretextPretrainer or MaskedPretrainer
        Fitted, or frozen (`sklearn.frozen.FrozenEstimator`). It stays as it is.
    path : str or path-like
        Its folder must exist. An existing file is replaced once the new one is whole.

    Returns
    -------
    path : pathlib.Path
        Where the file is: one file, with the weights, in float32.

    Raises
    ------
    TypeError
        If `estimator` is something else.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If windows are too short or sampled too slowly for ``aggregate="rhythm"``.
    OSError
        If the file cannot be written. What was there stays.
    ImportError
        If onnx or onnxscript is not installed: ``pip install "sklearn_ecgssl[onnx]"``.

    See Also
    --------
    sklearn_ecgssl.features.SSLEmbedder : The features of windows.

    Notes
    -----
    The model has the operators of opset 20, which onnxruntime has from 1.17 on. Those of "rhythm"
    need 1.27: older ones refuse them or compute another period. Its metadata say what it is:
    ``package``, ``version``, ``estimator`` (its class), ``n_times``, and ``sampling_rate`` in Hz:
    that of the embedder, or the one that a pretrainer was saved with.

    It is written by `torch.onnx.export` from what ``estimator.to_torch()`` gives. On real ECG its
    features differ by less than 1e-4 from those that torch computes in float32. The exception is
    the period in "rhythm" of a channel that does not repeat itself, such as one that ReLU has
    silenced: rounding decides which it is.

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
    if isinstance(estimator, type) or not hasattr(estimator, "to_torch"):
        raise TypeError(
            "estimator must be a fitted SSLEmbedder, ECGClassifier, PretextPretrainer or "
            f"MaskedPretrainer, got {estimator!r:.80}. Of a Pipeline, export the step that embeds."
        )
    library("onnxscript", "torch writes ONNX models", "onnx")
    module = estimator.to_torch()
    windows = torch.zeros(2, estimator.n_features_in_, dtype=torch.float32, device="cpu")
    output = "probabilities" if is_classifier(estimator) else "features"
    with torch.no_grad(), _quiet():
        module(windows)  # what it computes once and keeps becomes a constant of the model
        program: Any = torch.onnx.export(
            module,
            (windows,),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("n_windows")},),
            input_names=["windows"],
            output_names=[output],
            opset_version=OPSET,
            verbose=False,
        )
    path = Path(path).expanduser()
    write_whole(path, _content(program.model_proto, estimator))
    return path


def _content(model: Any, estimator: Any) -> bytes:
    """Return the bytes of a model, with metadata of ours in place of the exporter's."""
    sampling_rate = getattr(estimator, "sampling_rate", None) or saved_rate(estimator)
    metadata = {
        "package": "sklearn_ecgssl",
        "version": __version__,
        "estimator": type(getattr(estimator, "estimator", estimator)).__name__,  # maybe frozen
        "n_times": str(estimator.n_features_in_),
        **({} if sampling_rate is None else {"sampling_rate": f"{sampling_rate:g}"}),
    }
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del part.metadata_props[:]
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    return model.SerializeToString(deterministic=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's log and warnings, which are about itself, from the user."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
