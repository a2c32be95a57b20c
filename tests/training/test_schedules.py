"""Learning rates over a training: from their definitions, and as the optimiser gets them."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training import (
    Criterion,
    TrainingPlan,
    decay_every_batches,
    decay_every_epochs,
    train,
    warm_up_and_decay,
)
from sklearn_ecgssl.training._schedules import constant


def factors(schedule, n_epochs, steps_per_epoch):
    """Factor of every batch of a training."""
    return np.array([schedule(i, steps_per_epoch) for i in range(n_epochs * steps_per_epoch)])


def test_constant():
    assert set(factors(constant, 3, 7)) == {1.0}


def test_decay_every_batches_knows_no_epochs():
    expected = [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]
    np.testing.assert_allclose(factors(decay_every_batches(0.5, 3), 5, 2), expected)
    np.testing.assert_allclose(factors(decay_every_batches(0.5, 3), 1, 10), expected)


def test_decay_every_epochs_knows_no_batches():
    for steps_per_epoch in (1, 4):
        by_epoch = factors(decay_every_epochs(0.65, 2), 7, steps_per_epoch)
        expected = np.repeat([1, 1, 0.65, 0.65, 0.65**2, 0.65**2, 0.65**3], steps_per_epoch)
        np.testing.assert_allclose(by_epoch, expected)


class TestWarmUpAndDecay:
    @pytest.mark.parametrize("steps_per_epoch", [1, 2, 13, 100])
    def test_of_the_paper_rises_for_30_of_500_epochs(self, steps_per_epoch):
        rates = factors(warm_up_and_decay(0.06, 500), 500, steps_per_epoch)
        highest = 30 * steps_per_epoch - 1
        assert rates.max() == pytest.approx(1, abs=1e-9)
        assert rates.argmax() == highest
        rise, fall = np.diff(rates[: highest + 1]), np.diff(rates[highest:])
        np.testing.assert_allclose(rise, 1 / (30 * steps_per_epoch), rtol=1e-6)
        np.testing.assert_allclose(fall, -1 / (470 * steps_per_epoch + 1), rtol=1e-6)
        assert rates[0] == pytest.approx(1 / (30 * steps_per_epoch))
        assert 0 < rates[-1] < 1 / 400

    @pytest.mark.parametrize("warm_up", [0.0, 0.06, 0.3, 0.5, 0.99])
    @pytest.mark.parametrize(
        ("n_epochs", "steps_per_epoch"), [(1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (7, 5), (50, 3)]
    )
    def test_never_above_1_nor_below_0(self, warm_up, n_epochs, steps_per_epoch):
        schedule = warm_up_and_decay(warm_up, n_epochs)
        rates = factors(schedule, n_epochs, steps_per_epoch)
        assert (rates > 0).all(), "every batch learns"
        assert (rates <= 1 + 1e-12).all()
        assert rates.max() >= 0.5
        top = rates.argmax()
        assert (np.diff(rates[: top + 1]) > 0).all()
        assert (np.diff(rates[top:]) < 0).all()
        # The scheduler asks once more when the last batch is done.
        assert 0 <= schedule(n_epochs * steps_per_epoch, steps_per_epoch) <= 1e-12

    def test_no_warm_up_only_falls(self):
        rates = factors(warm_up_and_decay(0.0, 10), 10, 10)
        np.testing.assert_allclose(np.diff(rates), -1 / 101)
        assert rates[0] > 0.99

    def test_one_batch_learns(self):
        assert factors(warm_up_and_decay(0.06, 1), 1, 1)[0] > 0.5


class SquaredError(Criterion):
    metric_names = []

    def forward(self, outputs, targets):
        return (outputs[:, 0] - targets).square().mean()

    def metrics(self, outputs, targets):
        return torch.empty(0)


SCHEDULES = {
    "constant": constant,
    "batches": decay_every_batches(0.5, 4),
    "epochs": decay_every_epochs(0.5, 2),
    "warm-up": warm_up_and_decay(0.3, 5),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_training_follows_the_schedule(name, monkeypatch):
    """5 epochs of 3 batches, the last one smaller: the same steps as a plain loop of torch."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3)).astype(np.float32)
    y = (X @ [1.0, -2.0, 0.5]).astype(np.float32)
    used = []

    class Adam(torch.optim.Adam):
        def step(self, *args, **kwargs):
            used.append(self.param_groups[0]["lr"])
            return super().step(*args, **kwargs)

    monkeypatch.setattr(torch.optim, "Adam", Adam)
    torch.manual_seed(0)
    module, plain = nn.Linear(3, 1), nn.Linear(3, 1)
    plain.load_state_dict(module.state_dict())
    plan = TrainingPlan(
        max_epochs=5, batch_size=8, learning_rate=0.1, schedule=SCHEDULES[name],
        precision="float32",
    )  # fmt: skip
    split = np.arange(20), np.arange(0)
    state = train(
        module, SquaredError(), lambda windows, labels, _: (windows, labels), WindowStore([X]), y,
        split, plan, [1, 2, 3, 4],
    ).state  # fmt: skip
    np.testing.assert_allclose(used, 0.1 * factors(SCHEDULES[name], 5, 3))

    optimiser = torch.optim.Adam(plain.parameters(), lr=0.0)
    order = np.random.default_rng(2)
    rates = iter(0.1 * factors(SCHEDULES[name], 5, 3))
    for _ in range(5):
        indices = order.permutation(20)
        for start in (0, 8, 16):
            chosen = indices[start : start + 8]
            optimiser.param_groups[0]["lr"] = next(rates)
            optimiser.zero_grad()
            SquaredError()(plain(torch.tensor(X[chosen])), torch.tensor(y[chosen])).backward()
            optimiser.step()
    np.testing.assert_allclose(state["weight"], plain.weight.detach(), rtol=1e-4)
    np.testing.assert_allclose(state["bias"], plain.bias.detach(), rtol=1e-4)
