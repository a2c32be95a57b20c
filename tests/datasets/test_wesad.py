"""WESAD: what is peculiar to it, beside what `golden` records."""

import pickle

import numpy as np
import pytest

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
