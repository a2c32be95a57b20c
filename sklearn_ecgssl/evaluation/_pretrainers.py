"""Pretrainers inside the estimators that are compared: written out, and fit to learn beforehand."""

from os import PathLike
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from ..classify import ECGClassifier
from ..features import SSLEmbedder
from ..pretext import nested_pretrainers, resolve_pretrainer
from ._tasks import Task

#: Steps of a Pipeline that leave windows as they are.
NOTHING = (None, "passthrough")


def with_pretrainers(estimator: BaseEstimator) -> BaseEstimator:
    """Write out the pretrainer of every part of an estimator that only names it.

    An `SSLEmbedder` that was given none gets the default one, so that it is shared, and pretrained
    beforehand, as any other. (An `ECGClassifier` without one is the supervised network and stays
    as it is.) A folder becomes the pretrainer in it, frozen, so that results are kept by its
    weights.

    Parameters
    ----------
    estimator : estimator
        Any estimator, such as a Pipeline with an `SSLEmbedder`.

    Returns
    -------
    estimator
        A clone with pretrainers in these places; the estimator itself if there are none.
    """
    if isinstance(estimator, FrozenEstimator):
        return estimator
    parts = estimator.get_params(deep=True)
    frozen = [f"{name}__" for name, part in parts.items() if isinstance(part, FrozenEstimator)]
    written_out = {
        f"{name}__pretrainer" if name else "pretrainer": resolve_pretrainer(part.pretrainer)
        for name, part in {"": estimator, **parts}.items()
        if _only_names_pretrainer(part) and not name.startswith(tuple(frozen))
    }
    return clone(estimator).set_params(**written_out) if written_out else estimator


def _only_names_pretrainer(part: Any) -> bool:
    if isinstance(part, SSLEmbedder) and part.pretrainer is None:
        return True
    known = isinstance(part, (SSLEmbedder, ECGClassifier))
    return known and isinstance(part.pretrainer, (str, PathLike))


def check_pretrained_first(task: Task) -> None:
    """Refuse a task whose pretrainers are to learn beforehand, but not from windows as they are.

    Parameters
    ----------
    task : Task
        What is to be run.

    Raises
    ------
    ValueError
        If a pretrainer stands behind other steps of a Pipeline: it would learn from windows that
        have not passed them, and then meet windows that have.
    """
    if task.pretrain is None:
        return
    for path, _ in nested_pretrainers(task.estimator):
        before = _steps_before(task.estimator, path)
        if before:
            raise ValueError(
                f"The pretrainer of {task.labels['estimator']!r} learns beforehand, from the "
                f"windows as they are, but stands behind other steps of a Pipeline: {before}. "
                "Apply them to the recordings before the evaluation, or choose a protocol and a "
                "study in which it learns in the Pipeline."
            )


def _steps_before(estimator: BaseEstimator, path: str) -> list[str]:
    parts = {"": estimator} | estimator.get_params(deep=True)
    names = path.split("__")
    found = []
    for depth, name in enumerate(names):
        owner = parts["__".join(names[:depth])]
        if isinstance(owner, Pipeline):
            steps = [step for step, _ in owner.steps]
            found += [s for s, step in owner.steps[: steps.index(name)] if step not in NOTHING]
    return found
