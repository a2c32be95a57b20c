"""The Transformer against slow references and torch's own layers."""

import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sklearn_ecgssl.networks import (
    Dropout,
    MaskedTransformer,
    TransformerTrunk,
    _transformer,
    aggregate_tokens,
    seed_dropout,
)
from sklearn_ecgssl.networks._transformer import EncoderLayer, InputEncoder, attend

SMALL = {"filters": (4, 6), "kernel_sizes": (9, 5), "n_layers": 2, "n_heads": 2, "feedforward": 8}


def random(*shape, seed=0, **kwargs):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), **kwargs)


def randomised(module, seed=0):
    """Give every weight, biases and normalisations included, a random value."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return module.eval()


def small(**changes):
    return randomised(MaskedTransformer(TransformerTrunk(**{**SMALL, **changes}), (5,)))


class TestSizes:
    def test_of_the_paper(self):
        net = MaskedTransformer(TransformerTrunk())
        assert sum(p.numel() for p in net.trunk.parameters()) == 2_412_928
        assert sum(p.numel() for p in net.parameters()) == 2_445_953
        kernels = [
            (m.in_channels, m.out_channels, m.kernel_size[1])
            for m in net.modules()
            if isinstance(m, nn.Conv2d)
        ]
        assert kernels == [(1, 64, 65), (64, 128, 33), (128, 256, 17)]
        assert len(net.trunk.layers) == 2
        assert {layer.attention.n_heads for layer in net.trunk.layers} == {2}
        assert [type(layer).__name__ for layer in net.head] == [
            "Linear", "ReLU", "Dropout", "Linear",
        ]  # fmt: skip
        rates = {name: m.p for name, m in net.named_modules() if isinstance(m, Dropout)}
        assert {rate for name, rate in rates.items() if name.startswith("trunk.")} == {0.1}
        assert len(rates) == 5
        assert rates["head.2"] == 0

    def test_largest_activation(self):
        """Hidden units, projections or channels of all tokens, or attention weights."""
        assert TransformerTrunk().largest_activation(1280) == 1281 * 1281 * 2
        assert TransformerTrunk().largest_activation(99) == 100 * 1024
        assert TransformerTrunk(feedforward=5).largest_activation(99) == 100 * 3 * 256
        wide = TransformerTrunk((900, 6), (3, 3), feedforward=5)
        assert wide.largest_activation(99) == 100 * 900

    @pytest.mark.parametrize("n_times", [1, 2, 7, 64, 129])
    def test_any_length_of_window(self, n_times):
        net = small(kernel_sizes=(33, 17))
        windows = random(3, n_times)
        assert net(windows).shape == (3, n_times)
        assert net(windows).dtype == torch.float32
        assert net.trunk.tokens(windows).shape == (3, 1 + n_times, 6)
        assert net.trunk(windows).shape == (3, 6)

    def test_one_network_takes_windows_of_several_lengths(self):
        net = small()
        expected = [small()(random(2, n_times)) for n_times in (30, 50, 30)]
        for n_times, alone in zip((30, 50, 30), expected, strict=True):
            assert torch.equal(net(random(2, n_times)), alone)


class TestReceptiveField:
    def test_of_a_token_before_attention(self):
        """113 samples at the papers' kernels, 56 to each side."""
        encoder = TransformerTrunk().input_encoder.eval()
        windows = random(1, 301)
        changed = windows.clone()
        changed[0, 150] += 10
        with torch.no_grad():
            moved = (encoder(windows) - encoder(changed)).abs().amax(dim=2)[0]
        places = torch.nonzero(moved > 0)[:, 0]
        assert (int(places[0]), int(places[-1]), len(places)) == (150 - 56, 150 + 56, 113)

    def test_of_a_token_after_attention_is_the_window(self):
        net = small()
        windows = random(1, 100)
        changed = windows.clone()
        changed[0, 50] += 3
        with torch.no_grad():
            assert ((net(windows) - net(changed)).abs() > 0).all()

    def test_windows_do_not_see_each_other(self):
        net = small()
        windows = random(4, 50)
        with torch.no_grad():
            together = net(windows)
            for window, row in zip(windows, together, strict=True):
                torch.testing.assert_close(net(window[None])[0], row, rtol=1e-4, atol=1e-5)


