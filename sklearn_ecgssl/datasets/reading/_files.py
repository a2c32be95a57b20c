"""Errors about files that are not there."""

from collections.abc import Sequence
from pathlib import Path

_SHOWN = 8


def not_found(name: str, folder: Path, looked_for: Sequence[str]) -> FileNotFoundError:
    """Make the error that says what was looked for, and what is there instead.

    Parameters
    ----------
    name : str
        Of the data set.
    folder : pathlib.Path
        The folder that the user named.
    looked_for : sequence of str
        Files or patterns, relative to the folder.

    Returns
    -------
    FileNotFoundError
        To be raised.
    """
    wanted = ", ".join(looked_for)
    if not folder.exists():
        there = "it does not exist"
    elif not folder.is_dir():
        there = "it is a file, not a folder"
    else:
        names = sorted(found.name for found in folder.iterdir())
        more = ", ..." if len(names) > _SHOWN else ""
        there = f"it holds {', '.join(names[:_SHOWN])}{more}" if names else "it is empty"
    return FileNotFoundError(
        f"{folder.absolute()} is not a folder of {name}: {there}. Looked for {wanted}."
    )
