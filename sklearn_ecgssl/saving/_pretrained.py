"""`save_pretrained` and `from_pretrained`: an estimator in a folder, without pickle.

The folder holds ``config.json`` and one file of weights, which is named after its own checksum.
Weights are written first; replacing ``config.json``, which names them, makes them count. So a
reader, a crash or a full disk meets the old version or the new one.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from numbers import Real
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import safetensors.torch
import torch
from filelock import FileLock
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from .. import __version__, transforms
from .._checks import check_choice
from .._files import UnreadableFileError, reading, write_whole
from ._json import Encoder, decode
from ._preparation import STEPS, check_preparation, rate_of

CONFIG = "config.json"
LOCK = ".lock"
FORMAT = "sklearn_ecgssl pretrained"
#: Raised whenever an older package could not read what a newer one writes.
FORMAT_VERSION = 1
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

Estimator = TypeVar("Estimator", bound=BaseEstimator)

#: Classes that a folder may hold, by name: the steps of a preparation, the package's
#: transformations and comparisons, and those that add themselves by `savable` or as subclasses of
#: `PretrainedMixin`.
CLASSES: dict[str, type[BaseEstimator]] = {
    known.__name__: known
    for known in (
        *(FrozenEstimator, Pipeline, *STEPS),
        *(getattr(transforms, name) for name in transforms.__all__),
    )
    if isinstance(known, type)
}


def savable(known: type[Estimator]) -> type[Estimator]:
    """Let a folder hold estimators of a class."""
    CLASSES[known.__name__] = known
    return known


class PretrainedMixin:
    """Save a fitted estimator in a folder that other machines and versions can read."""

    n_features_in_: int

    #: Parameters that say where and how to run, not what was learnt; they are not saved.
    _local_parameters: tuple[str, ...] = (
        "callbacks",
        "checkpoint",
        "device",
        "memory",
        "verbose",
    )

    #: Parameters that are not saved besides: too large for a file of JSON.
    _large_parameters: tuple[str, ...] = ("recorded_noise",)

    #: Attributes that only an estimator from a folder has, about the windows that it learnt from.
    _known_from_folder: tuple[str, ...] = ("sampling_rate_", "preparation_", "_shipped_as")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        CLASSES[cls.__name__] = cls

    def save_pretrained(
        self,
        path: str | os.PathLike[str],
        *,
        sampling_rate: float | None = None,
        dtype: str = "float32",
        preparation: Any = None,
    ) -> Path:
        """Save the fitted estimator: ``config.json`` and a safetensors file, no pickle.

        An earlier version in the folder stays until the new one is whole, also when the process
        is killed or the disk is full. Parameters that are about one machine (`device`, `memory`,
        `checkpoint`, `callbacks`, `verbose`), the state of a RandomState instance, and the
        `recorded_noise` of a `RandomAugmentation` are left out: set the noise again to train on.

        Parameters
        ----------
        path : str or path-like
            The folder, made if it is missing.
        sampling_rate : float or None, default=None
            Of the windows, in Hz. Windows of another rate are refused by the loaded estimator.
            None keeps the rate that it was loaded with.
        dtype : {"float32", "bfloat16"}, default="float32"
            In which the weights are kept. bfloat16 halves the file and rounds them to 8
            significant bits; loaded, they are float32 again.
        preparation : Pipeline, Segmenter or None, default=None
            What makes its windows of recordings: `Resampler`, `ECGFilter`, `TrimmedScaler`, then
            the `Segmenter`, so that others prepare theirs alike. It is written as names and
            parameters, and says the sampling rate. None keeps the one that it was loaded with.

        Returns
        -------
        path : pathlib.Path
            The folder.

        Raises
        ------
        NotFittedError
            If there is nothing to save.
        ValueError
            If `sampling_rate` or `dtype` is not valid, or `preparation` does not end in windows of
            the length that was fitted and of `sampling_rate`.
        TypeError
            If `preparation` holds something else.
        UnreadableFileError
            If the folder holds a ``config.json`` of another program, which is left alone.
        OSError
            If it cannot be written; the earlier version is whole.
        """
        check_is_fitted(self)
        if sampling_rate is not None:
            check_scalar(
                sampling_rate, "sampling_rate", Real, min_val=0, include_boundaries="neither"
            )
        check_choice("dtype", dtype, DTYPES)
        encoder = Encoder(self._local_parameters + self._large_parameters)
        encoded = encoder.encode(self, "")
        rate = saved_rate(self) if sampling_rate is None else float(sampling_rate)
        if preparation is None:
            preparation = getattr(self, "preparation_", None)
        if preparation is not None:
            prepared = check_preparation(preparation, self.n_features_in_, sampling_rate)
            encoded["fitted"]["preparation_"] = encoder.encode(prepared, "preparation_")
            rate = rate_of([step for _, step in prepared.steps])
        encoded["fitted"]["sampling_rate_"] = rate
        tensors = {
            name: torch.tensor(array, dtype=DTYPES[dtype], device="cpu")
            for name, array in encoder.arrays.items()
        }
        folder = Path(path).expanduser()
        _write(folder, encoded, safetensors.torch.save(tensors))
        return folder

    @classmethod
    def from_pretrained(
        cls,
        path: str | os.PathLike[str],
        *,
        device: str = "auto",
        classes: Iterable[type[BaseEstimator]] = (),
    ) -> Self:
        """Load what `save_pretrained` saved, on any machine and device.

        Nothing in the folder is run.

        Parameters
        ----------
        path : str or path-like
            The folder.
        device : str, default="auto"
            Where it shall run: "auto" takes a CUDA GPU where there is one, else the CPU.
        classes : iterable of type, default=()
            Transformations of your own that the estimator was fitted with. No class is imported
            by a name that stands in a file.

        Returns
        -------
        estimator
            Fitted. Its ``sampling_rate_`` is the one that was saved with it, or None;
            ``preparation_`` the Pipeline that makes its windows, if that was saved.

        Raises
        ------
        FileNotFoundError
            If there is no such folder, or no ``config.json`` in it.
        UnreadableFileError
            If it is truncated, altered, of another program or of a newer version; the message
            says which.
        """
        folder = Path(path).expanduser()
        config, arrays = _read(folder)
        known = CLASSES | {one.__name__: one for one in classes}
        name = config["estimator"]["$estimator"]
        if not issubclass(known.get(name, object), cls):
            raise UnreadableFileError(
                f"{folder} holds a {name!r}, not a {cls.__name__}. Use {name}.from_pretrained, if "
                "that is a class of this version."
            )
        with reading(folder):
            estimator = decode(config["estimator"], arrays, known)
            estimator.to_torch()  # refuses weights that do not fit the network
        return estimator.set_params(device=device)


def saved_rate(estimator: Any) -> float | None:
    """Return the rate in Hz that an estimator, or the pretrainer in it, was saved with."""
    pretrainer = getattr(estimator, "pretrainer_", None)
    rate: float | None = getattr(estimator, "sampling_rate_", None)
    return rate or getattr(pretrainer, "sampling_rate_", None)


def _write(folder: Path, encoded: dict[str, Any], weights: bytes) -> None:
    """Write the weights, then the configuration that names them; delete the weights before."""
    folder.mkdir(parents=True, exist_ok=True)
    name = _weights_name(weights)
    config: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "package_version": __version__,
        "weights": name,
        "estimator": encoded,
    }
    if (folder / CONFIG).exists():
        _read_config(folder)  # refuses to replace a folder of another program
    with FileLock(folder / LOCK):  # another writer might delete what this one is about to name
        before = _read_config(folder)["weights"] if (folder / CONFIG).exists() else name
        write_whole(folder / name, weights)
        write_whole(folder / CONFIG, json.dumps(config, indent=1).encode())
        if before != name:
            (folder / Path(before).name).unlink(missing_ok=True)


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read the configuration and the weights that it names."""
    for _ in range(10):  # another process may replace both between the two reads
        config = _read_config(folder)
        file = folder / config["weights"]
        with suppress(FileNotFoundError):
            return config, _read_weights(file)
    raise UnreadableFileError(f"{file} is missing. Copy the whole folder again.")


def _read_config(folder: Path) -> dict[str, Any]:
    file = folder / CONFIG
    with reading(file, "JSON"):
        config = json.loads(file.read_bytes())
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise UnreadableFileError(
            f"{file} is of another program: save_pretrained did not write it."
        )
    if config["format_version"] > FORMAT_VERSION:
        raise UnreadableFileError(
            f"{folder} is of a newer version: sklearn_ecgssl {config['package_version']} wrote it, "
            f"this is {__version__}. Install a newer one."
        )
    return config


def _read_weights(file: Path) -> dict[str, np.ndarray]:
    weights = file.read_bytes()
    if _weights_name(weights) != file.name:
        raise UnreadableFileError(
            f"{file} is truncated or altered: it has another checksum. Copy the folder again."
        )
    with reading(file, "safetensors"):
        tensors = safetensors.torch.load(weights)
    return {name: tensor.float().numpy() for name, tensor in tensors.items()}


def _weights_name(weights: bytes) -> str:
    return f"weights-{hashlib.sha256(weights).hexdigest()[:16]}.safetensors"
