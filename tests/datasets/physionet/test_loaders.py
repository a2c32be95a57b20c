"""The loaders of PhysioNet's data sets, on tiny sets and on real files."""

import inspect
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from sklearn_ecgssl.datasets import physionet
from sklearn_ecgssl.datasets.corpus._source import COMMON
from sklearn_ecgssl.datasets.physionet import (
    fetch_drivedb,
    fetch_ecgid,
    fetch_eegmat,
    fetch_mitdb,
    fetch_physionet,
    fetch_qtdb,
)
from sklearn_ecgssl.datasets.physionet._drivedb import MINUTES, DriveDb
from sklearn_ecgssl.datasets.physionet._ecgid import EcgId
from sklearn_ecgssl.datasets.physionet._eegmat import EegMat
from sklearn_ecgssl.datasets.physionet._fetch_physionet import PhysioNet
from sklearn_ecgssl.datasets.physionet._mitdb import MitDb
from sklearn_ecgssl.datasets.physionet._qtdb import QtDb
from sklearn_ecgssl.formats import UnreadableFileError
from tests.datasets.writers import edf, wfdb
from tests.datasets.writers.physionet import write_database

LOADERS = [getattr(physionet, name) for name in physionet.__all__]
RNG = np.random.default_rng(0)


def counts(n, low=-2000, high=2000):
    return RNG.integers(low, high, n)


def ecg(name, n=40, **options):
    return wfdb.Signal(name, counts(n), unit="mV", **options)


@pytest.fixture
def where(server, home):
    return {"data_home": home, "base_url": server.url}


# -- eegmat ----------------------------------------------------------------------------------------

TABLE = (
    "Subject,Age,Gender,Recording year,Number of subtractions,Count quality\n"
    "Subject02,21,F,2011,9.7,0\nSubject05,31,M,2010,29.35,1\n"
)


def eegmat_file(n_records):
    return edf.Edf(
        [
            edf.Signal("EEG Fp1", counts(n_records * 500), 500, "uV", (-500, 500)),
            edf.Signal("ECG ECG", counts(n_records * 500), 500, "mV", (-0.4, 0.6)),
            edf.annotations(n_records),
        ],
        reserved="EDF+C",
    )


@pytest.fixture
def eegmat(server):
    """Two people; of the first one the file at rest holds no ECG."""
    made = {
        f"Subject{person}_{part}.edf": eegmat_file(3 if part == 1 else 2)
        for person in ("02", "05")
        for part in (1, 2)
    }
    files = {name: one.to_bytes() for name, one in made.items()}
    write_database(server.root, "eegmat", {**files, "subject-info.csv": TABLE.encode()}, list(made))
    return made


def test_eegmat(eegmat, where, server):
    with pytest.warns(UserWarning, match="1 left out: Subject02_1 holds no heart beat"):
        data = fetch_eegmat(**where)
    assert data.target.tolist() == [1, 0, 1]
    assert data.target_names == ["rest", "arithmetic"]
    assert data.subject.tolist() == ["Subject02", "Subject05", "Subject05"]
    assert data.sampling_rate == 500.0
    assert data.unit == "mV"
    fields = {name: values.tolist() for name, values in data.fields.items()}
    assert fields == {
        "record": ["Subject02_2", "Subject05_1", "Subject05_2"],
        "lead": ["ECG ECG"] * 3,
        "condition": ["arithmetic", "rest", "arithmetic"],
        "age": [21, 31, 31],
        "sex": ["F", "M", "M"],
        "n_subtractions": [9.7, 29.35, 29.35],
        "good_count": [False, True, True],
    }
    for recording, record in zip(data.recordings, fields["record"], strict=True):
        np.testing.assert_allclose(
            recording, eegmat[f"{record}.edf"].signals[1].values(), atol=1e-7
        )
    assert "eegmat/1.0.0/Subject02_1.edf" not in server.asked()  # of no use


