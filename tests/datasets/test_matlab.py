"""MATLAB files, read by scipy: what is missing, damaged or of another version is named."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets._matlab import cells, read_mat
from tests.datasets.writers.mat_cells import cells as mat_cells

ECG = np.arange(600.0).reshape(200, 3)


@pytest.fixture
def path(tmp_path):
    content = {"ecg": ECG, "person": {"age": 21, "name": "anna"}}
    content |= {f"cells{n}": mat_cells([ECG + i for i in range(n)]) for n in range(4)}
    scipy.io.savemat(tmp_path / "a.mat", content)
    return tmp_path / "a.mat"


def test_variables_structures_and_cells(path):
    person, ecg = read_mat(path, "person", "ecg")
    np.testing.assert_array_equal(ecg, ECG)
    assert person == {"age": 21, "name": "anna"}
    for n in range(4):
        found = cells(read_mat(path, f"cells{n}")[0])
        assert len(found) == n
        assert all((one == ECG + i).all() for i, one in enumerate(found))


def test_what_is_missing_or_damaged(path, tmp_path):
    with pytest.raises(UnreadableFileError, match="a.mat has no ECG; it has ecg, person"):
        read_mat(path, "ecg", "ECG")
    content = path.read_bytes()
    for n_bytes in (0, 50, 200, 1000):
        path.write_bytes(content[:n_bytes])
        with pytest.raises(UnreadableFileError, match="a.mat"):
            read_mat(path, "ecg")
    with pytest.raises(FileNotFoundError):
        read_mat(tmp_path / "b.mat", "ecg")


def test_version_7_3(path, monkeypatch):
    start = b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM"
    path.write_bytes(start + bytes(384) + b"\x89HDF\r\n\x1a\n")
    monkeypatch.setitem(sys.modules, "mat73", None)
    with pytest.raises(UnreadableFileError, match="a.mat is of MATLAB 7.3: pip install mat73.*-v7"):
        read_mat(path, "ecg")
    monkeypatch.setitem(sys.modules, "mat73", SimpleNamespace(loadmat=lambda path: {"ecg": ECG}))
    assert read_mat(path, "ecg")[0] is ECG
    with pytest.raises(UnreadableFileError, match="a.mat has no ECG; it has ecg"):
        read_mat(path, "ECG")
