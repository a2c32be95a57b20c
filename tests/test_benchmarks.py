"""What the benchmarks compare with must be the same method, or their ratios mean nothing."""

# ruff: noqa: E402

import numpy as np
import pytest
import torch

from sklearn_ecgssl.networks import (
    ConvTrunk,
    MaskedTransformer,
    RecognitionNet,
    TransformerTrunk,
)
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms import default_transforms
from tests.checkout import checkout

checkout()  # the benchmarks are no part of the package

from benchmarks import beats, naive, naive_transformer, reconstruction
from benchmarks.bound import operations_per_window


@pytest.fixture
def window():
    return np.random.default_rng(0).normal(size=2560)


def test_naive_network_is_ours():
    ours, port = RecognitionNet(ConvTrunk()), naive.Network()
    assert sum(p.numel() for p in port.parameters()) == sum(p.numel() for p in ours.parameters())
    convs = [layer for layer in ours.modules() if isinstance(layer, torch.nn.Conv2d)]
    for mine, theirs in zip(convs, port.convs, strict=True):
        theirs.weight.data = mine.weight.data[:, :, 0]
        theirs.bias.data = mine.bias.data
    for mine, theirs in zip(ours.heads, port.heads, strict=True):
        theirs.load_state_dict(mine.state_dict())
    windows = torch.randn(2, 2560)
    ours.eval(), port.eval()
    torch.testing.assert_close(port(windows), ours(windows), rtol=1e-4, atol=1e-5)


def test_naive_transformations_are_ours(window):
    assert list(naive.TRANSFORMS) == [name for name, _ in default_transforms()]
    rng = np.random.default_rng(1)
    views = {name: transform(window, rng) for name, transform in naive.TRANSFORMS.items()}
    assert {len(view) for view in views.values()} == {2560}
    noise = views["noise"] - window
    assert 10 * np.log10(np.mean(window**2) / np.mean(noise**2)) == pytest.approx(15, abs=0.3)
    for name in ("scale", "negate", "flip"):
        ours = dict(default_transforms())[name].transform(window[None])[0]
        np.testing.assert_allclose(views[name], ours, rtol=1e-6)
    np.testing.assert_array_equal(np.sort(views["permute"]), np.sort(window))
    # A piece of 284 samples becomes 299 or 271; five are stretched, four squeezed.
    changes = np.abs(views["warp"][:200] - window[:200])
    assert changes.max() > 0.1


def test_plain_transformer_is_ours():
    ours = MaskedTransformer(TransformerTrunk()).eval()
    port = naive_transformer.Network(n_times=300).eval()
    assert sum(p.numel() for p in port.parameters()) == sum(p.numel() for p in ours.parameters())
    trunk, embedding = ours.trunk, ours.trunk.embedding
    for mine, theirs in zip(trunk.input_encoder.convs, port.convs, strict=True):
        theirs.weight.data, theirs.bias.data = mine.weight.data[:, :, 0], mine.bias.data
    port.class_token.data = embedding.class_token.data
    for mine, theirs in zip(trunk.layers, port.encoder.layers, strict=True):
        theirs.self_attn.in_proj_weight.data = mine.attention.projection.weight.data
        theirs.self_attn.in_proj_bias.data = mine.attention.projection.bias.data
        theirs.self_attn.out_proj.load_state_dict(mine.attention.output.state_dict())
        theirs.linear1.load_state_dict(mine.widen.state_dict())
        theirs.linear2.load_state_dict(mine.narrow.state_dict())
    for mine, theirs in zip(list(ours.head)[::3], list(port.head)[::2], strict=True):
        theirs.load_state_dict(mine.state_dict())
    windows = torch.randn(2, 300)
    torch.testing.assert_close(port(windows), ours(windows), rtol=1e-4, atol=1e-4)


def test_interpolation_fills_what_is_masked_and_nothing_else():
    signal = np.arange(12.0)[None] * 2
    mask = np.isin(np.arange(12), [0, 3, 4, 5, 11])[None]
    filled = reconstruction.interpolated(
        np.where(mask, 99.0, signal), mask, reconstruction.straight
    )
    expected = signal.copy()
    expected[0, [0, 11]] = 2, 20  # nothing beyond the ends is known
    np.testing.assert_allclose(filled, expected)


def test_naive_training_uses_the_same_loss_weights():
    assert PretextPretrainer()._task_weights() == naive.TASK_WEIGHTS


def test_bound_counts_the_operations_of_the_papers_network():
    by_hand = 2 * (
        2560 * 32 * (1 * 32 + 32 * 32) + 1277 * 64 * 16 * (32 + 64) + 635 * 128 * 8 * (64 + 128)
    )
    assert operations_per_window() == by_hand
    assert by_hand == pytest.approx(0.67e9, rel=0.01)


def test_beats_are_matched_one_to_one():
    true, found = np.array([100, 200, 300]), np.array([90, 105, 251, 320])
    assert beats.count_matches(true, found, 20) == 2
    assert beats.count_matches(true, found, 9) == 1
    assert beats.count_matches(true, np.array([]), 9) == 0


def test_detectors_are_compared_on_the_same_windows():
    x = np.random.default_rng(0).normal(size=360 * 25)
    at = np.arange(180, len(x), 360)
    (first, second) = beats.windows([(x, at, 360)])
    assert len(first[0]) == len(second[0]) == 2560
    np.testing.assert_allclose(second[1], np.arange(128, 2560, 256))
    detectors = {"all": lambda x, rate: second[1], "half": lambda x, rate: second[1][::2] + 40}
    scores = beats.compare([first, second], detectors)
    assert scores["all"].row[:3] == ["100.00", "100.00", "100.00"]
    assert scores["half"].row[:3] == ["0.00", "0.00", "0.00"]
    halves = beats.compare([second], {"half": lambda x, rate: second[1][::2] + 30})["half"]
    assert halves.row[:3] == ["50.00", "100.00", "66.67"]
