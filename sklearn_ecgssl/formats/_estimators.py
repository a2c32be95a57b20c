"""Fitted estimators as plain values and arrays, and back, with no class but those expected.

JSON has neither tuples nor arrays nor estimators. An object with one key that begins with ``$``
stands for them:

=================================== ===========================================================
``{"$tuple": [...]}``               a tuple
``{"$dict": [[key, value], ...]}``  a dict whose keys are not all strings
``{"$array": "name"}``              an array of numbers, in the file of the weights
``{"$array": [...], "dtype": ...}`` any other array
``{"$arrays": "name/"}``            a dict of arrays: all whose names begin so
``{"$estimator": "Class", ...}``    an estimator: its "parameters" and what it "fitted"
=================================== ===========================================================
"""

import os
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._files import UnreadableFileError, checksum

_NUMBERS = "biuf"

#: Arrays that are no numbers: text of fixed length, or objects.
_TEXT = re.compile(r"[<>|]?(U\d{1,5}|O)")

#: What such arrays may take, all together: a short file could ask for any number of long texts.
_MAX_TEXT_BYTES = 2**26


class Encoder:
    """Make plain values of estimators; numbers that belong in a binary file are set apart.

    Parameters
    ----------
    leave_out : collection of str, default=()
        Parameters that are not saved, in whichever estimator they stand.

    Attributes
    ----------
    arrays : dict of str to ndarray
        What was set apart. The same array, met again, is not set apart again.
    """

    def __init__(self, leave_out: Collection[str] = ()) -> None:
        self.leave_out = leave_out
        self.arrays: dict[str, np.ndarray] = {}
        # The objects are kept, so that no other can take their ids.
        self._known: dict[int, tuple[Any, str]] = {}

    def encode(self, value: Any, name: str) -> Any:
        """Make a value plain.

        Parameters
        ----------
        value : object
            Plain values, arrays and estimators, in lists, tuples and dicts.
        name : str
            Where it stands, for names of arrays and for errors.

        Returns
        -------
        object
            What JSON can hold.

        Raises
        ------
        TypeError
            If it holds anything else.
        """
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if isinstance(value, np.random.RandomState):
            return None  # a stream that has gone on since says nothing about the fit
        if isinstance(value, np.ndarray):
            return self._array(value, name)
        if isinstance(value, Mapping):
            return self._dict(value, name)
        if isinstance(value, (list, tuple)):
            items = [self.encode(item, f"{name}/{i}") for i, item in enumerate(value)]
            return items if isinstance(value, list) else {"$tuple": items}
        if isinstance(value, BaseEstimator):
            return self._estimator(value, name)
        raise TypeError(
            f"{name} cannot be saved: it is a {type(value).__name__}. Plain values, arrays and "
            "estimators can."
        )

    def _array(self, array: np.ndarray, name: str) -> dict[str, Any]:
        if not _is_weight(array):
            items = self.encode(array.tolist(), name)
            return {"$array": items, "dtype": array.dtype.str}
        return {"$array": self._set_apart(array, name)}

    def _set_apart(self, array: np.ndarray, name: str) -> str:
        known = self._known.setdefault(id(array), (array, name))[1]
        self.arrays.setdefault(known, array)
        return known

    def _dict(self, mapping: Mapping, name: str) -> dict[str, Any]:
        if not all(isinstance(key, str) and not key.startswith("$") for key in mapping):
            pairs = [[key, value] for key, value in mapping.items()]
            return {"$dict": self.encode(pairs, name)}
        if mapping and all(_is_weight(value) for value in mapping.values()):
            known = self._known.setdefault(id(mapping), (mapping, f"{name}/"))[1]
            if known == f"{name}/":
                self.arrays |= {known + key: value for key, value in mapping.items()}
            return {"$arrays": known}
        return {key: self.encode(value, f"{name}/{key}") for key, value in mapping.items()}

    def _estimator(self, estimator: BaseEstimator, name: str) -> dict[str, Any]:
        parameters = estimator.get_params(deep=False)
        own = [key for key in estimator._get_param_names() if key not in self.leave_out]
        fitted = [key for key in vars(estimator) if key.endswith("_") and key[0] != "_"]
        inside = f"{name}/" if name else ""
        return {
            "$estimator": type(estimator).__name__,
            "parameters": {k: self.encode(parameters[k], inside + k) for k in own},
            "fitted": {k: self.encode(getattr(estimator, k), inside + k) for k in fitted},
        }


def parameter_facts(estimator: BaseEstimator, leave_out: Collection[str]) -> dict[str, Any]:
    """Describe an estimator's parameters, to tell whether another fit had the same.

    Parameters
    ----------
    estimator : estimator
        Whose.
    leave_out : collection of str
        Parameters that make no difference, in whichever estimator they stand.

    Returns
    -------
    dict
        What JSON can hold; arrays, such as weights of a fitted pretrainer, by their checksum.
    """
    encoder = Encoder(leave_out)
    parameters = encoder.encode(clone(estimator), "")["parameters"]  # not what it has learnt
    sums = {name: checksum(array) for name, array in sorted(encoder.arrays.items())}
    return {"class": type(estimator).__name__, **parameters, "arrays": sums}


