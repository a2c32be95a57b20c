"""Saving recordings: the round trip, whole or not at all, what cannot be saved."""

import os

import numpy as np
import pytest

from sklearn_ecgssl.datasets import load_recordings, make_cohort, save_recordings

# Round trip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("magnitude", [1e-6, 1.0, 1e5])
def test_round_trip_within_the_stated_error(tmp_path, dtype, magnitude):
    rng = np.random.RandomState(0)
    signals = [(magnitude * rng.randn(n)).astype(dtype) for n in (1, 2, 500, 3000)]
    path = save_recordings(tmp_path / "r.npz", signals, 256, [0, 0, 1, 1])
    loaded = load_recordings(path).recordings
    for before, after in zip(signals, loaded, strict=True):
        assert after.dtype == np.float32
        assert after.shape == before.shape
        bound = np.ptp(before.astype(float)) / 131068 + 6e-8 * np.abs(before).max()
        assert np.abs(after - before.astype(float)).max() <= 1.001 * bound


def test_resolution_is_used_up(tmp_path):
    signal = np.linspace(-1, 2, 100_000)
    path = save_recordings(tmp_path / "r.npz", [signal], 256, [0])
    with np.load(path) as archive:
        assert archive["ecg"].dtype == np.int16
        assert archive["ecg"].min() == -32767
        assert archive["ecg"].max() == 32767


def test_everything_comes_back(tmp_path):
    cohort = make_cohort(3, duration=(5, 8), random_state=0)
    path = save_recordings(
        str(tmp_path / "cohort.npz"),
        cohort.recordings,
        cohort.sampling_rate,
        cohort.subject,
        target=cohort.target,
        target_names=cohort.target_names,
        record=list("uvwxyz"),
        fields={"age": [20.5] * 6, "ok": [True] * 6, "sex": list("fmfmfm"), "file": range(6)},
        unit="uV",
        meta={"lead": "V5"},
    )
    data = load_recordings(path)
    assert path == tmp_path / "cohort.npz"
    assert data.target.tolist() == cohort.target.tolist()
    assert data.target_names == ["rest", "stress"]
    assert data.subject.tolist() == cohort.subject.tolist()
    assert data.sampling_rate == 256.0
    assert data.unit == "uV"
    assert data.meta == {"lead": "V5", "target_names": ["rest", "stress"]}
    assert list(data.fields) == ["record", "target", "age", "ok", "sex", "file"]
    assert data.fields["record"].tolist() == list("uvwxyz")
    assert data.fields["ok"].dtype == bool
    assert "6 recordings of 3 subjects" in data.DESCR


def test_array_of_recordings_and_rates_each(tmp_path):
    path = save_recordings(tmp_path / "r.npz", np.eye(2, 9), [128, 256], ["a", "b"])
    data = load_recordings(path)
    assert data.sampling_rate.tolist() == [128.0, 256.0]
    assert data.target is None
    assert data.target_names is None
    assert data.fields["record"].tolist() == ["0", "1"]
    assert load_recordings(path, where={"subject": "b"}).sampling_rate == 256.0


@pytest.mark.parametrize("scale", [None, 0.005, [0.005, 0.25]])
def test_integers_are_kept_exactly(tmp_path, scale):
    counts = [np.array([-32768, 0, 32767], dtype=np.int16), np.array([5, 6], dtype=np.int64)]
    path = save_recordings(tmp_path / "r.npz", counts, 250, [0, 1], scale=scale)
    with np.load(path) as archive:
        np.testing.assert_array_equal(archive["ecg"], [-32768, 0, 32767, 5, 6])
    factors = np.broadcast_to(1 if scale is None else scale, 2)
    for after, before, factor in zip(
        load_recordings(path).recordings, counts, factors, strict=True
    ):
        np.testing.assert_array_equal(after, (before * factor).astype(np.float32))


def test_wide_integers_are_rounded(tmp_path):
    path = save_recordings(tmp_path / "r.npz", [np.array([0, 10_000_000])], 250, [0])
    np.testing.assert_allclose(load_recordings(path).recordings[0], [0, 10_000_000], atol=80)


@pytest.mark.parametrize("value", [0.0, 3.25])
def test_flat_line(tmp_path, value):
    path = save_recordings(tmp_path / "r.npz", [np.full(7, value)], 250, [0])
    np.testing.assert_array_equal(load_recordings(path).recordings[0], np.full(7, value))


def test_read_only_input_is_left_alone(tmp_path):
    signal = np.linspace(0, 1, 50)
    signal.flags.writeable = False
    save_recordings(tmp_path / "r.npz", [signal], 250, [0])
    np.testing.assert_array_equal(signal, np.linspace(0, 1, 50))


