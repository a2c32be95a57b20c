"""Conditions and ratings of SWELL-KW: one row a block, or one a minute of each block."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
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
    # From 1 to 9, most likely: nobody says it of the table.
    "valence": Scale(("Valence_rc", "Valenc_rc"), 0, 10),
    "arousal": Scale(("Arousal_rc",), 0, 10),
    "dominance": Scale(("Dominance",), 0, 10),
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
# Such as 20120918T131600000, to the millisecond.
_TIME = re.compile(r"(\d{8}T\d{6})\d{0,3}", re.ASCII)
#: Minutes before the work of a block beyond which its times are not believed.
MOST_MINUTES = 30


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
        missing), "work_began", when the first row of work is (local time, "" if the table does not
        say it), and "relaxation_minutes", those from the first row of a block to that one, or, if
        there are more of them, the rows that are relaxation (NaN if the table has but one row of
        the block). Of several rows of a block the last that is not relaxation counts.

    Raises
    ------
    UnreadableFileError
        If it is no such table: a column is missing, a rating is off its scale, a condition or a
        block is unknown, or a block has two working conditions.
    """
    columns = {"person": ("PP",), "block": ("Blok", "Block"), "condition": ("Condition",)} | {
        name: scale.columns for name, scale in RATINGS.items()
    }
    columns["time"] = ("timestamp",)
    optional = {"condition", "time", *RATINGS} - set(_NEEDED)
    table = read_table(path, columns, optional)
    rows: dict[tuple[int, int], list[dict[str, Label]]] = {}
    for i, number in enumerate(table.rows):
        row = {name: values[i] for name, values in table.columns.items()}
        began = _time(row.pop("time", None))
        if all(value is None for value in row.values()):
            continue
        try:
            key = (
                _natural(row["person"], "PP", r"(?:pp)?0*(\d{1,4})", "PP1"),
                _natural(row["block"], "Blok", r"(?:c|blok|block)?0*([1-3])", "1, 2 or 3"),
            )
            labels: dict[str, Label] = {"condition": _condition(row.get("condition"))}
            labels["work_began"] = began
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
    rest = [row for row in rows if row["condition"] == _RELAXATION]
    began = _first(work)
    minutes = max(float(len(rest)), minutes_between(_first(rest), began))
    return {
        **(work or rows)[-1],
        "work_began": began,
        "relaxation_minutes": minutes if len(rows) > 1 else math.nan,
    }


def minutes_between(start: str, stop: str) -> float:
    """Return the minutes from a time to a later one; 0 if nobody knows, or for too many."""
    if not start or not stop:
        return 0.0
    passed = datetime.fromisoformat(stop) - datetime.fromisoformat(start)
    minutes = passed.total_seconds() / 60
    return minutes if 0 < minutes <= MOST_MINUTES else 0.0


def _first(rows: Sequence[Mapping[str, Label]]) -> str:
    return min((str(row["work_began"]) for row in rows if row["work_began"]), default="")


def _time(value: object) -> str:
    """Return a time as ISO 8601 has it; "" for what is none."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%S").isoformat() if found else ""
    except ValueError:
        return ""


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
