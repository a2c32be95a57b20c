"""A third method of pretraining takes what `BasePretrainer` asks of it, and no more."""

from collections import OrderedDict

import numpy as np
import torch
from sklearn.base import clone
from torch import nn

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.networks import ConvTrunk
from sklearn_ecgssl.pretext import BasePretrainer, PretextPretrainer
from sklearn_ecgssl.training import Criterion, training_parameters
from tests.tiny import waves

X, _ = waves(12)


class MeanError(Criterion):
    metric_names = ["error"]

    def forward(self, outputs, targets):
        return (outputs - targets).square().mean()

    def metrics(self, outputs, targets):
        return self(outputs, targets)[None]


@training_parameters
class PowerPretrainer(BasePretrainer):
    """Predict the power of windows.

    Parameters
    ----------
    n_filters : int, default=4
        Channels.
    {training parameters}
    """

    _aggregations = ("max", "mean")
    _parameter_constraints = {"n_filters": [int]}

    def __init__(
        self, *, n_filters=4, l2=0.0, learning_rate=0.01, max_epochs=2, batch_size=4,
        validation_fraction=None, patience=None, device="auto", precision="float32", memory=None,
        checkpoint=None, shuffle_buffer=None, callbacks=None, random_state=None, verbose=0,
    ):  # fmt: skip
        for name, value in list(locals().items()):
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    def _architecture(self):
        return {"n_filters": self.n_filters}

    def _build_trunk(self, aggregations):
        return ConvTrunk((self.architecture_["n_filters"],), (5,), aggregation=aggregations)

    def _add_heads(self, trunk):
        parts = {"trunk": trunk, "head": nn.Linear(4, 1), "flat": nn.Flatten(0)}
        return nn.Sequential(OrderedDict(parts))

    def _build_criterion(self):
        return MeanError()

    def _prepare(self, windows, labels, generator):
        return windows, windows.square().mean(1)

    def _layer_channels(self):
        return {"block1": self.n_filters}


def test_it_is_trained_embedded_and_documented(tmp_path):
    pretrainer = PowerPretrainer(validation_fraction=0.5, random_state=0, memory=tmp_path)
    first, last = pretrainer.fit(X).history_
    assert last["train_error"] < first["train_error"]
    assert last["valid_loss"] == last["valid_error"]
    np.testing.assert_equal(clone(pretrainer).fit(X).state_, pretrainer.state_)
    assert SSLEmbedder(pretrainer, aggregate=("max", "mean")).fit_transform(X).shape == (12, 8)
    with torch.no_grad():
        features = pretrainer.to_torch("all", "mean")(torch.tensor(X))
    np.testing.assert_allclose(features, pretrainer.encode(X, aggregate="mean"), rtol=1e-5)
    assert "random_state : int, RandomState instance or None" in type(pretrainer).__doc__
    assert set(pretrainer._parameter_constraints) == set(pretrainer.get_params())


class Small(PretextPretrainer):
    """Has fewer parameters than its base."""

    def __init__(self, *, max_epochs=1, memory=None):
        super().__init__(
            filters=(2,), kernel_sizes=(4,), max_epochs=max_epochs, memory=memory, random_state=0
        )


def test_a_subclass_may_have_fewer_parameters(tmp_path):
    first, second = Small().fit(X), Small(memory=tmp_path).fit(X)
    np.testing.assert_array_equal(first.encode(X), second.encode(X))
