"""The first sheet of an ``.xlsx`` workbook, row by row.

A workbook is an archive of XML files: a list of sheets, the sheets, and the texts that their cells
share. Only these are looked at. Formulas are not computed (what they last gave is read), links to
other files are not followed, and what a sheet says of its own size is not believed.
"""

import posixpath
import re
import stat
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from ._archive import may_take
from ._xlsx_parts import Cells, Relations, Sheets, Texts, Value
from ._xml import XMLHandler, parse_xml

# Elements that a file may have. Real sheets have less than one for each of its bytes.
_SPARE_ELEMENTS, _ELEMENTS_OF_A_BYTE = 2**19, 2


def xlsx_rows(stream: BinaryIO, n_bytes: int) -> Iterator[tuple[int, dict[int, Value]]]:
    """Read the first sheet of a workbook.

    Parameters
    ----------
    stream : file object
        The workbook.
    n_bytes : int
        Its size.

    Yields
    ------
    number : int
        Of the row, from 1; empty rows may be missing.
    cells : dict of int to str, float, bool or None
        By column, from 0; empty cells may be missing. An error, such as ``#N/A``, is None. A date
        is the number that it is saved as.

    Raises
    ------
    ValueError
        If it is no workbook, is damaged, or would take more memory than `may_take` or a time out of
        proportion. For damage of the archive itself, whatever `zipfile` raises.
    """
    with zipfile.ZipFile(stream) as archive:
        book = _Workbook(archive, n_bytes)
        main = [place for kind, place in book.relations("").values() if kind == "officeDocument"]
        if not main:
            raise ValueError("it is no workbook")
        related = book.relations(main[0])
        sheets = Sheets()
        book.read(main[0], sheets)
        kinds = (related.get(key, ("", "")) for key in sheets.keys)
        places = [place for kind, place in kinds if kind == "worksheet"]
        if not places:
            raise ValueError("it has no sheet")
        texts = Texts(may_take(n_bytes) // 2)  # the rest is for the table
        for kind, place in related.values():
            if kind == "sharedStrings":
                book.read(place, texts)
        cells = Cells(texts.texts)
        for _ in book.parts(places[0], cells):
            yield from cells.rows
            cells.rows.clear()


class _Workbook:
    def __init__(self, archive: zipfile.ZipFile, n_bytes: int) -> None:
        members = archive.infolist()
        _check_members(members, n_bytes)
        self.archive = archive
        self.members = {member.filename.casefold(): member for member in members}
        self.most_elements = _SPARE_ELEMENTS + _ELEMENTS_OF_A_BYTE * n_bytes

    def parts(self, name: str, handler: XMLHandler) -> Iterator[None]:
        """Read a member, piece by piece."""
        if name.casefold() not in self.members:
            raise ValueError(f"it lacks {name!r:.80}")
        with self.archive.open(self.members[name.casefold()]) as stream:
            try:
                yield from parse_xml(stream, handler, self.most_elements)
            except ValueError as error:
                raise ValueError(f"{name!r:.80} {error}") from error

    def read(self, name: str, handler: XMLHandler) -> None:
        """Read a member."""
        for _ in self.parts(name, handler):
            pass

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """Find what a member, "" for all of the workbook, refers to."""
        folder, file = posixpath.split(name)
        relations = Relations(folder)
        self.read(posixpath.join(folder, "_rels", f"{file}.rels"), relations)
        return relations.found


def _check_members(members: list[zipfile.ZipInfo], n_bytes: int) -> None:
    names = set()
    for member in members:
        name = member.filename
        parts = re.split(r"[/\\]", name)
        elsewhere = parts[0] == "" or ".." in parts or re.match("[A-Za-z]:", name)
        if elsewhere or stat.S_ISLNK(member.external_attr >> 16):
            raise ValueError(f"it has a member {name!r:.80}, which leads out of it")
        if name.casefold() in names:
            raise ValueError(f"it has two members {name!r:.80}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name!r:.80} is compressed by another method than workbooks are")
        names.add(name.casefold())
    total = sum(member.file_size for member in members)
    if total > may_take(n_bytes):
        raise ValueError(f"its {n_bytes} bytes unpack to {total}, more than tables do")
