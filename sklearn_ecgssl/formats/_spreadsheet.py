"""Tables with a line of names above: ``.xlsx`` workbooks, and the same saved as text."""

import csv
import io
import re
import sys
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ._archive import may_take
from ._errors import UnreadableFileError
from ._xlsx import xlsx_rows
from ._xlsx_parts import Value

_ZIP, _OLE = (b"PK\3\4", b"PK\5\6"), bytes.fromhex("d0cf11e0a1b11ae1")
_MISSING = frozenset(["", "nan", "na", "n/a", "null", "none"])
_NUMBER = re.compile(r"[+-]?(\d{1,30}([.,]\d{0,30})?|[.,]\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_MOST_COLUMNS = 2**14
_SHOWN = 20


@dataclass(frozen=True)
class Table:
    """Some columns of a table.

    Attributes
    ----------
    columns : dict of str to list of str, float, bool or None
        By the names that were asked for. Text is stripped; None where there is none, or an error.
    rows : list of int
        The number of each row in the file, from 1. Rows that hold nothing are left out.
    """

    columns: dict[str, list[Value]]
    rows: list[int]


def read_table(
    path: Path, columns: Mapping[str, Sequence[str]], optional: Collection[str] = ()
) -> Table:
    """Read columns of the first sheet of a workbook, or of a text file.

    Parameters
    ----------
    path : pathlib.Path
        An ``.xlsx`` file, or text whose columns are parted by tabs, semicolons or commas. Which of
        them it is, is told from what is in it. After semicolons and tabs numbers may have a decimal
        comma.
    columns : mapping of str to sequence of str
        What they may be called in the first row that is not empty, capitals, blanks and underscores
        aside, by the name that they are to have.
    optional : collection of str
        Those that may be missing.

    Returns
    -------
    Table

    Raises
    ------
    UnreadableFileError
        If it is no table, is damaged, lacks a column or has it twice, or would take more memory
        than `may_take` or a time out of proportion.
    """
    data = path.read_bytes()
    try:
        return _table(_rows(data), columns, optional, may_take(len(data)) // 2)
    except zipfile.BadZipFile as error:
        raise UnreadableFileError(
            f"{path} is a damaged or truncated workbook of {len(data)} bytes: {error}. Copy or "
            "download it again."
        ) from error
    except Exception as error:  # whatever zipfile, zlib and csv raise on damaged bytes
        what = str(error) or type(error).__name__
        raise UnreadableFileError(f"{path} cannot be read as a table: {what}.") from error


def _rows(data: bytes) -> Iterator[tuple[int, dict[int, Value]]]:
    if data.startswith(_OLE):
        raise ValueError(
            "it is of an older format than .xlsx, or protected by a password. Save it as .xlsx "
            "without one, or as .csv"
        )
    if data.startswith(_ZIP):
        return xlsx_rows(io.BytesIO(data), len(data))
    return _text_rows(data)


def _table(
    rows: Iterable[tuple[int, dict[int, Value]]],
    columns: Mapping[str, Sequence[str]],
    optional: Collection[str],
    most_bytes: int,
) -> Table:
    places: dict[str, int] | None = None
    table = Table({}, [])
    for number, cells in rows:
        if places is None:
            names = {i: cell.strip() for i, cell in cells.items() if isinstance(cell, str)}
            if any(names.values()):
                places = _places(names, columns, optional)
                table.columns.update({name: [] for name in places})
            continue
        values = {name: _plain(cells.get(place)) for name, place in places.items()}
        if all(value is None for value in values.values()):
            continue
        most_bytes -= sum(sys.getsizeof(value) + 8 for value in values.values()) + 64
        if most_bytes < 0:
            raise ValueError(f"its first {number} rows hold more than real tables do")
        for name, value in values.items():
            table.columns[name].append(value)
        table.rows.append(number)
    if places is None:
        raise ValueError("it is empty")
    return table


def _places(
    names: Mapping[int, str], columns: Mapping[str, Sequence[str]], optional: Collection[str]
) -> dict[str, int]:
    """Find the columns by their names."""
    places = {}
    has = ", ".join(repr(name)[:40] for name in list(names.values())[:_SHOWN])
    has += ", ..." if len(names) > _SHOWN else ""
    bare = {place: _bare(name) for place, name in names.items()}
    for key, spellings in columns.items():
        wanted = {_bare(spelling) for spelling in spellings}
        found = [place for place, name in bare.items() if name in wanted]
        if len(found) > 1:
            raise ValueError(f"it has {len(found)} columns {spellings[0]!r}")
        if found:
            places[key] = found[0]
        elif key not in optional:
            raise ValueError(f"it has no column {' or '.join(map(repr, spellings))}, but {has}")
    return places


def _bare(name: str) -> str:
    return re.sub(r"[\s_]", "", name).casefold()


def _plain(value: Value) -> Value:
    if isinstance(value, str):
        value = value.strip()
        if value.casefold() in _MISSING or value.startswith("#"):
            return None
    return value


def _text_rows(data: bytes) -> Iterator[tuple[int, dict[int, Value]]]:
    text = _decode(data).lstrip("\r\n")
    line = text[: max(text.find("\n"), 0) or None]
    delimiter = max("\t;,", key=line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for row in reader:
        if len(row) > _MOST_COLUMNS:
            raise ValueError(f"it has more than {_MOST_COLUMNS} columns")
        cells = enumerate(_number(cell, delimiter != ",") for cell in row)
        yield reader.line_num, dict(cells)


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _number(cell: str, decimal_comma: bool) -> Value:
    found = _NUMBER.fullmatch(cell.strip())
    if not found or ("," in cell and not decimal_comma):
        return cell
    return float(cell.strip().replace(",", "."))
