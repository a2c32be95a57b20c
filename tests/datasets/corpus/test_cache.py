"""Prepared files in hard times: other processes, kills, copies, and settings that look alike."""

import errno
import multiprocessing
import os
import signal
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ecgssl.datasets import load_recordings, prepare, save_recordings
from sklearn_ecgssl.datasets.corpus import _person
from sklearn_ecgssl.datasets.corpus._recipe import Recipe
from sklearn_ecgssl.datasets.recordings_file._data_set import RecordingsFiles
from sklearn_ecgssl.formats import UnreadableFileError
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter

HIGH_PASS = ECGFilter(sampling_rate=256, high=None)
WINDOWS = Segmenter(sampling_rate=256, window_length=5)


def prepare_at_once(folder, cache, barrier, found, begins=0.0, reading=0.0):
    """Prepare in a process of its own, which begins late, and takes its time over each person."""
    read, apply = _person.read_person, Recipe.apply

    def slowly(function, seconds):
        def slow(*arguments):
            time.sleep(seconds)
            return function(*arguments)

        return slow

    if reading:
        _person.read_person, Recipe.apply = slowly(read, reading), slowly(apply, 0.1)
    barrier.wait()
    time.sleep(begins)
    data = prepare(load_recordings, folder, cache=cache, segmenter=WINDOWS, transformer=HIGH_PASS)
    found.put(data.subject.tolist())


