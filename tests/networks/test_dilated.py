"""The trunk of dilated convolutions against a plain version, and on windows of any length."""

import numpy as np
import pytest
import torch
from torch.nn.functional import conv1d, leaky_relu

from sklearn_ecgssl.networks import ComparisonNet, ComparisonScores, DilatedTrunk
from sklearn_ecgssl.networks._aggregation import aggregate


def plain(trunk, windows):
    """The same in conv1d, from the weights by name."""
    weights = {name: value[:, :, 0] if value.ndim == 4 else value
               for name, value in trunk.state_dict().items()}  # fmt: skip
    signal = windows[:, None]
    for i in range(trunk.n_strided):
        signal = signal if i == 0 else leaky_relu(signal, 0.2)
        kernel, bias = weights[f"strided.{i}.weight"], weights[f"strided.{i}.bias"]
        signal = conv1d(signal, kernel, bias, stride=2, padding=3)
    for i in range(len(trunk.layers)):
        kernel, bias = weights[f"layers.{i}.weight"], weights[f"layers.{i}.bias"]
        added = conv1d(leaky_relu(signal, 0.2), kernel, bias, dilation=2**i, padding=2**i)
        signal = signal + added
    maps = leaky_relu(signal, 0.2)
    return torch.cat([maps.mean(2), maps.amax(2)], dim=1)


@pytest.mark.parametrize("n_times", [37, 700, 1000])
def test_features_are_those_of_the_plain_version(n_times):
    torch.manual_seed(0)
    trunk = DilatedTrunk(8, n_layers=4).eval()
    windows = torch.randn(3, n_times)
    with torch.no_grad():
        found, expected = trunk(windows), plain(trunk, windows)
    assert found.shape == (3, 16)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_an_activation_sees_as_far_as_is_said():
    trunk = DilatedTrunk(4).double()
    windows = torch.randn(1, 4000, dtype=torch.double, requires_grad=True)
    maps = trunk.maps(windows, 5)
    assert maps.shape == (1, 4, 1000)
    maps[0, :, 500].sum().backward()
    (seen,) = np.nonzero(windows.grad[0].numpy())
    assert (seen[-1] - seen[0]) / 100 == pytest.approx(5.4, abs=0.3)


def test_mean_and_maximum_of_a_longer_window_are_those_of_a_repeated_one():
    torch.manual_seed(0)
    trunk = DilatedTrunk(8).eval()
    period = torch.randn(2, 100)
    with torch.no_grad():
        short, long = (trunk(period.repeat(1, n)) for n in (20, 60))
    np.testing.assert_allclose(short, long, rtol=0.2, atol=0.1)  # but for the edges


def test_comparisons_are_antisymmetric_and_zero_between_equal_views():
    torch.manual_seed(0)
    net = ComparisonNet(DilatedTrunk(4, n_layers=2), 3, n_tasks=2).eval()
    views = torch.randn(5, 4, 200)
    logits, differences = net(views)
    assert logits.shape == (5, 2, 2)
    assert differences.shape == (5, 3)
    _, swapped = net(views[:, [0, 1, 3, 2]])
    np.testing.assert_allclose(differences.detach(), -swapped.detach(), rtol=1e-4, atol=1e-6)
    _, equal = net(views[:, [0, 1, 2, 2]])
    assert float(equal.detach().abs().max()) < 1e-6


def test_differences_are_the_score_of_the_first_view_minus_that_of_the_second():
    torch.manual_seed(0)
    net = ComparisonNet(DilatedTrunk(4, n_layers=2), 3, n_tasks=0).eval()
    views = torch.randn(5, 2, 200)
    with torch.no_grad():
        _, differences = net(views)
        first, second = (ComparisonScores(net)(views[:, i]) for i in (0, 1))
    np.testing.assert_allclose(differences, first - second, rtol=1e-4, atol=1e-6)


def test_layers_stand_side_by_side_and_their_rate_is_the_lowered_one():
    torch.manual_seed(0)
    trunk, names = DilatedTrunk(4, n_layers=3).eval(), ("mean", "rhythm")
    windows = torch.randn(2, 1000)
    with torch.no_grad():
        found = trunk.layer_features(windows, [0, 2], names, 100)
        expected = [aggregate(trunk.maps(windows, i), names, 25) for i in (0, 2)]
    np.testing.assert_array_equal(found, torch.cat(expected, dim=1))
