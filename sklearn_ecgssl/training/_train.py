"""Train a network on windows: the plan of a training, and the order of events in one place."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from skorch.callbacks import Callback
from torch import nn
from tqdm.auto import tqdm

from .._fitting import UnfinishedFitError
from ..networks import seed_dropout
from ..signal.window_store import WindowStore
from ._batches import ResidentSource, WindowDataset, shuffled, shuffled_in_buffer, window_source
from ._checkpoint import Checkpoint
from ._device import (
    Generators,
    fastest_kernels,
    keep_freed_memory,
    memory_advice,
    resolve_device,
    resolve_precision,
)
from ._group import ALONE, Group, LostProcessError
from ._net import (
    Criterion,
    NonFiniteLossError,
    Prepare,
    TrainingNet,
    module_to_state,
    plain_history,
)

ANY_ORDER = (
    "X lies in chunks of a file, and without shuffle_buffer its windows are taken in any order: a "
    "chunk is read for nearly every window. Set shuffle_buffer to how many windows may be in "
    "memory, such as shuffle_buffer=100_000 (1 GB of 10 s at 256 Hz)."
)

#: Gives the factor of the learning rate, from the batches done and the batches of an epoch.
Schedule = Callable[[int, int], float]


def constant(step: int, steps_per_epoch: int) -> float:
    """Leave the learning rate as it is."""
    return 1.0


def decay_every_batches(factor: float, n_batches: int) -> Schedule:
    """Multiply the learning rate by a factor every so many batches."""
    factor, n_batches = float(factor), int(n_batches)  # of numpy, they might overflow
    return lambda step, steps_per_epoch: factor ** (step // n_batches)


def decay_every_epochs(factor: float, n_epochs: int) -> Schedule:
    """Multiply the learning rate by a factor every so many epochs."""
    factor, n_epochs = float(factor), int(n_epochs)
    return lambda step, steps_per_epoch: factor ** (step // (steps_per_epoch * n_epochs))


def warm_up_and_decay(warm_up: float, n_epochs: int) -> Schedule:
    """Let the learning rate rise linearly for a part of `n_epochs`, then fall linearly to zero."""
    warm_up, n_epochs = float(warm_up), int(n_epochs)

    def factor(step: int, steps_per_epoch: int) -> float:
        n_steps = n_epochs * steps_per_epoch
        rising = warm_up * n_steps
        if step + 1 < rising:  # the first batch already learns
            return (step + 1) / rising
        return max(0.0, (n_steps - step) / (n_steps - rising + 1))

    return factor


@dataclass(frozen=True)
class TrainingPlan:
    """How long, how fast and where to train; the parameters that all estimators share."""

    max_epochs: int
    batch_size: int
    learning_rate: float
    #: Learning rates that differ, by what the names of their weights begin with.
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    schedule: Schedule = constant
    #: Adds ``l2 * sum(w ** 2) / 2`` over all kernels to the loss.
    l2: float = 0.0
    #: Epochs without improvement after which training stops.
    patience: int | None = None
    #: Windows in memory while they are shuffled; None draws every order of all windows alike.
    shuffle_buffer: int | None = None
    #: Functions without arguments that return callbacks of skorch.
    callbacks: tuple[Callable[[], Any], ...] = ()
    device: str = "auto"
    precision: str = "auto"
    verbose: int = 0
    #: What the progress bar calls the training.
    label: str = "training"

    def __post_init__(self) -> None:
        # numpy's small integers and floats would overflow in what is calculated with them
        kinds = {"max_epochs": int, "batch_size": int, "learning_rate": float, "l2": float}
        for name, kind in kinds.items():
            object.__setattr__(self, name, kind(getattr(self, name)))


def plan_of(estimator: BaseEstimator, **others: Any) -> TrainingPlan:
    """Make the plan that the parameters of a pretrainer describe, and `others` besides."""
    names = [field.name for field in fields(TrainingPlan) if hasattr(estimator, field.name)]
    named = {name: getattr(estimator, name) for name in names}
    named["callbacks"] = tuple(named.get("callbacks") or ())
    return TrainingPlan(**{**named, **others})


@dataclass(frozen=True)
class Trained:
    """Weights and history of a training, whole or up to the epoch before it was stopped."""

    state: dict[str, np.ndarray]
    history: list[dict[str, float]]
    stopped_by: BaseException | None = None

    def raise_if_stopped(self) -> None:
        """Raise what stopped the training, if anything did; `all_or_nothing` keeps attributes."""
        if self.stopped_by is not None:
            raise UnfinishedFitError(self.stopped_by)


def train(
    module: nn.Module,
    criterion: Criterion,
    prepare: Prepare,
    store: WindowStore,
    targets: np.ndarray | None,
    split: tuple[np.ndarray, np.ndarray],
    plan: TrainingPlan,
    seeds: list[int],
    checkpoint: Checkpoint | None = None,
    group: Group = ALONE,
) -> Trained:
    """Train an initialised module on windows.

    `prepare` makes inputs and targets of a batch of windows and their labels in `targets`. `split`
    has the indices of windows to train on, and of those held out, which may be none. `seeds` are
    four: of dropout, of the order of the windows, and of what is drawn for inputs in training and
    held out. A training that is stopped after its first epoch returns what it has, and why.
    """
    device = resolve_device(plan.device)
    if plan.max_epochs == 0:
        return Trained(module_to_state(module), [])
    if plan.batch_size % group.size:
        raise ValueError(
            f"batch_size={plan.batch_size} cannot be shared equally by {group.size} processes: "
            f"use a multiple of {group.size}."
        )
    keep_freed_memory()
    with memory_advice(device, _smaller_batch(plan.batch_size)), fastest_kernels(device):
        source = window_source(store, targets, device, many_epochs=True)
        train_set = WindowDataset(source, split[0])
        valid_set = WindowDataset(source, split[1]) if len(split[1]) else None
        generators = Generators(seeds, device, group)
        if plan.shuffle_buffer is not None:
            store.keep(plan.shuffle_buffer)
            order = shuffled_in_buffer(generators.order, store, plan.shuffle_buffer)
        else:
            if store.any_order_is_slow() and not isinstance(source, ResidentSource):
                warnings.warn(ANY_ORDER, stacklevel=2)
            order = shuffled(generators.order)
        steps_per_epoch = -(-len(train_set) // plan.batch_size)
        net = TrainingNet(
            module,
            criterion,
            optimizer=torch.optim.Adam,
            lr=plan.learning_rate,
            max_epochs=plan.max_epochs,
            batch_size=plan.batch_size,
            device=str(device),
            network=group.parallel(module.to(device)),
            prepare=prepare,
            precision=resolve_precision(plan.precision, device),
            weight_decay=plan.l2,
            learning_rates=plan.learning_rates,
            schedule=lambda step: plan.schedule(step, steps_per_epoch),
            generators=generators,
            order=order,
            group=group,
            callbacks=_callbacks(plan, steps_per_epoch) if group.rank == 0 else [],
            verbose=0,
        )
        seed_dropout(module, generators.dropout)
        return _run(net.initialize(), (train_set, valid_set), plan, checkpoint)


def _run(
    net: TrainingNet,
    data: tuple[WindowDataset, WindowDataset | None],
    plan: TrainingPlan,
    checkpoint: Checkpoint | None,
) -> Trained:
    """Train epoch by epoch, from the checkpoint on, and keep what each whole epoch gave."""
    if checkpoint is not None:
        checkpoint.restore(net)
    if len(net.history) > plan.max_epochs:
        raise ValueError(
            f"checkpoint holds {len(net.history)} epochs, max_epochs={plan.max_epochs} is less. "
            "Raise it."
        )
    kept = _kept(net) if len(net.history) else None
    monitored = "train_loss" if data[1] is None else "valid_loss"
    net.notify("on_train_begin", X=None, y=None)
    try:
        while len(net.history) < plan.max_epochs and net.best_.n_since != plan.patience:
            net.fit_loop(data, epochs=1)
            if plan.patience is not None:
                net.best_.see(net.history[-1, monitored], module_to_state(net.module_))
            kept = _kept(net)
            if checkpoint is not None:
                _save(checkpoint, net)
        # Processors of other makes round otherwise, and all are to have the same estimator.
        return net.group.first(lambda: _kept(net))
    except (KeyboardInterrupt, NonFiniteLossError, LostProcessError) as error:
        if kept is None:
            raise
        _explain(error, len(kept.history), plan.max_epochs, checkpoint)
        return replace(kept, stopped_by=error)
    finally:
        net.notify("on_train_end", X=None, y=None)


def _kept(net: TrainingNet) -> Trained:
    """Take what the epochs so far gave: the best weights, where training may stop early."""
    return Trained(net.best_.weights or module_to_state(net.module_), plain_history(net))


def _save(checkpoint: Checkpoint, net: TrainingNet) -> None:
    try:
        checkpoint.save(net)
    except OSError as error:  # hours of training are worth more than a checkpoint of them
        warnings.warn(
            f"Epoch {len(net.history)} could not be saved: {error}. Training goes on, and the "
            "checkpoint before is whole.",
            stacklevel=2,
        )


def _explain(
    error: BaseException, n_epochs: int, max_epochs: int, checkpoint: Checkpoint | None
) -> None:
    """Tell the user what is left of a training that was stopped."""
    kept = f"the estimator is fitted with {n_epochs} of {max_epochs} epochs"
    if isinstance(error, KeyboardInterrupt):
        more = "" if checkpoint is None else "; the same fit goes on from its checkpoint"
        warnings.warn(f"Interrupted: {kept}{more}.", stacklevel=2)
    else:
        error.args = (f"{error} Until then all was well: {kept}.",)


def _smaller_batch(batch_size: int) -> str:
    if batch_size == 1:
        return "Use device='cpu', shorter windows or fewer filters."
    return (
        f"batch_size={batch_size} is too large: try batch_size={batch_size // 2}, or device='cpu'."
    )


def _callbacks(plan: TrainingPlan, steps_per_epoch: int) -> list[tuple[str, Any]]:
    callbacks: list[tuple[str, Any]] = []
    for i, make in enumerate(plan.callbacks):
        if not callable(make) or not isinstance(callback := make(), Callback):
            raise TypeError(
                f"callbacks must be functions that return callbacks of skorch, got {make!r:.80}. "
                "For one that exists already write lambda: callback."
            )
        callbacks.append((f"callback_{i}", callback))
    if plan.verbose:
        callbacks.append(("progress", ProgressBar(plan.label, steps_per_epoch)))
    return callbacks


class ProgressBar(Callback):
    """One bar for all batches of all epochs, with the losses beside it."""

    def __init__(self, label: str, steps_per_epoch: int) -> None:
        self.label = label
        self.steps_per_epoch = steps_per_epoch

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.bar_ = tqdm(
            desc=self.label,
            total=net.max_epochs * self.steps_per_epoch,
            initial=len(net.history) * self.steps_per_epoch,  # what an earlier run has done
            unit=" batches",
            dynamic_ncols=True,
        )

    def on_batch_end(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        if training:
            self.bar_.update()

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        last = net.history[-1]
        losses = {
            name: f"{last[name]:.3f}" for name in ("train_loss", "valid_loss") if name in last
        }
        self.bar_.set_postfix({"epoch": last["epoch"], **losses})

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        self.bar_.close()
