"""Find the pretrainer in what the user has at hand."""

from os import PathLike
from typing import Any

from sklearn.pipeline import Pipeline

from ..features import SSLEmbedder
from ..pretext import resolve_pretrainer


def find_pretrainer(estimator: Any) -> Any:
    """Find the pretrainer in an estimator, the fitted one where there is one.

    Parameters
    ----------
    estimator : estimator
        A pretrainer, frozen or not, an `SSLEmbedder`, or a `Pipeline` with one of them.

    Returns
    -------
    estimator
        The pretrainer, fitted or not.

    Raises
    ------
    TypeError
        If there is none.
    """
    found = _search(estimator)
    if found is None:
        raise TypeError(
            f"Expected a pretrainer, an SSLEmbedder, or a Pipeline with one of them, got "
            f"{estimator!r:.80}."
        )
    return found


def _search(estimator: Any) -> Any:
    if isinstance(estimator, Pipeline):
        found = (_search(step) for _, step in estimator.steps)
        return next((pretrainer for pretrainer in found if pretrainer is not None), None)
    if hasattr(estimator, "encode"):
        return estimator
    if hasattr(estimator, "pretrainer_"):
        return estimator.pretrainer_
    pretrainer = getattr(estimator, "pretrainer", None)
    if isinstance(estimator, SSLEmbedder) or isinstance(pretrainer, (str, PathLike)):
        return resolve_pretrainer(pretrainer)
    return pretrainer
