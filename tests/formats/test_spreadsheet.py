"""Tables in workbooks and in text: as they should be, as programs write them, damaged, harmful."""

import re
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.formats._spreadsheet import read_table
from tests.datasets.writers import xlsx
from tests.datasets.writers.xlsx import Raw

COLUMNS = {"who": ["PP"], "block": ["Blok", "Block"], "rating": ["Valence_rc"]}
ROWS = [
    ["PP", "Blok", "Note", "Valence_rc"],
    ["PP1", 1, "good", 2.5],
    ["PP1", 2, None, 7],
    ["PP2", 1, "äöü <&>", None],
]
WHO, BLOCK, RATING = ["PP1", "PP1", "PP2"], [1.0, 2.0, 1.0], [2.5, 7.0, None]


def made(folder, change=lambda parts: parts, rows=ROWS, **options):
    path = folder / "a.xlsx"
    parts = xlsx.parts(rows, **options)
    path.write_bytes(xlsx.archive(change(parts) or parts))
    return path


def refused(path, columns=COLUMNS):
    """Try to read it: soon, with little memory, and in vain."""
    tracemalloc.start()
    begin = time.perf_counter()
    try:
        with pytest.raises(UnreadableFileError) as error:
            read_table(path, columns)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - begin < 20
    assert most < 2**24 + 100 * path.stat().st_size
    assert str(path) in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("places", [True, False])
def test_round_trip(tmp_path, shared, places):
    table = read_table(xlsx.write(tmp_path / "a", ROWS, shared=shared, places=places), COLUMNS)
    assert table.columns == {"who": WHO, "block": BLOCK, "rating": RATING}
    assert table.rows == [2, 3, 4]
    assert all(type(value) is float for value in table.columns["block"])


