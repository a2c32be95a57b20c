"""Data sets that are prepared once and found again."""

import json
import os
import shutil
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.datasets import load_recordings, make_cohort, prepare, save_recordings
from sklearn_ecgssl.datasets.corpus import _person
from sklearn_ecgssl.datasets.recordings_file._data_set import RecordingsFiles
from sklearn_ecgssl.evaluation import LabelledWindows
from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler, scale_subjects

HIGH_PASS = ECGFilter(sampling_rate=256, high=None)


class ZScore(BaseEstimator, TransformerMixin):
    """A transformer that learns."""

    def fit(self, X, y=None):
        self.n_seen_ = len(X)
        return self

    def transform(self, X):
        return [(x - x.mean()) / x.std() for x in X]


def by_hand(folder):
    data = load_recordings(folder)
    recordings = Resampler(original_rate=500, sampling_rate=256).transform(data.recordings)
    return scale_subjects(HIGH_PASS.transform(recordings), data.subject)


def assert_close(recordings, expected):
    """Equal within half a step of 16 bits, which is what the file holds."""
    assert len(recordings) == len(expected)
    for recording, other in zip(recordings, expected, strict=True):
        assert recording.dtype == np.float32
        half_a_step = np.ptp(other) / 131068 + 1e-6
        np.testing.assert_allclose(recording, other, rtol=0, atol=half_a_step)


def test_does_what_one_would_do_by_hand(folder, tmp_path):
    data = prepare(load_recordings, folder, cache=tmp_path / "cache", transformer=HIGH_PASS)
    assert_close(data.recordings, by_hand(folder))
    assert data.subject.tolist() == ["p0", "p0", "p1", "p1"]
    assert data.target.tolist() == [0, 1, 0, 1]
    assert data.target_names == ["rest", "stress"]
    assert data.sampling_rate == 256.0
    assert data.unit == "standard deviation"
    assert data.name == "study"
    assert data.left_out == []
    fields = {name: values.tolist() for name, values in data.fields.items()}
    assert fields == {
        "record": ["p0/rest", "p0/stress", "p1/rest", "p1/stress"],
        "lead": ["ECG"] * 4,
        "original_rate": [500.0] * 4,
        "target": [0, 1, 0, 1],
        "age": [30, 30, 31, 31],
        "sex": ["f", "m", "f", "m"],
    }


@pytest.mark.parametrize(("scale", "trim"), [("trimmed", 0.025), ("standard", 0)])
def test_scale(folder, tmp_path, scale, trim):
    data = prepare(load_recordings, folder, cache=tmp_path, sampling_rate=None, scale=scale)
    raw = load_recordings(folder)
    assert_close(data.recordings, scale_subjects(raw.recordings, raw.subject, trim=trim))
    assert data.sampling_rate == 500.0


