"""Scores of scores, and of ratings. `truth` and `scores` are (n_windows, n_columns).

A column is a class against the rest; of two classes the second alone. Where there are several, the
mean over the classes that the windows hold. NaN where there is nothing to compute it from.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata, t as students_t
from sklearn.metrics import average_precision_score, r2_score, roc_curve, root_mean_squared_error

NAN = float("nan")
#: Bins of the calibration error.
N_BINS = 10


def accuracy(target: np.ndarray, predicted: np.ndarray) -> float:
    """Part of the labels that is right."""
    return float(np.mean(target == predicted))


def balanced_accuracy(target: np.ndarray, predicted: np.ndarray) -> float:
    """Mean recall of the classes that `target` holds."""
    return _mean([np.mean(predicted[target == label] == label) for label in np.unique(target)])


def macro_f1(target: np.ndarray, predicted: np.ndarray) -> float:
    """Mean F1 of the classes that either holds."""
    scores = []
    for label in np.union1d(target, predicted):
        is_label, named = target == label, predicted == label
        scores.append(2 * np.sum(is_label & named) / (np.sum(is_label) + np.sum(named)))
    return _mean(scores)


def one_against_rest(target: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return for each class, of two the second alone, whether a window is of it."""
    return np.asarray(target)[:, None] == (classes[1:] if len(classes) == 2 else classes)


def auc(truth: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve."""
    return _mean_over_classes(_auc, truth, scores)


def average_precision(truth: np.ndarray, scores: np.ndarray) -> float:
    """Area under the curve of precision and recall, as steps."""
    return _mean_over_classes(average_precision_score, truth, scores)


def brier(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared difference of probability and 0 or 1."""
    return float(np.mean((probabilities - truth) ** 2))


def calibration_error(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean over windows of how far the mean probability of their bin is from what came true."""
    bins = np.digitize(probabilities, np.linspace(0, 1, N_BINS + 1)[1:-1])
    gaps = [
        np.abs(np.bincount(b, weights=p - t)).sum() / len(t)
        for b, p, t in zip(bins.T, probabilities.T, truth.T, strict=True)
    ]
    return float(np.mean(gaps))


def best_threshold(truth: np.ndarray, scores: np.ndarray) -> float:
    """Threshold of the highest balanced accuracy, midway between two neighbouring scores."""
    return _mean_over_classes(lambda t, s: _best_threshold(t, s)[0], truth, scores)


def best_balanced_accuracy(truth: np.ndarray, scores: np.ndarray) -> float:
    """Balanced accuracy with the best threshold: a bound, since it is chosen by the labels."""
    return _mean_over_classes(lambda t, s: _best_threshold(t, s)[1], truth, scores)


def threshold_spread(people: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Deviation of people's best thresholds in units of the distance between their classes."""
    n_columns = people[0][0].shape[1]
    return _mean([_spread([(t[:, c], s[:, c]) for t, s in people]) for c in range(n_columns)])


def r2(target: np.ndarray, predicted: np.ndarray) -> float:
    """Part of the variance of the ratings that is explained; below 0, worse than their mean."""
    return float(r2_score(target, predicted)) if _varies(target) else NAN


def concordance(target: np.ndarray, predicted: np.ndarray) -> float:
    """Concordance correlation coefficient (Lin 1989, doi:10.2307/2532051)."""
    if not _varies(target):
        return NAN
    apart = np.mean(target) - np.mean(predicted)
    covariance = np.cov(target, predicted, bias=True)
    return float(2 * covariance[0, 1] / (np.trace(covariance) + apart**2))


def rmse(target: np.ndarray, predicted: np.ndarray) -> float:
    """Root mean squared error."""
    return float(root_mean_squared_error(target, predicted))


def within(metric: Callable[..., float], target: np.ndarray, predicted: np.ndarray) -> float:
    """Score ratings of one person from that person's mean; NaN where they are all the same."""
    if not _varies(target):
        return NAN
    return metric(target - np.mean(target), predicted - np.mean(predicted))


def confidence_interval(values: Iterable[float], level: float = 0.95) -> tuple[float, float]:
    """Mean of a score over folds or people, and half the width of its confidence interval.

    Parameters
    ----------
    values : iterable of float
        The score of each fold, or person. NaN is left out.
    level : float, default=0.95
        Confidence level.

    Returns
    -------
    mean : float
        The mean, NaN without any.
    half_width : float
        From Student's t distribution; the interval is ``mean - half_width`` to
        ``mean + half_width``. NaN for fewer than two.

    Notes
    -----
    The folds of a cross-validation share training data, so the interval is too narrow rather than
    too wide; so is one over people whose models share it.

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
    quantile = float(students_t.ppf((1 + level) / 2, len(scores) - 1))
    return float(scores.mean()), quantile * float(scores.std(ddof=1)) / len(scores) ** 0.5


def _mean_over_classes(metric: Callable[..., Any], truth: np.ndarray, scores: np.ndarray) -> float:
    held = np.flatnonzero(truth.any(axis=0) & ~truth.all(axis=0))
    if not np.isfinite(scores[:, held]).all():
        return NAN
    return _mean([float(metric(truth[:, c], scores[:, c])) for c in held])


def _auc(truth: np.ndarray, scores: np.ndarray) -> float:
    """Part of the pairs, one of either class, whose scores are in the right order; ties half."""
    n_of, n_others = np.sum(truth), np.sum(~truth)
    return (rankdata(scores)[truth].sum() - n_of * (n_of + 1) / 2) / (n_of * n_others)


def _best_threshold(truth: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    false, true, thresholds = roc_curve(truth, scores, drop_intermediate=False)
    balanced = (true + 1 - false) / 2
    best = int(balanced.argmax())  # a score from thresholds[best] on is of the class
    if best == 0:  # above all scores
        return float(np.nextafter(thresholds[1], np.inf)), float(balanced[0])
    above, below = thresholds[best], thresholds[min(best + 1, len(thresholds) - 1)]
    return float((above + below) / 2), float(balanced[best])


def _spread(people: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    ranked = [(t, s) for t, s in people if _varies(t) and np.isfinite(s).all()]
    if len(ranked) < 2:
        return NAN
    thresholds = [_best_threshold(t, s)[0] for t, s in ranked]
    above = [(t, s - s.min()) for t, s in ranked]  # where all scores are equal, exactly 0
    distance = np.mean([s[t].mean() - s[~t].mean() for t, s in above])
    return float(np.std(thresholds, ddof=1) / distance) if distance > 0 else NAN


def _varies(values: np.ndarray) -> bool:
    return bool((values != values[0]).any())


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else NAN
