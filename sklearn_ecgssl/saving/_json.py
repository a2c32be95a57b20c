"""Estimators as JSON values and arrays, and back.

JSON has no tuples, arrays or estimators. An object with a key that begins with ``$`` stands for
each:

======================================================== =======================================
``{"$tuple": [...]}``                                    a tuple
``{"$dict": [[key, value], ...]}``                       a dict whose keys are not all strings
``{"$tensor": "name"}``                                  a float32 array, in the file of weights
``{"$array": [...], "dtype": ...}``                      any other array
``{"$estimator": "Class", "params": {}, "fitted": {}}``  an estimator
======================================================== =======================================
"""

import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator


class Encoder:
    """Turn estimators into JSON values; collect their float32 arrays in `arrays` by name.

    `leave_out` names parameters that are not encoded, in whichever estimator they are.
    """

    def __init__(self, leave_out: Collection[str]) -> None:
        self.leave_out = leave_out
        self.arrays: dict[str, np.ndarray] = {}

    def encode(self, value: Any, name: str) -> Any:
        """Return what JSON can hold; `name` says where the value stands."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if isinstance(value, np.random.RandomState):
            return None  # its state has moved on since the fit
        if isinstance(value, np.ndarray) and "state_/" in name:  # weights; all else stays exact
            return {"$tensor": self._add(value, name)}
        if isinstance(value, np.ndarray):
            return {"$array": self.encode(value.tolist(), name), "dtype": value.dtype.str}
        if isinstance(value, list):
            return [self.encode(item, f"{name}/{i}") for i, item in enumerate(value)]
        if isinstance(value, tuple):
            return {"$tuple": self.encode(list(value), name)}
        if isinstance(value, Mapping):
            if all(isinstance(key, str) for key in value):
                return self._encode_items(value, name)
            return {"$dict": self.encode([list(item) for item in value.items()], name)}
        if isinstance(value, BaseEstimator):
            params = value.get_params(deep=False)
            params = {key: param for key, param in params.items() if key not in self.leave_out}
            fitted = {key: one for key, one in vars(value).items() if key.endswith("_")}
            return {
                "$estimator": type(value).__name__,
                "params": self._encode_items(params, name),
                "fitted": self._encode_items(fitted, name),
            }
        raise TypeError(
            f"{name} cannot be saved: it is a {type(value).__name__}. Plain values, arrays and "
            "estimators can."
        )

    def _encode_items(self, items: Mapping[str, Any], name: str) -> dict[str, Any]:
        inside = f"{name}/" if name else ""
        return {key: self.encode(item, inside + key) for key, item in items.items()}

    def _add(self, array: np.ndarray, name: str) -> str:
        """Add an array and return its name; one that several places share is added once."""
        for known, other in self.arrays.items():
            if other is array:
                return known
        self.arrays[name] = array
        return name


def decode(
    value: Any, arrays: Mapping[str, np.ndarray], classes: Mapping[str, type[BaseEstimator]]
) -> Any:
    """Undo `Encoder.encode`. Estimators are made of `classes`: none is imported by its name."""
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
