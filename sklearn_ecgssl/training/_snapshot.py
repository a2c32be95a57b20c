"""All that a training needs to go on as if it had never stopped."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from skorch.history import History
from torch import Tensor

from ._net import TrainingNet
from ._state import state_to_numpy

Arrays = dict[str, np.ndarray]

MODULE = "module/"
BEST = "best/"
OPTIMIZER = "optimizer/"
STREAMS = "streams/"


def take_snapshot(net: TrainingNet) -> tuple[dict[str, Any], Arrays]:
    """Copy the state of a training between two epochs.

    Parameters
    ----------
    net : TrainingNet
        What trains.

    Returns
    -------
    content : dict
        History, learning rates, early stopping, the order of the windows: what JSON can hold.
    arrays : dict of str to ndarray
        Weights, the best ones too, the optimiser's moments, random streams.
    """
    streams, stream_arrays = net.streams.state()
    content = {
        "history": plain_history(net),
        "learning_rates": [group["lr"] for group in net.optimizer_.param_groups],
        "batches": _scheduler(net).last_epoch,
        "streams": streams,
    }
    arrays = _named(MODULE, net.module_.state_dict())
    arrays |= {STREAMS + name: array for name, array in stream_arrays.items()}
    for i, parameter in enumerate(_parameters(net)):
        arrays |= _named(f"{OPTIMIZER}{i}/", net.optimizer_.state[parameter])
    stopping = early_stopping(net)
    if stopping is not None:
        content["early_stopping"] = {
            "misses_": stopping.misses_,
            "dynamic_threshold_": float(stopping.dynamic_threshold_),
            "best_epoch_": stopping.best_epoch_,
        }
        arrays |= _named(BEST, stopping.best_model_weights_ or {})
    return content, arrays


def restore_snapshot(net: TrainingNet, content: dict[str, Any], arrays: Arrays) -> None:
    """Put a training, begun anew with the same parameters, into the state of a snapshot.

    Parameters
    ----------
    net : TrainingNet
        What will train on; its callbacks have begun.
    content, arrays : dict
        What `take_snapshot` returned.
    """
    net.module_.load_state_dict(_tensors(_of(arrays, MODULE), net.device))
    for i, parameter in enumerate(_parameters(net)):
        for slot, array in _of(arrays, f"{OPTIMIZER}{i}/").items():
            net.optimizer_.state[parameter][slot] = _slot(net, parameter, array)
    scheduler = _scheduler(net)
    done = {"last_epoch": content["batches"], "_step_count": content["batches"] + 1}
    scheduler.load_state_dict(scheduler.state_dict() | done)
    for group, rate in zip(net.optimizer_.param_groups, content["learning_rates"], strict=True):
        group["lr"] = rate
    net.history_ = History({**row, "batches": []} for row in content["history"])
    net.streams.restore(content["streams"], _of(arrays, STREAMS), len(content["history"]))
    stopping = early_stopping(net)
    if stopping is not None:
        vars(stopping).update(content["early_stopping"])
        stopping.best_model_weights_ = _tensors(_of(arrays, BEST), net.device) or None


def plain_history(net: TrainingNet) -> list[dict[str, float]]:
    """List what was measured in each epoch.

    Parameters
    ----------
    net : TrainingNet
        What trains.

    Returns
    -------
    list of dict
        One dict an epoch.
    """
    return [
        {name: row[name] for name in row if name != "batches" and not name.endswith("_best")}
        for row in net.history
    ]


def early_stopping(net: TrainingNet) -> Any:
    """Find the callback that stops early.

    Parameters
    ----------
    net : TrainingNet
        What trains.

    Returns
    -------
    EarlyStopping or None
        None where nothing does.
    """
    return dict(net.callbacks_).get("early_stopping")


def _scheduler(net: TrainingNet) -> Any:
    return dict(net.callbacks_)["lr_schedule"].lr_scheduler_


def _parameters(net: TrainingNet) -> list[Tensor]:
    return [p for group in net.optimizer_.param_groups for p in group["params"]]


def _of(arrays: Arrays, start: str) -> Arrays:
    return {n.removeprefix(start): array for n, array in arrays.items() if n.startswith(start)}


def _named(start: str, state: Mapping[str, Tensor]) -> Arrays:
    return {start + name: array for name, array in state_to_numpy(state).items()}


def _tensors(arrays: Arrays, device: str) -> dict[str, Tensor]:
    return {name: torch.tensor(array, device=device) for name, array in arrays.items()}


def _slot(net: TrainingNet, parameter: Tensor, array: np.ndarray) -> Tensor:
    """Make a moment with the layout of its parameter, or a count of steps."""
    if array.ndim:
        return torch.empty_like(parameter).copy_(torch.tensor(array)).detach()
    fused = net.optimizer_.defaults["fused"]
    return torch.tensor(array, device=parameter.device if fused else "cpu")
