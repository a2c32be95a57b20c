"""`checkpoint=`: a fit that was stopped goes on, another one is refused."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from sklearn_ecgssl.training import _checkpoint
from sklearn_ecgssl.training._net import TrainingNet
from tests.tiny import each_pretrainer, same_fit, tiny_ecg_classifier, tiny_pretrainer, waves

X, Y = waves(24)
GROUPS = np.arange(24) // 4


def killed(subject, *args):
    run = subprocess.run(
        [sys.executable, "-m", "tests.killing", subject, *args],
        cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("subject", "every"),
    [
        ("recognition", "25"),
        pytest.param("masked", "6", marks=pytest.mark.slow),
        pytest.param("classifier", "6", marks=pytest.mark.slow),
    ],
)
def test_killed_anywhere_it_ends_with_the_same_bits(subject, every):
    found = killed(subject, "--every", every, "--random", "1")
    assert found["killed at a step"] >= 2
    assert found["same bits"] == found["trainings"] > 2


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(
    ("subject", "sampling_rate"), [("recognition as published", 256), ("masked as published", 128)]
)
def test_killed_on_real_ecg_it_ends_with_the_same_bits(
    subject, sampling_rate, shared_data, tmp_path
):
    data = load_recordings(shared_data / "eegmat_ecg.npz")
    resampled = Resampler(data.sampling_rate, sampling_rate).fit_transform(data.recordings[:1])
    cleaned = ECGFilter(sampling_rate).fit_transform(resampled)
    windows = Segmenter(sampling_rate).windows(TrimmedScaler().fit_transform(cleaned))
    np.save(tmp_path / "windows.npy", windows[:8])
    found = killed(subject, "--windows", str(tmp_path / "windows.npy"), "--every", "6")
    assert found["same bits"] == found["trainings"] >= 3


def test_what_is_killed_stops_early_and_its_best_weights_are_not_the_last():
    from tests.killing import FITS

    masked, how = FITS["masked"]
    losses = [row["valid_loss"] for row in clone(masked).fit(X, **how).history_]
    assert len(losses) < masked.max_epochs
    assert np.argmin(losses) < len(losses) - 1


@each_pretrainer
class TestPretrainer:
    def test_interrupted_it_goes_on_to_the_fit_that_was_never_stopped(
        self,
        tiny,
        tmp_path,
        stop_at,
    ):
        whole = tiny(max_epochs=4).fit(X)
        part = tiny(max_epochs=4, checkpoint=tmp_path / "run")
        stop_at(15)  # in epoch 3 of 6 batches
        with pytest.warns(UserWarning, match="2 of 4 epochs"), pytest.raises(KeyboardInterrupt):
            part.fit(X)
        same_fit(clone(part).fit(X), whole)

    @pytest.mark.parametrize("random_state", [0, None])
    def test_a_finished_fit_is_read(self, tiny, random_state, tmp_path, monkeypatch):
        first = tiny(random_state=random_state, checkpoint=str(tmp_path)).fit(X)
        monkeypatch.setattr(TrainingNet, "train_step", None)
        same_fit(clone(first).fit(X), first)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"learning_rate": 0.5}, "learning_rate was 0.001, is 0.5"),
            ({"random_state": 1}, "random_state was 0, is 1"),
            ({"batch_size": 5, "l2": 0.5}, "batch_size was 4, is 5"),
            ({"validation_fraction": 0.5}, "validation_fraction was None, is 0.5"),
            ({"noise__snr_db": 3, "span_length": 3}, "(snr_db was 15|span_length was 4), is 3"),
        ],
    )
    def test_another_fit_is_refused_and_nothing_overwritten(self, tiny, tmp_path, change, message):
        first = tiny(checkpoint=tmp_path).fit(X)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        known = {name: value for name, value in change.items() if name in first.get_params()}
        with pytest.raises(ValueError, match=f"holds another fit.*{message}"):
            clone(first).set_params(**known).fit(X)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    @pytest.mark.parametrize("others", [X[:-1], X[::-1].copy(), X + np.float32(1e-6)])
    def test_other_windows_are_refused(self, tiny, tmp_path, others):
        first = tiny(checkpoint=tmp_path).fit(X)
        with pytest.raises(ValueError, match="holds another fit: X was"):
            first.fit(others)

    def test_one_other_window_of_many_is_refused(self, tiny, tmp_path):
        many = np.tile(X, (150, 1))
        first = tiny(checkpoint=tmp_path, max_epochs=1, batch_size=512).fit(many)
        many[1] *= 2
        with pytest.raises(ValueError, match="holds another fit: X was"):
            first.fit(many)

    def test_the_type_of_a_number_and_the_place_of_a_generator_do_not_matter(self, tiny, tmp_path):
        def fit(kind):
            random_state = np.random.RandomState(0)
            return tiny(checkpoint=tmp_path, batch_size=kind(4), random_state=random_state).fit(X)

        same_fit(fit(np.int64), fit(int))

    def test_other_groups_are_refused_where_they_matter(self, tiny, tmp_path):
        first = tiny(checkpoint=tmp_path, validation_fraction=0.3).fit(X, groups=GROUPS)
        same_fit(clone(first).fit(X, groups=GROUPS + 7), first)
        with pytest.raises(ValueError, match="holds another fit: groups was"):
            clone(first).fit(X, groups=np.arange(24) % 3)

    def test_what_changes_nothing_may_change(self, tiny, tmp_path):
        first = tiny(checkpoint=tmp_path / "run").fit(X)
        other = clone(first).set_params(memory=tmp_path / "memory", device="cpu", verbose=1)
        same_fit(other.fit(X), first)

    def test_with_memory_the_epochs_done_are_kept_outside_of_it(self, tiny, tmp_path, stop_at):
        part = tiny(max_epochs=3, memory=tmp_path / "memory", checkpoint=tmp_path / "run")
        stop_at(8)
        with pytest.warns(UserWarning, match="1 of 3"), pytest.raises(KeyboardInterrupt):
            part.fit(X)
        assert len(part.history_) == 1
        assert part.get_params()["memory"] == tmp_path / "memory"
        same_fit(clone(part).fit(X), tiny(max_epochs=3).fit(X))


def test_epochs_may_be_added_where_the_learning_rate_does_not_depend_on_them(tmp_path):
    short = tiny_pretrainer(max_epochs=2, checkpoint=tmp_path).fit(X)
    longer = clone(short).set_params(max_epochs=4).fit(X)
    same_fit(longer, tiny_pretrainer(max_epochs=4).fit(X))
    with pytest.raises(ValueError, match=r"holds 4 epochs, max_epochs=3 is less"):
        clone(short).set_params(max_epochs=3).fit(X)


@pytest.mark.parametrize("freeze", [None, "trunk"])
class TestClassifier:
    def model(self, freeze, **params):
        return tiny_ecg_classifier(tiny_pretrainer(), freeze, max_epochs=4, **params)

    def test_it_goes_on(self, freeze, tmp_path, stop_at):
        whole = self.model(freeze).fit(X, Y)
        part = self.model(freeze, checkpoint=tmp_path)
        stop_at(12 + 8)  # 6 batches in each of 2 epochs of the pretrainer, then 3 in each
        with pytest.warns(UserWarning, match="2 of 4"), pytest.raises(KeyboardInterrupt):
            part.fit(X, Y)
        assert part.predict(X).shape == Y.shape
        same_fit(clone(part).fit(X, Y), whole)

    def test_other_labels_or_another_trunk_are_refused(self, freeze, tmp_path):
        first = self.model(freeze, checkpoint=tmp_path).fit(X, Y)
        with pytest.raises(ValueError, match="holds another fit: y was"):
            clone(first).fit(X, np.roll(Y, 1))
        pretrainer = tiny_pretrainer(random_state=None)
        drawn = clone(first).set_params(pretrainer=pretrainer, checkpoint=tmp_path / "drawn")
        drawn.fit(X, Y)
        with pytest.raises(ValueError, match="weights of the pretrained trunk was"):
            drawn.fit(X, Y)


def test_damage_is_named(tmp_path):
    first = tiny_pretrainer(checkpoint=tmp_path).fit(X)
    file = tmp_path / _checkpoint.FILE
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(UnreadableFileError, match=r"checkpoint.safetensors cannot be read"):
        first.fit(X)


def test_one_writer_at_a_time(tmp_path, monkeypatch):
    inside, leave = threading.Event(), threading.Event()

    def slow(*args, **kwargs):
        inside.set()
        assert leave.wait(30)
        raise RuntimeError("left")

    first = tiny_pretrainer(checkpoint=tmp_path)

    def fit():
        with pytest.raises(RuntimeError, match="left"):
            first.fit(X)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingNet, "train_step", slow)
        thread = threading.Thread(target=fit)
        thread.start()
        assert inside.wait(30)
        try:
            with pytest.raises(RuntimeError, match=r"checkpoint='.*' is in use by another fit"):
                tiny_pretrainer(checkpoint=tmp_path).fit(X)
        finally:
            leave.set()
            thread.join()
    same_fit(first.fit(X), tiny_pretrainer().fit(X))


def test_a_checkpoint_that_cannot_be_written_stops_nothing(tmp_path, monkeypatch):
    fsync, calls = os.fsync, []

    def full(descriptor):
        calls.append(1)
        if len(calls) > 4:  # two for each checkpoint
            raise OSError(28, "No space left on device")
        return fsync(descriptor)

    model = tiny_pretrainer(max_epochs=4, checkpoint=tmp_path)
    expected = tiny_pretrainer(max_epochs=4).fit(X)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.warns(UserWarning, match=r"Epoch 3 could not be saved.*No space left"):
            model.fit(X)
    same_fit(model, expected)
    same_fit(clone(model).fit(X), expected)


def test_on_another_kind_of_device_training_goes_on_from_its_seeds(tmp_path, monkeypatch):
    """The state of a GPU's generators, 16 bytes, means nothing to a CPU."""
    read = _checkpoint._read

    def from_gpu(file):
        content, arrays = read(file)
        shorter = {n: a[:16] if n in ("dropout", "inputs") else a for n, a in arrays.items()}
        return content, shorter

    whole = tiny_pretrainer(max_epochs=4).fit(X)
    model = tiny_pretrainer(max_epochs=2, checkpoint=tmp_path).fit(X)
    monkeypatch.setattr(_checkpoint, "_read", from_gpu)
    moved = clone(model).set_params(max_epochs=4).fit(X)
    assert moved.history_[:2] == whole.history_[:2]
    assert moved.history_[2:] != whole.history_[2:]
    assert moved.history_[-1]["train_loss"] == pytest.approx(
        whole.history_[-1]["train_loss"], abs=0.1
    )


def test_the_last_good_epoch_is_kept_when_the_loss_is_nan(tmp_path, monkeypatch):
    model = tiny_pretrainer(max_epochs=4, checkpoint=tmp_path)
    evaluated, calls = TrainingNet._evaluated, []

    def spoilt(self, network, inputs, targets):
        loss, metrics = evaluated(self, network, inputs, targets)
        calls.append(1)
        return (loss * np.nan if len(calls) >= 13 else loss), metrics

    with monkeypatch.context() as patch:
        patch.setattr(TrainingNet, "_evaluated", spoilt)
        with pytest.raises(ValueError, match="epoch 3, batch 1"):
            model.fit(X)
    same_fit(clone(model).fit(X), tiny_pretrainer(max_epochs=4).fit(X))


def test_the_progress_bar_goes_on(tmp_path, capsys):
    model = tiny_pretrainer(max_epochs=2, checkpoint=tmp_path).fit(X)
    clone(model).set_params(max_epochs=5, verbose=1).fit(X)
    assert "30/30" in capsys.readouterr().err  # 5 epochs of 6 batches, 3 of them now
