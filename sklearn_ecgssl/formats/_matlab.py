"""MATLAB files of version 5 to 7: named parts of them, in the order of the file."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ._archive import may_take
from ._errors import UnreadableFileError
from ._matlab_elements import COMPRESSED, MATRIX, Elements, Matrix, Order
from ._matlab_parts import Pattern, Value, narrow, parts
from ._matlab_source import Inflated, Stored

_HEADER_SIZE = 128
_HDF5 = b"\x89HDF\r\n\x1a\n"
_VERSIONS: dict[bytes, Order] = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
_HDF5_VERSIONS = (b"\x00\x02IM", b"\x02\x00MI")
_LARGEST = 2**33  # more than the size of an element can say


def iter_mat(path: str | os.PathLike[str], wanted: Iterable[str]) -> Iterator[tuple[str, Value]]:
    """Read parts of a MATLAB file, one after another.

    Only what is yielded is held in memory, and only what is wanted is decoded: of a cell array of
    gigabytes one item can be read. Nothing in a file makes objects or calls functions.

    Parameters
    ----------
    path : path-like
        The file.
    wanted : iterable of str
        Full names: the name of a variable, the fields of structures and the places in cell and
        structure arrays, from 0 and column by column, with dots between them, such as
        "DREAMER.Data.0.ECG"; "*" stands for any one of them.

    Yields
    ------
    tuple of str and (ndarray, str or Container)
        Name and value, in the order of the file. Numbers are of the type in which they are
        stored, which may be a smaller one than in MATLAB; rows of text are lines. Of a cell array
        or structure itself its shape and fields are told. A name that is not there yields
        nothing.

    Raises
    ------
    UnreadableFileError
        If it is no such file, or damaged at or before what is yielded next; if it inflates to
        more than `may_take`; if a part that is wanted is no array of real numbers, text, cell
        array or structure.

    References
    ----------
    MathWorks, "MAT-File Format", https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
    """
    patterns = [tuple(name.split(".")) for name in wanted]
    with open(path, "rb") as stream:
        try:
            yield from _parts(stream, patterns)
        except UnreadableFileError as error:
            raise UnreadableFileError(
                f"{Path(path)} cannot be read as a MATLAB file: {error}."
            ) from None


def _parts(stream: BinaryIO, wanted: list[Pattern]) -> Iterator[tuple[str, Value]]:
    n_bytes = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    order = _byte_order(stream.read(_HEADER_SIZE))
    most = may_take(n_bytes)
    names: set[str] = set()
    start, n_seen = _HEADER_SIZE, 0
    while start < n_bytes:
        stream.seek(start)
        elements = Elements(Stored(stream, start), order, n_seen)
        kind, size, small = elements.tag(n_bytes)
        start = elements.source.offset + (0 if small is not None else size)
        if kind == COMPRESSED:
            inflated = Inflated(stream, size, most)
            elements = Elements(inflated, order, elements.n_seen)
            matrix = elements.matrix(_LARGEST)
            if matrix.end > most:
                raise UnreadableFileError(inflated.too_much(matrix.end))
            yield from _variable(elements, matrix, wanted, names)
            most -= inflated.n_inflated
        elif kind == MATRIX:
            yield from _variable(elements, elements.head(start), wanted, names)
        n_seen = elements.n_seen


def _variable(
    elements: Elements, matrix: Matrix, wanted: list[Pattern], names: set[str]
) -> Iterator[tuple[str, Value]]:
    """Yield what is wanted of a variable, and leave it unread if that is nothing."""
    inside = narrow(wanted, matrix.name)
    if not inside:
        return
    if matrix.name in names:
        raise UnreadableFileError(
            f"it has a second variable {matrix.name}, before {elements.source.where()}"
        )
    names.add(matrix.name)
    yield from parts(elements, matrix, matrix.name, inside)
    elements.source.finish()


def _byte_order(header: bytes) -> Order:
    if header.startswith(_HDF5) or header[-4:] in _HDF5_VERSIONS:
        raise UnreadableFileError(
            "it is of version 7.3, which is another format (HDF5). Load it in MATLAB and save it "
            "again with save(..., '-v7')"
        )
    if header[-4:] not in _VERSIONS or len(header) < _HEADER_SIZE:
        raise UnreadableFileError(
            f"bytes 124 to 128 should be a version from 5 to 7, but are {header[124:128]!r}: it "
            "is cut off, of version 4, or no such file"
        )
    return _VERSIONS[header[-4:]]
