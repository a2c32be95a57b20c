"""The recognition network against the paper's table in plain torch."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ecgssl.networks import ConvTrunk, RecognitionNet, aggregate, shortest_window
from sklearn_ecgssl.networks._convolution import MaxPool, global_max


def random(*shape, seed=0, **kwargs):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), **kwargs)


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
    assert sum(p.numel() for p in net.parameters()) == 561_223
    assert sum(p.numel() for p in net.trunk.parameters()) == 329_152
    convs = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    assert [conv.out_channels for conv in convs] == [32, 32, 64, 64, 128, 128]
    assert [conv.kernel_size[1] for conv in convs] == [32, 32, 16, 16, 8, 8]
    for head in net.heads:
        assert [layer.out_features for layer in list(head)[::3]] == [128, 128, 1]
        assert [layer.p for layer in list(head)[2::3]] == [0.6, 0.6]
    maps = [net.trunk.maps(torch.zeros(1, 2560), index) for index in range(3)]
    assert [tuple(one.shape) for one in maps] == [(1, 32, 2560), (1, 64, 1277), (1, 128, 635)]
    assert net(torch.zeros(3, 2560)).shape == (3, 7)


def test_largest_activation_is_that_of_a_block():
    assert ConvTrunk().largest_activation(100) == 100 * 32
    assert ConvTrunk((4, 12), (3, 3), pool_stride=2).largest_activation(100) == 100 * 6


@pytest.mark.parametrize("n_times", [22, 23, 500])
def test_trunk_is_the_papers_table(n_times):
    torch.manual_seed(0)
    trunk = ConvTrunk()
    windows = random(3, n_times)
    expected = reference_trunk(trunk, windows)
    for ours, theirs in zip(trunk.block_features(windows), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    features = trunk(windows)
    torch.testing.assert_close(features, expected[-1], rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(trunk(windows), features, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("filters", "kernel_sizes", "n_times"),
    [
        ((4,), (6,), 90),
        ((3, 4), (6, 5), 90),
        ((32, 64, 128), (32, 16, 8), 150),
        ((32, 64, 128), (32, 16, 8), 151),
        ((20, 40), (33, 9), 77),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("of_windows", [True, False])
def test_gradients_are_those_of_the_papers_table(filters, kernel_sizes, n_times, dtype, of_windows):
    torch.manual_seed(0)
    trunk = ConvTrunk(filters, kernel_sizes, convs_per_block=1 if len(filters) == 1 else 2)
    trunk.to(dtype)
    windows = random(5, n_times, dtype=dtype, requires_grad=of_windows)
    weights = random(filters[-1], dtype=dtype)
    parameters = [*trunk.parameters(), windows] if of_windows else list(trunk.parameters())
    ours = torch.autograd.grad((trunk(windows) * weights).sum(), parameters)
    theirs = torch.autograd.grad((reference_trunk(trunk, windows)[-1] * weights).sum(), parameters)
    tolerance = 1e-4 if dtype is torch.float32 else 1e-12
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * float(b.abs().max()))


def test_bfloat16_gradients_point_the_same_way():
    torch.manual_seed(0)
    trunk = ConvTrunk()
    windows = random(8, 300)
    exact = torch.autograd.grad(trunk(windows).sum(), list(trunk.parameters()))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = trunk(windows)
    assert features.dtype is torch.bfloat16
    rough = torch.autograd.grad(features.float().sum(), list(trunk.parameters()))
    for a, b in zip(exact, rough, strict=True):
        assert b.dtype is torch.float32
        assert float(F.cosine_similarity(a.flatten(), b.flatten(), dim=0)) > 0.97


@pytest.mark.parametrize(("size", "stride"), [(8, 2), (6, 3), (4, 4), (5, 1), (7, 3)])
@pytest.mark.parametrize("n_times", [8, 9, 61])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pools_are_those_of_torch_with_and_without_gradients(size, stride, n_times, dtype):
    signal = random(3, 4, 1, n_times).to(dtype)
    expected = F.max_pool1d(signal[:, :, 0], size, stride)
    pool = MaxPool(size, stride)
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            assert torch.equal(pool(signal)[:, :, 0], expected)
            assert torch.equal(global_max(signal), signal.amax(dim=(2, 3)))


def test_heads_see_nothing_of_each_other():
    torch.manual_seed(0)
    net = RecognitionNet(ConvTrunk((2, 3), (4, 4)), n_tasks=3).eval()
    windows = random(4, 60)
    before = net(windows)
    with torch.no_grad():
        net.heads[1][-1].bias += 1
    after = net(windows)
    np.testing.assert_allclose((after - before).detach(), [[0, 1, 0]] * 4, atol=1e-6)


@pytest.mark.parametrize("layers", [[2], [0, 1], [0, 2]])
@pytest.mark.parametrize("names", [("max",), ("std", "rhythm")])
def test_features_of_blocks_are_aggregated_maps_side_by_side(layers, names):
    trunk = ConvTrunk(filters=(4, 5, 6)).eval()
    windows = random(3, 640)
    with torch.no_grad():
        maps = [trunk.maps(windows, i) for i in layers]
        expected = [aggregate(m, names, 128 / 2**i) for m, i in zip(maps, layers, strict=True)]
        features = trunk.layer_features(windows, layers, names, 128)
    torch.testing.assert_close(features, torch.cat(expected, dim=1))


def test_shortest_window_is_just_enough():
    assert shortest_window(3, 8, 2) == 22
    trunk = ConvTrunk()
    trunk(torch.zeros(1, 22))
    with pytest.raises(RuntimeError):
        trunk(torch.zeros(1, 21))
