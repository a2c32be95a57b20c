"""What results score: predicted labels with the scores of classes, or predicted ratings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from . import _metrics


class Scored(NamedTuple):
    """Windows with what was predicted of them; `truth` and `scores` as in `_metrics`."""

    target: np.ndarray
    predicted: np.ndarray
    truth: np.ndarray
    scores: np.ndarray
    are_probabilities: bool


Metric = Callable[[Scored], float]


def _of_predicted(metric: Callable[..., float]) -> Metric:
    return lambda windows: float(metric(windows.target, windows.predicted))


def _of_scores(metric: Callable[..., float]) -> Metric:
    return lambda windows: metric(windows.truth, windows.scores)


def _of_probabilities(metric: Callable[..., float]) -> Metric:
    return lambda w: metric(w.truth, w.scores) if w.are_probabilities else _metrics.NAN


@dataclass(frozen=True)
class Scores:
    """The scores of some windows, of one person's, and of all at once, by column."""

    of_windows: Mapping[str, Metric]
    of_person: Mapping[str, Metric]
    pooled: Mapping[str, Metric]
    #: Columns of the summary: means of `of_person`, and from `pooled`.
    over_people: Mapping[str, str]
    at_once: Mapping[str, str]
    #: More of them, of people beside each other.
    of_people: Mapping[str, Callable[[list[Scored]], float]]
    #: Columns that are printed, and what they are.
    shown: Mapping[str, str]


_LABELS = {
    "accuracy": _of_predicted(_metrics.accuracy),
    "balanced_accuracy": _of_predicted(_metrics.balanced_accuracy),
    "macro_f1": _of_predicted(_metrics.macro_f1),
}
LABELS = Scores(
    of_windows=_LABELS,
    of_person=_LABELS
    | {
        "auc": _of_scores(_metrics.auc),
        "best_threshold": _of_scores(_metrics.best_threshold),
        "best_balanced_accuracy": _of_scores(_metrics.best_balanced_accuracy),
    },
    pooled=_LABELS
    | {
        "auc": _of_scores(_metrics.auc),
        "average_precision": _of_scores(_metrics.average_precision),
        "brier": _of_probabilities(_metrics.brier),
        "calibration_error": _of_probabilities(_metrics.calibration_error),
    },
    over_people={"auc_within": "auc", "balanced_accuracy_bound": "best_balanced_accuracy"},
    at_once={
        "auc_pooled": "auc",
        "average_precision": "average_precision",
        "brier": "brier",
        "calibration_error": "calibration_error",
    },
    of_people={
        "threshold_spread": lambda people: _metrics.threshold_spread(
            [(person.truth, person.scores) for person in people]
        )
    },
    shown={
        "balanced_accuracy": "balanced accuracy, mean over folds",
        "auc_within": "AUC within a person, mean over people",
    },
)

_OF_RATINGS = {"r2": _metrics.r2, "concordance": _metrics.concordance, "rmse": _metrics.rmse}
_RATINGS = {name: _of_predicted(metric) for name, metric in _OF_RATINGS.items()}
RATINGS = Scores(
    of_windows=_RATINGS,
    of_person={
        name: _of_predicted(partial(_metrics.within, metric))
        for name, metric in _OF_RATINGS.items()
    },
    pooled=_RATINGS,
    over_people={"r2_within": "r2", "concordance_within": "concordance"},
    at_once={"r2_pooled": "r2", "concordance_pooled": "concordance"},
    of_people={},
    shown={
        "concordance": "concordance correlation, mean over folds",
        "concordance_within": "concordance correlation within a person, mean over people",
    },
)
