"""AMIGOS, from files as its documentation describes them."""

import shutil
import warnings

import numpy as np
import pytest

from sklearn_ecgssl.datasets import load_amigos
from sklearn_ecgssl.formats import UnreadableFileError
from tests.datasets.writers import amigos

NAN = float("nan")
pytestmark = pytest.mark.filterwarnings("error::UserWarning")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder of two people, unpacked as it is distributed."""
    path = tmp_path_factory.mktemp("amigos")
    for person in (1, 12):
        amigos.preprocessed(path / "data_preprocessed" / f"Data_Preprocessed_P{person:02d}", person)
    return path


@pytest.fixture
def folder(written, tmp_path):
    """The same, to be changed."""
    return shutil.copytree(written, tmp_path, dirs_exist_ok=True)


def column(person, trial, at, start=amigos.BASELINE, n_times=700):
    return amigos.signal(person, trial, n_times + trial, 17)[start:, at].astype(np.float32)


def test_recordings(folder):
    data = load_amigos(folder)
    assert len(data.recordings) == 40
    for person, first in ((1, 0), (12, 20)):
        for trial in range(20):
            np.testing.assert_array_equal(
                data.recordings[first + trial], column(person, trial, 15), strict=True
            )
    assert data.subject.tolist() == ["P01"] * 20 + ["P12"] * 20
    assert data.sampling_rate == 128.0
    assert data.unit == "unknown"
    assert data.fields["video"].tolist() == amigos.VIDEOS * 2
    assert data.fields["video_length"].tolist() == (["short"] * 16 + ["long"] * 4) * 2
    assert data.fields["record"][[0, 39]].tolist() == ["P01/10", "P12/U1"]
    assert data.left_out == []


def test_leads(folder):
    data = load_amigos(folder, leads=["right", "left"], subjects=["P12"])
    assert data.fields["lead"].tolist() == ["right", "left"] * 20
    np.testing.assert_array_equal(data.recordings[6], column(12, 3, 14))
    np.testing.assert_array_equal(data.recordings[7], column(12, 3, 15))
    with pytest.raises(ValueError, match="has no lead 'I'. It has 'left', 'right'"):
        load_amigos(folder, leads="I")


def test_seconds_before_the_video(folder):
    data = load_amigos(folder, keep_baseline=True, subjects="P01")
    np.testing.assert_array_equal(data.recordings[2], column(1, 2, 15, start=0))


@pytest.mark.parametrize(
    ("attribute", "at"),
    [
        ("arousal", 0),
        ("valence", 1),
        ("dominance", 2),
        ("liking", 3),
        ("familiarity", 4),
        ("neutral", 5),
        ("disgust", 6),
        ("happiness", 7),
        ("surprise", 8),
        ("anger", 9),
        ("fear", 10),
        ("sadness", 11),
    ],
)
def test_every_rating_is_its_own_column(folder, attribute, at):
    known = [amigos.labels(person, i)[0, at] for person in (1, 12) for i in range(20)]
    data = load_amigos(folder, attribute=attribute)
    assert data.target.tolist() == known
    assert load_amigos(folder, attribute=None).target[attribute].tolist() == known


def test_valence_is_not_dominance(folder):
    valence = load_amigos(folder, attribute="valence").target
    dominance = load_amigos(folder, attribute="dominance").target
    assert valence.min() == pytest.approx(3.501)
    assert dominance.min() == pytest.approx(5.501)


def test_binarize(folder):
    data = load_amigos(folder, attribute="valence", binarize=3.6, subjects="P01")
    assert data.target.tolist() == [0] * 10 + [1] * 10
    assert data.target_names == ["low", "high"]


def test_trials_that_are_missing(tmp_path):
    def change(variables):
        for trial in range(16, 20):  # as of P08, who did not watch the long ones
            variables["joined_data"][trial] = np.zeros((0, 0))
            variables["labels_selfassessment"][trial] = np.zeros((1, 0))
            variables["VideoIDs"][trial] = ""
        variables["joined_data"][2][650, 15] = NAN
        variables["joined_data"][3][650, 14] = NAN
        variables["joined_data"][4] = variables["joined_data"][4][:600]
        variables["joined_data"][5][:, 15] = 0
        variables["labels_selfassessment"][6] = np.zeros((1, 0))

    amigos.preprocessed(tmp_path, 8, change)
    with pytest.warns(UserWarning, match="amigos: 8 left out: P08/138 has 1 of 62 samples"):
        data = load_amigos(tmp_path)
    assert len(data.recordings) == 12
    reasons = {one.record: one.reason for one in data.left_out}
    assert reasons == {
        "P08/138": "has 1 of 62 samples that are no numbers, the first at 10 (lead 'left')",
        "P08/19": "ends within the 5 s before the video",
        "P08/20": "is a flat line of 0 (lead 'left')",
        "P08/23": "has no value of 'arousal'",
        **{f"P08/trial {i}": "holds no sample (lead 'left')" for i in range(17, 21)},
    }
    with pytest.warns(UserWarning, match="left out"):
        assert "P08/138" in load_amigos(tmp_path, leads="right").fields["record"]


def test_ratings_stay_with_their_trial(tmp_path):
    def change(variables):
        variables["joined_data"][0] = np.zeros((0, 0))

    amigos.preprocessed(tmp_path, 1, change)
    with pytest.warns(UserWarning, match="1 left out: P01/10 holds no sample"):
        data = load_amigos(tmp_path)
    assert data.target[0] == amigos.labels(1, 1)[0, 0]
    np.testing.assert_array_equal(data.recordings[0], column(1, 1, 15))
    assert data.fields["video"][0] == "13"


def test_variables_in_any_order_and_not_compressed(tmp_path):
    def change(variables):
        for name in list(variables)[:-1]:
            variables[name] = variables.pop(name)

    amigos.preprocessed(tmp_path, 1, change, compressed=False)
    data = load_amigos(tmp_path, attribute="liking")
    np.testing.assert_array_equal(data.recordings[1], column(1, 1, 15))
    assert data.target[1] == amigos.labels(1, 1)[0, 3]


def test_video_that_is_a_number(tmp_path):
    def change(variables):
        variables["VideoIDs"][0] = 10.0

    amigos.preprocessed(tmp_path, 1, change)
    assert load_amigos(tmp_path).fields["video"][0] == "10"


def test_raw(folder):
    amigos.original(folder / "data_original" / "Data_Original_P12", 12)
    data = load_amigos(folder, version="raw", attribute="valence", leads=["1", "2"])
    assert data.sampling_rate == 256.0
    assert set(data.subject) == {"P12"}
    known = amigos.signal(12, 4, 54, 6).astype(np.float32)
    np.testing.assert_array_equal(data.recordings[8], known[:, 1])
    np.testing.assert_array_equal(data.recordings[9], known[:, 2])
    # By the ID of the video: the order of trials is another.
    assert data.fields["video"].tolist() == list(np.repeat(amigos.VIDEOS[::-1], 2))
    assert data.target[8] == amigos.labels(12, 15)[0, 1]
    assert data.name == "amigos-raw"


def test_raw_without_ratings(tmp_path):
    amigos.original(tmp_path, 3)
    with pytest.raises(FileNotFoundError, match="Looked for Data_Preprocessed_P01.mat"):
        load_amigos(tmp_path, version="raw")
    data = load_amigos(tmp_path, version="raw", attribute=None)
    assert len(data.recordings) == 20
    assert data.target["valence"].isna().all()


def test_raw_ecg_is_not_what_was_expected(tmp_path):
    def seconds(variables):
        for trial in variables["ECG_DATA"]:
            trial[:, 0] /= 1000
            trial[5, 0] = NAN

    amigos.original(tmp_path, 3, seconds)
    message = "column 0 of ECG_DATA.0 should be time in ms at 256 Hz, which goes on by 3.906"
    with pytest.raises(UnreadableFileError, match=message):
        load_amigos(tmp_path, version="raw", attribute=None)

    def narrow(variables):
        variables["ECG_DATA"][1] = variables["ECG_DATA"][1][:, :2]

    amigos.original(tmp_path, 3, narrow)
    with pytest.raises(UnreadableFileError, match="ECG_DATA.1 has 2 columns, expected were 3"):
        load_amigos(tmp_path, version="raw", attribute=None)


def wrong(**changes):
    def change(variables):
        for name, function in changes.items():
            variables[name] = function(variables[name])

    return change


def at(place, function):
    def change(trials):
        return [function(trial) if i == place else trial for i, trial in enumerate(trials)]

    return change


def set_label(place, value):
    def change(labels):
        labels = labels.copy()
        labels[0, place] = value
        return labels

    return at(3, change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.pop("joined_data"), "joined_data should be cells, but there is none"),
        (lambda v: v.pop("VideoIDs"), "VideoIDs should be 20 cells, but there is none"),
        (wrong(joined_data=lambda x: x[:19]), "joined_data should be 20 cells, but is 1 x 19"),
        (wrong(labels_selfassessment=lambda x: x[:19]), "labels_selfassessment should be 20 cell"),
        (wrong(VideoIDs=lambda x: x[:19]), "VideoIDs should be 20 cells"),
        (wrong(joined_data=lambda x: np.ones((700, 17))), "joined_data should be 20 cells, but is"),
        (
            wrong(joined_data=at(5, lambda x: x[:, :14])),
            "joined_data.5 should be numbers of shape any x 17, but is of shape 705 x 14",
        ),
        (wrong(joined_data=at(5, np.transpose)), "joined_data.5 should be numbers of shape any"),
        (
            wrong(joined_data=at(5, lambda x: "none")),
            "joined_data.5 .* but is the 4 letters 'none'",
        ),
        (
            wrong(labels_selfassessment=at(5, lambda x: x[:, :5])),
            "labels_selfassessment.5 should be numbers of shape 1 x 12, but is of shape 1 x 5",
        ),
        (wrong(labels_selfassessment=set_label(1, 11)), "from 0 to 10, but are from 1.5.* to 11"),
        (wrong(labels_selfassessment=set_label(1, -1)), "ratings in labels_selfassessment.3"),
        (wrong(labels_selfassessment=set_label(6, 4)), "should be 0 or 1 for each emotion"),
        (
            wrong(VideoIDs=at(1, lambda x: "x" * 41)),
            "VideoIDs.1 should be text of at most 40 lette",
        ),
        (
            wrong(VideoIDs=at(1, lambda x: np.ones((2, 2)))),
            "VideoIDs.1 should be numbers of shape 1",
        ),
        (wrong(VideoIDs=at(1, lambda x: "10")), "VideoIDs should differ, but are 10, 10, 138"),
    ],
)
def test_wrong_columns(tmp_path, change, message):
    path = amigos.preprocessed(tmp_path, 1, change)
    with pytest.raises(UnreadableFileError, match=message) as error:
        load_amigos(tmp_path)
    assert str(error.value).startswith(str(path))


def test_one_damaged_file(folder):
    (path,) = folder.rglob("*P01.mat")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(UnreadableFileError, match="P01.mat cannot be read .* byte 128"):
        load_amigos(folder)
    with pytest.warns(UserWarning, match="1 left out: P01 cannot be read: .*P01.mat"):
        data = load_amigos(folder, on_error="warn")
    assert set(data.subject) == {"P12"}


def test_wrong_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="it is empty. Looked for Data_Preprocessed_P01"):
        load_amigos(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_amigos(tmp_path / "none")
    amigos.preprocessed(tmp_path, 1)
    with pytest.raises(FileNotFoundError, match="Looked for Data_Original_P01"):
        load_amigos(tmp_path, version="raw")


def test_the_same_file_twice(folder):
    amigos.preprocessed(folder, 1)
    with pytest.raises(ValueError, match="holds the same twice: Data_Preprocessed_P01.mat and "):
        load_amigos(folder)
    assert len(load_amigos(folder / "data_preprocessed").recordings) == 40


def test_foreign_files(folder):
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "Data_Preprocessed_P01.mat").write_bytes(b"x")
    (folder / "._Data_Preprocessed_P01.mat").write_bytes(b"x")
    (folder / "Data_Preprocessed_P03.mat").mkdir()
    assert len(load_amigos(folder).recordings) == 40


def test_bad_version(folder):
    with pytest.raises(ValueError, match="version must be"):
        load_amigos(folder, version="original")


def test_several_at_once(folder):
    one, two = (load_amigos(folder, n_jobs=n) for n in (None, 2))
    for a, b in zip(one.recordings, two.recordings, strict=True):
        np.testing.assert_array_equal(a, b)
    with warnings.catch_warnings():
        recordings, target = load_amigos(folder, return_X_y=True)
    assert len(recordings) == len(target) == 40


def test_trials_whose_video_is_unknown(tmp_path):
    """Each has its own ratings, and a raw one none: there is no ID by which to find them."""

    def change(variables):
        for trial in (3, 7):
            variables["VideoIDs"][trial] = ""

    amigos.preprocessed(tmp_path, 1, change)
    data = load_amigos(tmp_path)
    assert data.target.tolist() == [amigos.labels(1, trial)[0, 0] for trial in range(20)]
    amigos.original(tmp_path, 1, change)
    with pytest.warns(UserWarning, match="4 left out: P01/trial 4 has no value of 'arousal'"):
        assert len(load_amigos(tmp_path, version="raw").recordings) == 16


def test_people_whose_files_are_still_packed(tmp_path):
    for make, name in ((amigos.preprocessed, "Preprocessed"), (amigos.original, "Original")):
        make(tmp_path, 1)
        for person in ("01", "02"):
            (tmp_path / f"Data_{name}_P{person}.zip").write_bytes(b"PK")
    for version in ("preprocessed", "raw"):
        with pytest.warns(UserWarning, match=r"1 left out: P02 is packed in Data_\w+_P02.zip"):
            data = load_amigos(tmp_path, version=version)
        assert set(data.subject) == {"P01"}
        assert len(data.recordings) == 20


def test_raw_trial_that_is_one_nan(tmp_path):
    def change(variables):
        variables["ECG_DATA"][2] = np.full((1, 1), NAN)

    amigos.original(tmp_path, 1, change)
    with pytest.warns(UserWarning, match="1 left out: P01/B1|1 left out: P01/.* holds no sample"):
        data = load_amigos(tmp_path, version="raw", attribute=None)
    assert len(data.recordings) == 19


def test_raw_samples_that_arrive_in_packets(tmp_path):
    def change(variables):
        for trial in variables["ECG_DATA"]:
            trial[:, 0] = np.floor(np.arange(len(trial)) / 10) * 10 * 1000 / 256

    amigos.original(tmp_path, 1, change, n_times=500)
    assert len(load_amigos(tmp_path, version="raw", attribute=None).recordings) == 20
