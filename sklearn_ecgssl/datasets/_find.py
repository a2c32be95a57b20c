"""Files of a data set, wherever below its folder they were unpacked."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_SHOWN = 8


def find_files(folder: Path, pattern: str) -> list[tuple[re.Match[str], Path]]:
    """Find files by the last parts of their paths, a regular expression without letter case."""
    if not folder.is_dir():
        return []
    whole = re.compile(f"(?:^|/)(?:{pattern})$", re.IGNORECASE)
    paths = sorted(_walk(folder, {os.path.realpath(folder)}))
    matches = ((whole.search(path.relative_to(folder).as_posix()), path) for path in paths)
    return [(match, path) for match, path in matches if match]


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    """Yield files, each once, links last; hidden ones and what macOS adds to archives are none."""
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_symlink(), path)):
        real = os.path.realpath(path)
        if path.name.startswith(".") or path.name == "__MACOSX" or real in seen:
            continue
        seen.add(real)
        if path.is_dir():
            yield from _walk(path, seen)
        elif path.is_file():
            yield path


def files_by(
    folder: Path,
    pattern: str,
    key: Callable[[re.Match[str]], Any],
    needed_by: str = "",
    looked_for: str = "",
) -> dict[Any, Path]:
    """Find files, sorted by a key made of their names; those that are needed must be there."""
    found = find_files(folder, pattern)
    if needed_by and not found:
        raise not_found(needed_by, folder, looked_for)
    return each_once(((key(match), path) for match, path in found), folder)


def each_once(found: Any, folder: Path) -> dict[Any, Path]:
    """Make a sorted dictionary of pairs of a key and a path; one key twice would cross a split."""
    files: dict[Any, Path] = {}
    for key, path in found:
        if key in files:
            raise ValueError(
                f"{folder} holds the same twice: {files[key].relative_to(folder)} and "
                f"{path.relative_to(folder)}. Name the folder of the one that you mean."
            )
        files[key] = path
    return dict(sorted(files.items()))


def not_found(name: str, folder: Path, looked_for: str) -> FileNotFoundError:
    """Make the error that says what was looked for, and what is there instead."""
    if not folder.is_dir():
        there = "it is a file, not a folder" if folder.exists() else "it does not exist"
    else:
        names = sorted(found.name for found in folder.iterdir())
        more = ", ..." if len(names) > _SHOWN else ""
        there = f"it holds {', '.join(names[:_SHOWN])}{more}" if names else "it is empty"
    return FileNotFoundError(
        f"{folder.absolute()} is not a folder of {name}: {there}. Looked for {looked_for}."
    )
