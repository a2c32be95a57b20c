"""What every data set does, the user's own among them."""

import json
import pickle
import re
import shutil

import numpy as np
import pytest
from joblib import parallel_config

from sklearn_ecgssl import UnreadableFileError, datasets
from sklearn_ecgssl.datasets import (
    Condition,
    LeftOut,
    _prepared_person as prepared_person,
    available,
    concatenate,
    load_recordings,
    prepare,
)
from tests.datasets import golden
from tests.datasets.sets import TINY

pytestmark = pytest.mark.filterwarnings("ignore:.*left out")


@pytest.fixture(scope="module", params=TINY)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def tiny(name):
    return TINY[name]


@pytest.fixture(scope="module")
def folder(name, tiny, tmp_path_factory):
    """The data set's folder, which is not changed."""
    folder = tmp_path_factory.mktemp(name)
    tiny.write(folder)
    return folder


@pytest.fixture(scope="module")
def data(tiny, folder):
    return tiny.make(folder).load()


def keys(data):
    return list(zip(data.fields["record"], data.fields["lead"], strict=True))


def assert_same(one, other):
    assert one.keys() - {"folder"} == other.keys() - {"folder"}
    for a, b in zip(one.recordings, other.recordings, strict=True):
        np.testing.assert_array_equal(a, b)
    for field, values in one.fields.items():
        np.testing.assert_array_equal(values, other.fields[field])
    for key in ("subject", "target", "sampling_rate", "target_names", "threshold", "unit"):
        np.testing.assert_array_equal(one[key], other[key])
    assert one.left_out == other.left_out


def test_every_data_set_is_tried():
    classes = {type_.__name__ for type_ in available().values()}
    assert classes | {"Study"} == {tiny.class_name for tiny in TINY.values()}
    functions = {name for name in datasets.__all__ if name.startswith(("load_", "fetch_"))}
    assert {tiny.function for tiny in TINY.values()} >= functions
    assert set(golden.CASES) == set(TINY) - {"own"}
    assert {path.stem for path in golden.FOLDER.iterdir()} == set(golden.CASES)


@pytest.mark.parametrize("case", golden.CASES)
def test_as_recorded(case):
    found = golden.load(case)
    expected = json.loads((golden.FOLDER / f"{case}.json").read_text(encoding="utf-8"))
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        if key in ("mean", "std", "first", "last"):
            np.testing.assert_allclose(found[key], values, rtol=1e-5, atol=1e-7, err_msg=key)
        else:
            np.testing.assert_equal(found[key], values, key)


def test_bunch(data):
    n = len(data.recordings)
    for recording in data.recordings:
        assert recording.dtype == np.float32
        assert recording.ndim == 1
        assert recording.base is None  # a view would keep a whole file
        assert np.isfinite(recording).all()
        assert np.ptp(recording) > 0
    assert data.subject.shape == (n,)
    assert data.subject.dtype.kind == "U"
    assert np.broadcast_to(data.sampling_rate, n).min() > 0
    assert all(values.shape == (n,) for values in data.fields.values())
    assert len(set(keys(data))) == n
    assert data.target is None or len(data.target) == n
    assert isinstance(data.unit, str)
    assert all(isinstance(one, LeftOut) for one in data.left_out)


def test_subjects(tiny, folder, data):
    one = tiny.make(folder)
    people = list(dict.fromkeys(data.subject.tolist()))
    assert len(people) > 1
    assert [person for person in one.subjects() if person in people] == people
    for asked in (people[-1], people[-1:], np.array(people[-1:])):
        some = one.load(subjects=asked)
        assert set(some.subject) == {people[-1]}
        mine = np.flatnonzero(data.subject == people[-1])
        np.testing.assert_array_equal(some.recordings[0], data.recordings[mine[0]])
    for wrong in (["Nobody"], []):
        with pytest.raises(ValueError, match=f"subjects=.*It has .*{people[0]}"):
            one.load(subjects=wrong)
    assert all(path.exists() for path in one.sources(people[0]))


def test_leads(tiny, folder, data):
    one = tiny.make(folder)
    with pytest.raises(ValueError, match="leads='toe'|no lead 'toe'"):
        one.load(leads="toe")
    usual = dict(zip(keys(data), data.recordings, strict=True))
    for leads in (one.leads[::-1], list(dict.fromkeys(data.fields["lead"]))):
        if leads:
            some = one.load(leads=leads)
            assert list(dict.fromkeys(some.fields["lead"]))[: len(leads)] == list(leads)
            assert set(keys(some)) >= {key for key in usual if key[1] in leads}
            for key, recording in zip(keys(some), some.recordings, strict=True):
                np.testing.assert_array_equal(recording, usual.get(key, recording))


def test_attributes(tiny, folder):
    one = tiny.make(folder)
    person = tiny.subject or None
    for name, attribute in one.attributes.items():
        data = one.load(attribute=name, subjects=person)
        values = data.fields[attribute.field]
        if isinstance(attribute, Condition):
            assert list(data.target_names) == list(attribute.classes)
            for label, value in zip(data.target, values, strict=True):
                assert value in attribute.classes[data.target_names[label]]
        elif values.dtype.kind == "f":
            np.testing.assert_array_equal(data.target, values)
            for binarize, threshold in (("median", np.median(values)), (3, 3.0)):
                binary = one.load(attribute=name, subjects=person, binarize=binarize)
                assert binary.threshold == threshold
                assert binary.target_names == ["low", "high"]
                assert binary.target.tolist() == (values > threshold).astype(int).tolist()
        elif data.target_names:
            found = np.array(data.target_names)[data.target]
            assert len(set(zip(found, values, strict=True))) == len(set(values))
    with pytest.raises(ValueError, match="attribute of .* must be one of .*, got 'mood'"):
        one.load(attribute="mood")
    data = one.load(attribute=None)
    if one.attributes:
        assert data.target.columns.tolist() == list(data.fields)
        assert len(data.target) == len(data.recordings)
    else:
        assert data.target is None


