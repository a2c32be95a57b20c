"""From trials to a Bunch: what is left out and why, on a data set that is made up."""

import sys
from dataclasses import dataclass, field

import numpy as np
import pytest

from sklearn_ecgssl.datasets import Condition, DataSet, LeftOut, Rating, Trial

NAN = float("nan")


@dataclass
class Invented(DataSet):
    """Two people, four trials each; `made` says what is different in one, None that it lacks."""

    path: str = "somewhere"
    made: dict = field(default_factory=dict)
    read: list = field(default_factory=list)

    name = "invented"
    attributes = {
        "arousal": Rating("arousal"),
        "condition": Condition("condition", {"rest": ["rest"], "task": ["sums", "speech"]}),
        "high": Condition("arousal", {"low": "1", "high": (5, 9.0)}),
        "typo": Rating("arousl"),
    }
    default_attribute = "arousal"

    def subjects(self):
        return ["S1", "S2"]

    def trials(self, subject):
        self.read.append(subject)
        conditions = [("rest", 1.0), ("sums", 5.0), ("speech", 9.0), ("break", 3.0)]
        for i, (condition, arousal) in enumerate(conditions):
            made = self.made.get(f"{subject}/{i}", {})
            if isinstance(made, LeftOut):
                yield made
            elif made is not None:
                labels = {"condition": condition, "arousal": arousal, **made.get("labels", {})}
                ecg = {"I": np.arange(4.0 + i), "II": np.arange(4.0 + i) * 2}
                trial = {"ecg": ecg, "sampling_rate": 250, **made, "labels": labels}
                yield Trial(f"{subject}/{i}", **trial)


@pytest.mark.parametrize("attribute", ["condition", "high"])
def test_several_conditions_make_a_class_and_others_are_no_part_of_the_question(attribute):
    data = Invented().load(attribute=attribute)
    assert [len(recording) for recording in data.recordings] == [4, 5, 6] * 2
    assert data.target.tolist() == [0, 1, 1] * 2
    assert data.target_names == list(Invented.attributes[attribute].classes)
    assert data.left_out == []


def test_threshold_is_that_of_the_recordings_loaded():
    made = {"S1/0": {"labels": {"arousal": NAN}}, "S2/1": {"labels": {"arousal": None}}}
    with pytest.warns(UserWarning, match="S1/0 has no value of 'arousal'; S2/1 has no value"):
        data = Invented(made=made).load(binarize="mean")
    assert data.threshold == 25 / 6 + 5 / 6
    assert data.target.tolist() == [0, 1, 0, 0, 1, 0]
    assert data.fields["record"].tolist() == ["S1/1", "S1/2", "S1/3", "S2/0", "S2/2", "S2/3"]


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ([], "holds no sample"),
        ([1, NAN, 2, NAN], "is NaN or infinite at 2 of 4 samples, the first at 1"),
        ([1, 1e300], "is NaN or infinite at 1 of 2 samples, the first at 1"),
        ([2.5, 2.5, 2.5], "is a flat line of 2.5"),
    ],
)
def test_what_is_no_recording_is_left_out(samples, reason):
    made = {"S1/1": {"ecg": {"I": np.array(samples), "II": np.arange(9.0)}}}
    with pytest.warns(UserWarning, match=rf"invented: 1 left out: S1/1 {reason} \(lead 'I'\)"):
        data = Invented(made=made).load()
    assert len(data.recordings) == 7
    assert data.left_out == [LeftOut("S1", "S1/1", f"{reason} (lead 'I')")]
    assert len(Invented(made=made).load(leads="II").recordings) == 8


@pytest.mark.parametrize(
    ("made", "options", "reason"),
    [
        ({"S1/0": {"ecg": {"V5": [1, 2]}}}, {"leads": "II"}, "S1/0 has no lead 'II', but V5"),
        ({"S1/2": {"why_no_lead": "has no ECG"}}, {}, "S1/2 has no ECG"),
        ({"S1/2": {"labels": {"condition": ""}}}, {"attribute": "condition"}, "S1/2 has no value"),
        ({f"S1/{i}": None for i in range(4)}, {}, "S1 has no trial in somewhere"),
    ],
)
def test_other_reasons(made, options, reason):
    with pytest.warns(UserWarning, match=f"1 left out: {reason}"):
        Invented(made=made).load(**options)


def test_any_error_of_a_users_reader_names_the_person():
    broken = Invented(made={"S1/0": 3})
    with pytest.raises(AttributeError) as raised:
        broken.load()
    assert raised.value.__notes__ == ["It was raised on reading S1 of invented."]
    with pytest.warns(UserWarning, match="1 left out: S1 cannot be read: AttributeError: 'int' ob"):
        assert set(broken.load(on_error="warn").subject) == {"S2"}


@pytest.mark.parametrize(
    ("made", "options", "message"),
    [
        ({"labels": {"arousal": NAN}}, {}, "None of the 3 .* Besides, 1 left out: S1/3 was not sh"),
        ({}, {"leads": "VI"}, "gives no recording. 4 left out: S1/0 has no lead 'VI', but I, II"),
        ({}, {"attribute": "typo"}, "'arousl', which no trial of invented has. Labels: .*arousal"),
        ({"ecg": {"I": np.ones((4, 2))}}, {}, "S1/0, lead 'I': samples must be a 1-D array of num"),
        ({"sampling_rate": 0}, {}, "sampling_rate above 0 Hz"),
    ],
)
def test_what_gives_nothing_is_an_error(made, options, message):
    made = {**{f"S1/{i}": made for i in range(3)}, "S1/3": LeftOut("S1", "S1/3", "was not shown")}
    with pytest.raises(ValueError, match=message):
        Invented(made=made).load(subjects=["S1"], **options)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"attribute": "valence"}, "attribute of invented must be .* None, got 'valence'"),
        ({"binarize": "mode"}, "binarize must be .* got 'mode'"),
        ({"attribute": "condition", "binarize": "mean"}, "is for ratings, .* rest, task"),
        ({"on_error": "ignore"}, "on_error must be one of 'raise', 'warn', got 'ignore'"),
        ({"attribute": None}, r'pip install "sklearn_ecgssl\[datasets\]"'),  # pandas
    ],
)
def test_bad_parameters_are_refused_before_anything_is_read(parameters, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    one = Invented()
    with pytest.raises((ValueError, ImportError), match=message):
        one.load(**parameters)
    assert one.read == []
