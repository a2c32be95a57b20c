"""Recordings from long tables: where they begin and end, at which rate, and what is refused."""

import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.datasets import (
    concatenate,
    epochs_around,
    load_recordings,
    make_cohort,
    recordings_from_table,
    save_recordings,
)
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter

RATE = 250
COHORT = make_cohort(n_subjects=2, duration=12, sampling_rate=RATE, random_state=0)
N = len(COHORT.recordings[0])


def long_table(times=lambda n: np.arange(n) / RATE):
    """Ann and Bob, at rest and at a task, 12 s each, at times of a function."""
    parts = [
        pd.DataFrame({"id": person, "phase": phase, "t": times(len(ecg)), "ecg": ecg})
        for ecg, person, phase in zip(
            COHORT.recordings, ["ann", "ann", "bob", "bob"], ["rest", "task"] * 2, strict=True
        )
    ]
    return pd.concat(parts, ignore_index=True)


TABLE = long_table()
T0 = pd.Timestamp("2024-05-01 10:00")


def read(table=TABLE, **options):
    names = {"subject": "id", "condition": "phase", "time": "t", "min_duration": 1}
    return recordings_from_table(table, **(names | options))


@pytest.fixture
def saved(tmp_path):
    def save(table, name):
        path = tmp_path / name
        table.to_parquet(path) if name.endswith("parquet") else table.to_csv(path, index=False)
        return path

    return save


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.set_index(np.arange(4 * N)[::-1]).assign(other="x"),
        TABLE.convert_dtypes(),
        TABLE.astype({"id": "category", "phase": "category", "ecg": "float64"}),
        pl.from_pandas(TABLE),
        pl.from_pandas(TABLE).with_columns(pl.col("id", "phase").cast(pl.Categorical)),
        "table.csv",
        "table.csv.gz",
        "table.parquet",
    ],
    ids=str,
)
def test_a_table_becomes_the_recordings_that_it_was_made_of(table, saved):
    if isinstance(table, str):
        table = saved(TABLE, table)
    data = read(table)
    for found, expected in zip(data.recordings, COHORT.recordings, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert data.target.tolist() == [0, 1, 0, 1]
    assert data.target_names == ["rest", "task"]
    assert data.subject.tolist() == ["ann", "ann", "bob", "bob"]
    assert data.sampling_rate == RATE
    assert data.fields["record"].tolist() == ["ann/rest", "ann/task", "bob/rest", "bob/task"]
    assert data.fields["row"].tolist() == [0, N, 2 * N, 3 * N]
    assert data.unit == "mV"


@pytest.mark.parametrize(
    "times",
    [
        lambda n: np.arange(n) / 130,
        lambda n: 1.7e9 + np.arange(n) / 130,
        lambda n: np.round(np.arange(n) / 130, 3),
        lambda n: np.arange(n) / 130 + np.random.default_rng(0).uniform(-0.003, 0.003, n),
        lambda n: T0 + pd.to_timedelta(np.arange(n) / 130, unit="s"),
        lambda n: T0.tz_localize("Asia/Tokyo") + pd.to_timedelta(np.arange(n) / 130, unit="s"),
        lambda n: pd.array(
            T0 + pd.to_timedelta(np.arange(n) / 130, unit="s"), "timestamp[ns][pyarrow]"
        ),
        lambda n: pd.to_timedelta(np.arange(n) / 130, unit="s"),
        lambda n: (T0 + pd.to_timedelta(np.arange(n) / 130, unit="s")).astype(str),
        lambda n: pd.to_timedelta(np.arange(n) / 130, unit="s").astype(str),
        lambda n: (np.arange(n) / 130).astype(str),
    ],
    ids=["s", "epoch", "ms", "jitter", "date", "zone", "arrow", "delta", "text", "clock", "digits"],
)
def test_the_rate_is_told_from_any_kind_of_time(times):
    data = read(long_table(times))
    assert data.sampling_rate == 130
    assert [len(one) for one in data.recordings] == [N] * 4


def test_the_start_is_on_the_clock_of_the_table():
    assert read(TABLE.assign(t=TABLE.t + 7)).fields["start"].tolist() == [7.0] * 4
    data = read(TABLE.assign(t=T0 + pd.to_timedelta(TABLE.t, unit="s")))
    assert (data.fields["start"] == T0.to_datetime64()).all()


def test_a_clock_that_drifts_is_one_rate_and_two_devices_are_two():
    drifts = iter([249.8, 250.3, 249.9, 250.1])
    data = read(long_table(lambda n: np.arange(n) / next(drifts)))
    assert data.sampling_rate == 250
    faster = TABLE.assign(t=np.where(TABLE.id == "bob", TABLE.t / 2, TABLE.t))
    assert read(faster).sampling_rate.tolist() == [250, 250, 500, 500]


def test_who_rests_twice_has_two_recordings_of_rest():
    task = TABLE.phase == "task"
    twice = pd.concat([TABLE[:N], TABLE[N : 2 * N], TABLE[:N]])
    data = read(twice.assign(t=np.arange(3 * N) / RATE))
    assert data.fields["record"].tolist() == ["ann/rest", "ann/task", "ann/rest 2"]
    days = pd.concat([TABLE[~task].assign(day=1), TABLE[~task].assign(day=2)])
    data = read(days, fields=["day"])
    assert data.fields["day"].tolist() == [1, 2, 1, 2]
    assert data.fields["phase"].tolist() == ["rest"] * 4


@pytest.mark.filterwarnings("error")
def test_people_who_were_recorded_at_once_may_alternate():
    alternate = TABLE.assign(t=TABLE.index % (2 * N) / RATE).sort_values("t", kind="stable")
    data = read(alternate)
    assert data.subject.tolist() == ["ann", "ann", "bob", "bob"]
    np.testing.assert_array_equal(data.recordings[2], COHORT.recordings[2])


def rows(first, last, **values):
    return TABLE.assign(
        **{name: TABLE[name].mask(TABLE.index.isin(range(first, last)), value)
           for name, value in values.items()}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("table", "lengths", "said"),
    [
        (TABLE.drop(range(1000, 1003)), [1000, N - 1003], "1 gap.*longest 0.016 s before row 1000"),
        (TABLE.drop(1000), [1000, N - 1001], "1 gap.*0.008 s"),
        (TABLE.drop([*range(1000, 1003), *range(1900, 1999)]), [1000, 897, N - 1999], "2 gap.*0.4"),
        (rows(1000, 1010, ecg=np.nan), [1000, N - 1010], "10 row.*without a value.*row 1000, 1001"),
        (rows(1000, 1001, ecg=np.inf), [1000, N - 1001], "1 row.*without a value.*row 1000"),
        (rows(0, 500, phase=None), [N - 500], "500 row.*without a condition.*row 0, 1, "),
        (rows(1000, 1001, t=np.inf), [1000, N - 1001], "1 row.*without a time"),
        (rows(1000, 1010, t=np.nan), [1000, N - 1010], "10 row.*without a time"),
        (rows(100, 101, ecg=np.nan), [N - 101], "1 left out: ann/rest has 100 samples, less than"),
        (TABLE.assign(ecg=TABLE.ecg.mask(TABLE.index < N, 1.5)), [], "ann/rest is a flat line"),
    ],
)
def test_gaps_and_missing_values_end_a_recording_and_are_warned_of_once(table, lengths, said):
    with pytest.warns(UserWarning, match=re.compile(said, re.DOTALL)) as warned:
        data = read(table)
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert [len(one) for one in data.recordings] == [*lengths, N, N, N]
    assert len(data.target) == len(data.subject) == len(data.fields["start"]) == len(lengths) + 3


@pytest.mark.parametrize("seed", range(10))
def test_a_gap_is_found_in_jitter_and_jitter_is_none(seed):
    rng = np.random.default_rng(seed)
    jittered = TABLE.assign(t=TABLE.t + rng.uniform(-0.0015, 0.0015, len(TABLE)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read(jittered).recordings) == 4
    with pytest.warns(UserWarning, match="1 gap"):
        data = read(jittered.drop(range(1000, 1003)))
    assert [len(one) for one in data.recordings] == [1000, N - 1003, N, N, N]


def test_a_gap_is_found_in_a_recording_of_a_hundred_samples():
    with pytest.warns(UserWarning, match="1 gap.*0.016 s before row 30"):
        data = read(TABLE[:100].drop(range(30, 33)), min_duration=0.1)
    assert [len(one) for one in data.recordings] == [30, 67]
    assert data.sampling_rate == RATE


def test_without_a_time_the_rate_is_passed():
    data = read(time=None, sampling_rate=200)
    assert data.sampling_rate == 200
    assert "start" not in data.fields
    nominal = read(long_table(lambda n: np.arange(n) / 129.87), sampling_rate=130)
    assert nominal.sampling_rate == 130


def test_ratings_and_numbers_stay_and_without_a_condition_there_is_no_target():
    ratings = read(TABLE.assign(phase=np.where(TABLE.phase == "rest", 1.5, 7)))
    assert ratings.target.tolist() == [1.5, 7, 1.5, 7]
    assert ratings.target_names is None
    assert read(TABLE.assign(phase=TABLE.phase == "task")).target_names == ["False", "True"]
    data = read(condition=None, fields="phase")
    assert data.target is None
    assert data.fields["phase"].tolist() == ["rest", "task"] * 2


def test_what_comes_out_goes_into_a_pipeline():
    data = recordings_from_table(TABLE, subject="id", condition="phase", time="t")
    pipe = make_pipeline(Resampler(data.sampling_rate, 256), ECGFilter(256), Segmenter(256))
    assert [len(windows) for windows in pipe.fit_transform(data.recordings, data.target)] == [1] * 4


BAD = {
    "no column": (TABLE, {"value": "ECG"}, "table has no column 'ECG', but 'id', 'phase', 't', 'e"),
    "in the index": (TABLE.set_index("id"), {}, "no column 'id', .* Pass table.reset_index"),
    "no rate": (TABLE, {"time": None}, "Pass time, the column of times, or sampling_rate"),
    "rate": (TABLE, {"time": None, "sampling_rate": -1}, "sampling_rate must be above 0"),
    "other rate": (TABLE, {"sampling_rate": 256}, "sampling_rate=256, but time tells 250 Hz"),
    "subject": (rows(5, 7, id=None), {}, "'id' is missing in row 5, 6: fill it in"),
    "shuffled": (TABLE.sample(frac=1, random_state=0), {}, "goes back .*Sort the table.*jitter"),
    "twice": (pd.concat([TABLE, TABLE]), {"condition": None}, "time goes back"),
    "packets": (TABLE.assign(t=TABLE.t * 10 // 1 / 10), {}, "same time.*packets.*leave time out"),
    "milliseconds": (TABLE.assign(t=TABLE.t * 1000), {}, "0.25 Hz, too slow.*divide milliseconds"),
    "counter": (TABLE.assign(t=np.arange(4 * N)), {}, "1 Hz.*number of the sample is no time"),
    "rate doubles": (
        long_table(lambda n: np.cumsum(np.where(np.arange(n) < n / 3, 0.004, 0.002))),
        {},
        "tells no single rate, its steps are 0.002 to 0.004 s",
    ),
    "rate halves": (
        long_table(lambda n: np.cumsum(np.where(np.arange(n) < n / 3, 0.002, 0.004))),
        {},
        "tells no single rate",
    ),
    "date": (TABLE.assign(t="03.04.2024 10:00:00"), {}, "begins with '03.04.2024 .*to_datetime"),
    "comma": (TABLE.assign(ecg="0,5"), {}, "'ecg' must hold numbers, but has '0,5' in row 0.*deci"),
    "alternate": (
        TABLE.sort_values("t", kind="stable"),
        {"time": None, "sampling_rate": 250},
        "gives no recording of min_duration=1 s.*alternate, sort the table",
    ),
    "short": (TABLE, {"min_duration": 60}, r"4 left out: ann/rest has 3000 samples, less than 60"),
    "empty": (TABLE[:0], {}, "It is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_refused_with_advice(case):
    table, options, message = BAD[case]
    with pytest.raises(ValueError, match=re.compile(message, re.DOTALL)):
        read(table, **options)


@pytest.mark.parametrize("table", [TABLE.ecg, TABLE.ecg.to_numpy(), pl.from_pandas(TABLE).lazy()])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(TypeError, match="table must be a DataFrame of pandas or polars, or"):
        read(table)


def test_bad_files_are_refused_by_name(tmp_path, saved):
    TABLE.to_csv(tmp_path / "a.csv", sep=";")
    with pytest.raises(ValueError, match=r"a.csv has no column 'ecg'.*sep=\";\""):
        read(tmp_path / "a.csv")
    with pytest.raises(ValueError, match="t.parquet has no column 'heart', but 'id'"):
        read(saved(TABLE, "t.parquet"), value="heart")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match="b.parquet cannot be read as Parquet"):
        read(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="ending of a table's path must be one of"):
        read(tmp_path / "a.xlsx")
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        read(tmp_path / "none.csv")


def test_the_table_is_left_as_it_was():
    before = TABLE.copy()
    read()
    pd.testing.assert_frame_equal(TABLE, before)


@pytest.mark.real
@pytest.mark.slow
def test_real_ecg_of_a_table_is_that_of_its_file(shared_data):
    data = load_recordings(shared_data / "eegmat_ecg.npz", where={"subject": ["Subject00"]})
    assert len(data.recordings) == 2
    table = pd.concat(
        pd.DataFrame({"id": person, "phase": phase, "t": np.arange(len(ecg)) / 500, "ecg": ecg})
        for ecg, person, phase in zip(
            data.recordings, data.subject, data.fields["condition"], strict=True
        )
    )
    found = read(table.drop(columns="t").assign(t=np.round(table.t, 3)))
    assert found.sampling_rate == 500
    for one, expected in zip(found.recordings, data.recordings, strict=True):
        np.testing.assert_array_equal(one, expected)


def test_dates_are_kept_in_a_recordings_file(tmp_path):
    data = read(TABLE.assign(t=T0 + pd.to_timedelta(TABLE.t, unit="s")))
    path = save_recordings(
        tmp_path / "study.npz",
        data.recordings,
        data.sampling_rate,
        data.subject,
        fields={"begin": data.fields["start"]},
    )
    start = load_recordings(path).fields["begin"]
    events = pd.DataFrame({"recording": [0, 3], "time": [T0 + pd.Timedelta("5s")] * 2})
    epochs = epochs_around(data.recordings, events, 2, sampling_rate=RATE, start=start)
    assert epochs.fields["onset"].tolist() == [5, 5]
    corpus = concatenate({"study": data}, scale=None)
    assert corpus.fields["start"].tolist() == ["2024-05-01T10:00:00.000000000"] * 4
