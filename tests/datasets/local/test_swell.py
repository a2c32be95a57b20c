"""SWELL-KW, from small files such as its users describe."""

import functools
import pickle
from datetime import datetime

import numpy as np
import pytest

from sklearn_ecgssl.datasets.local import _swell, _swell_data_set
from sklearn_ecgssl.datasets.local._swell import load_swell as load_work
from sklearn_ecgssl.datasets.local._swell_data_set import Swell
from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.formats._poly5_channel import read_poly5_channel
from tests.datasets.writers import poly5, swell, xlsx

WORK = [one for one in swell.CONDITIONS if one != (10, 3)]
TABLE = swell.TABLE
#: Files of these tests are shorter than the relaxation that their tables list.
load_swell = functools.partial(load_work, keep_relaxation=True)


@pytest.fixture
def folder(tmp_path):
    swell.write(tmp_path)
    return tmp_path


def rewritten(folder, change=lambda rows: rows, name=TABLE):
    rows = swell.rows()
    xlsx.write(folder / name, change(rows) or rows)
    return folder


def set_cell(row, column, value):
    """Row 1 is the first below the names."""

    def change(rows):
        rows[row][swell.COLUMNS.index(column)] = value

    return change


def test_recordings(folder):
    data = load_swell(folder)
    assert data.subject.tolist() == ["PP2"] * 3 + ["PP10"] * 2
    assert data.fields["record"].tolist() == [f"PP{who}/{block}" for who, block in WORK]
    for (person, block), recording in zip(WORK, data.recordings, strict=True):
        expected = swell.ecg(person, block, 40 + person + block) / 1000
        assert recording.dtype == np.float32
        np.testing.assert_allclose(recording, expected, rtol=1e-5, atol=1e-7)
    assert data.sampling_rate == 2048.0
    assert data.unit == "mV"
    assert data.left_out == []
    assert "10.1145/2663204.2663257" in data.DESCR


def test_condition_comes_from_the_table_and_not_from_the_number_of_the_block(folder):
    for attribute in ("condition", "stress"):
        data = load_swell(folder, attribute=attribute)
        assert data.target_names == ["no stress", "time pressure", "interruptions"]
        assert data.target.tolist() == [0, 1, 2, 2, 0]


def test_fields(folder):
    data = load_swell(folder, attribute=None)
    fields = data.fields
    assert data.subject.tolist() == ["PP2"] * 3 + ["PP10"] * 3
    assert fields["block"].tolist() == [1, 2, 3] * 2
    assert fields["condition"].tolist()[2:] == [
        "interruptions",
        "interruptions",
        "no stress",
        "relaxation",
    ]
    assert fields["started"][:2].tolist() == ["2012-09-18T13:05:06", "2012-09-18T14:05:06"]
    assert fields["relaxation_minutes"].tolist() == [2, 2, 2, 2, 2, 5]
    assert fields["continued"].tolist() == [False] * 6
    names = [*Swell.attributes][2:]
    assert names == [
        "valence",
        "arousal",
        "dominance",
        "stress_rating",
        "mental_effort",
        "mental_demand",
        "physical_demand",
        "temporal_demand",
        "effort",
        "performance",
        "frustration",
    ]
    for i, name in enumerate(names):
        expected = [swell.RATINGS[one][i] for one in WORK]
        np.testing.assert_array_equal(fields[name], [*expected, np.nan])
        assert data.target[name].tolist()[:5] == expected


def test_ratings(folder):
    data = load_swell(folder, attribute="arousal", binarize="mean", subjects=["PP2"])
    assert data.threshold == 5.0
    assert data.target.tolist() == [0, 1, 1]
    with pytest.warns(UserWarning, match="PP10/3 has no value of 'stress_rating'"):
        data = load_swell(folder, attribute="stress_rating")
    assert data.target.tolist() == [1.5, 6.25, 8, 0, 10]


