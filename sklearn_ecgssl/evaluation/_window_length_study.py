"""How long a window should be."""

from collections.abc import Sequence
from typing import Any

from sklearn.base import BaseEstimator

from ._evaluation import Evaluation
from ._results import EvaluationResults, joined
from ._study_parts import on_embedding


def window_length_study(
    evaluation: Evaluation,
    pretrainer: Any,
    window_lengths: Sequence[float] = (5, 10, 20),
    *,
    classifier: BaseEstimator | None = None,
) -> EvaluationResults:
    """Compare windows of several lengths.

    Parameters
    ----------
    evaluation : Evaluation
        Recordings, protocols, and how to run.
    pretrainer : estimator
        Pretrained on the training part of each fold, for each length.
    window_lengths : sequence of float, default=(5, 10, 20)
        In seconds.
    classifier : classifier or None, default=None
        Of the features; None stands for a logistic regression.

    Returns
    -------
    EvaluationResults
        With a column ``setting``, the length in seconds. Scores of windows of different lengths
        are not of the same samples: `recordings()` makes them comparable.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import Evaluation, window_length_study
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> cohort = make_cohort(n_subjects=4, duration=30, random_state=0)
    >>> evaluation = Evaluation(
    ...     cohort.recordings, cohort.target, cohort.subject, protocols=["subjects"], n_splits=2
    ... )
    >>> pretrainer = PretextPretrainer(filters=(2, 2, 2), max_epochs=1, random_state=0)
    >>> results = window_length_study(evaluation, pretrainer, [5, 10])
    >>> results.folds().groupby("setting")["n_windows"].sum().tolist()
    [144, 72]
    """
    embedding = {"embedding": on_embedding(pretrainer, classifier)}
    return joined(
        [
            evaluation.with_window_length(length).run_settings({length: embedding})
            for length in window_lengths
        ]
    )
