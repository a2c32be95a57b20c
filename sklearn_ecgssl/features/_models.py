"""Models of other people: what runs them, on batches of which shape, and what are features."""

import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn
from torch.export import ExportedProgram

from .._checks import check_choice
from .._files import library, reading
from ._packed import pack, unpack

#: Windows that a model is tried with: a number of leads that no ECG has.
N_TRIED = 5
#: The axis of the one lead in a batch that goes into a torch model, in the order they are tried.
CHANNEL_AXES = (None, 1, 2)
#: Types of what goes into an ONNX model, besides float32.
ONNX_DTYPES = {"tensor(double)": np.float64, "tensor(float16)": np.float16}
#: Endings of files with a model.
ENDINGS = (".onnx", ".pt2")


class Runner(NamedTuple):
    """What runs a model on a batch of windows, and the shapes of the batch that are possible."""

    run: Callable[[np.ndarray], Any]
    channel_axes: tuple[int | None, ...] = CHANNEL_AXES
    #: How many windows are in a batch, where the model does not take any number.
    n_windows: int | None = None


def runner_of(model: Any, device: torch.device) -> Runner:
    """Make ready to run a module, an exported program, a file, a transformer or a function."""
    if isinstance(model, (str, os.PathLike)):
        path = Path(model).expanduser()
        check_choice("The ending of model, a file,", path.suffix, ENDINGS)
        stat = path.stat()
        model = _opened(path, stat.st_mtime_ns, stat.st_size)
    if isinstance(model, ExportedProgram):
        shape = _input_of(model).meta["val"].shape
        return Runner(_run_torch(model.module(), device), *_fixed(shape))
    if isinstance(model, nn.Module):
        # A copy of all but the weights: a model that keeps something between calls keeps it there.
        return Runner(_run_torch(unpack(pack(model)).eval(), device))
    if hasattr(model, "get_inputs"):
        return Runner(_run_onnx(model), *_fixed(model.get_inputs()[0].shape))
    if hasattr(model, "transform") and not isinstance(model, type):
        check_is_fitted(model)
        return Runner(model.transform, (None,))
    if callable(model) and not isinstance(model, type):
        return Runner(model, (None,))
    advice = ""
    if hasattr(model, "encode"):
        advice = " A pretrainer goes into SSLEmbedder."
    elif isinstance(model, Mapping):
        advice = " Weights go into a module of their class first, by load_state_dict."
    raise TypeError(
        "model must be a torch.nn.Module, a program of torch.export, the path of a .pt2 or .onnx "
        "file, a fitted transformer of windows or a function of them, got "
        f"{model!r:.80}.{advice}"
    )


def features_of(
    output: Any, which: int | str | None, time_axis: int | None, n_windows: int
) -> np.ndarray:
    """Return what a model gave as features (n_windows, n_features), or say what is ambiguous."""
    parts = _parts(output)
    if which is None and len(parts) > 1:
        shapes = ", ".join(f"{name!r}: {np.shape(part)}" for name, part in parts.items())
        raise ValueError(
            f"The model has several outputs, by name and shape {shapes}: choose one, such as "
            f"output={next(iter(parts))!r}."
        )
    if which is not None:
        check_choice("output", which, parts)
    features = _as_numpy(parts[which] if which is not None else next(iter(parts.values())))
    if features.ndim == 3 and time_axis is not None:
        features = features.mean(axis=time_axis)
    if features.ndim == 1 and len(features) == n_windows:
        features = features[:, np.newaxis]
    if features.ndim != 2 or len(features) != n_windows:
        raise ValueError(
            f"The model makes an array of shape {features.shape} of {n_windows} windows, features "
            "must be (n_windows, n_features). "
            + (
                "Say which axis is time, and their mean is taken: time_axis=2 if channels come "
                "first, time_axis=1 if time (or tokens) does."
                if features.ndim == 3 and len(features) == n_windows
                else "Put it into a torch.nn.Module, or a function, that makes them."
            )
        )
    return features


def _parts(output: Any) -> dict[Any, Any]:
    """Name the outputs: by key, or by position."""
    if isinstance(output, Mapping):
        return {name: part for name, part in output.items() if part is not None}
    if isinstance(output, (tuple, list)):
        return {i: part for i, part in enumerate(output) if part is not None}
    return {0: output}


def _as_numpy(output: Any) -> np.ndarray:
    plain = output.detach().float().cpu() if isinstance(output, Tensor) else output
    return np.asarray(plain, dtype=np.float32)


def _run_torch(module: nn.Module, device: torch.device) -> Callable[[np.ndarray], Any]:
    module = module.to(device)
    weights = (p.dtype for p in module.parameters() if p.is_floating_point())
    dtype = next(weights, torch.float32)

    def run(batch: np.ndarray) -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(batch).to(device, dtype))

    return run


def _run_onnx(session: Any) -> Callable[[np.ndarray], Any]:
    first, *others = session.get_inputs()
    if others:
        names = [one.name for one in (first, *others)]
        raise ValueError(f"The model takes several inputs, {names}: windows are one.")
    dtype = ONNX_DTYPES.get(first.type, np.float32)
    outputs = [one.name for one in session.get_outputs()]

    def run(batch: np.ndarray) -> Any:
        found = session.run(None, {first.name: batch.astype(dtype, copy=False)})
        return dict(zip(outputs, found, strict=True)) if len(outputs) > 1 else found[0]

    return run


@lru_cache(maxsize=2)
def _opened(path: Path, modified: int, size: int) -> Any:
    """Open a file with a model once for all folds; `modified` and `size` tell other contents."""
    if path.suffix == ".pt2":
        with reading(path, "a program of torch.export"):
            return torch.export.load(path)
    onnxruntime = library("onnxruntime", "ONNX models are run", "onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with reading(path, "an ONNX model"):
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _input_of(program: ExportedProgram) -> Any:
    names = program.graph_signature.user_inputs
    if len(names) > 1:
        raise ValueError(f"The model takes several inputs, {list(names)}: windows are one.")
    return next(node for node in program.graph.nodes if node.name == names[0])


def _fixed(shape: Any) -> tuple[tuple[int | None, ...], int | None]:
    """Read off a declared shape where the lead is, and how many windows there must be."""
    if not shape:  # an ONNX file may leave it out
        return CHANNEL_AXES, None
    n_windows, *others = [size if isinstance(size, int) else None for size in shape]
    if len(others) < 2:
        return (None,), n_windows
    axes = tuple(i for i, size in enumerate(others, 1) if size in (1, None))
    if len(others) > 2 or not axes:
        raise ValueError(
            f"The model takes batches of shape {tuple(shape)}; those of one lead are "
            "(n_windows, n_times), (n_windows, 1, n_times) or (n_windows, n_times, 1)."
        )
    return axes, n_windows
