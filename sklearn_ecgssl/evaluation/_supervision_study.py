"""Self-supervised against supervised against fine-tuned."""

from typing import Any

from sklearn.base import BaseEstimator, clone

from ..classify import ECGClassifier
from ..pretext import resolve_pretrainer
from ._evaluation import Evaluation
from ._results import EvaluationResults


def supervision_study(
    evaluation: Evaluation, pretrainer: Any, *, classifier: ECGClassifier | None = None
) -> EvaluationResults:
    """Compare the supervised, the self-supervised and the fine-tuned network [1]_ [2]_.

    The three have the same layers and the same head. The supervised one learns everything from the
    labels of the training part, the self-supervised one keeps the pretrained trunk and learns the
    head, the fine-tuned one starts from the pretrained trunk and learns everything. Pretraining is
    done once a fold for both.

    Parameters
    ----------
    evaluation : Evaluation
        Recordings, protocols, and how to run.
    pretrainer : estimator, str or path-like
        Pretrained on the training part of each fold; a `FrozenEstimator`, an encoder that comes
        with the package and a saved one are used as they are.
    classifier : ECGClassifier or None, default=None
        Head and training of all three; its `pretrainer` and `freeze` are set here. None stands for
        ``ECGClassifier()``.

    Returns
    -------
    EvaluationResults
        Estimators "supervised", "self-supervised", "fine-tuned", and the baselines.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.
    .. [2] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.classify import ECGClassifier
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import Evaluation, supervision_study
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> cohort = make_cohort(n_subjects=4, duration=30, random_state=0)
    >>> evaluation = Evaluation(
    ...     cohort.recordings, cohort.target, cohort.subject, protocols=["subjects"], n_splits=2
    ... )
    >>> pretrainer = PretextPretrainer(filters=(2, 2, 2), max_epochs=1, random_state=0)
    >>> head = ECGClassifier(hidden=(8,), max_epochs=1, random_state=0)
    >>> supervision_study(evaluation, pretrainer, classifier=head).table()["estimator"].tolist()
    ['supervised', 'self-supervised', 'fine-tuned', 'majority class', 'heart rate']
    """
    return evaluation.run(three_networks(pretrainer, classifier))


def three_networks(pretrainer: Any, classifier: ECGClassifier | None) -> dict[str, BaseEstimator]:
    """Build the supervised, the self-supervised and the fine-tuned network.

    Parameters
    ----------
    pretrainer : estimator, str or path-like
        Of the second and third.
    classifier : ECGClassifier or None
        Head and training of all three.

    Returns
    -------
    dict of str to estimator
        The networks, unfitted.

    Examples
    --------
    >>> from sklearn_ecgssl.evaluation import three_networks
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> networks = three_networks(PretextPretrainer(), classifier=None)
    >>> {name: network.freeze for name, network in networks.items()}
    {'supervised': None, 'self-supervised': 'trunk', 'fine-tuned': None}
    """
    head = ECGClassifier() if classifier is None else classifier
    pretrainer = resolve_pretrainer(pretrainer)

    def network(trunk: Any, freeze: str | None) -> ECGClassifier:
        return clone(head).set_params(pretrainer=trunk, freeze=freeze)

    return {
        "supervised": network(untrained(pretrainer), None),
        "self-supervised": network(pretrainer, "trunk"),
        "fine-tuned": network(pretrainer, None),
    }


def untrained(pretrainer: Any) -> Any:
    """Copy a pretrainer, frozen or not, so that it leaves its network as it is initialised.

    Parameters
    ----------
    pretrainer : estimator
        Any pretrainer.

    Returns
    -------
    estimator
        With the same architecture, without training.
    """
    inner = getattr(pretrainer, "estimator", pretrainer)
    return clone(inner).set_params(max_epochs=0)
