"""A score and its confidence interval, against whatever a comparison varied."""

from numbers import Real
from textwrap import fill
from typing import Any, Self

import numpy as np

from ..evaluation._estimators import HEART_RATE, MAJORITY, MEAN
from ._common import COLORS, GRAY, LINES, MARKERS, legend, panels, tidy

#: Baselines are gray, their markers open.
CONSTANT = {"color": GRAY, "linestyle": ":", "marker": "o", "markerfacecolor": "white"}
BASELINES = {
    MAJORITY: CONSTANT,
    MEAN: CONSTANT,
    HEART_RATE: {"color": GRAY, "linestyle": "--", "marker": "s", "markerfacecolor": "white"},
}
PROTOCOLS = {
    "windows": "shuffled windows",
    "recordings": "whole recordings",
    "subjects": "unseen subjects",
}
#: Columns in words, with units; of others the name without underscores.
WORDS = {
    "label_fraction": "labels used (%)",
    "window_length": "window length (s)",
    "snr_db": "SNR (dB)",
    "sampling_rate": "sampling rate (Hz)",
    "seconds": "rest that is known of each person (s)",
    "macro_f1": "macro F1",
    "auc_within": "AUC within a person",
    "auc_pooled": "AUC of all people pooled",
    "balanced_accuracy_bound": "balanced accuracy with each person's best threshold (bound)",
    "brier": "Brier score",
    "threshold_spread": "spread of people's best thresholds / distance of the classes",
    "r2": "R²",
    "r2_within": "R² within a person",
    "r2_pooled": "R² of all people pooled",
    "concordance": "concordance correlation",
    "concordance_within": "concordance correlation within a person",
    "concordance_pooled": "concordance correlation of all people pooled",
    "rmse": "root mean squared error",
}
#: Points (1/72 inch) between the markers of two estimators at the same x.
GAP_OF_LINES, GAP_OF_NAMES = 3, 9
#: Positive numbers get a log scale where the largest is so many times the smallest.
LOG_RATIO = 50
#: So many numbers are all written on the axis.
MAX_TICKS = 8


