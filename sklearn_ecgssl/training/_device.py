"""Where and in which precision a network runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

PRECISIONS = ("auto", "float32", "bfloat16")


def resolve_device(device: str) -> torch.device:
    """Turn the `device` parameter into a device that is there.

    Parameters
    ----------
    device : str
        "auto" (a CUDA GPU where there is one, else the CPU) or the name of a torch device.

    Returns
    -------
    torch.device
        The device.

    Raises
    ------
    ValueError
        If torch does not know the device, or does not have it here.
    """
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
    """Turn the `precision` parameter into the dtype of the convolutions.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        "auto" is bfloat16 where the hardware multiplies it natively, float32 elsewhere.
    device : torch.device
        Where the network runs.

    Returns
    -------
    torch.dtype
        `torch.float32` or `torch.bfloat16`.
    """
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


@contextmanager
def fastest_kernels(device: torch.device) -> Iterator[None]:
    """Let cuDNN try its kernels on the first batch of each shape and keep the fastest.

    Parameters
    ----------
    device : torch.device
        Where what follows runs; nothing changes unless it is a GPU.

    Yields
    ------
    None
    """
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
def exact_float32(device: torch.device, precision: torch.dtype) -> Iterator[None]:
    """Let cuDNN convolve float32 in float32, not with ten bits of each factor (TF32).

    Parameters
    ----------
    device : torch.device
        Where what follows runs; nothing changes unless it is a GPU.
    precision : torch.dtype
        In which it runs; nothing changes unless it is float32.

    Yields
    ------
    None
    """
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
def memory_advice(device: torch.device, advice: str) -> Iterator[None]:
    """Say what to do where the device runs out of memory.

    Parameters
    ----------
    device : torch.device
        Where what follows runs.
    advice : str
        What to do.

    Yields
    ------
    None

    Raises
    ------
    MemoryError
        In place of torch's error.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise MemoryError(f"{device} has too little memory left. {advice}") from error