def test_eegmat_downloads_only_whom_it_needs(eegmat, where, server):
    recordings, target = fetch_eegmat(**where, subjects=["Subject05"], return_X_y=True)
    assert len(recordings) == 2
    assert target.tolist() == [0, 1]
    assert [path.split("/")[-1] for path in server.asked()] == [
        "SHA256SUMS.txt",
        "RECORDS",
        "subject-info.csv",
        "Subject05_1.edf",
        "Subject05_2.edf",
    ]
    server.requests.clear()
    fetch_eegmat(**where, subjects="Subject05")
    assert server.requests == []
    with pytest.raises(FileNotFoundError, match="lacks Subject02_2.edf, .* Of 6 files, 4 are in"):
        fetch_eegmat(**where, subjects="Subject02", download_if_missing=False)


def test_all_labels_of_eegmat(eegmat, where):
    data = fetch_eegmat(**where, subjects="Subject05", attribute=None)
    assert data.target["n_subtractions"].tolist() == [29.35, 29.35]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Gender", "Sex", "has the columns .* expected are Subject, Age, Gender"),
        ("31,M", "310,M", "line 3: an age of 310"),
        ("31,M", "x,M", "line 3: could not convert"),
        ("31,M", "31,X", "line 3: Gender 'X'"),
        ("29.35,1", "29.35,2", "line 3: .* Count quality '2'"),
        ("29.35,1", "29.35", "line 3"),
        ("29.35,1", "-1,1", "line 3: -1 subtractions"),
        ("29.35,1", "nan,1", "line 3: nan subtractions"),
        ("Subject05,31,M,2010,29.35,1", "Subject05", "line 3"),
        ("2010", "2" * 200_000, "line 3: field larger than field limit"),
        (TABLE, "", "has the columns"),
        ("Subject05", "Subject06", "Subject05_1.edf is not named as a recording of a person"),
    ],
)
def test_eegmat_with_another_table(server, where, old, new, message):
    files = {"Subject05_1.edf": eegmat_file(2).to_bytes()}
    table = TABLE.replace(old, new).encode()
    write_database(server.root, "eegmat", {**files, "subject-info.csv": table}, list(files))
    with pytest.raises(UnreadableFileError, match=message):
        fetch_eegmat(**where)


def test_eegmat_without_the_channel(server, where):
    one = eegmat_file(2)
    one.signals[1].label = "EEG Cz"
    files = {"Subject05_1.edf": one.to_bytes(), "subject-info.csv": TABLE.encode()}
    write_database(server.root, "eegmat", files, ["Subject05_1.edf"])
    with pytest.raises(ValueError, match="gives no recording"):
        fetch_eegmat(**where)
    with pytest.raises(ValueError, match="'ECG ECG'"):
        fetch_eegmat(**where, leads="ECG")


def test_a_person_whose_file_is_damaged(eegmat, where, server):
    for part in "12":
        server.bodies[f"eegmat/1.0.0/Subject05_{part}.edf"] = b"something else"
    with pytest.raises(UnreadableFileError, match="Subject05_1.edf: .* has the SHA-256 checksum"):
        fetch_eegmat(**where)
    with pytest.warns(
        UserWarning, match="2 left out: .*Subject05 cannot be read: .*Subject05_1.edf"
    ):
        data = fetch_eegmat(**where, on_error="warn")
    assert data.subject.tolist() == ["Subject02"]


def test_a_person_whose_file_is_cut_off_as_published(server, where):
    good, cut = eegmat_file(2).to_bytes(), eegmat_file(2).to_bytes()[:-7]
    files = {"Subject02_2.edf": good, "Subject05_2.edf": cut}
    write_database(
        server.root, "eegmat", {**files, "subject-info.csv": TABLE.encode()}, list(files)
    )
    with pytest.raises(
        UnreadableFileError, match=f"Subject05_2.edf is cut off: .* byte {len(cut)}"
    ):
        fetch_eegmat(**where)
    with pytest.warns(UserWarning, match="Subject05 cannot be read"):
        assert fetch_eegmat(**where, on_error="warn").subject.tolist() == ["Subject02"]


# -- mitdb, qtdb, ecgid ----------------------------------------------------------------------------


