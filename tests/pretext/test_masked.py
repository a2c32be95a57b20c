"""What is about `MaskedPretrainer` alone; test_pretrainers.py has what holds for every one."""

from itertools import groupby
from math import comb

import numpy as np
import pytest
import torch

from sklearn_ecgssl.networks import aggregate
from sklearn_ecgssl.pretext import MaskedPretrainer
from sklearn_ecgssl.pretext._masking import MaskedLoss, mask_windows, span_mask
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


def runs(row):
    """Start and length of each run of masked samples."""
    start = 0
    for masked, samples in groupby(row):
        length = len(list(samples))
        if masked:
            yield start, length
        start += length


def test_the_preset_and_the_defaults_are_the_constants_of_the_paper():
    params = MaskedPretrainer.from_preset("icpr2022").get_params(deep=False)
    assert params == MaskedPretrainer().get_params(deep=False)
    expected = {
        "mask_ratio": 0.0325, "span_length": 20, "filters": (64, 128, 256),
        "kernel_sizes": (65, 33, 17), "n_layers": 2, "n_heads": 2, "feedforward": 1024,
        "dropout": 0.1, "head_hidden": (128,), "l2": 5e-3, "learning_rate": 1e-3, "warm_up": 0.06,
        "max_epochs": 500,
    }  # fmt: skip
    assert {name: params[name] for name in expected} == expected
    assert params["warm_up"] * params["max_epochs"] == 30


class TestSpanMask:
    @pytest.mark.parametrize("masking", MASKINGS)
    def test_every_sample_is_masked_as_often_as_combinatorics_says(self, masking):
        n_times, n_windows = masking["n_times"], 4000
        n_spans = max(1, round(masking["mask_ratio"] * n_times))
        reaching = np.minimum(np.arange(n_times) + 1, masking["span_length"])
        missed = [comb(n_times - int(w), n_spans) / comb(n_times, n_spans) for w in reaching]
        expected = 1 - np.array(missed)
        often = draw(n_windows, **masking).float().mean(0).numpy()
        deviation = np.sqrt(expected * (1 - expected) / n_windows)
        assert (np.abs(often - expected) <= 5 * deviation + 1e-9).all()
        if masking is PAPER:
            assert 0.46 < often.mean() < 0.50

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

    def test_masks_differ_between_windows_and_batches(self):
        generator = torch.Generator().manual_seed(0)
        masking = {"mask_ratio": 0.0325, "span_length": 20}
        batches = [span_mask((8, 1280), generator, **masking) for _ in range(2)]
        rows = [tuple(row.tolist()) for masks in batches for row in masks]
        assert len(set(rows)) == 16


def test_masked_samples_are_zero_and_the_others_as_they_were(windows):
    masked = draw(10, 64, 0.1, 4)
    before = windows.copy()
    inputs, targets = mask_windows(torch.tensor(windows), masked)
    assert not inputs[masked].any()
    np.testing.assert_array_equal(inputs[~masked], windows[~masked.numpy()])
    np.testing.assert_array_equal(targets[:, 0], before)


class TestLoss:
    """Slow references, over masks of unequal sizes."""

    @pytest.fixture
    def problem(self):
        generator = torch.Generator().manual_seed(0)
        windows, predictions = torch.randn(2, 9, 60, generator=generator)
        masked = span_mask((9, 60), generator, mask_ratio=0.1, span_length=7)
        assert len(masked.sum(1).unique()) > 3
        return windows, predictions.requires_grad_(), masked

    @pytest.mark.parametrize("size", [1, 4, 9])
    def test_parts_of_a_batch_add_up_to_the_mean_square_over_masked_samples(self, problem, size):
        windows, predictions, masked = problem
        targets = mask_windows(windows, masked)[1]
        loss, zero, gradient = 0.0, 0.0, torch.zeros_like(predictions)
        criterion = MaskedLoss()
        assert criterion.metric_names == ["masked_error", "zero_error"]
        for start in range(0, 9, size):
            part = slice(start, min(start + size, 9))
            share = (part.stop - part.start) / 9
            shared = criterion(predictions[part], targets[part]) * share
            loss += float(shared.detach())
            gradient += torch.autograd.grad(shared, predictions)[0]
            errors = criterion.metrics(predictions[part].detach(), targets[part])
            assert float(errors[0] * share) == pytest.approx(float(shared.detach()))
            zero += float(errors[1]) * share
        whole = ((predictions - windows)[masked] ** 2).mean()
        assert loss == pytest.approx(whole.item(), rel=1e-5)
        assert zero == pytest.approx(float((windows[masked] ** 2).mean()), rel=1e-5)
        torch.testing.assert_close(gradient, torch.autograd.grad(whole, predictions)[0])

    def test_only_targets_that_are_masked_matter(self, problem):
        windows, predictions, masked = problem
        answers = []
        for change in (masked & False, ~masked, masked):
            targets = mask_windows(windows, masked)[1].clone()
            targets[:, 0][change] += 5
            loss = MaskedLoss()(predictions, targets)
            answers.append((loss.detach(), torch.autograd.grad(loss, predictions)[0]))
        for ours, at_unmasked, at_masked in zip(*answers, strict=True):
            assert torch.equal(ours, at_unmasked)
            assert not torch.allclose(ours, at_masked)


