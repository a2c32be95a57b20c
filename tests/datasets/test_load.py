"""From trials to a Bunch: what is left out and why, on a data set that is made up."""

import sys
from dataclasses import dataclass, field
from threading import get_ident

import numpy as np
import pytest
from joblib import parallel_config

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import Condition, DataSet, LeftOut, Rating, Trial

NAN = float("nan")


@dataclass
class Invented(DataSet):
    """Two people, four trials each; `made` says what is different in one."""

    path: str = "somewhere"
    made: dict = field(default_factory=dict)
    read: list = field(default_factory=list)
    threads: set = field(default_factory=set)

    name = "invented"
    DESCR = "Nobody was recorded."
    attributes = {
        "arousal": Rating("arousal"),
        "condition": Condition("condition", {"rest": ["rest"], "task": ["sums", "speech"]}),
    }
    default_attribute = "arousal"

    def subjects(self):
        return ["S1", "S2"]

    def trials(self, subject):
        self.read.append(subject)
        self.threads.add(get_ident())
        if subject in self.made:
            raise self.made[subject]
        conditions = [("rest", 1.0), ("sums", 5.0), ("speech", 9.0), ("break", 3.0)]
        for i, (condition, arousal) in enumerate(conditions):
            record = f"{subject}/{i}"
            made = self.made.get(record, {})
            if isinstance(made, LeftOut):
                yield made
                continue
            labels = {"condition": condition, "arousal": arousal, **made.get("labels", {})}
            ecg = made.get("ecg", {"I": np.arange(4.0 + i), "II": np.arange(4.0 + i) * 2})
            rate, unit = made.get("rate", 250), made.get("unit", "")
            yield Trial(record, ecg, rate, labels, unit, made.get("why_no_lead", ""))


def invented(**made):
    return Invented(made={key.replace("_", "/"): value for key, value in made.items()})


def test_several_conditions_make_a_class_and_others_are_no_part_of_the_question():
    data = Invented().load(attribute="condition")
    assert [len(recording) for recording in data.recordings] == [4, 5, 6] * 2
    assert data.target.tolist() == [0, 1, 1] * 2
    assert data.target_names == ["rest", "task"]
    assert data.left_out == []
    assert (data.sampling_rate, data.unit, data.name) == (250.0, "mV", "invented")
    one = Invented()
    one.load(subjects="S2")
    assert one.read == ["S2"]


def test_threshold_is_that_of_the_recordings_loaded():
    made = invented(S1_0={"labels": {"arousal": NAN}}, S2_1={"labels": {"arousal": None}})
    with pytest.warns(UserWarning, match="S1/0 has no value of 'arousal'; S2/1 has no value"):
        data = made.load(binarize="mean")
    assert data.threshold == 25 / 6 + 5 / 6
    assert data.target.tolist() == [0, 1, 0, 0, 1, 0]
    assert data.fields["record"].tolist() == ["S1/1", "S1/2", "S1/3", "S2/0", "S2/2", "S2/3"]
    labels = {f"S1_{i}": {"labels": {"arousal": NAN}} for i in range(3)}
    made = invented(**labels, S1_3=LeftOut("S1", "S1/3", "was not shown"))
    with pytest.raises(ValueError, match="None of the 3 .* Besides, 1 left out: S1/3 was not"):
        made.load(subjects="S1")


@pytest.mark.parametrize(
    ("ecg", "reason"),
    [
        ([], "holds no sample"),
        ([1, NAN, 2, NAN], "is NaN or infinite at 2 of 4 samples, the first at 1"),
        ([1, 1e300], "is NaN or infinite at 1 of 2 samples, the first at 1"),
        ([2.5, 2.5, 2.5], "is a flat line of 2.5"),
    ],
)
def test_what_is_no_recording_is_left_out(ecg, reason):
    made = invented(S1_1={"ecg": {"I": np.array(ecg), "II": np.arange(9.0)}})
    with pytest.warns(UserWarning, match=rf"invented: 1 left out: S1/1 {reason} \(lead 'I'\)"):
        data = made.load()
    assert len(data.recordings) == 7
    assert data.left_out == [LeftOut("S1", "S1/1", f"{reason} (lead 'I')")]
    assert len(made.load(leads="II").recordings) == 8  # only the lead asked for matters


def test_leads_that_some_lack_or_none_is_an_ecg():
    made = invented(**{f"S1_{i}": {"ecg": {"V5": np.arange(9.0)}} for i in range(4)})
    with pytest.warns(UserWarning, match="4 left out: S1/0 has no lead 'II', but V5"):
        assert set(made.load(leads="II").subject) == {"S2"}
    with pytest.raises(ValueError, match="gives no recording. 8 left out: .*; and 3 more"):
        made.load(leads="VI")
    made = invented(S1_2={"why_no_lead": "has no ECG"})
    with pytest.warns(UserWarning, match="1 left out: S1/2 has no ECG"):
        assert len(made.load().recordings) == 7
    assert len(made.load(leads=["I"]).recordings) == 8


