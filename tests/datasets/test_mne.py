"""Recordings of raws of MNE, cut by annotations as MNE cuts them."""

import re

import mne
import numpy as np
import pytest

from sklearn_ecgssl import load_recordings
from sklearn_ecgssl.datasets import recordings_from_mne

RATE = 100


def raw_of(
    annotated=(), n_times=40 * RATE, names=("ECG", "Cz"), kinds=("ecg", "eeg"), whose="sub-01",
    first=0, date=None,
):  # fmt: skip
    """A raw whose samples are their own numbers, in millivolt."""
    info = mne.create_info(list(names), RATE, list(kinds))
    data = np.tile(np.arange(n_times) / 1000, (len(names), 1))
    raw = mne.io.RawArray(data, info, first_samp=first, verbose=False)
    raw.set_meas_date(date)
    if whose is not None:
        raw.info["subject_info"] = {"his_id": whose}
    if annotated:
        raw.set_annotations(mne.Annotations(*zip(*annotated, strict=True)))
    return raw


def spans(data):
    """First and last sample of each recording."""
    return [(round(float(one[0])), round(float(one[-1]))) for one in data.recordings]


STUDY = [(0, 15, "rest"), (18, 20, "task"), (30, 1, "BAD_loose"), (16, 0, "button")]


def test_without_annotations_all_that_is_good_is_a_recording():
    data = recordings_from_mne(raw_of())
    assert spans(data) == [(0, 3999)]
    assert data.recordings[0].dtype == np.float32
    assert data.target is None
    assert data.subject.tolist() == ["sub-01"]
    assert data.sampling_rate == RATE
    assert data.unit == "mV"
    assert data.fields["lead"].tolist() == ["ECG"]
    with pytest.warns(UserWarning, match=r"1 annotation\(s\) of bad signal end.*1 left out"):
        data = recordings_from_mne(raw_of(STUDY))
    assert spans(data) == [(0, 2999)]


# Annotations are relative to the beginning of a measurement, not to that of its data.
@pytest.mark.parametrize("first", [0, 300])
@pytest.mark.parametrize("date", [None, 1e9])
@pytest.mark.parametrize("cropped", [0, 2])
def test_an_annotated_stretch_is_a_recording(first, date, cropped):
    raw = raw_of(STUDY, first=first, date=date).crop(cropped)
    with pytest.warns(UserWarning, match="end a recording"):
        data = recordings_from_mne(raw, annotations=["task", "rest"], min_duration=5)
    assert spans(data) == [(100 * cropped, 1499), (1800, 2999), (3100, 3799)]
    assert data.target.tolist() == [1, 0, 0]
    assert data.target_names == ["task", "rest"]
    assert data.fields["record"].tolist() == ["sub-01/rest", "sub-01/task", "sub-01/task 2"]
    assert data.fields["start"].tolist() == [0, 18 - cropped, 31 - cropped]
    assert data.fields["annotation"].tolist() == ["rest", "task", "task"]
    of_mne = 1000 * raw.crop_by_annotations()[0].get_data()[0]
    np.testing.assert_allclose(data.recordings[0], of_mne[:-1], rtol=1e-6)  # its end is included


def test_stretches_that_overlap_with_bad_ones_in_any_way_lose_them():
    annotated = [
        (5, 20, "task"),
        (0, 6, "bad"),
        (10, 1, "BAD a"),
        (10.5, 2, "BAD b"),
        (11, 1, "BAD c"),
        (24, 9, "BAD"),
    ]
    with pytest.warns(UserWarning, match="5 annotation"):
        data = recordings_from_mne(raw_of(annotated), annotations="task", min_duration=1)
    assert spans(data) == [(600, 999), (1250, 2399)]


def test_what_is_bad_in_another_channel_is_good():
    raw = raw_of()
    raw.set_annotations(mne.Annotations([5], [30], ["BAD"], ch_names=[["Cz"]]))
    assert spans(recordings_from_mne(raw)) == [(0, 3999)]


