"""What all readers of data sets have in common, on a data set that is made up."""

import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from sklearn_ecgssl.datasets.reading import Condition, DataSet, LeftOut, Rating, Trial, load
from sklearn_ecgssl.formats import UnreadableFileError

NAN = float("nan")


class Invented(DataSet):
    """Two people, three trials each; `made` says what differs."""

    name = "invented"
    description = "Nobody was recorded."
    leads = ("I", "II")
    attributes = {
        "arousal": Rating("arousal"),
        "condition": Condition("condition", {"rest": ["rest"], "task": ["sums", "speech"]}),
    }
    read = []

    def __init__(self, folder=Path("somewhere"), **made):
        super().__init__(folder)
        self.made = made

    @property
    def subjects(self):
        return ["S1", "S2"]

    def sources(self, subject):
        return [self.folder / subject]

    def trials(self, subject):
        self.read.append(subject)
        if subject in self.made.get("unreadable", ()):
            raise UnreadableFileError(f"{self.folder / subject}: nonsense at byte 7.")
        for trial, (condition, arousal) in enumerate(
            [("rest", 1.0), ("sums", 5.0), ("speech", 9.0), ("break", 3.0)]
        ):
            record = f"{subject}/{trial}"
            labels = {"condition": condition, "arousal": arousal, "trial": trial}
            ecg = {lead: (i + 1) * np.arange(4.0 + trial) for i, lead in enumerate(self.leads)}
            change = self.made.get(record, {})
            if "reason" in change:
                yield LeftOut(subject, record, change["reason"])
                continue
            yield Trial(record, ecg | change.get("ecg", {}), 250, labels | change.get("labels", {}))


def test_shape():
    data = load(Invented(), attribute="arousal")
    assert [len(recording) for recording in data.recordings] == [4, 5, 6, 7] * 2
    assert all(recording.dtype == np.float32 for recording in data.recordings)
    assert data.subject.tolist() == ["S1"] * 4 + ["S2"] * 4
    assert data.target.tolist() == [1.0, 5.0, 9.0, 3.0] * 2
    assert data.target_names is None
    assert data.sampling_rate == 250.0
    assert isinstance(data.sampling_rate, float)
    assert data.fields["record"][:2].tolist() == ["S1/0", "S1/1"]
    assert set(data.fields["lead"]) == {"I"}
    assert data.left_out == []
    assert (data.name, data.unit, data.DESCR) == ("invented", "mV", "Nobody was recorded.")


def test_return_X_y():  # noqa: N802
    recordings, target = load(Invented(), attribute="condition", return_X_y=True)
    assert len(recordings) == len(target) == 6


@pytest.mark.parametrize(
    ("binarize", "threshold", "target"),
    [
        ("mean", 4.5, [0, 1, 1, 0]),
        ("median", 4.0, [0, 1, 1, 0]),
        (5, 5.0, [0, 0, 1, 0]),
        (0.5, 0.5, [1, 1, 1, 1]),
    ],
)
def test_binarize(binarize, threshold, target):
    data = load(Invented(), attribute="arousal", binarize=binarize)
    assert data.threshold == threshold
    assert data.target.tolist() == target * 2
    assert data.target.dtype.kind == "i"
    assert data.target_names == ["low", "high"]


def test_threshold_is_of_those_who_are_loaded():
    labels = {"labels": {"arousal": 100.0}}
    made = Invented(**{"S2/0": labels})
    assert load(made, attribute="arousal", binarize="mean", subjects=["S1"]).threshold == 4.5
    assert load(made, attribute="arousal", binarize="mean").threshold == pytest.approx(135 / 8)


def test_conditions_of_another_question_are_left_out_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = load(Invented(), attribute="condition")
    assert data.target.tolist() == [0, 1, 1] * 2
    assert data.target_names == ["rest", "task"]
    assert "break" not in data.fields["condition"]


