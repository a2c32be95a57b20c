"""Files of a data set, wherever below its folder they were unpacked."""

import os
import re
import warnings
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Found = tuple[re.Match[str], Path]

# What macOS adds to archives and folders.
_FOREIGN = "__MACOSX"


def find_files(folder: Path, pattern: str) -> list[tuple[re.Match[str], Path]]:
    r"""Find files by the last parts of their paths.

    Parameters
    ----------
    folder : pathlib.Path
        Where to look, and in all its folders and those that they link to. Of one that cannot be
        opened a warning tells.
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
    top = os.path.realpath(folder)
    linked: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_warn):
        folders[:] = [name for name in sorted(folders) if _is_of_interest(place, name, top, linked)]
        for name in names:
            path = Path(place, name)
            match = whole.search(path.relative_to(folder).as_posix())
            if match and not name.startswith(".") and path.is_file():
                found.append((match, path))
    return sorted(_without_links_to_others(found), key=lambda one: one[1])


def _is_of_interest(place: str, name: str, top: str, linked: set[str]) -> bool:
    """Tell whether to look into a folder: links lead elsewhere, once, and not in circles."""
    path = os.path.join(place, name)
    if name.startswith(".") or name == _FOREIGN:
        return False
    if not os.path.islink(path):
        return True
    real = os.path.realpath(path)
    if real in linked or _is_inside(real, top) or _is_inside(top, real):
        return False
    linked.add(real)
    return True


def _is_inside(path: str, folder: str) -> bool:
    return Path(path).is_relative_to(folder)


def _without_links_to_others(found: list[Found]) -> Iterable[Found]:
    """Leave out files that are links to others of them."""
    real = {path: os.path.realpath(path) for _, path in found}
    own = {place for path, place in real.items() if place == os.path.abspath(path)}
    for match, path in sorted(found, key=lambda one: one[1]):
        if real[path] == os.path.abspath(path):
            yield match, path
        elif real[path] not in own:
            own.add(real[path])
            yield match, path


def _warn(error: OSError) -> None:
    if isinstance(error, PermissionError):
        warnings.warn(
            f"{error.filename} must not be looked into, and is passed over.", stacklevel=5
        )


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
