"""What the displays share: colours, axes, one window on a time axis, an estimator's pretrainer."""

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array

from .._files import library
from ..features import SSLEmbedder
from ..pretext import resolve_pretrainer

#: Okabe and Ito's colours, which colour-blind people can tell apart; without yellow, too pale.
COLORS: tuple[str, ...] = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":")
GRAY = "0.55"


def panels(ax: Any, n_rows: int, n_columns: int, size: tuple[float, float], **share: bool) -> Any:
    """Return the user's axes, or those of a new figure, as a 1-D array."""
    if ax is None:
        figure = _pyplot().figure(figsize=size, layout="constrained")
        return figure.subplots(n_rows, n_columns, squeeze=False, **share).ravel()
    axes = np.atleast_1d(ax).ravel()
    if len(axes) != n_rows * n_columns:
        raise ValueError(
            f"This display needs {n_rows * n_columns} axes, got {len(axes)}. Pass as many as ax, "
            "or ax=None to make a figure."
        )
    return axes


def _pyplot() -> Any:
    return library("matplotlib.pyplot", "Figures are drawn", "plot")


def tidy(ax: Any, *, grid: bool = False) -> None:
    """Remove the frame's top and right, and draw horizontal grid lines behind the data."""
    ax.spines[["top", "right"]].set_visible(False)
    if grid:
        ax.grid(axis="y", color="0.9", linewidth=0.8)
        ax.set_axisbelow(True)


def legend(ax: Any, title: str | None = None, handles: Any = None) -> Any:
    """Draw a legend, outside the axes where the figure's layout makes room for it."""
    handles = handles or ax.get_legend_handles_labels()[0]
    outside = ax.figure.get_layout_engine() is not None
    place = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)} if outside else {"loc": "best"}
    style = {"title": title, "frameon": not outside, "alignment": "left", "fontsize": 9}
    return ax.legend(handles=handles, **style, **place)


def times(n_times: int, sampling_rate: float) -> np.ndarray:
    """Return the time of each sample in seconds."""
    return np.arange(n_times) / sampling_rate


def label_signal(ax: Any, title: str) -> None:
    """Label one of several axes that show a signal over time."""
    ax.set_title(title, loc="left", fontsize=10)
    ax.set_ylabel("amplitude")
    ax.margins(x=0.005)
    tidy(ax)


def check_window(window: Any) -> np.ndarray:
    """Return one window as a 1-D float32 array."""
    rows = check_array(np.atleast_2d(window), dtype=np.float32, input_name="window")
    if len(rows) != 1:
        raise ValueError(f"window must be one window, got {len(rows)}: pass windows[0].")
    return rows[0]


def find_pretrainer(estimator: Any) -> Any:
    """Return an estimator's pretrainer, fitted if the estimator is."""
    steps = estimator.named_steps.values() if isinstance(estimator, Pipeline) else [estimator]
    for step in steps:
        if hasattr(step, "encode"):
            return step
        if hasattr(step, "pretrainer_"):
            return step.pretrainer_
        pretrainer = getattr(step, "pretrainer", None)
        if isinstance(step, SSLEmbedder) or pretrainer is not None:
            return resolve_pretrainer(pretrainer)
    raise TypeError(
        "Expected a pretrainer, an SSLEmbedder, an ECGClassifier or a Pipeline with one of them, "
        f"got {estimator!r:.80}."
    )
