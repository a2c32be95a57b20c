"""SWELL-KW: tables of labels, and the relaxation before a block; `golden` records the rest."""

from datetime import datetime
from functools import partial

import numpy as np
import pytest

from sklearn_ecgssl.datasets import load_swell
from tests.datasets.writers import swell

RATE = 40
#: Files are shorter than the relaxation that the table lists, unless a test is about it.
load = partial(load_swell, keep_relaxation=True)


@pytest.fixture
def folder(tmp_path):
    swell.write(tmp_path)
    return tmp_path


def rewrite(folder, column, value, rows=slice(1, 2)):
    """Write the table again, with other values in some rows of a column."""
    table = swell.rows()
    for row in table[rows]:
        row[swell.COLUMNS.index(column)] = value
    swell.write_table(folder / swell.TABLE, table)


@pytest.mark.parametrize(
    ("name", "delimiter", "point", "encoding"),
    [
        ("behavioral-labels.xlsx", "", "", ""),
        (f"else/{swell.TABLE[:-5]} (1).XLSX", "", "", ""),
        (f"{swell.TABLE[:-5]}.csv", ",", ".", "utf-8-sig"),
        (f"{swell.TABLE[:-5]}.csv", ";", ",", "utf-8"),
        (f"{swell.TABLE[:-5]}.txt", "\t", ",", "utf-16"),
    ],
)
def test_table_of_any_name_and_format(tmp_path, name, delimiter, point, encoding):
    swell.write(tmp_path, table=None)
    with pytest.raises(FileNotFoundError, match=r"Looked for .*behavioral-labels\.xlsx"):
        load(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    if delimiter:
        rows = [[*row, "é"] for row in swell.rows()]
        cells = [["" if x is None else str(x).replace(".", point) for x in row] for row in rows]
        text = "\n".join(map(delimiter.join, cells)).replace("Valence_rc", "Valencrc")
        (tmp_path / name).write_text(text, encoding=encoding)
    else:
        swell.write_table(tmp_path / name, swell.rows())
    data = load(tmp_path, attribute="mental_effort", subjects="PP2")
    assert data.target.tolist() == [3.2, 11.3, 9]
    assert data.fields["valence"].tolist() == [7, 4, 3]


def test_table_with_one_row_a_block(folder):
    names, *rows = swell.rows()
    swell.write_table(folder / swell.TABLE, [names, *rows[4::5]])
    data = load_swell(folder)  # of which nothing is cut off
    assert data.target.tolist() == [0, 1, 2, 2, 0]
    assert [len(one) for one in data.recordings] == [43, 44, 45, 51, 52]


@pytest.mark.parametrize(
    ("column", "rows", "spelling"),
    [
        *(("PP", slice(6, 11), spelling) for spelling in ("pp2", "PP02", 2)),
        ("Condition", slice(8, 11), "Time_Pressure"),
        ("Condition", slice(3, 4), None),  # which contradicts nothing
        ("Blok", slice(6, 11), 2.0),
    ],
)
def test_spellings_in_the_second_block_of_pp2(folder, column, rows, spelling):
    rewrite(folder, column, spelling, rows)
    assert load(folder).target.tolist() == [0, 1, 2, 2, 0]


def test_implausible_values_warn(folder):
    rewrite(folder, "Valence_rc", 10.5, slice(5, 6))
    with pytest.warns(UserWarning, match=r"valencerc should be from 0 to 10.* to 10\.5"):
        assert load(folder, subjects="PP2").fields["valence"][0] == 10.5
    rewrite(folder, "Valence_rc", "much", slice(5, 6))
    assert np.isnan(load(folder, subjects="PP2").fields["valence"][0])
    rewrite(folder, "Condition", "X", slice(3, 6))
    with (
        pytest.warns(UserWarning, match=r"Condition 'X', which is none of no stress, time"),
        pytest.warns(UserWarning, match=r"PP2/1 has no value of 'condition'"),
    ):
        assert load(folder).target.tolist() == [1, 2, 2, 0]


def test_names_of_files(folder):
    old = folder / swell.RECORDINGS / "pp10_18-9-2012_c1.S00"
    for name in ("pp10_8-10-2012-c1.S00", "PP10_c1.s00", "pp10_x_c1.Poly5", "pp010_c1.S00"):
        old = old.rename(old.with_name(name))
        assert load(folder, subjects="PP10").fields["block"].tolist() == [1, 2]
    for name in ("pp3_test.S00", "app3_c1.S00", ".pp3_c1.S00"):
        old.with_name(name).write_bytes(b"?")
    assert len(load(folder).recordings) == 5


def test_relaxation_is_cut_off_with_a_minute_more(tmp_path):
    swell.write(tmp_path, n_times=5 * 60 * RATE, rate=RATE)
    swell.write_block(tmp_path, 2, 2, n_times=2000, suffix="_cont", rate=RATE)
    work, whole = load_swell(tmp_path, attribute=None), load(tmp_path, attribute=None)
    for record, recording, other in zip(
        work.fields["record"], work.recordings, whole.recordings, strict=True
    ):
        # A second file of a block, and a block of relaxation alone, are whole.
        cut = 0 if record in ("PP2/2-continued", "PP10/3") else (swell.N_REST + 1) * 60 * RATE
        np.testing.assert_array_equal(recording, other[cut:])
    swell.write_block(tmp_path, 2, 1, n_times=2 * 60 * RATE, rate=RATE)
    with pytest.warns(UserWarning, match="PP2/1 ends within the 2 minutes of relaxation"):
        assert "PP2/1" not in load_swell(tmp_path, subjects="PP2").fields["record"]


@pytest.mark.parametrize(
    ("rest", "work", "started", "cut"),
    [
        ("130000", "130800", "09:00:00", 9),  # the table lists some minutes of relaxation only
        ("130000", "130200", "12:57:30", 5.5),  # the recorder began before the table
        ("", "130200", "12:54:00", 9),  # the table has no relaxation
        ("130000", "130200", "12:00:00", 3),  # another clock
        ("130000", "130200", "13:10:00", 3),
        ("130000", "", "12:58:00", 3),  # no times: rows are counted
    ],
)
@pytest.mark.filterwarnings("ignore:.*left out")
def test_relaxation_ends_when_the_clocks_say_so(tmp_path, rest, work, started, cut):
    names, *rows = swell.rows()
    for row in rows:
        row[0] = f"20120918T{rest if row[3] == 'R' else work}000" if work else "one day"
    rows = [row for row in rows if rest or row[3] != "R"]
    swell.write_table(tmp_path / swell.TABLE, [names, *rows])
    start = datetime.fromisoformat(f"2012-09-18T{started}")
    swell.write_block(tmp_path, 2, 1, n_times=15 * 60 * RATE, rate=RATE, start=start)
    data = load_swell(tmp_path, subjects=["PP2"])
    assert len(data.recordings[0]) == (15 - cut) * 60 * RATE
