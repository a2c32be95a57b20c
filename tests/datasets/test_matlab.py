"""MATLAB files, read by scipy: what is missing, damaged or of another version is named."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._matlab import cells, columns, entry, numbers, read_mat

ECG = np.arange(600.0).reshape(200, 3)
CONTENT = {"ecg": ECG, "person": {"age": 21, "name": "anna"}, "empty": np.zeros((0, 0))}


@pytest.fixture
def write(tmp_path):
    def write(content=CONTENT, **options):
        scipy.io.savemat(tmp_path / "a.mat", content, **options)
        return tmp_path / "a.mat"

    return write


@pytest.mark.parametrize("compressed", [True, False])
def test_variables_in_the_order_that_is_asked_for(write, compressed):
    path = write(do_compression=compressed)
    person, ecg = read_mat(path, "person", "ecg")
    np.testing.assert_array_equal(ecg, ECG)
    assert entry(path, "person", person, "age") == 21


@pytest.mark.parametrize("compressed", [True, False])
def test_cut_off_anywhere(write, compressed):
    path = write({"ecg": ECG}, do_compression=compressed)
    content = path.read_bytes()
    for n_bytes in [*range(0, len(content), len(content) // 40), len(content) - 1]:
        path.write_bytes(content[:n_bytes])
        with pytest.raises(UnreadableFileError, match="a.mat"):
            read_mat(path, "ecg")


def test_variable_that_is_missing_says_which_there_are(write):
    with pytest.raises(UnreadableFileError, match="a.mat has no ECG; it has ecg, person, empty"):
        read_mat(write(), "ecg", "ECG")


def test_other_file(tmp_path):
    path = tmp_path / "a.mat"
    path.write_bytes(b"<html>" * 100)
    with pytest.raises(UnreadableFileError, match="a.mat cannot be read as a MATLAB file"):
        read_mat(path, "ecg")
    with pytest.raises(FileNotFoundError):
        read_mat(tmp_path / "b.mat", "ecg")


@pytest.fixture
def newer(tmp_path):
    """The beginning of a file of version 7.3, which goes on as HDF5."""
    path = tmp_path / "a.mat"
    path.write_bytes(
        b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + bytes(384) + b"\x89HDF\r\n\x1a\n"
    )
    return path


def test_version_7_3_says_what_to_do(newer, monkeypatch):
    monkeypatch.setitem(sys.modules, "mat73", None)
    with pytest.raises(
        UnreadableFileError, match="a.mat is of MATLAB 7.3: pip install mat73.*'-v7'"
    ):
        read_mat(newer, "ecg")


def test_version_7_3_with_mat73(newer, monkeypatch):
    monkeypatch.setitem(sys.modules, "mat73", SimpleNamespace(loadmat=lambda path: {"ecg": ECG}))
    assert read_mat(newer, "ecg")[0] is ECG
    with pytest.raises(UnreadableFileError, match="a.mat has no ECG; it has ecg"):
        read_mat(newer, "ECG")


def test_field_that_is_missing(write):
    path = write()
    (person,) = read_mat(path, "person")
    with pytest.raises(
        UnreadableFileError, match="a.mat: person has no field 'sex'; it .*age, name"
    ):
        entry(path, "person", person, "sex")
    with pytest.raises(UnreadableFileError, match="a.mat: ecg has no field 'sex'"):
        entry(path, "ecg", ECG, "sex")


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_cells_of_any_number(write, n):
    made = np.empty((1, n), object)
    made[0] = [np.arange(4.0) + i for i in range(n)] if n != 1 else None
    if n == 1:
        made[0, 0] = np.arange(4.0)
    found = cells(read_mat(write({"c": made}), "c")[0])
    assert len(found) == n
    for i, one in enumerate(found):
        np.testing.assert_array_equal(one, np.arange(4.0) + i)


def test_columns_and_numbers_of_another_shape_name_file_and_variable(write):
    path = write()
    assert columns(path, "ecg", ECG, {"a": 2})["a"].tolist() == ECG[:, 2].tolist()
    assert columns(path, "ecg", np.nan, {"a": 2})["a"].size == 0
    assert numbers(path, "x", 3, 1, 1).tolist() == [[3.0]]
    for wrong in (ECG[:, :2], ECG[:, 0], np.array(["a", "b", "c"]), ECG[None]):
        with pytest.raises(UnreadableFileError, match="a.mat: ecg should have 3 columns"):
            columns(path, "ecg", wrong, {"a": 2})
    with pytest.raises(
        UnreadableFileError, match="a.mat: x should be numbers of shape 2 x 3, .* 4"
    ):
        numbers(path, "x", np.arange(4), 2, 3)
