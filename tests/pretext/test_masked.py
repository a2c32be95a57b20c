"""What is about `MaskedPretrainer` alone; test_pretrainers.py has what holds for every one."""

from math import comb

import numpy as np
import pytest
import torch

from sklearn_ecgssl.pretext import MaskedPretrainer
from sklearn_ecgssl.pretext._masking import MaskedLoss, mask_windows, span_mask
from tests.tiny import tiny_masked, waves

X = np.random.default_rng(0).normal(size=(10, 64)).astype(np.float32)

#: 10 s at the paper's 128 Hz.
PAPER = {"n_times": 1280, "mask_ratio": 0.0325, "span_length": 20}


def draw(n_windows, n_times, mask_ratio, span_length, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (n_windows, n_times)
    return span_mask(shape, generator, mask_ratio=mask_ratio, span_length=span_length)


def predicted(pretrainer, mask):
    """What the fitted network makes of `X` with masked samples."""
    hidden = torch.tensor(np.where(mask, 0, X).astype(np.float32))
    with torch.no_grad():
        return pretrainer._fitted_network(torch.device("cpu"))(hidden).numpy()


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


@pytest.mark.parametrize(
    "masking",
    [
        PAPER,
        {"n_times": 200, "mask_ratio": 0.3, "span_length": 3},
        {"n_times": 7, "mask_ratio": 0.5, "span_length": 4},
        {"n_times": 5, "mask_ratio": 0.01, "span_length": 5},
        {"n_times": 6, "mask_ratio": 0.99, "span_length": 1},
    ],
)
def test_every_sample_is_masked_as_often_as_combinatorics_says(masking):
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


class TestTraining:
    def test_history_has_new_masks_in_every_epoch_and_the_same_for_what_is_held_out(self):
        pretrainer = tiny_masked(max_epochs=3, validation_fraction=0.4).fit(X)
        history = pretrainer.history_
        assert [row["epoch"] for row in history] == [1, 2, 3]
        names = {"loss", "masked_error", "zero_error"}
        for row in history:
            assert set(row) == {"epoch", *(f"{p}_{n}" for p in ("train", "valid") for n in names)}
            assert row["train_loss"] == row["train_masked_error"] > 0
            assert row["valid_loss"] == row["valid_masked_error"] > 0
        assert len({row["train_zero_error"] for row in history}) == 3
        assert len({row["valid_zero_error"] for row in history}) == 1

    def test_sines_are_learnt(self):
        pretrainer = tiny_masked(
            filters=(8,), kernel_sizes=(9,), n_layers=1, feedforward=16, head_hidden=(16,),
            dropout=0.0, max_epochs=30, batch_size=16, learning_rate=0.02, l2=0.0,
            validation_fraction=0.25,
        ).fit(waves(48, 32)[0])  # fmt: skip
        assert pretrainer.score(waves(48, 32, seed=1)[0]) > 0.6
        first, last = pretrainer.history_[0], pretrainer.history_[-1]
        assert last["valid_loss"] < 0.4 * last["valid_zero_error"]
        assert last["valid_loss"] < 0.5 * first["valid_loss"]


class TestScore:
    def test_is_its_definition(self):
        pretrainer = tiny_masked().fit(X)
        masked = draw(*X.shape, mask_ratio=0.1, span_length=4).numpy()
        error = np.mean((predicted(pretrainer, masked) - X)[masked] ** 2)
        expected = 1 - error / np.mean(X[masked] ** 2)
        assert pretrainer.score(X) == pytest.approx(expected, rel=1e-5)

    def test_flat_windows_are_predicted_by_zero(self):
        pretrainer = tiny_masked(max_epochs=0).fit(X)
        assert pretrainer.score(np.zeros((3, 64))) in (0, 1)


class TestReconstruct:
    def test_parts(self, fitted_masked):
        result = fitted_masked.reconstruct(X)
        assert result._fields == ("signal", "mask", "reconstruction")
        assert {part.shape for part in result} == {(10, 64)}
        assert [part.dtype for part in result] == [np.float32, np.bool_, np.float32]
        np.testing.assert_array_equal(result.signal, X)
        expected = predicted(fitted_masked, result.mask)
        np.testing.assert_allclose(result.reconstruction, expected, rtol=1e-5, atol=1e-6)
        for part, same in zip(fitted_masked.reconstruct([X[:3], X[3:]]), result, strict=True):
            np.testing.assert_array_equal(part, same)
        with pytest.raises(ValueError, match="not fitted yet"):
            tiny_masked().reconstruct(X)

    def test_masks_are_those_of_training_and_of_the_seed(self):
        """One span each, at the end of a window perhaps a shorter one."""
        pretrainer = tiny_masked(span_length=9, mask_ratio=0.02, max_epochs=0).fit(X)
        one, again, other = (pretrainer.reconstruct(X, seed).mask for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, again)
        assert np.any(one != other)
        starts, lengths = one.argmax(axis=1), one.sum(axis=1)
        assert len(set(starts)) > 5
        np.testing.assert_array_equal(lengths, np.minimum(9, 64 - starts))
        for row, start, length in zip(one, starts, lengths, strict=True):
            assert row[start : start + length].all()


def test_encode_masks_nothing(fitted_masked):
    """A change to any sample changes the features."""
    before = fitted_masked.encode(X[:1])
    changed = X[:1] + 3 * np.eye(64, dtype=np.float32)
    assert (np.abs(fitted_masked.encode(changed) - before).max(1) > 1e-6).all()


def test_heads_must_share_the_channels():
    with pytest.raises(ValueError, match=r"n_heads=4 must divide the last of filters=\(4, 6\)"):
        tiny_masked(n_heads=4).fit(X)


def test_windows_shorter_than_the_kernels_are_learnt():
    short = X[:6, :4]
    pretrainer = tiny_masked(kernel_sizes=(33, 17)).fit(short)
    assert np.isfinite(pretrainer.encode(short)).all()
    assert pretrainer.reconstruct(short).mask.any(1).all()