def test_leads(folder):
    data = load_swell(folder, leads=["ECG", "ECG raw"], subjects=["PP10"])
    assert data.fields["lead"].tolist() == ["ECG", "ECG raw"] * 2
    np.testing.assert_allclose(data.recordings[1] - data.recordings[0], 2, rtol=1e-5)
    with pytest.raises(ValueError, match="swell has no lead 'I'. It has 'ECG', 'ECG raw'"):
        load_swell(folder, leads="I")


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("µV", 1e-3), ("uV", 1e-3), ("mV", 1), ("V", 1e3), ("uVolt", 1e-3), ("æV", 1e-3)],
)
def test_units(tmp_path, unit, factor):
    swell.write(tmp_path, unit=unit)
    expected = swell.ecg(2, 1, 43) * factor
    np.testing.assert_allclose(load_swell(tmp_path).recordings[0], expected, rtol=1e-5, atol=1e-7)


def test_unit_that_the_file_does_not_say(tmp_path):
    swell.write(tmp_path, unit="")
    data = load_swell(tmp_path)
    assert data.unit == "unknown"
    np.testing.assert_allclose(data.recordings[0], swell.ecg(2, 1, 43), rtol=1e-5)


@pytest.mark.parametrize("unit", ["bpm", "µS", "kV", "%"])
def test_units_that_are_no_voltage(tmp_path, unit):
    swell.write(tmp_path, unit=unit)
    with pytest.raises(
        UnreadableFileError, match=f"channel 8 should be .* 8 'HeartPre' in '{unit}'"
    ):
        load_swell(tmp_path)


@pytest.mark.parametrize("version", [203, 204])
@pytest.mark.parametrize("block_times", [16, 100])
def test_versions_and_rates_of_files(tmp_path, version, block_times):
    swell.write(tmp_path, version=version, block_times=block_times, rate=1024)
    data = load_swell(tmp_path)
    assert data.sampling_rate == 1024
    assert [len(one) for one in data.recordings] == [43, 44, 45, 51, 52]


@pytest.mark.parametrize(
    "name",
    [
        "behavioral-labels.xlsx",
        "Behavioral-Labels.XLSX",
        "Behavioral-features - per minute (1).xlsx",
        "somewhere/else/behavioral_labels.xlsx",
    ],
)
def test_names_of_the_table(tmp_path, name):
    swell.write(tmp_path, table=None)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    rewritten(tmp_path, name=name)
    assert load_swell(tmp_path).target.tolist() == [0, 1, 2, 2, 0]


@pytest.mark.parametrize(("ending", "delimiter"), [("tab", "\t"), ("csv", ","), ("csv", ";")])
def test_table_as_text(tmp_path, ending, delimiter):
    swell.write(tmp_path, table=None)
    lines = []
    for row in swell.rows():
        cells = ["" if cell is None else str(cell) for cell in row]
        if delimiter == ";":
            cells = [cell.replace(".", ",") for cell in cells]
        lines.append(delimiter.join(cells).replace("Valence_rc", "Valencrc"))
    (tmp_path / f"Behavioral-features - per minute.{ending}").write_text("\n".join(lines))
    with pytest.warns(UserWarning, match="no value"):
        assert load_swell(tmp_path, attribute="mental_effort").target.tolist() == [
            3.2,
            11.3,
            9,
            1.3,
            10,
        ]


def test_the_shorter_name_of_the_table_comes_first(folder):
    rewritten(
        folder, lambda rows: [row for row in rows if row[1] != "PP10"], "behavioral-labels.xlsx"
    )
    with pytest.warns(UserWarning, match="has no row in behavioral-labels.xlsx"):
        assert set(load_swell(folder).subject) == {"PP2"}


def test_two_tables(folder):
    (folder / "copy").mkdir()
    rewritten(folder / "copy")
    with pytest.raises(ValueError, match="more than one table of labels"):
        load_swell(folder)


