"""Files of a data set, wherever below its folder they were unpacked."""

import os
import re
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

# What macOS adds to archives and folders.
_FOREIGN = "__MACOSX"


def find_files(folder: Path, pattern: str) -> list[tuple[re.Match[str], Path]]:
    r"""Find files by the last parts of their paths.

    Parameters
    ----------
    folder : pathlib.Path
        Where to look, and in all its folders.
    pattern : str
        Regular expression for one or more whole parts, with "/" between them, such as
        ``Movie_P(\d+)/ECG_Clip(\d+)\.mat``. Letter case does not matter.

    Returns
    -------
    list of (re.Match, pathlib.Path)
        Sorted by path.
    """
    whole = re.compile(f"(?:^|/)(?:{pattern})$", re.IGNORECASE)
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != _FOREIGN]
        for name in names:
            path = Path(place, name)
            match = whole.search(path.relative_to(folder).as_posix())
            if match and not name.startswith(".") and path.is_file():
                found.append((match, path))
    return sorted(found, key=lambda one: one[1])


def one_each(found: Iterable[tuple[Key, Path]], folder: Path) -> dict[Key, Path]:
    """Return files by what they hold, sorted by it.

    Parameters
    ----------
    found : iterable of (key, pathlib.Path)
        What each file holds.
    folder : pathlib.Path
        Where they were looked for.

    Returns
    -------
    dict of key to pathlib.Path
        By key.

    Raises
    ------
    ValueError
        If two files hold the same: the same recording twice would stand on both sides of a split.
    """
    files: dict[Key, Path] = {}
    for key, path in found:
        if key in files:
            raise ValueError(
                f"{folder} holds the same twice: {files[key].relative_to(folder)} and "
                f"{path.relative_to(folder)}. Name the folder of the one that you mean."
            )
        files[key] = path
    return dict(sorted(files.items()))
