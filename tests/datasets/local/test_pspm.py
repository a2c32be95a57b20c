"""PsPM files, as the toolbox describes them."""

import numpy as np
import pytest

from sklearn_ecgssl.datasets import load_pspm, prepare
from sklearn_ecgssl.formats import UnreadableFileError
from tests.datasets.writers import pspm
from tests.datasets.writers.pspm import channel, ecg

pytestmark = pytest.mark.filterwarnings("error::UserWarning")


def test_recordings(tmp_path):
    pspm.pspm(tmp_path / "Data" / "FR_spike_01.mat")
    pspm.pspm(tmp_path / "Data" / "FR_spike_02.mat", [channel("ecg", ecg(person=2))])
    pspm.behaviour(tmp_path / "Data" / "FR_cogent_01.mat")
    data = load_pspm(tmp_path)
    for person, recording in enumerate(data.recordings, start=1):
        known = ecg(person=person).astype(np.float32)
        np.testing.assert_array_equal(recording, known, strict=True)
    assert data.subject.tolist() == ["FR_01", "FR_02"]
    assert data.sampling_rate == 1000.0
    assert data.fields["record"].tolist() == ["FR_spike_01", "FR_spike_02"]
    assert data.fields["ecg_unit"].tolist() == ["unknown", "unknown"]
    assert (data.unit, data.target, data.left_out) == ("unknown", None, [])
    recordings, target = load_pspm(tmp_path, return_X_y=True)
    assert len(recordings) == 2
    assert target is None


def test_sessions_are_of_one_person(tmp_path):
    for name in ("VIS_07_sn01", "VIS_07_sn02", "VIS_08_blk01_sn01", "SCRV_10_spike_03"):
        pspm.pspm(tmp_path / f"{name}.mat")
    assert load_pspm(tmp_path).subject.tolist() == ["SCRV_10_03", "VIS_07", "VIS_07", "VIS_08"]
    assert load_pspm(tmp_path, subjects="VIS_07").fields["record"].tolist() == [
        "VIS_07_sn01",
        "VIS_07_sn02",
    ]


@pytest.mark.parametrize(
    ("units", "factor", "unit"),
    [
        ("mV", 1, "mV"),
        ("V", 1000, "mV"),
        ("Volts", 1000, "mV"),
        ("uV", 0.001, "mV"),
        ("a.u.", 1, "a.u."),
        ("", 1, "unknown"),
        (np.zeros((0, 0)), 1, "unknown"),
    ],
)
def test_units(tmp_path, units, factor, unit):
    pspm.pspm(tmp_path / "a_1.mat", [channel("ecg", ecg(), units=units)])
    data = load_pspm(tmp_path)
    np.testing.assert_allclose(data.recordings[0], ecg() * factor, rtol=1e-6)
    assert data.fields["ecg_unit"].tolist() == [unit]


def test_rates_that_differ(tmp_path):
    pspm.pspm(tmp_path / "a_1.mat", [channel("ecg", ecg(400), 200.0)])
    pspm.pspm(tmp_path / "a_2.mat", [channel("ecg", ecg(2000), 999.9999)])
    assert load_pspm(tmp_path).sampling_rate.tolist() == [200.0, 1000.0]


def test_as_older_versions_wrote_them(tmp_path):
    one = channel("ECG", ecg()[None])
    one["header"]["channeltype"] = one["header"].pop("chantype")
    pspm.pspm(tmp_path / "a_1.mat", [one], duration=2.002)
    np.testing.assert_array_equal(load_pspm(tmp_path).recordings[0], ecg().astype(np.float32))


def test_several_ecg_channels(tmp_path):
    channels = [
        channel("ecg", ecg()),
        channel("hb", [0.1], 1.0, "events"),
        channel("ecg", -ecg()),
        channel("ecg", ecg(200), 100.0),
    ]
    pspm.pspm(tmp_path / "a_1.mat", channels)
    with pytest.warns(UserWarning, match="a_1 has another ECG at channel 4, of other kind"):
        data = load_pspm(tmp_path)
    np.testing.assert_array_equal(data.recordings[0], ecg().astype(np.float32))
    with pytest.warns(UserWarning, match="1 left out"):
        data = load_pspm(tmp_path, leads=["2"])
    np.testing.assert_array_equal(data.recordings[0], -ecg().astype(np.float32))


def test_other_channels_may_hold_anything(tmp_path):
    other = {"data": np.ones(3) * 1j, "header": {"chantype": "custom"}}
    pspm.pspm(tmp_path / "a_1.mat", [other, channel("ecg", ecg())])
    np.testing.assert_array_equal(load_pspm(tmp_path).recordings[0], ecg().astype(np.float32))


