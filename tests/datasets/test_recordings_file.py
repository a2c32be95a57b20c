"""Recordings files: saved and loaded, whole or not at all, chosen from."""

import json
import os
import zipfile

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import RecordingsFiles, load_recordings, save_recordings

GOOD = {"recordings": [np.arange(9.0), np.arange(5.0)], "sampling_rate": 250, "subject": [0, 1]}


@pytest.mark.parametrize("magnitude", [1e-6, 1.0, 1e5])
def test_floats_come_back_within_half_a_step_of_16_bits(tmp_path, magnitude):
    rng = np.random.default_rng(0)
    signals = [magnitude * rng.normal(size=n) for n in (1, 2, 3000)]
    path = save_recordings(tmp_path / "r.npz", signals, 256, [0, 0, 1])
    for before, after in zip(signals, load_recordings(path).recordings, strict=True):
        bound = np.ptp(before) / 131068 + 6e-8 * np.abs(before).max()
        np.testing.assert_allclose(after, before, rtol=0, atol=1.001 * bound)
    with np.load(path) as archive:
        assert archive["ecg"].dtype == np.int16


@pytest.mark.parametrize("artefact", [40, 1e4, 1e6])
def test_an_artefact_of_two_samples_does_not_cost_the_rest_its_resolution(tmp_path, artefact):
    signal = np.random.default_rng(0).normal(size=3000)
    signal[1000:1002] = artefact, -artefact
    path = save_recordings(tmp_path / "r.npz", [signal], 256, [0])
    np.testing.assert_allclose(load_recordings(path).recordings[0], signal, rtol=1e-6, atol=2e-3)
    assert os.path.getsize(path) < 16_000


@pytest.mark.parametrize("scale", [None, 0.005, [0.005, 0.25, 2]])
def test_integers_are_kept_exactly(tmp_path, scale):
    counts = [np.array([-32768, 0, 32767], np.int16), np.array([5, 6]), np.zeros(7, int)]
    path = save_recordings(tmp_path / "r.npz", counts, 250, [0, 1, 1], scale=scale)
    factors = np.broadcast_to(1 if scale is None else scale, 3)
    found = load_recordings(path).recordings
    for after, before, factor in zip(found, counts, factors, strict=True):
        np.testing.assert_array_equal(after, (before * factor).astype(np.float32))
    odd = [[0, 10_000_000], [-40_000, 5], [3.25] * 7]
    path = save_recordings(tmp_path / "r.npz", odd, 250, [0, 1, 1])
    for after, before in zip(load_recordings(path).recordings, odd, strict=True):
        np.testing.assert_allclose(after, before, atol=1e-5 * np.ptp(before))


def test_everything_comes_back(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    fields = {"age": [20.5, 31.0], "is ok": [True, False], "sex": ["f", "m"], "file": [0, 1]}
    path = save_recordings(
        "~/study.npz",
        GOOD["recordings"],
        [256.0, 128.0],
        [0, 1],
        target=[1, 0],
        target_names=["rest", "stress"],
        record=["u", "v"],
        fields={**fields, "sex": np.array(fields["sex"], object)},
        unit="uV",
        meta={"lead": "V5"},
    )
    assert path == tmp_path / "study.npz"
    data = load_recordings("~/study.npz")
    assert (data.target.tolist(), data.target_names) == ([1, 0], ["rest", "stress"])
    assert (data.subject.tolist(), data.sampling_rate.tolist()) == ([0, 1], [256.0, 128.0])
    assert (data.unit, data.meta["lead"]) == ("uV", "V5")
    found = {name: values.tolist() for name, values in data.fields.items()}
    assert found == {"record": ["u", "v"], "target": [1, 0], **fields}
    assert "2 recordings of 2 subjects" in data.DESCR


def test_same_recordings_same_bytes_at_any_time(tmp_path):
    paths = [save_recordings(tmp_path / name, **GOOD) for name in ("a.npz", "b.npz")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert zipfile.ZipFile(paths[0]).infolist()[0].date_time[0] == 1980


@pytest.mark.parametrize("stage", ["write_array", "replace"])
def test_failure_leaves_the_old_file(tmp_path, monkeypatch, stage):
    path = save_recordings(tmp_path / "r.npz", **GOOD)
    before = path.read_bytes()

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np.lib.format if stage == "write_array" else os, stage, fail)
    with pytest.raises(OSError, match="disk full"):
        save_recordings(path, [np.arange(99.0)], 250, [0])
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["r.npz"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recordings": [[1.0], []]}, r"recordings\[1\] must be a 1-D array of numbers"),
        ({"recordings": [[1.0], [1.0, np.nan]]}, r"recordings\[1\] has 1 samples"),
        ({"sampling_rate": 0}, "sampling_rate must be above 0"),
        ({"subject": [0]}, "subject must be 1-D with one entry for each of the 2 rec"),
        ({"target": [0, 1], "target_names": ["a"]}, "indices into the target_names"),
        ({"fields": {"a/b": [0, 1]}}, "'a/b' cannot be the name of a field"),
        ({"scale": 0.1}, r"recordings\[0\] is not integers"),
        ({"path": "r.dat"}, "path must be one of '.npz'"),
    ],
)
def test_bad_argument_is_named_and_nothing_written(tmp_path, change, message):
    arguments = GOOD | change
    path = tmp_path / arguments.pop("path", "r.npz")
    with pytest.raises(ValueError, match=message):
        save_recordings(path, **arguments)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def write(tmp_path):
    """Write a right file of four recordings with changes; None takes an array away."""
    right = {
        "ecg": np.arange(100, dtype=np.int16),
        "start": np.array([0, 10, 40, 70, 100]),
        "scale": np.full(4, 0.5, dtype=np.float32),
        "offset": np.arange(4, dtype=np.float32),
        "fs": np.full(4, 250.0),
        "subject": ["ann", "ann", "bob", "cyd"],
        "record": ["a1", "a2", "b1", "c1"],
        "condition": ["rest", "task", "rest", "task"],
        "label": [0, 1, 0, 1],
        "ok": [True, True, True, False],
        "age": [20.5, 20.5, 31.0, 44.0],
        "beat_sample": np.arange(13),
    }

    def write(name="data.npz", **changes):
        arrays = {key: value for key, value in (right | changes).items() if value is not None}
        np.savez(tmp_path / name, **arrays)
        return tmp_path / name

    return write


