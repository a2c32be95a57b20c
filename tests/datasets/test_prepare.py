"""Data sets that are prepared once and found again, whatever happens in between."""

import multiprocessing
import os
import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.datasets import (
    RecordingsFiles,
    _prepared_person as prepared_person,
    load_recordings,
    prepare,
    save_recordings,
)
from sklearn_ecgssl.datasets._recipe import Recipe
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, scale_subjects
from tests.datasets.sets import Study, write_recordings, write_study

HIGH_PASS = ECGFilter(sampling_rate=256, high=None)
WINDOWS = Segmenter(sampling_rate=256, window_length=2, overlap=0.5)


@pytest.fixture
def study(tmp_path):
    """A recordings file each for two people: rest and stress of 5 to 6 s at 500 Hz."""
    (tmp_path / "study").mkdir()
    write_recordings(tmp_path / "study")
    return RecordingsFiles(tmp_path / "study")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def reads(monkeypatch):
    """Names of the people who are read."""
    met, read = [], prepared_person.read_person
    monkeypatch.setattr(prepared_person, "read_person", lambda *a: met.append(a[1]) or read(*a))
    return met


def values(data):
    return [one.tolist() for one in data.recordings]


@pytest.mark.parametrize(("scale", "trim"), [("trimmed", 0.025), ("standard", 0)])
def test_does_what_one_would_do_by_hand(study, cache, scale, trim):
    data = prepare(study, cache=cache, transformer=HIGH_PASS, scale=scale)
    raw = load_recordings(study.folder)
    by_hand = HIGH_PASS.transform(Resampler(original_rate=500).transform(raw.recordings))
    by_hand = scale_subjects(by_hand, raw.subject, trim=trim)
    for recording, other in zip(data.recordings, by_hand, strict=True):
        np.testing.assert_allclose(recording, other, atol=np.ptp(other) / 131068 + 1e-6)
    assert data.subject.tolist() == ["p0", "p0", "p1", "p1"]
    assert data.target.tolist() == [0, 1, 0, 1]
    assert (data.sampling_rate, data.unit, data.name) == (256.0, "standard deviation", "study")
    assert data.fields["original_rate"].tolist() == [500.0] * 4
    cut = prepare(study, cache=cache, transformer=HIGH_PASS, scale=scale, segmenter=WINDOWS)
    for windows, recording in zip(cut.recordings, data.recordings, strict=True):
        assert isinstance(windows, np.memmap)
        assert not windows.flags.writeable
        np.testing.assert_array_equal(windows, WINDOWS.transform([recording])[0])


def test_what_is_there_is_not_done_again(study, cache, reads):
    prepare(study, cache=cache, subjects=["p1"])
    first = prepare(study, cache=cache)
    assert reads == ["p1", "p0"]
    for options in ({"n_jobs": 1}, {"attribute": "sex"}, {"verbose": 1}, {"segmenter": WINDOWS}):
        prepare(RecordingsFiles(study.folder), cache=cache, **options)
    assert reads == ["p1", "p0"]
    others = [
        {"sampling_rate": 128},
        {"scale": None},
        {"transformer": HIGH_PASS},
        {"transformer": make_pipeline(ECGFilter(sampling_rate=256, low=0.5))},
        {"transformer": make_pipeline(ECGFilter(sampling_rate=256, low=0.7))},
    ]
    folders = {prepare(study, cache=cache, **other).folder for other in others}
    assert len(folders | {first.folder}) == 6
    assert len(reads) == 12
    os.utime(study.folder / "p1.npz", (1, 1))
    prepare(RecordingsFiles(study.folder), cache=cache)
    assert reads[12:] == ["p1"]


@pytest.mark.parametrize("file", ["p0.json", "p0.npz", "p0.windows-*.npy"])
def test_cache_that_lost_a_file(study, cache, reads, file):
    data = prepare(study, cache=cache, segmenter=WINDOWS)
    expected = values(data)
    (path,) = data.folder.glob(file)
    path.unlink()
    assert values(prepare(study, cache=cache, segmenter=WINDOWS)) == expected
    assert reads[2:] == ["p0"] * (not file.endswith(".npy"))


