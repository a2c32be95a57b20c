"""What the studies share: features with a classifier, and the pretext score beside it."""

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline, make_pipeline

from ..features import SSLEmbedder
from ..pretext import PretextPretrainer, resolve_pretrainer
from ._baselines import linear_classifier


def on_embedding(
    pretrainer: BaseEstimator, classifier: BaseEstimator | None, layer: str = "last"
) -> Pipeline:
    """Build a classifier of frozen features.

    Parameters
    ----------
    pretrainer : estimator, str or path-like
        Learns the features on the training part; that of a name or folder has learnt before.
    classifier : classifier or None
        Of the features; None stands for a logistic regression.
    layer : str, default="last"
        Whose features.

    Returns
    -------
    Pipeline
        `SSLEmbedder`, then a clone of the classifier.
    """
    head = linear_classifier() if classifier is None else clone(classifier)
    return make_pipeline(SSLEmbedder(resolve_pretrainer(pretrainer), layer=layer), head)


def pretext_accuracy(model: BaseEstimator, X: np.ndarray) -> dict[str, float]:
    """Measure how well the transformations of test windows are recognised.

    Parameters
    ----------
    model : estimator
        Fitted, possibly a Pipeline with an `SSLEmbedder`.
    X : ndarray of shape (n_windows, n_times)
        Test windows.

    Returns
    -------
    dict of str to float
        ``pretext_accuracy``, mean over tasks, and ``<task>_accuracy`` for each. Empty for a
        model without a `PretextPretrainer`.
    """
    parts = [part for _, part in model.steps] if isinstance(model, Pipeline) else [model]
    for part in parts:
        pretrainer = getattr(part, "pretrainer_", None)
        if isinstance(pretrainer, FrozenEstimator):  # pretrained beforehand
            pretrainer = pretrainer.estimator
        if isinstance(pretrainer, PretextPretrainer):
            scores = pretrainer.task_scores(X)
            by_task = {f"{name}_accuracy": score for name, score in scores.items()}
            return {"pretext_accuracy": float(np.mean(list(scores.values())))} | by_task
    return {}
