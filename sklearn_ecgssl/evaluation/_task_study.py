"""Single-task against multi-task pretraining."""

from sklearn.base import BaseEstimator, clone

from ..pretext import PretextPretrainer
from ._evaluation import Evaluation
from ._results import EvaluationResults
from ._study_parts import on_embedding, pretext_accuracy


def task_study(
    evaluation: Evaluation,
    pretrainer: PretextPretrainer,
    *,
    classifier: BaseEstimator | None = None,
) -> EvaluationResults:
    """Compare pretraining on all transformations, on each one alone, and on all but one [1]_.

    Parameters
    ----------
    evaluation : Evaluation
        Recordings, protocols, and how to run.
    pretrainer : PretextPretrainer
        With all transformations; pretrained on the training part of each fold.
    classifier : classifier or None, default=None
        Of the features; None stands for a logistic regression.

    Returns
    -------
    EvaluationResults
        With a column ``setting``: "all", "<task> alone", "all but <task>"; and the columns
        ``pretext_accuracy`` and ``<task>_accuracy``, how well the test windows' transformations
        are recognised.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import Evaluation, task_study
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> from sklearn_ecgssl.transforms import Negate, Scale
    >>> cohort = make_cohort(n_subjects=4, duration=30, random_state=0)
    >>> evaluation = Evaluation(
    ...     cohort.recordings, cohort.target, cohort.subject, protocols=["subjects"], n_splits=2
    ... )
    >>> pretrainer = PretextPretrainer(
    ...     [("negate", Negate()), ("scale", Scale())],
    ...     filters=(2, 2, 2),
    ...     max_epochs=1,
    ...     random_state=0,
    ... )
    >>> print(*task_study(evaluation, pretrainer).table()["setting"].unique(), sep=", ")
    all, negate alone, scale alone, all but negate, all but scale
    """
    variants = {
        setting: {"embedding": on_embedding(variant, classifier)}
        for setting, variant in task_variants(pretrainer).items()
    }
    return evaluation.run_settings(variants, measure=pretext_accuracy)


def task_variants(pretrainer: PretextPretrainer) -> dict[str, PretextPretrainer]:
    """Build a pretrainer for all tasks, for each task alone, and for all but each.

    Parameters
    ----------
    pretrainer : PretextPretrainer
        With all transformations.

    Returns
    -------
    dict of str to PretextPretrainer
        By what they learn.

    Raises
    ------
    TypeError
        If the pretrainer has no transformations.
    """
    if not hasattr(pretrainer, "transform_names"):
        raise TypeError(
            f"pretrainer must be a PretextPretrainer, which has tasks, got {pretrainer!r:.80}."
        )
    names = pretrainer.transform_names()
    variants = {"all": clone(pretrainer)}
    for name in names:
        others = [other for other in names if other != name]
        variants[f"{name} alone"] = pretrainer.without(*others)
    if len(names) > 1:
        variants |= {f"all but {name}": pretrainer.without(name) for name in names}
    return variants
