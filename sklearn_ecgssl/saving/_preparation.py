"""What is done to recordings before an encoder sees them, as steps that a folder can name."""

from typing import Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline, make_pipeline

from ..signal import ECGFilter, Resampler, Segmenter, TrimmedScaler

STEPS = (Resampler, ECGFilter, TrimmedScaler, Segmenter)


def check_preparation(preparation: Any, n_times: int, sampling_rate: float | None) -> Pipeline:
    """Return the steps of a preparation, unfitted, that ends in the windows of an encoder."""
    is_pipeline = isinstance(preparation, Pipeline)
    steps = [step for _, step in preparation.steps] if is_pipeline else [preparation]
    for step in steps:
        if type(step) not in STEPS:
            raise TypeError(
                f"preparation cannot hold {step!r:.80}: a folder can name "
                f"{', '.join(one.__name__ for one in STEPS)}, alone or in a Pipeline."
            )
    if [type(step) for step in steps].count(Segmenter) != 1 or type(steps[-1]) is not Segmenter:
        raise ValueError(
            "preparation must end in a Segmenter, and have no other: an encoder takes windows."
        )
    length, _ = steps[-1]._window_samples()
    if length != n_times:
        raise ValueError(
            f"preparation cuts windows of {length} samples, and the encoder learnt from windows of "
            f"{n_times}: change window_length or sampling_rate of its Segmenter."
        )
    rate = rate_of(steps)
    if sampling_rate is not None and rate != sampling_rate:
        raise ValueError(
            f"preparation gives windows of {rate:g} Hz, and sampling_rate={sampling_rate:g} Hz: "
            "correct either, or leave sampling_rate out."
        )
    prepared: Pipeline = clone(preparation if is_pipeline else make_pipeline(preparation))
    return prepared


def rate_of(steps: list[Any]) -> float:
    """Return the rate in Hz of what comes out of steps, at least one of which has a rate."""
    rate: float | None = None
    for step in steps:
        of_input = getattr(step, "original_rate", getattr(step, "sampling_rate", rate))
        if rate not in (None, of_input):
            raise ValueError(
                f"preparation gives {type(step).__name__} recordings of {rate:g} Hz, and it is set "
                f"for {of_input:g} Hz: give all steps the rate that they get."
            )
        rate = getattr(step, "sampling_rate", rate)
    assert rate is not None, "a Segmenter has a rate"
    return float(rate)
