"""The loss and accuracy of each pretext task, epoch by epoch."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._common import COLORS, LINES, find_pretrainer, legend, panels, tidy

PARTS = {"train": "training windows", "valid": "held-out windows"}


class PretextHistoryDisplay:
    """Loss and accuracy of each pretext task over epochs.

    As Fig. 2 of [1]_.

    Use `from_estimator` with fitted pretrainers. Of several, for instance one a fold, the mean is
    drawn as a line and the standard deviation as a band around it. Where some stopped earlier than
    others, the later epochs are the mean of those that went on.

    Parameters
    ----------
    loss : dict of str to ndarray of shape (n_fits, n_epochs)
        Loss of each task; NaN after the last epoch of a fit.
    accuracy : dict of str to ndarray of shape (n_fits, n_epochs)
        Accuracy of each task. May be empty: then there is no second panel.
    part : {"train", "valid"}, default="train"
        The windows that were scored.
    comparisons : sequence of str, default=()
        Which of the tasks compare two views: of these, a constant answer is right in half.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One for the loss, one for the accuracy.
    figure_ : Figure
        The figure.
    lines_ : list of dict of str to Line2D
        The line of each task, for each of `axes_`.
    bands_ : list of dict of str to PolyCollection
        Its band; empty for a single fit.
    constant_line_ : Line2D or None
        The accuracy of a constant answer: ``1 - 1 / n`` of n views that are recognised, 0.5 where
        views are compared alone.
    legend_ : Legend or None
        The legend; a single loss has none.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn_ecgssl.plotting import PretextHistoryDisplay
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> windows = np.sin(np.linspace(0, 99, 8 * 256)).reshape(8, 256)
    >>> pretrainer = PretextPretrainer(
    ...     filters=(4, 8), kernel_sizes=(16, 8), max_epochs=3, random_state=0
    ... ).fit(windows)
    >>> display = PretextHistoryDisplay.from_estimator(pretrainer)
    >>> display.loss["noise"].shape
    (1, 3)
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        loss: dict[str, np.ndarray],
        accuracy: dict[str, np.ndarray],
        part: str = "train",
        comparisons: Sequence[str] = (),
    ) -> None:
        self.loss = loss
        self.accuracy = accuracy
        self.part = part
        self.comparisons = comparisons

    @classmethod
    def from_estimator(cls, estimator: Any, *, part: str = "train", ax: Any = None) -> Self:
        """Draw the history of one or several fitted pretrainers.

        Parameters
        ----------
        estimator : estimator or sequence of estimators
            Fitted: pretrainers, `SSLEmbedder`, or Pipelines with one of them, such as
            ``cross_validate(..., return_estimator=True)["estimator"]``. All have the same tasks.
        part : {"train", "valid"}, default="train"
            Score the training windows or those held out by `validation_fraction`.
        ax : sequence of two Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : PretextHistoryDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a fit has no epoch, or held no windows out.
        """
        several = estimator if isinstance(estimator, (list, tuple, np.ndarray)) else [estimator]
        pretrainers = [find_pretrainer(one) for one in several]
        for pretrainer in pretrainers:
            check_is_fitted(pretrainer, "history_")
        histories = [pretrainer.history_ for pretrainer in pretrainers]
        for history in histories:
            if not history or f"{part}_loss" not in history[0]:
                raise ValueError(
                    f"A history has no {part}_loss: it needs an epoch of training and, for "
                    "part='valid', validation_fraction in fit."
                )
        prefix, suffix = f"{part}_", "_accuracy"
        keys = [k for k in histories[0][0] if k.startswith(prefix) and k.endswith(suffix)]
        tasks = [key.removeprefix(prefix).removesuffix(suffix) for key in keys]
        accuracy = {task: _table(histories, f"{part}_{task}_accuracy") for task in tasks}
        loss = {task: _table(histories, f"{part}_{task}_loss") for task in tasks}
        if not tasks:  # MaskedPretrainer
            loss = {"loss": _table(histories, f"{part}_loss")}
        compared = [name for name, _ in getattr(pretrainers[0], "comparisons_", [])]
        return cls(loss=loss, accuracy=accuracy, part=part, comparisons=compared).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : sequence of Axes, default=None
            Two axes, one where there is no accuracy; None makes a figure.

        Returns
        -------
        self : PretextHistoryDisplay
            The display.
        """
        n_panels = 2 if self.accuracy else 1
        self.axes_ = panels(ax, 1, n_panels, (4.6 * n_panels + 0.6, 3.6))
        self.figure_ = self.axes_[0].figure
        self.lines_: list[dict[str, Any]] = []
        self.bands_: list[dict[str, Any]] = []
        self.constant_line_ = None
        recognised = [task for task in self.accuracy if task not in self.comparisons]
        name = "loss (cross-entropy)" if recognised and not self.comparisons else "loss"
        self._draw_panel(self.axes_[0], self.loss, name, highest=np.inf)
        self.axes_[0].set_ylim(0, 1.05 * self.axes_[0].get_ylim()[1])
        if self.accuracy:
            self._draw_panel(self.axes_[1], self.accuracy, "accuracy", highest=1)
            constant = 1 - 1 / len(recognised) if recognised else 0.5
            self.constant_line_ = self.axes_[1].axhline(
                constant, color="0.3", linestyle=":", label=f"constant answer ({constant:.3f})"
            )
            self.axes_[1].set_ylim(top=1.01)
        n_fits = len(next(iter(self.loss.values())))
        title = f"mean ± SD of {n_fits} fits" if n_fits > 1 else None
        self.legend_ = legend(self.axes_[-1], title) if self.accuracy or title else None
        return self

    def _draw_panel(
        self, ax: Any, tasks: dict[str, np.ndarray], quantity: str, highest: float
    ) -> None:
        lines, bands = {}, {}
        for i, (task, table) in enumerate(tasks.items()):
            values = np.ma.masked_invalid(table)
            epochs = np.arange(1, values.shape[1] + 1)
            mean = values.mean(axis=0)
            (lines[task],) = ax.plot(
                epochs,
                mean,
                color=COLORS[i % len(COLORS)],
                linestyle=LINES[i // len(COLORS) % len(LINES)],
                marker="o" if len(epochs) == 1 else None,
                label=task,
            )
            if len(values) > 1:
                spread = values.std(axis=0, ddof=1)
                bands[task] = ax.fill_between(
                    epochs,
                    np.ma.clip(mean - spread, 0, highest),
                    np.ma.clip(mean + spread, 0, highest),
                    color=lines[task].get_color(),
                    alpha=0.18,
                    linewidth=0,
                )
        self.lines_.append(lines)
        self.bands_.append(bands)
        ax.set_title(f"{quantity.split()[0].capitalize()}, {PARTS[self.part]}")
        ax.set(xlabel="epoch", ylabel=quantity)
        ax.xaxis.get_major_locator().set_params(integer=True)
        tidy(ax, grid=True)


def _table(histories: list[list[dict[str, float]]], name: str) -> np.ndarray:
    """Return one row a history, one column an epoch, NaN where a fit had stopped."""
    table = np.full((len(histories), max(map(len, histories))), np.nan)
    for row, history in zip(table, histories, strict=True):
        row[: len(history)] = [epoch[name] for epoch in history]
    return table
