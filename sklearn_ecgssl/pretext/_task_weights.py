"""How much each pretext task counts."""

from numbers import Real
from typing import Any

#: Weight of a task's loss; the authors' code gives the two easiest tasks less.
DEFAULT_WEIGHT = 0.195
EASY_TASK_WEIGHTS = {"negate": 0.0125, "flip": 0.0125}
#: A loss in float32 ends a little later.
MAX_WEIGHT = 1e30


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
        If they do not fit the tasks, or are negative, not finite or at least `MAX_WEIGHT`.
    """
    weights = {name: EASY_TASK_WEIGHTS.get(name, DEFAULT_WEIGHT) for name in names}
    if isinstance(given, dict):
        weights |= given
    elif given is not None:
        fits = getattr(given, "ndim", 1) == 1 and len(given) == len(names)
        weights = dict(zip(names, given, strict=True)) if fits else {}
    if list(weights) != names or not all(map(_is_weight, weights.values())):
        raise ValueError(
            f"task_weights must be finite numbers of at least 0 and below {MAX_WEIGHT:g}, one for "
            f"each of the tasks {names} or a dict of some of them, got {given!r}."
        )
    return [float(weight) for weight in weights.values()]


def _is_weight(value: Any) -> bool:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and 0 <= value < MAX_WEIGHT
