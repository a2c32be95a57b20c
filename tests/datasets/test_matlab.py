"""MATLAB files, read by scipy: what is missing or of another version; files of PsPM."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_pspm
from sklearn_ecgssl.datasets._matlab import cells, read_mat
from tests.datasets.writers import pspm
from tests.datasets.writers.mat_cells import cells as mat_cells

ECG = np.arange(600.0).reshape(200, 3)


@pytest.fixture
def path(tmp_path):
    content = {"ecg": ECG, "person": {"age": 21, "name": "anna"}}
    content |= {f"cells{n}": mat_cells([ECG + i for i in range(n)]) for n in range(3)}
    scipy.io.savemat(tmp_path / "a.mat", content)
    return tmp_path / "a.mat"


def test_variables_structures_and_cells(path):
    person, ecg = read_mat(path, "person", "ecg")
    np.testing.assert_array_equal(ecg, ECG)
    assert person == {"age": 21, "name": "anna"}
    for n in range(3):
        found = cells(read_mat(path, f"cells{n}")[0])
        assert len(found) == n
        assert all((one == ECG + i).all() for i, one in enumerate(found))


def test_what_is_missing_or_cut_off(path, tmp_path):
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


@pytest.mark.parametrize(
    ("units", "factor", "unit"),
    [("uV", 0.001, "mV"), ("a.u.", 1, "a.u."), (np.zeros((0, 0)), 1, "unknown")],
)
def test_units_of_pspm(tmp_path, units, factor, unit):
    pspm.pspm(tmp_path / "a_1.mat", [pspm.channel("ecg", pspm.ecg(), units=units)])
    data = load_pspm(tmp_path)
    np.testing.assert_allclose(data.recordings[0], pspm.ecg() * factor, rtol=1e-6)
    assert data.fields["ecg_unit"].tolist() == [unit]
    assert data.unit == unit


def test_files_of_pspm_that_cannot_be_read(tmp_path):
    pspm.pspm(tmp_path / "a_1.mat", [pspm.channel("ecg", pspm.ecg())])
    without_rate = pspm.channel("ecg", pspm.ecg())
    del without_rate["header"]["sr"]
    pspm.pspm(tmp_path / "a_2.mat", [without_rate])
    with pytest.raises(UnreadableFileError, match=r"a_2\.mat cannot be read as PsPM: 'sr'"):
        load_pspm(tmp_path)
    (tmp_path / "a_2.mat").write_bytes(b"no MATLAB file")
    with pytest.raises(UnreadableFileError, match=r"a_2\.mat cannot be read as a MATLAB file"):
        load_pspm(tmp_path)


def test_a_file_of_pspm_and_its_trimmed_copy(tmp_path):
    pspm.pspm(tmp_path / "a" / "pspm_1.mat")
    pspm.pspm(tmp_path / "b" / "tpspm_1.mat")
    with pytest.raises(ValueError, match=r"holds the same twice: a.pspm_1\.mat and b.tpspm_1\.mat"):
        load_pspm(tmp_path)
    assert len(load_pspm(tmp_path / "b").recordings) == 1
