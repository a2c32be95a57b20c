"""Files of a data set, wherever below its folder they were unpacked."""

import os
import re
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
_SHOWN = 8


def find_files(folder: Path, pattern: str) -> list[tuple[re.Match[str], Path]]:
    """Find files by the last parts of their paths, a regular expression without letter case.

    Hidden ones and what macOS adds to archives are passed over, links are followed once. Where
    there is no folder there are none.
    """
    if not folder.is_dir():
        return []
    whole = re.compile(f"(?:^|/)(?:{pattern})$", re.IGNORECASE)
    found = []
    for path in sorted(_walk(folder, {os.path.realpath(folder)})):
        match = whole.search(path.relative_to(folder).as_posix())
        if match:
            found.append((match, path))
    return found


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    """Yield files, each once, those that are no links first."""
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_symlink(), path)):
        if path.name.startswith(".") or path.name == "__MACOSX":
            continue
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        if path.is_dir():
            yield from _walk(path, seen)
        elif path.is_file():
            yield path


def find_each(
    name: str, folder: Path, pattern: str, looked_for: str
) -> list[tuple[re.Match[str], Path]]:
    """Find files; raise FileNotFoundError, which says what is there instead, if there are none."""
    found = find_files(folder, pattern)
    if not found:
        raise not_found(name, folder, looked_for)
    return found


def one_each(
    found: Iterable[tuple[Key, Path]], folder: Path, what: str = "the same"
) -> dict[Key, Path]:
    """Return files by what they hold, sorted by it; the same twice would cross a split."""
    files: dict[Key, Path] = {}
    for key, path in found:
        if key in files:
            raise ValueError(
                f"{folder} holds {what} twice: {files[key].relative_to(folder)} and "
                f"{path.relative_to(folder)}. Name the folder of the one that you mean."
            )
        files[key] = path
    return dict(sorted(files.items()))


def not_found(name: str, folder: Path, looked_for: str) -> FileNotFoundError:
    """Make the error that says what was looked for, and what is there instead."""
    if not folder.exists():
        there = "it does not exist"
    elif not folder.is_dir():
        there = "it is a file, not a folder"
    else:
        names = sorted(found.name for found in folder.iterdir())
        more = ", ..." if len(names) > _SHOWN else ""
        there = f"it holds {', '.join(names[:_SHOWN])}{more}" if names else "it is empty"
    return FileNotFoundError(
        f"{folder.absolute()} is not a folder of {name}: {there}. Looked for {looked_for}."
    )
