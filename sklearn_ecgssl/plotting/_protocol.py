"""Score under each protocol: by what the test folds share with training."""

from typing import Any, Self

from ._axes import figure_of, legend, panels, tidy
from ._scores import (
    PROTOCOLS,
    Scores,
    draw_baseline,
    draw_points,
    folds_of,
    legend_title,
    metric_label,
    only_one,
    scores_by,
    split_baseline,
    within_bounds,
)


class ProtocolDisplay:
    """A score on shuffled windows, on whole recordings and on unseen subjects.

    Use `from_results`. One line an estimator, with the 95 % confidence interval of the mean over
    folds; the majority baseline is dashed gray. With shuffled windows, parts of the same recording
    are in training and test: such a score says little about a person who was never seen. Where a
    person has one recording of each class, whole recordings can be harder than unseen subjects:
    all that training has of the person has the other label.

    Parameters
    ----------
    scores : dict of str to Scores
        For each estimator the protocols ``x``, the ``mean`` scores and the ``half_width`` of their
        intervals.
    protocols : list of str
        The protocols, from left to right.
    metric : str, default="balanced_accuracy"
        What the scores are.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    lines_ : dict of str to Line2D
        Points and line of each estimator.
    intervals_ : dict of str to LineCollection
        Its error bars, where it has more than one fold.
    baseline_ : Line2D or None
        The majority baseline.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from sklearn_ecgssl.plotting import ProtocolDisplay
    >>> folds = pd.DataFrame({
    ...     "estimator": "self-supervised",
    ...     "protocol": ["subjects", "subjects", "windows", "windows"],
    ...     "fold": [0, 1, 0, 1],
    ...     "accuracy": [0.6, 0.7, 0.8, 0.9],
    ... })
    >>> display = ProtocolDisplay.from_results(folds, metric="accuracy")
    >>> display.protocols
    ['windows', 'subjects']
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        scores: dict[str, Scores],
        protocols: list[str],
        metric: str = "balanced_accuracy",
    ) -> None:
        self.scores = scores
        self.protocols = protocols
        self.metric = metric

    @classmethod
    def from_results(
        cls, results: Any, *, metric: str = "balanced_accuracy", ax: Any = None
    ) -> Self:
        """Draw results.

        Parameters
        ----------
        results : object or DataFrame
            One row a fold, with the columns "estimator", "protocol" and the metric, or an object
            whose method ``folds()`` returns it. The protocols "windows", "recordings" and
            "subjects" come first, in this order, then all others in that of the table.
        metric : str, default="balanced_accuracy"
            Column of the score.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ProtocolDisplay
            The display, drawn.
        """
        frame = folds_of(results, ["estimator", "protocol"], metric)
        for column in ("fraction", "setting"):
            only_one(frame, column)
        found = list(frame["protocol"].unique())
        protocols = [name for name in PROTOCOLS if name in found]
        protocols += [name for name in found if name not in PROTOCOLS]
        scores = scores_by(frame, "protocol", protocols, metric)
        return cls(scores=scores, protocols=protocols, metric=metric).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : ProtocolDisplay
            The display.
        """
        (self.ax_,) = panels(ax, 1, 1, (7, 4))
        self.figure_ = figure_of(self.ax_)
        estimators, baseline = split_baseline(self.scores)
        names = [PROTOCOLS.get(name, name).replace(" ", "\n") for name in self.protocols]
        self.lines_, self.intervals_ = draw_points(
            self.ax_, estimators, self.protocols, joined=True
        )
        self.baseline_ = draw_baseline(self.ax_, baseline, self.protocols)
        self.ax_.set_xticks(range(len(names)), names)
        self.ax_.set_ylabel(metric_label(self.metric))
        self.ax_.set_title("Score by what the test folds hold")
        tidy(self.ax_)
        within_bounds(self.ax_, self.metric)
        self.legend_ = legend(self.ax_, title=legend_title(self.scores))
        return self