def test_what_a_file_need_not_have(write):
    data = load_recordings(write(record=None, label=None, odd=np.array([{}] * 4)))
    assert [recording[0] for recording in data.recordings] == [0.0, 6.0, 22.0, 38.0]
    assert list(data.fields) == ["record", "condition", "ok", "age"]
    assert data.fields["record"].tolist() == ["0", "1", "2", "3"]
    assert (data.unit, data.meta, data.target) == ("mV", {}, None)


@pytest.mark.parametrize(
    ("target", "values", "names"),
    [
        ("label", [0, 1, 0, 1], ["0", "1"]),
        ("condition", [0, 1, 0, 1], ["rest", "task"]),
        ("age", [20.5, 20.5, 31.0, 44.0], None),
        ("ok", [1, 1, 1, 0], ["False", "True"]),
        ("rating", [3, 9, 3, 5], None),
    ],
)
def test_targets(write, target, values, names):
    path = write(rating=[3, 9, 3, 5])
    data = load_recordings(path, target="auto" if target == "label" else target)
    assert data.target.tolist() == values
    assert data.target_names == names
    assert RecordingsFiles(path).load(attribute=target).target.tolist() == values
    assert load_recordings(path, target=None).target is None


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({"ok": True, "condition": "rest"}, {"a1": 10, "b1": 30}),
        ({"record": {"c1", "a2"}}, {"a2": 30, "c1": 30}),
        ({"subject": np.array(["bob"]), "fs": 250}, {"b1": 30}),
    ],
)
def test_where(write, where, kept):
    path = write()
    for data in (load_recordings(path, where=where), RecordingsFiles(path, where=where).load()):
        assert data.fields["record"].tolist() == list(kept)
        assert [len(recording) for recording in data.recordings] == list(kept.values())


def test_complete_subjects(write):
    assert load_recordings(write(), complete_subjects=True).subject.tolist() == ["ann", "ann"]
    path = write(ok=[True, False, True, True], subject=["ann", "ann", "bob", "bob"])
    data = load_recordings(path, where={"ok": True}, complete_subjects=True)
    assert data.fields["record"].tolist() == ["b1", "c1"]  # ann has lost a condition


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "mood"}, "target .* must be one of 'record', .*got 'mood'"),
        ({"where": {"mood": 1}}, "where: .* must be one of 'record', .*got 'mood'"),
        ({"where": {"condition": "sleep"}}, "No recording of .* is left"),
        ({"target": "age", "complete_subjects": True}, "needs a target of classes"),
    ],
)
def test_bad_choice(write, options, message):
    with pytest.raises(ValueError, match=message):
        load_recordings(write(), **options)
    if "complete_subjects" not in options:
        with pytest.raises(ValueError, match=message):
            RecordingsFiles(write(), **options).load()


def test_folder(write, tmp_path):
    meta = json.dumps({"lead": "II"})
    write("b.npz", fs=np.full(4, 500.0), age=None, subject=np.arange(4), meta=meta)
    write("a.npz")
    (tmp_path / "._a.npz").write_bytes(b"what some systems leave behind")
    data = load_recordings(tmp_path)
    assert data.sampling_rate.tolist() == [250.0] * 4 + [500.0] * 4
    assert data.subject.tolist() == ["ann", "ann", "bob", "cyd", "0", "1", "2", "3"]
    assert list(data.fields) == ["record", "condition", "label", "ok", "file"]
    assert data.meta == {"a": {}, "b": {"lead": "II"}}
    assert load_recordings(tmp_path, where={"file": "b"}).sampling_rate == 500.0
    write("b.npz", unit=np.array("uV"))
    for load in (load_recordings, lambda path: RecordingsFiles(path).load()):
        with pytest.raises(ValueError, match=r"a\.npz has {'unit': 'mV'.* b\.npz {'unit': 'uV'"):
            load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no .*wrong\.npz.*there are: .*a\.npz, b\.npz"):
        load_recordings(tmp_path / "wrong.npz")


@pytest.mark.parametrize(
    "changes",
    [
        {"ecg": None},
        {"subject": None},
        {"start": np.array([0, 40, 10, 70, 100])},
        {"start": np.array([0, 10, 40, 70, 101])},
        {"scale": np.ones(3)},
        {"meta": np.array("{lead")},
        {"subject": np.array([{}] * 4)},  # of objects, which would be unpickled
    ],
)
def test_contradictions(write, changes):
    with pytest.raises(UnreadableFileError, match=r"data\.npz"):
        load_recordings(write(**changes))
