"""AMIGOS, ASCERTAIN, DREAMER and PsPM, all MATLAB files: what `golden` does not record."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import Dreamer, load_amigos, load_ascertain, load_dreamer, load_pspm
from sklearn_ecgssl.datasets._matlab import read_mat
from tests.datasets.writers import amigos, ascertain, dreamer, pspm

pytestmark = pytest.mark.filterwarnings("ignore:.*left out")


def test_file_without_the_variable_or_of_version_7_3(tmp_path, monkeypatch):
    path, ecg = tmp_path / "a.mat", np.arange(6.0).reshape(2, 3)
    scipy.io.savemat(path, {"ecg": ecg, "person": {"age": 21, "name": "anna"}})
    assert read_mat(path, "person", "ecg")[0] == {"age": 21, "name": "anna"}
    with pytest.raises(UnreadableFileError, match="a.mat has no ECG; it has ecg, person"):
        read_mat(path, "ecg", "ECG")
    start = b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM"
    path.write_bytes(start + bytes(384) + b"\x89HDF\r\n\x1a\n")
    monkeypatch.setitem(sys.modules, "mat73", None)
    with pytest.raises(UnreadableFileError, match="a.mat is of MATLAB 7.3: pip install mat73.*-v7"):
        read_mat(path, "ecg")
    monkeypatch.setitem(sys.modules, "mat73", SimpleNamespace(loadmat=lambda path: {"ecg": ecg}))
    assert read_mat(path, "ecg")[0] is ecg


def test_amigos_keeps_the_seconds_before_the_video_if_asked(tmp_path):
    amigos.preprocessed(tmp_path, 12)
    whole, cut = (load_amigos(tmp_path, keep_baseline=keep) for keep in (True, False))
    for i, (one, other) in enumerate(zip(whole.recordings, cut.recordings, strict=True)):
        assert len(one) == 700 + i
        np.testing.assert_array_equal(one[amigos.BASELINE :], other)


@pytest.mark.parametrize(("unit", "warns"), [(1, False), (1e-3, True)])
def test_raw_times_of_amigos_are_in_ms_and_may_arrive_in_packets(tmp_path, recwarn, unit, warns):
    def packets(variables):
        for trial in variables["ECG_DATA"]:
            trial[:, 0] = np.floor(np.arange(len(trial)) / 10) * 10 * 1000 / 256 * unit

    amigos.original(tmp_path, 1, packets, n_times=500)
    assert len(load_amigos(tmp_path, version="raw", attribute=None).recordings) == 20
    said = "".join(str(one.message) for one in recwarn)
    assert ("should go on by 3.906 ms, at 256 Hz" in said) == warns


def test_ascertain_without_ratings(tmp_path):
    ascertain.clip_file(tmp_path)
    assert load_ascertain(tmp_path, attribute=None).target["valence"].isna().all()
    ascertain.ratings_file(tmp_path)  # beside the recordings
    assert load_ascertain(tmp_path / "ASCERTAIN_Raw/ECGData").target.tolist() == [0]


@pytest.mark.parametrize("between", [",", ";", "\t", ", "])
@pytest.mark.parametrize("turned", [False, True])
def test_quality_of_ascertain(tmp_path, between, turned):
    for clip in (4, 5, 6):
        ascertain.clip_file(tmp_path, 9, clip)
    marks = np.ones((58, 36))
    marks[8, 3:6] = 2, 3, 5
    path = tmp_path / "marks.txt"
    np.savetxt(path, marks.T if turned else marks, "%g", between)
    how = {"attribute": None, "quality": str(path)}
    assert load_ascertain(tmp_path, **how, max_quality=5).fields["quality"].tolist() == [2, 3, 5]
    with pytest.warns(UserWarning, match="35 left out.*P09/clip 5 is of quality 3, worse than 2"):
        assert len(load_ascertain(tmp_path, **how, max_quality=2).recordings) == 1
    with pytest.raises(FileNotFoundError, match=r"Looked for ECG_quality\.csv"):
        load_ascertain(tmp_path, attribute=None, max_quality=3)
    path.write_text("1,2\n1")
    with pytest.raises(UnreadableFileError, match=r"marks\.txt cannot be read as 58 lines of"):
        load_ascertain(tmp_path, **how)


def test_before_films_of_dreamer_there_is_no_rating(tmp_path):
    path = dreamer.dreamer(tmp_path)  # the file itself will do
    data = load_dreamer(path, part="baseline", attribute=None)
    np.testing.assert_array_equal(data.recordings[19], dreamer.counts(2, 1, 21, 2)[:, 0])
    assert data.fields["record"][19] == "2/before film 2"
    assert "valence" not in data.fields
    with pytest.raises(ValueError, match="attribute='arousal': what was recorded before films"):
        load_dreamer(tmp_path, part="baseline")
    with pytest.raises(ValueError, match="part must be"):
        load_dreamer(tmp_path, part="both")


def test_the_file_of_dreamer_is_read_once_for_all_people(tmp_path, monkeypatch):
    """Processes would each read all of it."""
    dreamer.dreamer(tmp_path, n_people=4)
    calls, load = [], scipy.io.loadmat
    monkeypatch.setattr(scipy.io, "loadmat", lambda *a, **k: calls.append(1) or load(*a, **k))
    assert set(Dreamer(tmp_path).load(n_jobs=2).subject) == {"1", "2", "3", "4"}
    assert len(calls) == 1


def test_a_file_of_pspm_and_its_trimmed_copy(tmp_path):
    for name in ("a/pspm_1.mat", "b/tpspm_1.mat"):
        pspm.pspm(tmp_path / name, [pspm.channel("ecg", pspm.ecg())])
    with pytest.raises(ValueError, match=r"holds the same twice: a.pspm_1\.mat and b.tpspm_1\.mat"):
        load_pspm(tmp_path)
    assert len(load_pspm(tmp_path / "b").recordings) == 1
