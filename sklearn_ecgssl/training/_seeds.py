"""Randomness that stays inside a fit."""

from typing import Any

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
