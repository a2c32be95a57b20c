"""What is about `MaskedPretrainer` alone; test_pretrainers.py has what holds for every one."""

from itertools import groupby
from math import comb

import numpy as np
import pytest
import torch

from sklearn_ecgssl.networks import aggregate, initialised
from sklearn_ecgssl.pretext import MaskedPretrainer
from sklearn_ecgssl.pretext._masking import MaskedLoss, mask_windows, span_mask
from sklearn_ecgssl.training import draw_seeds
from tests.tiny import tiny_masked, waves

CPU = torch.device("cpu")

#: 10 s at the paper's 128 Hz.
PAPER = {"n_times": 1280, "mask_ratio": 0.0325, "span_length": 20}

MASKINGS = [
    PAPER,
    {"n_times": 200, "mask_ratio": 0.3, "span_length": 3},
    {"n_times": 7, "mask_ratio": 0.5, "span_length": 4},
    {"n_times": 5, "mask_ratio": 0.01, "span_length": 5},
    {"n_times": 6, "mask_ratio": 0.99, "span_length": 1},
]


@pytest.fixture
def windows():
    return np.random.default_rng(0).normal(size=(10, 64)).astype(np.float32)


def draw(n_windows, n_times, mask_ratio, span_length, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (n_windows, n_times)
    return span_mask(shape, generator, mask_ratio=mask_ratio, span_length=span_length)


def expected_share(n_times, mask_ratio, span_length):
    """Probability that each sample is masked: not all starts miss the places that reach it."""
    n_spans = max(1, round(mask_ratio * n_times))
    reaching = np.minimum(np.arange(n_times) + 1, span_length)
    missed = [comb(n_times - int(w), n_spans) / comb(n_times, n_spans) for w in reaching]
    return 1 - np.array(missed)


def runs(row):
    """Start and length of each run of masked samples."""
    start = 0
    for masked, samples in groupby(row):
        length = len(list(samples))
        if masked:
            yield start, length
        start += length


def test_defaults_are_the_constants_of_the_paper():
    params = MaskedPretrainer().get_params(deep=False)
    expected = {
        "mask_ratio": 0.0325, "span_length": 20, "filters": (64, 128, 256),
        "kernel_sizes": (65, 33, 17), "n_layers": 2, "n_heads": 2, "feedforward": 1024,
        "dropout": 0.1, "head_hidden": (128,), "l2": 5e-3, "learning_rate": 1e-3, "warm_up": 0.06,
        "max_epochs": 500,
    }  # fmt: skip
    assert {name: params[name] for name in expected} == expected
    assert params["warm_up"] * params["max_epochs"] == 30


def test_default_network_has_the_papers_size():
    pretrainer = MaskedPretrainer()
    pretrainer.architecture_ = pretrainer._architecture()
    assert sum(p.numel() for p in pretrainer._build_module().parameters()) == 2_445_953


class TestSpanMask:
    def test_nearly_half_of_the_papers_windows_is_masked(self):
        shares = draw(2000, **PAPER).float().mean(1)
        assert 0.46 < float(shares.mean()) < 0.50
        assert float(shares.mean()) == pytest.approx(expected_share(**PAPER).mean(), abs=0.003)

    @pytest.mark.parametrize("masking", MASKINGS)
    def test_every_sample_is_masked_as_often_as_combinatorics_says(self, masking):
        n_windows = 4000
        often = draw(n_windows, **masking).float().mean(0).numpy()
        expected = expected_share(**masking)
        deviation = np.sqrt(expected * (1 - expected) / n_windows)
        assert (np.abs(often - expected) <= 5 * deviation + 1e-9).all()

    @pytest.mark.parametrize("masking", MASKINGS)
    def test_runs_are_unions_of_whole_spans_except_at_the_end(self, masking):
        masks = draw(200, **masking).tolist()
        for row in masks:
            for start, length in runs(row):
                at_the_end = start + length == masking["n_times"]
                assert length >= masking["span_length"] or at_the_end
        if masking is PAPER:
            lengths = {length for row in masks for _, length in runs(row)}
            assert 20 in lengths, "a span that overlaps with no other"
            assert max(lengths) > 40, "spans that overlap"
            assert min(lengths) < 20, "a span that is cut at the end"

    @pytest.mark.parametrize("masking", MASKINGS)
    def test_same_as_a_slow_loop_over_the_same_starts(self, masking):
        n_times, span_length = masking["n_times"], masking["span_length"]
        n_spans = max(1, round(masking["mask_ratio"] * n_times))
        draws = torch.rand(5, n_times, generator=torch.Generator().manual_seed(3)).numpy()
        expected = np.zeros((5, n_times), dtype=bool)
        for row, numbers in enumerate(draws):
            for start in sorted(range(n_times), key=lambda i: -numbers[i])[:n_spans]:
                for sample in range(start, min(start + span_length, n_times)):
                    expected[row, sample] = True
        masks = draw(5, **masking, seed=3)
        assert masks.dtype == torch.bool
        np.testing.assert_array_equal(masks, expected)

    @pytest.mark.parametrize(
        ("n_times", "mask_ratio", "n_spans"),
        [(1280, 0.0325, 42), (100, 0.1, 10), (20, 0.0325, 1), (3, 0.01, 1), (10, 0.99, 10)],
    )
    def test_number_of_starts(self, n_times, mask_ratio, n_spans):
        masks = draw(50, n_times, mask_ratio, span_length=1)
        assert masks.sum(1).unique().tolist() == [n_spans]

    @pytest.mark.parametrize("n_times", [20, 21, 29])
    def test_short_windows_have_a_span(self, n_times):
        masks = draw(100, **{**PAPER, "n_times": n_times})
        assert masks.any(1).all()
        if n_times > 20:
            assert not masks.all(1).any()

    def test_masks_differ_between_windows_and_batches(self):
        generator = torch.Generator().manual_seed(0)
        masking = {"mask_ratio": 0.0325, "span_length": 20}
        batches = [span_mask((8, 1280), generator, **masking) for _ in range(2)]
        rows = [tuple(row.tolist()) for masks in batches for row in masks]
        assert len(set(rows)) == 16

    def test_same_generator_state_same_masks_and_nothing_global(self):
        before = torch.get_rng_state()
        assert torch.equal(draw(8, **PAPER), draw(8, **PAPER))
        assert not torch.equal(draw(8, **PAPER), draw(8, **PAPER, seed=1))
        assert torch.equal(before, torch.get_rng_state())


class TestMaskWindows:
    def test_masked_samples_are_zero_and_the_others_as_they_were(self, windows):
        masked = draw(10, 64, 0.1, 4)
        before = windows.copy()
        inputs, targets = mask_windows(torch.tensor(windows), masked)
        assert not inputs[masked].any()
        np.testing.assert_array_equal(inputs[~masked], windows[~masked.numpy()])
        np.testing.assert_array_equal(targets[:, 0], before)
        np.testing.assert_array_equal(windows, before)

    def test_the_network_sees_nothing_of_what_is_masked(self, windows):
        pretrainer = tiny_masked().fit(windows)
        module = pretrainer._fitted_network(CPU)
        masked = draw(10, 64, 0.1, 4)
        signal = torch.tensor(windows)
        other = torch.where(masked, 7.0 - 50 * signal, signal)
        elsewhere = torch.where(masked, signal, signal + 1)
        with torch.no_grad():
            seen, same, changed = (
                module(mask_windows(x, masked)[0]) for x in (signal, other, elsewhere)
            )
        assert torch.equal(seen, same)
        assert not torch.equal(seen, changed)


class TestLoss:
    """Slow references, over masks of unequal sizes."""

    @pytest.fixture
    def problem(self):
        generator = torch.Generator().manual_seed(0)
        windows, predictions = torch.randn(2, 9, 60, generator=generator)
        masked = span_mask((9, 60), generator, mask_ratio=0.1, span_length=7)
        assert len(masked.sum(1).unique()) > 3
        return windows, predictions.requires_grad_(), masked

    def by_hand(self, windows, predictions, masked):
        errors, zero = [], []
        for window, prediction, mask in zip(windows, predictions.detach(), masked, strict=True):
            for sample, guess, hidden in zip(window, prediction, mask, strict=True):
                if hidden:
                    errors.append(float((guess - sample) ** 2))
                    zero.append(float(sample**2))
        return np.mean(errors), np.mean(zero)

    def test_is_the_mean_square_over_all_masked_samples(self, problem):
        windows, predictions, masked = problem
        criterion = MaskedLoss()
        targets = mask_windows(windows, masked)[1]
        error, zero = self.by_hand(windows, predictions, masked)
        loss = criterion(predictions, targets).detach()
        assert float(loss) == pytest.approx(error, rel=1e-5)
        metrics = criterion.metrics(predictions, targets).tolist()
        named = dict(zip(criterion.metric_names, metrics, strict=True))
        assert named == pytest.approx({"masked_error": error, "zero_error": zero}, rel=1e-5)

    @pytest.mark.parametrize("size", [1, 2, 4, 9])
    def test_parts_of_a_batch_add_up_to_it(self, problem, size):
        windows, predictions, masked = problem
        targets = mask_windows(windows, masked)[1]
        loss, zero, gradient = 0.0, 0.0, torch.zeros_like(predictions)
        for start in range(0, 9, size):
            part = slice(start, min(start + size, 9))
            share = (part.stop - part.start) / 9
            criterion = MaskedLoss()
            shared = criterion(predictions[part], targets[part]) * share
            loss += float(shared.detach())
            gradient += torch.autograd.grad(shared, predictions)[0]
            zero += criterion.metrics(predictions[part].detach(), targets[part])[1].item() * share
        assert (loss, zero) == pytest.approx(self.by_hand(*problem), rel=1e-5)
        whole = ((predictions - windows)[masked] ** 2).mean()
        torch.testing.assert_close(gradient, torch.autograd.grad(whole, predictions)[0])

    def test_only_targets_that_are_masked_matter(self, problem):
        windows, predictions, masked = problem
        answers = {}
        for name, change in (("none", masked & False), ("unmasked", ~masked), ("masked", masked)):
            targets = mask_windows(windows, masked)[1].clone()
            targets[:, 0][change] += 5
            loss = MaskedLoss()(predictions, targets)
            gradient = torch.autograd.grad(loss, predictions)[0]
            answers[name] = (loss.detach(), gradient)
        for ours, unmasked, at_masked in zip(*answers.values(), strict=True):
            assert torch.equal(ours, unmasked)
            assert not torch.allclose(ours, at_masked)
        assert not answers["none"][1][~masked].any()


class TestTraining:
    def test_history(self, windows):
        pretrainer = tiny_masked(max_epochs=3).fit(windows)
        assert [row["epoch"] for row in pretrainer.history_] == [1, 2, 3]
        for row in pretrainer.history_:
            assert set(row) == {"epoch", "train_loss", "train_masked_error", "train_zero_error"}
            assert row["train_loss"] == row["train_masked_error"] > 0
        assert len({row["train_zero_error"] for row in pretrainer.history_}) == 3, "new masks"

    def test_held_out_windows_have_the_same_masks_in_every_epoch(self, windows):
        pretrainer = tiny_masked(validation_fraction=0.4).fit(windows, groups=np.arange(10) // 2)
        first, last = pretrainer.history_
        assert {name for name in first if name.startswith("valid_")} == {
            "valid_loss", "valid_masked_error", "valid_zero_error",
        }  # fmt: skip
        assert first["valid_zero_error"] == last["valid_zero_error"]
        assert first["valid_loss"] == first["valid_masked_error"] != last["valid_loss"]

    def test_no_epoch_leaves_the_initial_network(self, windows):
        pretrainer = tiny_masked(max_epochs=0, random_state=5).fit(windows)
        seed = draw_seeds(5, 6)[1]
        for name, tensor in initialised(pretrainer._build_module, seed).state_dict().items():
            np.testing.assert_array_equal(pretrainer.state_[name], tensor)

    def test_learning_rate_and_penalty_reach_the_optimiser(self, windows, monkeypatch):
        """One epoch in ten of rising, on kernels a weight decay, on all else none."""
        rates, decays = [], {}

        class Adam(torch.optim.Adam):
            def step(self, *args, **kwargs):
                rates.append({group["lr"] for group in self.param_groups})
                for group in self.param_groups:
                    decays.setdefault(group["weight_decay"], []).extend(group["params"])
                return super().step(*args, **kwargs)

        monkeypatch.setattr(torch.optim, "Adam", Adam)
        tiny_masked(max_epochs=10, batch_size=5, warm_up=0.1, learning_rate=0.5, l2=0.25).fit(
            windows
        )
        assert all(len(rate) == 1 for rate in rates)
        factors = [rate.pop() / 0.5 for rate in rates]
        np.testing.assert_allclose(factors, [1 / 2, *(np.arange(19, 0, -1) / 19)])
        assert set(decays) == {0.0, 0.25}
        assert {p.ndim for p in decays[0.0]} == {1}
        assert {p.ndim for p in decays[0.25]} == {2, 4}

    def test_sines_are_learnt(self):
        X, _ = waves(96)
        pretrainer = tiny_masked(
            filters=(8, 16), feedforward=32, head_hidden=(16,), dropout=0.0, max_epochs=30,
            batch_size=16, learning_rate=0.01, l2=0.0, validation_fraction=0.25,
        ).fit(X)  # fmt: skip
        unseen, _ = waves(96, seed=1)
        assert pretrainer.score(unseen) > 0.6
        first, last = pretrainer.history_[0], pretrainer.history_[-1]
        assert last["valid_loss"] < 0.4 * last["valid_zero_error"]
        assert last["valid_loss"] < 0.5 * first["valid_loss"]


class TestScore:
    def test_is_its_definition(self, windows):
        pretrainer = tiny_masked().fit(windows)
        masked = span_mask(
            windows.shape, torch.Generator().manual_seed(0), mask_ratio=0.1, span_length=4
        ).numpy()
        with torch.no_grad():
            hidden = np.where(masked, 0, windows).astype(np.float32)
            predictions = pretrainer._fitted_network(CPU)(torch.tensor(hidden)).numpy()
        error = np.mean((predictions - windows)[masked] ** 2)
        expected = 1 - error / np.mean(windows[masked] ** 2)
        assert pretrainer.score(windows) == pytest.approx(expected, rel=1e-5)

    def test_zero_predicts_nothing(self, windows):
        pretrainer = tiny_masked().fit(windows)
        last = max(name for name in pretrainer.state_ if name.startswith("head."))
        layer = last.rpartition(".")[0]
        for name in (f"{layer}.weight", f"{layer}.bias"):
            pretrainer.state_[name] = np.zeros_like(pretrainer.state_[name])
        assert pretrainer.score(windows) == 0

    def test_is_about_what_reconstructions_say(self):
        X, _ = waves(200)
        pretrainer = tiny_masked(max_epochs=5, learning_rate=0.01).fit(X)
        for seed in range(3):
            signal, mask, reconstruction = pretrainer.reconstruct(X, random_state=seed)
            error = np.mean((reconstruction - signal)[mask] ** 2)
            by_hand = 1 - error / np.mean(signal[mask] ** 2)
            assert pretrainer.score(X) == pytest.approx(by_hand, abs=0.03)


class TestReconstruct:
    def test_parts(self, windows):
        pretrainer = tiny_masked().fit(windows)
        result = pretrainer.reconstruct(windows)
        assert result._fields == ("signal", "mask", "reconstruction")
        assert {part.shape for part in result} == {(10, 64)}
        assert [part.dtype for part in result] == [np.float32, np.bool_, np.float32]
        np.testing.assert_array_equal(result.signal, windows)
        with torch.no_grad():
            hidden = torch.tensor(np.where(result.mask, 0, windows).astype(np.float32))
            expected = pretrainer._fitted_network(CPU)(hidden)
        np.testing.assert_allclose(result.reconstruction, expected, rtol=1e-5, atol=1e-6)

    def test_masks_are_those_of_training(self, windows):
        pretrainer = tiny_masked(span_length=9, mask_ratio=0.02).fit(windows)
        for row in pretrainer.reconstruct(windows).mask:
            ((start, length),) = runs(row)
            assert length == 9 or start + length == 64

    def test_same_seed_same_masks(self, windows):
        pretrainer = tiny_masked().fit(windows)
        one, again, other = (pretrainer.reconstruct(windows, seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one.mask, again.mask)
        np.testing.assert_array_equal(one.reconstruction, again.reconstruction)
        assert np.any(one.mask != other.mask)
        np.testing.assert_array_equal(
            pretrainer.reconstruct(windows).mask, pretrainer.reconstruct(windows, 0).mask
        )
        assert len({row.tobytes() for row in one.mask}) == 10

    def test_hidden_samples_do_not_matter(self, windows):
        pretrainer = tiny_masked().fit(windows)
        before = pretrainer.reconstruct(windows)
        changed = np.where(before.mask, 7, windows)
        after = pretrainer.reconstruct(changed)
        np.testing.assert_array_equal(after.mask, before.mask)
        np.testing.assert_array_equal(after.reconstruction, before.reconstruction)

    def test_windowed_recordings_one_after_the_other(self, windows):
        pretrainer = tiny_masked().fit(windows)
        flat = pretrainer.reconstruct(windows)
        for X in ([windows[:3], windows[3:]], windows.reshape(5, 2, 64)):
            for part, expected in zip(pretrainer.reconstruct(X), flat, strict=True):
                np.testing.assert_array_equal(part, expected)

    @pytest.mark.parametrize("precision", ["float32", "bfloat16"])
    def test_global_random_state_is_left_alone(self, windows, precision):
        pretrainer = tiny_masked(precision=precision).fit(windows)
        torch.manual_seed(7)
        before = torch.get_rng_state()
        pretrainer.reconstruct(windows)
        assert torch.equal(before, torch.get_rng_state())

    def test_unfitted(self, windows):
        with pytest.raises(ValueError, match="not fitted yet"):
            tiny_masked().reconstruct(windows)


class TestEncode:
    @pytest.fixture
    def fitted(self, windows):
        return tiny_masked(n_layers=3).fit(windows)

    def by_hand(self, pretrainer, windows):
        """Features of each layer, from its tokens."""
        trunk = pretrainer._fitted_network(CPU).trunk
        features = []
        with torch.no_grad():
            for tokens in trunk.layer_tokens(torch.tensor(windows)):
                samples = tokens.numpy()[:, 1:]
                rhythm = aggregate(torch.tensor(samples).transpose(1, 2), ["rhythm"], 16.0)
                features.append(
                    {
                        "cls": tokens[:, 0].numpy(),
                        "last": tokens[:, 64].numpy(),
                        "mean": samples.mean(1),
                        "max": samples.max(1),
                        "std": samples.std(1),
                        "rhythm": rhythm.numpy(),
                    }
                )
        return features

    def test_names(self, fitted):
        assert fitted.layer_names() == ["layer1", "layer2", "layer3", "last", "all"]
        assert fitted.aggregations() == ["cls", "mean", "max", "last", "std", "rhythm"]

    def test_every_aggregation_of_every_layer_is_made_of_its_tokens(self, fitted, windows):
        layers = self.by_hand(fitted, windows)
        for way in fitted.aggregations():
            expected = [layer[way] for layer in layers]
            answers = {
                "layer1": expected[0], "layer2": expected[1], "layer3": expected[2],
                "last": expected[2], "all": np.hstack(expected),
            }  # fmt: skip
            for layer, answer in answers.items():
                features = fitted.encode(windows, layer, way, sampling_rate=16)
                np.testing.assert_allclose(features, answer, rtol=1e-4, atol=1e-5)

    def test_several_stand_side_by_side(self, fitted, windows):
        layers = self.by_hand(fitted, windows)
        ways = ["last", "rhythm", "cls", "max", "mean"]
        for layer, chosen in (("layer2", layers[1:2]), ("all", layers)):
            expected = np.hstack([features[way] for features in chosen for way in ways])
            answer = fitted.encode(windows, layer, ways, sampling_rate=16)
            np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-5)

    def test_the_default_is_the_papers_class_token(self, fitted, windows):
        np.testing.assert_array_equal(
            fitted.encode(windows), fitted.encode(windows, "layer3", "cls")
        )

    def test_nothing_is_masked(self, fitted, windows):
        """A change to any sample changes the features."""
        before = fitted.encode(windows[:1])
        changed = np.repeat(windows[:1], 64, axis=0)
        changed[np.arange(64), np.arange(64)] += 3
        assert (np.abs(fitted.encode(changed) - before).max(1) > 1e-6).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_heads": 4}, r"n_heads=4 must divide the last of filters=\(4, 6\)"),
        ({"n_heads": 12}, "n_heads=12 must divide"),
        ({"n_heads": 0}, "'n_heads' parameter"),
        ({"n_layers": 0}, "'n_layers' parameter"),
        ({"feedforward": 0}, "'feedforward' parameter"),
        ({"mask_ratio": 0}, "'mask_ratio' parameter"),
        ({"mask_ratio": 1.0}, "'mask_ratio' parameter"),
        ({"span_length": 0}, "'span_length' parameter"),
        ({"span_length": 2.5}, "'span_length' parameter"),
        ({"dropout": 1.0}, "'dropout' parameter"),
        ({"warm_up": 1.0}, "'warm_up' parameter"),
    ],
)
def test_bad_parameter_is_named(windows, params, message):
    with pytest.raises(ValueError, match=message):
        tiny_masked(**params).fit(windows)


def test_windows_shorter_than_a_span():
    message = "MaskedPretrainer needs windows of at least 20 samples, got n_features = 19"
    with pytest.raises(ValueError, match=f"{message}.*span_length"):
        MaskedPretrainer().fit(np.ones((3, 19)))


@pytest.mark.parametrize("n_times", [4, 5, 11])
def test_windows_shorter_than_the_kernels_are_learnt(n_times):
    X = np.random.default_rng(0).normal(size=(6, n_times))
    pretrainer = tiny_masked(kernel_sizes=(33, 17)).fit(X)
    assert np.isfinite(pretrainer.encode(X)).all()
    assert pretrainer.reconstruct(X).mask.any(1).all()
