"""ASCERTAIN: a file for each person and clip, ratings and marks of quality in two others."""

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_ascertain
from tests.datasets.writers import ascertain

pytestmark = pytest.mark.filterwarnings("ignore:.*left out")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return ascertain.ascertain(tmp_path_factory.mktemp("ascertain"), missing=())


def test_ratings_are_found_beside_the_recordings(folder):
    data = load_ascertain(folder / "ASCERTAIN_Raw/ECGData")
    names = ("arousal", "valence", "engagement", "liking", "familiarity")
    for name, ratings in zip(names, ascertain.ratings(), strict=True):
        assert data.fields[name].tolist() == ratings[[0, 8]].ravel().tolist()


def test_what_is_missing(tmp_path):
    ascertain.ascertain(tmp_path, missing=((9, 36), (1, 2)))
    values = ascertain.ratings()
    values[0, 8, 0] = np.nan
    ascertain.ratings_file(tmp_path, values)
    ascertain.clip_file(tmp_path, 1, 5, change=lambda v: v.update(Data_ECG=np.zeros((0, 0))))
    other = tmp_path / "ASCERTAIN_Raw" / "EEGData" / "Movie_P44"
    other.mkdir(parents=True)
    (other / "EEG_Clip1.mat").touch()
    data = load_ascertain(tmp_path)
    assert {one.record or one.subject: one.reason for one in data.left_out} == {
        "P01/clip 2": "has no file",
        "P01/clip 5": "holds no sample (lead '1')",
        "P09/clip 36": "has no file",
        "P09/clip 1": "has no value of 'arousal'",
        "P44": "has no file of ECG",
    }
    (tmp_path / "ASCERTAIN_Features" / "Dt_SelfReports.mat").unlink()
    assert load_ascertain(tmp_path, attribute=None).target["valence"].isna().all()


@pytest.mark.parametrize("between", [",", ";", "\t", ", "])
def test_quality(folder, tmp_path, between):
    marks = np.ones((58, 36))
    marks[0, 3], marks[8, 4], marks[8, 5] = 2, 3, 5
    path = tmp_path / "marks.txt"
    np.savetxt(path, marks, "%g", between)
    data = load_ascertain(folder, quality=path, max_quality=5)
    assert data.fields["quality"].tolist() == marks[[0, 8]].ravel().tolist()
    np.savetxt(path, marks.T, "%g", between)
    with pytest.warns(UserWarning, match="2 left out: P09/clip 5 is of quality 3, worse than 2"):
        data = load_ascertain(folder, quality=str(path), max_quality=2)
    assert len(data.recordings) == 70
    for text in ("", "1,2\n1", "\n".join([",".join("a" * 36)] * 58)):
        path.write_text(text)
        with pytest.raises(UnreadableFileError, match=r"marks\.txt cannot be read as 58 lines of"):
            load_ascertain(folder, quality=path)
    with pytest.raises(FileNotFoundError, match=r"Looked for ECG_quality\.csv"):
        load_ascertain(folder, max_quality=3)


def test_files_of_another_shape_and_implausible_values(tmp_path):
    ascertain.clip_file(tmp_path, change=lambda v: v.update(Data_ECG=v["Data_ECG"][:, :5]))
    says = r"ECG_Clip1\.mat cannot be read as Data_ECG of 3 or 6 columns: 5"
    with pytest.raises(UnreadableFileError, match=says):
        load_ascertain(tmp_path, attribute=None)
    values = ascertain.ratings()
    values[3, 0, :2] = np.nan, 7
    ascertain.ratings_file(tmp_path, values)
    ascertain.clip_file(tmp_path)
    with pytest.warns(UserWarning, match="ratings of liking should be from 0 to 6, but are from"):
        assert len(load_ascertain(tmp_path).recordings) == 1