def test_table_with_one_row_a_block(folder):
    rewritten(folder, lambda rows: swell.short_rows())
    data = load_swell(folder)
    assert data.target.tolist() == [0, 1, 2, 2, 0]
    assert np.isnan(data.fields["relaxation_minutes"]).all()


def test_of_rows_of_a_block_the_last_that_is_not_relaxation_counts(folder):
    def change(rows):
        set_cell(4, "Arousal_rc", 5)(rows)
        rows[1][3], rows[5][3] = "N", "R"  # of the first block, in another order

    rewritten(folder, change)
    data = load_swell(folder, attribute="arousal", subjects="PP2")
    assert data.target.tolist() == [5, 6, 7]
    assert data.fields["relaxation_minutes"].tolist() == [2, 2, 2]


def test_table_without_conditions(folder):
    rewritten(folder, lambda rows: swell.short_rows(without=["Condition", "Effort", "HR"]))
    for attribute in ("condition", "stress", "effort"):
        with pytest.raises(ValueError, match=f"has no value of attribute='{attribute}'"):
            load_swell(folder, attribute=attribute)
    with pytest.warns(UserWarning, match="PP10/3 has no value"):
        assert load_swell(folder, attribute="valence").target.tolist() == [7, 4, 3, 9, 1]


@pytest.mark.parametrize("person", ["PP2", "pp2", "PP02", 2, "2"])
def test_spellings_of_people(folder, person):
    def change(rows):
        for row in rows[1:]:
            if row[1] == "PP2":
                row[1] = person

    assert Swell(rewritten(folder, change)).subjects == ["PP2", "PP10"]


@pytest.mark.parametrize("code", ["T", "t", "time pressure", "Time_Pressure", "timepressure"])
def test_spellings_of_conditions(folder, code):
    def change(rows):
        for row in rows[1:]:
            if row[3] == "T":
                row[3] = code

    assert load_swell(rewritten(folder, change)).target.tolist() == [0, 1, 2, 2, 0]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("PP", "Bob", "row 2 has PP 'Bob', not PP1"),
        ("PP", None, "row 2 has PP None, not PP1"),
        ("PP", 1.5, "row 2 has PP 1.5, not PP1"),
        ("Blok", 4, "row 2 has Blok 4, not 1, 2 or 3"),
        ("Blok", True, "row 2 has Blok True, not 1, 2 or 3"),
        ("Blok", None, "row 2 has Blok None, not 1, 2 or 3"),
        ("Condition", "X", r"row 2 has Condition 'X', which is none of N \(no stress\), T "),
        ("Condition", "I", "row 4 has a second condition of its block: 'interruptions' and 'no st"),
        ("Valence_rc", -0.5, "row 2 has Valence_rc -0.5, not a rating from 0 to 10"),
        ("Arousal_rc", 10.5, "row 2 has Arousal_rc 10.5, not a rating from 0 to 10"),
        ("Dominance", 999, "row 2 has Dominance 999"),
        ("Stress", -1, "row 2 has Stress -1.0, not a rating from 0 to 10"),
        ("Stress", "much", "row 2 has Stress 'much', not a rating"),
        ("MentalEffort", 16, "row 2 has MentalEffort 16.0, not a rating from 0 to 15"),
        ("Frustration", 10.1, "row 2 has Frustration 10.1, not a rating from 0 to 10"),
        ("Effort", True, "row 2 has Effort True, not a rating from 0 to 10"),
    ],
)
def test_tables_that_are_wrong(folder, column, value, message):
    rewritten(folder, set_cell(1, column, value))
    with pytest.raises(UnreadableFileError, match=message):
        load_swell(folder)


@pytest.mark.parametrize(
    "column", ["PP", "Blok", "Valence_rc", "Arousal_rc", "Dominance", "Stress"]
)
def test_tables_that_lack_a_column(folder, column):
    rewritten(folder, lambda rows: swell.short_rows(without=[column]))
    with pytest.raises(UnreadableFileError, match=f"no column '{column}'.*, but 'timestamp'"):
        load_swell(folder)


