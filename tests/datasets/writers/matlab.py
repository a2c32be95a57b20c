"""MATLAB files of version 5, byte by byte after MathWorks' "MAT-File Format".

Every part is bytes that a test may change before they go into the next: sizes that lie, classes
that do not exist. `scipy.io.savemat` writes well-formed ones in tests, too.
"""

import struct
import zlib

import numpy as np

INT8, UINT8, INT32, UINT32, DOUBLE, MATRIX, COMPRESSED, UTF8, UTF16 = 1, 2, 5, 6, 9, 14, 15, 16, 17
TYPES = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 9, "i8": 12, "u8": 13}
CELL_CLASS, STRUCT_CLASS, OBJECT_CLASS, CHAR_CLASS, SPARSE_CLASS, DOUBLE_CLASS = range(1, 7)
FUNCTION_CLASS, OPAQUE_CLASS = 16, 17
EMPTY = struct.pack("<II", MATRIX, 0)


def element(kind, data, order="<", size=None):
    """An element; `size` is what it says of itself, if that is a lie."""
    data = bytes(data)
    tag = struct.pack(order + "II", kind, len(data) if size is None else size)
    return tag + data + bytes(-len(data) % 8)


def small(kind, data, order="<"):
    """An element of at most 4 bytes, which are in its tag."""
    return struct.pack(order + "I", len(data) << 16 | kind) + bytes(data).ljust(4, b"\0")


def matrix(class_, shape, *content, name="", flags=0, order="<", size=None):
    head = [
        element(UINT32, struct.pack(order + "II", flags << 8 | class_, 0), order),
        element(INT32, struct.pack(f"{order}{len(shape)}i", *shape), order),
        element(INT8, name.encode("latin-1"), order),
    ]
    return element(MATRIX, b"".join([*head, *content]), order, size)


def numbers(values, name="", stored=None, order="<", class_=DOUBLE_CLASS):
    """An array of numbers, stored in another type than they are of if `stored` names one."""
    values = np.asarray(values)
    stored = stored or values.dtype.str[1:]
    data = values.astype(np.dtype(stored).newbyteorder(order)).tobytes(order="F")
    return matrix(class_, values.shape, element(TYPES[stored], data, order), name=name, order=order)


def text(letters, name="", kind=UTF16, order="<", shape=None):
    encoding = {UTF8: "utf-8", UTF16: "utf-16" + {"<": "-le", ">": "-be"}[order]}[kind]
    data = letters.encode(encoding)
    shape = shape or (1, len(letters))
    return matrix(CHAR_CLASS, shape, element(kind, data, order), name=name, order=order)


def cell(shape, *items, name="", order="<"):
    return matrix(CELL_CLASS, shape, *items, name=name, order=order)


def structure(fields, name="", order="<", shape=(1, 1), length=32):
    """A structure, or an array of them: as many items per field as there are."""
    names = b"".join(field.encode("latin-1").ljust(length, b"\0") for field in fields)
    items = [[value] if isinstance(value, bytes) else value for value in fields.values()]
    content = [value for values in zip(*items, strict=True) for value in values]
    length = small(INT32, struct.pack(order + "i", length), order)
    return matrix(
        STRUCT_CLASS, shape, length, element(INT8, names, order), *content, name=name, order=order
    )


def opaque(name=""):
    """What MATLAB writes of a table or another object: without a shape."""
    flags = element(UINT32, struct.pack("<II", OPAQUE_CLASS, 0))
    names = [element(INT8, word) for word in (name.encode("latin-1"), b"MCOS", b"table")]
    return element(MATRIX, b"".join([flags, *names, numbers(np.uint32([[0xDD000000]]))]))


def compressed(variable, more=b"", order="<"):
    data = zlib.compress(variable + more)
    return struct.pack(order + "II", COMPRESSED, len(data)) + data


def mat(*variables, version=None, order="<"):
    version = version or {"<": b"\x00\x01IM", ">": b"\x01\x00MI"}[order]
    head = b"MATLAB 5.0 MAT-file, made for a test".ljust(116) + bytes(8) + version
    return head + b"".join(variables)
