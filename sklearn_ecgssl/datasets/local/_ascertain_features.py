"""Files about the recordings of ASCERTAIN: where they are, and marks of quality."""

import re
from pathlib import Path

import numpy as np

from ...formats import UnreadableFileError
from ._find import find_files, one_each

N_PEOPLE, N_CLIPS = 58, 36
#: What a user has made of the spreadsheet of quality.
QUALITY_FILE = "ECG_quality.csv"

_LARGEST = 2**20


def find_feature(folder: Path, name: str) -> Path | None:
    """Find a file in the folder, or in that of the features, beside it or beside the one above."""
    beside = [above / "ASCERTAIN_Features" for above in folder.absolute().parents[:2]]
    for place in (folder, *beside):
        found = one_each(((name, path) for _, path in find_files(place, re.escape(name))), place)
        if found:
            return found[name]
    return None


def read_quality(path: Path) -> np.ndarray:
    """Read a line of marks for each person, or for each clip.

    Parameters
    ----------
    path : pathlib.Path
        A text file of numbers, with commas, semicolons, tabs or blanks between them.

    Returns
    -------
    ndarray of shape (N_PEOPLE, N_CLIPS)
        Marks.

    Raises
    ------
    UnreadableFileError
        If it is anything else.
    """
    wanted = f"{N_PEOPLE} lines of {N_CLIPS} marks, or {N_CLIPS} of {N_PEOPLE}"
    if path.stat().st_size > _LARGEST:
        raise UnreadableFileError(
            f"{path} should be {wanted}, but is larger than {_LARGEST} bytes."
        )
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    lines = [re.split(r"[\s,;]+", line.strip()) for line in text.splitlines() if line.strip()]
    try:
        marks = np.array([[float(mark) for mark in line] for line in lines])
    except ValueError:  # no numbers, or lines of different lengths
        marks = np.zeros(0)
    if marks.shape == (N_CLIPS, N_PEOPLE):
        marks = marks.T
    if marks.shape != (N_PEOPLE, N_CLIPS) or not (marks >= 0).all():
        lengths = ", ".join(map(str, sorted({len(line) for line in lines})[:5]))
        raise UnreadableFileError(
            f"{path} should be {wanted}, but is {len(lines)} lines of {lengths or 0}, or holds "
            "something else than numbers from 0."
        )
    return marks
