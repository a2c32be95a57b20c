"""DREAMER, from a file as programs that read it expect it."""

import pickle
import tracemalloc

import numpy as np
import pytest

from sklearn_ecgssl.datasets import load_dreamer
from sklearn_ecgssl.datasets.local import _dreamer_data_set
from sklearn_ecgssl.datasets.local._dreamer_data_set import Dreamer
from sklearn_ecgssl.datasets.reading import load
from sklearn_ecgssl.formats import UnreadableFileError
from tests.datasets.writers import dreamer

pytestmark = pytest.mark.filterwarnings("error::UserWarning")


@pytest.mark.parametrize("compressed", [False, True])
def test_recordings(tmp_path, compressed):
    dreamer.dreamer(tmp_path / "unpacked", compressed=compressed)
    data = load_dreamer(tmp_path)
    assert len(data.recordings) == 36
    for place, recording in enumerate(data.recordings):
        person, film = place // 18 + 1, place % 18
        known = dreamer.counts(person, film, 40 + film, 2)[:, 0].astype(np.float32)
        np.testing.assert_array_equal(recording, known, strict=True)
    assert data.subject.tolist() == ["1"] * 18 + ["2"] * 18
    assert data.sampling_rate == 256.0
    assert data.unit == "unknown"
    assert data.fields["film"].tolist() == list(range(1, 19)) * 2
    assert data.fields["record"][[0, 35]].tolist() == ["1/film 1", "2/film 18"]
    assert data.left_out == []


def test_leads(tmp_path):
    path = dreamer.dreamer(tmp_path)
    data = load_dreamer(path, leads=["2", "1"], subjects=[2])
    assert data.fields["lead"].tolist() == ["2", "1"] * 18
    for lead, recording in zip((1, 0), data.recordings[8:10], strict=True):
        np.testing.assert_array_equal(recording, dreamer.counts(2, 4, 44, 2)[:, lead])
    with pytest.raises(ValueError, match="dreamer has no lead 'left'. It has '1', '2'"):
        load_dreamer(path, leads="left")


def test_ratings(tmp_path):
    path = dreamer.dreamer(tmp_path)
    films = np.tile(np.arange(18), 2)
    person = np.repeat([1, 2], 18)
    known = {
        "valence": 1 + films % 5,
        "arousal": 1 + (films + person) % 5,
        "dominance": 1 + films // 4,
    }
    frame = load_dreamer(path, attribute=None).target
    for attribute, values in known.items():
        assert load_dreamer(path, attribute=attribute).target.tolist() == values.tolist()
        assert frame[attribute].tolist() == values.tolist()
    assert load_dreamer(path, attribute="valence", binarize=3).target.tolist() == [
        int(value > 3) for value in known["valence"]
    ]


def test_before_films(tmp_path):
    path = dreamer.dreamer(tmp_path)
    data = load_dreamer(path, part="baseline", attribute=None)
    np.testing.assert_array_equal(data.recordings[19], dreamer.counts(2, 1, 21, 2)[:, 0])
    assert data.fields["record"][19] == "2/before film 2"
    assert "valence" not in data.fields
    with pytest.raises(ValueError, match="attribute='arousal': what was recorded before films"):
        load_dreamer(path, part="baseline")
    with pytest.raises(ValueError, match="part must be"):
        load_dreamer(path, part="both")


def test_the_file_is_read_once_for_all_people(tmp_path, monkeypatch):
    path = dreamer.dreamer(tmp_path, n_people=4)
    started, checked = [], []
    for function, calls in (("_read_people", started), ("_check_whole", checked)):
        original = getattr(_dreamer_data_set, function)
        monkeypatch.setattr(
            _dreamer_data_set,
            function,
            lambda *arguments, calls=calls, original=original: (
                calls.append(1) or original(*arguments)
            ),
        )
    assert set(load_dreamer(path, n_jobs=2).subject) == {"1", "2", "3", "4"}
    assert len(started) == len(checked) == 1
    data_set = Dreamer(path)
    assert load(data_set, subjects=["3", "1", "2", "4"]).subject[::18].tolist() == [
        "3",
        "1",
        "2",
        "4",
    ]
    assert len(started) == 3
    again = pickle.loads(pickle.dumps(data_set))
    known = dreamer.counts(3, 0, 40, 2)[:, 0]
    np.testing.assert_array_equal(load(again, subjects="3").recordings[0], known)
    np.testing.assert_array_equal(load(data_set, subjects="3").recordings[0], known)


