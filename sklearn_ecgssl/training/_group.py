"""Several processes that train one network together, on one machine or on many.

`torchrun` and `accelerate launch` start them and tell each of its place in environment variables;
torch carries tensors between them. A process that was started alone is a group of one, which
imports and sends nothing.
"""

import atexit
import gc
import multiprocessing
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ..signal.window_store import WindowStore

Result = TypeVar("Result")

#: What a launcher sets for each of its processes.
PLACE = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


class LostProcessError(RuntimeError):
    """Another process of the group ended, or cannot be reached."""


class Group(ABC):
    """The processes that train together.

    Attributes
    ----------
    rank : int
        Which of them this one is, from 0.
    size : int
        How many there are.
    """

    rank: int
    size: int

    @abstractmethod
    def first(self, function: Callable[[], Result]) -> Result:
        """Let the first process call a function, and give all its result, or its exception.

        Parameters
        ----------
        function : callable
            Takes no arguments; its result, or exception, can be pickled.

        Returns
        -------
        object
            What the function returned, in every process.
        """

    @abstractmethod
    def add(self, tensor: Tensor) -> None:
        """Add up a tensor over the processes, in place.

        Parameters
        ----------
        tensor : Tensor
            Of the same shape in every process.
        """

    @abstractmethod
    def gather(self, value: Result) -> list[Result]:
        """Give all processes the values of all.

        Parameters
        ----------
        value : object
            That of this process.

        Returns
        -------
        list of object
            Those of all processes, by rank.
        """

    @abstractmethod
    def replica(self, module: nn.Module) -> "Replica":
        """Make a module's gradients the mean of those of all processes.

        Parameters
        ----------
        module : nn.Module
            The network.

        Returns
        -------
        Replica
            The network as training calls it.
        """


class Replica:
    """A module that learns by itself.

    Parameters
    ----------
    module : nn.Module
        The network.
    """

    #: What a process's share of a mean is multiplied by, so that its gradients come out right.
    scale = 1

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __call__(self, inputs: Tensor) -> Tensor:
        """Run the module on inputs that it learns from."""
        return self.module(inputs)

    def part(self, last: bool) -> AbstractContextManager:
        """Run a part of a batch, forward and backward.

        Parameters
        ----------
        last : bool
            Whether gradients are whole, and processes exchange them, behind it.
        """
        return nullcontext()


class Alone(Group):
    """A process without others."""

    rank = 0
    size = 1

    def first(self, function: Callable[[], Result]) -> Result:
        return function()

    def add(self, tensor: Tensor) -> None:
        pass

    def gather(self, value: Result) -> list[Result]:
        return [value]

    def replica(self, module: nn.Module) -> Replica:
        return Replica(module)


ALONE: Group = Alone()


class DataParallelReplica(Replica):
    """A module of which each process has a copy, kept alike by torch's DistributedDataParallel."""

    def __init__(self, module: nn.Module, size: int) -> None:
        on_gpu = next(module.parameters()).device.type == "cuda"
        parallel = DistributedDataParallel(
            module, device_ids=[torch.cuda.current_device()] if on_gpu else None
        )
        super().__init__(parallel)
        self.parallel = parallel
        self.scale = size  # DistributedDataParallel takes means

    @contextmanager
    def part(self, last: bool) -> Iterator[None]:
        with warnings.catch_warnings(), lost_processes():
            # about a copy of a few kilobytes: weight gradients come in channels_last
            warnings.filterwarnings("ignore", "Grad strides do not match")
            with nullcontext() if last else self.parallel.no_sync():
                yield


class Together(Group):
    """One process of several, in torch's process group."""

    def __init__(self) -> None:
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()

    def first(self, function: Callable[[], Result]) -> Result:
        outcome: list[Any] = [None]
        if self.rank == 0:
            outcome = [_outcome(function)]
        with lost_processes():
            dist.broadcast_object_list(outcome, src=0)
        result, error = outcome[0]
        if error is not None:
            raise error
        return result

    def add(self, tensor: Tensor) -> None:
        with lost_processes():
            dist.all_reduce(tensor)

    def gather(self, value: Result) -> list[Result]:
        values: list[Any] = [None] * self.size
        with lost_processes():
            dist.all_gather_object(values, value)
        return values

    def replica(self, module: nn.Module) -> Replica:
        with lost_processes():
            return DataParallelReplica(module, self.size)


def process_group(device: str) -> Group:
    """Find the processes that train together with this one.

    Parameters
    ----------
    device : str
        The estimator's parameter. Where it may be a GPU, each process of a machine takes its own.

    Returns
    -------
    Group
        That of torch, where there is one or a launcher asks for it, which is then made and stays
        until the process ends.
    """
    if dist.is_available() and not dist.is_initialized() and _launched():
        _begin(device)
    if not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
        return ALONE
    return Together()


def _launched() -> bool:
    # Workers of joblib inherit the launcher's variables: they are not the process that it means.
    of_joblib = multiprocessing.current_process().name != "MainProcess"
    return not of_joblib and all(name in os.environ for name in PLACE)


def _begin(device: str) -> None:
    if device in ("auto", "cuda") and torch.cuda.is_available():
        local_rank, n_gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if local_rank >= n_gpus:
            raise RuntimeError(
                f"This is process {local_rank}, counted from 0, of a machine that has {n_gpus} "
                "GPUs, and each needs one: start fewer, or use device='cpu'."
            )
        torch.cuda.set_device(local_rank)
    dist.init_process_group()
    atexit.register(_end)


def _end() -> None:
    gc.collect()  # networks in cycles hold threads of torch, which abort a process that ends
    if dist.is_initialized():
        dist.destroy_process_group()


@contextmanager
def lost_processes() -> Iterator[None]:
    """Turn torch's errors about connections into one about the process at the other end."""
    try:
        yield
    except LostProcessError:
        raise
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "gloo" not in str(error):
            raise
        raise LostProcessError(
            "A process of the group ended or cannot be reached: look at its own error. torch says: "
            f"{str(error).splitlines()[0]:.200}"
        ) from error


def _outcome(function: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return function(), None
    except Exception as error:
        return None, error


def check_same_windows(store: WindowStore, group: Group) -> None:
    """Raise ValueError in all processes of a group unless they were given the same windows.

    Parameters
    ----------
    store : WindowStore
        Those of this process.
    group : Group
        The processes.
    """
    if group.size == 1:
        return
    of_all = group.gather(store.fingerprint())
    others = [rank for rank, one in enumerate(of_all) if one != of_all[0]]
    if others:
        raise ValueError(
            f"Process {others[0]} was given other windows than process 0. Give all of them the "
            "same X: its batches are shared out among them."
        )