def test_openpyxl_reads_what_the_writer_writes(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(xlsx.write(tmp_path / "a.xlsx", ROWS))
    assert [list(row) for row in book.active.values] == ROWS


def test_reads_what_openpyxl_writes(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.create_sheet("notes").append(["PP", "of no use"])
    book.save(tmp_path / "a.xlsx")
    table = read_table(tmp_path / "a.xlsx", COLUMNS)
    assert table.columns == {"who": WHO, "block": BLOCK, "rating": RATING}


def test_kinds_of_cells(tmp_path):
    cells = [
        ("<c{r}><v>1e-3</v></c>", 1e-3),
        ('<c{r} t="n"><v> 4 </v></c>', 4.0),
        ("<c{r}><f>1+1</f><v>2</v></c>", 2.0),
        ('<c{r} t="str"><f>A1</f><v>a text</v></c>', "a text"),
        ('<c{r} t="b"><v>1</v></c>', True),
        ('<c{r} t="b"><v>0</v></c>', False),
        ('<c{r} t="e"><v>#DIV/0!</v></c>', None),
        ('<c{r} t="str"><v>#NULL!</v></c>', None),
        ('<c{r} t="str"><v> NaN </v></c>', None),
        ("<c{r}><v>NaN</v></c>", None),
        ("<c{r}/>", None),
        ('<c{r} t="d"><v>2012-09-18</v></c>', "2012-09-18"),
        (
            '<c{r} t="inlineStr"><is><r><t>two </t></r><r><t>runs</t></r>'
            "<rPh><t>spoken</t></rPh></is></c>",
            "two runs",
        ),
    ]
    rows = [["A", "B"], *[[Raw(xml), 1] for xml, _ in cells]]
    table = read_table(xlsx.write(tmp_path / "a", rows), {"a": ["A"], "b": ["B"]})
    assert table.columns["a"] == [value for _, value in cells]
    assert [type(value) for value in table.columns["a"]] == [type(value) for _, value in cells]


def test_shared_texts_of_several_runs(tmp_path):
    def change(parts):
        parts["xl/sharedStrings.xml"] = parts["xl/sharedStrings.xml"].replace(
            '<t xml:space="preserve">PP1</t>',
            "<r><rPr><b/></rPr><t>P</t></r><r><t>P1</t></r><rPh><t>x</t></rPh><phoneticPr/>",
        )

    assert read_table(made(tmp_path, change), COLUMNS).columns["who"] == WHO


def test_names_of_columns_as_people_write_them(tmp_path):
    rows = [[None, " pp ", "BLOCK", "Valence rc\n"], [9, "PP1", 1, 2]]
    table = read_table(xlsx.write(tmp_path / "a", rows), COLUMNS)
    assert table.columns == {"who": ["PP1"], "block": [1.0], "rating": [2.0]}


def test_empty_rows_and_rows_above(tmp_path):
    rows = [None, [None, " "], ["PP", "Blok", "Valence_rc"], ["PP1", 1, 2], [], None, ["PP2", 2, 3]]
    table = read_table(xlsx.write(tmp_path / "a", rows), COLUMNS)
    assert table.columns["who"] == ["PP1", "PP2"]
    assert table.rows == [4, 7]


def test_columns_that_may_be_missing(tmp_path):
    path = made(tmp_path)
    table = read_table(path, COLUMNS | {"arousal": ["Arousal"]}, optional=["arousal", "rating"])
    assert set(table.columns) == set(COLUMNS)
    message = refused(path, COLUMNS | {"arousal": ["Arousal_rc", "Arousal"]})
    assert "no column 'Arousal_rc' or 'Arousal', but 'PP', 'Blok', 'Note', 'Valence_rc'" in message


def test_columns_that_are_there_twice(tmp_path):
    assert "2 columns 'Blok'" in refused(
        made(tmp_path, rows=[["PP", "Blok", "block", "Valence_rc"]])
    )


def test_only_the_first_sheet_in_the_order_of_the_workbook(tmp_path):
    def change(parts):
        sheets = parts["xl/workbook.xml"]
        first, second = sheets.split("<sheets>")[1].split("</sheets>")[0].split("/>")[:2]
        parts["xl/workbook.xml"] = sheets.replace(f"{first}/>{second}/>", f"{second}/>{first}/>")

    assert "no column 'PP'" in refused(made(tmp_path, change, sheets=("data", "notes")))
    path = made(tmp_path, sheets=("data", "notes"))
    assert read_table(path, COLUMNS).columns["who"] == WHO


def test_places_of_parts_as_programs_write_them(tmp_path):
    def change(parts):
        related = parts["xl/_rels/workbook.xml.rels"]
        parts["xl/_rels/workbook.xml.rels"] = related.replace(
            'Target="worksheets', 'Target="/xl/worksheets'
        ).replace('Target="sharedStrings', 'Target="../xl/SharedStrings')
        for name in (SHEET, TEXTS, "xl/workbook.xml"):
            prefixed = re.sub(r"<(/?)(\w)", r"<\1x:\2", parts[name])
            parts[name] = prefixed.replace("xmlns=", "xmlns:x=")

    assert read_table(made(tmp_path, change), COLUMNS).columns["who"] == WHO


@pytest.mark.parametrize("dimension", ["A1:XFD1048576", "A1", "nonsense", "A1:A1"])
def test_what_a_sheet_says_of_its_size_is_not_believed(tmp_path, dimension):
    path = made(tmp_path, dimension=dimension)
    begin = time.perf_counter()
    assert read_table(path, COLUMNS).columns["who"] == WHO
    assert time.perf_counter() - begin < 10


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("PP,Blok,Valence_rc\nPP1,1,2.5\nPP2,2,\n", [2.5, None]),
        ("PP;Blok;Valence_rc\r\nPP1;1;2,5\r\nPP2;2;\r\n", [2.5, None]),
        ('"PP"\t"Blok"\t"Valencerc"\n"PP1"\t1\t2.5\n"PP2"\t2\t#N/A\n', [2.5, None]),
        ("\ufeffPP,Blok,Valence_rc\n\nPP1,1,+2.5e0\nPP2,2,nan", [2.5, None]),
        ("PP,Blok,note,Valence_rc\nPP1,1,über,2.5\nPP2,2,,", [2.5, None]),
        ('PP,Blok,Valence_rc\nPP1,1,"2,5"\nPP2,2,1_0', ["2,5", "1_0"]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_text(tmp_path, text, rating, encoding):
    if encoding != "utf-8":
        text = text.lstrip("\ufeff")
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    table = read_table(path, COLUMNS)
    assert table.columns == {"who": ["PP1", "PP2"], "block": [1.0, 2.0], "rating": rating}


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"1,2,3\n4,5,6\n", b"\0\0\0", b"a\0b", b"\xff\xfea", b",,,\n;;;"]
)
def test_text_that_is_no_table(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    refused(path)


def test_old_and_protected_workbooks(tmp_path):
    path = tmp_path / "a.xls"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    assert "older format than .xlsx, or protected by a password" in refused(path)


def test_truncated(tmp_path):
    whole = made(tmp_path).read_bytes()
    path = tmp_path / "b.xlsx"
    for length in range(0, len(whole), 53):
        path.write_bytes(whole[:length])
        message = refused(path)
        if length > 3:
            assert f"damaged or truncated workbook of {length} bytes" in message


def part(name, change):
    def apply(parts):
        parts[name] = change(parts[name])

    return apply


def without(name):
    return lambda parts: {key: value for key, value in parts.items() if key != name}


SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
RELATED = "xl/_rels/workbook.xml.rels"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("_rels/.rels"), "it lacks '_rels/.rels'"),
        (without("xl/workbook.xml"), "it lacks 'xl/workbook.xml'"),
        (without(RELATED), "it lacks"),
        (without(SHEET), "it lacks 'xl/worksheets/sheet1.xml'"),
        (without(TEXTS), "it lacks 'xl/sharedStrings.xml'"),
        (part("_rels/.rels", lambda xml: xml.replace("officeDocument", "x")), "it is no workbook"),
        (part("xl/workbook.xml", lambda xml: xml.replace("<sheet ", "<x ")), "it has no sheet"),
        (part(RELATED, lambda xml: xml.replace("/worksheet", "/chartsheet")), "it has no sheet"),
        (
            part(
                RELATED, lambda xml: xml.replace(' Target="w', ' TargetMode="External" Target="w')
            ),
            "it has no sheet",
        ),
        (
            part(RELATED, lambda xml: xml.replace("worksheets/", "../../../../etc/")),
            "it lacks 'etc/sheet1.xml'",
        ),
        (
            part(RELATED, lambda xml: xml.replace("worksheets/", "http://localhost/")),
            "it lacks 'xl/http:/localhost/sheet1.xml'",
        ),
        (part(SHEET, lambda xml: xml[:-30]), "'xl/worksheets/sheet1.xml' is damaged: .* its byte"),
        (part(SHEET, lambda xml: xml.replace("</row>", "</c>", 1)), "mismatched tag, at its byte"),
        (part(SHEET, lambda xml: ""), "no element found"),
        (part(SHEET, lambda xml: xml.replace('"A2"', '"2A"')), "has a cell '2A'"),
        (part(SHEET, lambda xml: xml.replace('"A2"', '"XFE2"')), "more than 16384 columns"),
        (part(SHEET, lambda xml: xml.replace('row r="3"', 'row r="2"')), "has a row 2 after row 2"),
        (part(SHEET, lambda xml: xml.replace('row r="4"', 'row r="1048577"')), "has a row 1048577"),
        (part(SHEET, lambda xml: xml.replace('row r="4"', 'row r="x"')), "has 'x' where a natural"),
        (
            part(SHEET, lambda xml: xml.replace("<v>2.5<", "<v>2,5<")),
            "a cell of a number '2,5' in row 2, column 4",
        ),
        (part(SHEET, lambda xml: xml.replace(">2.5<", f">{'1' * 10**6}<")), "a cell of a number"),
        (part(SHEET, lambda xml: xml.replace('t="s"><v>0<', 't="s"><v>77<')), "text 77 of 8"),
        (part(SHEET, lambda xml: xml.replace('t="s"><v>0<', 't="s"><v>-1<')), "has '-1' where"),
        (part(SHEET, lambda xml: xml.replace('t="s"', 't="z"')), "has a cell of kind 'z'"),
        (lambda parts: parts | {"/etc/x": ""}, "leads out of it"),
        (lambda parts: parts | {"xl/../../x": ""}, "leads out of it"),
        (lambda parts: parts | {"C:\\x": ""}, "leads out of it"),
        (lambda parts: parts | {"XL/Workbook.xml": ""}, "two members 'XL/Workbook.xml'"),
    ],
)
def test_damaged_workbooks(tmp_path, change, message):
    path = made(tmp_path, change)
    assert re.search(message, refused(path))


