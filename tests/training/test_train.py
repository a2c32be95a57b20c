import numpy as np
import pytest
import torch
from torch import nn

from sklearn_ecgssl.networks import Dropout
from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training import TrainingPlan, decay_every_batches, draw_seeds, train


class SquaredError(nn.Module):
    metric_names = ["error"]

    def forward(self, outputs, targets):
        return (outputs[:, 0] - targets).square().mean()

    def metrics(self, outputs, targets):
        return (outputs[:, 0] - targets).abs().mean()[None]


def as_they_are(windows, labels, generator):
    return windows, labels


def problem(n=40):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3)).astype(np.float32)
    return X, (X @ [1.0, -2.0, 0.5]).astype(np.float32)


def fit(module=None, split=None, X=None, y=None, **plan):
    if X is None:
        X, y = problem()
    if module is None:
        torch.manual_seed(0)
        module = nn.Linear(3, 1)
    split = (np.arange(len(X)), np.arange(0)) if split is None else split
    defaults = {"max_epochs": 3, "batch_size": 8, "learning_rate": 0.01, "precision": "float32"}
    plan = TrainingPlan(**{**defaults, **plan})
    trained = train(
        module, SquaredError(), as_they_are, WindowStore([X]), y, split, plan, [1, 2, 3, 4]
    )
    assert trained.stopped_by is None
    return trained.state, trained.history


def test_same_steps_as_a_plain_loop_of_torch():
    """Adam, the penalty in the loss on kernels only, the staircase schedule, the last batch."""
    X, y = problem(20)
    torch.manual_seed(0)
    module = nn.Linear(3, 1)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
    order = np.random.default_rng(2)
    step = 0
    for _ in range(4):
        indices = order.permutation(20)
        for start in range(0, 20, 8):
            chosen = indices[start : start + 8]
            for group in optimiser.param_groups:
                group["lr"] = 0.01 * 0.5 ** (step // 5)
            optimiser.zero_grad()
            outputs = module(torch.from_numpy(X[chosen]))
            penalty = 0.3 * module.weight.square().sum() / 2
            (SquaredError()(outputs, torch.from_numpy(y[chosen])) + penalty).backward()
            optimiser.step()
            step += 1
    state, _ = fit(X=X, y=y, max_epochs=4, l2=0.3, schedule=decay_every_batches(0.5, 5))
    np.testing.assert_allclose(state["weight"], module.weight.detach(), rtol=1e-5)
    np.testing.assert_allclose(state["bias"], module.bias.detach(), rtol=1e-5)


def test_history_is_the_mean_over_samples():
    X, y = problem(10)
    state, history = fit(X=X, y=y, learning_rate=1e-12, max_epochs=2, batch_size=8)
    errors = X @ state["weight"][0] + state["bias"] - y
    assert [row["epoch"] for row in history] == [1, 2]
    assert history[-1]["train_loss"] == pytest.approx(np.mean(errors**2), rel=1e-5)
    assert history[-1]["train_error"] == pytest.approx(np.mean(np.abs(errors)), rel=1e-5)
    assert "valid_loss" not in history[-1]


def test_held_out_windows_are_scored_and_not_learnt():
    X, y = problem(20)
    bad = y.copy()
    bad[15:] = 1e6
    split = (np.arange(15), np.arange(15, 20))
    state, history = fit(X=X, y=bad, split=split)
    assert history[-1]["valid_loss"] > 1e9
    other, _ = fit(X=X[:15], y=bad[:15])
    np.testing.assert_array_equal(state["weight"], other["weight"])


def test_early_stopping_returns_the_best_weights():
    X, y = problem(40)
    split = (np.arange(20), np.arange(20, 40))
    y[20:] = 0.0  # fitting the first half makes the second half worse
    module = nn.Linear(3, 1)
    nn.init.zeros_(module.weight)
    nn.init.zeros_(module.bias)
    state, history = fit(module, split, X, y, max_epochs=50, patience=3)
    losses = [row["valid_loss"] for row in history]
    best = int(np.argmin(losses))
    assert len(losses) < 50
    assert len(losses) == best + 1 + 3
    outputs = X[20:] @ state["weight"][0] + state["bias"]
    assert np.mean(outputs**2) == pytest.approx(losses[best], rel=1e-5)


def test_interrupt_is_passed_on():
    def interrupt(windows, labels, generator):
        raise KeyboardInterrupt

    X, y = problem()
    plan = TrainingPlan(max_epochs=1, batch_size=8, learning_rate=0.1, patience=2)
    with pytest.raises(KeyboardInterrupt):
        train(
            nn.Linear(3, 1), SquaredError(), interrupt, WindowStore([X]), y,
            (np.arange(8), np.arange(0)), plan, [0, 0, 0, 0],
        )  # fmt: skip


def test_exploding_loss_is_an_error_that_names_epoch_and_batch():
    X, y = problem()
    message = r"train loss became (inf|nan) in epoch 1, batch 1 of 5.*usually reach 1.28e\+30"
    with pytest.raises(ValueError, match=message):
        fit(X=X * 1e30, y=y)


def test_out_of_memory_names_a_batch_size_to_try():
    def too_large(windows, labels, generator):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    X, y = problem()
    everything = np.arange(len(X)), np.arange(0)
    for batch_size, advice in ((24, "batch_size=24.*try batch_size=12"), (1, "shorter windows")):
        plan = TrainingPlan(max_epochs=1, batch_size=batch_size, learning_rate=0.1)
        with pytest.raises(MemoryError, match=f"cpu has too little memory left.*{advice}"):
            train(
                nn.Linear(3, 1), SquaredError(), too_large, WindowStore([X]), y,
                everything, plan, [0, 0, 0, 0],
            )  # fmt: skip


def test_progress_bar_only_when_asked(capsys):
    fit()
    assert capsys.readouterr() == ("", "")
    fit(verbose=1, label="some training")
    assert "some training" in capsys.readouterr().err


def test_global_random_state_is_left_alone():
    torch.manual_seed(7)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    module = nn.Sequential(nn.Linear(3, 4), Dropout(0.5), nn.Linear(4, 1))
    before = torch.get_rng_state()
    fit(module)
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_before, np.random.get_state()[1])


