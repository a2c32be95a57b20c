"""Files that are whole or absent, also after a crash."""

import os
import uuid
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, then move it there.

    Parameters
    ----------
    path : pathlib.Path
        Its place; a file that is there is replaced.
    content : bytes
        Everything that is in it.

    Raises
    ------
    OSError
        If it cannot be written; what was there stays.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names of files that were moved last, where the system can.

    Parameters
    ----------
    folder : pathlib.Path
        Where they are.
    """
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
