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


_RECONSTRUCT: Any = np.zeros(1).__reduce__()[0]
_FROMBUFFER: Any = np.zeros(1).__reduce_ex__(5)[0]
_SCALAR: Any = np.float64(0).__reduce__()[0]


class _Dtype:
    """A type of numbers or text, of which a pickle says the code and then the byte order."""

    def __init__(self, code: str, *_: Any) -> None:
        self.dtype = np.dtype(str(code))
        if self.dtype.kind not in "biufcSUO":  # no fields, whose places a pickle could say
            raise pickle.UnpicklingError(f"it has an array of {code}")


def _empty_array(*_: Any) -> Any:
    return _RECONSTRUCT(np.ndarray, (0,), b"b")


def _from_buffer(buffer: Any, dtype: _Dtype, shape: Any, order: str) -> Any:
    return np.array(_FROMBUFFER(buffer, dtype.dtype, shape, order))


def _scalar(dtype: _Dtype, content: bytes) -> Any:
    return _SCALAR(dtype.dtype, content)


def _bytes(text: str = "", encoding: str = "latin-1") -> bytes:
    return text.encode("latin-1")


#: What arrays and numbers are made by, in whichever of numpy's modules a version has it. `ndarray`
#: is only ever an argument: called, it would take bytes for the addresses of objects.
_FOUND: dict[str, Any] = {
    "_reconstruct": _empty_array,
    "_frombuffer": _from_buffer,
    "scalar": _scalar,
    "dtype": _Dtype,
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
        state = self.stack.pop()
        made = self.stack[-1]
        if isinstance(made, _Dtype):
            made.dtype = made.dtype.newbyteorder(state[1])
        elif isinstance(made, np.ndarray):
            version, shape, dtype, is_fortran, content = state
            made.__setstate__((version, shape, dtype.dtype, is_fortran, content))
        else:
            raise pickle.UnpicklingError(f"it changes a {type(made).__name__}, which is no array")

    dispatch[pickle.BUILD[0]] = load_build
