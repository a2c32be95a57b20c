"""Scores over folds, as the displays of results draw them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..evaluation import confidence_interval
from ..evaluation._baselines import MAJORITY
from ..evaluation._results import METRICS
from ._axes import COLORS, LINES, MARKERS, REFERENCE

LABELS = {"balanced_accuracy": "balanced accuracy", "macro_f1": "macro F1"}
INTERVAL = "95 % CI over folds"
#: The protocols, and what their test folds hold.
PROTOCOLS = {
    "windows": "shuffled windows",
    "recordings": "whole recordings",
    "subjects": "unseen subjects",
}
#: Part of the way from one name on an axis to the next over which the estimators are spread.
SPREAD = 0.3
#: Part of the axis of a score that lies beyond 0 and 1, so that a point there is drawn whole.
ROOM = 0.02


@dataclass(frozen=True)
class Scores:
    """Scores of one estimator.

    Parameters
    ----------
    x : ndarray of shape (n_values,)
        At what each score was measured: fractions, protocols or settings.
    mean : ndarray of shape (n_values,)
        Mean over folds.
    half_width : ndarray of shape (n_values,)
        Half the width of the confidence interval; NaN for fewer than two folds.
    """

    x: np.ndarray
    mean: np.ndarray
    half_width: np.ndarray

    @property
    def has_interval(self) -> bool:
        return bool(np.isfinite(self.half_width).any())


def folds_of(results: Any, columns: list[str], metric: str) -> Any:
    """Read results as a table with one row for each estimator, setting and fold.

    Parameters
    ----------
    results : object or DataFrame
        The table, or an object whose method ``folds()`` returns it.
    columns : list of str
        Columns that are needed, besides the metric.
    metric : str
        Column of the score.

    Returns
    -------
    DataFrame
        The table, without the rows that have no score: baselines have no pretext score.

    Raises
    ------
    TypeError
        If `results` is neither.
    ValueError
        If columns are missing or no row has a score.
    """
    frame = results.folds() if hasattr(results, "folds") else results
    if not hasattr(frame, "columns"):
        raise TypeError(
            "results must be an object with a method folds(), or a pandas DataFrame with one row "
            f"a fold, got {type(results).__name__}."
        )
    missing = [column for column in [*columns, metric] if column not in frame.columns]
    if missing:
        raise ValueError(
            f"results have no column {missing[0]!r}; they have {[*map(str, frame.columns)]}."
        )
    if len(frame) == 0:
        raise ValueError("results are empty: there is no fold to draw.")
    measured = frame[frame[metric].notna()]
    if len(measured) == 0:
        raise ValueError(f"results have no {metric!r} of any fold: there is nothing to draw.")
    return measured


def only_one(frame: Any, column: str) -> Any:
    """Refuse a table that would mix what must not be averaged.

    Parameters
    ----------
    frame : DataFrame
        The table.
    column : str
        Column that may be missing, and must else have a single value.

    Returns
    -------
    object
        The value, None without the column.

    Raises
    ------
    ValueError
        If there are several values.
    """
    if column not in frame.columns:
        return None
    values = list(frame[column].unique())
    if len(values) > 1:
        raise ValueError(
            f"results mix several values of {column!r}: {values}. Draw one at a time, for example "
            f"folds[folds[{column!r}] == {values[0]!r}]."
        )
    return values[0]


def scores_by(frame: Any, column: str, order: list, metric: str) -> dict[str, Scores]:
    """Mean and confidence interval for each estimator and value of a column.

    Parameters
    ----------
    frame : DataFrame
        One row a fold.
    column : str
        What the scores are drawn against.
    order : list
        Its values, in the order wanted.
    metric : str
        Column of the score.

    Returns
    -------
    dict of str to Scores
        The scores of each estimator, in the order of the table; values at which it was not
        measured are left out.
    """
    curves = {}
    for name, own in frame.groupby("estimator", sort=False):
        measured = [value for value in order if (own[column] == value).any()]
        pairs = [confidence_interval(own[metric][own[column] == value]) for value in measured]
        mean, half_width = np.array(pairs, dtype=float).T
        curves[str(name)] = Scores(_as_array(measured), mean, half_width)
    return curves


def _as_array(values: list) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array if any(isinstance(value, str) for value in values) else np.asarray(values)


def split_baseline(curves: dict[str, Scores]) -> tuple[dict[str, Scores], Scores | None]:
    """Take the majority baseline out of the estimators, where there are others.

    Parameters
    ----------
    curves : dict of str to Scores
        All scores.

    Returns
    -------
    estimators : dict of str to Scores
        Those of the estimators.
    baseline : Scores or None
        That of the majority class.
    """
    others = {name: scores for name, scores in curves.items() if name != MAJORITY}
    return (others, curves.get(MAJORITY)) if others else (curves, None)


def draw_curves(ax: Any, curves: dict[str, Scores]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw scores against numbers: a line an estimator, and a band for its interval.

    Parameters
    ----------
    ax : Axes
        Where.
    curves : dict of str to Scores
        The estimators' scores.

    Returns
    -------
    lines : dict of str to Line2D
        The line of each estimator.
    intervals : dict of str to PolyCollection
        The band of each that has one.
    """
    lines, intervals = {}, {}
    for i, (name, scores) in enumerate(curves.items()):
        style = _style(i)
        (lines[name],) = ax.plot(scores.x, scores.mean, label=name, **style)
        if scores.has_interval:
            low, high = scores.mean - scores.half_width, scores.mean + scores.half_width
            # An edge tells bands apart that lie over each other.
            intervals[name] = ax.fill_between(
                scores.x,
                low,
                high,
                facecolor=(style["color"], 0.1),
                edgecolor=(style["color"], 0.4),
                linewidth=0.8,
            )
    return lines, intervals


