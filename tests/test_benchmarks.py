"""What the benchmarks compare with must be the same method, or their ratios mean nothing."""

# ruff: noqa: E402

import numpy as np
import pytest
import torch

from sklearn_ecgssl.networks import ConvTrunk, MaskedTransformer, RecognitionNet, TransformerTrunk
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms import default_transforms
from tests.checkout import checkout

checkout()  # the benchmarks are no part of the package

from benchmarks import naive, naive_transformer


def test_naive_network_is_ours():
    ours, port = RecognitionNet(ConvTrunk()).eval(), naive.Network().eval()
    assert sum(p.numel() for p in port.parameters()) == sum(p.numel() for p in ours.parameters())
    convs = [layer for layer in ours.modules() if isinstance(layer, torch.nn.Conv2d)]
    for mine, theirs in zip(convs, port.convs, strict=True):
        theirs.weight.data, theirs.bias.data = mine.weight.data[:, :, 0], mine.bias.data
    for mine, theirs in zip(ours.heads, port.heads, strict=True):
        theirs.load_state_dict(mine.state_dict())
    windows = torch.randn(2, 2560)
    torch.testing.assert_close(port(windows), ours(windows), rtol=1e-4, atol=1e-5)


def test_naive_tasks_are_ours():
    assert PretextPretrainer()._task_weights() == naive.TASK_WEIGHTS
    assert list(naive.TRANSFORMS) == [name for name, _ in default_transforms()]
    window, rng = np.random.default_rng(0).normal(size=2560), np.random.default_rng(1)
    views = {name: transform(window, rng) for name, transform in naive.TRANSFORMS.items()}
    assert {len(view) for view in views.values()} == {2560}
    noise = views["noise"] - window
    assert 10 * np.log10(np.mean(window**2) / np.mean(noise**2)) == pytest.approx(15, abs=0.3)
    for name in ("scale", "negate", "flip"):
        ours = dict(default_transforms())[name].transform(window[None])[0]
        np.testing.assert_allclose(views[name], ours, rtol=1e-6)
    np.testing.assert_array_equal(np.sort(views["permute"]), np.sort(window))


def test_plain_transformer_is_ours():
    ours = MaskedTransformer(TransformerTrunk()).eval()
    port = naive_transformer.Network(n_times=300).eval()
    assert sum(p.numel() for p in port.parameters()) == sum(p.numel() for p in ours.parameters())
    trunk = ours.trunk
    for mine, theirs in zip(trunk.input_encoder.convs, port.convs, strict=True):
        theirs.weight.data, theirs.bias.data = mine.weight.data[:, :, 0], mine.bias.data
    port.class_token.data = trunk.embedding.class_token.data
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
