"""What stands in the files of an ``.xlsx`` workbook. Each class is told of one (`parse_xml`)."""

import math
import posixpath
import re
import sys

Value = str | float | bool | None

#: The largest sheet that the format allows.
_MOST_ROWS, _MOST_COLUMNS = 2**20, 2**14
_CELL = re.compile("([A-Za-z]{1,3})[0-9]{1,7}")
_LONGEST_NUMBER = 64


class Relations:
    """A list of the files that a file refers to.

    Attributes
    ----------
    found : dict of str to (str, str)
        Kind, such as "worksheet", and place in the archive, by key. Places outside are left out.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            place = posixpath.normpath(
                posixpath.join("/", self.folder, attributes.get("Target", ""))
            )
            self.found[attributes.get("Id", "")] = kind, place.lstrip("/")

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class Sheets:
    """A list of sheets.

    Attributes
    ----------
    keys : list of str
        Of the sheets among the workbook's relations, in their order.
    """

    def __init__(self) -> None:
        self.keys: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            self.keys.extend(value for key, value in attributes.items() if key.endswith(":id"))

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class Texts:
    """The texts that cells share.

    Attributes
    ----------
    texts : list of str
    """

    def __init__(self, most_bytes: int) -> None:
        self.texts: list[str] = []
        self.left = most_bytes
        self._parts: list[str] = []
        self._is_text = self._is_hint = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self._parts = []
        elif name == "rPh":  # how to pronounce the text
            self._is_hint = True
        elif name == "t":
            self._is_text = not self._is_hint

    def end(self, name: str) -> None:
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._is_hint = False
        elif name == "si":
            text = "".join(self._parts)
            self.left -= sys.getsizeof(text) + 8
            if self.left < 0:
                raise ValueError("holds more text than tables do")
            self.texts.append(text)

    def text(self, text: str) -> None:
        if self._is_text:
            self._parts.append(text)


class Cells:
    """A sheet.

    Attributes
    ----------
    rows : list of (int, dict of int to str, float, bool or None)
        Number, from 1, and cells by column, from 0, of the rows that have ended; to be taken away.
    """

    def __init__(self, texts: list[str]) -> None:
        self.rows: list[tuple[int, dict[int, Value]]] = []
        self._texts = texts
        self._number = 0
        self._column = -1
        self._cells: dict[int, Value] = {}
        self._kind = "n"
        self._parts: list[str] = []
        self._is_value = self._is_hint = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._column = self._column_of(attributes.get("r"))
            self._kind = attributes.get("t", "n")
            self._parts = []
        elif name in ("v", "t"):
            self._is_value = not self._is_hint
        elif name == "rPh":
            self._is_hint = True
        elif name == "row":
            self._number = self._row_of(attributes.get("r"))
            self._column = -1
            self._cells = {}

    def end(self, name: str) -> None:
        if name == "c":
            try:
                self._cells[self._column] = self._value("".join(self._parts))
            except ValueError as error:
                place = f"in row {self._number}, column {self._column + 1}"
                raise ValueError(f"{error} {place}") from None
        elif name in ("v", "t"):
            self._is_value = False
        elif name == "rPh":
            self._is_hint = False
        elif name == "row":
            self.rows.append((self._number, self._cells))

    def text(self, text: str) -> None:
        if self._is_value:
            self._parts.append(text)

    def _row_of(self, text: str | None) -> int:
        number = self._number + 1 if text is None else _natural(text)
        if not self._number < number <= _MOST_ROWS:
            raise ValueError(f"has a row {number} after row {self._number}")
        return number

    def _column_of(self, text: str | None) -> int:
        if text is None:
            column = self._column + 1
        else:
            found = _CELL.fullmatch(text)
            if not found:
                raise ValueError(f"has a cell {text!r:.80}")
            column = -1
            for letter in found[1].upper():
                column = 26 * (column + 1) + ord(letter) - ord("A")
        if column >= _MOST_COLUMNS:
            raise ValueError(f"has more than {_MOST_COLUMNS} columns")
        return column

    def _value(self, text: str) -> Value:
        if self._kind in ("str", "inlineStr", "d"):
            return text
        if self._kind == "e" or text == "":
            return None
        if self._kind == "n":
            return _number(text)
        if self._kind == "b":
            return text.strip() not in ("0", "false")
        if self._kind == "s":
            index = _natural(text)
            if index < len(self._texts):
                return self._texts[index]
            raise ValueError(f"has a cell with text {index} of {len(self._texts)}")
        raise ValueError(f"has a cell of kind {self._kind!r:.80}")


def _natural(text: str) -> int:
    if not re.fullmatch(r"\s*[0-9]{1,9}\s*", text, re.ASCII):
        raise ValueError(f"has {text!r:.80} where a natural number should be")
    return int(text)


def _number(text: str) -> float | None:
    try:
        if len(text) <= _LONGEST_NUMBER:
            number = float(text)
            return number if math.isfinite(number) else None
    except ValueError:
        pass
    raise ValueError(f"has a cell of a number {text!r:.80}")
