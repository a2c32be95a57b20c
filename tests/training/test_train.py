"""`train`: the steps of a plain loop of torch, its schedules, early stopping, callbacks, errors."""

import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback
from torch import nn

from sklearn_ecgssl.signal.window_store import WindowStore
from sklearn_ecgssl.training import (
    Criterion,
    Group,
    TrainingPlan,
    decay_every_batches,
    decay_every_epochs,
    train,
    warm_up_and_decay,
)
from tests.tiny import each_pretrainer, same_fit, tiny_pretrainer, waves

WAVES, _ = waves(12)


class SquaredError(Criterion):
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


def fit(module=None, data=None, held_out=(), prepare=as_they_are, group=None, **plan):
    X, y = data or problem()
    if module is None:
        torch.manual_seed(0)
        module = nn.Linear(3, 1)
    held_out = np.array(held_out, int)
    split = (np.setdiff1d(np.arange(len(X)), held_out), held_out)
    defaults = {"max_epochs": 3, "batch_size": 8, "learning_rate": 0.01, "precision": "float32"}
    trained = train(
        module, SquaredError(), prepare, WindowStore([X]), y, split,
        TrainingPlan(**{**defaults, **plan}), [1, 2, 3, 4], group=group or Group(),
    )  # fmt: skip
    trained.raise_if_stopped()
    return trained.state, trained.history


