"""WESAD: what is peculiar to it, beside what `golden` records."""

import pickle

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_wesad
from tests.datasets.writers import wesad


@pytest.fixture
def folder(tmp_path):
    wesad.write(tmp_path, ["S2"])
    return tmp_path / "S2"


@pytest.fixture
def content(folder):
    """What the pickle of the one person holds."""
    return pickle.loads((folder / "S2.pkl").read_bytes())


def quest(folder, before, after):
    """Write the questionnaire again, changed."""
    path = folder / "S2_quest.csv"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_a_piece_of_less_than_a_second_is_no_recording(folder, content):
    label = content["label"]
    label[:] = 6
    label[100:800], label[900:1599] = 1, 2
    (folder / "S2.pkl").write_bytes(pickle.dumps(content))
    (folder / "S2_quest.csv").unlink()
    with pytest.warns(UserWarning, match=r"S2/stress has a piece of 699 samples at 1\.286 s"):
        data = load_wesad(folder)
    assert [len(one) for one in data.recordings] == [700]
    label[:] = 6
    (folder / "S2.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match="no sample with a label from 1 to 4, but labels 6"):
        load_wesad(folder)


def test_without_questionnaire_or_with_one_of_another_order(folder):
    quest(folder, "TSST;Medi 1;Fun", "Fun;Medi 1;TSST")
    with pytest.warns(UserWarning, match="run baseline, stress, .*: its ratings are left out"):
        data = load_wesad(folder)
    assert len(data.recordings) == 5
    assert np.isnan(data.fields["valence"]).all()
    (folder / "S2_quest.csv").unlink()
    with pytest.raises(ValueError, match="None of the 5 recordings of .*='arousal', but nan"):
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


@pytest.mark.parametrize("before", ["# ORDER", "Medi 1", "# DIM;9;1"])
def test_questionnaires_that_cannot_be_read(folder, before):
    quest(folder, before, "# other")
    with pytest.raises(UnreadableFileError, match=r"S2_quest\.csv cannot be read as answers"):
        load_wesad(folder)


def test_where_the_files_are(tmp_path):
    wesad.write(tmp_path / "data" / "WESAD", ["S10", "S2"])
    (tmp_path / "data" / "round").symlink_to(tmp_path)  # files are found once
    (tmp_path / "also").symlink_to(tmp_path / "data" / "WESAD" / "S2")
    assert list(dict.fromkeys(load_wesad(tmp_path).subject)) == ["S2", "S10"]  # by number
    wesad.write(tmp_path / "copy", ["S2"])
    with pytest.raises(ValueError, match="holds the same twice"):
        load_wesad(tmp_path)


def test_implausible_values_warn(folder, content):
    quest(folder, "# DIM;9;1", "# DIM;0;x")
    content["signal"]["chest"]["ECG"] *= 1000
    (folder / "S2.pkl").write_bytes(pickle.dumps(content))
    with (
        pytest.warns(UserWarning, match=r"quest\.csv: ratings should be from 1 to 9.* from 0 to"),
        pytest.warns(UserWarning, match=r"S2\.pkl: mV should be from -1\.5 to 1\.5"),
    ):
        data = load_wesad(folder, attribute="valence")
    assert data.target[0] == 0
    assert np.isnan(data.fields["arousal"][0])
    assert np.abs(data.recordings[0]).max() > 100


def test_pickles_that_are_not_as_documented(folder, content):
    chest = content["signal"]["chest"]
    shorter = {**content, "signal": {"chest": {"ECG": chest["ECG"][:-1]}}}
    without = {**content, "signal": {"chest": {"ACC": 0}}}
    says = {"indices": [content], "'ECG'": without, r"it has \d+ labels of \d+ samples": shorter}
    for said, other in says.items():
        (folder / "S2.pkl").write_bytes(pickle.dumps(other))
        with pytest.raises(
            UnreadableFileError, match=rf"S2\.pkl cannot be read as WESAD: .*{said}"
        ):
            load_wesad(folder)