def write_records(server, database, records, **options):
    files = {}
    for name, (signals, comments) in records.items():
        files |= wfdb.record(name, signals, options.get("rate", 360), comments=comments, fmt="212")
    return write_database(server.root, database, files, list(records))


def test_mitdb(server, where):
    records = {
        "100": ([ecg("MLII"), ecg("V5")], ["69 M 1085 1629 x1", "Aldomet, Inderal"]),
        "102": ([ecg("V5"), ecg("V2")], ["84 F 1353 1629 x2"]),
        "114": ([ecg("V5"), ecg("MLII")], ["? M 1 1 x1"]),
        "201": ([ecg("MLII"), ecg("V1")], []),
        "202": ([ecg("MLII"), ecg("V1")], ["68 M 1960 608 x1"]),
    }
    write_records(server, "mitdb", records)
    data = fetch_mitdb(**where)
    assert data.target is None
    assert data.fields["record"].tolist() == list(records)
    assert data.subject.tolist() == ["100", "102", "114", "201", "201"]
    assert data.fields["lead"].tolist() == ["MLII", "V5", "MLII", "MLII", "MLII"]
    assert data.fields["person"].tolist()[-1] == "mitdb/201"
    np.testing.assert_array_equal(data.fields["age"], [69, 84, np.nan, np.nan, 68])
    assert data.fields["sex"].tolist() == ["M", "F", "M", "", "M"]
    for recording, (record, index) in zip(
        data.recordings, [("100", 0), ("102", 0), ("114", 1)], strict=False
    ):
        np.testing.assert_allclose(recording, records[record][0][index].values(), rtol=1e-6)
    with pytest.warns(UserWarning, match="102 has no lead 'V1', but V5, V2"):
        other = fetch_mitdb(**where, subjects=["102", "201"], leads="V1")
    assert other.fields["record"].tolist() == ["201", "202"]
    np.testing.assert_allclose(other.recordings[0], records["201"][0][1].values(), rtol=1e-6)


def test_files_of_a_record_that_lack_are_named_together(server, where):
    write_records(server, "mitdb", {str(n): ([ecg("MLII")], []) for n in (100, 101)})
    fetch_mitdb(**where, subjects="100")
    with pytest.raises(FileNotFoundError, match="lacks 101.hea, 101.dat, .* Of 5 files, 3 are in"):
        fetch_mitdb(**where, subjects="101", download_if_missing=False)


def test_qtdb(server, where):
    records = {
        "sel100": ([ecg("MLII"), ecg("V5")], []),
        "sele0104": ([ecg("D3"), ecg("V4")], []),
        "sel17152": ([ecg("odd"), ecg("ECG2")], []),
        "sel30": ([ecg("ECG1"), ecg("ECG2")], []),
    }
    write_records(server, "qtdb", records, rate=250)
    data = fetch_qtdb(**where)
    assert data.fields["lead"].tolist() == ["MLII", "D3", "odd", "ECG1"]  # the first, whatever
    assert data.subject.tolist() == list(records)
    assert data.fields["origin"].tolist() == ["mitdb", "edb", "sddb", "sddb"]
    assert data.fields["origin_record"].tolist() == ["mitdb/100", "edb/e0104", "", "sddb/30"]
    assert data.fields["person"].tolist() == ["mitdb/100", "edb/e0104", "qtdb/sel17152", "sddb/30"]
    assert data.sampling_rate == 250.0