def test_the_same_however_it_is_loaded(tiny, folder, data, monkeypatch):
    """From the home folder, in another process, several people at once, by the function."""
    monkeypatch.setenv("HOME", str(folder.parent))
    one = tiny.make(f"~/{folder.name}")
    one.subjects()
    with parallel_config("threading"):  # starts at once
        assert_same(pickle.loads(pickle.dumps(one)).load(n_jobs=2), data)
    if tiny.class_name in ("RecordingsFiles", "Study"):
        return
    assert_same(tiny.load(folder), data)
    recordings, target = tiny.load(folder, return_X_y=True)
    assert len(recordings) == len(data.recordings)
    np.testing.assert_array_equal(target, data.target)
    with pytest.raises(TypeError, match="mood"):
        tiny.load(folder, mood=3)


@pytest.mark.parametrize("place", ["empty", "missing"])
def test_nothing_there(tiny, tmp_path, place):
    (tmp_path / "empty").mkdir()
    if tiny.class_name == "Study":
        return
    says = r"Looked for \S|lacks SHA256SUMS\.txt.*download_if_missing|[Nn]o .*\.npz file|no .*miss"
    with pytest.raises(FileNotFoundError, match=says) as error:
        tiny.make(tmp_path / place).load()
    assert place in str(error.value)


def cut_off(folder, pattern, copied):
    """Cut a file off in the middle, in a copy of the folder."""
    shutil.copytree(folder, copied)
    (path,) = copied.glob(pattern)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def test_damaged_file_of_somebody(tiny, folder, data, tmp_path):
    if not tiny.file:
        return
    copied = tmp_path / "copied"
    path = cut_off(folder, tiny.file, copied)
    # What was downloaded has a checksum, and is asked for again.
    error = UnreadableFileError if tiny.place == "path" else FileNotFoundError
    with pytest.raises(error, match=re.escape(path.name)):
        tiny.make(copied).load()
    if not tiny.subject:
        return  # it is of several people, and nobody knows of whom
    says = rf"{tiny.subject} cannot be read: (?!\w*Error:).*{path.name}"
    with pytest.warns(UserWarning, match=says):
        rest = tiny.make(copied).load(on_error="warn")
    assert set(rest.subject) == set(data.subject) - {tiny.subject}
    prepared = prepare(tiny.make(copied), cache=tmp_path, on_error="warn")
    assert prepared.subject.tolist() == rest.subject.tolist()
    assert tiny.subject in {one.subject for one in rest.left_out}
    assert tiny.make(copied).load(subjects=rest.subject[:1]).recordings


@pytest.mark.parametrize(
    ("case", "file"),
    [
        ("amigos-raw", "*/Data_Preprocessed_P12.mat"),
        ("ascertain", "*/Dt_SelfReports.mat"),
        ("ascertain", "*/ECG_quality.csv"),
        ("swell", "Behavioral*.xlsx"),
        ("wesad", "S10/S10_quest.csv"),
    ],
)
def test_damaged_table_of_labels(case, file, tmp_path):
    TINY[case].write(tmp_path / "whole")
    path = cut_off(tmp_path / "whole", file, tmp_path / "copied")
    with pytest.raises(UnreadableFileError, match=re.escape(path.name)):
        TINY[case].make(tmp_path / "copied").load()


def test_prepared_is_what_is_loaded(tiny, folder, data, tmp_path, monkeypatch):
    how = {"cache": tmp_path / "cache", "sampling_rate": None, "scale": None}
    found = prepare(tiny.make(folder), **how)
    for recording, other in zip(found.recordings, data.recordings, strict=True):
        assert recording.dtype == np.float32
        step = np.ptp(other) / 131068 + 1e-6 * np.abs(other).max()
        np.testing.assert_allclose(recording, other, rtol=1e-6, atol=step)
    for name, values in data.fields.items():
        np.testing.assert_array_equal(found.fields[name], values)
    for name in ("subject", "target_names", "sampling_rate", "unit", "name"):
        np.testing.assert_array_equal(found[name], data[name])
    if np.ndim(data.target) < 2:  # else it is the fields
        np.testing.assert_array_equal(found.target, data.target)
    assert [str(one) for one in found.left_out] == [str(one) for one in data.left_out]
    assert load_recordings(found.folder).unit == data.unit  # the cache is of recordings files
    monkeypatch.setattr(prepared_person, "read_person", None)
    assert_same(prepare(tiny.make(folder), **how), found)


def test_joined(data):
    corpus = concatenate({"a": data, "b": data}, sampling_rate=100, scale=None)
    assert len(corpus.recordings) == 2 * len(data.recordings)
    assert set(corpus.fields["overlaps"]) == {"a", "b"}
    assert len(set(corpus.subject)) == len(set(data.subject))
