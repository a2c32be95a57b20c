"""What every display draws on and with: axes, colours, legends."""

from collections.abc import Sequence
from typing import Any

import numpy as np

#: Okabe and Ito's colours, told apart by nearly everyone; without their yellow, too pale on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
#: Of what is only there to compare with.
REFERENCE = "0.55"


def pyplot() -> Any:
    """Import `matplotlib.pyplot`, or say how to get it.

    Returns
    -------
    module
        ``matplotlib.pyplot``.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot
    except ImportError as error:
        raise ImportError(
            "Plotting needs matplotlib, which is not installed: pip install sklearn_ecgssl[plot]"
        ) from error
    return matplotlib.pyplot


def panels(
    ax: Any, n_rows: int, n_columns: int, size: tuple[float, float], *, share: bool = False
) -> np.ndarray:
    """Take the axes that the user gives, or make a figure with as many as are needed.

    Parameters
    ----------
    ax : Axes, sequence of Axes or None
        What the user gives. None makes a figure.
    n_rows, n_columns : int
        Panels that are needed.
    size : tuple of float
        Width and height of a new figure in inches.
    share : bool, default=False
        Whether a new figure's panels share their axes.

    Returns
    -------
    ndarray of shape (n_rows * n_columns,) of Axes
        One axes a panel, row by row.

    Raises
    ------
    TypeError
        If `ax` holds something else than axes.
    ValueError
        If `ax` holds another number of them.
    """
    if ax is None:
        _, axes = pyplot().subplots(
            n_rows,
            n_columns,
            figsize=size,
            layout="constrained",
            squeeze=False,
            sharex=share,
            sharey=share,
        )
        return axes.ravel()
    given = np.array([ax], dtype=object) if hasattr(ax, "plot") else np.asarray(ax, dtype=object)
    given = given.ravel()
    if not all(hasattr(one, "plot") and hasattr(one, "get_figure") for one in given):
        raise TypeError(f"ax must be matplotlib Axes, got {ax!r:.80}.")
    if len(given) != n_rows * n_columns:
        raise ValueError(
            f"This picture has {n_rows * n_columns} panels: pass as many axes as ax, or none. Got "
            f"{len(given)}."
        )
    return given


def figure_of(ax: Any) -> Any:
    """Figure on which an axes stands.

    Parameters
    ----------
    ax : Axes
        The axes.

    Returns
    -------
    Figure
        The whole figure, also where `ax` is in a subfigure.
    """
    figure = ax.get_figure()
    while getattr(figure, "figure", figure) is not figure:
        figure = figure.figure
    return figure


def tidy(ax: Any, *, grid: str | None = "y") -> None:
    """Leave out what shows no data.

    Parameters
    ----------
    ax : Axes
        Where.
    grid : {"x", "y", "both"} or None, default="y"
        Grid lines that are drawn, behind the data.
    """
    ax.spines[["top", "right"]].set_visible(False)
    if grid is not None:
        ax.grid(axis=grid, color="0.9", linewidth=0.8)
        ax.set_axisbelow(True)


def legend(ax: Any, *, title: str | None = None, handles: Sequence[Any] | None = None) -> Any:
    """Draw a legend beside the axes where the figure's layout makes room for it, else inside.

    Parameters
    ----------
    ax : Axes
        Whose legend.
    title : str, default=None
        Title.
    handles : sequence of Artist, default=None
        What to list; None lists every artist with a label.

    Returns
    -------
    Legend
        The legend.
    """
    outside = figure_of(ax).get_layout_engine() is not None
    place = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)} if outside else {"loc": "best"}
    if handles is None:
        handles = ax.get_legend_handles_labels()[0]
    return ax.legend(
        handles=handles, title=title, frameon=not outside, alignment="left", fontsize=9, **place
    )
