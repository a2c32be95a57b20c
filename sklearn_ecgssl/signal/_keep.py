"""Which windows are kept: a mask of them, or a function that tells by the windows alone."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._recordings import FloatArray

Keep: TypeAlias = Callable[[FloatArray, float], Any] | Any
"""A function of windows and their sampling rate, such as `usable`, or a mask of all windows."""

Mask: TypeAlias = NDArray[np.bool_]

#: What a function must be, for errors.
FUNCTION = "a function of windows and their sampling rate, such as usable"


def kept_windows(
    keep: Keep, recordings: Iterable[FloatArray], n_windows: int, sampling_rate: float
) -> Mask:
    """Mark the windows that are kept, of recordings that are each an array of windows."""
    if callable(keep):
        masks = [kept_of_one(keep, windows, sampling_rate) for windows in recordings]
        kept = np.concatenate(masks)
    else:
        kept = _as_mask(keep, n_windows, f"keep must be {FUNCTION}, or a mask, an array")
    if not kept.any():
        raise ValueError(
            f"keep leaves none of {n_windows} windows. Is sampling_rate right? SignalQuality shows "
            "what `usable` misses; a function of your own may ask for less."
        )
    return kept


def kept_of_one(
    keep: Callable[[FloatArray, float], Any], windows: FloatArray, sampling_rate: float
) -> Mask:
    """Ask a function which windows of a recording are kept."""
    name = getattr(keep, "__name__", "keep")
    kept = keep(windows, float(sampling_rate))
    return _as_mask(kept, len(windows), f"{name} (keep) must return a mask, an array")


def left_out(kept: Mask, recording: NDArray[np.intp], subject: NDArray | None = None) -> str:
    """Say how many windows are left out, and of how many recordings and people nothing is left."""
    groups = {"recordings": recording} | ({} if subject is None else {"people": subject})
    text = f"{np.count_nonzero(~kept)} of {len(kept)} windows are left out"
    gone = []
    for name, group in groups.items():
        n_all, n_kept = len(np.unique(group)), len(np.unique(group[kept]))
        if n_kept < n_all:
            gone.append(f"{n_all - n_kept} of {n_all} {name}")
    return f"{text}, all those of {' and '.join(gone)}" if gone else text


def _as_mask(values: Any, n_windows: int, must_be: str) -> Mask:
    mask = np.asarray(values)
    if mask.dtype == object and all(isinstance(one, bool | np.bool_) for one in mask.ravel()):
        mask = mask.astype(bool)  # a column of pandas that may have missing values, and has none
    if mask.dtype != bool or mask.shape != (n_windows,):
        raise ValueError(
            f"{must_be} of bool with one value for each of {n_windows} windows, got {mask.dtype} "
            f"of shape {mask.shape}."
        )
    return mask
