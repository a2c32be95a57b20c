"""One fit of one estimator on one fold: what it is, how it is run, what comes out."""

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import column_or_1d

from ..pretext import pretrained, share_pretraining
from ._labelled_windows import LabelledWindows

#: More numbers about a fitted estimator, from it and the windows of the test part.
Measure = Callable[[BaseEstimator, np.ndarray], Mapping[str, float]]


@dataclass(frozen=True)
class Task:
    """What to fit on what.

    Parameters
    ----------
    labels : dict of str to str, int or float
        Columns of the results that tell tasks apart: ``estimator``, ``protocol``, ``fold`` and
        what a study varies.
    estimator : estimator
        Classifier of windows.
    train, test : ndarray of int
        Indices of windows.
    pretrain : ndarray of int or None, default=None
        Windows that pretrainers learn from beforehand. None: the estimator's own affair.
    """

    labels: dict[str, Any]
    estimator: BaseEstimator
    train: np.ndarray
    test: np.ndarray
    pretrain: np.ndarray | None = None


@dataclass(frozen=True)
class Outcome:
    """What came out of a task.

    Parameters
    ----------
    labels : dict
        Those of the task.
    test : ndarray of int
        Windows that were predicted.
    predicted : ndarray
        Their predicted labels; empty where the task failed.
    measures : dict of str to float
        Seconds of fitting, and what a study measured.
    error : str
        Why it failed; empty where it did not.
    """

    labels: dict[str, Any]
    test: np.ndarray
    predicted: np.ndarray
    measures: dict[str, float] = field(default_factory=dict)
    error: str = ""


def run_task(task: Task, windows: LabelledWindows, memory: Any, measure: Measure | None) -> Outcome:
    """Fit and predict; an exception becomes an outcome with an error.

    Parameters
    ----------
    task : Task
        What to do.
    windows : LabelledWindows
        All windows.
    memory : str or joblib.Memory
        Where pretrainers keep their fits for each other.
    measure : callable or None
        Called with the fitted estimator and the test windows.

    Returns
    -------
    Outcome
        Predictions or an error.
    """
    try:
        _check_classes(windows.target[task.train])
        return _fit_and_predict(task, windows, memory, measure)
    except Exception as error:  # one failed fold must not lose the others
        message = f"{type(error).__name__}: {error}"
        return Outcome(task.labels, task.test, np.empty(0), error=message)


def _fit_and_predict(
    task: Task, windows: LabelledWindows, memory: Any, measure: Measure | None
) -> Outcome:
    start = time.perf_counter()
    model = share_pretraining(clone(task.estimator), memory)
    if task.pretrain is not None:
        people = windows.subject[task.pretrain]
        model = pretrained(model, windows.take(task.pretrain), people)
    known = {"groups": windows.subject[task.train]}
    model.fit(windows.take(task.train), windows.target[task.train], **_accepted(model.fit, known))
    seconds = time.perf_counter() - start
    X = windows.take(task.test)
    known = {"groups": windows.subject[task.test]}
    predicted = column_or_1d(model.predict(X, **_accepted(model.predict, known)))
    accuracy_score(windows.target[task.test], predicted)  # what cannot be scored has failed
    measures = {"fit_seconds": seconds} | dict(measure(model, X) if measure else {})
    return Outcome(task.labels, task.test, predicted, measures)


def _accepted(method: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(method).parameters
    return {name: value for name, value in arguments.items() if name in parameters}


def _check_classes(target: np.ndarray) -> None:
    if len(np.unique(target)) < 2:
        raise ValueError(
            "the training part of this fold holds one class only: all others stand in its test "
            "part. Take fewer n_splits, or more recordings of the rare classes."
        )
