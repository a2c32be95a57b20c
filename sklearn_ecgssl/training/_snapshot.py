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

    Raises
    ------
    ValueError
        If it is not a snapshot of this network. Other errors of Python and torch mean the same.
    """
    _check_content(content)
    net.module_.load_state_dict(_weights(net, _of(arrays, MODULE)))
    for i, parameter in enumerate(_parameters(net)):
        net.optimizer_.state[parameter].update(
            _moments(net, parameter, _of(arrays, f"{OPTIMIZER}{i}/"))
        )
    scheduler = _scheduler(net)
    done = {"last_epoch": content["batches"], "_step_count": content["batches"] + 1}
    scheduler.load_state_dict(scheduler.state_dict() | done)
    for group, rate in zip(net.optimizer_.param_groups, content["learning_rates"], strict=True):
        group["lr"] = rate
    net.history_ = History({**row, "batches": []} for row in content["history"])
    net.streams.restore(content["streams"], _of(arrays, STREAMS), len(content["history"]))
    stopping = early_stopping(net)
    if stopping is not None:
        vars(stopping).update(_checked_stopping(content["early_stopping"]))
        best = _of(arrays, BEST)
        stopping.best_model_weights_ = _weights(net, best) if best else None


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


def _weights(net: TrainingNet, arrays: Arrays) -> dict[str, Tensor]:
    """Make weights of arrays, if they are those of the network."""
    _check_arrays(arrays, state_to_numpy(net.module_.state_dict()))
    return {name: torch.tensor(array, device=net.device) for name, array in arrays.items()}


def _moments(net: TrainingNet, parameter: Tensor, arrays: Arrays) -> dict[str, Tensor]:
    """Make Adam's moments of a parameter in its layout, and a count of steps; or nothing."""
    if not arrays:  # a weight that has had no gradient
        return {}
    # The fused kernel believes their sizes and would write beyond their ends.
    like = np.empty(parameter.shape, np.float32)
    _check_arrays(arrays, {"step": np.empty((), np.float32), "exp_avg": like, "exp_avg_sq": like})
    moments = {
        name: torch.empty_like(parameter).copy_(torch.tensor(arrays[name])).detach()
        for name in ("exp_avg", "exp_avg_sq")
    }
    device = parameter.device if net.optimizer_.defaults["fused"] else "cpu"
    return {"step": torch.tensor(arrays["step"], device=device), **moments}


def _check_arrays(arrays: Arrays, expected: Arrays) -> None:
    for name in {*arrays, *expected}:
        found, like = arrays.get(name), expected.get(name)
        if found is None or like is None or (found.shape, found.dtype) != (like.shape, like.dtype):
            raise ValueError(f"its {name!r:.80} is another array")
        if not np.isfinite(found).all():
            raise ValueError(f"its {name!r:.80} is not finite")


def _check_content(content: dict[str, Any]) -> None:
    """Check numbers that training will calculate with."""
    rows, rates, batches = (content[n] for n in ("history", "learning_rates", "batches"))
    if [row["epoch"] for row in rows] != list(range(1, len(rows) + 1)):
        raise ValueError("its epochs are not numbered")
    figures = [value for row in rows for name, value in row.items() if name != "epoch"]
    if not all(type(value) is float for value in figures) or len({frozenset(r) for r in rows}) > 1:
        raise ValueError("its history holds other than figures of each epoch")
    if not all(isinstance(rate, (int, float)) and 0 <= rate < np.inf for rate in rates):
        raise ValueError(f"its learning rates are {rates!r:.80}")
    if type(batches) is not int or not 0 <= batches < 2**53:
        raise ValueError(f"it was taken after {batches!r:.80} batches")


def _checked_stopping(saved: dict[str, Any]) -> dict[str, Any]:
    kinds: dict[str, Any] = {
        "misses_": int,
        "dynamic_threshold_": (int, float),
        "best_epoch_": (int, type(None)),
    }
    if set(saved) != set(kinds) or not all(isinstance(saved[n], k) for n, k in kinds.items()):
        raise ValueError("it does not say when training would have stopped early")
    return saved
