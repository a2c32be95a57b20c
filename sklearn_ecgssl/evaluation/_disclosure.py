"""What an estimator has seen of the test part, whatever the split says."""

from collections.abc import Mapping

from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from ..classify import SubjectScaledClassifier

FROZEN = (
    "its encoder was pretrained before this comparison. If recordings of the tested people were "
    "among what it learnt from, it was pretrained on the test subjects' unlabelled signals, under "
    "every protocol."
)
SUBJECT_SCALED = (
    "it scales the features of each person, so it uses the test subjects' unlabelled signals, of "
    "all their conditions."
)


def disclosures(estimators: Mapping[str, BaseEstimator]) -> dict[str, str]:
    """Say what estimators see of the tested people that the protocol does not tell.

    Parameters
    ----------
    estimators : dict of str to estimator
        The estimators that are compared.

    Returns
    -------
    dict of str to str
        A line for each estimator that sees something.
    """
    lines = {name: _lines(estimator) for name, estimator in estimators.items()}
    return {name: " Also, ".join(found) for name, found in lines.items() if found}


def _lines(estimator: BaseEstimator) -> list[str]:
    parts = [estimator, *estimator.get_params(deep=True).values()]
    seen = {
        FROZEN: any(isinstance(part, FrozenEstimator) for part in parts),
        SUBJECT_SCALED: any(isinstance(part, SubjectScaledClassifier) for part in parts),
    }
    return [line for line, holds in seen.items() if holds]
