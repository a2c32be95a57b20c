"""Loading recordings: choices, folders, bad files, real files."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from sklearn_ecgssl.datasets import load_recordings, save_recordings
from sklearn_ecgssl.datasets.recordings_file import _layout as recordings_file


@pytest.fixture
def arrays():
    """The arrays of a right file of four recordings."""
    return {
        "ecg": np.arange(100, dtype=np.int16),
        "start": np.array([0, 10, 40, 70, 100]),
        "scale": np.full(4, 0.5, dtype=np.float32),
        "offset": np.arange(4, dtype=np.float32),
        "fs": np.full(4, 250.0),
        "subject": np.array(["ann", "ann", "bob", "cyd"]),
        "record": np.array(["a1", "a2", "b1", "c1"]),
        "condition": np.array(["rest", "task", "rest", "task"]),
        "label": np.array([0, 1, 0, 1]),
        "ok": np.array([True, True, True, False]),
        "age": np.array([20.5, 20.5, 31.0, 44.0]),
        "unit": np.array("mV"),
        "meta": np.array(json.dumps({"lead": "II"})),
        "beat_sample": np.arange(13),
    }


@pytest.fixture
def write(tmp_path, arrays):
    """Write the right file with changes; None takes an array away."""

    def write(name="data.npz", **changes):
        path = tmp_path / name
        content = {key: value for key, value in (arrays | changes).items() if value is not None}
        np.savez(path, **content)
        return path

    return write


# Choices when loading


def test_layout(write):
    data = load_recordings(write())
    assert [recording[0] for recording in data.recordings] == [0.0, 6.0, 22.0, 38.0]
    assert [len(recording) for recording in data.recordings] == [10, 30, 30, 30]
    assert data.target.tolist() == [0, 1, 0, 1]  # of "label"
    assert data.target_names == ["0", "1"]
    assert list(data.fields) == ["record", "condition", "label", "ok", "age"]
    assert data.meta == {"lead": "II"}


def test_optional_arrays(write):
    data = load_recordings(write(record=None, unit=None, meta=None, label=None))
    assert data.fields["record"].tolist() == ["0", "1", "2", "3"]
    assert (data.unit, data.meta, data.target) == ("mV", {}, None)


def test_target_of_strings(write):
    data = load_recordings(write(), target="condition")
    assert data.target.tolist() == [0, 1, 0, 1]
    assert data.target_names == ["rest", "task"]
    one = load_recordings(write(), target="condition", where={"condition": "task"})
    assert one.target.tolist() == [1, 1]
    assert one.target_names == ["rest", "task"]


def test_target_of_other_kinds(write):
    assert load_recordings(write(), target=None).target is None
    floats = load_recordings(write(), target="age")
    assert floats.target.tolist() == [20.5, 20.5, 31.0, 44.0]
    assert floats.target_names is None
    booleans = load_recordings(write(), target="ok")
    assert booleans.target.tolist() == [1, 1, 1, 0]
    assert booleans.target_names == ["False", "True"]
    ratings = load_recordings(write(target=np.array([3, 9, 3, 5])))
    assert ratings.target.tolist() == [3, 9, 3, 5]
    assert ratings.target_names is None


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({"ok": True}, ["a1", "a2", "b1"]),
        ({"ok": True, "condition": "rest"}, ["a1", "b1"]),
        ({"record": ["c1", "a2"]}, ["a2", "c1"]),
        ({"record": {"c1", "a2"}}, ["a2", "c1"]),
        ({"subject": np.array(["bob"])}, ["b1"]),
        ({"fs": 250}, ["a1", "a2", "b1", "c1"]),
        ({}, ["a1", "a2", "b1", "c1"]),
    ],
)
def test_where(write, where, kept):
    data = load_recordings(write(), where=where)
    assert data.fields["record"].tolist() == kept
    assert len(data.recordings) == len(data.subject) == len(data.target) == len(kept)
    lengths = {"a1": 10, "a2": 30, "b1": 30, "c1": 30}
    assert [len(recording) for recording in data.recordings] == [lengths[name] for name in kept]


def test_complete_subjects(write):
    data = load_recordings(write(), complete_subjects=True)
    assert data.subject.tolist() == ["ann", "ann"]
    # After `where`, ann has lost a condition.
    usable = np.array([True, False, True, True])
    path = write(ok=usable, subject=np.array(["ann", "ann", "bob", "bob"]))
    data = load_recordings(path, where={"ok": True}, complete_subjects=True)
    assert data.fields["record"].tolist() == ["b1", "c1"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"target": "mood"}, ValueError, "no field 'mood'. Fields: record, condition, label"),
        ({"where": {"mood": 1}}, ValueError, "no field 'mood'. Fields: age, condition"),
        ({"where": "ok"}, TypeError, "where must be a mapping"),
        ({"where": {"condition": "sleep"}}, ValueError, "No recording of .* is left of 4"),
        ({"target": None, "complete_subjects": True}, ValueError, "needs a target of classes"),
        ({"target": "age", "complete_subjects": True}, ValueError, "needs a target of classes"),
    ],
)
def test_bad_choice(write, options, error, message):
    with pytest.raises(error, match=message):
        load_recordings(write(), **options)


# Folders


def test_folder(write, tmp_path):
    other = np.arange(100, 200, dtype=np.int16)
    write("b.npz", ecg=other, fs=np.full(4, 500.0), age=None, subject=np.arange(4))
    write("a.npz")
    (tmp_path / "._a.npz").write_bytes(b"what some systems leave behind")
    (tmp_path / "notes.txt").write_text("not ours")
    data = load_recordings(tmp_path)
    firsts = [0.0, 6.0, 22.0, 38.0]
    assert [recording[0] for recording in data.recordings] == firsts + [x + 50 for x in firsts]
    assert data.sampling_rate.tolist() == [250.0] * 4 + [500.0] * 4
    assert data.subject.tolist() == ["ann", "ann", "bob", "cyd", "0", "1", "2", "3"]
    assert list(data.fields) == ["record", "condition", "label", "ok", "file"]
    assert data.fields["file"].tolist() == ["a"] * 4 + ["b"] * 4
    assert data.meta == {"a": {"lead": "II"}, "b": {"lead": "II"}}
    assert load_recordings(tmp_path, where={"file": "b"}).sampling_rate == 500.0


def test_folder_without_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no \.npz file in the folder"):
        load_recordings(tmp_path)


def test_folder_that_disagrees(write, tmp_path):
    write("a.npz")
    write("b.npz", unit=np.array("uV"))
    with pytest.raises(ValueError, match=r"a\.npz is in mV and b\.npz in uV"):
        load_recordings(tmp_path)
    meta = np.array(json.dumps({"target_names": ["x", "y"]}))
    write("a.npz", target=np.array([0, 1, 0, 1]), meta=meta)
    write("b.npz", target=np.array([0, 1, 0, 1]))
    with pytest.raises(ValueError, match="differ in the target_names"):
        load_recordings(tmp_path)


def test_files_of_one_class_each_share_names(tmp_path):
    for k in range(2):
        save_recordings(
            tmp_path / f"{k}.npz", [[0.0, 1.0]], 250, [0], target=[k], target_names=["x", "y"]
        )
    data = load_recordings(tmp_path, complete_subjects=True)
    assert data.target.tolist() == [0, 1]
    assert data.target_names == ["x", "y"]


# Bad files


def test_missing_file_names_what_is_around(write, tmp_path):
    write("right.npz")
    with pytest.raises(FileNotFoundError, match=r"no .*wrong\.npz.*there are: right\.npz"):
        load_recordings(tmp_path / "wrong.npz")
    with pytest.raises(FileNotFoundError, match=r"no folder .* either"):
        load_recordings(tmp_path / "no" / "wrong.npz")


@pytest.mark.parametrize("name", recordings_file.REQUIRED)
def test_missing_array_is_named(write, name):
    with pytest.raises(ValueError, match=f"lacks '{name}'. It needs ecg, start, scale, offset, fs"):
        load_recordings(write(**{name: None}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": [0, 40, 10, 70, 100]}, "recording 1 goes from 40 to 10"),
        ({"start": [0, 10, 10, 70, 100]}, "recording 1 goes from 10 to 10"),
        ({"start": [-5, 10, 40, 70, 100]}, "outside of 'ecg', which has 100 samples"),
        ({"start": [0, 10, 40, 70, 101]}, "outside of 'ecg', which has 100 samples"),
        ({"start": np.array([0, 40, 10, 70, 99], dtype=np.uint64)}, "from 40 to 10"),
        ({"start": [0.0, 10, 40, 70, 100]}, "'start' must be a 1-D array of n . 1 integers"),
        ({"start": [0]}, "'start' must be a 1-D array"),
        ({"start": [[0, 1]]}, "'start' must be a 1-D array"),
        ({"ecg": np.zeros((10, 10))}, "'ecg' must be a 1-D array of numbers"),
        ({"ecg": np.full(100, "x")}, "'ecg' must be a 1-D array of numbers"),
        ({"scale": np.ones(3)}, r"'scale' has shape \(3,\), not \(4,\)"),
        ({"scale": np.full(4, np.nan)}, "'scale' must hold finite numbers"),
        ({"offset": np.array(1.0)}, r"'offset' has shape \(\)"),
        ({"offset": np.full(4, "x")}, "'offset' must hold finite numbers"),
        ({"fs": np.full(4, 0)}, "sampling rates above 0 Hz"),
        ({"subject": np.arange(5)}, r"'subject' has shape \(5,\)"),
        ({"record": np.arange(5)}, r"'record' has shape \(5,\)"),
        ({"meta": np.array("{lead")}, "'meta' is not JSON"),
        ({"meta": np.array("[1]")}, "'meta' must be a JSON object"),
        (
            {
                "target": np.array([0, 1, 2, 0]),
                "meta": np.array(json.dumps({"target_names": ["x", "y"]})),
            },
            "no index into the target_names",
        ),
    ],
)
def test_contradiction_is_named(write, changes, message):
    changes = {name: np.asarray(value) for name, value in changes.items()}
    with pytest.raises(ValueError, match=message) as caught:
        load_recordings(write(**changes))
    assert "data.npz" in str(caught.value)


def test_nothing_is_unpickled(tmp_path, write):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    path = write(condition=np.array([Bomb()] * 4, dtype=object))
    with pytest.raises(ValueError, match=r"cannot be read as a recordings file.*is a pickle"):
        load_recordings(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x80\x04pickle", b"PK\x03\x04", None])
def test_not_an_archive(tmp_path, content):
    path = tmp_path / "bad.npz"
    if content is None:
        with open(path, "wb") as stream:
            np.save(stream, np.arange(4))
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.npz cannot be read as a recordings file"):
        load_recordings(path)


def test_damaged_archives(tmp_path):
    """Cut at many places and with a byte changed at many: an error with the name, or the data."""
    good = save_recordings(
        tmp_path / "good.npz", [np.sin(np.arange(3000.0))], 250, [0], target=[1]
    ).read_bytes()
    path = tmp_path / "bad.npz"
    for length in np.linspace(1, len(good) - 1, 40).astype(int):
        path.write_bytes(good[:length])
        with pytest.raises(ValueError, match=r"bad\.npz cannot be read"):
            load_recordings(path)
    rng = np.random.RandomState(0)
    messages = []
    for place in rng.randint(len(good), size=150):
        changed = bytearray(good)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        try:
            load_recordings(path)
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > 75
    assert all("bad.npz" in message for message in messages)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        load_recordings(tmp_path / "pipe.npz")


# Real files


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    ["eegmat_ecg", "ecgid", "ludb_leadII", "nstdb_noise", "drivedb_drive17", "qtdb", "mitdb"],
)
def test_real_files_as_the_obvious_reading(shared_data, name):
    path = shared_data / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"no {path}")
    where = {"qtdb": {"origin_db": "mitdb"}, "mitdb": {"record": ["100", "234"]}}.get(name)
    data = load_recordings(path, where=where)
    with np.load(path, allow_pickle=False) as archive:
        z = {key: archive[key] for key in archive.files}
    n = len(z["fs"])
    rows = np.arange(n)
    if where:
        (field, values), *_ = where.items()
        rows = np.flatnonzero(np.isin(z[field], values))
    assert len(data.recordings) == len(rows)
    for i, recording in zip(rows, data.recordings, strict=True):
        counts = z["ecg"][z["start"][i] : z["start"][i + 1]]
        expected = counts.astype(np.float32) * z["scale"][i] + z["offset"][i]
        np.testing.assert_array_equal(recording, expected)
    assert data.subject.tolist() == z["subject"][rows].tolist()
    np.testing.assert_array_equal(np.broadcast_to(data.sampling_rate, len(rows)), z["fs"][rows])
    layout = {"ecg", "start", "scale", "offset", "fs", "subject", "unit", "meta"}
    labels = {key for key in z if key not in layout and z[key].shape == (n,)}
    assert set(data.fields) == labels
    for key in labels:
        np.testing.assert_array_equal(data.fields[key], z[key][rows])


@pytest.mark.real
def test_eegmat_as_the_demo_takes_it(shared_data):
    path = shared_data / "eegmat_ecg.npz"
    if not path.exists():
        pytest.skip(f"no {path}")
    data = load_recordings(path, where={"ecg_ok": True}, complete_subjects=True)
    assert len(data.recordings) == 64
    assert len(np.unique(data.subject)) == 32
    assert np.bincount(data.target).tolist() == [32, 32]
    assert data.sampling_rate == 500.0
    named = load_recordings(
        path, target="condition", where={"ecg_ok": True}, complete_subjects=True
    )
    assert named.target_names == ["mental_arithmetic", "rest"]
    assert named.target.tolist() == (1 - data.target).tolist()


def test_datasets_needs_no_torch():
    code = "import sys, sklearn_ecgssl.datasets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
