"""Data sets of PhysioNet, on tiny copies and on real files."""

import sys

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import (
    DriveDb,
    EegMat,
    MitDb,
    fetch_drivedb,
    fetch_ecgid,
    fetch_eegmat,
    fetch_mitdb,
    fetch_physionet,
    fetch_qtdb,
)
from sklearn_ecgssl.datasets._persons import origin_of, person_of, subject_of
from sklearn_ecgssl.datasets.sets._drivedb import MINUTES, find_marks, match_phases
from tests.datasets.sets import (
    DRIVE,
    write_drivedb,
    write_ecgid,
    write_eegmat,
    write_mitdb,
    write_qtdb,
)
from tests.datasets.writers import edf, wfdb
from tests.datasets.writers.physionet import write_database

RNG = np.random.default_rng(0)


def counts(n):
    return RNG.integers(-2000, 2000, n)


def ecg(name, n=40, **options):
    return wfdb.Signal(name, counts(n), **{"unit": "mV", **options})


def edf_file():
    eeg = edf.Signal("EEG Fp1", counts(1000), 500, "uV", (-500, 500))
    one = edf.Signal("ECG ECG", counts(1000), 500, "mV", (-0.4, 0.6))
    return edf.Edf([eeg, one, edf.annotations(2)], reserved="EDF+C")


@pytest.fixture
def where(server, home):
    return {"data_home": home, "base_url": server.url}


@pytest.fixture
def laid_out(tmp_path):
    """Lay files out as PhysioNet does, and fetch them without a server."""

    def fetch(files, records, **options):
        write_database(tmp_path, "any", files, records)
        return fetch_physionet("any", data_home=tmp_path, download_if_missing=False, **options)

    return fetch


# -- one by one, on the copies that all tests of data sets share -----------------------------------


def test_eegmat(server, where):
    write_eegmat(server.root)
    with pytest.warns(UserWarning, match="1 left out: Subject02_1 holds no heart beat"):
        data = fetch_eegmat(**where)
    assert data.target.tolist() == [1, 0, 1]
    assert data.target_names == ["rest", "arithmetic"]
    assert data.subject.tolist() == ["Subject02", "Subject05", "Subject05"]
    assert data.fields["record"].tolist() == ["Subject02_2", "Subject05_1", "Subject05_2"]
    assert data.fields["age"].tolist() == [21, 31, 31]
    assert data.fields["sex"].tolist() == ["F", "M", "M"]
    assert data.fields["n_subtractions"].tolist() == [9.7, 29.35, 29.35]
    assert data.fields["good_count"].tolist() == [False, True, True]
    assert (data.sampling_rate, data.unit) == (500.0, "mV")
    assert "eegmat/1.0.0/Subject02_1.edf" not in server.requests  # of no use


def test_only_the_files_of_the_people_asked_for_are_downloaded(server, where):
    write_eegmat(server.root)
    fetch_eegmat(**where, subjects=["Subject05"])
    shared = {"SHA256SUMS.txt", "RECORDS", "subject-info.csv"}
    asked = {path.split("/")[-1] for path in server.requests}
    assert asked == shared | {"Subject05_1.edf", "Subject05_2.edf"}
    server.requests.clear()
    fetch_eegmat(**where, subjects="Subject05")
    assert server.requests == []
    with pytest.raises(FileNotFoundError, match="lacks Subject02_2.edf, and download_if_missing"):
        fetch_eegmat(**where, subjects="Subject02", download_if_missing=False)
    sources = [path.name for path in EegMat(**where).sources("Subject02")]
    assert sources == ["subject-info.csv", "Subject02_2.edf"]


