"""Several processes that train one network, as `torchrun` and `accelerate launch` start them.

A process that was started alone is a group of one.
"""

import atexit
import gc
import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ..signal.window_store import WindowStore

Result = TypeVar("Result")

#: What a launcher sets for each of its processes.
LAUNCHED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


class LostProcessError(RuntimeError):
    """Another process of the group ended, or cannot be reached."""


@dataclass(frozen=True)
class Group:
    """The processes that train one network: the rank of this one, and how many there are."""

    rank: int = 0
    size: int = 1

    def first(self, function: Callable[[], Result]) -> Result:
        """Let the first process call a function, and give all its result or exception."""
        if self.size == 1:
            return function()
        outcome: list[Any] = [None, None]
        if self.rank == 0:
            try:
                outcome[0] = function()
            except Exception as error:
                outcome[1] = error
        with lost_processes():
            dist.broadcast_object_list(outcome, src=0)
        if outcome[1] is not None:
            raise outcome[1]
        return outcome[0]

    def gather(self, value: Result) -> list[Result]:
        """Give every process the values of all, by rank."""
        values: list[Any] = [value] * self.size
        if self.size > 1:
            with lost_processes():
                dist.all_gather_object(values, value)
        return values

    def add(self, tensor: Tensor) -> None:
        """Add up a tensor over the processes, in place."""
        if self.size > 1:
            with lost_processes():
                dist.all_reduce(tensor)

    def parallel(self, module: nn.Module) -> nn.Module:
        """Wrap a module so that its gradients become their mean over the processes."""
        if self.size == 1:
            return module
        on_gpu = next(module.parameters()).device.type == "cuda"
        gpus = [torch.cuda.current_device()] if on_gpu else None
        with lost_processes():
            return DistributedDataParallel(module, device_ids=gpus)

    @contextmanager
    def accumulating(self, network: Any, last: bool) -> Iterator[None]:
        """Run a part of a batch forward and backward; processes add gradients after the last."""
        if self.size == 1:
            yield
            return
        with warnings.catch_warnings(), lost_processes():
            # about a copy of a few kilobytes: weight gradients come in channels_last
            warnings.filterwarnings("ignore", "Grad strides do not match")
            with nullcontext() if last else network.no_sync():
                yield


ALONE = Group()


def process_group(device: str) -> Group:
    """Find the processes that train together with this one, and take a GPU for it if there are."""
    if not dist.is_available():
        return ALONE
    # Workers of joblib inherit the launcher's variables, and train alone.
    main = multiprocessing.current_process().name == "MainProcess"
    if not dist.is_initialized() and main and all(name in os.environ for name in LAUNCHED):
        _initialise(device)
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return ALONE
    return Group(dist.get_rank(), dist.get_world_size())


def _initialise(device: str) -> None:
    if device in ("auto", "cuda") and torch.cuda.is_available():
        local_rank, n_gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if local_rank >= n_gpus:
            raise RuntimeError(
                f"This is process {local_rank}, counted from 0, of a machine that has {n_gpus} "
                "GPUs, and each needs one: start fewer, or use device='cpu'."
            )
        torch.cuda.set_device(local_rank)
    dist.init_process_group()
    atexit.register(_destroy)


def _destroy() -> None:
    gc.collect()  # networks in cycles hold threads of torch, which abort a process that ends
    if dist.is_initialized():
        dist.destroy_process_group()


@contextmanager
def lost_processes() -> Iterator[None]:
    """Turn torch's errors about connections into `LostProcessError`."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "gloo" not in str(error):
            raise
        raise LostProcessError(
            "A process of the group ended or cannot be reached: look at its own error. torch says: "
            f"{str(error).splitlines()[0]:.200}"
        ) from error


def check_same_windows(store: WindowStore, group: Group) -> None:
    """Raise ValueError in all processes unless they were given the same windows."""
    if group.size == 1:
        return
    first, *others = group.gather(store.fingerprint())
    for rank, fingerprint in enumerate(others, 1):
        if fingerprint != first:
            raise ValueError(
                f"Process {rank} was given other windows than process 0. Give all of them the same "
                "X: its batches are shared out among them."
            )
