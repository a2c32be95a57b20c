"""How scores fall with the number of labels."""

from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.base import BaseEstimator

from ..classify import ECGClassifier
from ._evaluation import Evaluation
from ._label_fraction import LabelFractionSplit
from ._results import EvaluationResults
from ._supervision_study import three_networks
from ._tasks import Task


def label_fraction_study(
    evaluation: Evaluation,
    pretrainer: Any,
    *,
    fractions: Sequence[float] = (1.0, 0.5, 0.1, 0.05, 0.01),
    classifier: ECGClassifier | None = None,
    estimators: Mapping[str, BaseEstimator] | None = None,
    random_state: int = 0,
) -> EvaluationResults:
    """Score estimators that learn from all windows, but from a fraction of the labels [1]_.

    Of the training part of each fold, a fraction of the labels of each subject and class is kept,
    at least one. Pretrainers learn from all windows of the training part (under `opposite_halves`,
    of the other half of the folds), once a fold for all fractions; what needs labels learns from
    the labelled windows alone.

    Parameters
    ----------
    evaluation : Evaluation
        Recordings, protocols, and how to run.
    pretrainer : estimator, str or path-like
        Pretrained on the training part of each fold; a `FrozenEstimator`, an encoder that comes
        with the package and a saved one are used as they are.
    fractions : sequence of float, default=(1.0, 0.5, 0.1, 0.05, 0.01)
        Parts of the labels that are kept, in (0, 1].
    classifier : ECGClassifier or None, default=None
        Head and training of the networks. None stands for ``ECGClassifier()``.
    estimators : dict of str to estimator or None, default=None
        What is scored. Pretrainers among their parameters learn from all windows, as they are: they
        may not stand behind other steps of a Pipeline. None: the supervised, the self-supervised
        and the fine-tuned network.
    random_state : int, default=0
        Seed of the choice of labels; a smaller fraction keeps some of those of a larger one.

    Returns
    -------
    EvaluationResults
        With a column ``fraction``.

    See Also
    --------
    LabelFractionSplit : The same choice as a scikit-learn splitter.
    sklearn_ecgssl.plotting.ScoreDisplay : The curve.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985, Fig. 3.

    Examples
    --------
    >>> from sklearn_ecgssl.classify import ECGClassifier
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import Evaluation, label_fraction_study
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> cohort = make_cohort(n_subjects=4, duration=60, random_state=0)
    >>> evaluation = Evaluation(
    ...     cohort.recordings, cohort.target, cohort.subject, protocols=["subjects"], n_splits=2
    ... )
    >>> results = label_fraction_study(
    ...     evaluation,
    ...     PretextPretrainer(filters=(2, 2, 2), max_epochs=1, random_state=0),
    ...     fractions=[1, 0.2],
    ...     classifier=ECGClassifier(hidden=(8,), max_epochs=1, random_state=0),
    ... )
    >>> results.folds()["fraction"].unique().tolist()
    [1.0, 0.2]
    """
    networks = three_networks(pretrainer, classifier) if estimators is None else estimators
    compared = evaluation.with_baselines(networks)
    windows = evaluation.windows
    tasks = []
    for part in evaluation.parts():
        pretrain = part.train if part.pretrain is None else part.pretrain
        for fraction in fractions:
            splitter = LabelFractionSplit(fraction=fraction, random_state=random_state)
            labelled = splitter.labelled_part(part.train, windows.target, windows.subject)
            for name, estimator in compared.items():
                labels = {"estimator": name, "protocol": part.protocol, "fraction": float(fraction)}
                labels |= {"fold": part.fold}
                tasks.append(Task(labels, estimator, labelled, part.test, pretrain))
    return evaluation.run_tasks(tasks, compared)