def test_empty_table(folder):
    rewritten(folder, lambda rows: rows[:1])
    with pytest.raises(UnreadableFileError, match="has no row"):
        load_swell(folder)


def test_blocks_without_labels_and_labels_without_files(tmp_path):
    swell.write(tmp_path, blocks=[(2, 1), (2, 3), (10, 1), (10, 2), (10, 3)])
    swell.write_block(tmp_path, 7, 1)
    (tmp_path / TABLE).unlink()
    rewritten(tmp_path, lambda rows: [*rows, [None, "PP25", 1, "N", 0, *([5] * 11), 0, 0]])
    with pytest.warns(UserWarning, match="3 left out"):
        data = load_swell(tmp_path)
    assert data.fields["record"].tolist() == ["PP2/1", "PP2/3", "PP10/1", "PP10/2"]
    assert [str(one) for one in data.left_out] == [
        "PP2/2 has labels, but no .S00 file",
        f"PP7/1 has no row in {TABLE}",
        "PP25/1 has labels, but no .S00 file",
    ]
    assert Swell(tmp_path).subjects == ["PP2", "PP7", "PP10", "PP25"]


def test_second_file_of_a_block(folder):
    swell.write_block(folder, 2, 2, n_times=99, suffix="_cont")
    data = load_swell(folder, subjects="PP2")
    assert data.fields["record"].tolist() == ["PP2/1", "PP2/2", "PP2/2-continued", "PP2/3"]
    assert data.fields["continued"].tolist() == [False, False, True, False]
    assert data.target.tolist() == [0, 1, 1, 2]
    assert len(data.recordings[2]) == 99


@pytest.mark.parametrize(
    "name", ["pp10_8-10-2012-c1.S00", "PP10_c1.s00", "pp10_x_c1.Poly5", "pp010_c1.S00"]
)
def test_names_of_files(folder, name):
    old = folder / swell.RECORDINGS / "pp10_18-9-2012_c1.S00"
    old.rename(old.with_name(name))
    assert load_swell(folder, subjects="PP10").fields["block"].tolist() == [1, 2]


def test_other_files_are_left_alone(folder):
    for name in ["pp3_test.S00", "pp3_c1.txt", "app3_c1.S00", ".pp3_c1.S00", "c1.S00"]:
        (folder / swell.RECORDINGS / name).write_bytes(b"?")
    assert len(load_swell(folder).recordings) == 5


def test_the_same_block_twice(folder):
    swell.write_block(folder / "copy", 2, 2)
    with pytest.raises(ValueError, match=r"holds the same twice: .*pp2_18-9-2012_c2.S00"):
        load_swell(folder)


def test_wrong_folders(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"not a folder of SWELL-KW: it is empty. Looked for pp1"
    ):
        load_swell(tmp_path)
    with pytest.raises(FileNotFoundError, match="it does not exist"):
        load_swell(tmp_path / "nowhere")
    swell.write(tmp_path, table=None)
    with pytest.raises(
        FileNotFoundError, match=r"Looked for behavioral-labels.xlsx, there or below"
    ):
        load_swell(tmp_path)
    rewritten(tmp_path)
    for path in (tmp_path / swell.RECORDINGS).iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"Looked for pp1_18-9-2012_c1.S00 and the like"):
        load_swell(tmp_path)


def test_damaged_file(folder):
    path = folder / swell.RECORDINGS / "pp2_18-9-2012_c2.S00"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableFileError, match=rf"{path.name} is truncated.*at byte [0-9]+"):
        load_swell(folder)
    with pytest.warns(UserWarning, match="PP2 cannot be read"):
        data = load_swell(folder, on_error="warn")
    assert set(data.subject) == {"PP10"}
    assert load_swell(folder, subjects="PP10").left_out == []


