"""Pickles of arrays and plain values, by Python 2 or 3: nothing that they name is called.

A pickle is a program for a machine with a stack, and `pickle.load` lets it call anything. The
reader here is the standard library's machine in Python with other instructions: those that push
plain values are as they were, those that name, call or alter something know numpy's arrays alone
(`_pickled_numpy`), and the rest are refused. The standard library's other machine, in C, cannot be
narrowed so, and takes as much memory as the file asks for: gigabytes for 5 bytes that say at which
place of its memo a value stands.
"""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from ._errors import UnreadableFileError
from ._pickled_numpy import NumpyState, Unfilled, check_plain, known, packed

#: Bytes up to which a string of Python 2, which is text or bytes, is taken for text.
MOST_TEXT = 2**12

_READ_AHEAD = 2**20

#: Instructions of the standard library that can only push, pop and pack plain values.
_HARMLESS = """
    PROTO STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE
    INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT
    STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8
    UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8
    EMPTY_TUPLE EMPTY_LIST EMPTY_DICT
    GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE GLOBAL STACK_GLOBAL INST
""".split()  # noqa: SIM905


def read_array_pickle(path: str | os.PathLike[str]) -> Any:
    """Read a pickle of plain values and numpy arrays, and nothing else.

    Of any protocol, as Python 2 and Python 3 write them. Nothing in the file is called or
    imported, whatever it asks for.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    dict, list, tuple, str, bytes, int, float, bool, None, ndarray or numpy scalar
        What was pickled. Keys of a dict are text. Arrays are read-only and of numbers or booleans.
        A string of Python 2, which may be text or bytes, is text (Latin-1) up to 4096 bytes and
        bytes beyond; bytearrays are bytes. The same list may be inside several others, or inside
        itself.

    Raises
    ------
    UnreadableFileError
        If the file is damaged, no pickle, or asks for anything else; says at which byte.
    OSError
        If it cannot be opened or read.

    Notes
    -----
    An array lies on the bytes that were read, without a copy. A file of one array takes at most
    three times its own size while it is read.

    Examples
    --------
    >>> import os, pickle, tempfile
    >>> import numpy as np
    >>> from sklearn_ecgssl.formats._array_pickle import read_array_pickle
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "S2.pkl")
    ...     with open(path, "wb") as file:
    ...         pickle.dump({"subject": "S2", "label": np.arange(3)}, file, protocol=2)
    ...     read_array_pickle(path)
    {'subject': 'S2', 'label': array([0, 1, 2])}
    """
    path = Path(path)
    with open(path, "rb", buffering=_READ_AHEAD) as file:
        source = _Source(file)
        try:
            value = _Unpickler(source).load()
            check_plain([value])
        except (OSError, MemoryError):
            raise
        except Exception as error:  # whatever damaged bytes make of the machine
            said = "takes more values than there are" if type(error) is IndexError else str(error)
            raise UnreadableFileError(
                f"{path} is no pickle of arrays and plain values, or a damaged one: at byte "
                f"{source.instruction} it {said or type(error).__name__:.300}."
            ) from error
    return value


class _Source:
    """The file: no more is asked of it than there is.

    Attributes
    ----------
    size : int
        Bytes of it.
    instruction : int
        Where the instruction begins that is being followed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._place = self.instruction = 0
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)

    def begin_instruction(self) -> None:
        """Note that one has been read, up to its arguments."""
        self.instruction = self._place - 1

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.size - self._place:
            raise ValueError(
                f"goes on to byte {self._place + size}, but the file ends at {self.size}: it is "
                "truncated or altered"
            )
        found = self._file.read(size)
        self._place += len(found)
        if len(found) < size:
            raise ValueError("has become shorter while it is read")
        return found

    def readline(self) -> bytes:
        found = self._file.readline()
        self._place += len(found)
        if not found.endswith(b"\n"):
            raise ValueError("has a line without end: it is truncated or altered")
        return found


class _Memo:
    """Values by number, in a list: a dict can be made slow by the choice of its keys."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._values: list[Any] = []

    def __len__(self) -> int:
        return len(self._values)

    def __setitem__(self, number: int, value: Any) -> None:
        # Numbers count values, each of which has taken a byte or more.
        if number > self._source.instruction:
            raise ValueError("gives a value a number that is too large")
        if number >= len(self._values):
            self._values.extend([_MISSING] * (number + 1 - len(self._values)))
        self._values[number] = value

    def __getitem__(self, number: int) -> Any:
        value = self._values[number] if 0 <= number < len(self._values) else _MISSING
        if value is _MISSING:
            raise ValueError("wants a value that it has not given")
        if type(value) is Unfilled and value.array is not None:
            return value.array
        return value