def doctype(inside):
    return lambda xml: xml.replace("?>", f"?><!DOCTYPE x [{inside}]>", 1)


BOMB = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(12))


@pytest.mark.parametrize("name", [SHEET, TEXTS, "xl/workbook.xml", RELATED, "_rels/.rels"])
@pytest.mark.parametrize(
    "inside", ["", BOMB, '<!ENTITY a SYSTEM "file:///etc/passwd">', '<!ENTITY % a SYSTEM "x">%a;']
)
def test_entities(tmp_path, name, inside):
    def change(xml):
        return doctype(inside)(xml).replace("PP1", "&a12;")

    assert "declares a document type" in refused(made(tmp_path, part(name, change)))


ROW = '<row><c t="inlineStr"><is><t>PP</t></is></c><c t="inlineStr"><is><t>Blok</t></is></c></row>'

LONG = '<row><c t="inlineStr"><is><t>{}</t></is></c></row>'


def body(inside):
    return part(SHEET, lambda xml: f"<worksheet><sheetData>{inside}</sheetData></worksheet>")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda parts: parts | {"xl/media/x.png": bytes(2**25)}, "more than tables do"),
        (body("<row>" + "<c/>" * 2**15 + "</row>"), "more than 16384 columns"),
        (
            body(ROW + LONG.replace("{}", "x" * 2000) * 5000),
            "first [0-9]+ rows hold more than real",
        ),
        (body("<x/>" * 560_000), "has more than [0-9]+ elements"),
        (body("<x>" * 2**20), "more than 100 elements inside each other"),
        (body("<x " + 'a="" ' * 2**20 + "/>"), "a tag of more than"),
        (body("<!--" + "x" * 2**23 + "-->"), "a tag of more than"),
        (
            part(TEXTS, lambda xml: f"<sst>{('<si><t>' + 'x' * 2000 + '</t></si>') * 5000}</sst>"),
            "more text than tables do",
        ),
    ],
)
def test_bombs(tmp_path, change, message):
    """Less than 100 KB each."""
    path = made(tmp_path, change)
    assert path.stat().st_size < 120_000
    assert re.search(message, refused(path, {"who": ["PP"], "block": ["Blok"]}))


