"""Files: one error for those that cannot be read, and atomic writes."""

import importlib
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ._checks import check_choice


class UnreadableFileError(ValueError):
    """A file is damaged, or is not what it was taken for.

    The message names the file and says what is wrong with it, in the words of the library that
    read it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_ecgssl import UnreadableFileError, load_recordings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "study.npz")
    ...     _ = path.write_bytes(b"no archive")
    ...     try:
    ...         load_recordings(path)
    ...     except UnreadableFileError as error:
    ...         print("study.npz cannot be read" in str(error))
    True
    """


@contextmanager
def reading(path: Path, what: str = "") -> Iterator[None]:
    """Raise whatever a library raises on a file as `UnreadableFileError`, with the file's name."""
    try:
        yield
    except (UnreadableFileError, ImportError, MemoryError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        kind = f" as {what}" if what else ""
        raise UnreadableFileError(
            f"{path} cannot be read{kind}: {str(error).rstrip('.') or type(error).__name__}. "
            "If it is damaged, get it again from where it came from."
        ) from error


def library(name: str, what_it_does: str, extra: str = "datasets") -> Any:
    """Import a library that is not installed with the package, or say how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{what_it_does} by {name}, which is not installed: "
            f'pip install "sklearn_ecgssl[{extra}]".'
        ) from error


def check_new(path: Path, endings: Iterable[str]) -> None:
    """Raise unless the ending of a path is one that can be written, and nothing is there yet."""
    check_choice("The ending of path", path.suffix, endings)
    if path.exists():
        raise FileExistsError(f"{path.absolute()} exists: delete it first.")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file atomically: to the path that is given, which then replaces `path`."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
        with open(temporary, "r+b") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if error.errno is not None and error.filename is None:  # such as of a disk that is full
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder to disk, so that files that were moved there survive a crash."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