def test_damaged_table(folder):
    path = folder / TABLE
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(UnreadableFileError, match="damaged or truncated workbook"):
        load_swell(folder)


def test_files_of_other_recordings(folder):
    path = folder / swell.RECORDINGS / "pp2_18-9-2012_c2.S00"
    poly5.write(path, [poly5.signal("ECG", np.arange(20))])
    with pytest.raises(
        UnreadableFileError, match="should have the 8 channels .* has 1 'ECG' in 'µV'"
    ):
        load_swell(folder)


def test_recordings_that_hold_nothing(folder):
    path = folder / swell.RECORDINGS / "pp2_18-9-2012_c2.S00"
    signals = swell.channels(2, 2, 40)
    signals[7]["samples"][:] = 0
    poly5.write(path, signals)
    with pytest.warns(UserWarning, match=r"PP2/2 is a flat line of 0 \(lead 'ECG'\)"):
        data = load_swell(folder)
    assert len(data.recordings) == 4
    signals[7]["samples"][7] = np.nan
    poly5.write(path, signals)
    with pytest.warns(
        UserWarning, match=r"PP2/2 has 1 of 40 samples that are no numbers, the first at 7"
    ):
        load_swell(folder)


def test_several_people_at_once(folder):
    one, two = load_swell(folder), load_swell(folder, n_jobs=2)
    assert one.subject.tolist() == two.subject.tolist()
    for a, b in zip(one.recordings, two.recordings, strict=True):
        np.testing.assert_array_equal(a, b)


def test_data_set(folder):
    data_set = pickle.loads(pickle.dumps(Swell(folder)))
    assert data_set.subjects == ["PP2", "PP10"]
    assert [path.name for path in data_set.sources("PP10")] == [
        TABLE,
        *(f"pp10_18-9-2012_c{block}.S00" for block in (1, 2, 3)),
    ]


def test_only_the_leads_asked_for_are_read(folder, monkeypatch):
    read = []

    def note(file, index):
        read.append(index)
        return read_poly5_channel(file, index)

    monkeypatch.setattr(_swell_data_set, "read_poly5_channel", note)
    load_swell(folder, subjects="PP2")
    assert read == [7, 7, 7]
    load_swell(folder, subjects="PP2", leads="ECG raw")
    assert read[3:] == [5, 5, 5]


def test_return_X_y(folder):  # noqa: N802
    recordings, target = load_swell(folder, return_X_y=True)
    assert len(recordings) == len(target) == 5


def test_parameters_are_handed_on(folder, monkeypatch):
    monkeypatch.setattr(_swell, "load", lambda data_set, **given: given)
    given = {
        "leads": "ECG raw",
        "attribute": "arousal",
        "binarize": 5,
        "subjects": ["PP2"],
        "n_jobs": 3,
        "verbose": 1,
        "on_error": "warn",
        "return_X_y": True,
    }
    assert load_swell(folder, **given) == given


MINUTES = swell.N_REST + 1  # a minute of margin
RATE = 40


@pytest.fixture
def long(tmp_path):
    """Blocks of five minutes, at 40 Hz to be small."""
    swell.write(tmp_path, n_times=5 * 60 * RATE, rate=RATE)
    return tmp_path


def test_relaxation_is_cut_off(long):
    work, whole = load_work(long), load_swell(long)
    assert len(work.recordings) == len(whole.recordings) == 5
    for recording, other in zip(work.recordings, whole.recordings, strict=True):
        assert len(other) > 5 * 60 * RATE
        np.testing.assert_array_equal(recording, other[MINUTES * 60 * RATE :])
    assert work.fields["relaxation_minutes"].tolist() == [swell.N_REST] * 5


