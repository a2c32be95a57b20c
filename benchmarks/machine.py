"""What a machine is, and how fast it multiplies matrices."""

import os
import platform
from functools import cache
from pathlib import Path

import numpy as np
import scipy
import sklearn
import torch
from torch.nn.functional import conv2d

import sklearn_ecgssl
from sklearn_ecgssl.training import resolve_precision

from .timing import time_in_turn


def describe(device: str) -> str:
    """One line on processor or GPU, threads and versions."""
    parts = [_processor(), f"{os.cpu_count()} CPUs", f"{torch.get_num_threads()} threads"]
    if device == "cuda":
        parts.insert(0, torch.cuda.get_device_name())
    parts += [f"Python {platform.python_version()}"]
    parts += [
        f"{module.__name__} {module.__version__}"
        for module in (sklearn_ecgssl, torch, np, scipy, sklearn)
    ]
    return ", ".join(parts)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    text = info.read_text()
    name = next(line.split(":")[1].strip() for line in text.splitlines() if "model name" in line)
    able = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f" {flag}" in text]
    return f"{name} ({' '.join(able)})"


def precisions(device: str) -> list[str]:
    """Those that pay: bfloat16 is slower than float32 where nothing multiplies it natively."""
    is_fast = resolve_precision("auto", torch.device(device)) == torch.bfloat16
    return ["float32", "bfloat16"] if is_fast else ["float32"]


@cache
def multiplication_rate(dtype: torch.dtype, device: str) -> float:
    """Multiply-adds twice, a second: the best of plain matrix products and 1x1 convolutions.

    Both are the same sums; libraries differ in how near they come to what the machine can do, and
    the bound should be the machine's.
    """
    on_cpu = device == "cpu"
    products = (1024, 2048) if on_cpu else (4096, 8192)
    pointwise = ((16, 512, 32), (4, 256, 32)) if on_cpu else ((64, 1024, 64), (64, 512, 64))
    return max(
        *(_product_rate(size, dtype, device) for size in products),
        *(_pointwise_rate(*shape, dtype, device) for shape in pointwise),
    )


def _product_rate(size: int, dtype: torch.dtype, device: str) -> float:
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    return _best_rate(lambda: a @ b, 2 * size**3, device)


def _pointwise_rate(n: int, channels: int, side: int, dtype: torch.dtype, device: str) -> float:
    layout = torch.channels_last
    signal = torch.randn(n, channels, side, side, device=device).to(dtype, memory_format=layout)
    kernel = torch.randn(channels, channels, 1, 1, device=device).to(dtype, memory_format=layout)
    return _best_rate(lambda: conv2d(signal, kernel), 2 * n * side**2 * channels**2, device)


def _best_rate(multiply, n_operations: float, device: str) -> float:
    repeats = 10 if device == "cpu" else 50

    def work() -> float:
        for _ in range(repeats):
            multiply()
        if device == "cuda":
            torch.cuda.synchronize()
        return repeats * n_operations

    work()
    return max(time_in_turn({"": work}, rounds=5)[""].rates)
