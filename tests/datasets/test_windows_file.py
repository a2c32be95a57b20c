"""Windows files: what is written in a stream is what is read in chunks."""

import pickle

import numpy as np
import pytest

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import (
    load_windows,
    make_cohort,
    prepare,
    prepare_windows,
    save_recordings,
    save_windows,
)
from sklearn_ecgssl.datasets.windows_file import _writer, _zarr
from sklearn_ecgssl.signal import ECGFilter, Segmenter
from tests.tiny import tiny_pretrainer

zarr = pytest.importorskip("zarr")


def recordings(counts=(5, 300, 77, 1), n_times=64, seed=0):
    rng = np.random.default_rng(seed)
    return [(10 ** rng.normal() * rng.normal(size=(n, n_times))).astype(np.float32) for n in counts]


@pytest.fixture(params=["one shard", "many shards"])
def shards(request, monkeypatch):
    """Also where chunks and shards are so small that recordings end within them."""
    if request.param == "many shards":
        monkeypatch.setattr(_zarr, "CHUNK_BYTES", 7 * 2 * 64)
        monkeypatch.setattr(_zarr, "SHARD_BYTES", 30 * 2 * 64)


class TestRoundTrip:
    def test_samples_come_back_within_half_a_step(self, tmp_path, shards):
        signals = recordings()
        data = load_windows(save_windows(tmp_path / "x.zarr", iter(signals), 64))
        everything = np.concatenate(signals)
        assert data.windows.shape == everything.shape
        error = np.abs(data.windows[0:383] - everything).max(axis=1)
        assert (error <= 0.501 * _writer.steps(everything)).all()
        assert (error <= 0.00051 * everything.std(axis=1)).all()
        assert data.sampling_rate == 64.0
        assert data.windows.dtype == np.float32

    def test_slices(self, tmp_path, shards):
        data = load_windows(save_windows(tmp_path / "x.zarr", recordings(), 64))
        whole = data.windows[0:383]
        for start, stop in [(0, 1), (3, 9), (100, 250), (380, 999), (50, 50), (-3, 383)]:
            np.testing.assert_array_equal(data.windows[start:stop], whole[start:stop])
        with pytest.raises(IndexError, match="step of 2"):
            data.windows[::2]

    def test_every_window_has_its_person_and_recording(self, tmp_path, shards):
        path = save_windows(tmp_path / "x.zarr", recordings(), 64, subject=["b", "a", "b", "c"])
        data = load_windows(path)
        counts = [5, 300, 77, 1]
        np.testing.assert_array_equal(data.subject, np.repeat(["b", "a", "b", "c"], counts))
        np.testing.assert_array_equal(data.recording, np.repeat(np.arange(4), counts))

    def test_people_may_be_numbers_or_unknown(self, tmp_path):
        numbered = save_windows(tmp_path / "x.zarr", recordings(), 64, subject=range(7, 11))
        assert load_windows(numbered).subject.tolist()[-1] == 10
        assert load_windows(save_windows(tmp_path / "y.zarr", recordings(), 64)).subject is None

    @pytest.mark.parametrize("value", [0.0, 5.0, 1e-30, 3e38, -3e38])
    def test_flat_and_extreme_windows(self, tmp_path, value):
        windows = np.full((2, 64), value, np.float32)
        windows[1, 3] = 0
        data = load_windows(save_windows(tmp_path / "x.zarr", [windows], 64))
        np.testing.assert_allclose(data.windows[0:2], windows, rtol=1e-4, atol=abs(value) * 1e-3)

    def test_one_spike_does_not_take_the_rest(self, tmp_path):
        windows = np.random.default_rng(0).normal(size=(1, 2560)).astype(np.float32)
        windows[0, 100] = 200
        data = load_windows(save_windows(tmp_path / "x.zarr", [windows], 256))
        np.testing.assert_allclose(data.windows[0:1], windows, atol=0.004)

    def test_several_files_are_one(self, tmp_path):
        a = save_windows(tmp_path / "a.zarr", recordings(), 64, subject="xyzx")
        b = save_windows(tmp_path / "b.zarr", recordings(seed=1), 64, subject="zzqq")
        both = load_windows([a, b])
        one, other = load_windows(a), load_windows(b)
        np.testing.assert_array_equal(
            both.windows[300:500], np.concatenate([one.windows[300:383], other.windows[0:117]])
        )
        assert "".join(both.subject[[0, 382, 383, -1]]) == "xxzq"
        assert both.recording[[0, 382, 383, -1]].tolist() == [0, 3, 4, 7]

    def test_windows_can_be_sent_to_another_process(self, tmp_path):
        data = load_windows(save_windows(tmp_path / "x.zarr", recordings(), 64))
        again = pickle.loads(pickle.dumps(data.windows))
        np.testing.assert_array_equal(again[3:9], data.windows[3:9])
        assert len(pickle.dumps(data.windows)) < 1000

    def test_a_pretrainer_learns_the_same_as_from_memory(self, tmp_path, shards):
        data = load_windows(save_windows(tmp_path / "x.zarr", recordings(), 64))
        found, expected = (
            tiny_pretrainer(batch_size=32).fit(X) for X in (data.windows, data.windows[0:383])
        )
        np.testing.assert_equal(found.state_, expected.state_)

    def test_a_shuffle_buffer(self, tmp_path, shards):
        data = load_windows(save_windows(tmp_path / "x.zarr", recordings(), 64, subject="xyzx"))
        pretrainer = tiny_pretrainer(batch_size=32, shuffle_buffer=40, validation_fraction=0.3)
        fitted = pretrainer.fit(data.windows, groups=data.subject)
        assert np.isfinite(fitted.history_[-1]["train_loss"])
        other = tiny_pretrainer(batch_size=32, shuffle_buffer=80, validation_fraction=0.3)
        assert other.fit(data.windows, groups=data.subject).history_ != fitted.history_


