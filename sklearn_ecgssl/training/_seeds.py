"""Randomness that stays inside a fit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from sklearn.utils import check_random_state

MAX_SEED = 2**31 - 1


def draw_seeds(random_state: Any, n_seeds: int) -> list[int]:
    """Draw the integer seeds of a fit's random streams.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        The estimator's parameter.
    n_seeds : int
        How many streams there are.

    Returns
    -------
    list of int
        Seeds.
    """
    rng = check_random_state(random_state)
    return [int(seed) for seed in rng.randint(MAX_SEED, size=n_seeds)]


@contextmanager
def forked_rng(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators inside the block, and put them back after it.

    Parameters
    ----------
    seed : int
        Seed inside the block.
    device : torch.device
        Whose generator is forked beside the CPU's.
    """
    on_cpu = device.type == "cpu"
    with torch.random.fork_rng(
        devices=[] if on_cpu else [device], device_type="cuda" if on_cpu else device.type
    ):
        torch.manual_seed(seed)
        yield