def test_same_data_same_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        save_recordings(tmp_path / name, [np.arange(9.0)], 250, [0], target=[1])
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


# Whole or not at all


@pytest.mark.parametrize("stage", ["write", "replace"])
def test_failure_while_writing_leaves_the_old_file(tmp_path, monkeypatch, stage):
    path = save_recordings(tmp_path / "r.npz", [np.arange(9.0)], 250, [0])
    before = path.read_bytes()
    write_array = np.lib.format.write_array

    def fail(stream, array, **options):
        if array.ndim == 0:  # after the signals are written
            raise OSError("disk full")
        write_array(stream, array, **options)

    def fail_replace(source, destination):
        raise OSError("disk full")

    if stage == "write":
        monkeypatch.setattr(np.lib.format, "write_array", fail)
    else:
        monkeypatch.setattr(os, "replace", fail_replace)
    with pytest.raises(OSError, match="disk full"):
        save_recordings(path, [np.arange(99.0)], 250, [0])
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["r.npz"]


def test_saving_leaves_one_file(tmp_path):
    save_recordings(tmp_path / "r.npz", [np.arange(9.0)], 250, [0])
    save_recordings(tmp_path / "r.npz", [np.arange(8.0)], 250, [0])
    assert os.listdir(tmp_path) == ["r.npz"]
    assert len(load_recordings(tmp_path / "r.npz").recordings[0]) == 8


# What cannot be saved

GOOD = {"recordings": [np.arange(9.0), np.arange(5.0)], "sampling_rate": 250, "subject": [0, 1]}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"recordings": []}, ValueError, "recordings is empty"),
        ({"recordings": "ecg"}, TypeError, "recordings must be a list of 1-D arrays"),
        ({"recordings": 3}, TypeError, "recordings must be a list of 1-D arrays"),
        ({"recordings": [[1.0], []]}, ValueError, r"recordings\[1\] is empty"),
        ({"recordings": [[1.0], [[1.0]]]}, ValueError, r"recordings\[1\] must be a 1-D array"),
        ({"recordings": [["x"], [1.0]]}, ValueError, r"recordings\[0\] must be a 1-D array"),
        ({"recordings": [[1.0], [1.0, np.nan]]}, ValueError, r"recordings\[1\] has 1 samples"),
        ({"recordings": [[np.inf], [1.0]]}, ValueError, r"recordings\[0\] has 1 samples"),
        ({"recordings": [[-1e308, 1.7e308], [1]]}, ValueError, "too wide"),
        ({"sampling_rate": 0}, ValueError, "sampling_rate must be finite and above 0"),
        ({"sampling_rate": [250]}, ValueError, "one for each of 2 recordings"),
        ({"sampling_rate": "fast"}, ValueError, "sampling_rate must be a number"),
        ({"subject": [0]}, ValueError, r"subject has shape \(1,\), not \(2,\)"),
        ({"subject": [0, None]}, ValueError, "subject must hold numbers, booleans or strings"),
        ({"target": [0]}, ValueError, "target has shape"),
        ({"target": [0, 1], "target_names": ["a"]}, ValueError, "target has values from 0 to 1"),
        ({"target_names": ["a", "b"]}, ValueError, "needs a target of integers"),
        ({"record": ["a"]}, ValueError, "record has shape"),
        ({"fields": {"ecg": [0, 1]}}, ValueError, "'ecg' cannot be the name of a field"),
        ({"fields": {"meta": [0, 1]}}, ValueError, "'meta' cannot be the name of a field"),
        ({"fields": {"a/b": [0, 1]}}, ValueError, "'a/b' cannot be the name of a field"),
        ({"fields": {"age": [1, 2, 3]}}, ValueError, "age has shape"),
        ({"fields": {"age": [{}, {}]}}, ValueError, "age must hold numbers"),
        ({"scale": 0.1}, ValueError, r"recordings\[0\] is not integers"),
        ({"recordings": [[1], [99999]], "scale": 1}, ValueError, r"recordings\[1\] is not"),
        ({"recordings": [[1], [2]], "scale": 0}, ValueError, "scale must be finite and above 0"),
        ({"meta": {"x": object()}}, TypeError, "meta must be what JSON can hold"),
    ],
)
def test_bad_argument_is_named_and_nothing_written(tmp_path, change, error, message):
    with pytest.raises(error, match=message):
        save_recordings(tmp_path / "r.npz", **(GOOD | change))
    assert os.listdir(tmp_path) == []


def test_bad_path_to_save(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.npz"):
        save_recordings(tmp_path / "r.dat", **GOOD)
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        save_recordings(tmp_path / "no" / "r.npz", **GOOD)
