"""``.npz`` archives of arrays: read without surprises, written whole.

`numpy.load` believes what a file says of itself: a few bytes that declare an array of a terabyte,
or unpack to one, are enough to take all memory. Here sizes are checked before anything is taken.
"""

import math
import os
import re
import stat
import sys
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

#: Bytes that any file may take in memory, and how many more for each of its own. Deflate could make
#: 1032 of one. Of real recordings it makes 1 to 3, of artificial ones up to a few hundred.
SPARE_BYTES = 2**24
MOST_EXPANSION = 100

_MAGIC = np.lib.format.MAGIC_PREFIX
_HEADER_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def may_take(n_bytes: int) -> int:
    """Bound the memory that what is in a file may take.

    Parameters
    ----------
    n_bytes : int
        Size of the file.

    Returns
    -------
    int
        Bytes.
    """
    return SPARE_BYTES + MOST_EXPANSION * n_bytes


def read_archive(stream: BinaryIO) -> dict[str, np.ndarray]:
    """Read all arrays of an archive; other members are left alone.

    Nothing is unpickled and nothing is unpacked into a folder.

    Parameters
    ----------
    stream : file object
        The archive.

    Returns
    -------
    dict of str to ndarray
        The arrays by name.

    Raises
    ------
    ValueError
        If it is no archive, a damaged one, or one that would take more than `may_take`.
    """
    try:
        if not zipfile.is_zipfile(stream):
            raise ValueError("it is not an .npz archive, or its end is missing")
        with zipfile.ZipFile(stream) as archive:
            _check_members(archive.infolist(), stream.seek(0, os.SEEK_END))
            return dict(_arrays(archive))
    except ValueError:
        raise
    except Exception as error:  # whatever zipfile and numpy raise on damaged bytes
        raise ValueError(str(error) or type(error).__name__) from error


def write_archive(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an archive that is whole or absent: beside its place, then moved there.

    The same arrays give the same bytes. What `read_archive` would take for a bomb, such as hours of
    a flat line, is not compressed.

    Parameters
    ----------
    path : pathlib.Path
        Its place; a file that is there is replaced.
    arrays : mapping of str to ndarray
        What is in it; no objects.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as stream:
            if _write(stream, arrays, zipfile.ZIP_DEFLATED) > may_take(stream.tell()):
                stream.seek(0)
                stream.truncate()
                _write(stream, arrays, zipfile.ZIP_STORED)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _check_members(members: list[zipfile.ZipInfo], n_bytes: int) -> None:
    names: set[str] = set()
    for member in members:
        name = member.filename
        if _leads_elsewhere(name) or stat.S_ISLNK(member.external_attr >> 16):
            raise ValueError(f"it has a member {name!r:.80}, which leads out of it")
        if _array_name(member) in names:
            raise ValueError(f"it has two members {name!r:.80}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name!r:.80} is compressed by another method than numpy's")
        names.add(_array_name(member))
    total = sum(member.file_size for member in members)
    if total > may_take(n_bytes):
        raise ValueError(
            f"its {n_bytes} bytes unpack to {total}, more than recordings do. If they are "
            "recordings all the same, save them without compression (numpy.savez)"
        )


def _leads_elsewhere(name: str) -> bool:
    parts = re.split(r"[/\\]", name)
    return parts[0] == "" or ".." in parts or re.match("[A-Za-z]:", name) is not None


def _array_name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _arrays(archive: zipfile.ZipFile) -> Iterator[tuple[str, np.ndarray]]:
    for member in archive.infolist():
        with archive.open(member) as stream:
            is_array = stream.read(len(_MAGIC)) == _MAGIC
            if is_array:
                stream.seek(0)
                _check_size(stream, member)
                stream.seek(0)
                array = np.lib.format.read_array(stream, allow_pickle=False)
                _check_text(array, member)
                yield _array_name(member), array
            elif member.filename.endswith(".npy"):
                raise ValueError(f"{member.filename!r:.80} is no array")


def _check_size(stream: IO[bytes], member: zipfile.ZipInfo) -> None:
    """Check that an array is as large as its member."""
    name = f"{member.filename!r:.80}"
    version = np.lib.format.read_magic(stream)
    if version not in _HEADER_READERS:
        raise ValueError(f"{name} is of version {version} of the .npy format")
    try:
        shape, _, dtype = _HEADER_READERS[version](stream)
    except Exception as error:  # whatever numpy and Python's parser raise
        raise ValueError(f"{name} has a header that makes no sense: {error}") from error
    if dtype.hasobject:
        raise ValueError(f"{name} is a pickle, which is never read")
    n_bytes = math.prod(shape) * max(1, dtype.itemsize)
    n_there = member.file_size - stream.tell()
    if min(shape, default=0) < 0 or n_bytes != n_there:
        raise ValueError(
            f"{name} says that it is {dtype!s:.80} of shape {shape!r:.80}, and has {n_there} bytes"
        )


def _check_text(array: np.ndarray, member: zipfile.ZipInfo) -> None:
    """Check that text is text: Python cannot even print what is not."""
    if array.dtype.kind == "U" and array.size:
        codes = array.reshape(-1).view(np.dtype("u4").newbyteorder(array.dtype.byteorder))
        if codes.max() > sys.maxunicode:
            raise ValueError(f"{member.filename!r:.80} holds characters that do not exist")


def _write(stream: BinaryIO, arrays: Mapping[str, np.ndarray], compression: int) -> int:
    """Write an archive and count the bytes that it unpacks to."""
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = compression
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        return sum(entry.file_size for entry in archive.infolist())
