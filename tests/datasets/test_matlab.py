"""MATLAB files, read by scipy: what is missing, damaged or of another version is named."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._matlab import cells, columns, entry, numbers, read_mat
from tests.datasets.writers.mat_cells import cells as mat_cells

ECG = np.arange(600.0).reshape(200, 3)
CONTENT = {"ecg": ECG, "person": {"age": 21, "name": "anna"}, "empty": np.zeros((0, 0))}


@pytest.fixture
def write(tmp_path):
    def write(content=CONTENT, **options):
        scipy.io.savemat(tmp_path / "a.mat", content, **options)
        return tmp_path / "a.mat"

    return write


def test_variables_and_fields_and_what_is_missing(write, tmp_path):
    path = write()
    person, ecg = read_mat(path, "person", "ecg")
    np.testing.assert_array_equal(ecg, ECG)
    assert entry(path, "person", person, "age") == 21
    with pytest.raises(UnreadableFileError, match="a.mat has no ECG; it has ecg, person, empty"):
        read_mat(path, "ecg", "ECG")
    says = "a.mat: person has no field 'sex'; it .*age, name"
    with pytest.raises(UnreadableFileError, match=says):
        entry(path, "person", person, "sex")
    with pytest.raises(UnreadableFileError, match="a.mat: ecg has no field 'sex'"):
        entry(path, "ecg", ECG, "sex")
    path.write_bytes(b"<html>" * 100)
    with pytest.raises(UnreadableFileError, match="a.mat cannot be read as a MATLAB file"):
        read_mat(path, "ecg")
    with pytest.raises(FileNotFoundError):
        read_mat(tmp_path / "b.mat", "ecg")


@pytest.mark.parametrize("compressed", [True, False])
def test_cut_off_anywhere(write, compressed):
    path = write({"ecg": ECG}, do_compression=compressed)
    content = path.read_bytes()
    for n_bytes in [*range(0, len(content), len(content) // 40), len(content) - 1]:
        path.write_bytes(content[:n_bytes])
        with pytest.raises(UnreadableFileError, match="a.mat"):
            read_mat(path, "ecg")


def test_version_7_3(tmp_path, monkeypatch):
    path = tmp_path / "a.mat"
    start = b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM"
    path.write_bytes(start + bytes(384) + b"\x89HDF\r\n\x1a\n")
    monkeypatch.setitem(sys.modules, "mat73", None)
    with pytest.raises(UnreadableFileError, match="a.mat is of MATLAB 7.3: pip install mat73.*-v7"):
        read_mat(path, "ecg")
    monkeypatch.setitem(sys.modules, "mat73", SimpleNamespace(loadmat=lambda path: {"ecg": ECG}))
    assert read_mat(path, "ecg")[0] is ECG
    with pytest.raises(UnreadableFileError, match="a.mat has no ECG; it has ecg"):
        read_mat(path, "ECG")


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_cells_of_any_number(write, n):
    expected = [np.arange(4.0) + i for i in range(n)]
    found = cells(read_mat(write({"c": mat_cells(expected)}), "c")[0])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


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