@pytest.mark.parametrize("pace", [[(0, 0.1), (0.1, 0.25)], [(0, 0), (0, 0), (0.01, 0)]])
def test_processes_that_prepare_at_once_wait_for_each_other(folder, tmp_path, pace):
    """In the first case one would be deleting a person when the other returns everybody."""
    fork = multiprocessing.get_context("fork")
    barrier, found = fork.Barrier(len(pace)), fork.Queue()
    processes = [
        fork.Process(target=prepare_at_once, args=(folder, tmp_path, barrier, found, *one))
        for one in pace
    ]
    for process in processes:
        process.start()
    subjects = [found.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert subjects == [["p0", "p0", "p1", "p1"]] * len(pace)


def test_another_process_was_faster(folder, tmp_path, reads, monkeypatch):
    """What it made while this one waited is not made again."""
    original = _person.waited_for

    def wait(file):
        monkeypatch.setattr(_person, "waited_for", original)
        prepare(load_recordings, folder, cache=tmp_path)
        return original(file)

    monkeypatch.setattr(_person, "waited_for", wait)
    prepare(load_recordings, folder, cache=tmp_path)
    assert reads == ["p0", "p1"]


@pytest.mark.parametrize("windows", [False, True])
def test_nobody_is_missing_without_a_word(folder, tmp_path, monkeypatch, windows):
    """Where another process puts other files into the cache before they are returned."""
    original = _person.read_file

    def read(path):
        file = original(path)
        if reads:
            file.fs = file.fs[:1]
        return file

    reads = []
    monkeypatch.setattr(_person, "read_file", read)
    monkeypatch.setattr(_person.Person, "_found", lambda *_: None)
    real = _person.Person.recordings

    def recordings(self, segmenter, prepared):
        if windows:
            next(self.folder.glob(f"{self.name}.windows-*")).unlink()
        else:
            reads.append(1)
        return real(self, segmenter, prepared)

    monkeypatch.setattr(_person.Person, "recordings", recordings)
    with pytest.raises(RuntimeError, match=r"npz has changed since it was prepared: .* Call again"):
        prepare(load_recordings, folder, cache=tmp_path, segmenter=WINDOWS if windows else None)


def test_who_cannot_be_read_now_is_not_taken_from_the_cache(folder, tmp_path, monkeypatch):
    prepare(load_recordings, folder, cache=tmp_path)
    original = RecordingsFiles.sources

    def sources(self, subject):
        if subject == "p1":
            raise ConnectionError("no network")
        return original(self, subject)

    monkeypatch.setattr(RecordingsFiles, "sources", sources)
    with pytest.warns(UserWarning, match="1 left out: p1 cannot be read: no network"):
        data = prepare(load_recordings, folder, cache=tmp_path, on_error="warn")
    assert data.subject.tolist() == ["p0", "p0"]


def test_windows_of_former_recordings_are_gone(folder, tmp_path):
    """A copy of the cache has new times: old windows must not pass for those of today."""
    data = prepare(load_recordings, folder, cache=tmp_path, segmenter=WINDOWS)
    os.utime(folder / "p0.npz", (1, 1))
    prepare(load_recordings, folder, cache=tmp_path)
    assert [path.name[:2] for path in data.folder.glob("*.windows-*")] == ["p1"]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04" + bytes(100)])
def test_windows_that_are_none_are_written_again(folder, tmp_path, content):
    data = prepare(load_recordings, folder, cache=tmp_path, segmenter=WINDOWS)
    next(data.folder.glob("p0.windows-*")).write_bytes(content)
    again = prepare(load_recordings, folder, cache=tmp_path, segmenter=WINDOWS)
    assert [len(windows) for windows in again.recordings] == [
        len(windows) for windows in data.recordings
    ]


def test_windows_that_cannot_be_opened_are_not_left_away(folder, tmp_path, monkeypatch):
    prepare(load_recordings, folder, cache=tmp_path, segmenter=WINDOWS)

    def refuse(*_, **__):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(np.lib.format, "open_memmap", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        prepare(load_recordings, folder, cache=tmp_path, segmenter=WINDOWS)


def test_long_arrays_of_values_are_told_apart(tmp_path):
    """The repr of a long array says the same of many."""
    signal = np.sin(np.arange(300) / 20)
    records = [f"r{i}" for i in range(1500)]
    path = save_recordings(tmp_path / "a.npz", [signal] * 1500, 256, ["a"] * 1500, record=records)
    first = np.array(records[:1200])
    second = np.where(np.arange(1200) == 600, "r1400", first)
    assert repr(first) == repr(second)
    for wanted in (first, second):
        data = prepare(load_recordings, path, cache=tmp_path / "c", where={"record": wanted})
        assert set(data.fields["record"]) == set(wanted)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ({"sex": {"f", "m", "x"}}, {"sex": {"x", "m", "f"}}),
        ({"sex": "f", "age": 30}, {"age": np.int64(30), "sex": np.array(["f"])[0]}),
    ],
)
def test_equal_values_are_known_again(folder, tmp_path, reads, one, same):
    prepare(load_recordings, folder, cache=tmp_path, where=one)
    n_read = len(reads)
    prepare(load_recordings, folder, cache=tmp_path, where=same)
    assert len(reads) == n_read