def test_what_has_no_ecg(tmp_path):
    pspm.pspm(tmp_path / "a_1.mat")
    pspm.pspm(tmp_path / "a_2.mat", [channel("scr", ecg()), channel("hb", [1.0], 1, "events")])
    pspm.pspm(tmp_path / "a_3.mat", [channel("ecg", np.zeros((1, 0)))])
    pspm.pspm(tmp_path / "a_4.mat", [channel("ecg", np.full(2000, np.nan))])
    pspm.pspm(tmp_path / "a_5.mat", [])
    with pytest.warns(UserWarning, match="4 left out"):
        data = load_pspm(tmp_path)
    assert data.subject.tolist() == ["a_1"]
    assert [one.reason for one in data.left_out] == [
        "has no ECG channel, but scr, hb",
        "holds no sample (lead '1')",
        "has 2000 of 2000 samples that are no numbers, the first at 0 (lead '1')",
        "has no ECG channel, but none",
    ]


def broken(**header):
    made = channel("ecg", ecg())
    made["header"] |= header
    for name in [name for name, value in header.items() if value is None]:
        del made["header"][name]
    return made


@pytest.mark.parametrize(
    ("channels", "more", "message"),
    [
        ([broken(chantype=None)], {}, "data.0.header.chantype should be text .* there is none"),
        ([broken(sr=None)], {}, "data.0.header.sr should be numbers .* there is none"),
        ([broken(units=None)], {}, "data.0.header.units should be text .* there is none"),
        ([broken(sr=0.0)], {}, "data.0.header.sr should be a rate in Hz, but is 0"),
        ([broken(sr=-5.0)], {}, "sr should be a number from 0, but is -5"),
        ([broken(sr=np.nan)], {}, "sr should be a number from 0, but is nan"),
        ([broken(sr=500.0)], {}, "should be a column of about 1000 samples, for infos.duration"),
        ([broken()], {"duration": 3.0}, "should be a column of about 3000 samples"),
        ([broken()], {"duration": np.nan}, "infos.duration should be a number"),
        ([broken()], {"duration": "2"}, "infos.duration should be numbers .* is the 1 letters '2'"),
        ([channel("ecg", np.ones((40, 50)))], {}, "a column .* but is of shape 40 x 50"),
        ([{"header": broken()["header"]}], {}, "data.0.data should be numbers .* there is none"),
    ],
)
def test_not_as_pspm_writes_them(tmp_path, channels, more, message):
    path = pspm.pspm(tmp_path / "a_1.mat", channels, **more)
    with pytest.raises(UnreadableFileError, match=message) as error:
        load_pspm(tmp_path)
    assert str(error.value).startswith(str(path))


def test_one_damaged_file(tmp_path):
    pspm.pspm(tmp_path / "a_1.mat")
    path = pspm.pspm(tmp_path / "a_2.mat")
    content = path.read_bytes()
    for length in (50, 140, len(content) - 9):
        path.write_bytes(content[:length])
        with pytest.raises(UnreadableFileError, match="a_2.mat cannot be read .* byte"):
            load_pspm(tmp_path)
        with pytest.warns(UserWarning, match="1 left out: a_2 cannot be read"):
            assert load_pspm(tmp_path, on_error="warn").subject.tolist() == ["a_1"]


def test_trimmed_and_whole(tmp_path):
    pspm.pspm(tmp_path / "tpspm_a_1.mat")
    assert load_pspm(tmp_path).subject.tolist() == ["pspm_a_1"]
    pspm.pspm(tmp_path / "pspm_a_1.mat")
    with pytest.raises(ValueError, match="holds pspm_a_1 twice: pspm_a_1.mat and tpspm_a_1.mat"):
        load_pspm(tmp_path)


def test_the_same_file_twice(tmp_path):
    pspm.pspm(tmp_path / "data" / "a_1.mat")
    pspm.pspm(tmp_path / "data_pp" / "a_1.mat")
    with pytest.raises(ValueError, match="holds a_1 twice: data.a_1.mat and data_pp.a_1.mat"):
        load_pspm(tmp_path)


def test_prepared(tmp_path):
    pspm.pspm(tmp_path / "a_1.mat")
    data = prepare(load_pspm, tmp_path, cache=tmp_path / "cache")
    assert data.fields["ecg_unit"].tolist() == ["unknown"]
    assert [len(recording) for recording in data.recordings] == [512]


def test_foreign_files(tmp_path):
    pspm.pspm(tmp_path / "a_1.mat")
    (tmp_path / "._a_1.mat").write_bytes(b"x")
    (tmp_path / "b_1.mat").mkdir()
    (tmp_path / "c_1.mat").symlink_to("nowhere")
    assert load_pspm(tmp_path).subject.tolist() == ["a_1"]


def test_wrong_folder(tmp_path):
    pspm.behaviour(tmp_path / "a_1.mat")
    with pytest.raises(FileNotFoundError, match="not a folder of PsPM files: it holds a_1.mat"):
        load_pspm(tmp_path)


def test_samples_are_counted_at_the_rate_that_the_file_says(tmp_path):
    """Rounded, it is some samples off in a long recording."""
    pspm.pspm(tmp_path / "a_1.mat", [channel("ecg", ecg(9991), 1.9992)], duration=9991 / 1.9992)
    assert load_pspm(tmp_path).sampling_rate == 2.0