SCHEDULES = {
    "constant": (None, [1.0] * 12),
    "every 5 batches": (decay_every_batches(0.5, 5), [1.0] * 5 + [0.5] * 5 + [0.25] * 2),
    "every 2 epochs": (decay_every_epochs(0.5, 2), [1.0] * 6 + [0.5] * 6),
    "warm-up": (warm_up_and_decay(0.25, 4), [1 / 3, 2 / 3, *(np.arange(10, 0, -1) / 10)]),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_same_steps_as_a_plain_loop_of_torch(name):
    """Adam, the penalty in the loss on kernels only, the schedule, the last and smaller batch."""
    schedule, factors = SCHEDULES[name]
    X, y = problem(20)
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    plain = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    plain.load_state_dict(module.state_dict())
    plan = {"max_epochs": 4, "l2": 0.3, "learning_rates": {"0.": 0.002, "head.": 7.0}}
    if schedule is not None:
        plan["schedule"] = schedule
    state, _ = fit(module, (X, y), **plan)

    optimiser = torch.optim.Adam(
        [
            {"params": plain[0].parameters(), "lr": 0.002, "start": 0.002},
            {"params": plain[2].parameters(), "lr": 0.01, "start": 0.01},
        ]
    )
    order = np.random.default_rng(2)
    step = 0
    for _ in range(4):
        indices = order.permutation(20)
        for start in range(0, 20, 8):
            chosen = indices[start : start + 8]
            for group in optimiser.param_groups:
                group["lr"] = group["start"] * factors[step]
            optimiser.zero_grad()
            penalty = 0.3 * sum(plain[i].weight.square().sum() for i in (0, 2)) / 2
            loss = SquaredError()(plain(torch.from_numpy(X[chosen])), torch.from_numpy(y[chosen]))
            (loss + penalty).backward()
            optimiser.step()
            step += 1
    for weights, expected in plain.state_dict().items():
        np.testing.assert_allclose(state[weights], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("warm_up", [0.0, 0.06, 0.5, 0.99])
@pytest.mark.parametrize(("n_epochs", "steps_per_epoch"), [(1, 1), (1, 2), (3, 1), (500, 13)])
def test_after_a_warm_up_every_batch_learns_and_none_faster_than_asked_for(
    warm_up, n_epochs, steps_per_epoch
):
    schedule = warm_up_and_decay(warm_up, n_epochs)
    rates = np.array([schedule(i, steps_per_epoch) for i in range(n_epochs * steps_per_epoch)])
    assert (rates > 0).all()
    assert 0.5 <= rates.max() <= 1 + 1e-12
    top = rates.argmax()
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
    assert abs(top + 1 - warm_up * len(rates)) < 1 or top == 0


def test_history_is_the_mean_over_samples():
    X, y = problem(10)
    state, history = fit(data=(X, y), learning_rate=1e-12, max_epochs=2)
    errors = X @ state["weight"][0] + state["bias"] - y
    assert [row["epoch"] for row in history] == [1, 2]
    assert history[-1]["train_loss"] == pytest.approx(np.mean(errors**2), rel=1e-5)
    assert history[-1]["train_error"] == pytest.approx(np.mean(np.abs(errors)), rel=1e-5)
    assert "valid_loss" not in history[-1]


def test_held_out_windows_are_scored_and_not_learnt():
    X, y = problem(20)
    y[15:] = 1e6
    state, history = fit(data=(X, y), held_out=range(15, 20))
    assert history[-1]["valid_loss"] > 1e9
    np.testing.assert_array_equal(state["weight"], fit(data=(X[:15], y[:15]))[0]["weight"])


@pytest.mark.parametrize("patience", [1, 3])
def test_early_stopping_returns_the_best_weights(patience):
    X, y = problem(40)
    y[20:] = 0.0  # fitting the first half makes the second half worse
    module = nn.Linear(3, 1)
    nn.init.zeros_(module.weight)
    nn.init.zeros_(module.bias)
    state, history = fit(module, (X, y), range(20, 40), max_epochs=50, patience=patience)
    losses = [row["valid_loss"] for row in history]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + patience < 50
    outputs = X[20:] @ state["weight"][0] + state["bias"]
    assert np.mean(outputs**2) == pytest.approx(losses[best], rel=1e-5)


def test_without_held_out_windows_early_stopping_watches_the_training_loss():
    _, history = fit(max_epochs=50, patience=2, learning_rate=1e-12)
    assert len(history) == 3


def test_out_of_memory_names_a_batch_size_to_try():
    def too_large(windows, labels, generator):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    for batch_size, advice in ((24, "batch_size=24.*try batch_size=12"), (1, "shorter windows")):
        with pytest.raises(MemoryError, match=f"cpu has too little memory left.*{advice}"):
            fit(prepare=too_large, batch_size=batch_size)


def test_processes_share_a_batch_equally_or_say_so():
    with pytest.raises(ValueError, match=r"batch_size=3 .* use a multiple of 2"):
        fit(batch_size=3, group=Group(0, 2))


def test_progress_bar_only_when_asked(capsys):
    fit()
    assert capsys.readouterr() == ("", "")
    fit(verbose=1, label="some training")
    shown = capsys.readouterr().err
    assert "some training" in shown
    assert "15/15" in shown


class Notes(Callback):
    """Writes down what it is told of."""

    seen = []

    def on_train_begin(self, net, **kwargs):
        Notes.seen.append("begin")

    def on_epoch_end(self, net, **kwargs):
        Notes.seen.append(net.history[-1]["train_loss"])

    def on_train_end(self, net, **kwargs):
        Notes.seen.append("end")


class TestCallbacks:
    """skorch's callbacks see the training as it goes, and leave no trace."""

    @each_pretrainer
    @pytest.mark.parametrize("params", [{}, {"max_epochs": 9, "learning_rate": 0.3, "patience": 1}])
    def test_they_follow_the_history_and_change_nothing(self, tiny, params):
        Notes.seen.clear()
        fitted = tiny(callbacks=[Notes], **params).fit(WAVES)
        assert Notes.seen == ["begin", *[row["train_loss"] for row in fitted.history_], "end"]
        without = tiny(**params).fit(WAVES)
        same_fit(pickle.loads(pickle.dumps(fitted)), without)
        assert joblib.hash(fitted.set_params(callbacks=None)) == joblib.hash(without)

    def test_they_may_differ_where_a_fit_is_read_or_goes_on(self, tmp_path):
        kept = tiny_pretrainer(memory=tmp_path / "m", random_state=None, callbacks=[Notes])
        same_fit(clone(kept).fit(WAVES), clone(kept).set_params(callbacks=None).fit(WAVES))
        begun = tiny_pretrainer(checkpoint=tmp_path / "c", max_epochs=1, callbacks=[Notes])
        longer = clone(begun.fit(WAVES)).set_params(max_epochs=3, callbacks=None).fit(WAVES)
        same_fit(longer, tiny_pretrainer(max_epochs=3).fit(WAVES))

    @pytest.mark.parametrize("wrong", [Notes(), lambda: 3])
    def test_other_things_are_refused(self, wrong):
        with pytest.raises(TypeError, match="callbacks must be functions that return callbacks"):
            tiny_pretrainer(callbacks=[wrong]).fit(WAVES)
