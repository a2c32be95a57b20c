"""Elements of a MATLAB file: what type and size they say, and the heads of arrays."""

import math
import struct
from typing import Literal, NamedTuple

from ._errors import UnreadableFileError
from ._matlab_source import Source

#: Types of elements.
MATRIX, COMPRESSED = 14, 15
#: Classes of arrays.
CELL, STRUCT, OBJECT, CHAR, SPARSE, DOUBLE, FUNCTION, OPAQUE = 1, 2, 3, 4, 5, 6, 16, 17
#: Elements that are looked at in one file. Each takes time and, as an object, memory, however few
#: bytes it has. What is passed over as a whole does not count; real files need some thousands.
MOST_ELEMENTS = 2**16

_INT8, _INT32, _UINT32 = 1, 5, 6
_IS_COMPLEX = 8
_MOST_DIMENSIONS = 32
_MOST_FIELDS = 4096
_LARGEST = 2**48
_LONGEST_FIELD = 256

Order = Literal["<", ">"]


class Matrix(NamedTuple):
    """What stands before the values of an array.

    Attributes
    ----------
    kind : int
        Its class in MATLAB.
    is_complex : bool
    shape : tuple of int
    name : str
        "" inside another array.
    end : int
        Offset behind its values.
    """

    kind: int
    is_complex: bool
    shape: tuple[int, ...]
    name: str
    end: int


class Elements:
    """Elements of a source, one after another.

    Parameters
    ----------
    source : Source
        Where they stand.
    order : {"<", ">"}
        Of their bytes.
    n_seen : int, default=0
        Elements seen before in the same file.
    """

    def __init__(self, source: Source, order: Order, n_seen: int = 0) -> None:
        self.source = source
        self.order: Order = order
        self.n_seen = n_seen

    def tag(self, end: int) -> tuple[int, int, bytes | None]:
        """Read type, size and, where they are in the tag, bytes of the element that is next."""
        self.n_seen += 1
        if self.n_seen > MOST_ELEMENTS:
            raise UnreadableFileError(
                f"it has more than {MOST_ELEMENTS} elements before {self.source.where()}, which "
                "recordings have not"
            )
        if end - self.source.offset < 8:
            raise UnreadableFileError(f"an element is cut off at {self.source.where()}")
        where = self.source.where()
        head = self.source.take(8)
        kind, n_bytes = struct.unpack(self.order + "II", head)
        if kind >> 16:  # A small element: its bytes are in the tag.
            kind, n_bytes = kind & 0xFFFF, kind >> 16
            if n_bytes > 4:
                raise UnreadableFileError(f"the element at {where} says {n_bytes} bytes of 4")
            return kind, n_bytes, bytes(head[4 : 4 + n_bytes])
        if n_bytes > end - self.source.offset:
            raise UnreadableFileError(
                f"the element at {where} says that it has {n_bytes} bytes, but "
                f"{end - self.source.offset} are left: the file is cut off or altered"
            )
        return kind, n_bytes, None

    def matrix(self, end: int) -> Matrix:
        """Read the head of an array that should be next."""
        where = self.source.where()
        kind, n_bytes, _ = self.tag(end)
        if kind != MATRIX:
            raise UnreadableFileError(f"an array should be at {where}, but type {kind} is")
        return self.head(self.source.offset + n_bytes)

    def head(self, end: int) -> Matrix:
        """Read what stands before the values of an array that ends at `end`."""
        if end == self.source.offset:  # MATLAB writes the empty matrix so, inside others
            return Matrix(DOUBLE, False, (0, 0), "", end)
        where = self.source.where()
        flags = struct.unpack(self.order + "II", self._content(end, _UINT32, 8))[0]
        kind = flags & 0xFF
        if not CELL <= kind <= OPAQUE:
            raise UnreadableFileError(f"the array at {where} is of class {kind}, which is none")
        shape = () if kind == OPAQUE else self._shape(end)
        name = self._content(end, _INT8).decode("latin-1")
        return Matrix(kind, bool(flags >> 8 & _IS_COMPLEX), shape, name, end)

    def typed_content(
        self, end: int, kind: int | None = None, n_bytes: int | None = None
    ) -> tuple[int, bytearray]:
        """Read type and bytes of an element; they should be those that are given."""
        where = self.source.where()
        found, size, small = self.tag(end)
        if (kind is not None and found != kind) or (n_bytes is not None and size != n_bytes):
            raise UnreadableFileError(
                f"the element at {where} is {size} bytes of type {found}, where "
                f"{'some' if n_bytes is None else n_bytes} of type {kind} should be"
            )
        if small is not None:
            return found, bytearray(small)
        data = self.source.take(size)
        self.source.skip(min(-size % 8, end - self.source.offset))
        return found, data

    def fields(self, end: int) -> tuple[str, ...]:
        """Read the names of fields, which follow the head of a structure."""
        where = self.source.where()
        length = struct.unpack(self.order + "i", self._content(end, _INT32, 4))[0]
        names = self._content(end, _INT8)
        if not 0 < length <= _LONGEST_FIELD or len(names) % length:
            raise UnreadableFileError(
                f"the structure at {where} has {len(names)} bytes of names of {length} each"
            )
        pieces = [bytes(names[at : at + length]) for at in range(0, len(names), length)]
        fields = tuple(piece.partition(b"\0")[0].decode("latin-1") for piece in pieces)
        if len(fields) > _MOST_FIELDS or len(set(fields)) < len(fields) or "." in "".join(fields):
            raise UnreadableFileError(
                f"the structure at {where} has {len(fields)} fields whose names are no names or "
                "the same"
            )
        return fields

    def _content(self, end: int, kind: int | None = None, n_bytes: int | None = None) -> bytearray:
        """Read the bytes of an element, which should be of a type and size."""
        return self.typed_content(end, kind, n_bytes)[1]

    def _shape(self, end: int) -> tuple[int, ...]:
        where = self.source.where()
        data = self._content(end, _INT32)
        n_dims = len(data) // 4
        shape = struct.unpack(f"{self.order}{n_dims}i", data[: 4 * n_dims])
        if not 2 <= n_dims <= _MOST_DIMENSIONS or len(data) % 4 or min(shape) < 0:
            raise UnreadableFileError(f"the array at {where} has no shape, but {shape[:4]}")
        if math.prod(size for size in shape if size) > _LARGEST:  # empty ones, too, for numpy
            raise UnreadableFileError(f"the array at {where} is of shape {shape}")
        return shape
