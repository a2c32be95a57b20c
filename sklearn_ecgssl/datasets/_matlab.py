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


def entry(path: Path, name: str, structure: Any, field: str) -> Any:
    """Return a field of a structure."""
    if not isinstance(structure, dict) or field not in structure:
        has = ", ".join(structure) if isinstance(structure, dict) else type(structure).__name__
        raise UnreadableFileError(f"{path}: {name} has no field {field!r}; it is {has or 'empty'}.")
    return structure[field]


def cells(value: Any) -> list[Any]:
    """Return what is in cells, of which scipy squeezes a single one."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return list(value.ravel())
    if isinstance(value, np.ndarray) and value.size == 0:
        return []
    return value if isinstance(value, list) else [value]


def columns(path: Path, name: str, value: Any, wanted: dict[str, int]) -> dict[str, np.ndarray]:
    """Return columns of a matrix by name; empty ones if it is empty or a single NaN."""
    matrix = np.asarray(value)
    if matrix.size == 0 or (
        matrix.size == 1 and matrix.dtype.kind == "f" and np.isnan(matrix).all()
    ):
        return {one: np.zeros(0) for one in wanted}
    last = max(wanted.values())
    if matrix.ndim != 2 or matrix.shape[1] <= last or matrix.dtype.kind not in "iuf":
        raise UnreadableFileError(
            f"{path}: {name} should have {last + 1} columns of numbers or more, but is "
            f"{matrix.dtype} of shape {' x '.join(map(str, matrix.shape))}."
        )
    return {one: matrix[:, at].copy() for one, at in wanted.items()}


def timed_columns(
    path: Path, name: str, value: Any, wanted: dict[str, int], sampling_rate: float
) -> dict[str, np.ndarray]:
    """Return columns by name; warn unless column 0, time in ms, goes on as the rate says."""
    found = columns(path, name, value, {"time": 0, **wanted})
    steps = np.diff(found.pop("time").astype(np.float64))
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
    return found


def numbers(path: Path, name: str, value: Any, *shape: int) -> np.ndarray:
    """Return numbers of a shape, whose dimensions of 1 scipy squeezes."""
    found = np.asarray(value)
    if found.dtype.kind not in "biuf" or found.size != np.prod(shape, dtype=int):
        raise UnreadableFileError(
            f"{path}: {name} should be numbers of shape {' x '.join(map(str, shape))}, but is "
            f"{found.dtype} of shape {' x '.join(map(str, found.shape))}."
        )
    return found.reshape(shape).astype(np.float64)


def warn_of_ratings(
    path: Path, name: str, ratings: np.ndarray, low: float, high: float, scale: str = ""
) -> None:
    """Warn of ratings outside of a scale, NaN aside."""
    lowest, highest = np.nanmin(ratings), np.nanmax(ratings)
    if lowest < low or highest > high:
        warnings.warn(
            f"{path}: {name} should be {scale or f'from {low} to {high}'}, but are from "
            f"{lowest:g} to {highest:g}.",
            stacklevel=3,
        )