class Loud(Study):
    """With a parameter that is no field, as a beginner would write it."""

    def __init__(self, path, gain):
        super().__init__(path)
        self.gain = gain

    def trials(self, subject):
        for trial in super().trials(subject):
            yield replace(trial, ecg={"ECG": self.gain(next(iter(trial.ecg.values())))})


def test_data_set_of_ones_own_in_whose_folder_the_cache_is(tmp_path, reads):
    write_study(tmp_path)

    def prepared(gain):
        return prepare(Loud(tmp_path, gain), cache=tmp_path / "c", scale=None).recordings[0]

    once = prepared(lambda ecg: 1 * np.asarray(ecg))
    prepared(lambda ecg: 1 * np.asarray(ecg))
    assert reads == ["anna", "bob"]
    np.testing.assert_allclose(prepared(lambda ecg: 2 * np.asarray(ecg)), 2 * once, atol=1e-3)
    path = tmp_path / "anna_rest.txt"
    np.savetxt(path, 3 * np.loadtxt(path))
    np.testing.assert_allclose(prepared(lambda ecg: 1 * np.asarray(ecg)), 3 * once, atol=1e-3)


def test_killed_in_between(study, cache, monkeypatch):
    """After a changed file was prepared, and before it was said; then the file is what it was."""
    expected = values(prepare(study, cache=cache, segmenter=WINDOWS))
    path = study.folder / "p0.npz"
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    labels = {"target": [0, 1], "target_names": ["rest", "stress"]}
    save_recordings(path, [np.sin(np.arange(2000) / 9)] * 2, 500, ["p0"] * 2, **labels)
    with monkeypatch.context() as patched:
        patched.setattr(prepared_person, "write_whole", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepare(RecordingsFiles(study.folder), cache=cache, segmenter=WINDOWS)
    path.write_bytes(before)
    os.utime(path, ns=(when, when))
    again = prepare(RecordingsFiles(study.folder), cache=cache, segmenter=WINDOWS)
    assert values(again) == expected


def prepare_slowly(folder, cache, begins, reading, found):
    read, apply = prepared_person.read_person, Recipe.apply
    prepared_person.read_person = lambda *a: time.sleep(reading) or read(*a)
    Recipe.apply = lambda *a: time.sleep(0.1) or apply(*a)
    time.sleep(begins)
    found.put(prepare(RecordingsFiles(folder), cache=cache, segmenter=WINDOWS).subject.tolist())


@pytest.mark.slow
def test_two_processes_at_once(study, cache):
    """The second would be deleting a person's windows when the first one returns everybody."""
    fork = multiprocessing.get_context("fork")
    found = fork.Queue()
    arguments = [(study.folder, cache, *one, found) for one in ((0, 0.1), (0.1, 0.25))]
    processes = [fork.Process(target=prepare_slowly, args=one) for one in arguments]
    for process in processes:
        process.start()
    assert [found.get(timeout=30) for _ in processes] == [["p0", "p0", "p1", "p1"]] * 2
    for process in processes:
        process.join()


def test_recordings_shorter_than_a_window(study, cache):
    long = Segmenter(sampling_rate=256, window_length=5.5)
    with pytest.warns(UserWarning, match=r"2 left out: p0/rest is shorter than a window"):
        data = prepare(study, cache=cache, segmenter=long)
    assert data.fields["record"].tolist() == ["p0/stress", "p1/stress"]
    with pytest.raises(ValueError, match=r'less than a window of .*short="drop" leaves'):
        prepare(study, cache=cache, segmenter=long, short="raise")
    with pytest.raises(ValueError, match="gives no recording. 4 left out"):
        prepare(study, cache=cache, segmenter=Segmenter(256, window_length=60))
    prepare(study, cache=cache, segmenter=WINDOWS, short="raise")


def test_who_cannot_be_prepared_is_named_and_what_is_left_out_remembered(tmp_path, cache, reads):
    signal, spikes, flat = np.sin(np.arange(3000) / 20), np.zeros(3000), np.ones(3000)
    spikes[::1000] = 1
    people = ["anna", "bert", "cleo"]
    path = save_recordings(tmp_path / "a.npz", [signal, spikes, flat], 250, people)
    how = {"cache": cache, "sampling_rate": None}
    with pytest.raises(ValueError, match=r"^a, bert: .*flat"):
        prepare(RecordingsFiles(path), **how)
    for _ in range(2):
        says = r"2 left out: bert cannot be prepared: .*flat.*; 2 is a flat line"
        with pytest.warns(UserWarning, match=says):
            assert prepare(RecordingsFiles(path), **how, on_error="warn").subject == ["anna"]
    assert reads == ["anna", "bert", "bert", "cleo", "bert"]


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"segmenter": Segmenter(128)}, ValueError, "segmenter has sampling_rate=128, .* 256 Hz"),
        (
            {"transformer": make_pipeline(Resampler(original_rate=256, sampling_rate=128))},
            ValueError,
            "transformer has resampler__sampling_rate=128, .* To resample, pass sampling_rate",
        ),
        ({"sampling_rate": None, "segmenter": WINDOWS}, ValueError, "study, p0.*256, .* 500 Hz"),
        ({"sampling_rate": None, "transformer": HIGH_PASS}, ValueError, "study, p0: transformer"),
        ({"transformer": WINDOWS}, ValueError, "must return one recording .* pass segmenter"),
        ({"data_set": load_recordings}, TypeError, "data_set must be a data set, .* got <func"),
    ],
)
def test_bad_parameters(study, cache, parameters, error, message):
    with pytest.raises(error, match=message):
        prepare(**{"data_set": study, "cache": cache, **parameters})