def test_ecgid(server, where):
    said = ["Age: 25", "Sex: male", "ECG date: 07.12.2004"]
    records = {
        "Person_01/rec_1": ([ecg("ECG I"), ecg("ECG I filtered")], said),
        "Person_01/rec_2": (
            [ecg("ECG I"), ecg("ECG I filtered")],
            ["Sex: female", "ECG date: 31.2.2004"],
        ),
        "Person_02/rec_1": ([ecg("ECG I"), ecg("ECG I filtered")], []),
    }
    write_records(server, "ecgiddb", records, rate=500)
    data = fetch_ecgid(**where)
    assert data.subject.tolist() == ["Person_01", "Person_01", "Person_02"]
    assert data.fields["record"].tolist() == list(records)
    np.testing.assert_array_equal(data.fields["age"], [25, np.nan, np.nan])
    assert data.fields["sex"].tolist() == ["M", "F", ""]
    assert data.fields["date"].tolist() == ["2004-12-07", "", ""]
    assert set(data.fields["lead"]) == {"ECG I"}
    both = fetch_ecgid(**where, leads=["ECG I filtered", "ECG I"], subjects="Person_02")
    for recording, index in zip(both.recordings, (1, 0), strict=True):
        values = records["Person_02/rec_1"][0][index].values()
        np.testing.assert_allclose(recording, values, rtol=1e-6)
    assert both.recordings[0].dtype == np.float32


# -- drivedb ---------------------------------------------------------------------------------------


def drive(minutes, *, presses=None, rate=15.5, per_frame=2, marker=True, seed=0):
    """A drive whose ECG tells where it was cut: it counts up, modulo 10 000."""
    draw = np.random.default_rng(seed)
    n_frames = int((sum(minutes) + 2) * 60 * rate)
    trace = 1000 + np.cumsum(draw.normal(0, 0.3, n_frames)) + draw.normal(0, 20, n_frames)
    starts = 30 + 60 * np.concatenate([[0], np.cumsum(minutes)]) if presses is None else presses
    for start in starts:
        frame = round(start * rate)
        trace[frame - 1 : frame + 2] += [700, 2500, 900]
    signals = [
        wfdb.Signal("ECG", np.arange(n_frames * per_frame) % 10_000, 1000, unit="mV",
                    samples_per_frame=per_frame),
        wfdb.Signal("foot GSR", counts(2 * n_frames), 1000, samples_per_frame=2),
    ]  # fmt: skip
    if marker:
        signals.append(wfdb.Signal("marker", trace.astype(int), 100))
    return signals, starts


def write_drives(server, drives, rate=15.5):
    files = {}
    for name, signals in drives.items():
        files |= wfdb.record(name, signals, rate, newline="\r\n")
    return write_database(server.root, "drivedb", files, list(drives))


def test_phases_of_a_drive(server, where):
    signals, starts = drive(MINUTES["drive05"])
    write_drives(server, {"drive05": signals})
    data = fetch_drivedb(**where, attribute="phase")
    assert data.target_names == ["rest", "city", "highway"]
    assert data.target.tolist() == [0, 1, 2, 1, 2, 1, 0]
    assert data.fields["part"].tolist() == list(range(1, 8))
    assert data.fields["record"][1] == "drive05/2-city"
    assert set(data.subject) == {"drive05"}
    assert data.sampling_rate == 31.0
    assert set(data.fields["n_marks"]) == {8}
    n_samples = np.array([len(one) for one in data.recordings])
    np.testing.assert_allclose(n_samples / 31 / 60, MINUTES["drive05"], atol=0.01)
    firsts = [round(1000 * float(one[0])) for one in data.recordings]
    expected = [2 * round(start * 15.5) % 10_000 for start in starts[:-1]]
    np.testing.assert_allclose(firsts, expected, atol=1)


def test_drives_whose_phases_cannot_be_told(server, where):
    minutes = MINUTES["drive16"]
    marks = 30 + 60 * np.concatenate([[0], np.cumsum(minutes)])
    moved = marks.copy()
    moved[3] += 10
    drives = {
        "drive06": drive([2], marker=False)[0],
        "drive16": drive(minutes, presses=moved)[0],
        "drive17a": drive([2], presses=[20.0])[0],
        "drive17b": drive([3], presses=[])[0],
    }
    write_drives(server, drives)
    data = fetch_drivedb(**where)
    assert data.target["phase"].tolist() == [""] * 4
    assert data.target["part"].tolist() == [0] * 4
    assert data.fields["n_marks"].tolist() == [0, 7, 1, 0]
    assert data.subject.tolist() == ["drive06", "drive16", "drive17", "drive17"]
    assert len(data.recordings[0]) == len(drives["drive06"][0].digital)
    with pytest.raises(ValueError, match="None of the 4 recordings"):
        fetch_drivedb(**where, attribute="phase")