def test_recordings_end_where_files_were_joined():
    joined = mne.concatenate_raws([raw_of(), raw_of()], verbose=False)
    with pytest.warns(UserWarning, match=r"2 annotation\(s\) of bad signal"):
        assert spans(recordings_from_mne(joined)) == [(0, 3999)] * 2


def test_a_list_has_a_raw_for_each_person():
    raws = [raw_of(STUDY[:2]), raw_of(STUDY[:1], whose="sub-02")]
    data = recordings_from_mne(raws, annotations=["rest", "task"])
    assert data.subject.tolist() == ["sub-01", "sub-01", "sub-02"]
    assert data.target.tolist() == [0, 1, 0]
    assert data.fields["raw"].tolist() == [0, 0, 1]
    assert recordings_from_mne(raws, subject=[7, 8]).subject.tolist() == [7, 8]
    assert recordings_from_mne(raws, subject="ann").subject.tolist() == ["ann", "ann"]


def test_a_channel_is_picked_by_name_whatever_its_type():
    raw = raw_of(names=("Cz", "heart"), kinds=("eeg", "misc"))
    data = recordings_from_mne(raw, picks="heart")
    assert data.unit == "unknown"
    np.testing.assert_allclose(data.recordings[0][:3], [0, 0.001, 0.002])
    assert recordings_from_mne(raw, picks="Cz").unit == "mV"


BAD = {
    "no ecg": (raw_of(kinds=("eeg", "eeg")), {}, "0 channels of type ecg: pass picks=.*ECG, Cz"),
    "two": (raw_of(kinds=("ecg", "ecg")), {}, "2 channels of type ecg: pass picks=.*ECG, Cz"),
    "pick": (raw_of(), {"picks": "II"}, "picks .*must be one of 'ECG', 'Cz', got 'II'"),
    "annotation": (raw_of(STUDY), {"annotations": ["calm"]}, "must be one of .*'rest'.*got 'calm'"),
    "event": (raw_of(STUDY), {"annotations": "button"}, "'button' has no duration.*epochs_around"),
    "whose": (raw_of(whose=None), {}, "raw 0 has none in raw.info.*pass subject="),
    "unnamed": (raw_of(whose="X"), {}, "raw 0 has none in raw.info"),
    "missing": ([raw_of(), raw_of()], {"subject": ["a", None]}, "subject is missing for raw 1"),
    "few": ([raw_of(), raw_of()], {"subject": ["a"]}, "subject must be 1-D with one entry for e"),
    "short": (raw_of(), {"min_duration": 60}, "raw gives no recording of min_duration=60 s"),
    "units": (
        [raw_of(), raw_of(kinds=("misc", "eeg"))],
        {"picks": "ECG"},
        "differ in unit: pass raws apart",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_raws_are_refused_with_advice(case):
    raw, options, message = BAD[case]
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        recordings_from_mne(raw, **options)


def test_what_is_no_raw_is_refused():
    with pytest.raises(TypeError, match=r"raw must be mne.io.Raw, or a list of them, got ndarray"):
        recordings_from_mne(np.zeros((2, 1000)))


@pytest.mark.real
@pytest.mark.slow
def test_a_real_edf_read_by_mne_is_that_of_its_loader(shared_data):
    path = shared_data / "originals" / "eegmat" / "Subject05_1.edf"
    raw = mne.io.read_raw_edf(path, verbose=False)
    data = recordings_from_mne(raw, picks=next(n for n in raw.ch_names if "ECG" in n), subject=0)
    of_loader = load_recordings(
        shared_data / "eegmat_ecg.npz", where={"record": "Subject05_1"}
    ).recordings[0]
    assert data.sampling_rate == 500
    n_times = min(len(of_loader), len(data.recordings[0]))
    correlation = np.corrcoef(data.recordings[0][:n_times], of_loader[:n_times])[0, 1]
    assert correlation > 0.9999
