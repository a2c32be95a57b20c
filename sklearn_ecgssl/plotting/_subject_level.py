"""Where the loss on a new person is: in the ranking, between people, or at the threshold."""

from textwrap import fill
from typing import Any, Self

from ._common import COLORS, GRAY, legend, panels, tidy
from ._score import PROTOCOLS, interval, varied_columns

#: Columns that say what of a person was known to be rest, and their value for nothing.
REFERENCES = {"reference__seconds": 0, "reference": "none", "reference__position": None}
#: Marks in the order of reading: column, words, style. Rows of a reference are another table.
MARKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "within": ("auc_within", "AUC within a person", {"color": COLORS[0], "marker": "o"}),
    "pooled": (
        "auc_pooled",
        "AUC of all people pooled",
        {"color": COLORS[0], "marker": "o", "markerfacecolor": "white"},
    ),
    "as_is": ("balanced_accuracy", "balanced accuracy, as is", {"color": COLORS[1], "marker": "s"}),
    "reference": (
        "balanced_accuracy",
        "balanced accuracy, {}",
        {"color": COLORS[2], "marker": "D"},
    ),
}
BOUND = "balanced_accuracy_bound"
#: Between two marks of an estimator, whose row has a height of 1.
STEP = 0.2
#: Scores from here on are always shown.
LOWEST = 0.4