def test_one_person_in_memory(tmp_path):
    one = 18 * 4000 * 2 * 8

    def noisy(whole):
        rng = np.random.default_rng(0)
        for person in whole["Data"]:
            person["ECG"]["stimuli"] = list(rng.integers(0, 4096, (18, 4000, 2)).astype(float))

    path = dreamer.dreamer(tmp_path, n_people=6, n_eeg=2000, change=noisy)
    data_set = Dreamer(path)
    tracemalloc.start()
    for subject in data_set.subjects:
        assert len(list(data_set.trials(subject))) == 18
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * one + 2**21


def score(name, value):
    def change(whole):
        whole["Data"][1][name] = value

    return change


def trials(part, function):
    def change(whole):
        person = whole["Data"][1]["ECG"]
        person[part] = function(person[part])

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda whole: whole.update(ECG_SamplingRate=128.0),
            "DREAMER.ECG_SamplingRate should be 256, but is 128",
        ),
        (lambda whole: whole.pop("ECG_SamplingRate"), "ECG_SamplingRate .* but there is none"),
        (lambda whole: whole.update(noOfSubjects=3.0), "noOfSubjects should be 2, but is 3"),
        (lambda whole: whole.update(noOfVideoSequences=9.0), "noOfVideoSequences should be 18"),
        (score("ScoreArousal", np.full((18, 1), 6.0)), "ScoreArousal of person 2 .* from 1 to 5"),
        (score("ScoreValence", np.zeros((18, 1))), "ScoreValence of person 2 .* are from 0 to 0"),
        (score("ScoreArousal", np.ones((18, 1, 2))), "shape 18 x 1, but is of shape 18 x 1 x 2"),
        (score("ScoreDominance", np.ones((17, 1))), "shape 18 x 1, but is of shape 17 x 1"),
        (lambda whole: whole["Data"][1].pop("ScoreValence"), "ScoreValence .* but there is none"),
        (lambda whole: whole["Data"][1].pop("ECG"), "ECG.stimuli of person 2 .* there is none"),
        (trials("stimuli", lambda t: t[:17]), "ECG.stimuli of person 2 should be 18 cells, but"),
        (
            trials("stimuli", lambda t: [one[:, :1] for one in t]),
            "ECG.stimuli.0 of person 2 should be numbers of shape any x 2, but is of shape 40 x 1",
        ),
    ],
)
def test_wrong_parts(tmp_path, change, message):
    path = dreamer.dreamer(tmp_path, change=change)
    with pytest.raises(UnreadableFileError, match=message) as error:
        load_dreamer(tmp_path)
    assert str(error.value).startswith(str(path))


def test_one_wrong_person(tmp_path):
    dreamer.dreamer(tmp_path, 3, change=trials("stimuli", lambda t: t[:17]))
    with pytest.warns(UserWarning, match="1 left out: 2 cannot be read: .*should be 18 cells"):
        data = load_dreamer(tmp_path, on_error="warn")
    assert set(data.subject) == {"1", "3"}


def test_an_empty_trial(tmp_path):
    dreamer.dreamer(tmp_path, change=trials("stimuli", lambda t: [np.zeros((0, 0)), *t[1:]]))
    with pytest.warns(UserWarning, match="1 left out: 2/film 1 holds no sample"):
        assert len(load_dreamer(tmp_path).recordings) == 35


@pytest.mark.parametrize("length", [0, 100, 128, 136, 1000, 0.5, 0.99, -1])
def test_truncated(tmp_path, length):
    path = dreamer.dreamer(tmp_path)
    content = path.read_bytes()
    length = int(length * len(content)) if isinstance(length, float) else length
    path.write_bytes(content[:length])
    with pytest.raises(UnreadableFileError, match="DREAMER.mat.*"):
        load_dreamer(tmp_path)


def test_a_bit_in_the_middle(tmp_path):
    path = dreamer.dreamer(tmp_path)
    content = bytearray(path.read_bytes())
    content[-len(content) // 3] ^= 4
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match="DREAMER.mat cannot be read .* byte"):
        load_dreamer(tmp_path, subjects="1")


def test_wrong_folder(tmp_path):
    (tmp_path / "dreamer.txt").touch()
    with pytest.raises(FileNotFoundError, match="holds dreamer.txt. Looked for DREAMER.mat"):
        load_dreamer(tmp_path)


def test_no_dreamer(tmp_path):
    path = dreamer.dreamer(tmp_path)
    path.write_bytes(path.read_bytes()[:128])
    with pytest.raises(UnreadableFileError, match="DREAMER.Data should be cells, but there is"):
        load_dreamer(tmp_path)
