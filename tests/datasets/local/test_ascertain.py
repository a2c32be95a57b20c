"""ASCERTAIN, from a tree as its documentation and programs that read it describe it."""

import numpy as np
import pytest

from sklearn_ecgssl.datasets import load_ascertain
from sklearn_ecgssl.formats import UnreadableFileError
from tests.datasets.writers import ascertain

pytestmark = pytest.mark.filterwarnings("error::UserWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return ascertain.ascertain(tmp_path_factory.mktemp("ascertain"), missing=())


@pytest.mark.parametrize(("lead", "columns"), [("1", (1, 4)), ("2", (2, 5)), (None, (1, 4))])
def test_recordings(folder, lead, columns):
    data = load_ascertain(folder, leads=lead)
    assert len(data.recordings) == 72
    for place, recording in enumerate(data.recordings):
        person, clip = (1, 9)[place // 36], place % 36 + 1
        known = ascertain.ecg(person, clip, 30 + clip, 6)[:, columns[place // 36]]
        np.testing.assert_array_equal(recording, known.astype(np.float32), strict=True)
    assert data.subject.tolist() == ["P01"] * 36 + ["P09"] * 36
    assert data.fields["clip"].tolist() == list(range(1, 37)) * 2
    assert data.fields["record"][[0, 71]].tolist() == ["P01/clip 1", "P09/clip 36"]
    assert (data.sampling_rate, data.unit, data.left_out) == (256.0, "unknown", [])


@pytest.mark.parametrize(
    ("attribute", "row"),
    [("arousal", 0), ("valence", 1), ("engagement", 2), ("liking", 3), ("familiarity", 4)],
)
def test_ratings_are_of_the_person_and_clip(folder, attribute, row):
    data = load_ascertain(folder, attribute=attribute)
    assert data.target.tolist() == ascertain.ratings()[row][[0, 8]].ravel().tolist()


def test_from_the_folder_of_recordings(folder):
    data = load_ascertain(folder / "ASCERTAIN_Raw", attribute="valence", binarize=0)
    assert data.target.tolist() == (ascertain.ratings()[1][[0, 8]].ravel() > 0).tolist()


def test_without_ratings(tmp_path):
    ascertain.clip_file(tmp_path / "set")
    with pytest.raises(FileNotFoundError, match="Looked for Dt_SelfReports.mat"):
        load_ascertain(tmp_path / "set")
    with pytest.warns(UserWarning, match="35 left out: P01/clip 2 has no file"):
        data = load_ascertain(tmp_path / "set", attribute=None)
    assert data.target["valence"].isna().all()


def test_what_is_missing(tmp_path):
    ascertain.ascertain(tmp_path, missing=((9, 36), (1, 2)))
    values = ascertain.ratings()
    values[0, 8, 0] = np.nan
    ascertain.ratings_file(tmp_path, values)
    ascertain.clip_file(tmp_path, 1, 5, change=lambda v: v.update(Data_ECG=np.zeros((0, 0))))
    with pytest.warns(UserWarning, match="4 left out"):
        data = load_ascertain(tmp_path)
    assert {one.record: one.reason for one in data.left_out} == {
        "P01/clip 2": "has no file",
        "P01/clip 5": "holds no sample (lead '1')",
        "P09/clip 36": "has no file",
        "P09/clip 1": "has no value of 'arousal'",
    }


def write_marks(path, marks, between=","):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("\n".join(between.join(f"{mark:g}" for mark in line) for line in marks))
    return path


@pytest.fixture
def marks():
    """Marks of quality of which few are bad."""
    marks = np.ones((58, 36))
    marks[0, 3], marks[8, 4], marks[8, 5] = 2, 3, 5
    return marks


@pytest.mark.parametrize("between", [",", ";", "\t", ", ", " "])
def test_quality(folder, tmp_path, marks, between):
    path = write_marks(tmp_path / "marks.txt", marks, between)
    data = load_ascertain(folder, quality=path, max_quality=5)
    assert data.fields["quality"].tolist() == marks[[0, 8]].ravel().tolist()
    path = write_marks(tmp_path / "marks.txt", marks.T, between)
    with pytest.warns(UserWarning, match="2 left out: P09/clip 5 is of quality 3, worse than 2"):
        data = load_ascertain(folder, quality=str(path), max_quality=2)
    assert len(data.recordings) == 70
    assert data.fields["quality"].max() == 2


def test_quality_is_found(tmp_path, marks):
    ascertain.clip_file(tmp_path, 9, 5)
    with pytest.raises(FileNotFoundError, match="Looked for ECG_quality.csv"):
        load_ascertain(tmp_path, attribute=None, max_quality=3)
    write_marks(tmp_path / "ASCERTAIN_Features" / "ECG_quality.csv", marks)
    with pytest.warns(UserWarning, match="35 left out"):
        data = load_ascertain(tmp_path / "ASCERTAIN_Raw", attribute=None, max_quality=3)
    assert data.fields["quality"].tolist() == [3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "should be 58 lines of 36 marks, or 36 of 58, but is 0 lines of 0"),
        ("1,2\n1,2", "but is 2 lines of 2"),
        ("1,2\n1", "but is 2 lines of 1, 2"),
        ("\n".join([",".join("a" * 36)] * 58), "something else than numbers from 0"),
        ("\n".join([",".join(["nan"] * 36)] * 58), "something else than numbers from 0"),
        ("1," * 600_000, "but is larger than 1048576 bytes"),
    ],
    ids=range(6),
)
def test_wrong_marks(folder, tmp_path, text, message):
    path = tmp_path / "marks.csv"
    path.write_text(text)
    with pytest.raises(UnreadableFileError, match=message):
        load_ascertain(folder, quality=path)


def test_names_in_other_letter_case(tmp_path):
    path = ascertain.clip_file(tmp_path, 2, 3)
    path.parent.rename(path.parent.with_name("MOVIE_P02"))
    with pytest.warns(UserWarning, match="35 left out"):
        assert load_ascertain(tmp_path, attribute=None).subject.tolist() == ["P02"]


def columns(function):
    return lambda variables: variables.update(Data_ECG=function(variables["Data_ECG"]))


def seconds(data):
    data[:, 0] /= 1000
    return data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (columns(lambda x: x[:, :5]), "Data_ECG should have 3 columns .* or 6 .* but has 5"),
        (columns(np.transpose), "but has 30"),
        (columns(seconds), "column 0 of Data_ECG should be time in ms at 256 Hz, .* by 0.0039"),
        (columns(lambda x: x[:, ::-1]), "column 0 of Data_ECG should be time"),
        (columns(lambda x: "text"), "Data_ECG should be numbers .* but is the 4 letters"),
        (lambda variables: variables.pop("Data_ECG"), "Data_ECG .* but there is none"),
    ],
)
def test_wrong_columns(tmp_path, change, message):
    path = ascertain.clip_file(tmp_path, change=change)
    with pytest.raises(UnreadableFileError, match=message) as error:
        load_ascertain(tmp_path, attribute=None)
    assert str(error.value).startswith(str(path))


