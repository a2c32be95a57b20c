"""Fitted estimators as ONNX models."""

import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from sklearn.base import is_classifier, is_regressor

from .. import __version__
from .._files import library, write_whole
from ._torch_pipeline import flat_steps, rate_taken, takes_recordings, to_torch

#: The first with the Fourier transform of real signals that "rhythm" takes.
OPSET = 20


def export_onnx(
    estimator: Any, path: str | os.PathLike[str], *, n_times: int | None = None
) -> Path:
    """Write a fitted estimator or a whole Pipeline as an ONNX model, for programs without Python.

    Of a Pipeline of filter, scaling, windows, embedder and classifier the model takes recordings
    in physical units and gives probabilities: nothing has to be done again where it runs. Of a
    part of it, the model takes and gives what this part does.

    Parameters
    ----------
    estimator : estimator
        Fitted, or frozen (`sklearn.frozen.FrozenEstimator`): a Pipeline, or one of what may stand
        in it, which `to_torch` lists. It stays as it is.
    path : str or path-like
        Its folder must exist. An existing file is replaced once the new one is whole.
    n_times : int or None, default=None
        Samples of the recordings that will come in, at their own rate: 5000 for 10 s at 500 Hz. A
        model is for one length. None: as many as were fitted, where these were an array.

    Returns
    -------
    path : pathlib.Path
        Where the file is: one file, with the weights, in float32.

    Raises
    ------
    TypeError
        If `estimator`, or a step of it, cannot be exported; the message says what can.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If `n_times` is missing or gives windows of another length than was fitted, or windows are
        too short or sampled too slowly for ``aggregate="rhythm"``.
    OSError
        If the file cannot be written. What was there stays.
    ImportError
        If onnx or onnxscript is not installed: ``pip install "sklearn_ecgssl[onnx]"``.

    See Also
    --------
    to_torch : The torch module that is written.

    Notes
    -----
    The input is ``recordings``, float32 of shape (n_recordings, n_times), where the first step
    takes recordings; else ``windows``, (n_windows, n_times). There can be any number of them at
    once. The output is ``probabilities`` of a classifier that has them, ``decision_function`` of
    one that has none, ``predictions`` of a regressor, else ``features``.

    Metadata say what it is: ``package``, ``version``, ``estimator`` (its class), ``n_times``,
    ``sampling_rate`` in Hz of what comes in, where it is known, and ``classes``, the labels as JSON
    in the order of the probabilities.

    The model does not check what it is given: NaN gives NaN, and so does a flat recording.

    It has the operators of opset 20, which onnxruntime has from 1.17 on. Those of "rhythm" need
    1.27: older ones refuse them or compute another period. On real ECG its answers differ by less
    than 1e-4 from those of the estimator in float32. The exception is the period in "rhythm" of a
    channel that does not repeat itself, such as one that ReLU has silenced: rounding decides which
    it is.

    Filter and change of rate are one matrix (see `to_torch`), which is most of the file: 26 MB for
    10 s at 256 Hz, 4 MB at 100 Hz. Attention keeps ``n_heads * (n_times + 1) ** 2`` numbers a
    window: pass a `MaskedPretrainer`'s model few windows at a time.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_ecgssl import ECGFilter, Segmenter, SSLEmbedder, TrimmedScaler, export_onnx
    >>> rng = np.random.default_rng(0)
    >>> recordings, target = rng.normal(size=(6, 1000)), [0, 1, 0, 1, 0, 1]
    >>> pipe = make_pipeline(
    ...     ECGFilter(100),
    ...     TrimmedScaler(),
    ...     Segmenter(100),
    ...     SSLEmbedder("rhythm-open", layer="scores", sampling_rate=100),
    ...     LogisticRegression(),
    ... ).fit(recordings, target)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = export_onnx(pipe, Path(folder, "model.onnx"), n_times=1000)
    ...     print(path.name, path.stat().st_size > 4_000_000)
    model.onnx True

    With onnxruntime, which is all that is needed where it runs::

        session = onnxruntime.InferenceSession("model.onnx")
        recordings = recordings.astype(np.float32)
        (probabilities,) = session.run(["probabilities"], {"recordings": recordings})
    """
    module = to_torch(estimator, n_times=n_times)
    library("onnxscript", "torch writes ONNX models", "onnx")
    steps = list(flat_steps(estimator))
    if getattr(steps[0], "segmenter", steps) is None:
        raise TypeError(
            "A SegmentVotingClassifier without segmenter takes windowed recordings, a model takes "
            "recordings: export the Pipeline whose Segmenter is before it."
        )
    if n_times is None:
        n_times = estimator.n_features_in_
    example = torch.zeros(2, n_times, dtype=torch.float32, device="cpu")
    with torch.no_grad(), _quiet():
        module(example)  # what it computes once and keeps becomes a constant of the model
        program: Any = torch.onnx.export(
            module,
            (example,),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("n")},),
            input_names=["recordings" if takes_recordings(steps[0]) else "windows"],
            output_names=[_output_name(steps[-1])],
            opset_version=OPSET,
            verbose=False,
        )
    path = Path(path).expanduser()
    write_whole(path, _content(program.model_proto, estimator, steps, n_times))
    return path


def _output_name(last: Any) -> str:
    if is_classifier(last):
        return "probabilities" if hasattr(last, "predict_proba") else "decision_function"
    return "predictions" if is_regressor(last) else "features"


def _content(model: Any, estimator: Any, steps: list[Any], n_times: int) -> bytes:
    """Return the bytes of a model, with metadata of ours in place of the exporter's."""
    metadata = {
        "package": "sklearn_ecgssl",
        "version": __version__,
        "estimator": type(getattr(estimator, "estimator", estimator)).__name__,  # maybe frozen
        "n_times": str(n_times),
    }
    if (rate := rate_taken(steps)) is not None:
        metadata["sampling_rate"] = f"{rate:g}"
    if is_classifier(steps[-1]):
        metadata["classes"] = json.dumps(steps[-1].classes_.tolist(), default=str)
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
