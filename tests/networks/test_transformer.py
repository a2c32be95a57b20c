"""The Transformer against torch's own convolutions, normalisations and encoder layers."""

import itertools
import math

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from sklearn_ecgssl.networks import (
    Dropout,
    MaskedTransformer,
    TransformerTrunk,
    _transformer,
    aggregate_tokens,
    seed_dropout,
)
from sklearn_ecgssl.networks._transformer import EncoderLayer, attend

SMALL = {"filters": (4, 6), "kernel_sizes": (9, 5), "n_layers": 2, "n_heads": 2, "feedforward": 8}


def random(*shape, seed=0, **kwargs):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), **kwargs)


def small(head_hidden=(5,), **changes):
    """A network with random values for every weight, biases and normalisations included."""
    net = MaskedTransformer(TransformerTrunk(**{**SMALL, **changes}), head_hidden)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return net.eval()


def test_sizes_of_the_paper():
    net = MaskedTransformer(TransformerTrunk())
    assert sum(p.numel() for p in net.trunk.parameters()) == 2_412_928
    assert sum(p.numel() for p in net.parameters()) == 2_445_953
    convs = net.trunk.input_encoder.convs
    assert [(conv.out_channels, conv.kernel_size[1]) for conv in convs] == [
        (64, 65), (128, 33), (256, 17),
    ]  # fmt: skip
    assert [layer.attention.n_heads for layer in net.trunk.layers] == [2, 2]
    rates = {name: m.p for name, m in net.named_modules() if isinstance(m, Dropout)}
    assert [rate for name, rate in rates.items() if name.startswith("trunk.")] == [0.1] * 4
    assert rates["head.2"] == 0


def test_largest_activation():
    """Hidden units, projections or channels of all tokens, or attention weights."""
    assert TransformerTrunk().largest_activation(1280) == 1281 * 1281 * 2
    assert TransformerTrunk().largest_activation(99) == 100 * 1024
    assert TransformerTrunk(feedforward=5).largest_activation(99) == 100 * 3 * 256
    wide = TransformerTrunk((900, 6), (3, 3), feedforward=5)
    assert wide.largest_activation(99) == 100 * 900


def normalised(tokens, norm):
    return F.layer_norm(tokens, tokens.shape[-1:], norm.weight, norm.bias, 1e-5)


def positions(n_tokens, n_channels):
    """Those of Vaswani et al., number by number."""
    waves = torch.zeros(n_tokens, n_channels)
    for position, channel in itertools.product(range(n_tokens), range(n_channels)):
        angle = position / 10_000 ** (2 * (channel // 2) / n_channels)
        waves[position, channel] = (math.cos if channel % 2 else math.sin)(angle)
    return waves


def torchs_layer(layer, tokens):
    """What torch's own encoder layer makes of tokens, with the weights of ours."""
    modules = {
        "self_attn.in_proj_": layer.attention.projection,
        "self_attn.out_proj.": layer.attention.output,
        "linear1.": layer.widen,
        "linear2.": layer.narrow,
        "norm1.": layer.attention_norm,
        "norm2.": layer.feedforward_norm,
    }
    weights = {f"{name}weight": module.weight for name, module in modules.items()}
    weights |= {f"{name}bias": module.bias for name, module in modules.items()}
    theirs = nn.TransformerEncoderLayer(
        tokens.shape[2], layer.attention.n_heads, len(layer.widen.bias), dropout=0.0,
        activation="relu", batch_first=True, norm_first=False,
    )  # fmt: skip
    return functional_call(theirs, weights, tokens)


def reference(net, windows):
    """The tokens after each layer, and the predictions, of a network."""
    encoder, embedding = net.trunk.input_encoder, net.trunk.embedding
    x = windows[:, None]
    for i, conv in enumerate(encoder.convs):
        x = F.relu(F.conv1d(x, conv.weight[:, :, 0], conv.bias, padding="same"))
        if i == 0:
            x = normalised(x.mT, encoder.first_norm).mT
    x = normalised(x.mT, encoder.last_norm)
    first = embedding.class_token.expand(len(x), 1, x.shape[2])
    x = torch.cat([first, x], dim=1)
    tokens = [normalised(x + positions(*x.shape[1:]), embedding.norm)]
    for layer in net.trunk.layers:
        tokens.append(torchs_layer(layer, tokens[-1]))
    hidden = tokens[-1][:, 1:]
    *hidden_layers, last = [layer for layer in net.head if isinstance(layer, nn.Linear)]
    for layer in hidden_layers:
        hidden = torch.relu(layer(hidden))
    return tokens[1:], last(hidden)[:, :, 0]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"n_heads": 1, "n_layers": 1, "head_hidden": ()},
        {"filters": (3, 5, 9), "kernel_sizes": (8, 7, 6), "n_heads": 3, "head_hidden": (4, 3)},
        {"filters": (7,), "kernel_sizes": (4,), "n_heads": 7},
        {"filters": (64, 128, 64), "kernel_sizes": (65, 33, 17), "feedforward": 20},
    ],
)
@pytest.mark.parametrize("n_times", [1, 5, 90])
def test_answers_and_gradients_are_those_of_torchs_own_layers(sizes, n_times):
    net = small(**sizes)
    windows = random(3, n_times, requires_grad=True)
    expected_tokens, expected = reference(net, windows)
    found = net(windows)
    assert (found.shape, found.dtype) == ((3, n_times), torch.float32)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    for ours, theirs in zip(net.trunk.layer_tokens(windows), expected_tokens, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    weights, parameters = random(3, n_times, seed=1), [windows, *net.parameters()]
    ours = torch.autograd.grad((found * weights).sum(), parameters)
    theirs = torch.autograd.grad((expected * weights).sum(), parameters)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * float(b.abs().max()))