def test_a_block_of_relaxation_alone_is_whole(long):
    work = load_work(long, attribute=None, subjects=["PP10"])
    assert work.fields["condition"].tolist() == ["interruptions", "no stress", "relaxation"]
    lengths = [len(recording) for recording in work.recordings]
    assert lengths[2] - lengths[1] == MINUTES * 60 * RATE + 1


def test_second_file_of_a_block_has_no_relaxation(long):
    swell.write_block(long, 2, 2, n_times=2000, suffix="_cont", rate=RATE)
    data = load_work(long, subjects=["PP2"])
    assert data.fields["continued"].tolist() == [False, False, True, False]
    assert len(data.recordings[2]) == 2000


def test_table_without_minutes_cuts_nothing(long):
    rewritten(long, lambda rows: swell.short_rows())
    for recording, other in zip(
        load_work(long).recordings, load_swell(long).recordings, strict=True
    ):
        np.testing.assert_array_equal(recording, other)


def test_file_of_relaxation_alone_is_left_out(folder):
    swell.write_block(folder, 2, 2, n_times=5 * 60 * RATE, rate=RATE)
    with pytest.warns(UserWarning, match="PP2/1 ends within the 2 minutes of relaxation"):
        data = load_work(folder, subjects=["PP2"])
    assert data.fields["record"].tolist() == ["PP2/2"]


@pytest.mark.parametrize(
    ("rest", "work", "started", "cut"),
    [
        ("130000", "130800", "09:00:00", 9),  # the table lists some minutes of relaxation only
        ("130000", "130200", "12:58:00", 5),  # the recorder began before the table
        ("130000", "130200", "12:57:30", 5.5),
        ("130000", "130800", "12:59:00", 10),
        ("130000", "130200", "12:00:00", 3),  # another clock
        ("130000", "130200", "13:10:00", 3),
        ("120000", "130200", "09:00:00", 3),
        ("130000", "250000", "09:00:00", 3),
        ("130000", "", "12:58:00", 3),
    ],
)
def test_relaxation_ends_when_the_clock_says_so(tmp_path, rest, work, started, cut):
    def change(rows):
        for row in rows[1:]:
            row[0] = f"20120918T{rest if row[3] == 'R' else work}000" if work else "one day"

    start = datetime.fromisoformat(f"2012-09-18T{started}")
    swell.write_block(tmp_path, 2, 1, n_times=15 * 60 * RATE, rate=RATE, start=start)
    rewritten(tmp_path, change)
    with pytest.warns(UserWarning, match="2 left out"):
        data = load_work(tmp_path, subjects=["PP2"])
    assert len(data.recordings[0]) == (15 - cut) * 60 * RATE


def test_work_alone_in_the_table(tmp_path):
    """A block whose relaxation has no row: the recorder's clock tells of it all the same."""
    start = datetime(2012, 9, 18, 12, 54)
    swell.write_block(tmp_path, 2, 1, n_times=15 * 60 * RATE, rate=RATE, start=start)
    rewritten(tmp_path, lambda rows: [row for row in rows if row[3] != "R"])
    with pytest.warns(UserWarning, match="2 left out"):
        data = load_work(tmp_path, subjects=["PP2"])
    assert data.fields["relaxation_minutes"].tolist() == [0]
    assert data.fields["work_began"].tolist() == ["2012-09-18T13:02:00"]
    assert len(data.recordings[0]) == (15 - 9) * 60 * RATE


@pytest.mark.parametrize("rating", [0, 9.5, 10])
def test_ends_of_scales_are_not_certain(folder, rating):
    rewritten(folder, set_cell(5, "Valence_rc", rating))
    with pytest.warns(UserWarning, match="PP10/3 has no value of 'valence'"):
        assert load_swell(folder, attribute="valence").target[0] == rating


def test_rows_that_have_a_time_alone(folder):
    rewritten(folder, lambda rows: [*rows, ["20120918T140000000", *[None] * (len(rows[0]) - 1)]])
    assert len(load_swell(folder).recordings) == 5
