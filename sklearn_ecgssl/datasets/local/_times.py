"""Time stamps of samples."""

from pathlib import Path

import numpy as np

from ...formats import UnreadableFileError

_TOLERANCE = 0.05


def check_times(path: Path, name: str, times: np.ndarray, sampling_rate: float) -> None:
    """Check that time goes on by one sample at a time.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the error.
    name : str
        Of the array whose column 0 they are.
    times : ndarray of shape (n_times,)
        In ms, perhaps with gaps, of samples that should be at `sampling_rate`.
    sampling_rate : float
        In Hz.
    """
    steps = np.diff(times.astype(np.float64))
    steps = steps[np.isfinite(steps)]
    if not steps.size:
        return
    step, expected = float(np.median(steps)), 1000 / sampling_rate
    # Gaps leave the median as it is. Samples that arrive, and are stamped, in packets leave the
    # mean as it is.
    off = min(abs(step - expected), abs(float(np.mean(steps)) - expected))
    if off > _TOLERANCE * expected:
        raise UnreadableFileError(
            f"{path}: column 0 of {name} should be time in ms at {sampling_rate:g} Hz, which goes "
            f"on by {expected:.3f}, but by {step:.6g}."
        )
