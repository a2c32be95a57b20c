"""Time stamps of samples."""

import warnings
from pathlib import Path

import numpy as np


def warn_of_times(path: Path, name: str, times: np.ndarray, sampling_rate: float) -> None:
    """Warn unless times in ms go on as samples at a rate do, gaps and packets aside."""
    steps = np.diff(times.astype(np.float64))
    steps = steps[np.isfinite(steps)]
    expected = 1000 / sampling_rate
    # Gaps leave the median as it is; packets of samples with one stamp leave the mean as it is.
    if steps.size and min(abs(np.median(steps) - expected), abs(steps.mean() - expected)) > (
        0.05 * expected
    ):
        warnings.warn(
            f"{path}: column 0 of {name} should be time in ms at {sampling_rate:g} Hz, which goes "
            f"on by {expected:.3f}, but goes on by {np.median(steps):.6g}.",
            stacklevel=3,
        )
