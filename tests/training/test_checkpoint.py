"""`checkpoint=`: a fit that was stopped goes on, another one is refused."""

import os

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.training import _checkpoint
from sklearn_ecgssl.training._net import TrainingNet
from tests.killing import FITS, GROUPS, X, Y, killed
from tests.tiny import (
    each_pretrainer,
    same_fit,
    tiny_comparing,
    tiny_ecg_classifier,
    tiny_masked,
    tiny_pretrainer,
)


def interrupted(fit, epochs):
    message = f"{epochs} epochs; the same fit goes on from its checkpoint"
    with pytest.warns(UserWarning, match=message), pytest.raises(KeyboardInterrupt):
        fit()


@pytest.mark.parametrize(
    ("subject", "step", "epochs"),
    [
        ("recognition", 8, "2 of 3"),
        ("masked", 9, "4 of 6"),
        ("classifier", 6 + 8, "2 of 3"),  # 6 of its pretrainer
        ("head", 6 + 8, "2 of 3"),
    ],
)
def test_interrupted_it_ends_with_the_same_bits(subject, step, epochs, tmp_path, stop_at):
    estimator, how = FITS[subject]
    whole = clone(estimator).fit(**how)
    if subject == "masked":  # it stops early, and what is interrupted is past its best epoch
        losses = [row["valid_loss"] for row in whole.history_]
        assert np.argmin(losses) + 1 < 4 < len(losses) < estimator.max_epochs
    part = clone(estimator).set_params(checkpoint=tmp_path)
    stop_at(step)
    interrupted(lambda: part.fit(**how), epochs)
    same_fit(clone(part).fit(**how), whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subject", "every"),
    [
        ("recognition", "25"),
        ("masked", "6"),
        ("classifier", "6"),
        ("recognition as published", "6"),
        ("masked as published", "6"),
    ],
)
def test_killed_anywhere_it_ends_with_the_same_bits(subject, every):
    found = killed(subject, "--every", every, "--random", "1")
    assert found["killed at a step"] >= 2
    assert found["same bits"] == found["trainings"] > 2


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Finished fits with a checkpoint, by kind of pretrainer."""
    params = {"validation_fraction": 0.3, "max_epochs": 1, "batch_size": 8}
    folders = tmp_path_factory.mktemp("checkpoints")
    return {
        tiny: tiny(checkpoint=folders / tiny.__name__, **params).fit(X, groups=GROUPS)
        for tiny in (tiny_pretrainer, tiny_masked, tiny_comparing)
    }


class TestFinished:
    @each_pretrainer
    @pytest.mark.parametrize(
        "change",
        [
            {},
            {"batch_size": np.int64(8), "validation_fraction": np.float64(0.3)},
            {"device": "cpu", "verbose": 1},
        ],
    )
    def test_the_same_fit_is_read(self, finished, tiny, change, monkeypatch):
        monkeypatch.setattr(TrainingNet, "train_step", None)
        others = clone(finished[tiny]).set_params(**change).fit(X, groups=GROUPS + 7)
        same_fit(others, finished[tiny])

    @pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)])
    def test_whatever_random_state_it_began_with(self, random_state, tmp_path, monkeypatch):
        first = tiny_pretrainer(random_state=random_state, checkpoint=str(tmp_path))
        second = clone(first)
        first.fit(X)
        monkeypatch.setattr(TrainingNet, "train_step", None)
        same_fit(second.fit(X), first)

    @each_pretrainer
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"learning_rate": 0.5}, "learning_rate was 0.001, is 0.5"),
            ({"random_state": 1}, "random_state was 0, is 1"),
            ({"batch_size": 5, "l2": 0.5}, "batch_size was 8, is 5; .*l2 was"),
            ({"validation_fraction": 0.5}, "validation_fraction was 0.3, is 0.5"),
            (
                {"noise__snr_db": 3, "span_length": 3, "tempo__stretch": 3},
                "(snr_db was 15|span_length was 4|stretch was 1.4), is 3",
            ),
            ({"X": X[:-1], "groups": GROUPS[:-1]}, "X was"),
            ({"X": X[::-1].copy()}, "X was"),
            ({"X": X + np.float32(1e-6)}, "X was"),
            ({"groups": np.arange(24) % 3}, "groups was"),
            ({"X_val": X, "validation_fraction": None}, "X_val was None"),
        ],
    )
    def test_another_fit_is_refused_and_nothing_overwritten(self, finished, tiny, change, message):
        file = finished[tiny].checkpoint / _checkpoint.FILE
        before = file.read_bytes()
        how = {"X": X, "groups": GROUPS}
        how |= {name: change[name] for name in ("X", "X_val", "groups") if name in change}
        other = clone(finished[tiny])
        other.set_params(**{name: change[name] for name in change.keys() & other.get_params()})
        with pytest.raises(ValueError, match=f"holds another fit.*{message}"):
            other.fit(**how)
        assert file.read_bytes() == before

    @pytest.mark.parametrize("freeze", [None, "trunk"])
    def test_other_labels_or_another_trunk_are_refused(self, freeze, tmp_path):
        first = tiny_ecg_classifier(tiny_pretrainer(max_epochs=1), freeze, max_epochs=1)
        first.set_params(checkpoint=tmp_path / "first").fit(X, Y)
        with pytest.raises(ValueError, match="holds another fit: y was"):
            clone(first).fit(X, np.roll(Y, 1))
        drawn = clone(first).set_params(
            pretrainer__random_state=None, checkpoint=tmp_path / "drawn"
        )
        drawn.fit(X, Y)
        with pytest.raises(ValueError, match="weights of the pretrained trunk was"):
            drawn.fit(X, Y)


def test_one_other_window_of_many_is_refused(tmp_path):
    many = np.tile(X, (150, 1))
    first = tiny_pretrainer(checkpoint=tmp_path, max_epochs=1, batch_size=512).fit(many[:, :22])
    many[1] *= 2
    with pytest.raises(ValueError, match="holds another fit: X was"):
        first.fit(many[:, :22])


def test_with_memory_the_epochs_done_are_kept_outside_of_it(tmp_path, stop_at):
    part = tiny_pretrainer(max_epochs=3, memory=tmp_path / "memory", checkpoint=tmp_path / "run")
    stop_at(8)
    interrupted(lambda: part.fit(X), "1 of 3")
    assert len(part.history_) == 1
    assert part.get_params()["memory"] == tmp_path / "memory"
    same_fit(clone(part).fit(X), tiny_pretrainer(max_epochs=3).fit(X))


def test_epochs_may_be_added_where_the_learning_rate_does_not_depend_on_them(tmp_path, capsys):
    short = tiny_pretrainer(max_epochs=2, checkpoint=tmp_path).fit(X)
    longer = clone(short).set_params(max_epochs=4, verbose=1).fit(X)
    assert "24/24" in capsys.readouterr().err  # 4 epochs of 6 batches, 2 of them now
    same_fit(longer, tiny_pretrainer(max_epochs=4).fit(X))
    with pytest.raises(ValueError, match=r"holds 4 epochs, max_epochs=3 is less"):
        clone(short).set_params(max_epochs=3).fit(X)


def test_damage_is_named(tmp_path):
    first = tiny_pretrainer(max_epochs=1, checkpoint=tmp_path).fit(X)
    file = tmp_path / _checkpoint.FILE
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(UnreadableFileError, match=r"checkpoint.safetensors cannot be read"):
        first.fit(X)


def test_one_writer_at_a_time(tmp_path):
    model = tiny_pretrainer(checkpoint=tmp_path)
    refused = pytest.raises(RuntimeError, match=r"checkpoint='.*' is in use by another fit")
    with _checkpoint.open_checkpoint(tmp_path), refused:
        model.fit(X)
    same_fit(model.fit(X), tiny_pretrainer().fit(X))


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
        return content, arrays | {name: arrays[name][:16] for name in ("dropout", "inputs")}

    whole = tiny_pretrainer(max_epochs=4).fit(X).history_
    model = tiny_pretrainer(max_epochs=2, checkpoint=tmp_path).fit(X)
    monkeypatch.setattr(_checkpoint, "_read", from_gpu)
    moved = clone(model).set_params(max_epochs=4).fit(X).history_
    assert moved[:2] == whole[:2]
    assert moved[2:] != whole[2:]
    assert moved[-1]["train_loss"] == pytest.approx(whole[-1]["train_loss"], abs=0.1)
