"""Pretrainers inside other estimators: let them share their fits, or fit them beforehand."""

from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator

from ._base import BasePretrainer


def share_pretraining(estimator: BaseEstimator, memory: Any) -> BaseEstimator:
    """Give every pretrainer inside an estimator a memory, unless it has one.

    Parameters
    ----------
    estimator : estimator
        Any estimator, such as a Pipeline with an `SSLEmbedder`.
    memory : str or joblib.Memory
        Where fits are kept.

    Returns
    -------
    estimator
        A clone whose pretrainers share their fits.
    """
    shared = clone(estimator)
    for name, pretrainer in nested_pretrainers(shared):
        if pretrainer.memory is None:
            shared.set_params(**{f"{name}__memory": memory})
    return shared


def pretrained(estimator: BaseEstimator, X: Any, groups: Any = None) -> BaseEstimator:
    """Fit every pretrainer inside an estimator, and freeze it.

    So an estimator can learn from few labelled windows after its pretrainer has learnt from many
    without labels.

    Parameters
    ----------
    estimator : estimator
        Any estimator whose pretrainers see the windows as they are.
    X : array-like of shape (n_windows, n_times)
        Windows to pretrain on.
    groups : array-like of shape (n_windows,), default=None
        Subject of each window.

    Returns
    -------
    estimator
        A clone with `FrozenEstimator` around its fitted pretrainers.
    """
    ready = clone(estimator)
    for name, pretrainer in nested_pretrainers(ready):
        ready.set_params(**{name: FrozenEstimator(clone(pretrainer).fit(X, groups=groups))})
    return ready


def nested_pretrainers(estimator: BaseEstimator) -> list[tuple[str, BasePretrainer]]:
    """Find the pretrainers among the parameters of an estimator, unless they are frozen.

    Parameters
    ----------
    estimator : estimator
        Where to look.

    Returns
    -------
    list of (str, BasePretrainer)
        Name of the parameter, and the pretrainer.
    """
    if isinstance(estimator, FrozenEstimator):
        return []
    params = estimator.get_params(deep=True)
    frozen = [f"{name}__" for name, value in params.items() if isinstance(value, FrozenEstimator)]
    return [
        (name, value)
        for name, value in params.items()
        if isinstance(value, BasePretrainer) and not name.startswith(tuple(frozen))
    ]
