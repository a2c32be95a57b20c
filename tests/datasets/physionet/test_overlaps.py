"""Who is who in several data sets."""

import numpy as np
import pytest

from sklearn_ecgssl.datasets.physionet._overlaps import origin_of, person_of, subject_of


@pytest.mark.parametrize(
    ("database", "record", "person"),
    [
        ("mitdb", "100", "mitdb/100"),
        ("mitdb", "201", "mitdb/201"),
        ("mitdb", "202", "mitdb/201"),
        ("qtdb", "sel100", "mitdb/100"),
        ("qtdb", "sel16265", "nsrdb/16265"),
        ("qtdb", "sele0104", "edb/e0104"),
        ("qtdb", "sel30", "sddb/30"),
        ("qtdb", "sel301", "stdb/301"),
        ("qtdb", "sel17152", "qtdb/sel17152"),
        ("nstdb", "118e24", "mitdb/118"),
        ("nstdb", "119e_6", "mitdb/119"),
        ("nstdb", "bw", "nstdb/bw"),
        ("drivedb", "drive17a", "drivedb/drive17"),
        ("drivedb", "drive17b", "drivedb/drive17"),
        ("drivedb", "drive14", "drivedb/drive13"),
        ("drivedb", "drive05/2-city", "drivedb/drive05"),
        ("ecgiddb", "Person_01/rec_1", "ecgiddb/Person_01"),
        ("eegmat", "Subject05_1", "eegmat/Subject05"),
        ("eegmat", "Subject05_2.edf", "eegmat/Subject05"),
        ("sddb", "30", "sddb/30"),
        ("unheard", "of/it", "unheard/of/it"),
    ],
)
def test_person(database, record, person):
    assert person_of(database, record) == person


def test_subject_is_named_within_the_set():
    assert subject_of("mitdb", "202") == "201"
    assert subject_of("qtdb", "sel100") == "sel100"
    assert subject_of("nstdb", "118e24") == "118e24"
    assert subject_of("ecgiddb", "Person_01/rec_1") == "Person_01"
    assert subject_of("unheard", "of/it") == "of/it"


@pytest.mark.real
def test_origins_are_those_of_the_real_set(shared_data):
    with np.load(shared_data / "qtdb.npz", allow_pickle=False) as z:
        records, origins = z["record"].tolist(), z["origin_db"].tolist()
    assert len(records) == 105
    for record, origin in zip(records, origins, strict=True):
        assert origin_of(record).database == {"sudden_death": "sddb"}.get(origin, origin)
        assert bool(origin_of(record).record) == (record != "sel17152")
    assert len({person_of("qtdb", record) for record in records}) == 105


@pytest.mark.real
def test_no_two_people_of_mitdb_share_a_name(shared_data):
    with np.load(shared_data / "mitdb.npz", allow_pickle=False) as z:
        records, subjects = z["record"].tolist(), z["subject"].tolist()
    ours = [person_of("mitdb", record) for record in records]
    assert len(set(ours)) == len(set(subjects)) == 47
    assert len(set(zip(ours, subjects, strict=True))) == 47
