"""`memory`: finished trainings by what they depend on."""

from collections.abc import Callable
from os import PathLike
from os.path import expanduser
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_memory

from ..signal.window_store import WindowStore
from ..training import Group, Trained

#: Parameters that change nothing in what is learnt, and the values that a cache key has for them.
INDIFFERENT = {
    "callbacks": None,
    "checkpoint": None,
    "memory": None,
    "verbose": 0,
}


def cache_key(
    pretrainer: BaseEstimator,
    store: WindowStore,
    subjects: np.ndarray | None,
    held_out: WindowStore | None,
) -> list[Any]:
    """List what a fit depends on. Subjects only say what to hold out."""
    known = pretrainer.get_params(deep=False)  # a subclass may have fewer parameters
    return [
        clone(pretrainer).set_params(**{n: v for n, v in INDIFFERENT.items() if n in known}),
        store.content_hash(),
        None if pretrainer.validation_fraction is None else subjects,
        None if held_out is None else held_out.content_hash(),
    ]


class _StoppedTrainingError(Exception):
    """Takes what a training gave until it was stopped past joblib, which must not keep it."""

    def __init__(self, trained: Trained) -> None:
        super().__init__()
        self.trained = trained


def train_or_read(
    memory: Any, key: list[Any], train: Callable[[], Trained], group: Group
) -> Trained:
    """Read what a training with an equal key gave, or train and keep it."""
    place = expanduser(memory) if isinstance(memory, (str, PathLike)) else memory
    cached = check_memory(place).cache(_train_network, ignore=["train"])
    try:
        if group.size == 1:
            state, history = cached(key, train)
        elif group.first(lambda: cached.check_call_in_cache(key, train)):
            state, history = group.first(lambda: cached(key, train))
        else:  # all processes train together, and the first one keeps it
            state, history = (cached if group.rank == 0 else _train_network)(key, train)
    except _StoppedTrainingError as stopped:
        return stopped.trained
    return Trained(state, history)


def _train_network(key: list[Any], train: Callable[[], Trained]) -> tuple[dict, list]:
    trained = train()
    if trained.stopped_by is not None:
        raise _StoppedTrainingError(trained)
    return trained.state, trained.history