class ScoreDisplay:
    """A score, with its confidence interval, against what a comparison varied.

    Use `from_results` with the results of `compare_protocols`, or the class itself with a table of
    them. Each estimator has a colour and a marker; the baselines are gray. Numbers on the x axis
    are joined by lines, names have points side by side. Markers at the same x are moved apart on
    the screen, so that each interval can be seen. Intervals of an accuracy, F1 or AUC end at 0
    and 1; scores of all windows at once, such as ``auc_pooled``, have none.

    Parameters
    ----------
    table : DataFrame
        What `EvaluationResults.table` returns, some of its rows, or the same from a file: the
        columns ``estimator``, ``protocol``, varied parameters and ``label_fraction``, and to the
        right of them the scores and, as ``<score>_ci``, half the width of their intervals,
        over folds or over people. A score without that column is drawn without intervals.
    metric : str, default="balanced_accuracy"
        Column of the score.
    x : str, default=None
        Column to draw against. None takes the varied parameter or ``label_fraction``, whichever has
        several values, else ``protocol``. Against another column than ``protocol``, each protocol
        has a panel.
    chance : float, default=None
        Score of a random answer, for a thin line. None draws none.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One a panel.
    ax_ : Axes
        The first of them.
    figure_ : Figure
        The figure.
    containers_ : list of dict of str to ErrorbarContainer
        Points, line and error bars of each estimator, for each of `axes_`.
    legend_ : Legend
        The legend, at the last panel.

    Raises
    ------
    ValueError
        If a column is missing, the score is NaN in all rows, or another setting than `x` and
        ``protocol`` has several values.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from sklearn_ecgssl.plotting import ScoreDisplay
    >>> table = pd.DataFrame({
    ...     "estimator": "self-supervised",
    ...     "protocol": ["windows", "subjects"],
    ...     "accuracy": [0.8, 0.7],
    ...     "accuracy_ci": [0.05, 0.15],
    ... })
    >>> display = ScoreDisplay(table, metric="accuracy").plot()
    >>> display.x
    'protocol'
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        table: Any,
        *,
        metric: str = "balanced_accuracy",
        x: str | None = None,
        chance: float | None = None,
    ) -> None:
        varied = varied_columns(table, metric)
        self.table = table
        self.metric = metric
        self.x = x or (varied or ["protocol"])[0]
        self.chance = chance
        for name in ("estimator", "protocol", self.x, metric):
            if name not in table:
                raise ValueError(f"The table has no column {name!r}, only {list(table)}.")
        if table[metric].isna().all():
            raise ValueError(f"{metric!r} is NaN in all rows, so there is nothing to draw.")
        for name in varied:
            if name != self.x:
                raise ValueError(
                    f"The table has several values of {name!r}. Pass x={name!r}, or the rows with "
                    f"one of them: table[table[{name!r}] == {table[name].iloc[0]!r}]."
                )

    @classmethod
    def from_results(
        cls,
        results: Any,
        *,
        metric: str | None = None,
        x: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw results.

        Parameters
        ----------
        results : EvaluationResults
            What `compare_protocols` returns.
        metric : str, default=None
            Column of ``results.table()``. None takes "balanced_accuracy", of ratings
            "concordance". Chance is drawn for balanced accuracy and for an AUC.
        x : str, default=None
            Column to draw against. None takes the varied parameter or ``label_fraction``,
            whichever has several values, else ``protocol``.
        ax : Axes or sequence of Axes, default=None
            One axes a panel; None makes a figure.

        Returns
        -------
        display : ScoreDisplay
            The display, drawn.
        """
        if metric is None:
            metric = "concordance" if results.regression else "balanced_accuracy"
        n_classes = results.predictions["target"].nunique()
        if not n_classes:
            raise ValueError("No fit succeeded, so there is nothing to draw: see results.failures.")
        chance = {"balanced_accuracy": 1 / n_classes}.get(metric, 0.5 if "auc" in metric else None)
        return cls(results.table(), metric=metric, x=x, chance=chance).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes or sequence of Axes, default=None
            One axes a panel; None makes a figure. A figure with ``layout="constrained"`` has room
            for the legend beside them.

        Returns
        -------
        self : ScoreDisplay
            The display.
        """
        table = self.table.dropna(subset=[self.metric])
        values = list(table[self.x].unique())
        numeric = all(isinstance(v, Real) and not isinstance(v, bool) for v in values)
        protocols = [""] if self.x == "protocol" else list(table["protocol"].unique())
        styles = _styles(list(table["estimator"].unique()))
        width = 4.5
        if not numeric:
            width = max(width, len(values) * max(1.1, 0.4 + 0.125 * len(styles)))
        self.axes_ = panels(ax, 1, len(protocols), (2 + width * len(protocols), 4), sharey=True)
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        self.containers_: list[dict[str, Any]] = []
        legend_entries: dict[str, Any] = {}
        for one, protocol in zip(self.axes_, protocols, strict=True):
            rows = table[table["protocol"] == protocol] if protocol else table
            containers = self._draw_estimators(one, rows, styles, values, numeric)
            self.containers_.append(containers)
            legend_entries |= containers
            title = PROTOCOLS.get(protocol, protocol) or f"{_words(self.metric)} by protocol"
            one.set_title(fill(title[:1].upper() + title[1:], 60))
            if protocol:
                one.set_xlabel(_words(self.x))
            tidy(one, grid=True)
        if self.chance is not None:
            for one in self.axes_:
                legend_entries["chance"] = one.axhline(
                    self.chance, color="0.3", linewidth=0.8, zorder=1, label="chance"
                )
        self.ax_.set_ylabel(fill(_words(self.metric), 40))
        has_interval = f"{self.metric}_ci" in table and table[f"{self.metric}_ci"].notna().any()
        over = "people" if self.metric.endswith(("_within", "_bound")) else "folds"
        self.legend_ = legend(
            self.axes_[-1],
            f"95 % CI over {over}" if has_interval else None,
            list(legend_entries.values()),
        )
        return self

    def _draw_estimators(
        self, ax: Any, rows: Any, styles: dict[str, dict], values: list, numeric: bool
    ) -> dict[str, Any]:
        """Draw lines against numbers, or points against names, with error bars."""
        from matplotlib.transforms import ScaledTranslation

        gap = GAP_OF_LINES if numeric else GAP_OF_NAMES
        factor = 100 if self.x == "label_fraction" else 1
        containers = {}
        for i, (name, style) in enumerate(styles.items()):
            own = rows[rows["estimator"] == name]
            if own.empty:
                continue
            if numeric:
                own = own.sort_values(self.x)
                places = factor * own[self.x].to_numpy()
            else:
                places = own[self.x].map(values.index).to_numpy()
                style = {**style, "linestyle": ""}
            mean = own[self.metric].to_numpy()
            low, high = interval(own, self.metric)
            # Moved on the screen alone, so the axes' limits must be told of the data.
            points = gap * (i - (len(styles) - 1) / 2)
            aside = ScaledTranslation(points / 72, 0, ax.figure.dpi_scale_trans)
            ax.update_datalim(np.column_stack([places, low]))
            ax.update_datalim(np.column_stack([places, high]))
            containers[name] = ax.errorbar(
                places,
                mean,
                yerr=[mean - low, high - mean],
                transform=ax.transData + aside,
                capsize=3,
                markersize=5,
                label=name,
                **style,
            )
        ax.autoscale_view()
        if numeric:
            _set_numbers(ax, factor * np.sort(values), log=self.x == "label_fraction")
        else:
            names = [fill(PROTOCOLS.get(value, str(value)), 14) for value in values]
            ax.set_xticks(range(len(names)), names)
            ax.set_xlim(-0.5, len(names) - 0.5)
        return containers


def interval(table: Any, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of a score's intervals, which are the score itself where there is none."""
    mean, half_width = table[metric].to_numpy(), _half_width(table, metric)
    low, high = mean - half_width, mean + half_width
    if any(part in metric for part in ("accuracy", "f1", "auc")):
        return np.maximum(low, 0), np.minimum(high, 1)
    return low, high


