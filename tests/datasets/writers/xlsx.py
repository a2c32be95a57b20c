"""Workbooks, part by part as text; nothing of the reader is used."""

import io
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
BEGIN = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


class Raw(str):
    """A cell as XML, with {r} for its place."""


def write(path, rows, **options):
    """Write rows of text, numbers, booleans, None and Raw as the first sheet."""
    Path(path).write_bytes(archive(parts(rows, **options)))
    return Path(path)


def parts(rows, *, shared=True, places=True, dimension=None, sheets=("Sheet1",)):
    """Members of a workbook by name; those that a test changes or adds are changed there."""
    strings = []
    sheet = sheet_xml(rows, strings if shared else None, places, dimension)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="rId{i}"/>'
        for i, name in enumerate(sheets, start=1)
    )
    related = [
        (f"rId{i}", "worksheet", f"worksheets/sheet{i}.xml") for i in range(1, len(sheets) + 1)
    ]
    if shared:
        related.append(("rId99", "sharedStrings", "sharedStrings.xml"))
    made = {
        "[Content_Types].xml": content_types(len(sheets), shared),
        "_rels/.rels": relations([("rId1", "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'{BEGIN}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(related),
        "xl/worksheets/sheet1.xml": sheet,
    }
    for i in range(2, len(sheets) + 1):
        made[f"xl/worksheets/sheet{i}.xml"] = sheet_xml([["note"]], None, True, None)
    if shared:
        items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in strings)
        made["xl/sharedStrings.xml"] = f'{BEGIN}<sst xmlns="{MAIN}">{items}</sst>'
    return made


def archive(members, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as made:
        for name, text in members.items():
            made.writestr(name, text)
    return stream.getvalue()


def sheet_xml(rows, strings, places, dimension):
    body = ""
    for number, row in enumerate(rows, start=1):
        if row is None:
            continue
        cells = "".join(
            cell_xml(value, f"{letters(column)}{number}" if places else None, strings)
            for column, value in enumerate(row)
            if value is not None or not places
        )
        body += f'<row r="{number}">{cells}</row>' if places else f"<row>{cells}</row>"
    size = f'<dimension ref="{dimension}"/>' if dimension else ""
    return f'{BEGIN}<worksheet xmlns="{MAIN}">{size}<sheetData>{body}</sheetData></worksheet>'


def cell_xml(value, place, strings):
    r = f' r="{place}"' if place else ""
    if isinstance(value, Raw):
        return value.replace("{r}", r)
    if value is None:
        return f"<c{r}/>"
    if isinstance(value, bool):
        return f'<c{r} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (int, float)):
        return f"<c{r}><v>{float(value)!r}</v></c>"
    if strings is None:
        return f'<c{r} t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if value not in strings:
        strings.append(value)
    return f'<c{r} t="s"><v>{strings.index(value)}</v></c>'


def relations(related):
    inside = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for key, kind, target in related
    )
    return f'{BEGIN}<Relationships xmlns="{PACKAGE}/relationships">{inside}</Relationships>'


def content_types(n_sheets, shared):
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    overrides = f'<Override PartName="/xl/workbook.xml" ContentType="{kind}sheet.main+xml"/>'
    for i in range(1, n_sheets + 1):
        overrides += (
            f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{kind}worksheet+xml"/>'
        )
    if shared:
        overrides += (
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}sharedStrings+xml"/>'
        )
    rels = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        f'{BEGIN}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="{rels}"/><Default Extension="xml" ContentType="application/xml"/>'
        f"{overrides}</Types>"
    )


def letters(column):
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
