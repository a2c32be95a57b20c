"""The machine that a network runs on: device, precision, memory and random generators."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state

from ._group import Group

PRECISIONS = ("auto", "float32", "bfloat16")

MAX_SEED = 2**31 - 1

#: Just below the 32 MiB above which glibc always hands a freed block back.
LARGEST_KEPT_BLOCK = 32 * 2**20 - 2**16


def resolve_device(device: str) -> torch.device:
    """Turn the `device` parameter into a device that is there; "auto" prefers a CUDA GPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({str(error).splitlines()[0]}). "
            "Use 'auto' or 'cpu'."
        ) from error
    return resolved


def resolve_precision(precision: str, device: torch.device) -> torch.dtype:
    """Turn the `precision` parameter into a dtype; "auto" takes bfloat16 where it is fast."""
    if precision == "auto":
        return torch.bfloat16 if _multiplies_bfloat16(device) else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        # torch.cpu.get_capabilities is younger than the oldest torch we run on.
        capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
        return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
    return False


def autocast(device: torch.device, precision: torch.dtype) -> torch.autocast:
    """Run what follows in bfloat16 where that is the precision and safe."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == torch.bfloat16)


@contextmanager
def exact_float32(device: torch.device, precision: torch.dtype) -> Iterator[None]:
    """Let cuDNN convolve float32 in float32, not with ten bits of each factor (TF32)."""
    if device.type != "cuda" or precision != torch.float32:
        yield
        return
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


@contextmanager
def fastest_kernels(device: torch.device) -> Iterator[None]:
    """Let cuDNN try its kernels on the first batch of each shape and keep the fastest."""
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = True
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


@contextmanager
def memory_advice(device: torch.device, advice: str) -> Iterator[None]:
    """Say what to do where the device runs out of memory."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryError(f"{device} has too little memory left. {advice}") from error


def keep_freed_memory() -> None:
    """Let the C library keep freed memory, so that the next part of a batch can use it."""
    # glibc hands freed memory back beyond a threshold, and pages that come again are zeroed and
    # mapped: a tenth of a training step in bfloat16, a fifth in float32. The threshold is twice the
    # largest block ever freed, if that is not above 32 MB: one such block is allocated and freed.
    torch.empty(LARGEST_KEPT_BLOCK, dtype=torch.uint8)


def draw_seeds(random_state: Any, n_seeds: int) -> list[int]:
    """Draw the integer seeds of a fit from the `random_state` parameter."""
    rng = check_random_state(random_state)
    return [int(seed) for seed in rng.randint(MAX_SEED, size=n_seeds)]


class Generators:
    """The random generators of a training, each with a seed of its own.

    In a group of processes, those of dropout and inputs begin again every epoch, from seed, rank
    and epoch: each process draws for itself, and a checkpoint need not hold the states of all.
    """

    def __init__(self, seeds: list[int], device: torch.device, group: Group) -> None:
        self.seeds = seeds
        self.device = device
        self.group = group
        self.dropout = self._generator(seeds[0])
        self.order = np.random.default_rng(seeds[1])
        self.inputs = self._generator(seeds[2])

    def begin_epoch(self, epoch: int) -> None:
        """Begin again where several processes train; else every generator simply goes on."""
        if self.group.size > 1:
            self.dropout.manual_seed(self._of_process(self.seeds[0], epoch))
            self.inputs.manual_seed(self._of_process(self.seeds[2], epoch))

    def held_out(self) -> torch.Generator:
        """Make the generator of held-out windows, the same every epoch: losses are comparable."""
        alone = self.group.size == 1
        return self._generator(self.seeds[3] if alone else self._of_process(self.seeds[3]))

    def _of_process(self, seed: int, *epoch: int) -> int:
        mixed = np.random.SeedSequence([seed, self.group.rank, *epoch])
        return int(mixed.generate_state(1)[0])

    def _generator(self, seed: int) -> torch.Generator:
        return torch.Generator(device=self.device).manual_seed(seed)
