"""What every comparison is measured against."""

import warnings

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ..features import HRVFeatures
from ..features._beats import QRS_BAND, load_detector

MAJORITY = "majority class"
HEART_RATE = "heart rate"


def baselines(sampling_rate: float) -> dict[str, BaseEstimator]:
    """Build the classifiers that stand beside those of the user.

    The heart rate is left out, with a warning, where its detector is not installed or does not work
    at the sampling rate.
    """
    majority = {MAJORITY: DummyClassifier(strategy="most_frequent")}
    try:
        load_detector()
        if sampling_rate <= 2 * QRS_BAND[1]:
            raise ValueError(f"its sampling rate must be above {2 * QRS_BAND[1]:g} Hz.")
    except (ImportError, ValueError) as error:
        warnings.warn(f"No {HEART_RATE!r} baseline: {error}", stacklevel=3)
        return majority
    heart_rate = make_pipeline(HRVFeatures(sampling_rate=sampling_rate), linear_classifier())
    return majority | {HEART_RATE: heart_rate}


def linear_classifier(C: float = 1.0) -> Pipeline:
    """Build a logistic regression of standardised features, classes weighted alike.

    Parameters
    ----------
    C : float, default=1.0
        The smaller, the more regularised.

    Returns
    -------
    Pipeline
        Sets missing features to their mean, standardises, classifies.

    Examples
    --------
    >>> from sklearn_ecgssl.evaluation import linear_classifier
    >>> classifier = linear_classifier()
    >>> classifier.fit([[0.0], [float("nan")], [2.0]], ["calm", "calm", "tense"]).predict([[2.0]])
    array(['tense'], dtype='<U5')
    """
    return make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=C, class_weight="balanced", max_iter=2000),
    )