# ---- keep


def starts_low(windows, sampling_rate):
    assert sampling_rate == 256
    return windows[:, 0] < 0


def only_of_low_recordings(windows, sampling_rate):
    return np.repeat(windows.mean() < 0, len(windows))


def test_windows_are_left_out(study, cache, reads):
    every = prepare(study, cache=cache, segmenter=WINDOWS)
    expected = [windows[starts_low(windows, 256)] for windows in every.recordings]
    n_all, n_kept = (sum(map(len, one)) for one in (every.recordings, expected))
    assert 0 < n_kept < n_all
    for _ in range(2):
        with pytest.warns(UserWarning, match=f"{n_all - n_kept} of {n_all} windows are left out"):
            kept = prepare(study, cache=cache, segmenter=WINDOWS, keep=starts_low)
        assert [len(one) for one in kept.recordings] == [len(one) for one in expected if len(one)]
        for windows, other in zip(kept.recordings, filter(len, expected), strict=True):
            assert isinstance(windows, np.memmap)
            np.testing.assert_array_equal(windows, other)
    assert reads == ["p0", "p1"]
    again = prepare(study, cache=cache, segmenter=WINDOWS)
    assert values(again) == values(every), "other windows, other files"


def test_a_recording_without_windows_is_listed(study, cache):
    every = prepare(study, cache=cache, segmenter=WINDOWS)
    high = np.array([windows.mean() >= 0 for windows in every.recordings])
    assert 0 < high.sum() < 4
    with pytest.warns(UserWarning, match="has no window that `keep` keeps"):
        kept = prepare(study, cache=cache, segmenter=WINDOWS, keep=only_of_low_recordings)
    assert kept.fields["record"].tolist() == every.fields["record"][~high].tolist()
    assert [one.record for one in kept.left_out] == every.fields["record"][high].tolist()


def test_nothing_is_mapped_after_it_was_interrupted(study, cache, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prepared_person, "write_windows", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare(study, cache=cache, segmenter=WINDOWS, keep=starts_low)
    with pytest.warns(UserWarning, match="windows are left out"):
        kept = prepare(study, cache=cache, segmenter=WINDOWS, keep=starts_low)
    assert all(starts_low(windows, 256).all() for windows in kept.recordings)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"keep": starts_low}, ValueError, "keep is about windows: pass segmenter"),
        ({"keep": [True, False], "segmenter": WINDOWS}, TypeError, "keep must be a function"),
        ({"keep": lambda X, rate: X[:, 0] > 0, "segmenter": WINDOWS}, ValueError, "by the name of"),
        ({"keep": np.max, "segmenter": WINDOWS}, (ValueError, TypeError), "."),
    ],
)
def test_what_cannot_choose_windows_is_refused(study, cache, options, error, message):
    with pytest.raises(error, match=message):
        prepare(study, cache=cache, **options)