class SubjectLevelDisplay:
    """What a person's level costs: ranking within people, across them, and balanced accuracy.

    Use `from_results` with the results of `compare_protocols`, or the class itself with a table of
    them. Each estimator has a row, read from its top: how well windows of one person are ranked
    (AUC within a person), how well those of all people are, what is left with one threshold for all
    (balanced accuracy as is), and what a reference of each person brings back. A thin tick is the
    balanced accuracy with the best threshold of each person: a bound, since it takes the labels.

    Parameters
    ----------
    table : DataFrame
        What `EvaluationResults.table` returns, some of its rows, or the same from a file. A column
        ``reference__seconds`` (0 for as is) or ``reference`` ("none" for as is) says which rows
        have a reference; without it all are as is.
    protocol : str, default=None
        Rows to draw. None takes the only protocol, or "subjects" of several.
    seconds : float, default=None
        Value of ``reference__seconds`` to draw. None takes the largest.
    n_classes : int, default=2
        Balanced accuracy has a chance of ``1 / n_classes``, an AUC of .5. The bound is drawn for
        two classes alone: of several its chance is .5, not that of the others.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    containers_ : dict of str to ErrorbarContainer
        Marks of all estimators with their 95 % intervals: ``within``, ``pooled``, ``as_is`` and
        ``reference``, as far as they were measured. AUC within a person has its interval over
        people, balanced accuracy over folds.
    bounds_ : Line2D or None
        The ticks.
    legend_ : Legend
        The legend.

    Raises
    ------
    ValueError
        If a column is missing, a protocol or a reference is not in the table, or another setting
        has several values.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from sklearn_ecgssl.plotting import SubjectLevelDisplay
    >>> table = pd.DataFrame({
    ...     "estimator": "heart rate",
    ...     "protocol": "subjects",
    ...     "reference__seconds": [0, 60],
    ...     "balanced_accuracy": [0.71, 0.87],
    ...     "balanced_accuracy_ci": [0.05, 0.05],
    ...     "auc_within": [0.95, 0.95],
    ...     "auc_within_ci": [0.02, 0.02],
    ...     "balanced_accuracy_bound": [0.96, 0.96],
    ...     "auc_pooled": [0.76, 0.93],
    ... })
    >>> display = SubjectLevelDisplay(table).plot()
    >>> list(display.containers_)
    ['within', 'pooled', 'as_is', 'reference']
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        table: Any,
        *,
        protocol: str | None = None,
        seconds: float | None = None,
        n_classes: int = 2,
    ) -> None:
        self.table = table
        self.protocol = protocol
        self.seconds = seconds
        self.n_classes = n_classes
        for name in ("estimator", "protocol", BOUND, *(column for column, _, _ in MARKS.values())):
            if name not in table:
                raise ValueError(f"The table has no column {name!r}, only {list(table)}.")
        for name in varied_columns(table, "balanced_accuracy"):
            if name not in REFERENCES:
                raise ValueError(
                    f"The table has several values of {name!r}. Pass the rows with one of them: "
                    f"table[table[{name!r}] == {table[name].iloc[0]!r}]."
                )
        self._rows()

    @classmethod
    def from_results(
        cls,
        results: Any,
        *,
        protocol: str | None = None,
        seconds: float | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw results.

        Parameters
        ----------
        results : EvaluationResults
            What `compare_protocols` returns, of classes.
        protocol : str, default=None
            Protocol to draw. None takes the only one, or "subjects" of several.
        seconds : float, default=None
            Seconds of reference to draw. None takes the largest.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SubjectLevelDisplay
            The display, drawn.
        """
        if not len(results.predictions):
            raise ValueError("No fit succeeded, so there is nothing to draw: see results.failures.")
        n_classes = len(results.classes)
        display = cls(results.table(), protocol=protocol, seconds=seconds, n_classes=n_classes)
        return display.plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a figure. A figure with ``layout="constrained"`` has room for
            the legend beside the axes.

        Returns
        -------
        self : SubjectLevelDisplay
            The display.
        """
        protocol, as_is, reference, known = self._rows()
        names = list(dict.fromkeys([*as_is["estimator"], *reference["estimator"]]))
        (self.ax_,) = panels(ax, 1, 1, (8.2, 1.5 + 0.68 * len(names)))
        self.figure_ = self.ax_.figure
        self.containers_: dict[str, Any] = {}
        entries: list[Any] = []
        paths: list[list[tuple[float, float]]] = [[] for _ in names]
        lowest = LOWEST
        for i, (mark, (column, words, style)) in enumerate(MARKS.items()):
            rows = (reference if mark == "reference" else as_is).dropna(subset=[column])
            if rows.empty:
                continue
            row_of = rows["estimator"].map(names.index).to_numpy()
            score, place = rows[column].to_numpy(), row_of + STEP * (i - 1.5)
            low, high = interval(rows, column)
            lowest = min(lowest, low.min())
            self.containers_[mark] = self.ax_.errorbar(
                score,
                place,
                xerr=[score - low, high - score],
                label=fill(words.format(f"with {known}"), 32),
                linestyle="",
                markersize=6.5,
                capsize=2.5,
                elinewidth=1.2,
                zorder=3,
                **style,
            )
            entries.append(self.containers_[mark])
            for row, point in zip(row_of, zip(score, place, strict=True), strict=True):
                paths[row].append(point)
        for path in paths:  # how far the score falls and comes back
            self.ax_.plot(*zip(*path, strict=True), color=GRAY, linewidth=0.8, zorder=1)
        self.bounds_ = self._draw_bounds(as_is, names)
        chances = {"chance": 0.5}
        if self.n_classes > 2:
            chances = {"chance of an AUC": 0.5, "chance of balanced accuracy": 1 / self.n_classes}
        lines = [
            self.ax_.axvline(at, color="0.3", linewidth=0.8, linestyle=line, zorder=1, label=words)
            for line, (words, at) in zip(("-", ":"), chances.items(), strict=False)
        ]
        entries += [entry for entry in (self.bounds_, *lines) if entry is not None]
        self._label(names, min(lowest, *chances.values()), PROTOCOLS.get(protocol, protocol))
        self.legend_ = legend(self.ax_, "bars: 95 % CI", entries)
        return self

    def _rows(self) -> tuple[str, Any, Any, str]:
        """Return the protocol, its rows as is and with the reference, and what that is."""
        protocols = list(self.table["protocol"].unique())
        chosen = self.protocol or (protocols[0] if len(protocols) == 1 else "subjects")
        if chosen not in protocols:
            raise ValueError(f"protocol must be one of {protocols}, got {self.protocol!r}.")
        table = self.table[self.table["protocol"] == chosen]
        column = next((name for name in REFERENCES if name in table), None)
        if column is None:
            return chosen, table, table[:0], ""
        without = table[column].isna() | (table[column] == REFERENCES[column])
        values = sorted(table.loc[~without, column].unique())
        if column != "reference__seconds" and len(values) > 1:
            raise ValueError(
                f"The table has several references: {values}. Pass the rows without one, and those "
                "with one of them."
            )
        if self.seconds is not None and self.seconds not in values:
            raise ValueError(f"seconds must be one of {values}, got {self.seconds!r}.")
        if not values:
            return chosen, table, table[:0], ""
        value = values[-1] if self.seconds is None else self.seconds
        words = f"{value} seconds of rest" if column == "reference__position" else str(value)
        if column == "reference__seconds" and not isinstance(value, str):
            words = f"{value:g}\N{NO-BREAK SPACE}s of reference"
        return chosen, table[without], table[table[column] == value], words

    def _draw_bounds(self, rows: Any, names: list[str]) -> Any:
        rows = rows.dropna(subset=[BOUND])
        if rows.empty or self.n_classes > 2:
            return None
        (ticks,) = self.ax_.plot(
            rows[BOUND],
            rows["estimator"].map(names.index) + STEP,
            color=COLORS[6],
            linestyle="",
            marker="|",
            markersize=18,
            markeredgewidth=1.4,
            zorder=2,
            label=fill("balanced accuracy with each person's best threshold (bound)", 32),
        )
        return ticks

    def _label(self, names: list[str], lowest: float, protocol: str) -> None:
        for row in range(1, len(names), 2):
            self.ax_.axhspan(row - 0.5, row + 0.5, color="0.96", zorder=0)
        self.ax_.set_yticks(range(len(names)), [fill(name, 24) for name in names])
        self.ax_.set_ylim(len(names) - 0.5, -0.5)
        self.ax_.set_xlim(lowest - 0.01, 1.01)
        self.ax_.set_xlabel("score")
        self.ax_.set_title(f"What a person's level costs: {protocol}")
        tidy(self.ax_)
        self.ax_.tick_params(axis="y", length=0)