def _half_width(table: Any, metric: str) -> np.ndarray:
    """Return half the width of a score's intervals, 0 where there is none."""
    return np.nan_to_num(np.asarray(table.get(f"{metric}_ci", np.zeros(len(table))), dtype=float))


def _set_numbers(ax: Any, numbers: np.ndarray, log: bool) -> None:
    """Scale the x axis for some numbers, and write them there if they are few."""
    if log or (numbers[0] > 0 and numbers[-1] >= LOG_RATIO * numbers[0]):
        ax.set_xscale("log")
    if len(numbers) <= MAX_TICKS:
        ax.set_xticks(numbers, [f"{number:g}" for number in numbers])
        ax.set_xticks([], minor=True)


def varied_columns(table: Any, metric: str) -> list[str]:
    """Return the columns with several values to the left of the first score."""
    columns = list(table.columns)
    scores = (i for i, name in enumerate(columns) if name == metric or f"{name}_ci" in columns)
    other = ("estimator", "protocol", "n_folds")
    left = columns[: next(scores, 0)]
    return [name for name in left if name not in other and table[name].nunique() > 1]


def _styles(estimators: list[str]) -> dict[str, dict[str, Any]]:
    """Return colour, marker and dashes of each estimator."""
    styles: dict[str, dict[str, Any]] = {}
    for name in estimators:
        i = len(styles.keys() - BASELINES.keys())
        own = {
            "color": COLORS[i % len(COLORS)],
            "marker": MARKERS[(i + i // len(COLORS)) % len(MARKERS)],
            "linestyle": LINES[i // len(COLORS) % len(LINES)],
        }
        styles[name] = BASELINES.get(name, own)
    return styles


def _words(column: str) -> str:
    """Return a column's name in words."""
    name = column.rpartition("__")[2]
    return WORDS.get(name, name.replace("_", " "))
