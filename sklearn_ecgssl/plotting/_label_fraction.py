"""Score against the fraction of labels."""

from typing import Any, Self

from ._axes import figure_of, legend, panels, tidy
from ._scores import (
    PROTOCOLS,
    Scores,
    draw_baseline,
    draw_curves,
    folds_of,
    legend_title,
    metric_label,
    only_one,
    scores_by,
    split_baseline,
    within_bounds,
)


class LabelFractionDisplay:
    """Score against the fraction of labels, as Fig. 3 of [1]_: what few labels are enough for.

    Use `from_results`. One line an estimator, its band the 95 % confidence interval of the mean
    over folds; the majority baseline is dashed gray.

    Parameters
    ----------
    scores : dict of str to Scores
        For each estimator the fractions ``x``, the ``mean`` scores and the ``half_width`` of their
        intervals.
    metric : str, default="balanced_accuracy"
        What the scores are.
    protocol : str or None, default=None
        Protocol of the folds, for the title.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    lines_ : dict of str to Line2D
        The line of each estimator.
    intervals_ : dict of str to PolyCollection
        Its band, where it has more than one fold.
    baseline_ : Line2D or None
        The majority baseline.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from sklearn_ecgssl.plotting import LabelFractionDisplay
    >>> folds = pd.DataFrame({
    ...     "estimator": "self-supervised",
    ...     "fraction": [0.01, 0.01, 0.1, 0.1],
    ...     "fold": [0, 1, 0, 1],
    ...     "accuracy": [0.6, 0.7, 0.7, 0.8],
    ... })
    >>> display = LabelFractionDisplay.from_results(folds, metric="accuracy")
    >>> display.scores["self-supervised"].mean
    array([0.65, 0.75])
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        scores: dict[str, Scores],
        metric: str = "balanced_accuracy",
        protocol: str | None = None,
    ) -> None:
        self.scores = scores
        self.metric = metric
        self.protocol = protocol

    @classmethod
    def from_results(
        cls, results: Any, *, metric: str = "balanced_accuracy", ax: Any = None
    ) -> Self:
        """Draw results.

        Parameters
        ----------
        results : object or DataFrame
            One row a fold, with the columns "estimator", "fraction" (in (0, 1]) and the metric, or
            an object whose method ``folds()`` returns it. It holds one protocol.
        metric : str, default="balanced_accuracy"
            Column of the score.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : LabelFractionDisplay
            The display, drawn.
        """
        frame = folds_of(results, ["estimator", "fraction"], metric)
        fractions = sorted(frame["fraction"].unique())
        if not all(0 < fraction <= 1 for fraction in fractions):
            raise ValueError(f"Fractions of labels lie in (0, 1], got {fractions}.")
        scores = scores_by(frame, "fraction", fractions, metric)
        only_one(frame, "setting")
        protocol = only_one(frame, "protocol")
        return cls(scores=scores, metric=metric, protocol=protocol).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : LabelFractionDisplay
            The display.
        """
        (self.ax_,) = panels(ax, 1, 1, (7, 4))
        self.figure_ = figure_of(self.ax_)
        estimators, baseline = split_baseline(self.scores)
        self.lines_, self.intervals_ = draw_curves(self.ax_, estimators)
        self.baseline_ = draw_baseline(self.ax_, baseline)
        self._label_axes()
        within_bounds(self.ax_, self.metric)
        self.legend_ = legend(self.ax_, title=legend_title(self.scores))
        return self

    def _label_axes(self) -> None:
        fractions = sorted({float(x) for scores in self.scores.values() for x in scores.x})
        self.ax_.set_xscale("log")
        self.ax_.set_xticks(fractions, [f"{100 * fraction:g}" for fraction in fractions])
        self.ax_.set_xticks([], minor=True)
        self.ax_.set(xlabel="labels used (%)", ylabel=metric_label(self.metric))
        test = f", {PROTOCOLS.get(self.protocol, self.protocol)}" if self.protocol else ""
        self.ax_.set_title(f"Score against labels{test}")
        tidy(self.ax_)
