"""Data sets of PhysioNet, on tiny copies and on real files."""

import sys

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import EegMat, fetch_eegmat, fetch_physionet
from sklearn_ecgssl.datasets._channels import leads_of, usual_lead
from sklearn_ecgssl.datasets._edf import is_edf, read_edf_channels
from sklearn_ecgssl.datasets._persons import origin_of, person_of, subject_of
from sklearn_ecgssl.datasets._wfdb import read_wfdb_channels
from sklearn_ecgssl.datasets.sets._drivedb import find_marks, match_phases
from tests.datasets.sets import write_eegmat, write_mixed
from tests.datasets.writers import edf, wfdb
from tests.datasets.writers.physionet import write_database


def ecg(name, unit="mV"):
    return wfdb.Signal(name, np.arange(-20, 20), unit=unit)


LEAD = edf.Signal("ECG", np.arange(1000), 500)


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
    assert "eegmat/1.0.0/Subject02_1.edf" not in server.requests  # holds no heart beat


@pytest.mark.parametrize(
    ("database", "record", "person"),
    [
        ("mitdb", "202", "mitdb/201"),
        ("qtdb", "sel16265", "nsrdb/16265"),
        ("nstdb", "118e24", "mitdb/118"),
        ("nstdb", "bw", "nstdb/bw"),
        ("drivedb", "drive14", "drivedb/drive13"),
        ("ecgiddb", "Person_01/rec_1", "ecgiddb/Person_01"),
        ("unheard", "of/it", "unheard/of/it"),
    ],
)
def test_person_is_named_alike_in_every_data_set(database, record, person):
    assert person_of(database, record) == person
    home, _, name = person.partition("/")
    assert subject_of(database, record) == (name if home == database else record)


@pytest.mark.parametrize(
    ("marks", "borders"),
    [
        ([100, 1001, 1600, 2050.5], [(100, 1001), (1001, 1600), (1600, 2050.5)]),
        ([5, 100, 500, 1000, 1030, 1630, 1700, 2150], [(100, 1000), (1030, 1630), (1700, 2150)]),
        ([100, 102.5, 1000, 1600, 2050], [(100, 1000), (1000, 1600), (1600, 2050)]),  # the closer
        ([100, 1000, 1600], []),  # the last is missing
        ([100, 1000, 1604, 2054], []),  # a phase is 4 s too long
        ([100, 1000, 1600, 2050, *range(9000, 9060)], []),  # too many
        ([100, 150, 1000, 1050, 1600, 1650, 2050, 2100], []),  # two ways
        (range(0, 3000, 10), []),  # noise
    ],
)
def test_phases_lie_between_marks_in_one_way_only(marks, borders):
    phases = [("rest", 900.0), ("city", 600.0), ("highway", 450.0)]
    found = match_phases([float(one) for one in marks], phases)
    assert [(one.start, one.stop) for one in found] == borders
    assert [one.name for one in found] == [name for name, _ in phases][: len(found)]


def test_leads_records_and_subjects_that_are_asked_for(server, where):
    write_mixed(server.root)
    data = fetch_physionet("mixed", ["deep/c.edf", "a"], subject_of=lambda record: "me", **where)
    assert data.subject.tolist() == ["me", "me"]
    assert data.fields["record"].tolist() == ["deep/c.edf", "a"]
    assert "mixed 1.0.0" in data.DESCR
    assert "mixed/1.0.0/noise.hea" not in server.requests
    data = fetch_physionet("mixed", "a", subject_of={"a": "you"}, leads=["V", "RESP"], **where)
    assert data.subject.tolist() == ["you", "you"]
    assert data.sampling_rate.tolist() == [250.0, 125.0]
    assert data.unit == "mixed"
    with pytest.warns(UserWarning, match="1 left out: noise has no channel named.*leads="):
        fetch_physionet("mixed", **where)
    with pytest.raises(ValueError, match="mixed has no z. It has 3: a, deep/c.edf, noise."):
        fetch_physionet("mixed", ["a", "z"], **where)
    with pytest.raises(ConnectionError, match="mixed/2.1.0/"):
        fetch_physionet("mixed", version="2.1.0", **where)


@pytest.mark.parametrize(
    ("file", "record"),
    [("u.rec", "u.rec"), ("u.REC", "u"), ("x/u.dat", "x/u.dat"), ("x/u.EDF", "x/")],
)
def test_edf_file_of_any_name(laid_out, file, record):
    data = laid_out({file: edf.edf([LEAD])}, [record])
    np.testing.assert_allclose(data.recordings[0], LEAD.values(), atol=1e-7)


def test_records_without_an_ecg_say_what_they_have(laid_out):
    files = wfdb.record("a", [ecg("ECG", "mmHg")]) | wfdb.record("b", [ecg("II")])
    files["c.edf"] = edf.edf([edf.annotations(range(3))], reserved="EDF+C")
    says = r"2 left out: a has no channel in volt .*'ECG' in mmHg: .*leads=\['ECG.*c.edf has no cha"
    with pytest.warns(UserWarning, match=says):
        assert laid_out(files, ["a", "b", "c.edf"]).fields["record"].tolist() == ["b"]
    assert laid_out(files, ["a"], leads="ECG").unit == "mmHg"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"a.hea": b"a 1 250 10\nz.dat 16 200 12 0 0 0 0 II\n"}, "a.hea names z.dat, which is no"),
        ({}, "has no file of the record a: neither a.hea"),
    ],
)
def test_record_that_cannot_be_read_does_not_stop_the_others(laid_out, broken, says):
    files = broken | wfdb.record("b", [ecg("II")])
    with pytest.raises(UnreadableFileError, match=says):
        laid_out(files, ["a", "b"])
    with pytest.warns(UserWarning, match=f"a cannot be read: .*{says}"):
        assert laid_out(files, ["a", "b"], on_error="warn").fields["record"].tolist() == ["b"]


def test_package_that_is_not_installed(laid_out, monkeypatch):
    monkeypatch.setitem(sys.modules, "wfdb", None)
    with pytest.raises(ImportError, match=r'WFDB.*wfdb.*"sklearn_ecgssl\[datasets\]"'):
        laid_out(wfdb.record("a", [ecg("II")]), ["a"])


def npz(shared_data, name, *arrays):
    with np.load(shared_data / name, allow_pickle=False) as archive:
        return {one: archive[one] for one in arrays or archive.files}


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "data", "record"),
    [
        ("eegmat/Subject05_1.edf", "eegmat_ecg", "Subject05_1"),
        ("mitdb/100.hea", "mitdb", "100"),
        ("ecgiddb/Person_01/rec_1.hea", "ecgid", "Person_01/rec_1"),
    ],
)
def test_real_files_hold_the_samples_that_were_taken_from_them(shared_data, file, data, record):
    path = shared_data / "originals" / file
    channels = read_edf_channels(path) if is_edf(path) else read_wfdb_channels(path)
    recording = leads_of(channels)[usual_lead(channels)].read()
    z = npz(shared_data, f"{data}.npz", "record", "ecg", "start", "scale", "offset", "fs")
    i = z["record"].tolist().index(record)
    digital = z["ecg"][z["start"][i] : z["start"][i + 1]]
    np.testing.assert_allclose((recording - z["offset"][i]) / z["scale"][i], digital, atol=0.05)
    assert channels[0].sampling_rate == z["fs"][i]


@pytest.mark.real
@pytest.mark.slow
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
