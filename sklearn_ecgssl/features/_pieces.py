"""From signals at one rate to the windows that a model learnt from: resampled, cut, scaled."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ..signal._resample import rational_ratio, resample_recording

#: Makes a model's windows (n_windows, n_times), float32, out of others.
Scaling = Callable[[np.ndarray], np.ndarray]

#: Fraction of the sorted samples left out at either end, as TrimmedScaler does.
TRIM = 0.025


def standard(X: np.ndarray) -> np.ndarray:
    """Scale each window to mean 0 and standard deviation 1."""
    return _divided(X, X.std(axis=1, keepdims=True))


def trimmed(X: np.ndarray) -> np.ndarray:
    """Scale each window to mean 0 and a standard deviation of 1 without its extremes."""
    first = int(TRIM * X.shape[1])
    last = X.shape[1] - 1 - first
    middle = np.partition(X, (first, last), axis=1)[:, first : last + 1]
    return _divided(X, middle.std(axis=1, keepdims=True))


def minmax(X: np.ndarray) -> np.ndarray:
    """Scale each window to the range from 0 to 1."""
    low = X.min(axis=1, keepdims=True)
    span = X.max(axis=1, keepdims=True) - low
    return (X - low) / np.where(span > 0, span, 1)


SCALINGS: dict[str, Scaling] = {"standard": standard, "minmax": minmax, "trimmed": trimmed}


def _divided(X: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Subtract the mean and divide; a flat window becomes zeros."""
    return (X - X.mean(axis=1, keepdims=True)) / np.where(by > 0, by, 1)


def n_samples(seconds: float, rate: float) -> int:
    """Count the samples of a window, as Segmenter does."""
    return max(1, round(float(rate) * float(seconds)))


def pieces_of(
    X: np.ndarray, rates: tuple[float, float], n_times: int, scaling: Scaling | None
) -> np.ndarray:
    """Cut each row, after a change of the sampling rate, into whole windows of n_times samples.

    Returns (n_rows, n_pieces, n_times), float32; what is left at the end of a row is dropped.
    """
    resampled = resample_recording(X, *rational_ratio(*rates, X.shape[1]), name="a window")
    n_pieces = resampled.shape[1] // n_times
    if n_pieces == 0:
        raise ValueError(
            f"The model learnt from windows of {n_times} samples at {rates[1]:g} Hz "
            f"({n_times / rates[1]:g} s); these signals have {X.shape[1] / rates[0]:g} s at "
            f"{rates[0]:g} Hz. Make them longer, with window_length of Segmenter; or is input_rate "
            "their rate?"
        )
    pieces = resampled[:, : n_pieces * n_times].reshape(-1, n_times)
    if scaling is not None:
        scaled = np.asarray(scaling(pieces.astype(np.float64)))
        if scaled.shape != pieces.shape:
            raise ValueError(
                f"scaling must return as many windows of as many samples as it is given, "
                f"{pieces.shape}, got {scaled.shape}."
            )
        pieces = scaled
    return pieces.astype(np.float32).reshape(len(X), n_pieces, n_times)


def batches_of(blocks: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Join and cut blocks of windows (n_windows_i, n_times) into batches of `size`."""
    kept: list[np.ndarray] = []
    n_kept = 0
    for block in blocks:
        kept.append(block)
        n_kept += len(block)
        if n_kept < size:
            continue
        joined = np.concatenate(kept)
        whole = len(joined) - len(joined) % size
        for start in range(0, whole, size):
            yield joined[start : start + size]
        kept, n_kept = [joined[whole:]], len(joined) - whole
    if n_kept:
        yield np.concatenate(kept)