class TestInputEncoder:
    @pytest.mark.parametrize(
        ("filters", "kernel_sizes"),
        [((4, 6), (9, 5)), ((3, 5, 4), (8, 7, 6)), ((5,), (4,)), ((64, 128, 256), (65, 33, 17))],
    )
    @pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
    @pytest.mark.parametrize("n_times", [1, 5, 90, 131])
    def test_is_convolutions_relu_and_layer_norm(self, filters, kernel_sizes, n_times):
        encoder = randomised(InputEncoder(filters, kernel_sizes, dropout=0.5))
        windows = random(3, n_times)
        x = windows[:, None]
        for i, conv in enumerate(encoder.convs):
            x = F.relu(F.conv1d(x, conv.weight[:, :, 0], conv.bias, padding="same"))
            if i == 0:
                norm = encoder.first_norm
                x = F.layer_norm(x.mT, (filters[0],), norm.weight, norm.bias, 1e-5).mT
        norm = encoder.last_norm
        expected = F.layer_norm(x.mT, (filters[-1],), norm.weight, norm.bias, 1e-5)
        torch.testing.assert_close(encoder(windows), expected, rtol=1e-4, atol=1e-4)

    def test_gradients_are_those_of_convolutions(self):
        encoder = randomised(InputEncoder((4, 6), (9, 5), dropout=0.0))
        windows = random(3, 40, requires_grad=True)
        parameters = [windows, *encoder.parameters()]
        weights = random(3, 40, 6, seed=1)
        ours = torch.autograd.grad((encoder(windows) * weights).sum(), parameters)
        one, two = encoder.convs
        first, last = encoder.first_norm, encoder.last_norm
        x = F.relu(F.conv1d(windows[:, None], one.weight[:, :, 0], one.bias, padding="same"))
        x = F.layer_norm(x.mT, (4,), first.weight, first.bias).mT
        x = F.relu(F.conv1d(x, two.weight[:, :, 0], two.bias, padding="same"))
        x = F.layer_norm(x.mT, (6,), last.weight, last.bias)
        theirs = torch.autograd.grad((x * weights).sum(), parameters)
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4 * float(b.abs().max()))