class TestRefusals:
    @pytest.mark.parametrize(
        ("what", "words"),
        [
            ([np.zeros((2, 64)), np.zeros((2, 65))], "recording 1 has windows of 65 samples"),
            ([np.zeros(64)], "Recording 0 must be windows, a 2-D array"),
            ([np.full((1, 64), np.nan)], "Recording 0 contains NaN"),
            ([np.full((1, 64), "x")], "Recording 0 must be windows"),
            ([], "recordings has no windows"),
            ([np.zeros((0, 64))], "recordings has no windows"),
        ],
    )
    def test_what_is_not_windows(self, tmp_path, what, words):
        with pytest.raises(ValueError, match=words):
            save_windows(tmp_path / "x.zarr", what, 64)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(("subject", "words"), [("ab", "2 entries"), ("abcde", "more entries")])
    def test_too_few_or_many_people(self, tmp_path, subject, words):
        with pytest.raises(ValueError, match=words):
            save_windows(tmp_path / "x.zarr", recordings(), 64, subject=subject)
        assert not list(tmp_path.iterdir())

    def test_places(self, tmp_path):
        with pytest.raises(ValueError, match="must end in .zarr"):
            save_windows(tmp_path / "x.npz", recordings(), 64)
        with pytest.raises(FileNotFoundError, match="no folder"):
            save_windows(tmp_path / "no" / "x.zarr", recordings(), 64)
        save_windows(tmp_path / "x.zarr", recordings(), 64)
        with pytest.raises(FileExistsError, match="delete it first"):
            save_windows(tmp_path / "x.zarr", recordings(), 64)

    def test_a_source_that_fails_leaves_nothing(self, tmp_path):
        def failing():
            yield from recordings()
            raise RuntimeError("the disk is gone")

        with pytest.raises(RuntimeError, match="disk is gone"):
            save_windows(tmp_path / "x.zarr", failing(), 64)
        assert not list(tmp_path.iterdir())

    def test_other_things_are_not_read(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="no windows file"):
            load_windows(tmp_path / "x.zarr")
        (tmp_path / "text.zarr").write_text("hello")
        with pytest.raises(UnreadableFileError, match="no windows file"):
            load_windows(tmp_path / "text.zarr")
        zarr.create_group(tmp_path / "other.zarr")
        with pytest.raises(UnreadableFileError, match="foreign"):
            load_windows(tmp_path / "other.zarr")
        newer = save_windows(tmp_path / "newer.zarr", recordings(), 64)
        zarr.open_group(newer).attrs["version"] = 2
        with pytest.raises(UnreadableFileError, match="has version 2"):
            load_windows(newer)

    def test_files_that_do_not_fit_together(self, tmp_path):
        a = save_windows(tmp_path / "a.zarr", recordings(), 64)
        b = save_windows(tmp_path / "b.zarr", recordings(), 128)
        c = save_windows(tmp_path / "c.zarr", recordings(n_times=65), 64)
        with pytest.raises(ValueError, match=r"sampling rates of \[64.0, 128.0\] Hz"):
            load_windows([a, b])
        with pytest.raises(ValueError, match=r"windows of \[64, 65\] samples"):
            load_windows([a, c])
        with pytest.raises(ValueError, match="names no file"):
            load_windows([])