def test_is_found_again(folder, tmp_path, reads):
    first = prepare(load_recordings, folder, cache=tmp_path / "cache")
    assert reads == ["p0", "p1"]
    again = prepare(load_recordings, folder, cache=tmp_path / "cache")
    assert reads == ["p0", "p1"]
    for a, b in zip(first.recordings, again.recordings, strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.folder == first.folder


def test_more_people_are_added(folder, tmp_path, reads):
    one = prepare(load_recordings, folder, cache=tmp_path, subjects=["p1"])
    assert set(one.subject) == {"p1"}
    both = prepare(load_recordings, folder, cache=tmp_path)
    assert reads == ["p1", "p0"]
    assert both.subject.tolist() == ["p0", "p0", "p1", "p1"]


@pytest.mark.parametrize(
    "other",
    [
        {"sampling_rate": 128},
        {"scale": None},
        {"scale": "standard"},
        {"transformer": HIGH_PASS},
        {"where": {"sex": "f"}},
    ],
)
def test_other_settings_have_their_own_files(folder, tmp_path, reads, other):
    first = prepare(load_recordings, folder, cache=tmp_path)
    second = prepare(load_recordings, folder, cache=tmp_path, **other)
    assert reads == ["p0", "p1"] * 2
    assert first.folder != second.folder


def test_other_parameters_of_the_transformer(folder, tmp_path, reads):
    for low in (0.8, 0.5):
        transformer = make_pipeline(ECGFilter(sampling_rate=256, low=low), TrimmedScaler())
        prepare(load_recordings, folder, cache=tmp_path, transformer=transformer)
    assert reads == ["p0", "p1"] * 2


@pytest.mark.parametrize("other", [{"n_jobs": 2}, {"attribute": "sex"}, {"verbose": 1}])
def test_what_makes_no_difference(folder, tmp_path, reads, monkeypatch, other):
    prepare(load_recordings, folder, cache=tmp_path)
    target = {"target": other.pop("attribute")} if "attribute" in other else {}
    data = prepare(load_recordings, folder, cache=tmp_path, **target)
    assert reads == ["p0", "p1"]
    assert data.target.tolist() == [0, 1, 0, 1]
    assert data.target_names == (["f", "m"] if target else ["rest", "stress"])


def test_changed_source_is_read_again(folder, tmp_path, reads):
    prepare(load_recordings, folder, cache=tmp_path)
    os.utime(folder / "p1.npz", (1, 1))
    prepare(load_recordings, folder, cache=tmp_path)
    assert reads == ["p0", "p1", "p1"]


@pytest.mark.parametrize("damage", ["recordings", "facts", "truncated", "no facts"])
def test_damaged_cache_is_made_again(folder, tmp_path, reads, damage):
    data = prepare(load_recordings, folder, cache=tmp_path)
    recordings, facts = data.folder / "p0.npz", data.folder / "p0.json"
    if damage == "recordings":
        recordings.write_bytes(b"nonsense")
    elif damage == "truncated":
        recordings.write_bytes(recordings.read_bytes()[:-100])
    elif damage == "facts":
        facts.write_text('{"sources": 3}')
    else:
        facts.unlink()
    again = prepare(load_recordings, folder, cache=tmp_path)
    assert reads == ["p0", "p1", "p0"]
    for a, b in zip(data.recordings, again.recordings, strict=True):
        np.testing.assert_array_equal(a, b)


def test_cut_short(folder, tmp_path, reads, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_person.Person, "_sign", fail)
    with pytest.raises(KeyboardInterrupt):
        prepare(load_recordings, folder, cache=tmp_path)
    monkeypatch.undo()
    data = prepare(load_recordings, folder, cache=tmp_path, transformer=None)
    assert len(data.recordings) == 4
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp")]


def test_files_of_another_source_are_not_taken(folder, tmp_path, monkeypatch):
    """Cut short after a changed source was prepared, and the source is what it was again."""
    first = prepare(load_recordings, folder, cache=tmp_path)
    source = folder / "p0.npz"
    before, when = source.read_bytes(), source.stat().st_mtime_ns
    other = load_recordings(folder / "p1.npz")
    save_recordings(source, other.recordings, 500, ["p0"] * 2, fields={"age": [9, 9]})
    with monkeypatch.context() as patched:
        patched.setattr(_person.Person, "_sign", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            prepare(load_recordings, folder, cache=tmp_path, target=None)
    source.write_bytes(before)
    os.utime(source, ns=(when, when))
    again = prepare(load_recordings, folder, cache=tmp_path)
    np.testing.assert_array_equal(again.recordings[0], first.recordings[0])


def test_transformer_is_not_fitted(folder, tmp_path):
    transformer = make_pipeline(ZScore())
    prepare(load_recordings, folder, cache=tmp_path, transformer=transformer)
    assert not hasattr(transformer[0], "n_seen_")


def test_windows(folder, tmp_path):
    segmenter = Segmenter(sampling_rate=256, window_length=5, overlap=0.5)
    plain = prepare(load_recordings, folder, cache=tmp_path)
    data = prepare(load_recordings, folder, cache=tmp_path, segmenter=segmenter)
    for windows, recording in zip(data.recordings, plain.recordings, strict=True):
        assert isinstance(windows, np.memmap)
        assert not windows.flags.writeable
        np.testing.assert_array_equal(windows, segmenter.transform([recording])[0])
    assert data.target.tolist() == [0, 1, 0, 1]


def test_windows_are_windowed_recordings(folder, tmp_path):
    data = prepare(load_recordings, folder, cache=tmp_path, segmenter=Segmenter(256))
    windows = LabelledWindows.from_recordings(data.recordings, data.target, data.subject)
    assert len(windows) == sum(map(len, data.recordings))


def test_windows_of_windows_that_are_there(folder, tmp_path):
    kept = [prepare(load_recordings, folder, cache=tmp_path, segmenter=Segmenter(256))]
    path = next(kept[0].folder.glob("p0.windows-*.npy"))
    written = path.stat().st_mtime_ns
    prepare(load_recordings, folder, cache=tmp_path, segmenter=Segmenter(256))
    assert path.stat().st_mtime_ns == written
    path.write_bytes(path.read_bytes()[:-4])
    again = prepare(load_recordings, folder, cache=tmp_path, segmenter=Segmenter(256))
    for a, b in zip(kept[0].recordings[2:], again.recordings[2:], strict=True):
        np.testing.assert_array_equal(a, b)


def test_windows_of_another_number(folder, tmp_path):
    """Whole as a file, but not those of these recordings."""
    kept = prepare(load_recordings, folder, cache=tmp_path, segmenter=Segmenter(256))
    path = next(kept.folder.glob("p0.windows-*.npy"))
    expected = np.load(path)
    np.save(path, np.concatenate([expected, expected]))
    prepare(load_recordings, folder, cache=tmp_path, segmenter=Segmenter(256))
    np.testing.assert_array_equal(np.load(path), expected)


def test_data_sets_in_two_places_do_not_share_files(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere" / folder.name)
    one = prepare(load_recordings, folder, cache=tmp_path)
    two = prepare(load_recordings, tmp_path / "elsewhere" / folder.name, cache=tmp_path)
    assert one.folder != two.folder


def test_windows_follow_their_recordings(folder, tmp_path):
    prepare(load_recordings, folder, cache=tmp_path, segmenter=Segmenter(256))
    file = load_recordings(folder / "p0.npz")
    save_recordings(
        folder / "p0.npz",
        [-one for one in file.recordings],
        500,
        file.subject,
        target=file.target,
        target_names=file.target_names,
        record=file.fields["record"],
        fields={name: file.fields[name] for name in ("age", "sex")},
    )
    plain = prepare(load_recordings, folder, cache=tmp_path)
    data = prepare(load_recordings, folder, cache=tmp_path, segmenter=Segmenter(256))
    for windows, recording in zip(data.recordings, plain.recordings, strict=True):
        np.testing.assert_array_equal(windows, Segmenter(256).transform([recording])[0])


def test_recordings_shorter_than_a_window(folder, tmp_path):
    segmenter = Segmenter(sampling_rate=256, window_length=25)
    with pytest.warns(UserWarning, match=r"left out: p\d/\w+ is shorter than a window"):
        data = prepare(load_recordings, folder, cache=tmp_path, segmenter=segmenter)
    assert 0 < len(data.recordings) < 4
    assert len(data.left_out) + len(data.recordings) == 4
    with pytest.raises(ValueError, match="gives no recording. 4 left out"):
        prepare(load_recordings, folder, cache=tmp_path, segmenter=Segmenter(256, window_length=60))


def test_person_who_cannot_be_read(folder, tmp_path, reads):
    whole = (folder / "p1.npz").read_bytes()
    data = prepare(load_recordings, folder, cache=tmp_path / "c")
    (folder / "p1.npz").write_bytes(whole[:-50])
    with pytest.raises(UnreadableFileError, match=r"p1\.npz cannot be read"):
        prepare(load_recordings, folder, cache=tmp_path / "c")
    assert data.subject.tolist() == ["p0", "p0", "p1", "p1"]


def test_file_that_is_read_the_next_time(folder, tmp_path, reads, monkeypatch):
    tried = iter([UnreadableFileError("p1.npz: the network went away")])
    original = RecordingsFiles.trials

    def trials(self, subject):
        if subject == "p1":
            for error in tried:
                raise error
        yield from original(self, subject)

    monkeypatch.setattr(RecordingsFiles, "trials", trials)
    options = {"cache": tmp_path / "c", "on_error": "warn"}
    with pytest.warns(UserWarning, match="1 left out: p1 cannot be read: p1.npz: the network"):
        data = prepare(load_recordings, folder, **options)
    assert set(data.subject) == {"p0"}
    data = prepare(load_recordings, folder, **options)
    assert reads == ["p0", "p1", "p1"]
    assert set(data.subject) == {"p0", "p1"}


def test_what_cannot_be_prepared_names_the_person(tmp_path):
    signal = np.sin(np.arange(3000) / 20)
    spikes = np.where(np.arange(3000) % 1000, 0.0, 1.0)
    path = save_recordings(tmp_path / "a.npz", [signal, spikes], 250, ["anna", "bert"])
    with pytest.raises(ValueError, match=r"^a, bert: .*flat"):
        prepare(load_recordings, path, cache=tmp_path / "c", sampling_rate=None)
    with pytest.warns(UserWarning, match=r"left out: bert cannot be prepared: .*flat"):
        data = prepare(
            load_recordings, path, cache=tmp_path / "c", sampling_rate=None, on_error="warn"
        )
    assert data.subject.tolist() == ["anna"]


def test_left_out_is_remembered(tmp_path, reads):
    signal = np.sin(np.arange(3000) / 20)
    path = save_recordings(
        tmp_path / "a.npz", [signal, np.ones(3000), np.ones(3000)], 250, ["anna", "anna", "bert"]
    )
    for _ in range(2):
        with pytest.warns(UserWarning, match="2 left out: 1 is a flat line of 1 .*; 2 is a flat"):
            data = prepare(load_recordings, path, cache=tmp_path / "c")
        assert data.subject.tolist() == ["anna"]
    assert reads == ["anna", "bert"]


def test_names_of_people_are_no_paths(tmp_path):
    signal = np.sin(np.arange(3000) / 20)
    people = ["../../x", "a/b", "ü ß", "con:"]
    path = save_recordings(tmp_path / "a.npz", [signal] * 4, 256, people)
    data = prepare(load_recordings, path, cache=tmp_path / "c")
    assert data.subject.tolist() == people
    assert {found.parent for found in tmp_path.rglob("*.json")} == {data.folder}
    assert len(list(data.folder.glob("*.npz"))) == 4


def test_the_cache_is_a_folder_of_recordings_files(folder, tmp_path):
    data = prepare(load_recordings, folder, cache=tmp_path)
    again = load_recordings(data.folder)
    np.testing.assert_array_equal(again.recordings[3], data.recordings[3])
    assert again.unit == "standard deviation"
    json.loads((data.folder / "p0.json").read_text())


def test_no_warning_without_cause(folder, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(load_recordings, folder, cache=tmp_path, segmenter=Segmenter(256))


def test_several_at_once(folder, tmp_path):
    one = prepare(load_recordings, folder, cache=tmp_path / "1", segmenter=Segmenter(256))
    two = prepare(load_recordings, folder, cache=tmp_path / "2", segmenter=Segmenter(256), n_jobs=2)
    for a, b in zip(one.recordings, two.recordings, strict=True):
        np.testing.assert_array_equal(a, b)


def test_full_disk_leaves_those_who_are_done(folder, tmp_path, monkeypatch, reads):
    original = _person.save_recordings

    def save(path, *args, **options):
        if path.name == "p1.npz":
            raise OSError(28, "No space left on device")
        return original(path, *args, **options)

    monkeypatch.setattr(_person, "save_recordings", save)
    with pytest.raises(OSError, match="No space"):
        prepare(load_recordings, folder, cache=tmp_path)
    monkeypatch.setattr(_person, "save_recordings", original)
    prepare(load_recordings, folder, cache=tmp_path)
    assert reads == ["p0", "p1", "p1"]


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"load": make_cohort}, TypeError, "prepare reads data sets .* with one of .*got <func"),
        ({"scale": "person"}, ValueError, "scale must be .* got 'person'"),
        ({"transformer": 3}, TypeError, "transformer must be an estimator .* got 3"),
        ({"transformer": Segmenter(256)}, ValueError, "must return one recording .* segmenter"),
        ({"sampling_rate": 0}, ValueError, "sampling_rate"),
        ({"subjects": ["p7"]}, ValueError, r"subjects=\['p7'\]: .*study has no p7. It has p0, p1"),
        ({"mood": 3}, TypeError, "mood"),
        ({"return_X_y": True}, TypeError, "leave return_X_y out"),
        ({"on_error": "ignore"}, ValueError, 'on_error must be "raise" or "warn"'),
        ({"target": "mood"}, ValueError, "no field 'mood'. Fields: record, target, age, sex"),
        ({"where": {"mood": 1}}, ValueError, "where: .* has no field 'mood'"),
        ({"complete_subjects": True}, TypeError, "complete_subjects"),
    ],
)
def test_bad_parameters(folder, tmp_path, parameters, error, message):
    parameters = {"load": load_recordings, **parameters}
    with pytest.raises(error, match=message):
        prepare(parameters.pop("load"), folder, cache=tmp_path, **parameters)


@pytest.mark.real
def test_real_recordings(shared_data, tmp_path):
    """Windows of eegmat, prepared person by person as the papers do."""
    subjects = ["Subject05", "Subject06"]
    data = prepare(
        load_recordings,
        shared_data / "eegmat_ecg.npz",
        cache=tmp_path,
        target="condition",
        subjects=subjects,
        transformer=HIGH_PASS,
        segmenter=Segmenter(sampling_rate=256),
    )
    raw = load_recordings(shared_data / "eegmat_ecg.npz", where={"subject": subjects})
    scaled = scale_subjects(
        HIGH_PASS.transform(Resampler(original_rate=500).transform(raw.recordings)), raw.subject
    )
    assert len(data.recordings) == 4
    for windows, recording in zip(data.recordings, scaled, strict=True):
        expected = Segmenter(sampling_rate=256).transform([recording])[0]
        np.testing.assert_allclose(windows, expected, atol=np.ptp(recording) / 131068 + 1e-5)
    assert len(set(data.target.tolist())) == 2