def test_drive_that_is_a_copy(server, where):
    signals = drive([1])[0]
    write_drives(server, {"drive13": signals, "drive14": signals})
    with pytest.warns(UserWarning, match="drive14 holds the same ECG as drive13"):
        data = fetch_drivedb(**where)
    assert data.fields["record"].tolist() == ["drive13"]
    # Its files are not needed.
    assert "drivedb/1.0.0/drive14.dat" not in server.asked()
    names = [path.name for path in DriveDb(**where).sources("drive13")]
    assert names == ["drive13.hea", "drive13.dat"]
    assert "drivedb/1.0.0/drive14.dat" not in server.asked()


def test_drive_at_full_rate(server, where):
    signals = [
        wfdb.Signal("ECG", counts(32 * 50), 1000, unit="mV", samples_per_frame=32),
        wfdb.Signal("RESP", counts(2 * 50), 500, samples_per_frame=2),
    ]
    write_drives(server, {"drive01": signals})
    data = fetch_drivedb(**where)
    assert data.sampling_rate == 496.0
    np.testing.assert_allclose(data.recordings[0], signals[0].values(), rtol=1e-6)


# -- any set ---------------------------------------------------------------------------------------


@pytest.fixture
def mixed(server):
    """WFDB and EDF records, folders of records, units, and leads at several rates."""
    files = {
        **wfdb.record("a", [
            wfdb.Signal("RESP", counts(40), unit="l"),
            wfdb.Signal("slow ECG", counts(40), unit="mV"),
            wfdb.Signal("ECG lead II", counts(80), unit="uV", gain=2, samples_per_frame=2),
            wfdb.Signal("V", counts(80), unit="", samples_per_frame=2),
        ], 125),
        **wfdb.record("deep/b", [ecg("aVR"), ecg("unnamed thing")], 250, fmt="16"),
        "deep/c.edf": eegmat_file(2).to_bytes(),
        "noise.hea": wfdb.record("noise", [ecg("noise1"), ecg("noise2")])["noise.hea"],
        "noise.dat": wfdb.record("noise", [ecg("noise1"), ecg("noise2")])["noise.dat"],
    }  # fmt: skip
    write_database(server.root, "mixed", files, ["a", "deep/", "noise"], version="2.1.0")
    return files


def test_any_set(mixed, where):
    where |= {"version": "2.1.0"}
    with pytest.warns(UserWarning, match="1 left out: noise has no recording"):
        data = fetch_physionet("mixed", **where)
    assert data.name == "mixed"
    assert "mixed 2.1.0" in data.DESCR
    assert data.fields["record"].tolist() == ["a", "deep/b", "deep/c.edf"]
    assert data.fields["lead"].tolist() == ["slow ECG", "aVR", "ECG ECG"]
    assert data.sampling_rate.tolist() == [125.0, 250.0, 500.0]
    assert data.subject.tolist() == ["a", "deep/b", "deep/c.edf"]
    assert data.fields["person"].tolist() == ["mixed/a", "mixed/deep/b", "mixed/deep/c.edf"]
    assert data.target is None
    noise = fetch_physionet("mixed", "noise", leads="noise2", **where)
    assert len(noise.recordings) == 1
    for lead in ("RESP", "V", "ECG lead II"):  # another unit, other rates
        with pytest.raises(ValueError, match=f"has no lead '{lead}', but slow ECG"):
            fetch_physionet("mixed", ["a"], leads=lead, **where)


def test_units_become_millivolt(server, where):
    digital = counts(40)
    units = {"mV": 1, "uV": 1e-3, "V": 1000, "nV": 1e-6, "NU": 1}
    files = {}
    for unit in units:
        signal = wfdb.Signal("II", digital, gain=4, unit=unit)
        files |= wfdb.record(unit, [signal])
    write_database(server.root, "units", files, list(units))
    data = fetch_physionet("units", **where)
    for recording, factor in zip(data.recordings, units.values(), strict=True):
        np.testing.assert_allclose(recording, digital / 4 * factor, rtol=1e-6)


