"""What both networks share: initialisation, building, dropout, checks of sizes."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_ecgssl.networks import (
    ConvTrunk,
    Dropout,
    MaskedTransformer,
    RecognitionNet,
    TransformerTrunk,
    check_convolutions,
    check_sizes,
    initialised,
    rebuilt,
    seed_dropout,
)

NETWORKS = {
    "recognition": lambda: RecognitionNet(ConvTrunk((8, 16), (16, 8)), head_hidden=(32,)),
    "masked": lambda: MaskedTransformer(
        TransformerTrunk((8, 16), (17, 9), n_heads=2, feedforward=32), (32,)
    ),
}
each_network = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)


@each_network
def test_initialisation_is_glorot_uniform_with_zero_biases(build):
    net = initialised(build, 0)
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            weight = layer.weight.detach()
            receptive = weight[0, 0].numel()
            limit = (6 / (receptive * (weight.shape[0] + weight.shape[1]))) ** 0.5
            assert 0.8 * limit < float(weight.abs().max()) <= limit
            assert float(weight.std()) == pytest.approx(limit / 3**0.5, rel=0.3)
            assert not layer.bias.any()
        elif isinstance(layer, nn.LayerNorm):
            assert (layer.weight == 1).all()
            assert not layer.bias.any()


def test_class_token_is_normal():
    build = lambda: TransformerTrunk((100_000,), (1,), n_layers=0)  # noqa: E731
    token = initialised(build, 0).embedding.class_token.detach()
    assert float(token.std()) == pytest.approx(0.02, rel=0.03)
    assert float(token.mean()) == pytest.approx(0, abs=0.001)
    assert float(token.abs().max()) > 0.06


@each_network
def test_initialising_and_rebuilding_use_no_global_randomness(build):
    before = torch.get_rng_state()
    first, second, other = (initialised(build, seed).eval() for seed in (1, 1, 2))
    state = {key: tensor.numpy() for key, tensor in first.state_dict().items()}
    again = rebuilt(build, state, torch.device("cpu"))
    assert torch.equal(before, torch.get_rng_state())
    windows = torch.ones(2, 50)
    assert torch.equal(first(windows), second(windows))
    assert torch.equal(first(windows), again(windows))
    assert not torch.equal(first(windows), other(windows))


@pytest.mark.parametrize("sizes", [(), (0, 4), (2.5,), (True,), "12", 3])
def test_bad_sizes(sizes):
    with pytest.raises(ValueError, match="filters must be a sequence of at least 1 positive"):
        check_sizes("filters", sizes, min_length=1)


def test_sizes_become_plain_integers():
    assert check_sizes("filters", np.array([3, 4]), min_length=1) == (3, 4)
    assert check_sizes("hidden", [], min_length=0) == ()
    with pytest.raises(ValueError, match="equally long.* got 2 and 1"):
        check_convolutions((3, 4), (8,))


class TestDropout:
    @pytest.mark.parametrize("p", [0.1, 0.6])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    @pytest.mark.parametrize("shape", [(100_003,), (7, 11, 1301)])
    def test_fraction_rescaling_and_gradient_from_its_own_generator(self, p, dtype, shape):
        layer, before = Dropout(p), torch.get_rng_state()
        ones = torch.ones(shape, dtype=dtype, requires_grad=True)
        seed_dropout(layer, torch.Generator().manual_seed(1))
        out = layer(ones)
        assert not torch.equal(layer(ones), out), "draws go on where they were"
        seed_dropout(layer, torch.Generator().manual_seed(1))
        assert torch.equal(layer(ones), out)
        assert torch.equal(torch.get_rng_state(), before)
        out.sum().backward()
        assert torch.equal(ones.grad, out.detach())
        assert (out.shape, out.dtype) == (shape, dtype)
        kept, n = out.detach()[out != 0].float(), out.numel()
        assert len(kept) / n == pytest.approx(1 - p, abs=5 * (p * (1 - p) / n) ** 0.5)
        rounding = 1e-6 if dtype == torch.float32 else 2**-8
        assert kept.unique().tolist() == [pytest.approx(1 / (1 - p), rel=rounding)]

    def test_draws_are_independent(self):
        """Four values share a 64-bit draw."""
        layer = Dropout(0.3)
        seed_dropout(layer, torch.Generator().manual_seed(0))
        kept = (layer(torch.ones(4 * 50_000)) != 0).float().view(-1, 4)
        np.testing.assert_allclose(kept.mean(0), 0.7, atol=0.012)
        correlations = np.corrcoef(torch.cat([kept[:-1], kept[1:]], dim=1).T.numpy())
        assert np.abs(correlations - np.eye(8)).max() < 0.025

    @pytest.mark.parametrize("p", [1e-9, 1 - 1e-9])
    def test_extreme_fractions(self, p):
        kept = Dropout(p)(torch.ones(10_001)) != 0
        assert float(kept.float().mean()) == pytest.approx(1 - p, abs=0.001)

    @each_network
    def test_is_off_in_evaluation_and_on_in_training(self, build):
        net = initialised(build, 0)
        windows = torch.ones(1, 64)
        assert torch.equal(net.eval()(windows), net(windows))
        assert not torch.equal(net.train()(windows), net(windows))
