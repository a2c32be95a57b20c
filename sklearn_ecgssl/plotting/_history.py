"""The loss and accuracy of each pretext task, epoch by epoch."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._axes import COLORS, LINES, figure_of, legend, panels, tidy
from ._estimators import find_pretrainer

PARTS = {"train": "training windows", "valid": "held-out windows"}


class PretextHistoryDisplay:
    """Loss and accuracy of each pretext task over epochs, as Fig. 2 of [1]_.

    Use `from_estimator` with fitted pretrainers, or `from_histories` with their `history_`. Of
    several, for instance one a fold, the mean is drawn as a line and the standard deviation as a
    band around it. Where some stopped earlier than others, the later epochs are the mean of those
    that went on.

    Parameters
    ----------
    loss : dict of str to ndarray of shape (n_fits, n_epochs)
        Loss of each task; NaN after the last epoch of a fit.
    accuracy : dict of str to ndarray of shape (n_fits, n_epochs)
        Accuracy of each task. May be empty: then there is no second panel.
    part : {"train", "valid"}, default="train"
        The windows of which these are the figures.

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
        The accuracy of a constant answer, ``1 - 1 / n_tasks``.

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
    ) -> None:
        self.loss = loss
        self.accuracy = accuracy
        self.part = part

    @classmethod
    def from_estimator(cls, estimator: Any, *, part: str = "train", ax: Any = None) -> Self:
        """Draw the history of one or several fitted pretrainers.

        Parameters
        ----------
        estimator : estimator or sequence of estimators
            Fitted: pretrainers, `SSLEmbedder`, or Pipelines with one of them, such as
            ``cross_validate(..., return_estimator=True)["estimator"]``.
        part : {"train", "valid"}, default="train"
            Figures on the training windows or on those held out by `validation_fraction`.
        ax : sequence of two Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : PretextHistoryDisplay
            The display, drawn.
        """
        several = estimator if isinstance(estimator, (list, tuple, np.ndarray)) else [estimator]
        pretrainers = [find_pretrainer(one) for one in several]
        for pretrainer in pretrainers:
            check_is_fitted(pretrainer, "history_")
        return cls.from_histories([p.history_ for p in pretrainers], part=part, ax=ax)

    @classmethod
    def from_histories(
        cls, histories: Sequence[Any], *, part: str = "train", ax: Any = None
    ) -> Self:
        """Draw histories.

        Parameters
        ----------
        histories : list of list of dict, or list of dict
            The `history_` of several pretrainers, or of one.
        part : {"train", "valid"}, default="train"
            Figures on the training windows or on those held out by `validation_fraction`.
        ax : sequence of two Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : PretextHistoryDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a history is empty, has no held-out windows, or other tasks than the first.
        """
        if len(histories) and isinstance(histories[0], dict):
            histories = [histories]
        return cls(**_stack(histories, part), part=part).plot(ax)

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
        curves = [curve for curve in (self.loss, self.accuracy) if curve]
        self.axes_ = panels(ax, 1, len(curves), (4.6 * len(curves) + 0.6, 3.6))
        self.figure_ = figure_of(self.axes_[0])
        self.constant_line_ = None
        self.lines_, self.bands_ = [], []
        for one, tasks, quantity in zip(self.axes_, curves, ["loss", "accuracy"], strict=False):
            lines, bands = _draw_tasks(one, tasks)
            self.lines_.append(lines)
            self.bands_.append(bands)
            self._label(one, quantity)
        if self.accuracy:
            constant = 1 - 1 / len(self.accuracy)
            self.constant_line_ = self.axes_[1].axhline(
                constant, color="0.3", linestyle=":", label=f"constant answer ({constant:.3f})"
            )
        n_fits = len(next(iter(self.loss.values())))
        title = f"mean ± SD of {n_fits} fits" if n_fits > 1 else None
        self.legend_ = legend(self.axes_[-1], title=title)
        return self

    def _label(self, ax: Any, quantity: str) -> None:
        ax.set_title(f"{quantity.capitalize()}, {PARTS[self.part]}")
        ax.set_xlabel("epoch")
        ax.set_ylabel("loss (cross-entropy)" if quantity == "loss" and self.accuracy else quantity)
        ax.xaxis.get_major_locator().set_params(integer=True)
        if quantity == "loss":
            ax.set_ylim(bottom=0)
        else:
            ax.set_ylim(top=1.01)
        tidy(ax)


def _draw_tasks(ax: Any, tasks: dict[str, np.ndarray]) -> tuple[dict[str, Any], dict[str, Any]]:
    lines, bands = {}, {}
    for i, (task, values) in enumerate(tasks.items()):
        epochs = np.arange(1, values.shape[1] + 1)
        with warnings.catch_warnings():  # one fit that went on alone has no spread
            warnings.filterwarnings("ignore", "Degrees of freedom", RuntimeWarning)
            mean, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0, ddof=1)
        (lines[task],) = ax.plot(
            epochs,
            mean,
            color=COLORS[i % len(COLORS)],
            linestyle=LINES[i // len(COLORS) % len(LINES)],
            marker="o" if len(epochs) == 1 else None,
            label=task,
        )
        if len(values) > 1:
            bands[task] = ax.fill_between(
                epochs,
                mean - spread,
                mean + spread,
                color=lines[task].get_color(),
                alpha=0.18,
                linewidth=0,
            )
    return lines, bands


def _stack(histories: Sequence[Any], part: str) -> dict[str, dict[str, np.ndarray]]:
    """Loss and accuracy of each task as arrays, one row a history."""
    if part not in PARTS:
        raise ValueError(f"part must be one of {list(PARTS)}, got {part!r}.")
    if len(histories) == 0:
        raise ValueError("There is no history to draw: pass at least one.")
    for i, history in enumerate(histories):
        if len(history) == 0:
            raise ValueError(
                f"History {i} is empty: that pretrainer was not trained for an epoch. Leave it out."
            )
        if f"{part}_loss" not in history[0]:
            raise ValueError(
                f"History {i} has no figures on {PARTS[part]}: fit with validation_fraction to "
                "hold windows out, or use part='train'."
            )
        if _tasks(history, part) != _tasks(histories[0], part):
            raise ValueError(
                f"History {i} has the tasks {_tasks(history, part)}, history 0 has "
                f"{_tasks(histories[0], part)}: draw them in pictures of their own."
            )
    tasks = _tasks(histories[0], part)
    keys = {task: f"{part}_{task}" for task in tasks}
    loss = {f"{key}_loss": task for task, key in keys.items()} or {f"{part}_loss": "loss"}
    return {
        "loss": {name: _table(histories, key) for key, name in loss.items()},
        "accuracy": {task: _table(histories, f"{key}_accuracy") for task, key in keys.items()},
    }


def _tasks(history: Any, part: str) -> list[str]:
    start, end = f"{part}_", "_accuracy"
    keys = [key for key in history[0] if key.startswith(start) and key.endswith(end)]
    return [key[len(start) : -len(end)] for key in keys]


def _table(histories: Sequence[Any], key: str) -> np.ndarray:
    table = np.full((len(histories), max(len(history) for history in histories)), np.nan)
    for row, history in zip(table, histories, strict=True):
        row[: len(history)] = [epoch[key] for epoch in history]
    return table
