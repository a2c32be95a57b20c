"""What each block's features contribute."""

from typing import Any

from sklearn.base import BaseEstimator

from ..pretext import resolve_pretrainer
from ._evaluation import Evaluation
from ._results import EvaluationResults
from ._study_parts import on_embedding


def block_study(
    evaluation: Evaluation, pretrainer: Any, *, classifier: BaseEstimator | None = None
) -> EvaluationResults:
    """Compare the features of each layer of a pretrained network.

    [1]_ names this study as future work. Pretraining is done once a fold for all layers.

    Parameters
    ----------
    evaluation : Evaluation
        Recordings, protocols, and how to run.
    pretrainer : estimator, str or path-like
        Pretrained on the training part of each fold; a `FrozenEstimator`, an encoder that comes
        with the package and a saved one are used as they are.
    classifier : classifier or None, default=None
        Of the features; None stands for a logistic regression.

    Returns
    -------
    EvaluationResults
        With a column ``setting``, the layer: "block1", "block2", ... and "all" together.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import Evaluation, block_study
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> cohort = make_cohort(n_subjects=4, duration=30, random_state=0)
    >>> evaluation = Evaluation(
    ...     cohort.recordings, cohort.target, cohort.subject, protocols=["subjects"], n_splits=2
    ... )
    >>> pretrainer = PretextPretrainer(filters=(2, 2, 2), max_epochs=1, random_state=0)
    >>> block_study(evaluation, pretrainer).table()["setting"].unique().tolist()
    ['block1', 'block2', 'block3', 'all']
    """
    named = resolve_pretrainer(pretrainer).layer_names()
    layers = [layer for layer in named if layer != "last"]
    return evaluation.run_settings(
        {layer: {"embedding": on_embedding(pretrainer, classifier, layer)} for layer in layers}
    )