def test_zip_bomb_that_lies_about_its_size(tmp_path):
    data = bytearray(made(tmp_path, body("<row>" + " " * 2**25 + "</row>")).read_bytes())
    path = tmp_path / "a.xlsx"
    size = (2**25 + len("<worksheet><sheetData><row></row></sheetData></worksheet>")).to_bytes(
        4, "little"
    )
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, (500).to_bytes(4, "little")))
    refused(path)


def test_text_of_a_million_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("PP,Blok" + ",x" * 10**6 + "\n")
    assert "more than 16384 columns" in refused(path)
    path.write_text('PP,Blok,"' + "x" * 10**6 + '"\n')
    assert "field larger than" in refused(path)


def test_missing_file():
    with pytest.raises(FileNotFoundError):
        read_table(Path("nowhere.xlsx"), COLUMNS)


def test_mutations(tmp_path):
    """Whatever is changed, of the archive or of what is in it: a table or the documented error."""
    path = tmp_path / "a.xlsx"
    parts = xlsx.parts(ROWS)
    rng = np.random.default_rng(0)
    n_read = 0
    for trial in range(600):
        if trial % 2:
            data = bytearray(xlsx.archive(parts))
        else:
            name = list(parts)[rng.integers(len(parts))]
            changed = bytearray(parts[name].encode())
            for _ in range(rng.integers(1, 4)):
                changed[rng.integers(len(changed))] = rng.choice(list(b"<>/\"'=&;0x\0\xff 9"))
            data = bytearray(xlsx.archive(parts | {name: bytes(changed)}, zipfile.ZIP_STORED))
        for _ in range(trial % 2 * rng.integers(1, 4)):
            data[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(data)
        try:
            table = read_table(path, COLUMNS)
        except UnreadableFileError as error:
            assert str(path) in str(error)  # noqa: PT017
        else:
            n_read += 1
            assert {len(values) for values in table.columns.values()} == {len(table.rows)}
    assert 30 < n_read < 500
