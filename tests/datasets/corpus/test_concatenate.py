"""One corpus of several data sets."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_ecgssl.datasets import (
    concatenate,
    load_recordings,
    make_cohort,
    prepare,
    save_recordings,
)
from sklearn_ecgssl.signal import Resampler, Segmenter, scale_subjects


def study(name, people, *, records=None, rate=250, seed=0, seconds=12, **more):
    """Make a data set of one recording for each of `people`."""
    rng = np.random.default_rng(seed)
    walks = [rng.standard_normal(seconds * rate).cumsum().astype(np.float32) for _ in people]
    records = records or [f"{name}{i}" for i in range(len(people))]
    return Bunch(
        recordings=walks,
        subject=np.array(people),
        sampling_rate=float(rate),
        fields={"record": np.array(records), **more},
        target=None,
        unit="mV",
        name=name,
        DESCR=f"Made up for {name}.",
    )


def test_resamples_and_scales_each_data_set():
    a, b = study("a", ["x", "x", "y"], rate=500), study("b", ["x"], rate=360, seed=1)
    corpus = concatenate([a, b])
    expected = [
        *scale_subjects(Resampler(original_rate=500).transform(a.recordings), a.subject),
        *scale_subjects(Resampler(original_rate=360).transform(b.recordings), b.subject),
    ]
    for recording, other in zip(corpus.recordings, expected, strict=True):
        np.testing.assert_array_equal(recording, other)
    assert corpus.sampling_rate == 256.0
    assert corpus.unit == "standard deviation"
    assert corpus.target is None
    assert corpus.names == ["a", "b"]
    assert "Made up for a." in corpus.DESCR
    assert "Made up for b." in corpus.DESCR


def test_people_of_different_studies_are_different():
    corpus = concatenate([study("a", ["1", "2"]), study("b", ["1"], seed=1)])
    assert corpus.subject.tolist() == ["a/1", "a/2", "b/1"]
    assert corpus.fields["overlaps"].tolist() == ["", "", ""]


def test_records_of_one_name_are_no_overlap():
    """'rest' is a name that recordings of anyone have."""
    a = study("a", ["1", "2"], records=["rest", "rest"])
    b = study("b", ["1"], records=["rest"], seed=1)
    assert concatenate([a, b]).subject.tolist() == ["a/1", "a/2", "b/1"]


def test_where_each_recording_is_from():
    a = study("a", ["x", "y"], rate=500, condition=np.array(["rest", "task"]))
    b = study("b", ["z"], seed=1, age=np.array([33]))
    fields = {name: values.tolist() for name, values in concatenate([a, b]).fields.items()}
    assert np.isnan(fields.pop("age")[:2]).all()
    assert fields == {
        "record": ["a0", "a1", "b0"],
        "data_set": ["a", "a", "b"],
        "original_subject": ["x", "y", "z"],
        "original_rate": [500.0, 500.0, 250.0],
        "condition": ["rest", "task", ""],
        "overlaps": ["", "", ""],
    }


def test_targets_are_spelt_out():
    a, b = study("a", ["x", "y"]), study("b", ["z"], seed=1)
    a.target, a.target_names = np.array([1, 0]), ["rest", "stress"]
    assert concatenate([a, b]).fields["target"].tolist() == ["stress", "rest", ""]


def test_records_of_qtdb_that_are_of_mitdb():
    qtdb = study("qtdb", ["sel100", "sel301"], records=["sel100", "sel301"])
    mitdb = study("mitdb", ["100", "201", "201"], records=["100", "201", "202"], seed=1, rate=360)
    corpus = concatenate([qtdb, mitdb])
    assert corpus.subject.tolist()[:3] == ["qtdb/sel100", "qtdb/sel301", "qtdb/sel100"]
    assert corpus.fields["overlaps"].tolist() == ["mitdb", "", "qtdb", "", ""]
    assert concatenate([mitdb, qtdb]).subject.tolist()[3] == "mitdb/100"


def test_all_overlaps_of_the_files_at_hand(shared_data):
    qtdb = load_recordings(shared_data / "qtdb.npz")
    mitdb = load_recordings(shared_data / "mitdb.npz")
    for data in (qtdb, mitdb):  # a second of each is enough
        data.recordings = [recording[:720] for recording in data.recordings]
    corpus = concatenate({"qtdb": qtdb, "mitdb": mitdb}, scale=None)
    of_mitdb = qtdb.fields["origin_db"] == "mitdb"
    assert of_mitdb.sum() == 15
    assert ((corpus.fields["overlaps"] == "mitdb")[: len(of_mitdb)] == of_mitdb).all()
    assert (corpus.fields["overlaps"] == "qtdb").sum() == 15
    assert len(set(corpus.subject)) == 105 + 47 - 15


def test_equal_recordings_are_of_one_person():
    a = study("a", ["x", "y"])
    b = study("b", ["p", "q"], seed=1)
    b.recordings[1] = a.recordings[0].copy()
    corpus = concatenate([a, b])
    assert corpus.subject.tolist() == ["a/x", "a/y", "b/p", "a/x"]
    assert corpus.fields["overlaps"].tolist() == ["b", "", "", "a"]


@pytest.mark.parametrize("place", [0, 1500, -1])
def test_recordings_that_differ_are_of_two(place):
    a, b = study("a", ["x"]), study("b", ["p"])
    assert concatenate([a, b]).subject.tolist() == ["a/x", "a/x"]
    b.recordings[0][place] += 1
    assert concatenate([a, b]).subject.tolist() == ["a/x", "b/p"]


def test_same_person():
    sets = [study(name, ["1", "2"], seed=i) for i, name in enumerate("abc")]
    corpus = concatenate(sets, same_person=[("c/1", "b/2"), ("b/2", "a/1")])
    assert corpus.subject.tolist() == ["a/1", "a/2", "b/1", "a/1", "a/1", "c/2"]
    assert corpus.fields["overlaps"].tolist() == ["b,c", "", "", "a,c", "a,b", ""]


def test_units():
    a, b = study("a", ["x"]), study("b", ["x"], seed=1)
    b.unit = "counts"
    assert concatenate([a, b]).unit == "standard deviation"
    with pytest.raises(ValueError, match=r"Units differ \(a in mV, b in counts\): pass scale="):
        concatenate([a, b], scale=None)
    b.unit = "mV"
    assert concatenate([a, b], scale=None).unit == "mV"
    a.unit = b.unit = "mixed"
    with pytest.raises(ValueError, match=r"Units differ \(a in mixed, b in mixed\)"):
        concatenate([a, b], scale=None)


def test_prepared_recordings_are_not_scaled_again(tmp_path):
    data = study("a", ["x", "y"])
    path = save_recordings(tmp_path / "a.npz", data.recordings, 250, data.subject)
    prepared = prepare(load_recordings, path, cache=tmp_path)
    corpus = concatenate([prepared, study("b", ["x"], seed=1)])
    np.testing.assert_array_equal(corpus.recordings[0], prepared.recordings[0])
    assert corpus.fields["original_rate"].tolist() == [250.0] * 3


def test_prepared_windows_are_not_copied(tmp_path):
    sets = []
    for i, name in enumerate("ab"):
        data = study(name, ["x", "y"], seed=i)
        path = save_recordings(tmp_path / f"{name}.npz", data.recordings, 250, data.subject)
        sets.append(prepare(load_recordings, path, cache=tmp_path, segmenter=Segmenter(256)))
    corpus = concatenate(sets)
    assert [windows.shape for windows in corpus.recordings] == [(1, 2560)] * 4
    assert all(isinstance(windows, np.memmap) for windows in corpus.recordings)
    with pytest.raises(ValueError, match="must all hold recordings, or all windows of one length"):
        concatenate([sets[0], study("b", ["x"], seed=1)])
    with pytest.raises(ValueError, match="a holds windows, .*prepare it with sampling_rate=128"):
        concatenate(sets, sampling_rate=128)


def test_no_person_stands_in_two_folds():
    from sklearn.model_selection import GroupKFold

    qtdb = study("qtdb", ["sel100", "sel102", "sel301"], records=["sel100", "sel102", "sel301"])
    mitdb = study("mitdb", ["100", "102", "103"], records=["100", "102", "103"], seed=1)
    corpus = concatenate([qtdb, mitdb])
    people = np.array(["100", "102", "301", "100", "102", "103"])
    for train, test in GroupKFold(4).split(corpus.subject, groups=corpus.subject):
        assert not set(people[train]) & set(people[test])


def test_what_is_handed_in_stays():
    a = study("a", ["x"])
    before = a.recordings[0].copy()
    concatenate([a])
    np.testing.assert_array_equal(a.recordings[0], before)
    assert set(a.fields) == {"record"}


def test_cohorts_have_no_name():
    cohort = make_cohort(n_subjects=1, duration=10, random_state=0)
    with pytest.raises(ValueError, match=r"data_sets\[0\] needs a name without '/', has None"):
        concatenate([cohort])


@pytest.mark.parametrize(
    ("data_sets", "parameters", "error", "message"),
    [
        ([], {}, ValueError, "data_sets is empty"),
        (Bunch(recordings=[]), {}, TypeError, "must be a list or a mapping of Bunches"),
        ([3], {}, TypeError, "must hold Bunches of loaders, got int"),
        ({"a": 3}, {}, TypeError, "must hold Bunches of loaders, got int"),
        ([Bunch(recordings=[])], {}, TypeError, "no subject, sampling_rate"),
        ([study("a", ["x"])] * 2, {}, ValueError, "Two data sets have one name, of a, a"),
        ({"a/b": study("a", ["x"])}, {}, ValueError, "needs a name without '/'"),
        ([study("a", ["x"])], {"scale": "all"}, ValueError, "scale must be"),
        ([study("a", ["x"])], {"sampling_rate": -1}, ValueError, "sampling_rate"),
        ([study("a", ["x"])], {"same_person": ["a/x"]}, ValueError, "groups of two or more"),
        (
            [study("a", ["x"])],
            {"same_person": [("a/x", "a/z")]},
            ValueError,
            "of whom 'a/z' is unknown",
        ),
    ],
)
def test_bad_parameters(data_sets, parameters, error, message):
    with pytest.raises(error, match=message):
        concatenate(data_sets, **parameters)


def test_data_sets_under_other_names():
    """What a set calls itself counts, too: mitdb is mitdb whatever the key."""
    qtdb = study("qtdb", ["sel100"], records=["sel100"])
    mitdb = study("mitdb", ["100"], records=["100"], seed=1)
    corpus = concatenate({"excerpts": qtdb, "whole": mitdb})
    assert corpus.subject.tolist() == ["excerpts/sel100"] * 2
    assert corpus.fields["overlaps"].tolist() == ["whole", "excerpts"]


def test_two_leads_of_one_data_set_are_of_the_same_people():
    left, right = study("amigos", ["P01", "P02"]), study("amigos", ["P02", "P03"], seed=1)
    corpus = concatenate({"left": left, "right": right})
    assert corpus.subject.tolist() == ["left/P01", "left/P02", "left/P02", "right/P03"]


def test_flat_lines_are_nobody():
    a, b = study("a", ["x", "y"]), study("b", ["p"], seed=1)
    for data in (a, b):
        data.recordings[0] = np.zeros(3000, np.float32)
    assert concatenate([a, b], scale=None).subject.tolist() == ["a/x", "a/y", "b/p"]
