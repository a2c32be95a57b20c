"""AMIGOS: short and long videos, preprocessed or raw, with ratings by video."""

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_amigos
from tests.datasets.writers import amigos


def column(person, trial, at, start=amigos.BASELINE):
    return amigos.signal(person, trial, 700 + trial, 17)[start:, at].astype(np.float32)


def test_leads_ratings_and_the_seconds_before_the_video(tmp_path):
    amigos.preprocessed(tmp_path, 12)
    data = load_amigos(tmp_path, leads=["right", "left"])
    ratings = [amigos.labels(12, trial)[0] for trial in range(20)]
    for trial in range(20):
        np.testing.assert_array_equal(data.recordings[2 * trial], column(12, trial, 14))
        np.testing.assert_array_equal(data.recordings[2 * trial + 1], column(12, trial, 15))
    data = load_amigos(tmp_path, keep_baseline=True)
    np.testing.assert_array_equal(data.recordings[3], column(12, 3, 15, start=0))
    assert data.fields["video"].tolist() == amigos.VIDEOS
    names = "arousal valence dominance liking familiarity neutral disgust happiness surprise anger"
    for at, name in enumerate(f"{names} fear sadness".split()):
        assert data.fields[name].tolist() == [one[at] for one in ratings]


def test_trials_that_are_missing(tmp_path):
    def change(variables):
        for trial in range(16, 20):  # as of P08, who did not watch the long ones
            variables["joined_data"][trial] = np.zeros((0, 0))
            variables["labels_selfassessment"][trial] = np.zeros((1, 0))
            variables["VideoIDs"][trial] = ""
        variables["VideoIDs"][1] = 13.0
        variables["joined_data"][2][650, 15] = np.nan
        variables["joined_data"][3][650, 14] = np.nan
        variables["joined_data"][4] = variables["joined_data"][4][:600]
        variables["labels_selfassessment"][6] = np.zeros((1, 0))

    amigos.preprocessed(tmp_path, 8, change)
    with pytest.warns(UserWarning, match="amigos: 7 left out: P08/138 is NaN or inf"):
        data = load_amigos(tmp_path)
    assert {one.record: one.reason for one in data.left_out} == {
        "P08/138": "is NaN or infinite at 1 of 62 samples, the first at 10 (lead 'left')",
        "P08/19": "ends within the 5 s before the video",
        "P08/23": "has no value of 'arousal'",
        **{f"P08/trial {i}": "holds no sample (lead 'left')" for i in range(17, 21)},
    }
    assert data.fields["video"][:3].tolist() == ["10", "13", "18"]
    np.testing.assert_array_equal(data.recordings[2], column(8, 3, 15))
    assert data.target[2] == amigos.labels(8, 3)[0, 0]  # ratings stay with their trial


def test_trials_whose_video_is_unknown_have_their_own_ratings_and_raw_ones_none(tmp_path):
    def change(variables):
        for trial in (3, 7):
            variables["VideoIDs"][trial] = ""

    amigos.preprocessed(tmp_path, 1, change)
    expected = [amigos.labels(1, trial)[0, 0] for trial in range(20)]
    assert load_amigos(tmp_path).target.tolist() == expected
    amigos.original(tmp_path, 1, change)
    with pytest.warns(UserWarning, match="4 left out: P01/trial 4 has no value of 'arousal'"):
        assert len(load_amigos(tmp_path, version="raw").recordings) == 16


@pytest.mark.parametrize("scale", [1, 1e-3])
def test_raw_times_are_in_ms_and_may_arrive_in_packets(tmp_path, recwarn, scale):
    def packets(variables):
        for trial in variables["ECG_DATA"]:
            trial[:, 0] = np.floor(np.arange(len(trial)) / 10) * 10 * 1000 / 256 * scale

    amigos.original(tmp_path, 1, packets, n_times=500)
    assert len(load_amigos(tmp_path, version="raw", attribute=None).recordings) == 20
    said = "".join(str(one.message) for one in recwarn)
    assert ("should go on by 3.906 ms, at 256 Hz" in said) == (scale != 1)


@pytest.mark.parametrize("version", ["preprocessed", "raw"])
def test_people_whose_files_are_still_packed(tmp_path, version):
    make, name = {
        "preprocessed": (amigos.preprocessed, "Data_Preprocessed_P02.zip"),
        "raw": (amigos.original, "Data_Original_P02.zip"),
    }[version]
    make(tmp_path, 1)
    for person in ("P01", "P02"):
        (tmp_path / name.replace("P02", person)).write_bytes(b"PK")
    with pytest.warns(UserWarning, match=f"1 left out: P02 is packed in {name}"):
        assert set(load_amigos(tmp_path, version=version, attribute=None).subject) == {"P01"}


def test_files_of_another_shape_and_implausible_ratings(tmp_path):
    def change(variables):
        variables["labels_selfassessment"][3] = variables["labels_selfassessment"][3] + 10

    amigos.preprocessed(tmp_path, 1, change)
    with pytest.warns(UserWarning, match="ratings of trial 4 should be from 0 to 10, but are from"):
        assert load_amigos(tmp_path).target[3] == amigos.labels(1, 3)[0, 0] + 10
    amigos.preprocessed(tmp_path, 1, lambda variables: variables["joined_data"].pop())
    with pytest.raises(UnreadableFileError, match="P01.mat cannot be read as trials and the IDs"):
        load_amigos(tmp_path)


def test_parameters_and_folders(tmp_path):
    with pytest.raises(ValueError, match="must be one of 'preprocessed', 'raw', got 'original'"):
        load_amigos(tmp_path, version="original")
    amigos.original(tmp_path, 3)
    with pytest.raises(FileNotFoundError, match=r"Looked for Data_Preprocessed_P01\.mat"):
        load_amigos(tmp_path, version="raw")
    for folder in (tmp_path, tmp_path / "copy"):
        amigos.preprocessed(folder, 1)
    with pytest.raises(ValueError, match=r"holds the same twice: Data_Preprocessed_P01\.mat and "):
        load_amigos(tmp_path)
