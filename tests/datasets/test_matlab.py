"""MATLAB files, read by scipy: what is missing or of another version; files of PsPM."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_pspm
from sklearn_ecgssl.datasets._matlab import read_mat
from tests.datasets.writers import pspm

ECG = np.arange(600.0).reshape(200, 3)


@pytest.fixture
def path(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"ecg": ECG, "person": {"age": 21, "name": "anna"}})
    return tmp_path / "a.mat"


def test_variables_that_are_there_and_that_lack(path, tmp_path):
    person, ecg = read_mat(path, "person", "ecg")
    np.testing.assert_array_equal(ecg, ECG)
    assert person == {"age": 21, "name": "anna"}
    with pytest.raises(UnreadableFileError, match="a.mat has no ECG; it has ecg, person"):
        read_mat(path, "ecg", "ECG")
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


def test_a_file_of_pspm_and_its_trimmed_copy(tmp_path):
    pspm.pspm(tmp_path / "a" / "pspm_1.mat")
    pspm.pspm(tmp_path / "b" / "tpspm_1.mat")
    with pytest.raises(ValueError, match=r"holds the same twice: a.pspm_1\.mat and b.tpspm_1\.mat"):
        load_pspm(tmp_path)
    assert len(load_pspm(tmp_path / "b").recordings) == 1