def test_all_labels():
    data = load(Invented())
    assert data.target.columns.tolist() == ["record", "lead", "condition", "arousal", "trial"]
    assert data.target["arousal"].tolist() == [1.0, 5.0, 9.0, 3.0] * 2
    assert data.target["trial"].dtype.kind == "i"


def test_leads():
    data = load(Invented(), attribute="arousal", leads=["II", "I"], subjects=["S2"])
    assert data.fields["lead"].tolist() == ["II", "I"] * 4
    assert data.recordings[0].tolist() == [0, 2, 4, 6]
    assert data.target.tolist() == [1, 1, 5, 5, 9, 9, 3, 3]
    assert load(Invented(), leads="II", subjects="S1").recordings[0].tolist() == [0, 2, 4, 6]


def test_only_the_subjects_asked_for_are_read():
    Invented.read.clear()
    data = load(Invented(), attribute="arousal", subjects=["S2"])
    assert Invented.read == ["S2"]
    assert set(data.subject) == {"S2"}


def test_recordings_keep_no_other_memory():
    assert all(recording.base is None for recording in load(Invented()).recordings)


@pytest.mark.parametrize(
    ("ecg", "reason"),
    [
        ([], "holds no sample"),
        ([1, NAN, 2, NAN], "has 2 of 4 samples that are no numbers, the first at 1"),
        ([1, 1e300], "has 1 of 2 samples that are no numbers, the first at 1"),
        ([2.5, 2.5, 2.5], "is a flat line of 2.5"),
    ],
)
def test_no_recording(ecg, reason):
    made = Invented(**{"S1/1": {"ecg": {"I": np.array(ecg)}}})
    with pytest.warns(UserWarning, match=rf"invented: 1 left out: S1/1 {reason} \(lead 'I'\)"):
        data = load(made, attribute="arousal")
    assert len(data.recordings) == 7
    assert data.left_out == [LeftOut("S1", "S1/1", f"{reason} (lead 'I')")]


def test_what_the_reader_leaves_out():
    made = Invented(**{f"S1/{trial}": {"reason": "was not shown"} for trial in range(3)})
    with pytest.warns(UserWarning, match="3 left out: S1/0 was not shown; S1/1 was not shown; "):
        data = load(made, attribute="arousal")
    assert len(data.left_out) == 3
    assert len(data.recordings) == 5


def test_missing_label():
    made = Invented(**{"S1/0": {"labels": {"arousal": NAN}}, "S2/1": {"labels": {"arousal": None}}})
    with pytest.warns(UserWarning, match="S1/0 has no value of 'arousal'; S2/1 has no value"):
        data = load(made, attribute="arousal", binarize="mean")
    assert data.threshold == 5.0  # of the six that there are
    assert data.target.tolist() == [0, 1, 0, 0, 1, 0]
    assert data.fields["record"].tolist() == ["S1/1", "S1/2", "S1/3", "S2/0", "S2/2", "S2/3"]


def test_missing_condition():
    made = Invented(**{"S1/0": {"labels": {"condition": ""}}})
    with pytest.warns(UserWarning, match="S1/0 has no value of 'condition'"):
        assert load(made, attribute="condition").target.tolist() == [1, 1, 0, 1, 1]


def test_no_label_at_all():
    labels = {"labels": {"arousal": NAN}}
    made = Invented(**{f"S1/{trial}": labels for trial in range(4)})
    with pytest.raises(ValueError, match="None of the 4 recordings of somewhere has a value of"):
        load(made, attribute="arousal", subjects="S1")
    made = Invented(**{f"S1/{trial}": labels for trial in range(3)}, **{"S1/3": {"reason": "x"}})
    with pytest.raises(ValueError, match="None of the 3 .* Besides, 1 left out: S1/3 x"):
        load(made, attribute="arousal", subjects="S1")


def test_lead_that_some_lack():
    class Free(Invented):
        leads = ()

        def trials(self, subject):
            lead = {"S1": "I", "S2": "V"}[subject]
            yield Trial(subject, {lead: np.arange(3)}, 250, {"arousal": 1.0})

    with pytest.warns(UserWarning, match="1 left out: S1 has no lead 'V', but I"):
        assert load(Free(), attribute="arousal", leads="V").subject.tolist() == ["S2"]
    with (
        pytest.raises(ValueError, match="gives no recording. 2 left out: S1 has no lead 'VI'"),
    ):
        load(Free(), attribute="arousal", leads="VI")


