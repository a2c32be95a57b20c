"""Pickles of arrays, as Python 2 wrote them; nothing in them is called."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from .._files import reading


def read_pickle(path: Path) -> Any:
    """Read plain values and numpy arrays; whatever else a pickle wants is an error."""
    with reading(path, "a pickle of arrays"), open(path, "rb") as stream:
        # Text of Python 2 is bytes, among them those of arrays: Latin-1 keeps each.
        return _ArrayUnpickler(stream, encoding="latin1").load()


_MADE_BY: list[Any] = [
    np.zeros(1).__reduce__()[0],
    np.zeros(1).__reduce_ex__(5)[0],
    np.float64(0).__reduce__()[0],
]
_RECONSTRUCT, _FROMBUFFER, _SCALAR = _MADE_BY


def _empty_array(*_: Any) -> Any:
    return _RECONSTRUCT(np.ndarray, (0,), b"b")


def _bytes(text: str = "", encoding: str = "latin-1") -> bytes:
    return text.encode("latin-1")


#: What arrays and numbers are made by, in whichever of numpy's modules a version has it. `ndarray`
#: is only ever an argument: called, it would take bytes for the addresses of objects.
_FOUND: dict[str, Any] = {
    "_reconstruct": _empty_array,
    "_frombuffer": _FROMBUFFER,
    "scalar": _SCALAR,
    "dtype": np.dtype,
    "ndarray": "ndarray",
}
_BYTES = (("_codecs", "encode"), ("__builtin__", "bytes"), ("builtins", "bytes"))


#: The unpickler in Python, of which a single instruction can be changed.
_Unpickler: Any = pickle._Unpickler


class _ArrayUnpickler(_Unpickler):
    """Finds numpy's own reconstructors and nothing else."""

    dispatch = dict(_Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "numpy" and name in _FOUND:
            return _FOUND[name]
        if (module, name) in _BYTES:
            return _bytes
        raise pickle.UnpicklingError(f"it wants {module}.{name}, which is no array")

    def load_build(self) -> None:
        made, state = self.stack[-2:]
        if not isinstance(made, np.ndarray | np.dtype):
            raise pickle.UnpicklingError(f"it changes a {type(made).__name__}, which is no array")
        if isinstance(made, np.dtype) and any(one is not None for one in state[2:5]):
            raise pickle.UnpicklingError("it has an array of fields")
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build