def test_seeds_are_reproducible_and_distinct():
    assert draw_seeds(5, 6) == draw_seeds(5, 6)
    assert len(set(draw_seeds(5, 6))) == 6
    assert draw_seeds(5, 6) != draw_seeds(6, 6)


class TestLearningRates:
    """`learning_rates` hold for the weights whose names begin with their keys."""

    def two_layers(self):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))

    def test_same_steps_as_parameter_groups_of_torch(self):
        X, y = problem(16)
        module = self.two_layers()
        optimiser = torch.optim.Adam(
            [
                {"params": [module[0].weight], "lr": 0.002, "weight_decay": 0.3},
                {"params": [module[0].bias], "lr": 0.002},
                {"params": [module[2].weight], "lr": 0.01, "weight_decay": 0.3},
                {"params": [module[2].bias], "lr": 0.01},
            ]
        )
        order = np.random.default_rng(2)
        for step in range(6):
            if step % 2 == 0:
                indices = order.permutation(16)
            chosen = indices[8 * (step % 2) :][:8]
            for group, start in zip(
                optimiser.param_groups, (0.002, 0.002, 0.01, 0.01), strict=True
            ):
                group["lr"] = start * 0.5 ** (step // 4)
            optimiser.zero_grad()
            SquaredError()(module(torch.tensor(X[chosen])), torch.tensor(y[chosen])).backward()
            optimiser.step()
        state, _ = fit(
            self.two_layers(), X=X, y=y, learning_rates={"0.": 0.002}, l2=0.3,
            schedule=decay_every_batches(0.5, 4),
        )  # fmt: skip
        for name, weights in module.named_parameters():
            np.testing.assert_allclose(state[name], weights.detach(), rtol=1e-5, atol=1e-7)

    def test_parts_that_are_not_named_take_the_learning_rate(self):
        plain, named = (
            fit(self.two_layers(), learning_rates=rates)[0] for rates in ({}, {"head.": 7.0})
        )
        for name, weights in plain.items():
            np.testing.assert_array_equal(named[name], weights)
