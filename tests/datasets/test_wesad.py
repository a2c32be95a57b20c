"""WESAD: one recording a phase of the session, with what was said of it."""

import copy
import pickle

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_wesad
from tests.datasets.writers import wesad

RECORDS = ["baseline", "stress", "meditation 1", "amusement", "meditation 2"]
ECG = ("signal", "chest", "ECG")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """What the pickle of one person holds."""
    return wesad.write(tmp_path_factory.mktemp("wesad"), ["S2"])["S2"]


@pytest.fixture
def folder(written, tmp_path):
    """A folder of one person, to be changed."""
    (tmp_path / "S2_quest.csv").write_text(wesad.quest("S2", wesad.ORDERS["S2"]))
    return change(tmp_path, written)


def change(folder, content, how=lambda content: None):
    content = copy.deepcopy(content)
    content = how(content) or content
    (folder / "S2.pkl").write_bytes(pickle.dumps(content, 2))
    return folder


def put(value, *keys):
    def how(content):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value(content[keys[-1]])

    return how


def quest(folder, before, after):
    path = folder / "S2_quest.csv"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    return folder


def test_recordings_are_the_phases(folder, written):
    data = load_wesad(folder)
    assert data.fields["record"].tolist() == [f"S2/{name}" for name in RECORDS]
    label, ecg = written["label"], written["signal"]["chest"]["ECG"][:, 0]
    for name, recording in zip(RECORDS, data.recordings, strict=True):
        code = {"b": 1, "s": 2, "a": 3, "m": 4}[name[0]]
        mine = np.flatnonzero(label == code)
        if code == 4:
            first, second = np.split(mine, np.flatnonzero(np.diff(mine) > 1) + 1)
            mine = first if name.endswith("1") else second
        np.testing.assert_array_equal(recording, ecg[mine].astype(np.float32))
    assert data.target_names == ["baseline", "stress", "amusement", "meditation"]
    assert data.target.tolist() == [0, 1, 3, 2, 3]
    stress = load_wesad(folder, attribute="stress")
    assert stress.target.tolist() == [0, 1, 0]  # without meditation
    assert stress.left_out == []


def test_ratings_belong_to_the_phase(folder, written):
    # The k-th phase has the valence 9 - k and the arousal 1 + k.
    assert load_wesad(folder, attribute="valence").target.tolist() == [9, 8, 7, 6, 5]
    assert load_wesad(folder, attribute="arousal").target.tolist() == [1, 2, 3, 4, 5]

    def interrupt(label):
        middle = np.flatnonzero(label == 2)[700]
        label[middle : middle + 5] = 0
        return label

    change(folder, written, put(interrupt, "label"))
    data = load_wesad(folder, attribute="valence")
    assert data.fields["record"][1:3].tolist() == ["S2/stress 1", "S2/stress 2"]
    assert data.target.tolist() == [9, 8, 8, 7, 6, 5]


def test_a_piece_of_less_than_a_second_is_no_recording(folder, written):
    def pieces(label):
        label[:] = 0
        label[100:800], label[900:1599] = 1, 2
        return label

    (folder / "S2_quest.csv").unlink()
    change(folder, written, put(pieces, "label"))
    with pytest.warns(UserWarning, match=r"S2/stress has a piece of 699 samples at 1\.286 s"):
        data = load_wesad(folder)
    assert [len(one) for one in data.recordings] == [700]


def test_labels_without_a_condition(folder, written):
    change(folder, written, put(lambda label: label * 0 + 6, "label"))
    with pytest.raises(ValueError, match="no sample with a label from 1 to 4, but labels 6"):
        load_wesad(folder)


def test_without_questionnaire_or_with_one_of_another_order(folder):
    quest(folder, "TSST;Medi 1;Fun", "Fun;Medi 1;TSST")
    with pytest.warns(UserWarning, match="run baseline, stress, .*: its ratings are left out"):
        data = load_wesad(folder)
    assert len(data.recordings) == 5
    assert np.isnan(data.fields["valence"]).all()
    (folder / "S2_quest.csv").unlink()
    assert np.isnan(load_wesad(folder).fields["valence"]).all()
    with pytest.raises(ValueError, match="None of the 5 recordings of .*='arousal'"):
        load_wesad(folder, attribute="arousal")


def test_questionnaires_that_programs_save_again(folder):
    quest(folder, "# Subj", "\ufeff# Subj")
    quest(folder, "# DIM;8;2", "# DIM;8.0;2.")
    quest(folder, "# DIM;7;3", "# DIM;;3")
    quest(folder, "# DIM;9;1", "# DIM;9")
    with pytest.warns(UserWarning, match="1 left out: S2/meditation 1 has no value of 'valence'"):
        data = load_wesad(folder, attribute="valence")
    assert data.target.tolist() == [9, 8, 6, 5]
    np.testing.assert_array_equal(data.fields["arousal"], [np.nan, 2, 4, 5])


def test_where_the_files_are(tmp_path):
    wesad.write(tmp_path / "data" / "WESAD", ["S10", "S9", "S2"])
    (tmp_path / "data" / "WESAD" / "S9" / "S9.pkl").unlink()
    for name in ("._S2.pkl", "xS5.pkl"):
        (tmp_path / "data" / name).touch()
    (tmp_path / "data" / "round").symlink_to(tmp_path)  # files are found once
    (tmp_path / "also").symlink_to(tmp_path / "data" / "WESAD" / "S2")
    with pytest.warns(UserWarning, match="1 left out: S9 has no file S9.pkl"):
        data = load_wesad(tmp_path)
    assert list(dict.fromkeys(data.subject)) == ["S2", "S10"]  # by number
    wesad.write(tmp_path / "copy", ["S2"])
    with pytest.raises(ValueError, match="holds the same twice"):
        load_wesad(tmp_path)


@pytest.mark.parametrize("before", ["# ORDER", "Medi 1", "# DIM;9;1"])
def test_questionnaires_that_cannot_be_read(folder, before):
    with pytest.raises(UnreadableFileError, match=r"S2_quest\.csv cannot be read as answers"):
        load_wesad(quest(folder, before, "# other"))


def test_implausible_values_warn(folder, written):
    quest(folder, "# DIM;9;1", "# DIM;0;x")
    change(folder, written, put(lambda ecg: ecg * 1000, *ECG))
    with (
        pytest.warns(UserWarning, match=r"quest\.csv: ratings should be from 1 to 9.* from 0 to"),
        pytest.warns(UserWarning, match=r"S2\.pkl: mV should be from -1\.5 to 1\.5"),
    ):
        data = load_wesad(folder, attribute="valence")
    assert data.target[0] == 0
    assert np.isnan(data.fields["arousal"][0])
    assert np.abs(data.recordings[0]).max() > 100


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda content: [content], "indices"),
        (put(lambda chest: {"ACC": 0}, "signal", "chest"), "'ECG'"),
        (put(lambda ecg: ecg[:-1], *ECG), r"it has \d+ labels of \d+ samples"),
    ],
)
def test_pickles_that_are_not_as_documented(folder, written, how, said):
    with pytest.raises(UnreadableFileError, match=rf"S2\.pkl cannot be read as WESAD: .*{said}"):
        load_wesad(change(folder, written, how))
