"""Fits that are kept in a folder, by what they depend on."""

from os import PathLike
from typing import Any, TypeVar

from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_memory

from .._fitting import UnfinishedFitError

Pretrainer = TypeVar("Pretrainer", bound=BaseEstimator)

#: Parameters that change nothing in what is learnt, and what they are while a fit is looked for.
INDIFFERENT = {
    "checkpoint": None,
    "checkpoint_every": 1,
    "memory": None,
    "resume": False,
    "verbose": 0,
}


def fit_from_memory(pretrainer: Pretrainer, X: Any, groups: Any, X_val: Any) -> Pretrainer:
    """Fit a pretrainer, or read what the same fit has learnt before.

    Parameters
    ----------
    pretrainer : BasePretrainer
        With a `memory`.
    X : array-like or list of arrays
        Windows or windowed recordings.
    groups : array-like or None
        Subjects.
    X_val : array-like, list of arrays or None
        What is held out.

    Returns
    -------
    pretrainer
        The same one, fitted.

    Raises
    ------
    UnfinishedFitError
        If the fit was stopped after some epochs, which are kept in `pretrainer` alone.
    """
    memory = pretrainer.memory
    place = str(memory) if isinstance(memory, PathLike) else memory
    # Subjects only say what to hold out: where nothing is, all share the same fit.
    ignored = ["how", *(["groups"] if pretrainer.validation_fraction is None else [])]
    cached = check_memory(place).cache(_fitted_attributes, ignore=ignored)
    # A subclass may have fewer parameters.
    params = pretrainer.get_params(deep=False)
    how = {name: params[name] for name in INDIFFERENT if name in params and name != "memory"}
    apprentice = clone(pretrainer).set_params(memory=None, **{n: INDIFFERENT[n] for n in how})
    try:
        learnt = cached(apprentice, X, groups, X_val, how=how)
    except BaseException as error:
        if not fitted_attributes(apprentice):
            raise
        _replace(pretrainer, fitted_attributes(apprentice))
        raise UnfinishedFitError(error) from None
    _replace(pretrainer, learnt)
    return pretrainer


def fitted_attributes(estimator: BaseEstimator) -> dict[str, Any]:
    """Collect what an estimator has learnt.

    Parameters
    ----------
    estimator : estimator
        Any.

    Returns
    -------
    dict
        Attributes by name.
    """
    return {name: value for name, value in vars(estimator).items() if name.endswith("_")}


def _fitted_attributes(
    pretrainer: BaseEstimator, X: Any, groups: Any, X_val: Any, how: dict[str, Any]
) -> dict[str, Any]:
    """Fit a pretrainer and return what it learnt; what `memory` keeps."""
    held_out = {} if X_val is None else {"X_val": X_val}  # a subclass may know none
    return fitted_attributes(pretrainer.set_params(**how).fit(X, groups=groups, **held_out))


def _replace(pretrainer: BaseEstimator, learnt: dict[str, Any]) -> None:
    for name in fitted_attributes(pretrainer):
        delattr(pretrainer, name)
    vars(pretrainer).update(learnt)
