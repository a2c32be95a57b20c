"""The questionnaires of WESAD: what a person said of each condition."""

import math
import re
from pathlib import Path
from typing import NamedTuple

from ...formats import UnreadableFileError

_MOST_BYTES = 2**20
_SCALE = (1, 9)
#: Phases of the session by their names there; the others, of reading, have no answers.
_CONDITIONS = {
    "base": "baseline",
    "tsst": "stress",
    "fun": "amusement",
    "medi 1": "meditation",
    "medi 2": "meditation",
}
_READING = ("bread", "fread", "sread")


class Answer(NamedTuple):
    """What was said of one condition.

    Attributes
    ----------
    condition : str
        Which one.
    valence : float
        1 to 9, NaN if not answered.
    arousal : float
        1 to 9, NaN if not answered.
    """

    condition: str
    valence: float
    arousal: float


def read_answers(path: Path, subject: str) -> list[Answer]:
    """Read a person's self-assessment manikins.

    Parameters
    ----------
    path : pathlib.Path
        The person's table: lines of text with ";" between cells, the first of which says what
        stands in the line.
    subject : str
        Whose it should be.

    Returns
    -------
    list of Answer
        In the order of the session.

    Raises
    ------
    UnreadableFileError
        If the table is not as documented.
    """
    lines = _lines(path)
    _check_subject(path, lines, subject)
    orders = [cells for tag, cells in lines if tag == "# ORDER"]
    if len(orders) != 1:
        raise UnreadableFileError(
            f"{path} has {len(orders)} lines '# ORDER;...', not the one that names the conditions."
        )
    names = [name for name in orders[0] if name and name.lower() not in _READING]
    conditions = [_condition(path, name) for name in names]
    ratings = [cells for tag, cells in lines if tag == "# DIM"]
    if len(ratings) != len(conditions):
        raise UnreadableFileError(
            f"{path} names {len(conditions)} conditions and has {len(ratings)} lines "
            "'# DIM;valence;arousal', one of which belongs to each."
        )
    return [
        Answer(condition, *_ratings(path, cells))
        for condition, cells in zip(conditions, ratings, strict=True)
    ]


def _lines(path: Path) -> list[tuple[str, list[str]]]:
    """Split the table: the first cell of each line, and the others up to the last with content."""
    if path.stat().st_size > _MOST_BYTES:
        raise UnreadableFileError(
            f"{path} is no questionnaire of WESAD: it has {path.stat().st_size} bytes."
        )
    lines = []
    for line in path.read_bytes().decode("utf-8-sig", "replace").splitlines():
        tag, *cells = [cell.strip() for cell in line.rstrip("; \t").split(";")]
        lines.append((tag, cells))
    return lines


def _check_subject(path: Path, lines: list[tuple[str, list[str]]], subject: str) -> None:
    for tag, cells in lines:
        if tag == "# Subj" and cells[:1] != [subject]:
            raise UnreadableFileError(
                f"{path} is of {', '.join(cells)[:40] or 'nobody'}, not of {subject}."
            )


def _condition(path: Path, name: str) -> str:
    if name.lower() not in _CONDITIONS:
        raise UnreadableFileError(
            f"{path} names a condition {name!r:.40} in '# ORDER'; expected Base, TSST, Fun, "
            "Medi 1, Medi 2, and bRead, fRead, sRead."
        )
    return _CONDITIONS[name.lower()]


def _ratings(path: Path, cells: list[str]) -> tuple[float, float]:
    if len(cells) > 2:
        raise UnreadableFileError(
            f"{path} has {len(cells)} numbers in a line '# DIM', not valence and arousal alone."
        )
    valence, arousal = (_rating(path, cell) for cell in [*cells, "", ""][:2])
    return valence, arousal


def _rating(path: Path, cell: str) -> float:
    if not cell:
        return math.nan
    low, high = _SCALE
    # "7.0" is what a spreadsheet or a program may have made of "7".
    if not (re.fullmatch(r"\d{1,2}(\.0*)?", cell, re.ASCII) and low <= float(cell) <= high):
        raise UnreadableFileError(
            f"{path} has {cell!r:.40} in a line '# DIM', where a whole number from {low} to "
            f"{high} was expected."
        )
    return float(cell)
