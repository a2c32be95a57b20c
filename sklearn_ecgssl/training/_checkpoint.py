"""A checkpoint: a training between two epochs in one file, to go on as if it had never stopped."""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from filelock import FileLock, Timeout
from safetensors import safe_open
from safetensors.numpy import save
from sklearn.base import BaseEstimator
from skorch.history import History
from torch import Tensor

from .._files import reading, write_whole
from ..signal.window_store import WindowStore
from ._group import ALONE, Group
from ._net import TrainingNet
from ._state import state_to_numpy

FILE = "checkpoint.safetensors"
LOCK = ".checkpoint.lock"

Arrays = dict[str, np.ndarray]


class Checkpoint:
    """The file of one training, which no other fit may write while this one runs."""

    def __init__(self, file: Path, saved: tuple[dict, Arrays] | None, writes: bool) -> None:
        self.file = file
        self.saved = saved  # what an earlier run left
        self.writes = writes
        self.facts: dict[str, Any] = {}

    def check_same(self, facts: Mapping[str, Any]) -> None:
        """Keep what the fit depends on; raise where the file is of a fit in which it differs."""
        self.facts |= facts
        if self.saved is None:
            return
        before = self.saved[0]["facts"]
        differing = [
            f"{name} was {before.get(name)}, is {value}"
            for name, value in facts.items()
            if before.get(name) != value
        ]
        if differing:
            raise ValueError(
                f"checkpoint={str(self.file.parent)!r} holds another fit: {'; '.join(differing)}. "
                "Name another folder for this fit, or repeat the earlier one to go on with it. "
                "(For the many fits of a cross-validation use memory= instead.)"
            )

    def seeds(self, drawn: list[int]) -> list[int]:
        """Return the seeds that the training began with: those drawn now, if it is new."""
        self._seeds = drawn if self.saved is None else self.saved[0]["seeds"]
        return self._seeds

    def restore(self, net: TrainingNet) -> None:
        """Put a net that has just been built where the earlier run was, if there was one."""
        if self.saved is None:
            return
        content, arrays = self.saved
        self.saved = None
        with reading(self.file, "a checkpoint of this network"):
            _restore(net, content, arrays)

    def save(self, net: TrainingNet) -> None:
        """Replace the file by the state of a net between two epochs, atomically."""
        if not self.writes:
            return
        content, arrays = _state_of(net)
        content |= {"facts": self.facts, "seeds": self._seeds}
        write_whole(self.file, save(arrays, {"training": json.dumps(content)}))


@contextmanager
def open_checkpoint(
    folder: str | os.PathLike[str] | None, group: Group = ALONE
) -> Iterator[Checkpoint | None]:
    """Lock a folder and read the training in it, if there is one; None keeps no checkpoint."""
    if folder is None:
        yield None
        return
    file = Path(folder).expanduser() / FILE
    lock = FileLock(file.with_name(LOCK), timeout=0)

    def locked_and_read() -> tuple[dict, Arrays] | None:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise RuntimeError(
                f"checkpoint={str(folder)!r} is in use by another fit. Name another folder, or, "
                "for the many fits of a cross-validation, use memory= instead."
            ) from None
        return _read(file) if file.exists() else None

    try:
        yield Checkpoint(file, group.first(locked_and_read), writes=group.rank == 0)
    finally:
        lock.release()


def fit_facts(
    estimator: BaseEstimator,
    free: Collection[str],
    store: WindowStore,
    subjects: np.ndarray | None,
    held_out: WindowStore | None = None,
) -> dict[str, Any]:
    """What must be the same for a fit to go on: parameters that are not free, and the windows."""
    facts: dict[str, Any] = {"estimator": type(estimator).__name__}
    for name, value in estimator.get_params().items():
        if name.rpartition("__")[2] not in free:
            facts[name] = _described(value)
    facts["X"] = store.fingerprint()
    facts["X_val"] = None if held_out is None else held_out.fingerprint()
    if subjects is not None and estimator.validation_fraction is not None:
        facts["groups"] = joblib.hash(np.unique(subjects, return_inverse=True)[1])
    return facts


