import ast
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sklearn_ecgssl import plotting
from sklearn_ecgssl.plotting._axes import figure_of, legend, panels


def test_import_needs_no_matplotlib():
    for path in Path(plotting.__file__).parent.glob("*.py"):
        for statement in ast.parse(path.read_text("utf-8")).body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                assert "matplotlib" not in ast.unparse(statement), path.name


def test_missing_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install sklearn_ecgssl\[plot\]"):
        plotting.EmbeddingDisplay(points=np.zeros((4, 2))).plot()


def test_given_axes_are_used_and_no_figure_is_made():
    axes = Figure().subplots(2, 2)
    assert list(panels(axes, 4, 1, (1, 1))) == list(axes.ravel())
    assert list(panels(axes[0, 0], 1, 1, (1, 1))) == [axes[0, 0]]
    assert plt.get_fignums() == []


def test_without_axes_a_figure_is_made():
    axes = panels(None, 3, 1, (4, 5), share=True)
    assert [type(ax) for ax in axes] == [Axes] * 3
    figure = figure_of(axes[0])
    assert tuple(figure.get_size_inches()) == (4, 5)
    assert figure.get_layout_engine() is not None, "legends stand outside"
    axes[0].set(xlim=(3, 4), ylim=(5, 6))
    assert axes[2].get_xlim() == (3, 4)
    assert axes[2].get_ylim() == (5, 6)


def test_another_number_of_axes():
    with pytest.raises(ValueError, match="has 2 panels.*Got 1"):
        panels(Figure().subplots(), 1, 2, (1, 1))


@pytest.mark.parametrize("ax", ["here", 3, [None, None]])
def test_no_axes(ax):
    with pytest.raises(TypeError, match="must be matplotlib Axes"):
        panels(ax, 1, 1, (1, 1))


def test_figure_of_a_subfigure_is_the_whole_figure():
    figure = Figure()
    assert figure_of(figure.subfigures(1, 2)[0].subplots()) is figure


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_legend_stands_outside_where_there_is_room_for_it(layout):
    figure = Figure(layout=layout)
    ax = figure.subplots()
    ax.plot([0, 1], label="line")
    drawn = legend(ax, title="title")
    figure.draw_without_rendering()
    outside = drawn.get_window_extent().x0 >= ax.get_window_extent().x1
    assert outside == (layout is not None)
    assert drawn.get_window_extent().x1 <= figure.bbox.x1