def test_invalid_samples_leave_a_recording_out(server, where):
    signals = [ecg("II"), ecg("V5")]
    signals[0].digital[5] = wfdb.INVALID["16"]
    write_database(server.root, "gaps", wfdb.record("a", signals), ["a"])
    with pytest.raises(ValueError, match="1 of 40 samples that are no numbers, the first at 5"):
        fetch_physionet("gaps", **where)
    assert len(fetch_physionet("gaps", leads="V5", **where).recordings) == 1


def test_records_and_subjects(mixed, where, server):
    where |= {"version": "2.1.0"}
    data = fetch_physionet("mixed", ["deep/b", "a"], subject_of=lambda record: "me", **where)
    assert data.subject.tolist() == ["me", "me"]
    assert data.fields["record"].tolist() == ["deep/b", "a"]
    assert "mixed/2.1.0/noise.hea" not in server.asked()
    data = fetch_physionet("mixed", "a", subject_of={"a": "you"}, **where)
    assert data.subject.tolist() == ["you"]
    with pytest.raises(ValueError, match="subject_of has no subject for the record 'noise'"):
        fetch_physionet("mixed", ["a", "noise"], subject_of={"a": "you"}, **where)
    with pytest.raises(ValueError, match="mixed has no z. It has 4: a, deep/b, deep/c.edf, noise."):
        fetch_physionet("mixed", ["a", "z"], **where)
    with pytest.raises(ValueError, match="one of them"):
        fetch_physionet("mixed", [], **where)


@pytest.mark.parametrize(
    "database", ["", "../mitdb", "/etc", "a/b", "a b", ".hidden", "a..b", None]
)
def test_names_that_are_no_database(where, database, server):
    with pytest.raises(ValueError, match="database must be a short name"):
        fetch_physionet(database, **where)
    with pytest.raises(ValueError, match="version must be a short name"):
        fetch_physionet("mitdb", version=f"../{database}", **where)
    assert server.requests == []


@pytest.mark.parametrize("url", ["ftp://x.org/files", "file:///etc", "physionet.org/files", ""])
def test_other_addresses(home, url):
    with pytest.raises(ValueError, match="base_url must begin with https:// or http://"):
        fetch_mitdb(data_home=home, base_url=url)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a 1 250 10\n../b.dat 16 200 12 0 0 0 0 II\n", "names '../b.dat' as a file of samples"),
        ("a 1 250 10\nz.dat 16 200 12 0 0 0 0 II\n", "names z.dat, which is no file of the data"),
        ("a/2 1 250 10\nb 5\nc 5\n", "several segments"),
        ("a 1 250 10\na.dat 16 200 12 0 0 0 0 II\n", "a.dat is cut off: it ends at byte 8"),
    ],
)
def test_header_that_names_something_else(server, where, header, message):
    files = {"a.hea": header.encode(), "a.dat": bytes(8)}
    write_database(server.root, "odd", files, ["a"])
    with pytest.raises(UnreadableFileError, match=message):
        fetch_physionet("odd", **where)


@pytest.mark.parametrize("records", [["a", "b"], [], ["../a"], ["a.edf"]])
def test_list_of_records_that_makes_no_sense(server, where, records):
    write_database(server.root, "odd", wfdb.record("a", [ecg("II")]), records)
    with pytest.raises(UnreadableFileError, match="RECORDS names"):
        fetch_physionet("odd", **where)


# -- all of them -----------------------------------------------------------------------------------


def test_folder_of_the_environment(server, home, monkeypatch):
    write_records(server, "mitdb", {"100": ([ecg("MLII")], [])})
    monkeypatch.setenv("SKLEARN_ECGSSL_HOME", str(home))
    fetch_mitdb(base_url=server.url)
    assert (home / "mitdb/1.0.0/100.dat").is_file()