def decode(
    value: Any,
    arrays: Mapping[str, np.ndarray],
    classes: Iterable[type[BaseEstimator]],
    leave_out: Collection[str] = (),
) -> Any:
    """Undo `Encoder.encode`.

    Parameters
    ----------
    value : object
        What it returned.
    arrays : mapping of str to ndarray
        What it set apart.
    classes : iterable of type
        The estimators that may be made; their `__init__` and `_validate_params` run, nothing else.
    leave_out : collection of str, default=()
        Parameters that were not saved and must not be there.

    Returns
    -------
    object
        The value.

    Raises
    ------
    UnreadableFileError
        If it holds anything that `Encoder.encode` would not have made.
    """
    by_name = {known.__name__: known for known in classes}
    try:
        return _Decoder(arrays, by_name, leave_out).decode(value)
    except UnreadableFileError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError, MemoryError) as error:
        raise UnreadableFileError(f"the configuration makes no sense: {error}") from error


class _Decoder:
    def __init__(
        self,
        arrays: Mapping[str, np.ndarray],
        classes: Mapping[str, type[BaseEstimator]],
        leave_out: Collection[str],
    ) -> None:
        self.arrays = arrays
        self.names = sorted(arrays)
        self.classes = classes
        self.leave_out = leave_out
        self.groups: dict[str, dict[str, np.ndarray]] = {}
        self.n_grouped = self.n_text_bytes = 0

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        tags = [key for key in value if key.startswith("$")]
        if not tags:
            return {key: self.decode(item) for key, item in value.items()}
        makers = {
            "$tuple": lambda: tuple(self.decode(value["$tuple"])),
            "$dict": lambda: dict(self.decode(value["$dict"])),
            "$array": lambda: self._array(value),
            "$arrays": lambda: self._arrays(value["$arrays"]),
            "$estimator": lambda: self._estimator(value),
        }
        return makers[tags[0]]()

    def _array(self, value: dict[str, Any]) -> np.ndarray:
        if "dtype" not in value:
            return self.arrays[value["$array"]]
        if not _TEXT.fullmatch(value["dtype"]):
            raise UnreadableFileError(f"an array has the data type {value['dtype']!r:.40}.")
        dtype, items = np.dtype(value["dtype"]), self.decode(value["$array"])
        item_kind = str if dtype.kind == "U" else object
        if not isinstance(items, list) or not all(isinstance(item, item_kind) for item in items):
            raise UnreadableFileError("an array of text holds something else.")
        self.n_text_bytes += len(items) * dtype.itemsize
        if self.n_text_bytes > _MAX_TEXT_BYTES:
            raise UnreadableFileError(f"its text would take {self.n_text_bytes} bytes of memory.")
        array = np.empty(len(items), dtype)
        array[:] = items
        return array

    def _arrays(self, start: str) -> dict[str, np.ndarray]:
        """Find the arrays of a dict, the same dict each time; no array is in two dicts."""
        if start in self.groups:
            return self.groups[start]
        first = last = bisect_left(self.names, start)
        while last < len(self.names) and self.names[last].startswith(start):
            last += 1
        self.n_grouped += last - first
        if first == last or self.n_grouped > len(self.names):
            raise UnreadableFileError(f"there are no weights {start!r:.200} of their own.")
        group = {name.removeprefix(start): self.arrays[name] for name in self.names[first:last]}
        self.groups[start] = group
        return group

    def _estimator(self, value: dict[str, Any]) -> BaseEstimator:
        name = value["$estimator"]
        if name not in self.classes:
            raise UnreadableFileError(
                f"it holds a {str(name)[:80]!r}, and only {', '.join(sorted(self.classes))} are "
                "expected. If it is a class of your own, pass it: classes=[...]."
            )
        known = self.classes[name]
        parameters = self.decode(value["parameters"])
        unknown = set(parameters) - (set(known._get_param_names()) - set(self.leave_out))
        if unknown:
            raise UnreadableFileError(f"{name} has no parameters {sorted(unknown)} to read.")
        estimator = known(**parameters)
        if hasattr(known, "_parameter_constraints"):
            estimator._validate_params()
        for key, attribute in self.decode(value["fitted"]).items():
            if not key.endswith("_") or key.startswith("_"):
                raise UnreadableFileError(f"{key!r} is no fitted attribute of {name}.")
            setattr(estimator, key, attribute)
        return estimator


def _is_weight(value: Any) -> bool:
    return (
        isinstance(value, np.ndarray) and value.dtype.kind in _NUMBERS and value.dtype.itemsize <= 8
    )
