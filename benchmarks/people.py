"""Scores of a linear classifier on people who are left out one at a time."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ecgssl.evaluation import confidence_interval
from sklearn_ecgssl.evaluation._results import score_labels


def score_person(X: np.ndarray, target: np.ndarray, test: np.ndarray, c: float) -> float:
    """Balanced accuracy on the windows of one person, of a classifier that has not seen them."""
    model = make_pipeline(
        SimpleImputer(),
        StandardScaler(),
        LogisticRegression(C=c, class_weight="balanced", max_iter=5000),
    ).fit(X[~test], target[~test])
    return score_labels(target[test], model.predict(X[test]))["balanced_accuracy"]


def interval(values: np.ndarray, sign: str = "") -> str:
    """Mean and half of its 95 % interval."""
    mean, half_width = confidence_interval(values)
    return f"{mean:{sign}.3f} ± {half_width:.3f}"