class TestPositions:
    @pytest.mark.parametrize("n_channels", [6, 7])
    def test_embedding_by_hand(self, n_channels):
        """A class token, positions of Vaswani et al. added to all, normalised; no weights."""
        embedding = randomised(TransformerTrunk((n_channels,), (3,), n_heads=1).embedding)
        tokens = random(3, 10, n_channels)
        positions = torch.zeros(11, n_channels)
        for position, channel in itertools.product(range(11), range(n_channels)):
            angle = position / 10_000 ** (2 * (channel // 2) / n_channels)
            positions[position, channel] = (math.cos if channel % 2 else math.sin)(angle)
        first = embedding.class_token.expand(3, 1, n_channels)
        expected = F.layer_norm(
            torch.cat([first, tokens], dim=1) + positions,
            (n_channels,), embedding.norm.weight, embedding.norm.bias, 1e-5,
        )  # fmt: skip
        for _ in range(2):
            torch.testing.assert_close(embedding(tokens), expected)
        half = embedding(tokens.bfloat16())
        torch.testing.assert_close(half.float(), expected, rtol=0.05, atol=0.05)
        torch.testing.assert_close(embedding(tokens), expected)
        assert set(embedding.state_dict()) == {"class_token", "norm.weight", "norm.bias"}

    def test_order_of_the_samples_matters(self):
        """Without positions, kernels of 1 and attention would not know it."""
        trunk = small(kernel_sizes=(1, 1)).trunk
        windows = random(1, 30)
        with torch.no_grad():
            tokens = trunk.tokens(windows)[:, 1:]
            back = trunk.tokens(windows.flip(1))[:, 1:].flip(1)
        assert float((tokens - back).abs().mean()) > 1e-4


class TestAttention:
    def reference(self, queries, keys, values):
        scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
        return torch.softmax(scores, dim=-1) @ values

    def problem(self, dtype, n_tokens=37, n_channels=8):
        return [
            (1.5 * random(2, 3, n_tokens, n_channels, seed=seed)).to(dtype).requires_grad_()
            for seed in range(3)
        ]

    @pytest.mark.parametrize(
        ("dtype", "rtol"), [(torch.float32, 1e-4), (torch.float64, 1e-10), (torch.bfloat16, 0.03)]
    )
    @pytest.mark.parametrize("n_tokens", [1, 2, 37])
    def test_is_its_definition(self, dtype, rtol, n_tokens):
        ours = self.problem(dtype, n_tokens)
        exact = [x.detach().double().requires_grad_() for x in ours]
        weights = random(2, 3, n_tokens, 8, seed=5)
        seen, expected = attend(*ours), self.reference(*exact)
        assert seen.dtype == dtype
        torch.testing.assert_close(seen.double(), expected, rtol=rtol, atol=rtol)
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

    @pytest.mark.parametrize("n_heads", [1, 2, 3, 6])
    def test_heads_by_a_slow_loop(self, n_heads):
        layer = randomised(EncoderLayer(6, n_heads, 8, 0.0)).attention
        tokens = random(2, 5, 6)
        size = 6 // n_heads
        expected = torch.zeros(2, 5, 6)
        queries, keys, values = layer.projection(tokens).split(6, dim=2)
        for window in range(2):
            for head in range(n_heads):
                part = slice(head * size, (head + 1) * size)
                for token in range(5):
                    match = torch.stack(
                        [queries[window, token, part] @ key for key in keys[window, :, part]]
                    )
                    weights = torch.exp(match / math.sqrt(size))
                    weights = weights / weights.sum()
                    expected[window, token, part] = weights @ values[window, :, part]
        torch.testing.assert_close(layer(tokens), layer.output(expected), rtol=1e-4, atol=1e-5)


class TestEncoderLayer:
    def torchs(self, ours, n_heads):
        """torch's own layer, with the weights of ours."""
        layer = nn.TransformerEncoderLayer(
            12, n_heads, 20, dropout=0.0, activation="relu", batch_first=True, norm_first=False
        )
        names = {
            "self_attn.in_proj_weight": ours.attention.projection.weight,
            "self_attn.in_proj_bias": ours.attention.projection.bias,
            "self_attn.out_proj.weight": ours.attention.output.weight,
            "self_attn.out_proj.bias": ours.attention.output.bias,
            "linear1.weight": ours.widen.weight,
            "linear1.bias": ours.widen.bias,
            "linear2.weight": ours.narrow.weight,
            "linear2.bias": ours.narrow.bias,
            "norm1.weight": ours.attention_norm.weight,
            "norm1.bias": ours.attention_norm.bias,
            "norm2.weight": ours.feedforward_norm.weight,
            "norm2.bias": ours.feedforward_norm.bias,
        }
        layer.load_state_dict({name: tensor.detach() for name, tensor in names.items()})
        return layer.eval(), names

    @pytest.mark.parametrize("n_heads", [1, 2, 4])
    def test_is_torchs_own(self, n_heads):
        ours = randomised(EncoderLayer(12, n_heads, 20, dropout=0.5))
        theirs, _ = self.torchs(ours, n_heads)
        tokens = random(3, 31, 12)
        torch.testing.assert_close(ours(tokens), theirs(tokens), rtol=0, atol=1e-5)

    def test_gradients_are_those_of_torchs_own(self):
        ours = randomised(EncoderLayer(12, 2, 20, dropout=0.0)).train()
        theirs, names = self.torchs(ours, 2)
        tokens, weights = random(3, 31, 12), random(3, 31, 12, seed=1)
        (ours(tokens) * weights).sum().backward()
        (theirs.train()(tokens) * weights).sum().backward()
        for name, parameter in theirs.named_parameters():
            torch.testing.assert_close(names[name].grad, parameter.grad, rtol=1e-3, atol=1e-4)

    def test_dropout_is_on_what_is_added(self):
        """All dropped, tokens are only normalised twice."""
        layer = EncoderLayer(12, 2, 20, dropout=1 - 1e-4).train()
        seed_dropout(layer, torch.Generator().manual_seed(0))
        tokens = random(1, 5, 12)
        normalised = F.layer_norm(F.layer_norm(tokens, (12,)), (12,))
        torch.testing.assert_close(layer(tokens), normalised, rtol=1e-4, atol=1e-4)


class TestHead:
    def test_predictions_are_the_heads_of_each_samples_token(self):
        net = small()
        windows = random(3, 40)
        tokens = net.trunk.tokens(windows)
        hidden = torch.relu(tokens @ net.head[0].weight.T + net.head[0].bias)
        expected = hidden @ net.head[3].weight[0] + net.head[3].bias
        torch.testing.assert_close(net(windows), expected[:, 1:], rtol=1e-4, atol=1e-5)

    def test_no_hidden_layer(self):
        net = randomised(MaskedTransformer(TransformerTrunk(**SMALL), ()))
        windows = random(3, 40)
        expected = net.trunk.tokens(windows) @ net.head[0].weight[0] + net.head[0].bias
        torch.testing.assert_close(net(windows), expected[:, 1:], rtol=1e-4, atol=1e-5)

    def test_predictions_are_float32_in_mixed_precision(self):
        net = small()
        windows = random(3, 40)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = net(windows)
            assert net.trunk.input_encoder.convs[0](windows[:, None, None]).dtype == torch.bfloat16
            assert net.trunk.tokens(windows).dtype == torch.float32
            assert net.trunk(windows).dtype == torch.float32
        assert rough.dtype == torch.float32
        assert rough.requires_grad
        assert not torch.equal(rough, net(windows))
        torch.testing.assert_close(rough, net(windows), rtol=0.1, atol=0.1)


def test_tokens_of_layers_are_those_of_a_shorter_network():
    trunk = small().trunk
    windows = random(2, 30)
    first, second = trunk.layer_tokens(windows)
    (alone,) = trunk.layer_tokens(windows, 1)
    assert torch.equal(first, alone)
    assert torch.equal(second, trunk.layers[1](first))
    assert torch.equal(second, trunk.tokens(windows))
    features = trunk.layer_features(windows, [0, 1], ["cls", "mean"], 128)
    expected = [aggregate_tokens(tokens, ["cls", "mean"]) for tokens in (first, second)]
    assert torch.equal(features, torch.cat(expected, dim=1))


def test_aggregations_of_the_trunk_are_of_its_last_tokens():
    ways = ["std", "last", "cls", "mean", "max"]
    trunk = randomised(TransformerTrunk(**SMALL, aggregation=ways))
    windows = random(3, 30)
    tokens = trunk.tokens(windows)
    samples = tokens[:, 1:]
    expected = torch.cat(
        [
            samples.std(1, correction=0), tokens[:, -1], tokens[:, 0], samples.mean(1),
            samples.amax(1),
        ],
        dim=1,
    )  # fmt: skip
    torch.testing.assert_close(trunk(windows), expected)
    torch.testing.assert_close(aggregate_tokens(tokens, ways), expected)