class TestDamage:
    """Whatever happens to a file, it is read as it was written, or refused."""

    @pytest.fixture
    def path(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_zarr, "CHUNK_BYTES", 7 * 2 * 64)
        monkeypatch.setattr(_zarr, "SHARD_BYTES", 30 * 2 * 64)
        return save_windows(tmp_path / "x.zarr", recordings((5, 30, 7, 1)), 64, subject="aabb")

    @pytest.fixture
    def everything(self, path):
        return read_all(path)

    def files(self, path):
        return sorted(file for file in path.rglob("*") if file.is_file())

    def test_a_file_that_is_missing(self, path):
        for file in self.files(path):
            content = file.read_bytes()
            file.unlink()
            with pytest.raises(UnreadableFileError, match="x.zarr"):
                read_all(path)
            file.write_bytes(content)

    def test_a_file_that_is_cut_off(self, path):
        for file in self.files(path):
            content = file.read_bytes()
            for n_bytes in (0, len(content) // 2, len(content) - 1):
                file.write_bytes(content[:n_bytes])
                with pytest.raises(UnreadableFileError, match="x.zarr"):
                    read_all(path)
            file.write_bytes(content)

    def test_a_byte_that_is_another(self, path, everything):
        rng = np.random.default_rng(0)
        refused = 0
        for file in self.files(path):
            content = bytearray(file.read_bytes())
            for place in rng.choice(len(content), 20):
                changed = bytearray(content)
                changed[place] ^= 1 << rng.integers(8)
                file.write_bytes(changed)
                try:
                    found = read_all(path)
                except UnreadableFileError:
                    refused += 1
                else:
                    if file.suffix != ".json":  # whose values may be others: a name, the rate
                        np.testing.assert_equal(found, everything)
            file.write_bytes(content)
        assert refused > 50

    def test_it_is_found_while_a_network_learns(self, path):
        largest = max(self.files(path), key=lambda file: file.stat().st_size)
        data = load_windows(path)
        content = bytearray(largest.read_bytes())
        content[len(content) // 3] ^= 1
        largest.write_bytes(content)
        with pytest.raises(UnreadableFileError, match="x.zarr is damaged"):
            tiny_pretrainer().fit(data.windows)


def read_all(path):
    data = load_windows(path)
    return data.windows[:], data.subject, data.recording


class TestPrepareWindows:
    @pytest.fixture
    def files(self, tmp_path):
        paths = []
        for i in range(3):
            cohort = make_cohort(n_subjects=2, duration=(12, 35), sampling_rate=128, random_state=i)
            people = [f"{i}-{person}" for person in cohort.subject]
            paths.append(save_recordings(tmp_path / f"{i}.npz", cohort.recordings, 128, people))
        return paths

    @pytest.mark.parametrize("n_jobs", [None, 2])
    def test_is_what_prepare_does(self, files, tmp_path, n_jobs):
        from sklearn_ecgssl.datasets import load_recordings

        how = {
            "sampling_rate": 256,
            "transformer": ECGFilter(256),
            "segmenter": Segmenter(256, window_length=5, overlap=0.5),
        }
        data = load_windows(prepare_windows(files, tmp_path / "x.zarr", n_jobs=n_jobs, **how))
        expected, people = [], []
        for file in files:
            one = prepare(load_recordings, file, cache=tmp_path / f"cache-{file.stem}", **how)
            expected += one.recordings
            people += np.repeat(one.subject, [len(w) for w in one.recordings]).tolist()
        # recordings files between them are rounded, too
        np.testing.assert_allclose(
            data.windows[0 : len(data.windows)], np.concatenate(expected), atol=0.01
        )
        assert data.subject.tolist() == people

    def test_what_cannot_be_prepared_is_named(self, files, tmp_path):
        files[1].write_bytes(b"nothing")
        with pytest.raises(ValueError, match=r"1\.npz.*cannot be prepared"):
            prepare_windows(files, tmp_path / "x.zarr")
        assert not (tmp_path / "x.zarr").exists()

    def test_settings_are_refused_at_once(self, files, tmp_path):
        with pytest.raises(ValueError, match="segmenter has sampling_rate=128"):
            prepare_windows(files, tmp_path / "x.zarr", segmenter=Segmenter(128))
