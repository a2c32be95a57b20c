"""Fits that are kept in a folder, by what they depend on."""

from os import PathLike
from os.path import expanduser
from typing import Any, TypeVar

from joblib import hash as hash_of
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_memory

from .._fitting import UnfinishedFitError
from ..signal.window_store import WindowStore, is_chunked
from ..training import Group

Pretrainer = TypeVar("Pretrainer", bound=BaseEstimator)

#: Parameters that change nothing in what is learnt, and what they are while a fit is looked for.
INDIFFERENT = {
    "callbacks": None,
    "checkpoint": None,
    "memory": None,
    "verbose": 0,
}


def fit_from_memory(
    pretrainer: Pretrainer, X: Any, groups: Any, X_val: Any, group: Group
) -> Pretrainer:
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
    group : Group
        The processes that fit it together.

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
    place = expanduser(memory) if isinstance(memory, (str, PathLike)) else memory
    # Subjects only say what to hold out: where nothing is, all share the same fit.
    ignored = ["how", *(["groups"] if pretrainer.validation_fraction is None else [])]
    cached = check_memory(place).cache(_fitted_attributes, ignore=ignored)
    # A subclass may have fewer parameters.
    params = pretrainer.get_params(deep=False)
    how = {name: params[name] for name in INDIFFERENT if name in params and name != "memory"}
    apprentice = clone(pretrainer).set_params(memory=None, **{n: INDIFFERENT[n] for n in how})
    try:
        what = apprentice, _known(X), groups, _known(X_val)
        learnt = _from_group(group, cached, what, how)
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
    X, X_val = (one.X if isinstance(one, Unread) else one for one in (X, X_val))
    held_out = {} if X_val is None else {"X_val": X_val}  # a subclass may know none
    return fitted_attributes(pretrainer.set_params(**how).fit(X, groups=groups, **held_out))


class Unread:
    """Windows in a file, known by what they hold instead of by where they lie.

    Parameters
    ----------
    X : object
        What the user passed, of chunked arrays.
    """

    def __init__(self, X: Any) -> None:
        self.X = X
        blocks = X if isinstance(X, (list, tuple)) else [X]
        self.content = [getattr(block, "checksum", None) or _content(block) for block in blocks]

    def __getstate__(self) -> Any:  # what joblib sums up
        return self.content


def _known(X: Any) -> Any:
    """Make joblib know windows in files again by what they hold; others it knows by itself."""
    blocks = X if isinstance(X, (list, tuple)) else [X]
    return Unread(X) if any(is_chunked(block) for block in blocks) else X


def _content(block: Any) -> Any:
    return WindowStore([block]).fingerprint() if is_chunked(block) else hash_of(block)


def _from_group(
    group: Group, cached: Any, what: tuple[Any, Any, Any, Any], how: dict[str, Any]
) -> dict[str, Any]:
    """Read a fit where the first process has it, and else fit together, for its folder alone."""
    if group.size == 1:
        return cached(*what, how=how)
    if group.first(lambda: cached.check_call_in_cache(*what, how=how)):
        return group.first(lambda: cached(*what, how=how))
    fit = cached if group.rank == 0 else _fitted_attributes
    return fit(*what, how=how)


def _replace(pretrainer: BaseEstimator, learnt: dict[str, Any]) -> None:
    for name in fitted_attributes(pretrainer):
        delattr(pretrainer, name)
    vars(pretrainer).update(learnt)