def test_one_network_takes_windows_of_several_lengths_and_types():
    """Positions are kept for those that came last, and are no weights."""
    net = small()
    embedding = net.trunk.embedding
    assert set(embedding.state_dict()) == {"class_token", "norm.weight", "norm.bias"}
    expected = net(random(2, 30))
    net(random(2, 50))
    torch.testing.assert_close(net(random(2, 30)), expected)
    tokens = random(3, 10, 6)
    exact = embedding(tokens)
    torch.testing.assert_close(embedding(tokens.bfloat16()).float(), exact, rtol=0.05, atol=0.05)
    torch.testing.assert_close(embedding(tokens), exact)


class TestAttention:
    def problem(self, dtype, n_tokens=37):
        return [
            (1.5 * random(2, 3, n_tokens, 8, seed=seed)).to(dtype).requires_grad_()
            for seed in range(3)
        ]

    @pytest.mark.parametrize(
        ("dtype", "rtol"), [(torch.float32, 1e-4), (torch.float64, 1e-10), (torch.bfloat16, 0.03)]
    )
    @pytest.mark.parametrize("n_tokens", [1, 37])
    def test_is_its_definition(self, dtype, rtol, n_tokens):
        ours = self.problem(dtype, n_tokens)
        exact = [x.detach().double().requires_grad_() for x in ours]
        queries, keys, values = exact
        scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
        expected = torch.softmax(scores, dim=-1) @ values
        seen = attend(*ours)
        assert seen.dtype == dtype
        torch.testing.assert_close(seen.double(), expected, rtol=rtol, atol=rtol)
        weights = random(*seen.shape, seed=5)
        gradients = torch.autograd.grad((seen * weights.to(dtype)).sum(), ours)
        wanted = torch.autograd.grad((expected * weights.double()).sum(), exact)
        # of one token those of queries and keys are zero but for rounding: judged beside the others
        largest = max(float(b.abs().max()) for b in wanted)
        for a, b in zip(gradients, wanted, strict=True):
            assert a.dtype == dtype
            torch.testing.assert_close(a.double(), b, rtol=rtol, atol=rtol * largest)

    def test_many_tokens_take_no_memory_for_all_their_weights(self, monkeypatch):
        queries = [x.detach() for x in self.problem(torch.bfloat16)]
        expected = attend(*queries)
        monkeypatch.setattr(_transformer, "MOST_TOKENS", 36)
        monkeypatch.setattr(torch, "softmax", None)
        torch.testing.assert_close(attend(*queries), expected, rtol=0.05, atol=0.02)


def test_dropout_is_on_what_is_added():
    """All dropped, tokens are only normalised twice."""
    layer = EncoderLayer(12, 2, 20, dropout=1 - 1e-4).train()
    seed_dropout(layer, torch.Generator().manual_seed(0))
    tokens = random(1, 5, 12)
    twice = F.layer_norm(F.layer_norm(tokens, (12,)), (12,))
    torch.testing.assert_close(layer(tokens), twice, rtol=1e-4, atol=1e-4)


def test_tokens_and_predictions_are_float32_in_mixed_precision():
    net = small()
    windows = random(3, 40)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = net(windows)
        assert net.trunk.input_encoder.convs[0](windows[:, None, None]).dtype == torch.bfloat16
        assert net.trunk.tokens(windows).dtype == torch.float32
        assert net.trunk(windows).dtype == torch.float32
    assert rough.dtype == torch.float32
    assert not torch.equal(rough, net(windows))
    torch.testing.assert_close(rough, net(windows), rtol=0.1, atol=0.1)


def test_features_of_layers_are_aggregated_tokens_side_by_side():
    names = ["std", "last", "cls", "mean", "max"]
    trunk = small(aggregation=names).trunk
    windows = random(2, 30)
    first, second = trunk.layer_tokens(windows)
    (alone,) = trunk.layer_tokens(windows, 1)
    assert torch.equal(first, alone)
    expected = [aggregate_tokens(tokens, names) for tokens in (first, second)]
    torch.testing.assert_close(trunk(windows), expected[1])
    features = trunk.layer_features(windows, [0, 1], names, 128)
    torch.testing.assert_close(features, torch.cat(expected, dim=1))