class _Instructions(dict[int, Callable[[Any], None]]):
    """The instructions by their byte; others are refused by name."""

    def __init__(self, source: _Source) -> None:
        super().__init__(_TABLE)
        self._source = source

    def __getitem__(self, code: int) -> Callable[[Any], None]:
        self._source.begin_instruction()
        return super().__getitem__(code)

    def __missing__(self, code: int) -> Callable[[Any], None]:
        import pickletools

        name = {ord(each.code): each.name for each in pickletools.opcodes}.get(code)
        raise ValueError(
            f"has the instruction {name}, which arrays do not need and which is never followed"
            if name
            else f"has the byte {code:#04x} where an instruction should be"
        )


class _Unpickler(pickle._Unpickler):
    """The machine; what is not below is the standard library's."""

    stack: list[Any]
    pop_mark: Callable[[], list[Any]]
    read: Callable[[int], bytes]

    def __init__(self, source: _Source) -> None:
        super().__init__(source, encoding="bytes")
        self.dispatch = _Instructions(source)  # type: ignore[misc]  # of one file, not of all
        self.memo = _Memo(source)
        self._numpy = NumpyState(source.size)

    def find_class(self, module: str, name: str) -> Any:
        found = known(module, name)
        if found is None:
            raise ValueError(f"asks for {module:.80}.{name:.80}, which is never loaded")
        return found

    def _decode_string(self, value: bytes) -> str | bytes:
        return value.decode("latin-1") if len(value) <= MOST_TEXT else value

    def _instantiate(self, klass: Any, arguments: list[Any]) -> None:
        raise ValueError("makes an object of a class")

    def load_frame(self) -> None:
        self.read(8)  # how much could be read ahead

    def load_bytearray8(self) -> None:
        self.stack.append(self.read(int.from_bytes(self.read(8), "little")))

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        self.stack[-1] = self._numpy.call(self.stack[-1], arguments)

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        self._numpy.build(target, state)
        if type(target) is Unfilled:
            self.stack[-1] = target.array

    def load_tuple(self) -> None:
        items = self.pop_mark()
        self.stack.append(packed(items))

    def load_tuple1(self) -> None:
        self._pack(1)

    def load_tuple2(self) -> None:
        self._pack(2)

    def load_tuple3(self) -> None:
        self._pack(3)

    def load_list(self) -> None:
        items = self.pop_mark()
        check_plain(items)
        self.stack.append(items)

    def load_append(self) -> None:
        self._extend([self.stack.pop()])

    def load_appends(self) -> None:
        self._extend(self.pop_mark())

    def load_dict(self) -> None:
        items = self.pop_mark()
        self.stack.append({})
        self._update(items)

    def load_setitem(self) -> None:
        value = self.stack.pop()
        self._update([self.stack.pop(), value])

    def load_setitems(self) -> None:
        self._update(self.pop_mark())

    def _pack(self, n_items: int) -> None:
        items = [self.stack.pop() for _ in range(n_items)]
        self.stack.append(packed(items[::-1]))

    def _extend(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise ValueError("adds an item to what is no list")
        check_plain(items)
        self.stack[-1].extend(items)

    def _update(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise ValueError("adds an item to what is no dict")
        check_plain(items)
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Tuples and numbers can be chosen such that a dict of them takes forever.
            if type(key) is not str:
                raise ValueError("has a dict with a key that is no text")
            target[key] = value


_MISSING = object()
_TABLE: dict[int, Callable[[Any], None]] = {
    getattr(pickle, name)[0]: instruction
    for name, instruction in [
        *((name, pickle._Unpickler.dispatch[getattr(pickle, name)[0]]) for name in _HARMLESS),
        *((name[5:].upper(), own) for name, own in vars(_Unpickler).items() if name[:5] == "load_"),
    ]
}