def test_people_without_a_wanted_recording_are_not_left_out(folder, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = prepare(load_recordings, folder, cache=tmp_path, where={"subject": "p1"})
    assert data.subject.tolist() == ["p1", "p1"]
    assert data.left_out == []
    with pytest.raises(ValueError, match=r"No recording of .*study is left with where=\{'sex'"):
        prepare(load_recordings, folder, cache=tmp_path, where={"sex": "x"})


def test_files_that_name_their_classes_differently(folder, tmp_path):
    prepare(load_recordings, folder, cache=tmp_path)
    signal = np.sin(np.arange(3000) / 20)
    save_recordings(
        folder / "p2.npz", [signal], 500, ["p2"], target=[0], target_names=["stress", "rest"]
    )
    with pytest.raises(UnreadableFileError, match=r"p2.npz and p0.npz differ in the target_names"):
        prepare(load_recordings, folder, cache=tmp_path)
    (folder / "p2.npz").rename(folder / "a.npz")  # the first, when the others are prepared
    with pytest.raises(UnreadableFileError, match=r"p0.npz and a.npz differ in the target_names"):
        prepare(load_recordings, folder, cache=tmp_path)


def test_file_that_changes_while_it_is_read(folder):
    """Its content of before must not be kept under its time of now."""
    data_set = RecordingsFiles(folder / "p0.npz")
    before = next(data_set.trials("p0")).ecg["ECG"]
    file = load_recordings(folder / "p0.npz")
    changed = [-one for one in file.recordings]
    save_recordings(
        folder / "p0.npz", changed, 500, file.subject, target=file.target,
        target_names=file.target_names,
    )  # fmt: skip
    np.testing.assert_allclose(next(data_set.trials("p0")).ecg["ECG"], -before, atol=1e-3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"segmenter": Segmenter(128)}, "segmenter has sampling_rate=128, .* are at 256 Hz"),
        ({"transformer": ECGFilter(128)}, "transformer has sampling_rate=128"),
        (
            {"transformer": make_pipeline(Resampler(original_rate=256, sampling_rate=128))},
            "transformer has resampler__sampling_rate=128, .* To resample, pass sampling_rate",
        ),
        ({"sampling_rate": None, "segmenter": Segmenter(256)}, "p0.* has sampling_rate=256, .*500"),
        ({"sampling_rate": None, "transformer": ECGFilter(256)}, "study, p0: transformer has"),
    ],
)
def test_steps_for_another_sampling_rate(folder, tmp_path, parameters, message):
    with pytest.raises(ValueError, match=message):
        prepare(load_recordings, folder, cache=tmp_path, **parameters)


def test_functions_are_no_transformers(folder, tmp_path):
    with pytest.raises(TypeError, match=r"transformer must be known again .* class of your own"):
        prepare(
            load_recordings, folder, cache=tmp_path, transformer=FunctionTransformer(np.negative)
        )


def test_killed_at_any_time(folder, tmp_path):
    """Whatever a killed process leaves, the next one has everything."""
    settings = {"segmenter": WINDOWS, "transformer": HIGH_PASS}
    expected = prepare(load_recordings, folder, cache=tmp_path / "whole", **settings)
    fork = multiprocessing.get_context("fork")
    random = np.random.default_rng(0)
    for _ in range(15):
        barrier, found = fork.Barrier(2), fork.Queue()
        arguments = (folder, tmp_path / "killed", barrier, found)
        process = fork.Process(target=prepare_at_once, args=arguments)
        process.start()
        barrier.wait()
        process.join(random.uniform(0, 0.1))
        process.kill()
        process.join()
    data = prepare(load_recordings, folder, cache=tmp_path / "killed", **settings)
    assert data.subject.tolist() == expected.subject.tolist()
    for windows, others in zip(data.recordings, expected.recordings, strict=True):
        np.testing.assert_array_equal(windows, others)


def test_full_disk_names_the_file(folder, tmp_path):
    resource = pytest.importorskip("resource")

    def prepare_with_little_room(found):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            prepare(load_recordings, folder, cache=tmp_path)
        except OSError as error:
            found.put((error.errno, str(error)))

    fork = multiprocessing.get_context("fork")
    found = fork.Queue()
    process = fork.Process(target=prepare_with_little_room, args=(found,))
    process.start()
    number, message = found.get(timeout=60)
    process.join()
    assert number == errno.EFBIG
    assert "make room and call again" in message
    assert "p0.npz" in message
    assert [path for path in tmp_path.rglob("p?.npz") if path.parent != folder] == []


def test_units_of_recordings_are_kept(folder, tmp_path, monkeypatch):
    original = RecordingsFiles.trials

    def trials(self, subject):
        for trial in original(self, subject):
            yield replace(trial, unit="V" if subject == "p1" else "")

    monkeypatch.setattr(RecordingsFiles, "trials", trials)
    for _ in range(2):
        options = {"cache": tmp_path, "scale": None}
        assert prepare(load_recordings, folder, **options).unit == "mixed"
        assert prepare(load_recordings, folder, **options, subjects=["p1"]).unit == "V"
        assert prepare(load_recordings, folder, **options, subjects=["p0"]).unit == "mV"