def test_folder_for_caches(server, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    write_records(server, "mitdb", {"100": ([ecg("MLII")], [])})
    fetch_mitdb(base_url=server.url)
    (found,) = tmp_path.rglob("sklearn_ecgssl/**/100.dat")
    assert found.parent.parts[-2:] == ("mitdb", "1.0.0")


def test_in_processes(server, where):
    records = {str(n): ([ecg("MLII")], []) for n in range(100, 104)}
    write_records(server, "mitdb", records)
    data = fetch_mitdb(**where, n_jobs=2)
    assert data.subject.tolist() == list(records)
    for recording, (signals, _) in zip(data.recordings, records.values(), strict=True):
        np.testing.assert_allclose(recording, signals[0].values(), rtol=1e-6)


def test_data_sets_can_be_sent_to_processes(server, where, mixed):
    data_set = PhysioNet("mixed", subject_of=lambda record: "me", version="2.1.0", **where)
    copy = pickle.loads(pickle.dumps(data_set))
    assert copy.subjects == ["me"]
    assert (copy.name, copy.folder) == ("mixed", data_set.folder)


def test_sources_are_there(server, where):
    write_records(server, "mitdb", {"201": ([ecg("MLII")], []), "202": ([ecg("MLII")], [])})
    data_set = MitDb(**where)
    names = [path.name for path in data_set.sources("201")]
    assert names == ["201.hea", "201.dat", "202.hea", "202.dat"]
    assert all(path.is_file() for path in data_set.sources("201"))


def test_sources_of_eegmat(eegmat, where):
    names = [path.name for path in EegMat(**where).sources("Subject02")]
    assert names == ["subject-info.csv", "Subject02_2.edf"]


@pytest.mark.parametrize(
    ("load", "data_set"),
    [
        (fetch_eegmat, EegMat),
        (fetch_mitdb, MitDb),
        (fetch_qtdb, QtDb),
        (fetch_ecgid, EcgId),
        (fetch_drivedb, DriveDb),
        (fetch_physionet, PhysioNet),
    ],
)
def test_what_is_not_common_says_where_the_data_are(load, data_set):
    parameters = inspect.signature(load).parameters
    where = {name for name in parameters if name not in COMMON}
    assert {"data_home", "base_url", "download_if_missing"} <= where
    common = set(COMMON) - set(parameters)
    assert common <= {"attribute", "binarize"}
    for word in (data_set.description, load.__doc__):
        assert "10.1161/01.CIR" in word or "doi:" in word or "thesis" in word
    if data_set is not PhysioNet:
        assert "ODC-By 1.0" in data_set.description
        assert "Goldberger" in data_set.description


@pytest.mark.parametrize("load", LOADERS, ids=lambda one: one.__name__)
def test_nothing_there_and_nothing_to_download(load, home):
    args = ["nsrdb"] if load is fetch_physionet else []
    with pytest.raises(
        FileNotFoundError, match="lacks SHA256SUMS.txt, .* Put them there"
    ) as raised:
        load(*args, data_home=home, download_if_missing=False)
    assert str(home) in str(raised.value)
    assert not home.exists()


@pytest.mark.parametrize(
    ("missing", "reads"), [("pooch", "downloaded"), ("wfdb", "WFDB"), ("edfio", "EDF")]
)
def test_package_that_is_not_installed(mixed, where, monkeypatch, missing, reads):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(
        ImportError, match=rf'{reads}.*{missing}.*pip install "sklearn_ecgssl\[data'
    ):
        fetch_physionet("mixed", ["deep/b", "deep/c.edf"], version="2.1.0", **where)


def test_nothing_installed_and_nothing_there(server, tmp_path, monkeypatch):
    for missing in ("pooch", "requests"):
        monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r"sklearn_ecgssl\[datasets\]"):
        fetch_mitdb(data_home=tmp_path, base_url=server.url)


def test_offline_needs_no_pooch(server, where, monkeypatch):
    write_records(server, "mitdb", {"100": ([ecg("MLII")], [])})
    fetch_mitdb(**where)
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert len(fetch_mitdb(**where).recordings) == 1


def test_no_warning_without_a_reason(server, where, recwarn, capfd):
    write_records(server, "mitdb", {"100": ([ecg("MLII")], [])})
    fetch_mitdb(**where)
    assert [str(one.message) for one in recwarn] == []
    assert capfd.readouterr().err == ""


