"""What is done to the recordings of one person."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from ...formats import parameter_facts
from ...signal import scale_subjects
from ...signal._resample import rational_ratio, resample_recording

#: Raised when the same settings give other numbers than before.
_VERSION = 1

#: Share of the extremes at either end that the standard deviation leaves out, by kind of scaling.
TRIMS = {"trimmed": 0.025, "standard": 0.0}

#: The unit of recordings that are scaled.
SCALED = "standard deviation"


@dataclass(frozen=True)
class Recipe:
    """Resample, transform, scale.

    Parameters
    ----------
    sampling_rate : float or None
        To which all recordings are resampled; None leaves them.
    transformer : estimator or None
        Takes a list of recordings and returns one, such as `ECGFilter` or a Pipeline.
    scale : {"trimmed", "standard", None}
        How all recordings of a person are scaled together.
    """

    sampling_rate: float | None = None
    transformer: BaseEstimator | None = None
    scale: str | None = None

    def __post_init__(self) -> None:
        if self.sampling_rate is not None:
            rational_ratio(1, self.sampling_rate)
        if self.transformer is not None and not hasattr(self.transformer, "fit_transform"):
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
        """Prepare the recordings of one person.

        Parameters
        ----------
        recordings : list of ndarray of shape (n_times,)
            All of them.
        rates : sequence of float
            Their sampling rates in Hz.

        Returns
        -------
        prepared : list of float32 ndarray of shape (n_times,)
            As many.
        rates : list of float
            Their sampling rates now.

        Raises
        ------
        ValueError
            If a recording cannot be resampled, transformed or scaled.
        """
        prepared, rates = list(recordings), list(rates)
        if self.sampling_rate is not None:
            prepared = [
                resample_recording(
                    recording, *rational_ratio(rate, self.sampling_rate), name=f"recording {i}"
                )
                for i, (recording, rate) in enumerate(zip(recordings, rates, strict=True))
            ]
            rates = [float(self.sampling_rate)] * len(prepared)
        if self.transformer is not None:
            for rate in dict.fromkeys(rates):
                check_rate(self.transformer, rate, "transformer")
            prepared = _transformed(clone(self.transformer), prepared)
        if self.scale is not None:
            one_person = np.zeros(len(prepared))
            prepared = list(scale_subjects(prepared, one_person, trim=TRIMS[self.scale]))
        return prepared, rates

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
    """Check that an estimator, and those in it, are for recordings of a rate.

    Parameters
    ----------
    estimator : estimator
        Such as `ECGFilter`, or a Pipeline.
    rate : float
        Of the recordings, in Hz.
    name : str
        What the estimator is, for the error.

    Raises
    ------
    ValueError
        If a parameter `sampling_rate` is another.
    """
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    for key, value in parameters.items():
        if key.split("__")[-1] == "sampling_rate" and value != rate:
            raise ValueError(
                f"{name} has {key}={value!r}, but the recordings that it gets are at {rate:g} Hz: "
                "make them equal. To resample, pass sampling_rate to prepare."
            )


def _transformed(transformer: BaseEstimator, recordings: list[np.ndarray]) -> list[np.ndarray]:
    transformed = transformer.fit_transform(recordings)
    if len(transformed) != len(recordings) or any(np.ndim(one) != 1 for one in transformed):
        raise ValueError(
            f"transformer must return one recording for each of {len(recordings)}, but "
            f"{type(transformer).__name__} does not. To cut windows, pass segmenter."
        )
    return [np.asarray(one, dtype=np.float32) for one in transformed]