def _described(value: Any) -> str:
    """Describe the value of a parameter, the same in every process."""
    if isinstance(value, (BaseEstimator, np.random.RandomState)):
        return type(value).__name__  # parameters of an estimator have names of their own
    return joblib.hash(value) if isinstance(value, np.ndarray) else repr(value)


def _read(file: Path) -> tuple[dict, Arrays]:
    with reading(file, "a checkpoint"), safe_open(file, framework="numpy") as stored:
        arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        return json.loads(stored.metadata()["training"]), arrays


def _state_of(net: TrainingNet) -> tuple[dict[str, Any], Arrays]:
    """Copy what a training consists of: values that JSON can hold, and arrays."""
    streams, arrays = net.streams.state()
    content = {
        "history": plain_history(net),
        "schedule": _scheduler(net).state_dict(),
        "streams": streams,
    }
    arrays = {f"generators/{name}": array for name, array in arrays.items()}
    arrays |= _named("module/", net.module_.state_dict())
    for i, moments in net.optimizer_.state_dict()["state"].items():
        arrays |= _named(f"optimizer/{i}/", moments)
    stopping = early_stopping(net)
    if stopping is not None:
        content["early_stopping"] = {
            "misses_": stopping.misses_,
            "dynamic_threshold_": float(stopping.dynamic_threshold_),
            "best_epoch_": stopping.best_epoch_,
        }
        arrays |= _named("best/", stopping.best_model_weights_ or {})
    return content, arrays


def _restore(net: TrainingNet, content: dict[str, Any], arrays: Arrays) -> None:
    net.module_.load_state_dict(_tensors(arrays, "module/"))
    state = net.optimizer_.state_dict()
    parameters = [p for group in net.optimizer_.param_groups for p in group["params"]]
    for i, parameter in enumerate(parameters):
        moments = _tensors(arrays, f"optimizer/{i}/")
        for name in moments.keys() - {"step"}:  # in the memory layout of their weight
            moments[name] = torch.empty_like(parameter).copy_(moments[name]).detach()
        if moments:
            state["state"][i] = moments
    net.optimizer_.load_state_dict(state)
    _scheduler(net).load_state_dict(content["schedule"])
    for group, rate in zip(net.optimizer_.param_groups, _scheduler(net).get_last_lr(), strict=True):
        group["lr"] = rate
    net.history_ = History({**row, "batches": []} for row in content["history"])
    streams = {
        n.removeprefix("generators/"): a for n, a in arrays.items() if n.startswith("generators/")
    }
    net.streams.restore(content["streams"], streams, len(content["history"]))
    stopping = early_stopping(net)
    if stopping is not None:
        vars(stopping).update(content["early_stopping"])
        stopping.best_model_weights_ = _tensors(arrays, "best/") or None


def plain_history(net: TrainingNet) -> list[dict[str, float]]:
    """List what was measured in each epoch."""
    return [
        {name: row[name] for name in row if name != "batches" and not name.endswith("_best")}
        for row in net.history
    ]


def early_stopping(net: TrainingNet) -> Any:
    """Find the callback that stops early, if there is one."""
    return dict(net.callbacks_).get("early_stopping")


def _scheduler(net: TrainingNet) -> Any:
    return dict(net.callbacks_)["lr_schedule"].lr_scheduler_


def _named(start: str, state: Mapping[str, Tensor]) -> Arrays:
    return {start + name: array for name, array in state_to_numpy(state).items()}


def _tensors(arrays: Arrays, start: str) -> dict[str, Tensor]:
    chosen = [name for name in arrays if name.startswith(start)]
    return {name.removeprefix(start): torch.tensor(arrays[name]) for name in chosen}
