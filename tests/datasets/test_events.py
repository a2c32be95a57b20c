"""Windows around events: which samples, of whom, and what is left out."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_ecgssl.datasets import epochs_around, recordings_from_table

RATE = 64
#: Each sample is its own number, so that a window shows where it is from.
RECORDINGS = [np.arange(30 * RATE), 10_000 + np.arange(20 * RATE), 20_000 + np.arange(25 * RATE)]
SUBJECT = ["ann", "ann", "bob"]
DATES = pd.to_datetime(["2024-05-01 10:00", "2024-05-01 11:00", "2024-05-01 10:00"])


def cut(onsets, before=5, after=0, recordings=RECORDINGS, **options):
    return epochs_around(recordings, onsets, before, after, sampling_rate=RATE, **options)


def firsts(epochs):
    return epochs.recordings[:, 0].tolist()


def test_a_window_is_the_samples_around_its_event():
    epochs = cut([[10, 12.5], [], [8.01]], before=5, after=2, subject=SUBJECT)
    assert epochs.recordings.shape == (3, 7 * RATE)
    assert epochs.recordings.dtype == np.float32
    assert firsts(epochs) == [5 * RATE, 7.5 * RATE, 20_000 + round(8.01 * RATE) - 5 * RATE]
    assert (np.diff(epochs.recordings) == 1).all()
    assert epochs.fields["onset"].tolist() == [10, 12.5, 8.01]
    assert epochs.fields["recording"].tolist() == [0, 0, 2]
    assert epochs.subject.tolist() == ["ann", "ann", "bob"]
    assert epochs.target is None
    assert epochs.sampling_rate == RATE


def test_a_window_may_lie_beside_its_event():
    assert firsts(cut([[10], [], []], before=-5, after=15)) == [15 * RATE]
    assert firsts(cut([[25], [], []], before=15, after=-5)) == [10 * RATE]


@pytest.mark.parametrize(
    ("target", "values", "names"),
    [
        ([[1, 2], [], [3]], [1, 2, 3], None),
        ([[1.5, 2], [], [3]], [1.5, 2, 3], None),
        ([["calm", "tense"], [], ["calm"]], [0, 1, 0], ["calm", "tense"]),
        (["rest", "task", "task"], [0, 0, 1], ["rest", "task"]),
        (pd.Series([0, 1, 1]), [0, 0, 1], ["0", "1"]),
    ],
)
def test_labels_are_of_events_or_of_recordings(target, values, names):
    epochs = cut([[10, 12], [], [8]], target=target)
    assert epochs.target.tolist() == values
    assert epochs.target_names == names


EVENTS = pd.DataFrame(
    {
        "subject": ["ann", "bob", "ann"],
        "time": [10.0, 8.0, 3612.0],
        "stress": [2.5, 7.0, 4.0],
        "place": ["lab", "lab", None],
    }
)
BY_DATE = EVENTS.assign(time=DATES[0] + pd.to_timedelta(EVENTS["time"], unit="s"))


@pytest.mark.parametrize(
    ("onsets", "start"),
    [
        (EVENTS, [0.0, 3600.0, 0.0]),
        (pl.from_pandas(EVENTS), pl.Series([0, 3600, 0])),
        (BY_DATE, DATES),
        (pl.from_pandas(BY_DATE), DATES.to_numpy()),
        (BY_DATE.assign(time=BY_DATE["time"].astype(str)), list(DATES.to_pydatetime())),
        (EVENTS.assign(subject=pd.Categorical(EVENTS["subject"])), pd.Series([0, 3600, 0])),
        (EVENTS.assign(recording=[0, 2, 1], time=[10, 8, 12]), None),
        (EVENTS.assign(recording=[0, 2, 1]).drop(columns="subject"), [0, 3600, 0]),
    ],
    ids=["seconds", "polars", "dates", "polars dates", "text", "categories", "number", "both"],
)
def test_events_of_a_table_are_found_in_the_recording_of_their_time(onsets, start):
    epochs = cut(onsets, target="stress", subject=SUBJECT, start=start)
    assert firsts(epochs) == [5 * RATE, 20_000 + 3 * RATE, 10_000 + 7 * RATE]
    assert epochs.target.tolist() == [2.5, 7, 4]
    assert epochs.subject.tolist() == ["ann", "bob", "ann"]
    assert epochs.fields["onset"].tolist() == [10, 8, 12]
    assert epochs.fields["recording"].tolist() == [0, 2, 1]
    assert epochs.fields["place"].tolist() == ["lab", "lab", ""]


def test_numbers_and_text_name_the_same_person():
    events = EVENTS.assign(subject=[1, 2, 1])
    epochs = cut(events, subject=["1", "1", "2"], start=[0, 3600, 0])
    assert epochs.subject.tolist() == ["1", "2", "1"]


def test_onsets_of_lists_may_be_on_the_clock_of_recordings():
    onsets = [[DATES[0] + pd.Timedelta("10s")], [], [DATES[2] + pd.Timedelta("8s")]]
    assert cut(onsets, start=DATES).fields["onset"].tolist() == [10, 8]
    assert cut([[110.0], [], [308.0]], start=[100, 0, 300]).fields["onset"].tolist() == [10, 8]


@pytest.mark.parametrize(
    ("onsets", "options", "said"),
    [
        ([[4.9, 5, 30], [20.1], []], {"target": ["a", "b", "c"]}, "2 left out: recording 0 at 4.9"),
        ([[5, 30, 30.1], [], []], {}, "1 left out: recording 0 at 30.1 s is too near to the end"),
        ([[5 - 1 / RATE, 5], [], []], {}, "s is too near to the beginning"),
        ([[30 + 1 / RATE, 30], [], []], {}, "s is too near to the end"),
        (
            pd.concat([EVENTS, EVENTS.assign(time=1e6), EVENTS.assign(subject="eve")]),
            {"target": "stress", "subject": SUBJECT, "start": [0, 3600, 0]},
            "6 left out: subject ann at 1000000.0 lies in no recording",
        ),
        (
            EVENTS.assign(stress=[np.nan, 1, 2]),
            {"target": "stress", "subject": SUBJECT, "start": [0, 3600, 0]},
            "1 left out: subject ann at 10.0 has no target",
        ),
    ],
)
def test_events_without_a_window_are_left_out_and_warned_of_once(onsets, options, said):
    with pytest.warns(UserWarning, match=re.escape(said)) as warned:
        epochs = cut(onsets, **options)
    assert len(warned) == 1
    assert warned[0].filename == __file__
    n_events = len(onsets) if hasattr(onsets, "columns") else sum(map(len, onsets))
    assert len(epochs.recordings) + len(epochs.left_out) == n_events
    assert np.isfinite(epochs.recordings).all()


BAD = {
    "flat list": ([10.0, 12.0], {}, r"a list with an array for each of 3 recording.*\[\[12.0"),
    "too few": ([[10.0]], {}, "an array for each of 3 recording"),
    "NaN": ([[np.nan], [], []], {}, r"onsets\[0\] is missing"),
    "NaT": (BY_DATE.assign(time=pd.NaT), {"subject": SUBJECT, "start": DATES}, "time of row 0 is"),
    "labels": ([[10], [], [8]], {"target": [[1, 2], [], [3]]}, r"target\[0\] has 2 labels for 1"),
    "few labels": ([[10], [], [8]], {"target": [1, 2]}, "target must have an entry for each of 3"),
    "dates": ([[DATES[0]], [], []], {}, "is a datetime, and start is not: pass start"),
    "seconds": ([[10.0], [], []], {"start": DATES}, "is in seconds, and start is not"),
    "few starts": ([[10.0], [], []], {"start": [0]}, "start must have one time for each of 3"),
    "whose": (EVENTS, {}, "onsets has subjects: pass subject="),
    "which": (EVENTS, {"subject": SUBJECT}, "several recordings: pass start=.*column recording"),
    "restart": (EVENTS, {"subject": SUBJECT, "start": [0, 0, 0]}, "lies in recordings 0, 1"),
    "column": (EVENTS.drop(columns="time"), {"subject": SUBJECT}, "no column 'time', but 'subj"),
    "target": (EVENTS, {"subject": SUBJECT, "target": [1, 2, 3]}, "target must be the name of a c"),
    "no target": (EVENTS, {"subject": SUBJECT, "target": "calm"}, "no column 'calm', but 'subject"),
    "missing": (EVENTS, {"subject": ["ann", None, "bob"]}, "subject is missing for recording 1"),
    "none left": ([[1], [], []], {}, "There is no window of 5 s before and 0 s after. 1 left out"),
    "none": ([[], [], []], {}, "onsets holds no event"),
    "no length": ([[10], [], []], {"after": -5}, "leave a window of 0 samples"),
    "rates": ([[10], [], []], {"rate": [64, 64, 128]}, "differs between recordings .*resample"),
    "strangers": (
        EVENTS.assign(subject="eve"),
        {"subject": SUBJECT, "start": [0, 3600, 0]},
        "There is no window .*3 left out: subject eve at 10.0 is of none of 'ann', 'bob'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_events_are_refused_with_advice(case):
    onsets, options, message = BAD[case]
    rate, options = options.get("rate", RATE), {k: v for k, v in options.items() if k != "rate"}
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        epochs_around(RECORDINGS, onsets, **({"before": 5} | options), sampling_rate=rate)


def test_recordings_are_read_only_arrays_or_memory_maps(tmp_path):
    np.save(tmp_path / "a.npy", np.stack([RECORDINGS[1], RECORDINGS[1]]).astype(np.float32))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    epochs = epochs_around(mapped, [[10], [12]], 5, sampling_rate=RATE)
    assert firsts(epochs) == [10_000 + 5 * RATE, 10_000 + 7 * RATE]
    epochs.recordings[:] = 0  # a copy
    assert mapped[0, 1] == 10_001


def test_a_table_of_samples_and_one_of_ratings_have_one_clock():
    phases = [("ann", "rest", 0), ("ann", "task", 100), ("bob", "rest", 0)]
    noise = np.random.default_rng(0).normal(size=(3, 1920))
    samples = pd.concat(
        pd.DataFrame({"id": person, "phase": phase, "t": begin + np.arange(1920) / 64, "ecg": ecg})
        for (person, phase, begin), ecg in zip(phases, noise, strict=True)
    )
    samples["t"] = DATES[0] + pd.to_timedelta(samples["t"], unit="s")
    data = recordings_from_table(samples, subject="id", condition="phase", time="t")
    events = pd.DataFrame(
        {"subject": ["ann", "bob"], "time": DATES[0] + pd.to_timedelta([115, 20], unit="s")}
    )
    epochs = epochs_around(
        data.recordings,
        events,
        before=10,
        sampling_rate=data.sampling_rate,
        subject=data.subject,
        start=data.fields["start"],
    )
    np.testing.assert_array_equal(epochs.recordings[0], data.recordings[1][5 * 64 : 15 * 64])
    np.testing.assert_array_equal(epochs.recordings[1], data.recordings[2][10 * 64 : 20 * 64])
