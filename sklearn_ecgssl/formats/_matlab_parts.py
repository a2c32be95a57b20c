"""Parts of arrays: a walk along the names that are wanted.

It goes down only where a name is wanted and passes over the rest by its size, so that its depth is
that of the names, whatever the file's.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ._errors import UnreadableFileError
from ._matlab_elements import CELL, CHAR, FUNCTION, OBJECT, OPAQUE, SPARSE, STRUCT, Elements, Matrix

_NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_NOT_READ = {
    OBJECT: "an object",
    SPARSE: "a sparse matrix",
    FUNCTION: "a function",
    OPAQUE: "an object",
}
Pattern = tuple[str, ...]


class Container(NamedTuple):
    """A cell array or structure.

    Attributes
    ----------
    shape : tuple of int
        Its dimensions.
    fields : tuple of str or None
        Of a structure; None for a cell array.
    """

    shape: tuple[int, ...]
    fields: tuple[str, ...] | None


Value = np.ndarray | str | Container


def parts(
    elements: Elements, matrix: Matrix, name: str, wanted: Sequence[Pattern]
) -> Iterator[tuple[str, Value]]:
    """Walk through an array whose head has been read, to its end.

    Parameters
    ----------
    elements : Elements
        Behind the head.
    matrix : Matrix
        The head.
    name : str
        Its full name.
    wanted : sequence of tuple of str
        What is wanted of it: () is the array itself, ("*", "data") the field of each item.

    Yields
    ------
    tuple of str and (ndarray, str or Container)
        Name and value of each.
    """
    if matrix.kind in _NOT_READ:
        raise UnreadableFileError(
            f"{name} is {_NOT_READ[matrix.kind]} of MATLAB, before {elements.source.where()}, "
            "where numbers, text, cells or structures are read"
        )
    if matrix.kind in (CELL, STRUCT):
        fields = elements.fields(matrix.end) if matrix.kind == STRUCT else None
        if () in wanted:
            yield name, Container(matrix.shape, fields)
        if any(wanted):
            yield from _items(elements, matrix, fields, name, wanted)
    elif () in wanted:
        read = _text if matrix.kind == CHAR else _numbers
        yield name, read(elements, matrix, name)
    elements.source.skip(matrix.end - elements.source.offset)


def _items(
    elements: Elements,
    matrix: Matrix,
    fields: tuple[str, ...] | None,
    name: str,
    wanted: Sequence[Pattern],
) -> Iterator[tuple[str, Value]]:
    n_items = math.prod(matrix.shape)
    n_inside = n_items * (1 if fields is None else len(fields))
    if n_inside * 8 > matrix.end - elements.source.offset:
        raise UnreadableFileError(
            f"{name} says that it is of shape {matrix.shape}, but has "
            f"{matrix.end - elements.source.offset} bytes left at {elements.source.where()}"
        )
    if n_inside == 0:
        return
    is_array = fields is None or matrix.shape != (1, 1)
    for item in range(n_items):
        here = narrow(wanted, str(item)) if is_array else list(wanted)
        item_name = f"{name}.{item}" if is_array else name
        if fields is None:
            yield from _next(elements, matrix.end, item_name, here)
            continue
        for field in fields:
            yield from _next(elements, matrix.end, f"{item_name}.{field}", narrow(here, field))


def _next(
    elements: Elements, end: int, name: str, wanted: Sequence[Pattern]
) -> Iterator[tuple[str, Value]]:
    if wanted:
        yield from parts(elements, elements.matrix(end), name, wanted)
    else:
        _, n_bytes, small = elements.tag(end)
        elements.source.skip(0 if small is not None else n_bytes)


def _numbers(elements: Elements, matrix: Matrix, name: str) -> np.ndarray:
    where = elements.source.where()
    if matrix.is_complex:
        raise UnreadableFileError(f"{name} at {where} holds complex numbers")
    if matrix.end == elements.source.offset and math.prod(matrix.shape) == 0:
        return np.zeros(matrix.shape)
    kind, data = elements.typed_content(matrix.end)
    if kind not in _NUMBERS:
        raise UnreadableFileError(f"{name} has type {kind} at {where}, which is no number")
    dtype = np.dtype(_NUMBERS[kind]).newbyteorder(elements.order)
    if math.prod(matrix.shape) * dtype.itemsize != len(data):
        raise UnreadableFileError(
            f"{name} at {where} says that it is {dtype.name} of shape {matrix.shape}, and has "
            f"{len(data)} bytes"
        )
    return np.frombuffer(data, dtype).reshape(matrix.shape, order="F")


def _text(elements: Elements, matrix: Matrix, name: str) -> str:
    where = elements.source.where()
    if matrix.end == elements.source.offset:
        return ""
    kind, data = elements.typed_content(matrix.end)
    if kind not in _TEXTS:
        raise UnreadableFileError(f"{name} has type {kind} at {where}, which is no text")
    encoding = _TEXTS[kind]
    if encoding in ("utf-16", "utf-32"):
        encoding += {"<": "-le", ">": "-be"}[elements.order]
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{name} at {where} is no text: {error.reason}") from None
    n_rows = matrix.shape[0]
    if n_rows < 2 or not text:
        return text
    if math.prod(matrix.shape) != len(text):
        raise UnreadableFileError(
            f"{name} at {where} says that it is text of shape {matrix.shape}, and has "
            f"{len(text)} letters"
        )
    # Letters stand column by column, as numbers do.
    return "\n".join(text[row::n_rows] for row in range(n_rows))


def narrow(wanted: Sequence[Pattern], name: str) -> list[Pattern]:
    """Return what is wanted of a part, out of what is wanted of the whole."""
    return [pattern[1:] for pattern in wanted if pattern and pattern[0] in ("*", name)]
