"""One writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def waited_for(file: Path) -> Iterator[None]:
    """Hold a lock file, as soon as nobody else does.

    Parameters
    ----------
    file : pathlib.Path
        Its place, in an existing folder. It stays there, empty.
    """
    with FileLock(file):
        yield


@contextmanager
def held(file: Path, refusal: str) -> Iterator[None]:
    """Hold a lock file; the system lets go of it when the process ends, however it ends.

    Parameters
    ----------
    file : pathlib.Path
        Its place, in an existing folder. It stays there, empty.
    refusal : str
        What to say when another one holds it.

    Yields
    ------
    None
        While the lock is held.

    Raises
    ------
    RuntimeError
        If another one, in this process or in another, holds it.
    """
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RuntimeError(refusal) from None
    try:
        yield
    finally:
        lock.release()
