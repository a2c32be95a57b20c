"""Train a network on windows: the one door through which estimators use skorch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from skorch.callbacks import EarlyStopping, LRScheduler
from torch import nn

from ..networks import seed_dropout
from ..signal._windows import WindowStore
from ._batches import WindowDataset
from ._criterion import Criterion
from ._device import fastest_kernels, memory_advice, resolve_device, resolve_precision
from ._net import Prepare, TrainingNet
from ._parts import keep_freed_memory
from ._progress import TrainingProgress
from ._schedules import Schedule, constant
from ._sources import source_for_epochs
from ._state import module_to_state


@dataclass(frozen=True)
class TrainingPlan:
    """How long, how fast and where to train; the parameters that all estimators share.

    `learning_rates` holds those that differ from `learning_rate`, by what the names of their
    weights begin with; `schedule` gives the factor of all of them.
    """

    max_epochs: int
    batch_size: int
    learning_rate: float
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    schedule: Schedule = constant
    l2: float = 0.0
    patience: int | None = None
    device: str = "auto"
    precision: str = "auto"
    verbose: int = 0
    label: str = "training"


def train(
    module: nn.Module,
    criterion: Criterion,
    prepare: Prepare,
    store: WindowStore,
    targets: np.ndarray | None,
    split: tuple[np.ndarray, np.ndarray],
    plan: TrainingPlan,
    seeds: list[int],
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train a module and return its weights and history.

    Parameters
    ----------
    module : nn.Module
        The network, initialised.
    criterion : Criterion
        The loss.
    prepare : callable
        Makes inputs and targets from a batch of windows, its labels and a generator.
    store : WindowStore
        All windows.
    targets : ndarray or None
        A label for each window of the store.
    split : tuple of two ndarrays of int
        Windows to train on, and windows held out (may be empty).
    plan : TrainingPlan
        Epochs, batch size, learning rate, device and so on.
    seeds : list of four int
        Seeds of dropout, of the order of the windows, of the transformations in training and of
        those on held-out windows.

    Returns
    -------
    state : dict of str to ndarray
        The trained weights.
    history : list of dict
        One dict an epoch.

    Raises
    ------
    ValueError
        If the loss becomes NaN or infinite.
    MemoryError
        If a batch does not fit into the device's memory; the message names a smaller one.
    """
    device = resolve_device(plan.device)
    if plan.max_epochs == 0:
        return module_to_state(module), []
    keep_freed_memory()
    with memory_advice(device, _smaller_batch(plan.batch_size)), fastest_kernels(device):
        source = source_for_epochs(store, targets, device)
        train_set = WindowDataset(source, split[0])
        valid_set = WindowDataset(source, split[1]) if len(split[1]) else None
        steps = -(-len(train_set) // plan.batch_size)
        net = _net(module, criterion, prepare, plan, seeds, steps, held_out=valid_set is not None)
        _run(net, train_set, valid_set)
    return module_to_state(net.module_), _history(net)


def _net(
    module: nn.Module,
    criterion: Criterion,
    prepare: Prepare,
    plan: TrainingPlan,
    seeds: list[int],
    steps_per_epoch: int,
    held_out: bool,
) -> TrainingNet:
    device = resolve_device(plan.device)
    net = TrainingNet(
        module,
        criterion,
        optimizer=torch.optim.Adam,
        lr=plan.learning_rate,
        max_epochs=plan.max_epochs,
        batch_size=plan.batch_size,
        device=str(device),
        prepare=prepare,
        precision=resolve_precision(plan.precision, device),
        weight_decay=plan.l2,
        learning_rates=plan.learning_rates,
        seeds=seeds[1:4],
        callbacks=_callbacks(plan, steps_per_epoch, held_out),
        verbose=0,
    )
    seed_dropout(module, torch.Generator(device).manual_seed(seeds[0]))
    return net.initialize()


def _smaller_batch(batch_size: int) -> str:
    if batch_size == 1:
        return "Use device='cpu', shorter windows or fewer filters."
    return (
        f"batch_size={batch_size} is too large: try batch_size={batch_size // 2}, or device='cpu'."
    )


def _callbacks(plan: TrainingPlan, steps_per_epoch: int, held_out: bool) -> list[tuple[str, Any]]:
    callbacks: list[tuple[str, Any]] = [
        (
            "lr_schedule",
            LRScheduler(
                torch.optim.lr_scheduler.LambdaLR,
                lr_lambda=lambda step: plan.schedule(step, steps_per_epoch),
                step_every="batch",
                event_name=None,
            ),
        )
    ]
    if plan.verbose:
        callbacks.append(("progress", TrainingProgress(plan.label)))
    if plan.patience is not None:
        monitor = "valid_loss" if held_out else "train_loss"
        stopping = EarlyStopping(monitor, patience=plan.patience, load_best=True, sink=_silent)
        callbacks.append(("early_stopping", stopping))
    return callbacks


def _run(net: TrainingNet, train_set: WindowDataset, valid_set: WindowDataset | None) -> None:
    net.notify("on_train_begin", X=None, y=None)
    try:
        net.fit_loop((train_set, valid_set))
    except KeyboardInterrupt:
        # skorch's early stopping says so with this exception; the user's Ctrl-C is passed on.
        if not _stopped_early(net):
            raise
    finally:
        net.notify("on_train_end", X=None, y=None)


def _stopped_early(net: TrainingNet) -> bool:
    stopping = dict(net.callbacks_).get("early_stopping")
    return stopping is not None and stopping.misses_ == stopping.patience


def _history(net: TrainingNet) -> list[dict[str, float]]:
    return [
        {name: row[name] for name in row if name != "batches" and not name.endswith("_best")}
        for row in net.history
    ]


def _silent(*args: Any) -> None:
    pass
