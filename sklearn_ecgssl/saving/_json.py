"""Estimators as JSON values and arrays, and back.

JSON has no tuples, arrays or estimators. An object with one key that begins with ``$`` stands for
each:

============================================= ============================================
``{"$tuple": [...]}``                         a tuple
``{"$dict": [[key, value], ...]}``            a dict whose keys are not all strings
``{"$tensor": "name"}``                       a float32 array, in the file of the weights
``{"$array": [...], "dtype": ...}``           any other array
``{"$estimator": "Class", "params": {...},``  an estimator with its parameters and its
``"fitted": {...}}``                          fitted attributes
============================================= ============================================
"""

import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator


def encode(
    value: Any, name: str, arrays: dict[str, np.ndarray], leave_out: Collection[str] = ()
) -> Any:
    """Return what JSON can hold; add float32 arrays to `arrays`, named after their place.

    `leave_out` names parameters that are not encoded, in whichever estimator they are.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.random.RandomState):
        return None  # its state has moved on since the fit
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return {"$tensor": _add_array(value, name, arrays)}
    if isinstance(value, np.ndarray):
        items = encode(value.tolist(), name, arrays)
        return {"$array": items, "dtype": value.dtype.str}
    if isinstance(value, (list, tuple)):
        items = [encode(item, f"{name}/{i}", arrays, leave_out) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {"$tuple": items}
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            return {"$dict": encode([list(item) for item in value.items()], name, arrays)}
        return _encode_items(value, name, arrays, leave_out)
    if isinstance(value, BaseEstimator):
        params = value.get_params(deep=False)
        params = {key: param for key, param in params.items() if key not in leave_out}
        fitted = {key: one for key, one in vars(value).items() if key.endswith("_")}
        return {
            "$estimator": type(value).__name__,
            "params": _encode_items(params, name, arrays, leave_out),
            "fitted": _encode_items(fitted, name, arrays, leave_out),
        }
    raise TypeError(
        f"{name} cannot be saved: it is a {type(value).__name__}. Plain values, arrays and "
        "estimators can."
    )


def decode(
    value: Any, arrays: Mapping[str, np.ndarray], classes: Mapping[str, type[BaseEstimator]]
) -> Any:
    """Undo `encode`. Estimators are made of `classes` alone: none is imported by its name."""
    if isinstance(value, list):
        return [decode(item, arrays, classes) for item in value]
    if not isinstance(value, dict):
        return value
    if "$tuple" in value:
        return tuple(decode(value["$tuple"], arrays, classes))
    if "$dict" in value:
        return dict(decode(value["$dict"], arrays, classes))
    if "$tensor" in value:
        return arrays[value["$tensor"]]
    if "$array" in value:
        return np.array(value["$array"], dtype=value["dtype"])
    if "$estimator" not in value:
        return {key: decode(item, arrays, classes) for key, item in value.items()}
    name = value["$estimator"]
    if name not in classes:
        raise ValueError(
            f"it holds a {name!r}, and only {', '.join(sorted(classes))} are expected. If it is a "
            "class of your own, pass it: classes=[...]"
        )
    estimator = classes[name](**decode(value["params"], arrays, classes))
    for key, attribute in decode(value["fitted"], arrays, classes).items():
        setattr(estimator, key, attribute)
    return estimator


def _encode_items(
    items: Mapping[str, Any],
    name: str,
    arrays: dict[str, np.ndarray],
    leave_out: Collection[str],
) -> dict[str, Any]:
    inside = f"{name}/" if name else ""
    return {key: encode(item, inside + key, arrays, leave_out) for key, item in items.items()}


def _add_array(array: np.ndarray, name: str, arrays: dict[str, np.ndarray]) -> str:
    """Add an array and return its name; one that is shared by several places is added once."""
    for other_name, other in arrays.items():
        if other is array:
            return other_name
    arrays[name] = array
    return name