def rewrite(folder, name, old, new):
    """Change a file of a data set, and its checksum with it."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    files[name] = files[name].replace(old, new)
    records = files.pop("RECORDS").decode().split()
    files.pop("SHA256SUMS.txt")
    write_database(folder.parents[1], folder.parent.name, files, records)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("subject-info.csv", b"Gender", b"Sex", "subject-info.csv cannot be read as a table"),
        ("subject-info.csv", b"31,M", b"x,M", "subject-info.csv cannot be read as a table"),
        ("subject-info.csv", b"Subject05", b"Subject06", "Subject05_1.edf is not named as a rec"),
    ],
)
def test_eegmat_that_is_not_as_published(tmp_path, name, old, new, message):
    write_eegmat(tmp_path)
    rewrite(tmp_path / "eegmat/1.0.0", name, old, new)
    with pytest.raises(UnreadableFileError, match=message):
        fetch_eegmat(subjects="Subject05", data_home=tmp_path, download_if_missing=False)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("subject-info.csv", b"31,M", b"310,M", "age 310"),
        ("Subject05_1.edf", b"ECG ECG", b"EEG Cz ", "Subject05_1 has no channel .*'EEG Cz' in mV"),
    ],
)
def test_eegmat_that_is_implausible_warns(tmp_path, name, old, new, message):
    write_eegmat(tmp_path)
    rewrite(tmp_path / "eegmat/1.0.0", name, old, new)
    with pytest.warns(UserWarning, match=message):
        data = fetch_eegmat(data_home=tmp_path, download_if_missing=False)
    assert len(data.recordings) == (3 if b"310" in new else 2)


@pytest.mark.parametrize("damage", ["wrong checksum", "cut off as published", "refused"])
def test_person_who_cannot_be_read_does_not_stop_the_others(server, where, damage):
    write_eegmat(server.root)
    if damage == "cut off as published":
        folder = server.root / "eegmat/1.0.0"
        whole = (folder / "Subject05_1.edf").read_bytes()
        rewrite(folder, "Subject05_1.edf", whole, whole[:-7])
    elif damage == "refused":
        server.status["eegmat/1.0.0/Subject05_1.edf"] = [403] * 99
    else:
        server.bodies["eegmat/1.0.0/Subject05_1.edf"] = b"something else"
    with pytest.raises((UnreadableFileError, PermissionError), match="Subject05_1.edf"):
        fetch_eegmat(**where)
    with pytest.warns(UserWarning, match="Subject05 cannot be read: .*Subject05_1.edf"):
        data = fetch_eegmat(**where, on_error="warn")
    assert data.subject.tolist() == ["Subject02"]


def test_mitdb(server, where):
    write_mitdb(server.root)
    data = fetch_mitdb(**where)
    assert data.target is None
    assert data.subject.tolist() == ["100", "102", "114", "201", "201"]
    assert data.fields["record"].tolist()[-1] == "202"
    assert data.fields["lead"].tolist() == ["MLII", "V5", "MLII", "MLII", "MLII"]
    assert data.fields["person"].tolist()[-1] == "mitdb/201"
    np.testing.assert_array_equal(data.fields["age"], [69, 84, np.nan, np.nan, 68])
    assert data.fields["sex"].tolist() == ["M", "F", "M", "", "M"]
    with pytest.warns(UserWarning, match="102 has no lead 'V1', but V5, V2"):
        other = fetch_mitdb(**where, subjects=["102", "201"], leads="V1")
    assert other.fields["record"].tolist() == ["201", "202"]
    names = [path.name for path in MitDb(**where).sources("201")]
    assert names == ["201.hea", "201.dat", "202.hea", "202.dat"]


def test_qtdb(tmp_path):
    write_qtdb(tmp_path)
    data = fetch_qtdb(data_home=tmp_path, download_if_missing=False)
    assert data.fields["lead"].tolist() == ["MLII", "D3", "odd", "ECG1"]  # the first, whatever
    assert data.subject.tolist() == ["sel100", "sele0104", "sel17152", "sel30"]
    assert data.fields["origin"].tolist() == ["mitdb", "edb", "sddb", "sddb"]
    assert data.fields["origin_record"].tolist() == ["mitdb/100", "edb/e0104", "", "sddb/30"]
    assert data.fields["person"].tolist() == ["mitdb/100", "edb/e0104", "qtdb/sel17152", "sddb/30"]


def test_ecgid(tmp_path):
    write_ecgid(tmp_path)
    data = fetch_ecgid(data_home=tmp_path, download_if_missing=False)
    assert data.subject.tolist() == ["Person_01", "Person_01", "Person_02"]
    np.testing.assert_array_equal(data.fields["age"], [25, np.nan, np.nan])
    assert data.fields["sex"].tolist() == ["M", "F", ""]
    assert data.fields["date"].tolist() == ["2004-12-07", "", ""]
    assert set(data.fields["lead"]) == {"ECG I"}


@pytest.mark.parametrize(
    ("database", "record", "person"),
    [
        ("mitdb", "202", "mitdb/201"),
        ("qtdb", "sel16265", "nsrdb/16265"),
        ("qtdb", "sel301", "stdb/301"),
        ("nstdb", "118e24", "mitdb/118"),
        ("nstdb", "119e_6", "mitdb/119"),
        ("nstdb", "bw", "nstdb/bw"),
        ("drivedb", "drive14", "drivedb/drive13"),
        ("drivedb", "drive05/2-city", "drivedb/drive05"),
        ("ecgiddb", "Person_01/rec_1", "ecgiddb/Person_01"),
        ("eegmat", "Subject05_2.edf", "eegmat/Subject05"),
        ("unheard", "of/it", "unheard/of/it"),
    ],
)
def test_person_is_named_alike_in_every_data_set(database, record, person):
    assert person_of(database, record) == person
    home, _, name = person.partition("/")
    assert subject_of(database, record) == (name if home == database else record)


# -- drivedb ---------------------------------------------------------------------------------------


def test_phases_of_a_drive_lie_from_press_to_press(tmp_path):
    write_drivedb(tmp_path)
    where = {"data_home": tmp_path, "download_if_missing": False}
    with pytest.warns(UserWarning, match="drive14 holds the same ECG as drive13"):
        data = fetch_drivedb(**where, attribute="phase")
    assert data.target_names == ["rest", "city", "highway"]
    assert data.target.tolist() == [0, 1, 2, 1, 2, 1]
    assert data.fields["part"].tolist() == list(range(1, 7))
    assert data.fields["record"][1] == "drive16/2-city"
    assert data.sampling_rate == 31.0
    minutes = np.array([len(one) for one in data.recordings]) / 31 / 60
    np.testing.assert_allclose(minutes, DRIVE, atol=0.01)
    starts = 30 + 60 * np.concatenate([[0], np.cumsum(DRIVE)])[:-1]  # this ECG counts up
    firsts = [round(1000 * float(one[0])) for one in data.recordings]
    np.testing.assert_allclose(firsts, [2 * round(15.5 * one) % 10_000 for one in starts], atol=1)


def test_drives_whose_phases_cannot_be_told_are_one_recording(tmp_path, monkeypatch):
    write_drivedb(tmp_path)
    monkeypatch.setitem(MINUTES, "drive16", (*DRIVE[:3], DRIVE[3] + 0.1, *DRIVE[4:]))  # 6 s more
    where = {"data_home": tmp_path, "download_if_missing": False}
    with pytest.warns(UserWarning, match="drive14"):
        data = fetch_drivedb(**where)
    assert data.target["phase"].tolist() == [""] * 3
    assert data.target["part"].tolist() == [0] * 3
    assert data.fields["n_marks"].tolist() == [7, 1, 0]
    assert data.subject.tolist() == ["drive16", "drive17", "drive17"]
    with pytest.raises(ValueError, match="None of the 3 recordings"):
        fetch_drivedb(**where, attribute="phase")


def test_copy_of_a_drive_is_not_downloaded(server, where):
    write_drivedb(server.root)
    data_set = DriveDb(**where)
    assert data_set.subjects() == ["drive13", "drive16", "drive17"]
    assert data_set.sources("drive13") == []
    assert [path.name for path in data_set.sources("drive17")][::2] == [
        "drive17a.hea",
        "drive17b.hea",
    ]
    assert "drivedb/1.0.0/drive14.dat" not in server.requests


def trace(n=10_000):
    draw = np.random.default_rng(0)
    drift = 20 * np.sin(np.linspace(0, 9, n)) + np.cumsum(draw.normal(0, 0.01, n))
    return 10 + drift + draw.normal(0, 0.2, n)


def test_presses_of_the_button_on_a_drifting_trace():
    marker = trace()
    for frame, shape in ((1550, [6, 25, 8]), (4000, [15, 12, 30, 28, 14]), (8000, [60] * 8)):
        marker[frame : frame + len(shape)] += shape
    times = find_marks(marker, 15.5)
    np.testing.assert_allclose(times, np.array([1551, 4002, 8003.5]) / 15.5, atol=4 / 15.5)
    twice = trace()
    twice[[3000, 3010, 3025, 3100]] += 30  # the first three within two seconds of each other
    assert len(find_marks(twice, 15.5)) == 2


@pytest.mark.parametrize(
    ("samples", "height"),
    [([], 0), ([2000, 2001, 5000], 6), ([3, 4, -4], 50), (range(3000, 9999), 8)],
)
def test_bumps_ends_and_steps_are_no_presses(samples, height):
    marker = trace()
    marker[list(samples)] += height
    assert len(find_marks(marker, 15.5)) == 0


PHASES = [("rest", 900.0), ("city", 600.0), ("highway", 450.0)]


@pytest.mark.parametrize(
    ("marks", "borders"),
    [
        ([100, 1001, 1600, 2050.5], [(100, 1001), (1001, 1600), (1600, 2050.5)]),
        ([5, 100, 500, 1000, 1030, 1630, 1700, 2150], [(100, 1000), (1030, 1630), (1700, 2150)]),
        ([100, 102.5, 1000, 1600, 2050], [(100, 1000), (1000, 1600), (1600, 2050)]),  # the closer
        ([], []),
        ([100, 1000, 1600], []),  # the last is missing
        ([100, 1000, 1604, 2054], []),  # a phase is 4 s too long
        ([100, 1000, 1600, 2050, *range(9000, 9060)], []),  # too many
        ([100, 150, 1000, 1050, 1600, 1650, 2050, 2100], []),  # two ways
        (range(0, 3000, 10), []),  # noise
    ],
)
def test_phases_lie_between_marks_in_one_way_only(marks, borders):
    found = match_phases([float(one) for one in marks], PHASES)
    assert [(one.start, one.stop) for one in found] == borders
    assert [one.name for one in found] == [name for name, _ in PHASES][: len(found)]


# -- any set ---------------------------------------------------------------------------------------


@pytest.fixture
def mixed(server):
    """WFDB and EDF records, folders of records, units, and leads at several rates."""
    files = {
        **wfdb.record("a", [
            ecg("RESP", unit="l"),
            ecg("slow ECG"),
            ecg("ECG lead II", 80, unit="uV", gain=2, samples_per_frame=2),
        ], 125),
        **wfdb.record("deep/b", [ecg("aVR"), ecg("unnamed thing")], 250),
        "deep/c.edf": edf_file().to_bytes(),
        **wfdb.record("noise", [ecg("noise1"), ecg("noise2")]),
    }  # fmt: skip
    write_database(server.root, "mixed", files, ["a", "deep/", "noise"], version="2.1.0")


def test_set_of_many_kinds_of_files(mixed, where):
    where |= {"version": "2.1.0"}
    with pytest.warns(
        UserWarning, match="noise has no channel named.*'noise1' in mV.*leads="
    ) as said:
        data = fetch_physionet("mixed", **where)
    assert len(said) == 1
    assert data.name == "mixed"
    assert "mixed 2.1.0" in data.DESCR
    assert data.fields["record"].tolist() == ["a", "deep/b", "deep/c.edf"]
    assert data.fields["lead"].tolist() == ["slow ECG", "aVR", "ECG ECG"]
    assert data.sampling_rate.tolist() == [125.0, 250.0, 500.0]
    assert data.fields["person"].tolist() == ["mixed/a", "mixed/deep/b", "mixed/deep/c.edf"]
    noise = fetch_physionet("mixed", "noise", leads="noise2", **where)
    assert len(noise.recordings) == 1
    fast = fetch_physionet("mixed", "a", leads=["ECG lead II", "RESP"], **where)
    assert fast.sampling_rate.tolist() == [250.0, 125.0]
    assert fast.unit == "mixed"


def test_records_and_subjects_that_are_asked_for(mixed, where, server):
    where |= {"version": "2.1.0"}
    data = fetch_physionet("mixed", ["deep/b", "a"], subject_of=lambda record: "me", **where)
    assert data.subject.tolist() == ["me", "me"]
    assert data.fields["record"].tolist() == ["deep/b", "a"]
    assert "mixed/2.1.0/noise.hea" not in server.requests
    data = fetch_physionet("mixed", "a", subject_of={"a": "you"}, **where)
    assert data.subject.tolist() == ["you"]
    with pytest.raises(ValueError, match="subject_of has no subject for the record 'noise'"):
        fetch_physionet("mixed", ["a", "noise"], subject_of={"a": "you"}, **where)
    with pytest.raises(ValueError, match="mixed has no z. It has 4: a, deep/b, deep/c.edf, noise."):
        fetch_physionet("mixed", ["a", "z"], **where)


@pytest.mark.parametrize(
    ("file", "record"),
    [("u.rec", "u.rec"), ("u.REC", "u.REC"), ("u", "u"), ("u.edf", "u"), ("u.EDF", "u"),
     ("u.REC", "u"), ("u.BDF", "u"), ("x/u.Edf", "x/u.Edf"), ("x/u.dat", "x/u.dat"),
     ("x/u.EDF", "x/"), ("x/u.rec", "x/")],
)  # fmt: skip
def test_edf_file_of_any_name(laid_out, file, record):
    one = edf_file()
    data = laid_out({file: one.to_bytes()}, [record])
    np.testing.assert_allclose(data.recordings[0], one.signals[1].values(), atol=1e-7)


def test_units_become_millivolt_and_counts_stay_unknown(laid_out):
    digital = counts(40)
    units = {"a": ("mV", 1), "b": ("uV", 1e-3), "c": ("V", 1000), "d": ("nV", 1e-6), "e": ("NU", 1)}
    files = {}
    for name, (unit, _) in units.items():
        files |= wfdb.record(name, [wfdb.Signal("II", digital, gain=4, unit=unit)])
    data = laid_out(files, list(units))
    assert data.unit == "mixed"
    for recording, (_, factor) in zip(data.recordings, units.values(), strict=True):
        np.testing.assert_allclose(recording, digital / 4 * factor, rtol=1e-6)
    assert laid_out(files, list("abcd")).unit == "mV"
    assert laid_out(files, ["e"]).unit == "unknown"


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["ECG", "ECG", "ECG"], ["ECG", "ECG 2", "ECG 3"]),
        (["", "", ""], ["channel 0", "channel 1", "channel 2"]),
        (["x", "", "x"], ["x", "channel 1", "x 2"]),
    ],
)
def test_every_channel_can_be_asked_for_whatever_their_names(laid_out, names, unique):
    signals = [ecg(name) for name in names]
    files = wfdb.record("a", signals)
    for lead, signal in zip(unique, signals, strict=True):
        data = laid_out(files, ["a"], leads=[lead])
        np.testing.assert_allclose(data.recordings[0], signal.values(), rtol=1e-6)
    if "ECG" not in names:
        with pytest.raises(
            ValueError, match=f"but {', '.join(f'.{one}. in mV' for one in unique)}: "
        ):
            laid_out(files, ["a"])


def test_record_without_a_voltage_says_what_it_has(laid_out):
    files = wfdb.record("a", [ecg("ECG", unit="mmHg")]) | wfdb.record("b", [ecg("II")])
    with pytest.warns(
        UserWarning, match=r"a has no channel in volt .*'ECG' in mmHg: .*leads=\['ECG"
    ):
        assert laid_out(files, ["a", "b"]).fields["record"].tolist() == ["b"]
    with pytest.raises(ValueError, match="gives no recording.*'ECG' in mmHg"):
        laid_out(files, ["a"])
    assert laid_out(files, ["a"], leads="ECG").unit == "mmHg"


def test_record_of_annotations_alone_is_left_out(laid_out):
    files = {"a.edf": edf.Edf([edf.annotations(3)], 0, "EDF+C").to_bytes()}
    files |= wfdb.record("b", [ecg("II")])
    with pytest.warns(UserWarning, match="1 left out: a.edf has no channel"):
        assert laid_out(files, ["a.edf", "b"]).fields["record"].tolist() == ["b"]


def test_invalid_samples_leave_a_recording_out(laid_out):
    signals = [ecg("II"), ecg("V5")]
    signals[0].digital[5] = wfdb.INVALID["16"]
    files = wfdb.record("a", signals)
    with pytest.raises(ValueError, match="1 of 40 samples that are no numbers, the first at 5"):
        laid_out(files, ["a"])
    assert len(laid_out(files, ["a"], leads="V5").recordings) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"a.hea": b"a 1 250 10\nz.dat 16 200 12 0 0 0 0 II\n"},
        {"a.hea": b"a/2 1 250 10\nb 5\nc 5\n"},
        {"a.hea": b"a 1 250 99\na.dat 16 200 12 0 0 0 0 II\n", "a.dat": bytes(8)},
        {"a.hea": b"<html>"},
        {"a.edf": edf_file().to_bytes()[:-1]},
        {},
    ],
)
def test_record_that_cannot_be_read_does_not_stop_the_others(laid_out, broken):
    files = broken | wfdb.record("b", [ecg("II")])
    with pytest.raises(UnreadableFileError):
        laid_out(files, ["a", "b"])
    with pytest.warns(UserWarning, match="a cannot be read: "):
        assert laid_out(files, ["a", "b"], on_error="warn").fields["record"].tolist() == ["b"]


def test_header_and_samples_named_with_their_folder(laid_out):
    signal = ecg("II")
    files = wfdb.record("beats/a", [signal])
    header = files["beats/a.hea"].replace(b"a 1", b"beats/a 1").replace(b"a.dat", b"beats/a.dat")
    data = laid_out({**files, "beats/a.hea": header}, ["beats/a"])
    np.testing.assert_allclose(data.recordings[0], signal.values(), rtol=1e-6)


def test_list_of_no_records(laid_out):
    with pytest.raises(UnreadableFileError, match="RECORDS names no record"):
        laid_out(wfdb.record("a", [ecg("II")]), [])


@pytest.mark.parametrize("wrong", ["", "../mitdb", "/etc", "a/b", None])
def test_names_that_are_no_database(where, wrong, server):
    with pytest.raises(ValueError, match="database must be a short name"):
        fetch_physionet(wrong, **where)
    with pytest.raises(ValueError, match="version must be a short name"):
        fetch_physionet("mitdb", version=wrong, **where)
    assert server.requests == []


def test_folder_of_the_environment(server, home, monkeypatch):
    write_mitdb(server.root)
    monkeypatch.setenv("SKLEARN_ECGSSL_HOME", str(home))
    fetch_mitdb(base_url=server.url, subjects="100")
    assert (home / "mitdb/1.0.0/100.dat").is_file()


@pytest.mark.parametrize(("missing", "reads"), [("wfdb", "WFDB"), ("edfio", "EDF")])
def test_package_that_is_not_installed(mixed, where, monkeypatch, missing, reads):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(
        ImportError, match=rf'{reads}.*{missing}.*pip install "sklearn_ecgssl\[data'
    ):
        fetch_physionet("mixed", ["deep/b", "deep/c.edf"], version="2.1.0", **where)


def test_neither_a_warning_nor_a_word_without_a_reason(server, where, recwarn, capfd):
    write_mitdb(server.root)
    fetch_mitdb(**where)
    assert [str(one.message) for one in recwarn] == []
    assert capfd.readouterr().err == ""


# -- real files ------------------------------------------------------------------------------------


def original(shared_data, name):
    folder = shared_data / "originals" / name
    if not folder.is_dir():
        pytest.skip(f"no original files: {folder} is not a folder")
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def npz(shared_data, name, *arrays):
    with np.load(shared_data / name, allow_pickle=False) as archive:
        return {one: archive[one] for one in arrays or archive.files}


def assert_same(data, z):
    """Compare recordings with digital samples that were taken from the same files."""
    rows = {record: i for i, record in enumerate(z["record"].tolist())}
    for recording, record in zip(data.recordings, data.fields["record"].tolist(), strict=True):
        i = rows[record]
        digital = z["ecg"][z["start"][i] : z["start"][i + 1]]
        found = (recording.astype(float) - z["offset"][i]) / z["scale"][i]
        np.testing.assert_array_equal(np.round(found), digital)
        np.testing.assert_allclose(found, digital, atol=0.05)


@pytest.mark.real
def test_real_eegmat(shared_data, tmp_path):
    z, files = npz(shared_data, "eegmat_ecg.npz"), original(shared_data, "eegmat")
    sums = files.pop("SHA256SUMS.txt").decode().splitlines()
    table = ["Subject,Age,Gender,Recording year,Number of subtractions,Count quality"]
    names = ("subject", "age", "sex", "age", "n_subtractions", "count_quality")
    for i in np.flatnonzero(z["condition"] == "rest"):
        table.append(",".join(str(z[name][i]) for name in names))
    files["subject-info.csv"] = "\n".join(table).encode()
    records = [f"Subject{n:02d}_{part}.edf" for n in range(36) for part in (1, 2)]
    folder = write_database(tmp_path, "eegmat", files, records)
    # PhysioNet's own checksums of the recordings, ours of the two small files.
    ours = (folder / "SHA256SUMS.txt").read_text().splitlines()
    lines = [one for one in ours if not one.endswith(".edf")]
    lines += [one for one in sums if one.endswith(".edf")]
    (folder / "SHA256SUMS.txt").write_text("\n".join(lines))
    where = {"data_home": tmp_path, "download_if_missing": False}
    data = fetch_eegmat(**where, subjects=["Subject05", "Subject06"])
    assert data.target.tolist() == [0, 1, 0, 1]
    assert data.sampling_rate == 500.0
    assert_same(data, z)
    with pytest.raises(FileNotFoundError, match="lacks Subject07_1.edf"):
        fetch_eegmat(**where, subjects="Subject07")


@pytest.mark.real
def test_real_mitdb(shared_data, tmp_path):
    write_database(tmp_path, "mitdb", original(shared_data, "mitdb"), ["100"])
    data = fetch_mitdb(data_home=tmp_path, download_if_missing=False)
    assert data.fields["lead"].tolist() == ["MLII"]
    assert data.fields["age"].tolist() == [69]
    assert data.fields["sex"].tolist() == ["M"]
    assert_same(data, npz(shared_data, "mitdb.npz"))


@pytest.mark.real
def test_real_ecgid(shared_data, tmp_path):
    records = ["Person_01/rec_1", "Person_01/rec_2"]
    write_database(tmp_path, "ecgiddb", original(shared_data, "ecgiddb"), records)
    data = fetch_ecgid(data_home=tmp_path, download_if_missing=False)
    assert data.fields["age"].tolist() == [25, 25]
    assert data.fields["date"].tolist() == ["2004-12-07", "2004-12-07"]
    assert_same(data, npz(shared_data, "ecgid.npz"))


@pytest.mark.real
def test_real_marks_and_people(shared_data):
    z = npz(shared_data, "drivedb_drive17.npz")
    marks = [
        find_marks(z[f"drive17{part}_marker"] / 100, z["aux_fs"][i]) for i, part in enumerate("ab")
    ]
    np.testing.assert_allclose(marks[0], [26.8, 956.9], atol=0.1)
    np.testing.assert_allclose(marks[1], [23407 / 15.5], atol=0.5)
    qtdb = npz(shared_data, "qtdb.npz", "record", "origin_db")
    mitdb = npz(shared_data, "mitdb.npz", "record", "subject")
    for record, origin in zip(qtdb["record"].tolist(), qtdb["origin_db"].tolist(), strict=True):
        assert origin_of(record)[0] == {"sudden_death": "sddb"}.get(origin, origin)
    assert len({person_of("qtdb", record) for record in qtdb["record"].tolist()}) == 105
    people = [person_of("mitdb", record) for record in mitdb["record"].tolist()]
    assert len(set(zip(people, mitdb["subject"].tolist(), strict=True))) == len(set(people)) == 47
