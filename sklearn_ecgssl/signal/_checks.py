"""Checks of what recordings hold."""

from __future__ import annotations

from ._recordings import FloatArray


def check_not_flat(x: FloatArray, name: str) -> None:
    """Raise ValueError if all samples of a recording (of more than one) are equal.

    Parameters
    ----------
    x : ndarray of shape (n_times,)
        The recording.
    name : str
        What the message calls it, such as "recording 3".
    """
    if len(x) > 1 and x.min() == x.max():
        raise ValueError(
            f"{name} is flat: all its {len(x)} samples are {x[0]:g}. Was the sensor off, or the "
            "lead empty? Leave it out."
        )