def test_unreadable_person():
    made = Invented(unreadable=["S1"])
    with pytest.raises(UnreadableFileError, match="nonsense at byte 7"):
        load(made, attribute="arousal")
    with pytest.warns(UserWarning, match=r"1 left out: S1 cannot be read: somewhere.S1: nonsense"):
        data = load(made, attribute="arousal", on_error="warn")
    assert set(data.subject) == {"S2"}


@pytest.mark.parametrize(
    ("units", "unit"),
    [(("", ""), "mV"), (("uV", "uV"), "uV"), (("", "mV"), "mV"), (("", "uV"), "mixed")],
)
def test_units_of_trials(units, unit):
    class Measured(Invented):
        def trials(self, subject):
            said = dict(zip(self.subjects, units, strict=True))[subject]
            yield Trial(subject, {"I": np.arange(3)}, 250, {}, said)

    assert load(Measured()).unit == unit


def test_one_subject_or_lead_by_itself():
    class Numbered(Invented):
        @property
        def subjects(self):
            return ["1", "2"]

    assert set(load(Numbered(), subjects=2).subject) == {"2"}
    assert set(load(Numbered(), subjects=np.array([1, 2])).subject) == {"1", "2"}


def test_all_labels_need_pandas_before_anything_is_read(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    Invented.read.clear()
    with pytest.raises(ImportError, match=r'pip install "sklearn_ecgssl\[datasets\]"'):
        load(Invented())
    assert Invented.read == []


def test_different_rates():
    class Mixed(Invented):
        def trials(self, subject):
            yield Trial(subject, {"I": np.arange(3)}, {"S1": 480, "S2": 496}[subject], {})

    assert load(Mixed()).sampling_rate.tolist() == [480.0, 496.0]


def test_several_at_once():
    one, two = (load(Invented(), attribute="arousal", n_jobs=n) for n in (None, 2))
    for a, b in zip(one.recordings, two.recordings, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.subject.tolist() == two.subject.tolist()


def test_one_file_is_read_by_one_process():
    """Several would each read all of it."""

    class Together(Invented):
        one_file = True

    Together.read.clear()
    load(Together(), attribute="arousal", n_jobs=2)
    assert Together.read == ["S1", "S2"]  # in this process


def test_progress(capfd):
    load(Invented(), verbose=1)
    assert "invented: 100%" in capfd.readouterr().err
    load(Invented())
    assert capfd.readouterr().err == ""


def test_pickles():
    data = load(Invented(), attribute="condition")
    assert pickle.loads(pickle.dumps(data)).target.tolist() == data.target.tolist()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"attribute": "valence"}, "attribute='valence': invented has 'arousal', 'condition'"),
        ({"attribute": "arousal", "binarize": "mode"}, "binarize must be .* got 'mode'"),
        ({"attribute": "arousal", "binarize": NAN}, "binarize must be .* got nan"),
        ({"attribute": "arousal", "binarize": True}, "binarize must be .* got True"),
        ({"attribute": "condition", "binarize": "mean"}, "is for ratings, .* rest, task"),
        ({"leads": "III"}, "leads='III': invented has no lead 'III'. It has 'I', 'II'"),
        ({"leads": []}, r"leads=\[\]"),
        ({"subjects": ["S3"]}, r"subjects=\['S3'\]: somewhere has no S3. It has S1, S2"),
        ({"subjects": []}, r"subjects=\[\]"),
        ({"on_error": "ignore"}, 'on_error must be "raise" or "warn", got \'ignore\''),
    ],
)
def test_bad_parameters(parameters, message):
    Invented.read.clear()
    with pytest.raises(ValueError, match=message):
        load(Invented(), **parameters)
    assert Invented.read == []
