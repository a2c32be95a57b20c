"""How much each pretext task counts."""

from typing import Any

import numpy as np

#: Weight of a task's loss; the authors' code gives the two easiest tasks less.
DEFAULT_WEIGHT = 0.195
EASY_TASK_WEIGHTS = {"negate": 0.0125, "flip": 0.0125}


def task_weights(names: list[str], given: Any) -> list[float]:
    """Give every task its weight in the loss.

    Parameters
    ----------
    names : list of str
        The tasks.
    given : dict, array-like or None
        What the user asked for: one weight a task, or a dict of some of them.

    Returns
    -------
    list of float
        One weight a task.

    Raises
    ------
    ValueError
        If they do not fit the tasks, or are negative or not finite.
    """
    weights = {name: EASY_TASK_WEIGHTS.get(name, DEFAULT_WEIGHT) for name in names}
    if isinstance(given, dict):
        weights |= given
    elif given is not None:
        weights = dict(zip(names, given, strict=True)) if len(given) == len(names) else {}
    if list(weights) != names or not all(0 <= w < np.inf for w in weights.values()):
        raise ValueError(
            f"task_weights must be finite numbers of at least 0, one for each of the tasks "
            f"{names} or a dict of some of them, got {given!r}."
        )
    return [float(weight) for weight in weights.values()]
