"""PsPM: files of any study, of which the ECG channels are recordings."""

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_pspm
from tests.datasets.writers import pspm
from tests.datasets.writers.pspm import channel, ecg


def test_sessions_are_of_one_person(tmp_path):
    names = ("VIS_07_sn01", "VIS_07_sn02", "VIS_08_blk01_sn01", "SCRV_10_spike_03", "tpspm_a_1")
    for name in names:
        pspm.pspm(tmp_path / "Data" / f"{name}.mat")
    pspm.behaviour(tmp_path / "FR_cogent_01.mat")  # which is no PsPM file
    (tmp_path / "._a_1.mat").write_bytes(b"x")
    data = load_pspm(tmp_path)
    assert data.subject.tolist() == ["SCRV_10_03", "VIS_07", "VIS_07", "VIS_08", "pspm_a_1"]
    assert data.left_out == []
    assert load_pspm(tmp_path, subjects="VIS_07").fields["record"].tolist() == list(names[:2])
    assert data.target is None


@pytest.mark.parametrize(
    ("units", "factor", "unit"),
    [
        ("Volts", 1000, "mV"),
        ("uV", 0.001, "mV"),
        ("a.u.", 1, "a.u."),
        (np.zeros((0, 0)), 1, "unknown"),
    ],
)
def test_units(tmp_path, units, factor, unit):
    pspm.pspm(tmp_path / "a_1.mat", [channel("ecg", ecg(), units=units)])
    data = load_pspm(tmp_path)
    np.testing.assert_allclose(data.recordings[0], ecg() * factor, rtol=1e-6)
    assert data.fields["ecg_unit"].tolist() == [unit]
    assert data.unit == unit


def test_rates_lengths_and_names_of_older_versions(tmp_path):
    older = channel("ECG", ecg(2000)[None], 125.25)
    older["header"]["channeltype"] = older["header"].pop("chantype")
    pspm.pspm(tmp_path / "a_1.mat", [channel("ecg", ecg(400), 200.0)])
    pspm.pspm(tmp_path / "a_2.mat", [channel("ecg", ecg(2000), 999.9999)], duration=2.002)
    pspm.pspm(tmp_path / "a_3.mat", [older], duration=15.97)
    assert load_pspm(tmp_path).sampling_rate.tolist() == [200.0, 1000.0, 125.25]
    del older["header"]["sr"]
    pspm.pspm(tmp_path / "a_3.mat", [older])
    with pytest.raises(UnreadableFileError, match=r"a_3\.mat cannot be read as PsPM: 'sr'"):
        load_pspm(tmp_path)


def test_several_ecg_channels(tmp_path):
    custom = {"data": np.ones(3) * 1j, "header": {"chantype": "custom"}}
    channels = [channel("ecg", ecg()), channel("ecg", -ecg()), channel("ecg", ecg(200), 100)]
    pspm.pspm(tmp_path / "a_1.mat", [custom, *channels])
    with pytest.warns(UserWarning, match="a_1 has another ECG at channel 4, of other kind"):
        data = load_pspm(tmp_path, leads=["2"])
    np.testing.assert_array_equal(data.recordings[0], -ecg().astype(np.float32))


def test_what_has_no_ecg_is_left_out(tmp_path):
    pspm.pspm(tmp_path / "a_1.mat")
    pspm.pspm(tmp_path / "a_2.mat", [channel("scr", ecg()), channel("hb", [1.0], 1, "events")])
    pspm.pspm(tmp_path / "a_3.mat", [channel("ecg", np.zeros((1, 0)))])
    pspm.pspm(tmp_path / "a_4.mat", [])
    (tmp_path / "b.mat").write_bytes(b"no MATLAB file")
    with pytest.warns(UserWarning, match="4 left out: .*b cannot be read"):
        data = load_pspm(tmp_path, on_error="warn")
    assert [str(one) for one in data.left_out[:3]] == [
        "a_2 has no ECG channel, but scr, hb",
        "a_3 holds no sample (lead '1')",
        "a_4 has no ECG channel, but none",
    ]


def test_the_same_file_twice(tmp_path):
    pspm.pspm(tmp_path / "a" / "pspm_1.mat")
    pspm.pspm(tmp_path / "b" / "tpspm_1.mat")  # trimmed
    with pytest.raises(ValueError, match=r"holds the same twice: a.pspm_1\.mat and b.tpspm_1\.mat"):
        load_pspm(tmp_path)
    assert len(load_pspm(tmp_path / "b").recordings) == 1
