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
from ._net import BestEpoch, TrainingNet, module_to_state, plain_history, state_to_numpy

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
        self.saved = None  # the arrays are copied, and need no more memory
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
    facts["X"] = _windows_as_text(store)
    facts["X_val"] = None if held_out is None else _windows_as_text(held_out)
    facts["groups"] = None
    if subjects is not None and estimator.validation_fraction is not None:
        facts["groups"] = joblib.hash(np.unique(subjects, return_inverse=True)[1])
    return facts


def _windows_as_text(store: WindowStore) -> str:
    return f"{len(store)} windows of {store.n_times} samples, {store.content_hash()}"


def _described(value: Any) -> str:
    """Describe the value of a parameter, the same in every process."""
    return repr(_plain(value))


def _plain(value: Any) -> Any:
    """Reduce a value to Python's own types: what is large or has a state becomes a hash."""
    if isinstance(value, BaseEstimator):
        return type(value).__name__  # its parameters have names of their own
    if isinstance(value, np.random.RandomState):
        return joblib.hash(value.get_state())
    if isinstance(value, np.ndarray):
        return joblib.hash(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _read(file: Path) -> tuple[dict, Arrays]:
    with reading(file, "a checkpoint"), safe_open(file, framework="numpy") as stored:
        arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        return json.loads(stored.metadata()["training"]), arrays


def _state_of(net: TrainingNet) -> tuple[dict[str, Any], Arrays]:
    """Copy what a training consists of: values that JSON can hold, and arrays."""
    content = {
        "history": plain_history(net),
        "schedule": net.schedule_.state_dict(),
        "order": net.generators.order.bit_generator.state,
        "best": {"threshold": net.best_.threshold, "n_since": net.best_.n_since},
    }
    arrays = {
        **_prefixed("module/", module_to_state(net.module_)),
        **_prefixed("best/", net.best_.weights or {}),
        "dropout": net.generators.dropout.get_state().numpy(),
        "inputs": net.generators.inputs.get_state().numpy(),
    }
    for i, moments in net.optimizer_.state_dict()["state"].items():
        arrays |= _prefixed(f"optimizer/{i}/", state_to_numpy(moments))
    return content, arrays


def _restore(net: TrainingNet, content: dict[str, Any], arrays: Arrays) -> None:
    """Undo `_state_of`, in a net that was built with the same parameters."""
    net.module_.load_state_dict(_tensors(_without("module/", arrays)))
    net.history_ = History({**row, "batches": []} for row in content["history"])
    _restore_optimizer(net, arrays)
    net.schedule_.load_state_dict(content["schedule"])
    for group, rate in zip(net.optimizer_.param_groups, net.schedule_.get_last_lr(), strict=True):
        group["lr"] = rate
    net.generators.order.bit_generator.state = content["order"]
    for name, seed in (("dropout", net.generators.seeds[0]), ("inputs", net.generators.seeds[2])):
        generator, state = getattr(net.generators, name), torch.tensor(arrays[name])
        if state.shape == generator.get_state().shape:
            generator.set_state(state)
        else:  # of another kind of device
            generator.manual_seed(seed + len(net.history))
    net.best_ = BestEpoch(**content["best"], weights=_without("best/", arrays) or None)


def _restore_optimizer(net: TrainingNet, arrays: Arrays) -> None:
    state = net.optimizer_.state_dict()
    parameters = [p for group in net.optimizer_.param_groups for p in group["params"]]
    for i, parameter in enumerate(parameters):
        moments = _tensors(_without(f"optimizer/{i}/", arrays))
        if moments:  # a weight that has had no gradient has none
            for name in ("exp_avg", "exp_avg_sq"):  # in the memory layout of their weight
                moments[name] = torch.empty_like(parameter).copy_(moments[name]).detach()
            state["state"][i] = moments
    net.optimizer_.load_state_dict(state)


def _prefixed(start: str, arrays: Arrays) -> Arrays:
    return {start + name: array for name, array in arrays.items()}


def _without(start: str, arrays: Arrays) -> Arrays:
    """Take the arrays whose names begin with a prefix, by their names without it."""
    return {n.removeprefix(start): array for n, array in arrays.items() if n.startswith(start)}


def _tensors(arrays: Arrays) -> dict[str, Tensor]:
    return {name: torch.tensor(array) for name, array in arrays.items()}
