"""skorch's callbacks, handed through: they see the training as it goes, and leave no trace."""

import pickle
from functools import partial

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from skorch.callbacks import Callback, TensorBoard

from tests.tiny import each_pretrainer, tiny_pretrainer, waves

X, _ = waves(24)


class Notes(Callback):
    """Writes down what it is told of."""

    made = []

    def __init__(self):
        self.seen = []
        Notes.made.append(self)

    def on_train_begin(self, net, **kwargs):
        self.seen.append("begin")

    def on_epoch_end(self, net, **kwargs):
        self.seen.append((net.history[-1]["epoch"], net.history[-1]["train_loss"]))

    def on_train_end(self, net, **kwargs):
        self.seen.append("end")


class Writer:
    """What a TensorBoard writer does, into a list."""

    written = []

    def add_scalar(self, tag, scalar_value, global_step):
        Writer.written.append((tag, scalar_value, global_step))

    def close(self):
        Writer.written.append("closed")


def tensorboard(writer):
    return TensorBoard(writer())


@pytest.fixture(autouse=True)
def fresh():
    Notes.made.clear()
    Writer.written.clear()


@each_pretrainer
def test_they_follow_the_history(tiny):
    fitted = tiny(callbacks=[Notes], max_epochs=3).fit(X)
    (notes,) = Notes.made
    losses = [(row["epoch"], row["train_loss"]) for row in fitted.history_]
    assert notes.seen == ["begin", *losses, "end"]


@each_pretrainer
def test_they_change_nothing(tiny):
    one, other = tiny(callbacks=[Notes]).fit(X), tiny().fit(X)
    np.testing.assert_equal(one.state_, other.state_)
    assert one.history_ == other.history_


def test_skorchs_own():
    fitted = tiny_pretrainer(callbacks=[partial(tensorboard, Writer)]).fit(X)
    *scalars, last = Writer.written
    assert last == "closed"
    assert ("Loss/train_loss", fitted.history_[1]["train_loss"], 2) in scalars


def test_each_fit_has_its_own():
    pretrainer = tiny_pretrainer(callbacks=[Notes]).fit(X)
    clone(pretrainer).fit(X)
    assert len(Notes.made) == 2


def test_the_fitted_estimator_is_as_without_them():
    one, other = tiny_pretrainer(callbacks=[Notes]).fit(X), tiny_pretrainer().fit(X)
    pickle.loads(pickle.dumps(one))
    one.callbacks = None
    assert joblib.hash(one) == joblib.hash(other)


def test_they_are_of_no_matter_to_what_is_kept(tmp_path):
    kept = tiny_pretrainer(memory=str(tmp_path), random_state=None)
    first = clone(kept).set_params(callbacks=[Notes]).fit(X)
    again = clone(kept).fit(X)
    np.testing.assert_equal(first.state_, again.state_)
    assert len(Notes.made) == 1


def test_the_last_epoch_before_early_stopping_is_seen():
    held_out = {"validation_fraction": 0.3, "patience": 1, "max_epochs": 50}
    fitted = tiny_pretrainer(callbacks=[Notes], **held_out, learning_rate=0.3).fit(X)
    assert fitted.n_epochs_ < 50
    assert Notes.made[0].seen[-2][0] == fitted.n_epochs_


def test_they_may_differ_between_sittings(tmp_path):
    kept = {"checkpoint": str(tmp_path / "c")}
    tiny_pretrainer(**kept, max_epochs=1, callbacks=[Notes]).fit(X)
    resumed = tiny_pretrainer(**kept, max_epochs=3).fit(X)
    np.testing.assert_equal(resumed.state_, tiny_pretrainer(max_epochs=3).fit(X).state_)


@pytest.mark.parametrize("wrong", [[Notes()], [lambda: 3], ["tensorboard"], [None]])
def test_other_things_are_refused(wrong):
    with pytest.raises(TypeError, match="callbacks must be functions that return callbacks"):
        tiny_pretrainer(callbacks=wrong).fit(X)