def above():
    values = ascertain.ratings()
    values[3, 0, :2] = np.nan, 7
    return values


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (above(), "ratings of liking should be from 0 to 6, but are from 0 to 7"),
        (
            ascertain.ratings()[[1, 0, 2, 3, 4]],
            "ratings of arousal .* from 0 to 6, but are from -3",
        ),
        (ascertain.ratings()[:4], "Ratings should be numbers of shape 5 x 58 x 36, but is of"),
        (ascertain.ratings().transpose(0, 2, 1), "but is of shape 5 x 36 x 58"),
    ],
)
def test_wrong_ratings(tmp_path, values, message):
    ascertain.clip_file(tmp_path)
    ascertain.ratings_file(tmp_path, values)
    with pytest.raises(UnreadableFileError, match=message):
        load_ascertain(tmp_path)


def test_a_person_there_is_not(tmp_path):
    ascertain.clip_file(tmp_path, 59)
    with pytest.raises(UnreadableFileError, match="but is of person 59 and clip 1"):
        load_ascertain(tmp_path)


def test_wrong_folder(tmp_path):
    ascertain.ratings_file(tmp_path)
    with pytest.raises(FileNotFoundError, match="holds ASCERTAIN_Features. Looked for ECGData/"):
        load_ascertain(tmp_path)


def test_one_damaged_file(tmp_path):
    ascertain.ascertain(tmp_path, missing=())
    path = tmp_path / "ASCERTAIN_Raw/ECGData/Movie_P09/ECG_Clip7.mat"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UnreadableFileError, match="ECG_Clip7.mat cannot be read .* byte 128"):
        load_ascertain(tmp_path)
    with pytest.warns(UserWarning, match="1 left out: P09 cannot be read"):
        assert set(load_ascertain(tmp_path, on_error="warn").subject) == {"P01"}


def test_from_the_folder_of_ecg_alone(folder):
    data = load_ascertain(folder / "ASCERTAIN_Raw" / "ECGData")
    assert len(data.target) == len(data.recordings) == 72


def test_a_person_without_ecg(tmp_path):
    folder = ascertain.ascertain(tmp_path)
    other = folder / "ASCERTAIN_Raw" / "EEGData"
    for person in (1, 44, 59):
        (other / f"Movie_P{person:02d}").mkdir(parents=True)
        (other / f"Movie_P{person:02d}" / "EEG_Clip1.mat").write_bytes(b"")
    with pytest.warns(UserWarning, match="2 left out: P09/clip 36 has no file; P44 has no file of"):
        data = load_ascertain(folder)
    assert set(data.subject) == {"P01", "P09"}
