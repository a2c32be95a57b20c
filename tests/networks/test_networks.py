import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ecgssl.networks import (
    ConvTrunk,
    DenseHead,
    Dropout,
    RecognitionNet,
    TransformerTrunk,
    check_sizes,
    initialised,
    rebuilt,
    seed_dropout,
    shortest_window,
)
from sklearn_ecgssl.networks._pooling import MaxPool, global_max


def n_parameters(module):
    return sum(p.numel() for p in module.parameters())


def reference_trunk(trunk, windows):
    """The paper's table, layer by layer, in plain conv1d."""
    x = windows[:, None]
    features = []
    for i, block in enumerate(trunk.blocks):
        if i:
            x = F.max_pool1d(x, 8, 2)
        for conv in (layer for layer in block.modules() if isinstance(layer, nn.Conv2d)):
            k = conv.kernel_size[1]
            x = F.pad(x, ((k - 1) // 2, k // 2))
            x = F.leaky_relu(F.conv1d(x, conv.weight[:, :, 0], conv.bias), 0.2)
        features.append(x.amax(dim=2))
    return features


def test_sizes_of_the_paper():
    net = RecognitionNet(ConvTrunk())
    assert n_parameters(net) == 561_223
    assert n_parameters(net.trunk) == 329_152
    kernels = [
        (m.in_channels, m.out_channels, m.kernel_size[1])
        for m in net.modules()
        if isinstance(m, nn.Conv2d)
    ]
    assert kernels == [
        (1, 32, 32), (32, 32, 32), (32, 64, 16), (64, 64, 16), (64, 128, 8), (128, 128, 8),
    ]  # fmt: skip
    assert net(torch.zeros(3, 2560)).shape == (3, 7)


def test_lengths_of_the_paper():
    trunk = ConvTrunk()
    lengths = []
    for block in trunk.blocks:
        block.register_forward_hook(lambda _, __, out: lengths.append(out.shape[-1]))
    trunk.block_features(torch.zeros(1, 2560))
    assert lengths == [2560, 1277, 635]


@pytest.mark.parametrize("n_times", [22, 23, 500, 2560])
def test_trunk_is_the_papers_table(n_times):
    torch.manual_seed(0)
    trunk = ConvTrunk()
    windows = torch.randn(3, n_times)
    expected = reference_trunk(trunk, windows)
    for ours, theirs in zip(trunk.block_features(windows), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(trunk(windows), expected[-1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("filters", "kernel_sizes", "n_times"),
    [
        ((3, 4), (6, 5), 90),
        ((32, 64, 128), (32, 16, 8), 150),
        ((32, 64, 128), (32, 16, 8), 151),
        ((20, 40), (33, 9), 77),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_those_of_the_papers_table(filters, kernel_sizes, n_times, dtype):
    torch.manual_seed(0)
    trunk = ConvTrunk(filters, kernel_sizes).to(dtype)
    windows = torch.randn(5, n_times, dtype=dtype, requires_grad=True)
    weights = torch.randn(filters[-1], dtype=dtype)
    parameters = [*trunk.parameters(), windows]
    ours = torch.autograd.grad((trunk(windows) * weights).sum(), parameters)
    theirs = torch.autograd.grad((reference_trunk(trunk, windows)[-1] * weights).sum(), parameters)
    tolerance = 1e-4 if dtype is torch.float32 else 1e-12
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * float(b.abs().max()))


def test_bfloat16_gradients_point_the_same_way():
    torch.manual_seed(0)
    trunk = ConvTrunk()
    windows = torch.randn(8, 300)
    exact = torch.autograd.grad(trunk(windows).sum(), list(trunk.parameters()))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = trunk(windows)
    assert features.dtype is torch.bfloat16
    rough = torch.autograd.grad(features.float().sum(), list(trunk.parameters()))
    for a, b in zip(exact, rough, strict=True):
        assert b.dtype is torch.float32
        cosine = torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0)
        assert float(cosine) > 0.97


@pytest.mark.parametrize(("size", "stride"), [(8, 2), (6, 2), (6, 3), (4, 4), (5, 1), (7, 3)])
@pytest.mark.parametrize("n_times", [8, 9, 10, 61])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pools_are_those_of_torch_with_and_without_gradients(size, stride, n_times, dtype):
    signal = torch.randn(3, 4, 1, n_times).to(dtype)
    expected = F.max_pool1d(signal[:, :, 0], size, stride)
    pool = MaxPool(size, stride)
    with torch.no_grad():
        assert torch.equal(pool(signal)[:, :, 0], expected)
        assert torch.equal(global_max(signal), signal.amax(dim=(2, 3)))
    assert torch.equal(pool(signal)[:, :, 0], expected)
    assert torch.equal(global_max(signal), signal.amax(dim=(2, 3)))


def test_features_are_the_same_with_and_without_gradients():
    torch.manual_seed(0)
    trunk = ConvTrunk()
    windows = torch.randn(4, 700)
    with torch.no_grad():
        alone = trunk(windows)
    torch.testing.assert_close(alone, trunk(windows), rtol=0, atol=0)


def test_initialisation_is_glorot_uniform_with_zero_biases():
    torch.manual_seed(0)
    for module in RecognitionNet(ConvTrunk()).modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            weight = module.weight
            receptive = weight[0, 0].numel()
            limit = (6 / (receptive * (weight.shape[0] + weight.shape[1]))) ** 0.5
            weight = weight.detach()
            assert float(weight.abs().max()) <= limit
            assert float(weight.abs().max()) > 0.9 * limit
            assert float(weight.std()) == pytest.approx(limit / 3**0.5, rel=0.2)
            assert not module.bias.any()


def test_dropout_follows_both_hidden_layers():
    head = DenseHead(128, (128, 128), 1, 0.6, "leaky_relu", 0.2)
    assert [type(layer).__name__ for layer in head] == [
        "Linear", "LeakyReLU", "Dropout", "Linear", "LeakyReLU", "Dropout", "Linear",
    ]  # fmt: skip
    assert {layer.p for layer in head if isinstance(layer, Dropout)} == {0.6}
    assert {m.negative_slope for m in head if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_heads_see_nothing_of_each_other():
    torch.manual_seed(0)
    net = RecognitionNet(ConvTrunk((2, 3), (4, 4)), n_tasks=3).eval()
    windows = torch.randn(4, 60)
    before = net(windows)
    with torch.no_grad():
        net.heads[1][-1].bias += 1
    after = net(windows)
    np.testing.assert_allclose((after - before).detach().numpy(), [[0, 1, 0]] * 4, atol=1e-6)


def test_shortest_window_is_just_enough():
    assert shortest_window(3, 8, 2) == 22
    trunk = ConvTrunk()
    trunk(torch.zeros(1, 22))
    with pytest.raises(RuntimeError):
        trunk(torch.zeros(1, 21))


def test_unknown_activation():
    with pytest.raises(ValueError, match="activation must be"):
        ConvTrunk(activation="tanh")


def test_dropout_drops_and_rescales_from_its_own_stream():
    layer = Dropout(0.6)
    seed_dropout(layer, torch.Generator().manual_seed(0))
    before = torch.get_rng_state()
    out = layer(torch.ones(1000, 100))
    assert torch.equal(before, torch.get_rng_state())
    assert out.unique().tolist() == pytest.approx([0.0, 2.5])
    assert float((out == 0).float().mean()) == pytest.approx(0.6, abs=0.01)
    seed_dropout(layer, torch.Generator().manual_seed(0))
    assert torch.equal(out, layer(torch.ones(1000, 100)))
    assert torch.equal(layer.eval()(torch.ones(3)), torch.ones(3))


def test_initialising_and_rebuilding_use_no_global_randomness():
    def build():
        return RecognitionNet(ConvTrunk((2, 3), (4, 4)), n_tasks=2)

    before = torch.get_rng_state()
    first, second, other = initialised(build, 1), initialised(build, 1), initialised(build, 2)
    state = {name: tensor.numpy() for name, tensor in first.state_dict().items()}
    again = rebuilt(build, state, torch.device("cpu"))
    assert torch.equal(before, torch.get_rng_state())
    windows = torch.ones(2, 50)
    assert torch.equal(first.eval()(windows), second.eval()(windows))
    assert torch.equal(first(windows), again(windows))
    assert not torch.equal(first(windows), other.eval()(windows))


def test_networks_are_float32_whatever_torchs_default_is():
    torch.set_default_dtype(torch.float64)
    try:
        module = initialised(lambda: DenseHead(3, (4,), 1, 0.0, "relu"), 0)
    finally:
        torch.set_default_dtype(torch.float32)
    assert {p.dtype for p in module.parameters()} == {torch.float32}


@pytest.mark.parametrize("sizes", [(), (0, 4), (2.5,), ("a",), 3, None])
def test_bad_sizes(sizes):
    with pytest.raises(ValueError, match="filters must be a sequence of at least 1 positive"):
        check_sizes("filters", sizes, min_length=1)


def test_good_sizes():
    assert check_sizes("filters", np.array([3, 4]), min_length=1) == (3, 4)
    assert check_sizes("hidden", [], min_length=0) == ()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ConvTrunk(convs_per_block=10**9), "convs_per_block must be at most 1000"),
        (lambda: TransformerTrunk(n_layers=10**9), "n_layers must be at most 1000"),
        (lambda: DenseHead(9, [2**20, 2**20], 1, 0.0, "relu"), r"1.1e\+12 weights.*lower filters"),
        (lambda: ConvTrunk([2**20], [2**20]), r"1.2e\+18 weights"),
    ],
)
def test_networks_that_would_take_all_memory(build, message):
    with pytest.raises(ValueError, match=message):
        initialised(build, seed=0)


def test_numpys_small_integers_do_not_end_the_arithmetic():
    trunk = ConvTrunk(pool_size=np.int8(8), pool_stride=np.int8(2), convs_per_block=np.int8(2))
    assert trunk.widest(10_000) == ConvTrunk().widest(10_000)
    assert shortest_window(9, np.int8(8), np.int8(2)) == shortest_window(9, 8, 2) > 127
    windows = torch.randn(2, 2560, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert trunk(windows).shape == (2, 128)
    assert TransformerTrunk(n_heads=np.int8(2)).widest(2560) == TransformerTrunk().widest(2560)
    assert Dropout(np.float16(0.5))(torch.ones(9000)).max() == 2
