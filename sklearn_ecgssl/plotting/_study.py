"""Score against one setting."""

from numbers import Real
from typing import Any, Self

import numpy as np

from ._axes import figure_of, legend, panels, tidy
from ._scores import (
    Scores,
    draw_baseline,
    draw_curves,
    draw_points,
    folds_of,
    legend_title,
    metric_label,
    only_one,
    scores_by,
    split_baseline,
    within_bounds,
)

#: Names are written on the vertical axis when one is longer, or all together are.
LONG_NAME, LONG_NAMES = 12, 48
#: Part of the axis that a number needs for itself.
LEAST_GAP = 0.05


class StudyDisplay:
    """Score against one setting, such as the SNR of the noise, a block or the window length.

    Use `from_results`. Points are means over folds, with their 95 % confidence intervals. Numbers
    are joined by a line; names are points in the order given, from top to bottom when they are
    long. The majority baseline is dashed gray.

    Parameters
    ----------
    scores : dict of str to Scores
        For each estimator the settings ``x``, the ``mean`` scores and the ``half_width`` of their
        intervals.
    settings : list
        All settings, in order.
    metric : str, default="balanced_accuracy"
        What the scores are.
    x : str or None, default=None
        What the setting is, with its unit.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    lines_ : dict of str to Line2D
        Points of each estimator, and the line of numbers.
    intervals_ : dict of str to PolyCollection or LineCollection
        Its intervals, where it has more than one fold: a band for numbers, bars for names.
    baseline_ : Line2D or None
        The majority baseline.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from sklearn_ecgssl.plotting import StudyDisplay
    >>> folds = pd.DataFrame({
    ...     "estimator": "self-supervised",
    ...     "setting": [5, 5, 15, 15],
    ...     "fold": [0, 1, 0, 1],
    ...     "accuracy": [0.6, 0.7, 0.7, 0.8],
    ... })
    >>> display = StudyDisplay.from_results(folds, metric="accuracy", x="SNR (dB)")
    >>> display.ax_.get_xlabel()
    'SNR (dB)'
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        scores: dict[str, Scores],
        settings: list,
        metric: str = "balanced_accuracy",
        x: str | None = None,
    ) -> None:
        self.scores = scores
        self.settings = settings
        self.metric = metric
        self.x = x

    @classmethod
    def from_results(
        cls,
        results: Any,
        *,
        metric: str = "balanced_accuracy",
        x: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw results.

        Parameters
        ----------
        results : object or DataFrame
            One row a fold, with the columns "estimator", "setting" and the metric, or an object
            whose method ``folds()`` returns it. It holds one protocol and one fraction of labels.
        metric : str, default="balanced_accuracy"
            Column of the score.
        x : str, default=None
            What the setting is, with its unit, for the axis: "SNR (dB)".
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : StudyDisplay
            The display, drawn.
        """
        frame = folds_of(results, ["estimator", "setting"], metric)
        for column in ("protocol", "fraction"):
            only_one(frame, column)
        settings = list(frame["setting"].unique())
        if _are_numbers(settings):
            settings = sorted(settings)
        scores = scores_by(frame, "setting", settings, metric)
        return cls(scores=scores, settings=settings, metric=metric, x=x).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : StudyDisplay
            The display.
        """
        names = [str(setting) for setting in self.settings]
        numeric = _are_numbers(self.settings)
        lying = not numeric and _are_long(names)
        (self.ax_,) = panels(ax, 1, 1, (7, max(3.0, 1 + 0.4 * len(names)) if lying else 4))
        self.figure_ = figure_of(self.ax_)
        estimators, baseline = split_baseline(self.scores)
        if numeric:
            self.lines_, self.intervals_ = draw_curves(self.ax_, estimators)
            self.baseline_ = draw_baseline(self.ax_, baseline)
        else:
            self.lines_, self.intervals_ = draw_points(
                self.ax_, estimators, self.settings, joined=False, lying=lying
            )
            self.baseline_ = draw_baseline(self.ax_, baseline, self.settings, lying=lying)
        self._label_axes(names, numeric, lying)
        within_bounds(self.ax_, self.metric, lying=lying)
        self.legend_ = legend(self.ax_, title=legend_title(self.scores))
        return self

    def _label_axes(self, names: list[str], numeric: bool, lying: bool) -> None:
        across, along = (self.ax_.xaxis, self.ax_.yaxis)[:: -1 if lying else 1]
        if not numeric:
            across.set_ticks(range(len(names)), names)
        elif _are_apart(self.settings):
            across.set_ticks(self.settings)
        what = self.x or "setting"
        across.set_label_text(what)
        along.set_label_text(metric_label(self.metric))
        self.ax_.set_title(f"Score by {what.partition(' (')[0]}")
        tidy(self.ax_, grid="x" if lying else "y")


def _are_numbers(settings: list) -> bool:
    return all(isinstance(s, Real) and not isinstance(s, (bool, np.bool_)) for s in settings)


def _are_long(names: list[str]) -> bool:
    lengths = [len(name) for name in names]
    return max(lengths) > LONG_NAME or sum(lengths) > LONG_NAMES


def _are_apart(numbers: list) -> bool:
    """Tell whether there is room to write each of the sorted numbers on an axis."""
    return len(numbers) > 1 and min(np.diff(numbers)) > LEAST_GAP * (numbers[-1] - numbers[0])