def draw_points(
    ax: Any, curves: dict[str, Scores], order: list, *, joined: bool, lying: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw scores against names: points side by side, with error bars for the intervals.

    Parameters
    ----------
    ax : Axes
        Where.
    curves : dict of str to Scores
        The estimators' scores.
    order : list
        The names, from left to right.
    joined : bool
        Whether a line joins an estimator's points.
    lying : bool, default=False
        Whether the names stand on the vertical axis, from top to bottom.

    Returns
    -------
    lines : dict of str to Line2D
        The points of each estimator, and the line that joins them.
    intervals : dict of str to LineCollection
        The error bars of each that has them.
    """
    lines, intervals = {}, {}
    for i, (name, scores) in enumerate(curves.items()):
        places = _places(scores, order) + SPREAD * ((i + 0.5) / len(curves) - 0.5)
        style = _style(i) if joined else {**_style(i), "linestyle": ""}
        line = [scores.mean, places] if lying else [places, scores.mean]
        (lines[name],) = ax.plot(*line, label=name, **style)
        if scores.has_interval:
            error = {"xerr" if lying else "yerr": scores.half_width}
            container = ax.errorbar(*line, **error, fmt="none", capsize=3, color=style["color"])
            (intervals[name],) = container[2]
    (ax.yaxis if lying else ax.xaxis).set_ticks(range(len(order)))
    (ax.set_ylim if lying else ax.set_xlim)(*((-0.5, len(order) - 0.5)[:: -1 if lying else 1]))
    return lines, intervals


def draw_baseline(
    ax: Any, baseline: Scores | None, order: list | None = None, *, lying: bool = False
) -> Any:
    """Draw the majority baseline, dashed and gray; against names one piece for each.

    Parameters
    ----------
    ax : Axes
        Where.
    baseline : Scores or None
        Its scores.
    order : list, default=None
        The names, as for `draw_points`; None for numbers.
    lying : bool, default=False
        Whether the names stand on the vertical axis.

    Returns
    -------
    Line2D or None
        The line.
    """
    if baseline is None:
        return None
    places, mean = baseline.x, baseline.mean
    if order is not None:
        ends = [-0.45, 0.45, np.nan]  # NaN lifts the pen
        places, mean = (_places(baseline, order)[:, None] + ends).ravel(), np.repeat(mean, 3)
    line = [mean, places] if lying else [places, mean]
    style = {"color": REFERENCE, "linestyle": "--", "label": MAJORITY, "zorder": 1}
    return ax.plot(*line, **style)[0]


def _places(scores: Scores, order: list) -> np.ndarray:
    return np.array([order.index(name) for name in scores.x], dtype=float)


def _style(index: int) -> dict[str, Any]:
    """Colour, marker and dashes of an estimator, unlike those of the others."""
    return {
        "color": COLORS[index % len(COLORS)],
        "marker": MARKERS[index % len(MARKERS)],
        "linestyle": LINES[index // len(COLORS) % len(LINES)],
        "markersize": 5,
    }


def within_bounds(ax: Any, metric: str, *, lying: bool = False) -> None:
    """Cut the axis of a score that lies in [0, 1], beyond which the intervals of few folds reach.

    Parameters
    ----------
    ax : Axes
        Where, after everything is drawn.
    metric : str
        Column of the score; the axis of one that is no accuracy or F1 is left as it is.
    lying : bool, default=False
        Whether the scores stand on the horizontal axis.
    """
    if metric not in METRICS and not metric.endswith("_accuracy"):
        return
    get, set_ = (ax.get_xlim, ax.set_xlim) if lying else (ax.get_ylim, ax.set_ylim)
    low, high = get()
    low, high = max(low, 0), min(high, 1)
    room = ROOM * (high - low)
    low, high = low - room * (low == 0), high + room * (high == 1)
    set_(low, high, auto=None)  # what is drawn later still counts


def metric_label(metric: str) -> str:
    """Name a metric for an axis.

    Parameters
    ----------
    metric : str
        Column of the score.

    Returns
    -------
    str
        Words.
    """
    return LABELS.get(metric, metric.replace("_", " "))


def legend_title(curves: dict[str, Scores]) -> str | None:
    """Say what the intervals are, where there are any.

    Parameters
    ----------
    curves : dict of str to Scores
        What is drawn.

    Returns
    -------
    str or None
        Title of the legend.
    """
    return INTERVAL if any(scores.has_interval for scores in curves.values()) else None
