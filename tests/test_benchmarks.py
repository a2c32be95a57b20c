"""What the benchmarks compare with must be the same method, or their ratios mean nothing."""

# ruff: noqa: E402

import numpy as np
import torch

from sklearn_ecgssl.networks import ConvTrunk, MaskedTransformer, RecognitionNet, TransformerTrunk
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms import default_transforms
from tests.checkout import checkout

checkout()  # the benchmarks are no part of the package

from benchmarks import naive, naive_transformer


def test_naive_network_is_ours():
    ours, port = RecognitionNet(ConvTrunk()).eval(), naive.Network().eval()
    with torch.no_grad():
        for mine, theirs in zip(ours.parameters(), port.parameters(), strict=True):
            theirs.copy_(mine.reshape(theirs.shape))  # convolutions have a dimension less
        windows = torch.randn(2, 300)
        torch.testing.assert_close(port(windows), ours(windows), rtol=1e-4, atol=1e-5)


def test_plain_transformer_has_our_sizes():
    ours, port = MaskedTransformer(TransformerTrunk()), naive_transformer.Network(n_times=300)
    sizes = [sorted(p.numel() for p in network.parameters()) for network in (ours, port)]
    assert sizes[0] == sizes[1]
    windows = torch.zeros(2, 300)
    assert port(windows).shape == ours(windows).shape


def test_naive_tasks_are_ours():
    assert PretextPretrainer()._task_weights() == naive.TASK_WEIGHTS
    assert list(naive.TRANSFORMS) == [name for name, _ in default_transforms()]
    window, rng = np.random.default_rng(0).normal(size=2560), np.random.default_rng(1)
    for name in ("scale", "negate", "flip"):
        ours = dict(default_transforms())[name].transform(window[None])[0]
        np.testing.assert_allclose(naive.TRANSFORMS[name](window, rng), ours, rtol=1e-6)
