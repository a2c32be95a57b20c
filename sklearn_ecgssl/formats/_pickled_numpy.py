"""What numpy writes into pickles, made into arrays without calling what the pickle names.

A pickled array is a call of numpy's ``_reconstruct`` and a state: shape, dtype and raw bytes. Here
such names are members of an enumeration that can do nothing, and the state is checked before an
array is laid over its bytes.
"""

import math
import re
import sys
from enum import Enum
from typing import Any

import numpy as np


class Known(Enum):
    """Names that a pickle of arrays asks for."""

    RECONSTRUCT = "numpy.core.multiarray._reconstruct"
    SCALAR = "numpy.core.multiarray.scalar"
    FROM_BUFFER = "numpy.core.numeric._frombuffer"
    ARRAY = "numpy.ndarray"
    DTYPE = "numpy.dtype"
    ENCODE = "_codecs.encode"
    BYTES = "builtins.bytes"


class Unfilled:
    """An array before its state is known, and the array once it is."""

    __slots__ = ("array",)

    def __init__(self) -> None:
        self.array: np.ndarray | None = None


class DType:
    """A dtype before its byte order is known, and with it."""

    __slots__ = ("code", "order")

    def __init__(self, code: str) -> None:
        self.code = code
        self.order: str | None = None


class Parts(tuple[Any, ...]):
    """A tuple that holds something of the above, or another such tuple."""

    __slots__ = ()


_PARTS = {Known, Unfilled, DType, Parts}
#: Numbers whose bytes mean the same on every computer.
_CODES = {"b1", "i1", "u1", "i2", "u2", "f2", "i4", "u4", "f4", "i8", "u8", "f8", "c8", "c16"}
_MOST_DIMENSIONS = 64


def known(module: str, name: str) -> Known | None:
    """Look up a name, as Python 2 or 3 and any version of numpy write it."""
    module = re.sub(r"^numpy\._core\.", "numpy.core.", module)
    module = "builtins" if module == "__builtin__" else module
    try:
        return Known(f"{module}.{name}")
    except ValueError:
        return None


def packed(values: list[Any]) -> tuple[Any, ...]:
    """Make a tuple."""
    return tuple(values) if _PARTS.isdisjoint(map(type, values)) else Parts(values)


def check_plain(values: list[Any]) -> None:
    """Raise ValueError if any is nothing but a part of an array."""
    if not _PARTS.isdisjoint(map(type, values)):
        if Unfilled in map(type, values):
            raise ValueError("holds an array that has no content")
        raise ValueError("holds a function or type of numpy, which is no value")


class NumpyState:
    """Calls and states of numpy's objects, by a table of what they may be.

    Parameters
    ----------
    size : int
        Bytes of the file. All its texts together encode to no more.
    """

    def __init__(self, size: int) -> None:
        self._left = size

    def call(self, function: Any, arguments: Any) -> Any:
        """Do what a call in a pickle stands for; ValueError unless it is numpy's or harmless."""
        if type(function) is not Known or not _is_simple(arguments):
            raise ValueError("calls what is no function of numpy")
        match function, arguments:
            case Known.RECONSTRUCT, (Known.ARRAY, _, _):
                return Unfilled()
            case Known.DTYPE, (str(code), _, _) if code in _CODES:
                return DType(code)
            case Known.DTYPE, (str(code), *_):
                raise ValueError(f"has numbers of the dtype {code!r:.40}, which is not read")
            case Known.SCALAR, (DType() as dtype, raw):
                return self._array((), dtype, "C", raw)[()]
            case Known.FROM_BUFFER, (raw, DType() as dtype, shape, "C" | "F" as order):
                return self._array(shape, dtype, order, raw)
            case Known.FROM_BUFFER, (raw, DType() as dtype, shape, "K", tuple(axes)):
                return self._array(shape, dtype, "C", raw).transpose(_integers(axes))
            case Known.ENCODE, (str(text), "latin1"):
                return self._bytes(text)
            case Known.BYTES, ():
                return b""
        raise ValueError(f"calls {function.value} with other arguments than numpy's")

    def build(self, target: Any, state: Any) -> None:
        """Give a dtype or an array its state, once."""
        if not _is_simple(state):
            raise ValueError("has a state that is not numpy's")
        match target, state:
            case DType(order=None), (int(), str(order), None, None, None, -1, -1, 0):
                if order not in ("<", ">") and not (order == "|" and target.code[1:] == "1"):
                    raise ValueError(f"has a dtype of the byte order {order!r:.10}")
                target.order = order
            case Unfilled(array=None), (int(), shape, DType() as dtype, bool() | int() as f, raw):
                target.array = self._array(shape, dtype, "F" if f else "C", raw)
            case _:
                raise ValueError("has a state that is not numpy's, or of what is no array")

    def _array(self, shape: Any, dtype: DType, order: Any, raw: Any) -> np.ndarray:
        """Lay an array over bytes."""
        if dtype.order is None:
            raise ValueError("has a dtype without byte order")
        of = np.dtype(dtype.order + dtype.code)
        shape = _integers(shape)
        raw = self._bytes(raw)
        if math.prod(shape) * of.itemsize != len(raw):
            raise ValueError(
                f"has an array of shape {shape!s:.80} and {of.itemsize} bytes a value, but "
                f"{len(raw)} bytes for it"
            )
        return np.ndarray(shape, of, buffer=raw, order=order)

    def _bytes(self, raw: Any) -> bytes:
        if type(raw) is bytes:
            return raw
        if type(raw) is not str:
            raise ValueError("has an array without its bytes")
        # One text can be named many times, and each time it would become new bytes.
        self._left -= len(raw)
        if self._left < 0:
            raise ValueError("makes more of its texts than there is")
        return raw.encode("latin-1")


def _is_simple(values: Any) -> bool:
    """Tell whether these are values that compare at once, and to a truth value."""
    return isinstance(values, tuple) and not any(isinstance(one, np.ndarray) for one in values)


def _integers(values: Any) -> tuple[int, ...]:
    if (
        type(values) is not tuple
        or len(values) > _MOST_DIMENSIONS
        or not all(type(value) is int and 0 <= value <= sys.maxsize for value in values)
    ):
        raise ValueError("has an array whose shape is not a tuple of a few whole numbers")
    return values
