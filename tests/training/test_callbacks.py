"""skorch's callbacks, handed through: they see the training as it goes, and leave no trace."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from skorch.callbacks import Callback, TensorBoard

from tests.tiny import each_pretrainer, same_fit, tiny_pretrainer, waves

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

    def __init__(self):
        self.written = []

    def add_scalar(self, tag, scalar_value, global_step):
        self.written.append((tag, scalar_value, global_step))

    def close(self):
        self.written.append("closed")


@pytest.fixture(autouse=True)
def fresh():
    Notes.made.clear()


@each_pretrainer
@pytest.mark.parametrize("patience", [None, 1])
def test_they_follow_the_history_and_change_nothing(tiny, patience):
    params = {"max_epochs": 30, "learning_rate": 0.3, "patience": 1} if patience else {}
    fitted = tiny(callbacks=[Notes], **params).fit(X)
    (notes,) = Notes.made
    losses = [(row["epoch"], row["train_loss"]) for row in fitted.history_]
    assert notes.seen == ["begin", *losses, "end"]
    without = tiny(**params).fit(X)
    same_fit(fitted, without)
    pickle.loads(pickle.dumps(fitted))
    assert joblib.hash(fitted.set_params(callbacks=None)) == joblib.hash(without)


def test_skorchs_own():
    writer = Writer()
    fitted = tiny_pretrainer(callbacks=[lambda: TensorBoard(writer)]).fit(X)
    *scalars, last = writer.written
    assert last == "closed"
    assert ("Loss/train_loss", fitted.history_[1]["train_loss"], 2) in scalars


def test_they_may_differ_where_a_fit_is_read_or_goes_on(tmp_path):
    kept = tiny_pretrainer(memory=str(tmp_path / "m"), random_state=None, callbacks=[Notes])
    same_fit(clone(kept).fit(X), clone(kept).set_params(callbacks=None).fit(X))
    begun = tiny_pretrainer(checkpoint=tmp_path / "c", max_epochs=1, callbacks=[Notes]).fit(X)
    assert len(Notes.made) == 2
    longer = clone(begun).set_params(max_epochs=3, callbacks=None).fit(X)
    np.testing.assert_equal(longer.state_, tiny_pretrainer(max_epochs=3).fit(X).state_)


@pytest.mark.parametrize("wrong", [[Notes()], [lambda: 3], ["tensorboard"]])
def test_other_things_are_refused(wrong):
    with pytest.raises(TypeError, match="callbacks must be functions that return callbacks"):
        tiny_pretrainer(callbacks=wrong).fit(X)
