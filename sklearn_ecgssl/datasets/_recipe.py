"""What is done to the recordings of one person."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose
from numbers import Real
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_scalar

from .._checks import check_choice
from ..signal import Segmenter, scale_subjects
from ..signal._keep import FUNCTION, Keep
from ..signal._resample import rational_ratio, resample_recording

#: Raised when the same settings give other numbers than before.
_VERSION = 3
#: Share of the extremes at either end that the standard deviation leaves out, by kind of scaling.
_TRIMS = {"trimmed": 0.025, "standard": 0.0}
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
        if self.sampling_rate is not None:
            check_scalar(
                self.sampling_rate, "sampling_rate", Real, min_val=0, include_boundaries="neither"
            )
            if self.transformer is not None:
                check_rate(self.transformer, self.sampling_rate, "transformer")
        check_choice("scale", self.scale, (*_TRIMS, None))

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
            transformed = clone(self.transformer).fit_transform(prepared)
            if len(transformed) != len(prepared) or any(np.ndim(one) != 1 for one in transformed):
                raise ValueError(
                    f"transformer must return one recording for each of {len(prepared)}, but "
                    f"{type(self.transformer).__name__} does not. To cut windows, pass segmenter."
                )
            prepared = [np.asarray(one, dtype=np.float32) for one in transformed]
        if self.scale is not None:
            one_person = np.zeros(len(prepared))
            prepared = list(scale_subjects(prepared, one_person, trim=_TRIMS[self.scale]))
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


class Cut(NamedTuple):
    """How recordings become windows: by which segmenter, what of short ones, which are kept."""

    segmenter: Segmenter
    short: str
    keep: Keep | None = None

    def checked(self, rate: float | None) -> "Cut":
        """Check the parameters; `rate` is that of the recordings, where it is known."""
        check_choice("short", self.short, ("drop", "raise"))
        if self.keep is not None and not callable(self.keep):
            raise TypeError(
                f"keep must be {FUNCTION}, got {self.keep!r:.80}. A mask is for "
                "Segmenter.windows and compare_protocols, where the windows are known."
            )
        if rate is not None:
            check_rate(self.segmenter, rate, "segmenter")
        return self

    def is_long(self, lengths: Sequence[int], names: Sequence[str]) -> list[bool]:
        """Tell which recordings are as long as a window; with ``short="raise"`` all must be."""
        is_long = [self.segmenter.count(n_times) > 0 for n_times in lengths]
        if self.short == "raise" and not all(is_long):
            i = is_long.index(False)
            raise ValueError(
                f"{names[i]} has {lengths[i]} samples, less than a window of {self.segmenter!r}; "
                f"so have {is_long.count(False)} of {len(lengths)} recordings. "
                'short="drop" leaves them out.'
            )
        return is_long

    def key(self) -> str:
        """Sum up which windows there are."""
        try:
            return cache_key(self.segmenter, *([] if self.keep is None else [self.keep]))
        except pickle.PicklingError as error:
            raise ValueError(
                f"Windows are found again by the name of keep, and {self.keep!r} has none: define "
                "it in a module, not inside a function or as a lambda."
            ) from error


def cache_key(*values: Any) -> str:
    """Sum up values in a few characters; estimators by their classes and parameters."""
    unfitted = [clone(one) if isinstance(one, BaseEstimator) else one for one in values]
    return str(joblib.hash([_VERSION, *unfitted]))[:12]


def check_rate(estimator: BaseEstimator, rate: float, name: str) -> None:
    """Check that an estimator, and those in it, are for recordings of a rate in Hz."""
    for key, value in estimator.get_params().items():
        is_rate = key.split("__")[-1] == "sampling_rate"
        if is_rate and not isclose(value, rate, rel_tol=_SAME_RATE):
            raise ValueError(
                f"{name} has {key}={value!r}, but the recordings that it gets are at {rate:g} Hz: "
                "make them equal. To resample, pass sampling_rate."
            )