# -- real files ------------------------------------------------------------------------------------


def original(shared_data, name):
    folder = shared_data / "originals" / name
    if not folder.is_dir():
        pytest.skip(f"no original files: {folder} is not a folder")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def npz(shared_data, name):
    with np.load(shared_data / name, allow_pickle=False) as archive:
        return dict(archive)


def assert_same(data, z):
    """Compare recordings with digital samples that were taken from the same files."""
    rows = {record: i for i, record in enumerate(z["record"].tolist())}
    for recording, record in zip(data.recordings, data.fields["record"].tolist(), strict=True):
        i = rows[record]
        counts = z["ecg"][z["start"][i] : z["start"][i + 1]]
        assert len(recording) == len(counts)
        found = (recording.astype(float) - z["offset"][i]) / z["scale"][i]
        np.testing.assert_array_equal(np.round(found), counts)
        np.testing.assert_allclose(found, counts, atol=0.05)


@pytest.mark.real
def test_real_eegmat(shared_data, server, where):
    z, files = npz(shared_data, "eegmat_ecg.npz"), original(shared_data, "eegmat")
    sums = files.pop("SHA256SUMS.txt").decode()
    table = ["Subject,Age,Gender,Recording year,Number of subtractions,Count quality"]
    for i in np.flatnonzero(z["condition"] == "rest"):
        values = (
            z["subject"],
            z["age"],
            z["sex"],
            z["age"],
            z["n_subtractions"],
            z["count_quality"],
        )
        table.append(",".join(str(one[i]) for one in values))
    records = [f"Subject{n:02d}_{part}.edf" for n in range(36) for part in (1, 2)]
    folder = write_database(
        server.root, "eegmat", {**files, "subject-info.csv": "\n".join(table).encode()}, records
    )
    # PhysioNet's own checksums of the recordings, ours of the two small files.
    ours = (folder / "SHA256SUMS.txt").read_text().splitlines()
    small = [line for line in ours if line.endswith((" RECORDS", " subject-info.csv"))]
    theirs = [line for line in sums.splitlines() if line.endswith(".edf")]
    (folder / "SHA256SUMS.txt").write_text("\n".join([*theirs, *small]) + "\n")
    server.breaks["eegmat/1.0.0/Subject06_1.edf"] = [1_000_000, 1_000_000]
    data = fetch_eegmat(**where, subjects=["Subject05", "Subject06"])
    assert data.target.tolist() == [0, 1, 0, 1]
    assert data.sampling_rate == 500.0
    assert_same(data, z)
    assert server.sent["eegmat/1.0.0/Subject06_1.edf"] == len(files["Subject06_1.edf"])
    server.requests.clear()
    assert_same(fetch_eegmat(**where, subjects=["Subject05", "Subject06"]), z)
    assert server.requests == []
    with pytest.raises(FileNotFoundError, match="Subject07_1.edf: the server has no such file"):
        fetch_eegmat(**where, subjects="Subject07")


@pytest.mark.real
def test_real_mitdb(shared_data, server, where):
    write_database(server.root, "mitdb", original(shared_data, "mitdb"), ["100"])
    data = fetch_mitdb(**where)
    assert data.fields["lead"].tolist() == ["MLII"]
    assert data.fields["age"].tolist() == [69]
    assert data.fields["sex"].tolist() == ["M"]
    assert_same(data, npz(shared_data, "mitdb.npz"))
    assert "mitdb/1.0.0/100.atr" not in server.asked()


@pytest.mark.real
def test_real_ecgid(shared_data, server, where):
    records = ["Person_01/rec_1", "Person_01/rec_2"]
    write_database(server.root, "ecgiddb", original(shared_data, "ecgiddb"), records)
    data = fetch_ecgid(**where)
    assert data.fields["age"].tolist() == [25, 25]
    assert data.fields["date"].tolist() == ["2004-12-07", "2004-12-07"]
    assert_same(data, npz(shared_data, "ecgid.npz"))