@pytest.mark.parametrize(
    "error", [UnreadableFileError("S1.dat: nonsense"), PermissionError("denied")]
)
def test_person_who_cannot_be_read(error):
    made = invented(S1=error)
    with pytest.raises(type(error), match=str(error)):
        made.load()
    with pytest.warns(UserWarning, match=f"1 left out: S1 cannot be read: {error}"):
        data = made.load(on_error="warn")
    assert set(data.subject) == {"S2"}
    assert [one.subject for one in data.left_out] == ["S1"]


@pytest.mark.parametrize(("units", "unit"), [(["V", "V"], "V"), (["", "V"], "mixed")])
def test_units_and_rates_of_trials(units, unit):
    people = zip(("S1", "S2"), units, strict=True)
    trials = {f"{who}_{i}": {"unit": unit} for who, unit in people for i in range(4)}
    trials["S1_0"] |= {"rate": 480}
    data = invented(**trials).load()
    assert data.unit == unit
    assert data.sampling_rate.tolist() == [480.0] + [250.0] * 7


@pytest.mark.parametrize("one_file", [False, True])
def test_several_people_at_once_unless_all_stand_in_one_file(one_file, monkeypatch):
    monkeypatch.setattr(Invented, "one_file", one_file)
    one = Invented()
    with parallel_config("threading"):
        assert one.load(n_jobs=2).target.tolist() == [1, 5, 9, 3] * 2
    assert (one.threads == {get_ident()}) == one_file


def test_all_labels_need_pandas_before_anything_is_read(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    one = Invented()
    with pytest.raises(ImportError, match=r'pip install "sklearn_ecgssl\[datasets\]"'):
        one.load(attribute=None)
    assert one.read == []
    assert one.load(attribute="arousal").target is not None


@pytest.mark.parametrize("missing", [None, NAN, ""])
def test_a_condition_that_is_missing_is_listed(missing):
    with pytest.warns(UserWarning, match="1 left out: S1/0 has no value of 'condition'"):
        data = invented(S1_0={"labels": {"condition": missing}}).load(attribute="condition")
    assert len(data.recordings) == 5


def test_classes_of_numbers_and_names_that_do_not_exist():
    numbers = Invented()
    numbers.attributes = {"high": Condition("arousal", {"low": [1], "high": (5, 9.0)})}
    assert numbers.load(attribute="high").target.tolist() == [0, 1, 1] * 2
    numbers.attributes = {"high": Condition("arousal", {"low": "0"}), "x": Rating("arousl")}
    with pytest.raises(ValueError, match=r"has a value of attribute='high', but 1\.0, 3\.0, 5\.0"):
        numbers.load(attribute="high")
    with pytest.raises(
        ValueError, match="'arousl', which no trial of invented has. Labels: .*arou"
    ):
        numbers.load(attribute="x")


@pytest.mark.parametrize(
    "made", [{"ecg": {"I": np.ones((4, 2))}}, {"ecg": {"I": "x"}}, {"rate": 0}]
)
def test_trials_that_are_no_recording_name_record_and_lead(made):
    with pytest.raises(ValueError, match="S1/2, lead 'I': samples must be a 1-D array of numbers"):
        invented(S1_2=made).load()


def test_a_person_without_trials_is_listed():
    one = Invented()
    one.trials = lambda subject: iter(()) if subject == "S1" else Invented().trials(subject)
    with pytest.warns(UserWarning, match="1 left out: S1 has no trial in somewhere"):
        assert set(one.load().subject) == {"S2"}


def test_any_error_of_a_reader_leaves_the_person_out_or_says_who_it_was():
    with pytest.raises(KeyError) as raised:
        invented(S2=KeyError("ECG")).load()
    assert raised.value.__notes__ == ["It was raised on reading S2 of invented."]
    with pytest.warns(UserWarning, match="1 left out: S2 cannot be read: KeyError: 'ECG'"):
        assert set(invented(S2=KeyError("ECG")).load(on_error="warn").subject) == {"S1"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"attribute": "valence"},
            "attribute of invented must be .* 'condition', None, got 'valence'",
        ),
        ({"binarize": "mode"}, "binarize must be .* got 'mode'"),
        ({"attribute": "condition", "binarize": "mean"}, "is for ratings, .* rest, task"),
        ({"leads": []}, r"leads=\[\]"),
        ({"on_error": "ignore"}, "on_error must be one of 'raise', 'warn', got 'ignore'"),
    ],
)
def test_bad_parameters_are_refused_before_anything_is_read(parameters, message):
    one = Invented()
    with pytest.raises(ValueError, match=message):
        one.load(**parameters)
    assert one.read == []
