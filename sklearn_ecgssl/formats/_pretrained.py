"""`save_pretrained` and `from_pretrained`, for estimators whose fitted state is numpy."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._files import UnreadableFileError
from ._estimators import Encoder, decode
from ._folder import read_folder, write_folder

KIND = "pretrained"


class PretrainedMixin:
    """Save a fitted estimator in a folder that other machines and versions can read.

    A subclass says which classes may stand in its folders (`_saved_classes`), what is worth
    knowing about its training (`_summary`).
    """

    n_features_in_: int

    #: Parameters that say where and how to run, not what was learnt; they are not saved.
    _local_parameters: tuple[str, ...] = (
        "callbacks",
        "checkpoint",
        "device",
        "memory",
        "verbose",
    )

    def save_pretrained(
        self,
        path: str | os.PathLike[str],
        *,
        sampling_rate: float | None = None,
        dtype: str = "float32",
    ) -> Path:
        """Save the fitted estimator: ``config.json`` and ``weights.safetensors``, no pickle.

        An earlier version in the folder stays until the new one is whole, also when the process
        is killed or the disk is full. Parameters that are about one machine (`device`, `memory`,
        `checkpoint`, `verbose`), and the state of a RandomState instance, are left out.

        Parameters
        ----------
        path : str or path-like
            The folder, made if it is missing.
        sampling_rate : float or None, default=None
            Of the windows, in Hz, for those who will use it: the estimator itself never asks.
            None keeps what `from_pretrained` read.
        dtype : {"float32", "bfloat16"}, default="float32"
            In which the weights are kept. bfloat16 halves the file and rounds them to 8
            significant bits; loaded, they are float32 again.

        Returns
        -------
        path : pathlib.Path
            The folder.

        Raises
        ------
        NotFittedError
            If there is nothing to save.
        ValueError
            If `sampling_rate` or `dtype` is none.
        UnreadableFileError
            If the folder holds a ``config.json`` of something else, which is left alone.
        OSError
            If it cannot be written; the earlier version is whole.
        RuntimeError
            If another process is writing into it.
        """
        check_is_fitted(self)
        rate = self._known_rate() if sampling_rate is None else sampling_rate
        _check_rate(rate)
        if dtype not in ("float32", "bfloat16"):
            raise ValueError(f'dtype must be "float32" or "bfloat16", got {dtype!r}.')
        encoder = Encoder(self._local_parameters)
        encoded = encoder.encode(self, "")
        encoded["fitted"].pop("sampling_rate_", None)  # it is said below
        n_times = int(self.n_features_in_)
        content = {
            "class": type(self).__name__,
            "n_times": n_times,
            "sampling_rate": None if rate is None else float(rate),
            "window_length": None if rate is None else n_times / float(rate),
            **self._summary(),
            "parameters": encoded["parameters"],
            "fitted": encoded["fitted"],
        }
        rounded = _weights(encoder.arrays) if dtype == "bfloat16" else []
        return write_folder(path, KIND, content, encoder.arrays, rounded)

    def _known_rate(self) -> float | None:
        """Give the rate that this, or else the pretrainer in it, was saved with."""
        inner = getattr(self, "pretrainer_", None)
        own: float | None = getattr(self, "sampling_rate_", None)
        return own or getattr(inner, "sampling_rate_", None)

    @classmethod
    def from_pretrained(
        cls,
        path: str | os.PathLike[str],
        *,
        device: str = "auto",
        classes: Iterable[type[BaseEstimator]] = (),
    ) -> Self:
        """Load what `save_pretrained` saved, on any machine and device.

        Nothing in the folder is run. Sizes and checksums are verified, and the weights must be
        those of the network that the parameters describe.

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
            Fitted. Its ``sampling_rate_`` is the one that was saved with it, or None.

        Raises
        ------
        FileNotFoundError
            If there is no such folder.
        UnreadableFileError
            If it is truncated, altered, foreign or of a newer version; the message says which.
        """
        config, arrays = read_folder(path, KIND)
        allowed = [*cls._saved_classes(), *classes]
        try:
            _check_class(config.get("class"), cls, allowed)
            saved = {"$estimator": config["class"]}
            saved |= {name: config.get(name) for name in ("parameters", "fitted")}
            estimator = decode(saved, arrays, allowed, cls._local_parameters)
            _check_rate(config.get("sampling_rate"))
            estimator.to_torch()  # weights that are not those of the network are refused
        except Exception as error:  # checksums are right, so only a forger meets what this raises
            raise UnreadableFileError(f"{path} cannot be used: {error}") from error
        estimator.sampling_rate_ = config.get("sampling_rate")
        return estimator.set_params(device=device)

    @classmethod
    def _saved_classes(cls) -> list[type[BaseEstimator]]:
        """List the classes that may stand in a folder of this one."""
        raise NotImplementedError

    def _summary(self) -> dict[str, Any]:
        """Say what a reader of the configuration wants to know; nothing is loaded from it."""
        raise NotImplementedError


def training_summary(history: list[dict[str, float]]) -> dict[str, Any]:
    """Sum up a training for a configuration.

    Parameters
    ----------
    history : list of dict
        One dict an epoch.

    Returns
    -------
    dict
        How many epochs there were, and the figures of the last one.
    """
    return {"n_epochs": len(history), "last_epoch": dict(history[-1]) if history else None}


def _weights(arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Name the weights of networks among what an estimator holds."""
    return [
        name
        for name, array in arrays.items()
        if "state_" in name.split("/") and array.dtype == np.float32
    ]


def _check_class(name: Any, cls: type, allowed: list[type[BaseEstimator]]) -> None:
    if name not in {known.__name__ for known in allowed if issubclass(known, cls)}:
        raise UnreadableFileError(
            f"it holds a {str(name)[:80]!r}, not a {cls.__name__}. Use {str(name)[:80]}"
            ".from_pretrained, if that is a class of this version."
        )


def _check_rate(rate: Any) -> None:
    if rate is None:
        return
    if (
        not isinstance(rate, (int, float, np.number))
        or isinstance(rate, bool)
        or not 0 < rate < float("inf")
    ):
        raise ValueError(f"sampling_rate must be a number of Hz above 0, got {rate!r}.")
