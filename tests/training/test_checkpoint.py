"""Trainings that stop half-way: killed, interrupted, diverged; and what is left of them."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.formats import read_folder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from sklearn_ecgssl.training import _checkpoint, _keeper
from sklearn_ecgssl.training._net import TrainingNet
from sklearn_ecgssl.training._streams import RandomStreams
from tests.tiny import each_pretrainer, tiny_dense, tiny_ecg_classifier, tiny_pretrainer, waves

X, Y = waves(24)
GROUPS = np.arange(24) // 4


def same_fit(one, other):
    np.testing.assert_equal(one.state_, other.state_)
    assert one.history_ == other.history_


@pytest.fixture
def stop_at(monkeypatch):
    """Make the n-th training step of this process raise."""

    def stop_at(n, error=KeyboardInterrupt):
        steps, train_step = [], TrainingNet.train_step

        def counted(self, *args, **kwargs):
            steps.append(1)
            if len(steps) == n:
                raise error
            return train_step(self, *args, **kwargs)

        monkeypatch.setattr(TrainingNet, "train_step", counted)

    return stop_at


def killed(subject, *args):
    run = subprocess.run(
        [sys.executable, "-m", "tests.killing", subject, *args],
        cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("subject", ["recognition", "masked", "classifier"])
def test_killed_anywhere_it_ends_with_the_same_bits(subject):
    found = killed(subject, "--every", "6", "--random", "3")
    assert found["killed at a step"] > 10
    assert found["same bits"] == found["sittings"] > 13


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
    found = killed(subject, "--windows", str(tmp_path / "windows.npy"), "--every", "9")
    assert found["killed at a step"] >= 4
    assert found["same bits"] == found["sittings"] >= 4


def test_what_is_killed_has_what_a_checkpoint_must_keep():
    from tests.killing import FITS

    masked, how = FITS["masked"]
    model = clone(masked).fit(X, **how)
    losses = [row["valid_loss"] for row in model.history_]
    assert len(losses) < masked.max_epochs, "it must stop early"
    assert np.argmin(losses) < len(losses) - 1, "its best weights must not be the last"


@each_pretrainer
class TestResume:
    def test_interrupted_and_resumed_it_is_the_fit_that_was_never_stopped(
        self, tiny, tmp_path, stop_at
    ):
        whole = tiny(max_epochs=4).fit(X)
        part = tiny(max_epochs=4, checkpoint=tmp_path / "run", checkpoint_every=2, resume=True)
        stop_at(15)  # in epoch 3 of 6 batches
        with pytest.warns(UserWarning, match="2 of 4 epochs"), pytest.raises(KeyboardInterrupt):
            part.fit(X)
        same_fit(clone(part).fit(X), whole)

    def test_a_finished_fit_is_read(self, tiny, tmp_path, monkeypatch):
        first = tiny(checkpoint=str(tmp_path)).fit(X)
        monkeypatch.setattr(TrainingNet, "train_step", None)
        same_fit(clone(first).set_params(resume=True).fit(X), first)

    def test_without_a_random_state_it_goes_on_with_the_seeds_it_began_with(self, tiny, tmp_path):
        first = tiny(random_state=None, checkpoint=tmp_path).fit(X)
        same_fit(clone(first).set_params(resume=True).fit(X), first)

    def test_nothing_is_overwritten(self, tiny, tmp_path):
        first = tiny(checkpoint=tmp_path).fit(X)
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        with pytest.raises(ValueError, match=r"checkpoint='.*' holds a fit already.*: 2 epochs"):
            clone(first).fit(X)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"learning_rate": 0.5}, "learning_rate was 0.001, is 0.5"),
            ({"random_state": 1}, "random_state was 0, is 1"),
            ({"batch_size": 5, "dropout": 0.5}, "batch_size was 4, is 5"),
            ({"validation_fraction": 0.5}, "validation_fraction was None, is 0.5"),
        ],
    )
    def test_another_fit_is_refused(self, tiny, tmp_path, change, message):
        first = tiny(checkpoint=tmp_path).fit(X)
        known = {name: value for name, value in change.items() if name in first.get_params()}
        with pytest.raises(ValueError, match=f"holds another fit.*{message}"):
            clone(first).set_params(resume=True, **known).fit(X)

    def test_other_windows_are_refused(self, tiny, tmp_path):
        first = tiny(checkpoint=tmp_path).fit(X).set_params(resume=True)
        with pytest.raises(ValueError, match="n_windows was 24, is 23"):
            first.fit(X[:-1])
        with pytest.raises(ValueError, match="the content of the windows is another"):
            first.fit(X[::-1])

    def test_other_groups_are_refused_where_they_matter(self, tiny, tmp_path):
        first = tiny(checkpoint=tmp_path, validation_fraction=0.3).fit(X, groups=GROUPS)
        again = clone(first).set_params(resume=True)
        same_fit(again.fit(X, groups=GROUPS + 7), first)
        with pytest.raises(ValueError, match="the grouping of groups is another"):
            again.fit(X, groups=np.arange(24) % 3)

    def test_what_changes_nothing_may_change(self, tiny, tmp_path):
        first = tiny(checkpoint=tmp_path / "run").fit(X)
        other = clone(first).set_params(
            resume=True, memory=tmp_path / "memory", checkpoint_every=3, device="cpu", verbose=1
        )
        same_fit(other.fit(X), first)

    def test_resume_needs_a_folder(self, tiny):
        with pytest.raises(ValueError, match="resume=True needs checkpoint="):
            tiny(resume=True).fit(X)

    def test_a_folder_of_something_else_is_left_alone(self, tiny, tmp_path):
        tiny().fit(X).save_pretrained(tmp_path)
        for resume in (True, False):
            with pytest.raises(UnreadableFileError, match="its format is 'sklearn_ecgssl pretrai"):
                tiny(checkpoint=tmp_path, resume=resume).fit(X)

    def test_damage_is_named(self, tiny, tmp_path):
        first = tiny(checkpoint=tmp_path).fit(X)
        weights = tmp_path / "weights.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1])
        with pytest.raises(UnreadableFileError, match="truncated"):
            clone(first).set_params(resume=True).fit(X)

    def test_with_memory_the_epochs_done_are_kept_outside_of_it(self, tiny, tmp_path, stop_at):
        params = {"memory": tmp_path / "memory", "checkpoint": tmp_path / "run", "resume": True}
        part = tiny(max_epochs=3, **params)
        stop_at(8)
        with pytest.warns(UserWarning, match="1 of 3"), pytest.raises(KeyboardInterrupt):
            part.fit(X)
        assert len(part.history_) == 1
        assert part.get_params()["memory"] == tmp_path / "memory"
        same_fit(clone(part).fit(X), tiny(max_epochs=3).fit(X))


def test_epochs_may_be_added_where_the_learning_rate_does_not_depend_on_them(tmp_path):
    short = tiny_pretrainer(max_epochs=2, checkpoint=tmp_path).fit(X)
    longer = clone(short).set_params(max_epochs=4, resume=True).fit(X)
    same_fit(longer, tiny_pretrainer(max_epochs=4).fit(X))
    with pytest.raises(ValueError, match=r"holds 4 epochs, max_epochs=3 is less"):
        clone(short).set_params(max_epochs=3, resume=True).fit(X)


@pytest.mark.parametrize("freeze", [None, "trunk"])
class TestClassifier:
    def model(self, freeze, **params):
        return tiny_ecg_classifier(tiny_pretrainer(), freeze, max_epochs=4, **params)

    def test_it_resumes(self, freeze, tmp_path, stop_at):
        whole = self.model(freeze).fit(X, Y)
        part = self.model(freeze, checkpoint=tmp_path, resume=True)
        stop_at(12 + 8)  # 6 batches in each of 2 epochs of the pretrainer, then 3 in each
        with pytest.warns(UserWarning, match="2 of 4"), pytest.raises(KeyboardInterrupt):
            part.fit(X, Y)
        assert part.predict(X).shape == Y.shape
        resumed = clone(part).fit(X, Y)
        same_fit(resumed, whole)
        np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))

    def test_other_labels_or_another_trunk_are_refused(self, freeze, tmp_path):
        first = self.model(freeze, checkpoint=tmp_path).fit(X, Y).set_params(resume=True)
        with pytest.raises(ValueError, match="the content of y is another"):
            clone(first).fit(X, np.roll(Y, 1))
        pretrainer = tiny_pretrainer(random_state=None)
        drawn = clone(first).set_params(pretrainer=pretrainer, checkpoint=tmp_path / "drawn")
        drawn.fit(X, Y)
        with pytest.raises(ValueError, match="the content of the pretrained trunk is another"):
            drawn.fit(X, Y)


def test_one_writer_at_a_time(tmp_path, monkeypatch):
    inside, leave = threading.Event(), threading.Event()

    def slow(*args, **kwargs):
        inside.set()
        assert leave.wait(30)
        raise RuntimeError("left")

    monkeypatch.setattr(_keeper.EpochKeeper, "resume", slow)
    first = tiny_pretrainer(checkpoint=tmp_path)

    def fit():
        with pytest.raises(RuntimeError, match="left"):
            first.fit(X)

    thread = threading.Thread(target=fit)
    thread.start()
    assert inside.wait(30)
    try:
        with pytest.raises(RuntimeError, match=r"checkpoint='.*' is in use by another fit"):
            tiny_pretrainer(checkpoint=tmp_path, resume=True).fit(X)
    finally:
        leave.set()
        thread.join()
    monkeypatch.undo()
    check_is_fitted(tiny_pretrainer(checkpoint=tmp_path).fit(X))


def test_snapshots_come_when_they_are_asked_for(tmp_path, monkeypatch):
    saved = []
    save = _checkpoint.Checkpoint.save
    monkeypatch.setattr(
        _checkpoint.Checkpoint,
        "save",
        lambda self, net: saved.append(len(net.history)) or save(self, net),
    )
    tiny_pretrainer(max_epochs=7, checkpoint=tmp_path, checkpoint_every=3).fit(X)
    assert saved == [3, 6, 7]


def test_a_checkpoint_that_cannot_be_written_stops_nothing(tmp_path, monkeypatch):
    fsync, calls = os.fsync, []

    def full(descriptor):
        calls.append(1)
        if len(calls) > 5:
            raise OSError(28, "No space left on device")
        return fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    model = tiny_pretrainer(max_epochs=4, checkpoint=tmp_path)
    with pytest.warns(UserWarning, match=r"Epoch \d could not be saved in .*No space left"):
        model.fit(X)
    monkeypatch.undo()
    expected = tiny_pretrainer(max_epochs=4).fit(X)
    same_fit(model, expected)
    assert len(read_folder(tmp_path, "checkpoint")[0]["training"]["history"]) < 4
    same_fit(clone(model).set_params(resume=True).fit(X), expected)


def test_on_another_kind_of_device_streams_begin_anew_from_their_seeds():
    def drawn(streams):
        return torch.rand(4, generator=streams.inputs).tolist()

    first = RandomStreams([1, 2, 3, 4], torch.device("cpu"))
    drawn(first)
    content, arrays = first.state()
    same, other, later = (RandomStreams([1, 2, 3, 4], torch.device("cpu")) for _ in range(3))
    same.restore(content, arrays, 5)
    other.restore({**content, "device": "cuda"}, {}, 5)
    later.restore({**content, "device": "cuda"}, {}, 6)
    assert drawn(same) == drawn(first)
    assert drawn(other) != drawn(later)
    assert same.order.random() == other.order.random() == first.order.random()


def test_the_progress_bar_goes_on(tmp_path, capsys):
    model = tiny_pretrainer(max_epochs=2, checkpoint=tmp_path).fit(X)
    clone(model).set_params(max_epochs=5, resume=True, verbose=1).fit(X)
    assert "30/30" in capsys.readouterr().err  # 5 epochs of 6 batches, 3 of them in this sitting


class TestInterrupted:
    """Ctrl-C leaves a usable estimator with the epochs done, and says so."""

    @each_pretrainer
    def test_after_some_epochs(self, tiny, stop_at):
        model = tiny(max_epochs=5)
        stop_at(14)
        with (
            pytest.warns(UserWarning, match="fitted with 2 of 5 epochs"),
            pytest.raises(KeyboardInterrupt),
        ):
            model.fit(X)
        assert [row["epoch"] for row in model.history_] == [1, 2]
        assert model.n_epochs_ == 2
        if tiny is tiny_pretrainer:  # the other one's learning rate depends on max_epochs
            same_fit(model, tiny(max_epochs=2).fit(X))
        assert np.isfinite(model.encode(X)).all()

    def test_in_the_first_epoch_it_is_as_before(self, stop_at):
        model = tiny_pretrainer()
        stop_at(3)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X)
        with pytest.raises(NotFittedError):
            model.encode(X)

    def test_refitted_in_the_first_epoch_it_keeps_the_fit_before(self, stop_at):
        model = tiny_pretrainer().fit(X)
        before = model.state_
        stop_at(3)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X[:12])
        assert model.state_ is before

    def test_with_early_stopping_it_keeps_the_best_epoch(self, stop_at):
        params = {"patience": 3, "validation_fraction": 0.5, "learning_rate": 0.3}
        whole = tiny_pretrainer(max_epochs=30, **params).fit(X)
        losses = [row["valid_loss"] for row in whole.history_]
        last = int(np.argmin(losses)) + 2  # one after the best one, one before it would stop
        part = tiny_pretrainer(max_epochs=30, **params)
        stop_at(3 * last + 2)
        with pytest.warns(UserWarning, match="Interrupted"), pytest.raises(KeyboardInterrupt):
            part.fit(X)
        assert len(part.history_) == last
        np.testing.assert_equal(part.state_, whole.state_)

    def test_an_embedder_keeps_them_too(self, stop_at):
        pipe = make_pipeline(SSLEmbedder(tiny_pretrainer(max_epochs=5)), SVC())
        stop_at(14)
        with pytest.warns(UserWarning, match="2 of 5"), pytest.raises(KeyboardInterrupt):
            pipe.fit(X, Y)
        assert pipe[0].transform(X).shape == (24, 4)

    def test_a_classifier_whose_pretrainer_was_interrupted_is_not_fitted(self, stop_at):
        model = tiny_ecg_classifier(tiny_pretrainer(max_epochs=5))
        stop_at(14)
        with pytest.warns(UserWarning, match="2 of 5"), pytest.raises(KeyboardInterrupt):
            model.fit(X, Y)
        with pytest.raises(NotFittedError):
            model.predict(X)

    def test_dense_classifier(self, stop_at):
        model = tiny_dense(batch_size=8, max_epochs=9)
        stop_at(8)
        with pytest.warns(UserWarning, match="2 of 9"), pytest.raises(KeyboardInterrupt):
            model.fit(X, Y)
        assert model.predict(X).shape == Y.shape

    def test_the_warning_says_how_to_go_on(self, tmp_path, stop_at):
        stop_at(8)
        with (
            pytest.warns(UserWarning, match="resume=True goes on"),
            pytest.raises(KeyboardInterrupt),
        ):
            tiny_pretrainer(checkpoint=tmp_path).fit(X)


class TestDiverged:
    """A loss that is no number names epoch, batch and cause; the last good state is kept."""

    def test_window_that_stands_out(self):
        spoilt = X.copy()
        spoilt[17] *= 1e30
        with pytest.raises(
            ValueError, match=r"epoch 1, batch \d of 6.*window 17 in it, which reach"
        ):
            tiny_pretrainer().fit(spoilt)

    def test_all_windows_are_large(self):
        with pytest.raises(
            ValueError, match=r"epoch 1, batch 1 of 6.*windows usually reach [\d.]+e\+30"
        ):
            tiny_pretrainer().fit(X * 1e30)

    def test_the_batch_is_the_first_bad_one(self, monkeypatch):
        loss_of = TrainingNet._evaluated
        calls = []

        def evaluated(self, network, inputs, targets):
            loss, metrics = loss_of(self, network, inputs, targets)
            calls.append(1)
            return (loss * np.nan if len(calls) in (9, 10) else loss), metrics

        monkeypatch.setattr(TrainingNet, "_evaluated", evaluated)
        message = (
            r"train loss became nan in epoch 2, batch 3 of 6\. No window.*learning_rate is too.*"
        )
        model = tiny_pretrainer(max_epochs=4)
        with pytest.raises(ValueError, match=message + "fitted with 1 of 4 epochs"):
            model.fit(X)
        monkeypatch.undo()
        same_fit(model, tiny_pretrainer(max_epochs=1).fit(X))

    def test_the_checkpoint_keeps_the_last_good_epoch(self, tmp_path, monkeypatch):
        monkeypatch.setattr(
            TrainingNet, "_evaluated", spoil_from(epoch_batch=13, evaluated=TrainingNet._evaluated)
        )
        model = tiny_pretrainer(max_epochs=4, checkpoint=tmp_path)
        with pytest.raises(ValueError, match="epoch 3, batch 1"):
            model.fit(X)
        monkeypatch.undo()
        resumed = clone(model).set_params(resume=True).fit(X)
        same_fit(resumed, tiny_pretrainer(max_epochs=4).fit(X))

    def test_held_out_loss(self):
        spoilt = X.copy()
        spoilt[GROUPS == 2] = np.clip(spoilt[GROUPS == 2] * 1e38, -3e38, 3e38)
        for seed in range(20):
            model = tiny_ecg_classifier(validation_fraction=0.2, random_state=seed)
            with pytest.raises(ValueError, match="(train|valid) loss became") as caught:
                model.fit(spoilt, Y, groups=GROUPS)
            if "valid loss" in str(caught.value):
                assert "Probably because of window" in str(caught.value)
                return
        raise AssertionError("the spoilt subject was never held out")

    def test_long_epochs_are_looked_at_in_between(self, monkeypatch):
        monkeypatch.setattr("sklearn_ecgssl.training._loss_watch.CHECK_EVERY", 2)
        steps, train_step = [], TrainingNet.train_step
        monkeypatch.setattr(
            TrainingNet,
            "train_step",
            lambda self, *a, **k: steps.append(1) or train_step(self, *a, **k),
        )
        with pytest.raises(ValueError, match="batch 1 of 6"):
            tiny_pretrainer().fit(X * 1e30)
        assert len(steps) == 2


def spoil_from(epoch_batch, evaluated):
    calls = []

    def spoilt(self, network, inputs, targets):
        loss, metrics = evaluated(self, network, inputs, targets)
        calls.append(1)
        return (loss * np.nan if len(calls) >= epoch_batch else loss), metrics

    return spoilt
