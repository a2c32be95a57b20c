"""Train a network on windows: the one door through which estimators use skorch."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback, EarlyStopping, LRScheduler
from torch import nn

from .._fitting import UnfinishedFitError
from ..networks import seed_dropout
from ..signal.window_store import WindowStore
from ._batches import WindowDataset
from ._checkpoint import Checkpoint, early_stopping, plain_history
from ._criterion import Criterion
from ._device import fastest_kernels, memory_advice, resolve_device, resolve_precision
from ._group import ALONE, Group, LostProcessError
from ._keeper import EpochKeeper
from ._loss_watch import NonFiniteLossError
from ._net import Prepare, TrainingNet
from ._orders import EpochOrder, Shuffled, ShuffledInBuffer
from ._parts import keep_freed_memory
from ._progress import TrainingProgress
from ._schedules import Schedule, constant
from ._sources import ResidentSource, source_for_epochs
from ._state import module_to_state
from ._streams import GroupStreams, RandomStreams

ANY_ORDER = (
    "X lies in chunks of a file, and without shuffle_buffer its windows are taken in any order: a "
    "chunk is read for nearly every window. Set shuffle_buffer to how many windows may be in "
    "memory, such as shuffle_buffer=100_000 (1 GB of 10 s at 256 Hz)."
)


@dataclass(frozen=True)
class TrainingPlan:
    """How long, how fast and where to train; the parameters that all estimators share.

    Parameters
    ----------
    max_epochs : int
        Passes over the windows.
    batch_size : int
        Windows in a batch.
    learning_rate : float
        Of Adam.
    learning_rates : mapping of str to float, default={}
        Those that differ from `learning_rate`, by what the names of their weights begin with.
    schedule : callable, default=constant
        Gives the factor of all learning rates, from the batches done and the batches of an epoch.
    l2 : float, default=0.0
        Adds ``l2 * sum(w ** 2) / 2`` over all kernels to the loss.
    patience : int or None, default=None
        Epochs without improvement after which training stops. None never stops early.
    shuffle_buffer : int or None, default=None
        Windows in memory while they are shuffled. None draws every order of all windows alike.
    callbacks : tuple of callable, default=()
        Each is called without arguments and returns a callback of skorch.
    device : str, default="auto"
        "auto" takes a CUDA GPU where there is one; else a torch device's name.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        "auto" takes bfloat16 where the hardware multiplies it natively.
    verbose : int, default=0
        1 shows a progress bar.
    label : str, default="training"
        What the progress bar calls it.
    """

    max_epochs: int
    batch_size: int
    learning_rate: float
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    schedule: Schedule = constant
    l2: float = 0.0
    patience: int | None = None
    shuffle_buffer: int | None = None
    callbacks: tuple[Callable[[], Any], ...] = ()
    device: str = "auto"
    precision: str = "auto"
    verbose: int = 0
    label: str = "training"

    def __post_init__(self) -> None:
        # numpy's small integers and floats would overflow in what is calculated with them
        kinds = {"max_epochs": int, "batch_size": int, "learning_rate": float, "l2": float}
        for name, kind in kinds.items():
            object.__setattr__(self, name, kind(getattr(self, name)))
        if self.patience is not None:
            object.__setattr__(self, "patience", int(self.patience))


@dataclass(frozen=True)
class Trained:
    """What a training gave, whole or up to where it was stopped.

    Parameters
    ----------
    state : dict of str to ndarray
        The network's weights.
    history : list of dict
        One dict an epoch.
    stopped_by : BaseException or None, default=None
        What stopped it, if anything did.
    """

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
    """Train a module.

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
    checkpoint : Checkpoint or None, default=None
        Where to go on from and to save to.
    group : Group
        The processes that train this module together, with the same arguments.

    Returns
    -------
    Trained
        Weights and history. Where Ctrl-C or a loss that is no number came after the first epoch,
        those of the epochs before, and what stopped it.

    Raises
    ------
    ValueError
        If the loss becomes NaN or infinite in the first epoch.
    MemoryError
        If a batch does not fit into the device's memory; the message names a smaller one.
    LostProcessError
        If another process of the group ended in the first epoch.
    """
    device = resolve_device(plan.device)
    if plan.max_epochs == 0:
        return Trained(module_to_state(module), [])
    _check_share(plan.batch_size, group)
    keep_freed_memory()
    advice = memory_advice(device, _smaller_batch(plan.batch_size))
    with advice, fastest_kernels(device):
        source = source_for_epochs(store, targets, device)
        train_set = WindowDataset(source, split[0])
        valid_set = WindowDataset(source, split[1]) if len(split[1]) else None
        steps = -(-len(train_set) // plan.batch_size)
        callbacks = _callbacks(plan, steps, held_out=valid_set is not None, group=group)
        if plan.shuffle_buffer is not None:
            store.keep(plan.shuffle_buffer)
        elif store.any_order_is_slow() and not isinstance(source, ResidentSource):
            warnings.warn(ANY_ORDER, stacklevel=2)
        net = _net(module, criterion, prepare, store, plan, seeds, callbacks, group)
        keeper = EpochKeeper(plan.max_epochs, checkpoint)
        net.callbacks_.append(("keeper", keeper))  # after early stopping, whose state it saves
        return _run(net, train_set, valid_set, keeper)


def _net(
    module: nn.Module,
    criterion: Criterion,
    prepare: Prepare,
    store: WindowStore,
    plan: TrainingPlan,
    seeds: list[int],
    callbacks: list[tuple[str, Any]],
    group: Group,
) -> TrainingNet:
    device = resolve_device(plan.device)
    alone = group.size == 1
    streams = RandomStreams(seeds, device) if alone else GroupStreams(seeds, device, group.rank)
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
        streams=streams,
        order=_order(streams.order, store, plan.shuffle_buffer),
        group=group,
        callbacks=callbacks,
        verbose=0,
    )
    seed_dropout(module, streams.dropout)
    return net.initialize()


def _order(draws: np.random.Generator, store: WindowStore, buffer: int | None) -> EpochOrder:
    return Shuffled(draws) if buffer is None else ShuffledInBuffer(draws, store, buffer)


def _check_share(batch_size: int, group: Group) -> None:
    if batch_size < group.size:
        raise ValueError(
            f"batch_size={batch_size} is shared by {group.size} processes, and each needs a "
            f"window of it: use batch_size={group.size} or more."
        )


def _smaller_batch(batch_size: int) -> str:
    if batch_size == 1:
        return "Use device='cpu', shorter windows or fewer filters."
    return (
        f"batch_size={batch_size} is too large: try batch_size={batch_size // 2}, or device='cpu'."
    )


def _callbacks(
    plan: TrainingPlan, steps_per_epoch: int, held_out: bool, group: Group
) -> list[tuple[str, Any]]:
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
    if plan.verbose and group.rank == 0:
        callbacks.append(("progress", TrainingProgress(plan.label)))
    if group.rank == 0:
        # before early stopping, which ends the training in the middle of an epoch's callbacks
        callbacks += [(f"callback_{i}", _made(make)) for i, make in enumerate(plan.callbacks)]
    if plan.patience is not None:
        monitor = "valid_loss" if held_out else "train_loss"
        stopping = EarlyStopping(monitor, patience=plan.patience, load_best=True, sink=_silent)
        callbacks.append(("early_stopping", stopping))
    return callbacks


def _made(make: Callable[[], Any]) -> Callback:
    if not callable(make) or not isinstance(callback := make(), Callback):
        raise TypeError(
            f"callbacks must be functions that return callbacks of skorch, got {make!r:.80}. For "
            "one that exists already write lambda: callback."
        )
    return callback


def _run(
    net: TrainingNet,
    train_set: WindowDataset,
    valid_set: WindowDataset | None,
    keeper: EpochKeeper,
) -> Trained:
    net.notify("on_train_begin", X=None, y=None)
    try:
        keeper.resume(net)
        if not _stopped_early(net):
            net.fit_loop((train_set, valid_set), epochs=keeper.max_epochs - len(net.history))
    except (KeyboardInterrupt, NonFiniteLossError, LostProcessError) as error:
        # skorch's early stopping says so with KeyboardInterrupt, as does the user.
        if not _stopped_early(net):
            if keeper.state is None:
                raise
            keeper.explain(error)
            return Trained(keeper.state, keeper.history, error)
        keeper.last(net)
    finally:
        if len(net.history):  # without an epoch, early stopping has none to go back to
            net.notify("on_train_end", X=None, y=None)
    # processors of other makes round otherwise, and all processes are to have the same estimator
    return net.group.first(lambda: Trained(module_to_state(net.module_), plain_history(net)))


def _stopped_early(net: TrainingNet) -> bool:
    stopping = early_stopping(net)
    return stopping is not None and stopping.misses_ == stopping.patience


def _silent(*args: Any) -> None:
    pass
