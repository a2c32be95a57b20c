"""MATLAB files, read by scipy."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from .._files import UnreadableFileError, reading


def read_mat(path: Path, *names: str) -> list[Any]:
    """Read variables of a file: cells and structures as scipy's ``simplify_cells`` has them."""
    with reading(path, "a MATLAB file"), open(path, "rb") as stream:
        try:
            found = scipy.io.loadmat(stream, variable_names=list(names), simplify_cells=True)
        except NotImplementedError:
            found = _read_hdf(path)
        lacking = [name for name in names if name not in found]
        if lacking:
            has = ", ".join(_variables(path, found)) or "nothing"
            raise UnreadableFileError(f"{path} has no {', '.join(lacking)}; it has {has}.")
    return [found[name] for name in names]


def _variables(path: Path, found: dict[str, Any]) -> list[str]:
    """Name all variables of a file; of one that is HDF5 all were read."""
    try:
        return [name for name, *_ in scipy.io.whosmat(path)]
    except NotImplementedError:
        return list(found)


def _read_hdf(path: Path) -> dict[str, Any]:
    """Read a file of version 7.3, which is HDF5."""
    try:
        import mat73
    except ImportError:
        raise UnreadableFileError(
            f"{path} is of MATLAB 7.3: pip install mat73, or save it in MATLAB with '-v7'."
        ) from None
    return dict(mat73.loadmat(path))


def cells(value: Any) -> list[Any]:
    """Return what is in cells, of which scipy squeezes a single one."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return list(value.ravel())
    if isinstance(value, np.ndarray) and value.size == 0:
        return []
    return value if isinstance(value, list) else [value]


def columns(value: Any, wanted: dict[str, int]) -> dict[str, np.ndarray]:
    """Return columns of a matrix by name; empty ones if it is empty or a single NaN."""
    matrix = np.asarray(value)
    if matrix.size == 0 or (matrix.size == 1 and np.isnan(matrix).all()):
        return {name: np.zeros(0) for name in wanted}
    return {name: matrix[:, at].copy() for name, at in wanted.items()}


def timed_columns(
    path: Path, value: Any, wanted: dict[str, int], sampling_rate: float
) -> dict[str, np.ndarray]:
    """Return columns by name; warn unless column 0, time in ms, goes on as the rate says."""
    found = columns(value, {"time": 0, **wanted})
    steps = np.diff(found.pop("time").astype(np.float64))
    steps = steps[np.isfinite(steps)]
    expected = 1000 / sampling_rate
    # Gaps leave the median as it is; packets of samples with one stamp leave the mean as it is.
    if steps.size and min(abs(np.median(steps) - expected), abs(steps.mean() - expected)) > (
        0.05 * expected
    ):
        warnings.warn(
            f"{path}: time should go on by {expected:.3f} ms, at {sampling_rate:g} Hz, but goes on "
            f"by {np.median(steps):.6g}.",
            stacklevel=3,
        )
    return found


def numbers(value: Any, *shape: int) -> np.ndarray:
    """Return numbers of a shape, whose dimensions of 1 scipy squeezes."""
    return np.asarray(value, dtype=np.float64).reshape(shape)


def warn_outside(path: Path, name: str, values: Any, low: float, high: float) -> None:
    """Warn of values outside of their scale, NaN aside."""
    values = np.asarray(values)
    if (values < low).any() or (values > high).any():
        warnings.warn(
            f"{path}: {name} should be from {low:g} to {high:g}, but are from "
            f"{np.nanmin(values):g} to {np.nanmax(values):g}.",
            stacklevel=3,
        )
