"""How hard a transformation should be."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

from sklearn.base import BaseEstimator, clone

from ..pretext import PretextPretrainer
from ._evaluation import Evaluation
from ._results import EvaluationResults
from ._study_parts import on_embedding, pretext_accuracy


def difficulty_study(
    evaluation: Evaluation,
    pretrainer: PretextPretrainer,
    parameter: str = "noise__snr_db",
    values: Sequence[Any] = (5, 15, 25),
    *,
    classifier: BaseEstimator | None = None,
) -> EvaluationResults:
    """Vary one parameter of a transformation: pretext score against the score that it gives [1]_.

    Parameters
    ----------
    evaluation : Evaluation
        Recordings, protocols, and how to run.
    pretrainer : PretextPretrainer
        Pretrained on the training part of each fold.
    parameter : str, default="noise__snr_db"
        Parameter of the pretrainer, such as "noise__snr_db", "scale__factor", "permute__n_pieces",
        "warp__n_pieces" or "warp__stretch".
    values : sequence, default=(5, 15, 25)
        Its values. The authors searched SNR of 15 and 25 dB, factors of 0.8, 0.9, 1.1 and 1.4,
        8, 9 and 20 pieces to permute, 7 and 9 to warp, stretched by 1.05 and 1.3.
    classifier : classifier or None, default=None
        Of the features; None stands for a logistic regression.

    Returns
    -------
    EvaluationResults
        With a column ``setting``, the value, as text where it is no number; and the columns
        ``pretext_accuracy`` and ``<task>_accuracy``, how well the test windows' transformations
        are recognised.

    See Also
    --------
    sklearn.model_selection.GridSearchCV : Chooses such a parameter, nested in any pipeline.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import Evaluation, difficulty_study
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> cohort = make_cohort(n_subjects=4, duration=30, random_state=0)
    >>> evaluation = Evaluation(
    ...     cohort.recordings, cohort.target, cohort.subject, protocols=["subjects"], n_splits=2
    ... )
    >>> pretrainer = PretextPretrainer(filters=(2, 2, 2), max_epochs=1, random_state=0)
    >>> results = difficulty_study(evaluation, pretrainer, "scale__factor", [1.1, 1.4])
    >>> results.folds()["setting"].unique().tolist()
    [1.1, 1.4]
    """
    known = pretrainer.get_params(deep=True)
    if parameter not in known:
        nested = sorted(name for name in known if "__" in name)
        raise ValueError(f"parameter must be one of the pretrainer's, got {parameter!r}: {nested}.")
    variants = {
        _in_a_table(value): clone(pretrainer).set_params(**{parameter: value}) for value in values
    }
    return evaluation.run_settings(
        {v: {"embedding": on_embedding(variant, classifier)} for v, variant in variants.items()},
        measure=pretext_accuracy,
    )


def _in_a_table(value: Any) -> Any:
    """Write what is no number as text: a tuple, an estimator or None makes no cell of a table."""
    return value if isinstance(value, (str, Real)) else str(value)
