"""Confidence intervals over folds."""

from collections.abc import Iterable

import numpy as np
from scipy.stats import t


def confidence_interval(values: Iterable[float], level: float = 0.95) -> tuple[float, float]:
    """Mean of a score over folds, and half the width of its confidence interval.

    Parameters
    ----------
    values : iterable of float
        The score of each fold. NaN is left out.
    level : float, default=0.95
        Confidence level.

    Returns
    -------
    mean : float
        Mean over folds, NaN without any.
    half_width : float
        From Student's t distribution; the interval is ``mean - half_width`` to
        ``mean + half_width``. NaN for fewer than two folds.

    Notes
    -----
    The folds of a cross-validation share training data, so the interval is too narrow rather than
    too wide.

    Examples
    --------
    >>> from sklearn_ecgssl.evaluation import confidence_interval
    >>> mean, half_width = confidence_interval([0.7, 0.8, 0.9])
    >>> round(mean, 3), round(half_width, 3)
    (0.8, 0.248)
    """
    scores = np.array([value for value in values if not np.isnan(value)], dtype=float)
    if len(scores) == 0:
        return float("nan"), float("nan")
    if len(scores) == 1:
        return float(scores[0]), float("nan")
    quantile = float(t.ppf((1 + level) / 2, len(scores) - 1))
    return float(scores.mean()), quantile * float(scores.std(ddof=1)) / len(scores) ** 0.5
