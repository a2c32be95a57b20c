"""One corpus of several data sets, in which each person has one name."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_ecgssl.datasets import RecordingsFiles, concatenate, prepare, save_recordings
from sklearn_ecgssl.signal import Resampler, Segmenter, scale_subjects


def study(name, people, *, records=None, rate=250, seconds=12, **fields):
    """Make a data set of one recording for each of `people`."""
    rng = np.random.default_rng(ord((name or "a")[0]))
    walks = [rng.standard_normal(seconds * rate).cumsum().astype(np.float32) for _ in people]
    records = records or [f"{name}{i}" for i in range(len(people))]
    return Bunch(
        recordings=walks,
        subject=np.array(people),
        sampling_rate=float(rate),
        fields={"record": np.array(records), **fields},
        target=None,
        unit="mV",
        name=name,
        DESCR=f"Made up for {name}.",
    )


def test_resamples_and_scales_each_data_set():
    a, b = study("a", ["x", "x", "y"], rate=500), study("b", ["x"], rate=360)
    before = a.recordings[0].copy()
    corpus = concatenate([a, b])
    expected = [
        *scale_subjects(Resampler(original_rate=500).transform(a.recordings), a.subject),
        *scale_subjects(Resampler(original_rate=360).transform(b.recordings), b.subject),
    ]
    for recording, other in zip(corpus.recordings, expected, strict=True):
        np.testing.assert_array_equal(recording, other)
    np.testing.assert_array_equal(a.recordings[0], before)
    assert (corpus.sampling_rate, corpus.unit) == (256.0, "standard deviation")
    assert corpus.names == ["a", "b"]
    assert corpus.DESCR == "a: Made up for a.\n\nb: Made up for b."


def test_where_each_recording_is_from():
    a = study("a", ["x", "y"], rate=500, condition=np.array(["rest", "task"]))
    b = study("b", ["z"], age=np.array([33]))
    a.target, a.target_names = np.array([1, 0]), ["low", "high"]
    corpus = concatenate([a, b])
    fields = {name: values.tolist() for name, values in corpus.fields.items()}
    assert np.isnan(fields.pop("age")[:2]).all()
    assert fields == {
        "record": ["a0", "a1", "b0"],
        "data_set": ["a", "a", "b"],
        "original_subject": ["x", "y", "z"],
        "original_rate": [500.0, 500.0, 250.0],
        "condition": ["rest", "task", ""],
        "target": ["high", "low", ""],
        "overlaps": ["", "", ""],
    }
    assert corpus.subject.tolist() == ["a/x", "a/y", "b/z"]


@pytest.mark.parametrize("place", [None, 0, 7500, -1])
def test_equal_recordings_are_of_one_person(place):
    a, b = study("a", ["x", "y"], seconds=60), study("b", ["x", "q"], seconds=60)
    b.recordings[1] = a.recordings[0].copy()
    if place is not None:
        b.recordings[1][place] += 1
    corpus = concatenate([a, b])
    same = place is None
    assert corpus.subject.tolist() == ["a/x", "a/y", "b/x", "a/x" if same else "b/q"]
    assert corpus.fields["overlaps"].tolist() == (["b", "", "", "a"] if same else [""] * 4)


def test_flat_lines_are_not_of_one_person():
    a, b = study("a", ["x"]), study("b", ["p"])
    a.recordings = b.recordings = [np.zeros(3000, np.float32)]
    assert concatenate([a, b], scale=None).subject.tolist() == ["a/x", "b/p"]
    with pytest.raises(ValueError, match="^a, x: .*flat"):
        concatenate([a])


def test_same_person():
    sets = [study(name, ["1", "2"]) for name in "abc"]
    corpus = concatenate(sets, same_person=[("c/1", "b/2"), ("b/2", "a/1")])
    assert corpus.subject.tolist() == ["a/1", "a/2", "b/1", "a/1", "a/1", "c/2"]
    assert corpus.fields["overlaps"].tolist() == ["b,c", "", "", "a,c", "a,b", ""]
    with pytest.raises(ValueError, match="'a/z' is unknown"):
        concatenate(sets, same_person=[("a/1", "a/z")])
    with pytest.raises(ValueError, match=r"a name of its own, got \['a', 'a'\]"):
        concatenate(sets[:1] * 2)
    # Two leads of one data set are of the same people, whatever each is called.
    left, right = study("amigos", ["P01", "P02"]), study("amigos", ["P02", "P03"], seconds=9)
    corpus = concatenate({"left": left, "right": right})
    assert corpus.subject.tolist() == ["left/P01", "left/P02", "left/P02", "right/P03"]


def test_records_of_qtdb_that_are_of_mitdb_whatever_the_sets_are_called():
    names = ["sel100", "sel102", "sel301"]
    qtdb = study("qtdb", names, records=names)
    mitdb = study("mitdb", ["100", "102", "201"], records=["100", "102", "202"], rate=360)
    for sets in ([qtdb, mitdb], {"excerpts": qtdb, "whole": mitdb}):
        corpus = concatenate(sets)
        one, other = corpus.names
        assert corpus.fields["overlaps"].tolist() == [other, other, "", one, one, ""]
        people = ["sel100", "sel102", "sel301", "sel100", "sel102"]
        assert corpus.subject.tolist() == [f"{one}/{who}" for who in people] + [f"{other}/201"]


def test_what_is_prepared_stays_as_it_is(tmp_path):
    plain, windows = [], []
    for name in "ab":
        data = study(name, ["x", "y"])
        path = save_recordings(tmp_path / f"{name}.npz", data.recordings, 250, data.subject)
        plain.append(prepare(RecordingsFiles(path), cache=tmp_path))
        windows.append(prepare(RecordingsFiles(path), cache=tmp_path, segmenter=Segmenter(256)))
    corpus = concatenate([plain[0], study("c", ["x"])])
    np.testing.assert_array_equal(corpus.recordings[0], plain[0].recordings[0])
    assert corpus.fields["original_rate"].tolist() == [250.0] * 3
    corpus = concatenate(windows)
    assert [one.shape for one in corpus.recordings] == [(1, 2560)] * 4
    assert all(isinstance(one, np.memmap) for one in corpus.recordings)
    with pytest.raises(ValueError, match="must all hold recordings, or all windows of one length"):
        concatenate([windows[0], plain[1]])
    with pytest.raises(ValueError, match="a holds windows, .*prepare it with sampling_rate=128"):
        concatenate(windows, sampling_rate=128)


@pytest.mark.parametrize("units", [("mV", "counts"), ("mixed", "mixed")])
def test_units_that_differ_are_refused_unless_scaled(units):
    a, b = study("a", ["x"]), study("b", ["x"])
    assert concatenate([a, b], scale=None).unit == "mV"
    a.unit, b.unit = units
    says = rf"Units differ \(a in {units[0]}, b in {units[1]}\): pass scale="
    with pytest.raises(ValueError, match=says):
        concatenate([a, b], scale=None)