class TestTraining:
    def test_history(self, windows):
        pretrainer = tiny_masked(max_epochs=3, validation_fraction=0.4).fit(windows)
        assert [row["epoch"] for row in pretrainer.history_] == [1, 2, 3]
        names = {"loss", "masked_error", "zero_error"}
        for row in pretrainer.history_:
            assert set(row) == {"epoch", *(f"{p}_{n}" for p in ("train", "valid") for n in names)}
            assert row["train_loss"] == row["train_masked_error"] > 0
            assert row["valid_loss"] == row["valid_masked_error"] > 0
        assert len({row["train_zero_error"] for row in pretrainer.history_}) == 3, "new masks"
        assert len({row["valid_zero_error"] for row in pretrainer.history_}) == 1, "the same masks"

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
        masked = draw(*windows.shape, mask_ratio=0.1, span_length=4).numpy()
        with torch.no_grad():
            hidden = np.where(masked, 0, windows).astype(np.float32)
            predictions = pretrainer._fitted_network(CPU)(torch.tensor(hidden)).numpy()
        error = np.mean((predictions - windows)[masked] ** 2)
        expected = 1 - error / np.mean(windows[masked] ** 2)
        assert pretrainer.score(windows) == pytest.approx(expected, rel=1e-5)

    def test_flat_windows_are_predicted_by_zero(self, windows):
        pretrainer = tiny_masked(max_epochs=0).fit(windows)
        assert pretrainer.score(np.zeros((3, 64))) in (0, 1)


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
        for part, same in zip(one, again, strict=True):
            np.testing.assert_array_equal(part, same)
        assert np.any(one.mask != other.mask)
        assert len({row.tobytes() for row in one.mask}) == 10

    def test_windowed_recordings_one_after_the_other(self, windows):
        pretrainer = tiny_masked().fit(windows)
        flat = pretrainer.reconstruct(windows)
        for part, expected in zip(
            pretrainer.reconstruct([windows[:3], windows[3:]]), flat, strict=True
        ):
            np.testing.assert_array_equal(part, expected)

    def test_unfitted(self, windows):
        with pytest.raises(ValueError, match="not fitted yet"):
            tiny_masked().reconstruct(windows)


class TestEncode:
    @pytest.fixture
    def fitted(self, windows):
        return tiny_masked(n_layers=3).fit(windows)

    def test_names(self, fitted, windows):
        assert fitted.layer_names() == ["layer1", "layer2", "layer3", "last", "all"]
        assert fitted.aggregations() == ["cls", "mean", "max", "last", "std", "rhythm"]
        default = fitted.encode(windows)
        np.testing.assert_array_equal(default, fitted.encode(windows, "layer3", "cls"))

    def test_every_aggregation_of_every_layer_is_made_of_its_tokens(self, fitted, windows):
        expected = []
        with torch.no_grad():
            for tokens in fitted._fitted_network(CPU).trunk.layer_tokens(torch.tensor(windows)):
                samples = tokens[:, 1:]
                rhythm = aggregate(samples.transpose(1, 2), ["rhythm"], 16.0)
                mean, std = samples.mean(1), samples.std(1, correction=0)
                features = [tokens[:, 0], mean, samples.amax(1), tokens[:, 64], std, rhythm]
                expected.append(dict(zip(fitted.aggregations(), features, strict=True)))
        for name in fitted.aggregations():
            for i, layer in enumerate(("layer1", "layer2", "layer3")):
                features = fitted.encode(windows, layer, name, sampling_rate=16)
                np.testing.assert_allclose(features, expected[i][name], rtol=1e-4, atol=1e-5)
        several = ["last", "rhythm", "cls"]
        by_hand = np.hstack([features[name] for features in expected for name in several])
        features = fitted.encode(windows, "all", several, sampling_rate=16)
        np.testing.assert_allclose(features, by_hand, rtol=1e-4, atol=1e-5)

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
        ({"n_heads": 0}, "'n_heads' parameter"),
        ({"n_layers": 0}, "'n_layers' parameter"),
        ({"feedforward": 0}, "'feedforward' parameter"),
        ({"mask_ratio": 0}, "'mask_ratio' parameter"),
        ({"mask_ratio": 1.0}, "'mask_ratio' parameter"),
        ({"span_length": 0}, "'span_length' parameter"),
        ({"dropout": 1.0}, "'dropout' parameter"),
        ({"warm_up": 1.0}, "'warm_up' parameter"),
    ],
)
def test_bad_parameter_is_named(windows, params, message):
    with pytest.raises(ValueError, match=message):
        tiny_masked(**params).fit(windows)


def test_windows_shorter_than_the_kernels_are_learnt():
    X = np.random.default_rng(0).normal(size=(6, 4))
    pretrainer = tiny_masked(kernel_sizes=(33, 17)).fit(X)
    assert np.isfinite(pretrainer.encode(X)).all()
    assert pretrainer.reconstruct(X).mask.any(1).all()
