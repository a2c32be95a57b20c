"""What is done to the recordings of one person."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from ..formats import parameter_facts
from ..signal import Segmenter, scale_subjects
from ..signal._resample import rational_ratio, resample_recording

#: Raised when the same settings give other numbers than before.
_VERSION = 2
#: Share of the extremes at either end that the standard deviation leaves out, by kind of scaling.
TRIMS = {"trimmed": 0.025, "standard": 0.0}
#: Relative difference of rates that are computed from time stamps, and mean the same.
_SAME_RATE = 1e-6
#: The unit of recordings that are scaled.
SCALED = "standard deviation"


@dataclass(frozen=True)
class Recipe:
    """Resample, transform, scale all recordings of a person together; None leaves a step out."""

    sampling_rate: float | None = None
    transformer: BaseEstimator | None = None
    scale: str | None = None

    def __post_init__(self) -> None:
        if self.sampling_rate is not None and not self.sampling_rate > 0:
            raise ValueError(f"sampling_rate must be above 0 Hz, got {self.sampling_rate!r}.")
        is_class = isinstance(self.transformer, type)
        if self.transformer is not None and (
            is_class or not hasattr(self.transformer, "fit_transform")
        ):
            raise TypeError(
                "transformer must be an estimator with fit_transform, such as "
                f"ECGFilter(sampling_rate=256), or None, got {self.transformer!r}."
            )
        if self.transformer is not None and self.sampling_rate is not None:
            check_rate(self.transformer, self.sampling_rate, "transformer")
        if self.scale is not None and self.scale not in TRIMS:
            raise ValueError(f'scale must be "trimmed", "standard" or None, got {self.scale!r}.')

    def apply(
        self, recordings: Sequence[np.ndarray], rates: Sequence[float]
    ) -> tuple[list[np.ndarray], list[float]]:
        """Prepare the recordings of one person; return them, and their rates now."""
        prepared, rates = list(recordings), list(rates)
        if self.sampling_rate is not None:
            for i, (recording, rate) in enumerate(zip(recordings, rates, strict=True)):
                ratio = rational_ratio(rate, self.sampling_rate, len(recording))
                prepared[i] = resample_recording(recording, *ratio, name=f"recording {i}")
            rates = [float(self.sampling_rate)] * len(prepared)
        if self.transformer is not None:
            for rate in dict.fromkeys(rates):
                check_rate(self.transformer, rate, "transformer")
            prepared = _transformed(clone(self.transformer), prepared)
        if self.scale is not None:
            one_person = np.zeros(len(prepared))
            prepared = list(scale_subjects(prepared, one_person, trim=TRIMS[self.scale]))
        return prepared, rates

    def apply_to_each(
        self, recordings: Sequence[np.ndarray], rates: Sequence[float], subject: np.ndarray
    ) -> list[np.ndarray]:
        """Prepare the recordings of several people, one person after the other."""
        prepared: list[np.ndarray] = [np.empty(0)] * len(recordings)
        for person in dict.fromkeys(subject.tolist()):
            own = np.flatnonzero(subject == person).tolist()
            try:
                signals, _ = self.apply([recordings[i] for i in own], [rates[i] for i in own])
            except ValueError as error:
                raise ValueError(f"{person}: {error}") from error
            for i, signal in zip(own, signals, strict=True):
                prepared[i] = signal
        return prepared

    def key(self, *others: Any) -> str:
        """Sum up the settings, and what else can be JSON, in a few characters."""
        try:
            one = self.transformer
            steps = None if one is None else parameter_facts(one, ("memory",))
        except TypeError as error:
            raise TypeError(
                "transformer must be known again by its parameters. For functions, write a "
                f"transformer class of your own. {error}"
            ) from error
        facts = [_VERSION, self.sampling_rate, steps, self.scale, *others]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]


def check_rate(estimator: BaseEstimator, rate: float, name: str) -> None:
    """Check that an estimator, and those in it, are for recordings of a rate in Hz."""
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    for key, value in parameters.items():
        is_rate = key.split("__")[-1] == "sampling_rate"
        if is_rate and not isclose(value, rate, rel_tol=_SAME_RATE):
            raise ValueError(
                f"{name} has {key}={value!r}, but the recordings that it gets are at {rate:g} Hz: "
                "make them equal. To resample, pass sampling_rate."
            )


def check_short(
    short: str, segmenter: Segmenter, lengths: Sequence[int], names: Sequence[str]
) -> list[bool]:
    """Tell which recordings are as long as a window; with ``short="raise"`` all must be."""
    is_long = [segmenter.count(n_times) > 0 for n_times in lengths]
    if short == "raise" and not all(is_long):
        i = is_long.index(False)
        raise ValueError(
            f"{names[i]} has {lengths[i]} samples, less than a window of {segmenter!r}; so have "
            f'{is_long.count(False)} of {len(lengths)} recordings. short="drop" leaves them out.'
        )
    return is_long


def _transformed(transformer: BaseEstimator, recordings: list[np.ndarray]) -> list[np.ndarray]:
    transformed = transformer.fit_transform(recordings)
    if len(transformed) != len(recordings) or any(np.ndim(one) != 1 for one in transformed):
        raise ValueError(
            f"transformer must return one recording for each of {len(recordings)}, but "
            f"{type(transformer).__name__} does not. To cut windows, pass segmenter."
        )
    return [np.asarray(one, dtype=np.float32) for one in transformed]
