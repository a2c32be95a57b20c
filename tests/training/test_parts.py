"""Batches that go through the network in parts: the same batch, whatever its parts."""

import numpy as np
import pytest
import torch

from sklearn_ecgssl.networks import (
    ClassificationNet,
    ConvTrunk,
    DenseHead,
    MaskedTransformer,
    RecognitionNet,
    TransformerTrunk,
)
from sklearn_ecgssl.training import _net, _parts
from sklearn_ecgssl.training._parts import CACHED_VALUES, DEVICE_VALUES, inputs_at_once, parts
from tests.tiny import each_pretrainer, waves

CPU, META = torch.device("cpu"), torch.device("meta")


class Network:
    """Says how many values a sample has."""

    def __init__(self, width):
        self.width = width

    def largest_activation(self, n_times):
        return n_times * self.width


@pytest.mark.parametrize("device", [CPU, META])
@pytest.mark.parametrize("n_times", [1, 640, 10**6, 10**10])
@pytest.mark.parametrize("width", [1, 32, 1024, 10**9])
def test_at_least_one_input_goes_at_once(n_times, width, device):
    n = inputs_at_once(Network(width), n_times, device)
    assert isinstance(n, int)
    assert n >= 1
    values = CACHED_VALUES if device == CPU else DEVICE_VALUES
    assert n == 1 or n * n_times * width <= values < (n + 1) * n_times * width


def test_the_papers_networks_at_10_s():
    conv, transformer = ConvTrunk(), TransformerTrunk()
    head = DenseHead(256, (), 2, 0.0, "relu")
    assert {inputs_at_once(n, 2560, CPU) for n in (conv, RecognitionNet(conv), torch.relu)} == {28}
    for network in (
        transformer, MaskedTransformer(transformer), ClassificationNet(transformer, head),
    ):  # fmt: skip
        # All attention weights of two heads: 2 * 1281 ** 2 values.
        assert inputs_at_once(network, 1280, CPU) == 1
        assert inputs_at_once(network, 1280, META) == DEVICE_VALUES // (2 * 1281**2)
        assert inputs_at_once(network, 99, CPU) == CACHED_VALUES // (100 * 1024)
        assert inputs_at_once(network, 10**6, META) == 1


@pytest.mark.parametrize("n_inputs", [1, 27, 28, 29, 56, 100])
def test_parts_are_the_batch_cut(n_inputs):
    cut = list(parts(torch.empty(n_inputs, 2560), Network(32)))
    assert [i for part in cut for i in range(n_inputs)[part]] == list(range(n_inputs))
    assert all(part.stop - part.start <= 28 for part in cut)
    assert len(cut) == -(-n_inputs // 28)


def test_elsewhere_a_batch_is_one_part():
    inputs = torch.empty(10_000, 2560, device=META)
    assert list(parts(inputs, Network(10**9))) == [slice(0, 10_000)]


@pytest.fixture
def fit_in_parts(monkeypatch):
    """Fit a pretrainer on windows, so many inputs at once; return the sizes of all parts."""

    def fit(pretrainer, X, at_once):
        pretrainer.architecture_ = pretrainer._architecture()
        network = pretrainer._build_module()
        sizes = []

        def spied(*args):
            for part in parts(*args):
                sizes.append(part.stop - part.start)
                yield part

        with monkeypatch.context() as patch:
            patch.setattr(
                _parts, "CACHED_VALUES", at_once * network.trunk.largest_activation(X.shape[1])
            )
            patch.setattr(_net, "parts", spied)
            pretrainer.fit(X)
        return sizes

    return fit


def without_dropout(tiny, **params):
    """Dropout draws for a part at a time."""
    off = "head_dropout" if "head_dropout" in tiny().get_params() else "dropout"
    return tiny(**{off: 0.0}, **params)


@each_pretrainer
@pytest.mark.parametrize("at_once", [1, 3])
def test_the_same_is_learnt_whatever_the_parts(tiny, fit_in_parts, at_once):
    X, _ = waves(21)
    params = {"max_epochs": 3, "batch_size": 10, "validation_fraction": 0.2}
    whole, cut = (without_dropout(tiny, **params) for _ in range(2))
    assert max(fit_in_parts(whole, X, 10**6)) >= 10
    assert max(fit_in_parts(cut, X, at_once)) == at_once
    for name, array in whole.state_.items():
        learnt = slice(None)
        if name.endswith("projection.bias"):
            # What is added to all keys cancels out: its gradient is 0, and Adam enlarges roundings.
            learnt = np.r_[: len(array) // 3, 2 * len(array) // 3 : len(array)]
        np.testing.assert_allclose(cut.state_[name][learnt], array[learnt], rtol=1e-3, atol=1e-4)
    for row, other in zip(whole.history_, cut.history_, strict=True):
        assert row == pytest.approx(other, rel=1e-3, abs=1e-4)


@each_pretrainer
def test_gradients_add_up_to_those_of_the_batch(tiny, fit_in_parts, monkeypatch):
    gradients = []

    class Spy(torch.optim.Adam):
        def step(self, closure):
            closure()
            gradients.append([p.grad.clone() for g in self.param_groups for p in g["params"]])

    monkeypatch.setattr(torch.optim, "Adam", Spy)
    X, _ = waves(16)
    for at_once in (10**6, 3):
        fit_in_parts(without_dropout(tiny, max_epochs=1, batch_size=16), X, at_once)
    for whole, cut in zip(*gradients, strict=True):
        assert float(whole.abs().max()) > 0
        torch.testing.assert_close(cut, whole, rtol=1e-4, atol=1e-5 * float(whole.abs().max()))


@each_pretrainer
def test_scores_and_features_do_not_depend_on_the_parts(tiny, monkeypatch):
    X, _ = waves(21)
    pretrainer = tiny().fit(X)
    answers = []
    for at_once in (10**6, 2):
        network = pretrainer._build_module()
        monkeypatch.setattr(_parts, "CACHED_VALUES", at_once * network.trunk.largest_activation(64))
        answers.append((pretrainer.score(X), pretrainer.encode(X)))
    (score, features), (other_score, other_features) = answers
    np.testing.assert_allclose(other_features, features, rtol=1e-4, atol=1e-5)
    # Each part draws its own transformations or masks, and has its own share of masked samples.
    assert other_score == pytest.approx(score, abs=0.1)
