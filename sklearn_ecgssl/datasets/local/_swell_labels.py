"""Conditions and ratings of SWELL-KW: one row a block, or one a minute of each block."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ...formats import UnreadableFileError
from ...formats._spreadsheet import read_table
from ..reading import Label
from ._find import find_files

_ENDING = r"\.(?:xlsx|csv|tab|tsv|txt)"
# The first is a name that programs give to a part of the second, which the data set holds.
_NAMES = (
    r"behaviou?ral[-_ ]labels" + _ENDING,
    r"behaviou?ral[-_ ]features[-_ ]*per[-_ ]minute[^/]*" + _ENDING,
)
SOUGHT = ("behavioral-labels.xlsx", "Behavioral-features - per minute.xlsx (or .tab, .csv)")

CONDITIONS = {"N": "no stress", "T": "time pressure", "I": "interruptions", "R": "relaxation"}
_RELAXATION = CONDITIONS["R"]
_SPELLINGS = {
    "n": "N",
    "neutral": "N",
    "nostress": "N",
    "t": "T",
    "timepressure": "T",
    "i": "I",
    "interruption": "I",
    "interruptions": "I",
    "emailinterruptions": "I",
    "r": "R",
    "relax": "R",
    "relaxation": "R",
}


class Scale(NamedTuple):
    """A rating: what its column is called, and its lowest and highest value."""

    columns: tuple[str, ...]
    low: float
    high: float


RATINGS: Mapping[str, Scale] = {
    "valence": Scale(("Valence_rc", "Valenc_rc"), 1, 9),
    "arousal": Scale(("Arousal_rc",), 1, 9),
    "dominance": Scale(("Dominance",), 1, 9),
    "stress_rating": Scale(("Stress",), 0, 10),
    # Of 150 mm, in cm.
    "mental_effort": Scale(("MentalEffort",), 0, 15),
    "mental_demand": Scale(("MentalDemand",), 0, 10),
    "physical_demand": Scale(("PhysicalDemand",), 0, 10),
    "temporal_demand": Scale(("TemporalDemand",), 0, 10),
    "effort": Scale(("Effort",), 0, 10),
    "performance": Scale(("Performance_rc",), 0, 10),
    "frustration": Scale(("Frustration",), 0, 10),
}
_NEEDED = ("valence", "arousal", "dominance", "stress_rating")


def find_labels(folder: Path) -> Path | None:
    """Find the table of labels below a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Where to look, and in all its folders.

    Returns
    -------
    pathlib.Path or None
        None if there is none.

    Raises
    ------
    ValueError
        If there are two.
    """
    for name in _NAMES:
        found = [path for _, path in find_files(folder, name)]
        if len(found) > 1:
            shown = " and ".join(str(path.relative_to(folder)) for path in found)
            raise ValueError(f"{folder} holds more than one table of labels: {shown}. Keep one.")
        if found:
            return found[0]
    return None


def read_labels(path: Path) -> dict[tuple[int, int], dict[str, Label]]:
    """Read the labels of blocks.

    Parameters
    ----------
    path : pathlib.Path
        The table.

    Returns
    -------
    dict of (int, int) to dict
        By person and block: "condition" ("" if the table has none), all ratings (NaN where one is
        missing) and "relaxation_minutes", the rows of a block that are relaxation (NaN if the table
        has but one row of it). Of several rows of a block the last that is not relaxation counts.

    Raises
    ------
    UnreadableFileError
        If it is no such table: a column is missing, a rating is off its scale, a condition or a
        block is unknown, or a block has two working conditions.
    """
    columns = {"person": ("PP",), "block": ("Blok", "Block"), "condition": ("Condition",)} | {
        name: scale.columns for name, scale in RATINGS.items()
    }
    optional = {"condition", *RATINGS} - set(_NEEDED)
    table = read_table(path, columns, optional)
    rows: dict[tuple[int, int], list[dict[str, Label]]] = {}
    for i, number in enumerate(table.rows):
        row = {name: values[i] for name, values in table.columns.items()}
        try:
            key = (
                _natural(row["person"], "PP", r"(?:pp)?0*(\d{1,4})", "PP1"),
                _natural(row["block"], "Blok", r"(?:c|blok|block)?0*([1-3])", "1, 2 or 3"),
            )
            labels: dict[str, Label] = {"condition": _condition(row.get("condition"))}
            labels |= {name: _rating(row.get(name), scale) for name, scale in RATINGS.items()}
            rows.setdefault(key, []).append(labels)
            _check_condition(rows[key])
        except ValueError as error:
            raise UnreadableFileError(f"{path}: row {number} has {error}.") from None
    if not rows:
        raise UnreadableFileError(f"{path} has no row.")
    return {key: _block(found) for key, found in rows.items()}


def _block(rows: list[dict[str, Label]]) -> dict[str, Label]:
    work = [row for row in rows if row["condition"] != _RELAXATION]
    rest = float(len(rows) - len(work)) if len(rows) > 1 else math.nan
    return {**(work or rows)[-1], "relaxation_minutes": rest}


def _check_condition(rows: list[dict[str, Label]]) -> None:
    work = {row["condition"] for row in rows} - {_RELAXATION}
    if len(work) > 1:
        both = " and ".join(repr(one) for one in sorted(map(str, work)))
        raise ValueError(f"a second condition of its block: {both}")


def _natural(value: object, column: str, pattern: str, expected: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    found = re.fullmatch(pattern, "" if value is None else str(value), re.IGNORECASE | re.ASCII)
    if not found:
        raise ValueError(f"{column} {value!r:.40}, not {expected}")
    return int(found[1])


def _condition(value: object) -> str:
    if value is None:
        return ""
    code = _SPELLINGS.get(re.sub(r"[\s_-]", "", str(value)).casefold())
    if code is None:
        known = ", ".join(f"{letter} ({name})" for letter, name in CONDITIONS.items())
        raise ValueError(f"Condition {value!r:.40}, which is none of {known}")
    return CONDITIONS[code]


def _rating(value: object, scale: Scale) -> float:
    if value is None:
        return math.nan
    if type(value) is not float or not scale.low <= value <= scale.high:
        raise ValueError(
            f"{scale.columns[0]} {value!r:.40}, not a rating from {scale.low:g} to {scale.high:g}"
        )
    return value
