"""What every display must do, and every way to hand it an estimator."""

import ast
import io
import sys
from copy import copy
from inspect import signature
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ecgssl import plotting
from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import MaskedPretrainer
from sklearn_ecgssl.transforms import Negate, Scale
from tests.tiny import tiny_masked, tiny_pretrainer

WAVE = np.sin(np.linspace(0, 30, 64)).astype(np.float32)
TABLE = pd.DataFrame(
    {
        "estimator": ["ssl", "ssl", "majority class", "majority class"],
        "protocol": "subjects",
        "noise__snr_db": [5, 15, 5, 15],
        "n_folds": 4,
        "balanced_accuracy": [0.9, 0.8, 0.5, 0.5],
        "balanced_accuracy_ci": [0.2, 0.1, 0.0, 0.0],
    }
)
SIGNAL = ("time (s)", "amplitude")
#: Of each display one, how many axes it draws on, and the labels of the last of them.
DISPLAYS = {
    "EmbeddingDisplay": (
        plotting.EmbeddingDisplay(
            points=np.random.default_rng(0).normal(size=(9, 2)),
            color=np.repeat(["rest", "stress", "joy"], 3),
            explained_variance_ratio=np.array([0.5, 0.25]),
        ),
        1,
        ("PC 1 (50% of variance)", "PC 2 (25% of variance)"),
    ),
    "PretextHistoryDisplay": (
        plotting.PretextHistoryDisplay(
            loss={"original": np.array([[0.7, 0.5]]), "noise": np.array([[0.8, 0.6]])},
            accuracy={"original": np.array([[0.7, 0.8]]), "noise": np.array([[0.5, 0.6]])},
        ),
        2,
        ("epoch", "accuracy"),
    ),
    "ReconstructionDisplay": (
        plotting.ReconstructionDisplay(
            signal=np.stack([WAVE, -WAVE]),
            mask=np.stack([WAVE > 0.5, WAVE > 0.8]),
            reconstruction=np.zeros((2, 64)),
        ),
        2,
        SIGNAL,
    ),
    "SaliencyDisplay": (
        plotting.SaliencyDisplay(
            window=WAVE, attribution=WAVE**3, target="stress", logit=2.0, baseline_logit=0.5
        ),
        1,
        SIGNAL,
    ),
    "ScoreDisplay": (
        plotting.ScoreDisplay(TABLE, chance=0.5),
        1,
        ("SNR (dB)", "balanced accuracy"),
    ),
    "TransformationDisplay": (
        plotting.TransformationDisplay(
            window=WAVE, views={"original": WAVE, "negate": -WAVE, "up": 3 * WAVE}, settings={}
        ),
        3,
        SIGNAL,
    ),
}


@pytest.fixture(params=plotting.__all__)
def name(request):
    return request.param


def display_of(name):
    return copy(DISPLAYS[name][0])


def axes_of(display):
    return list(getattr(display, "axes_", [getattr(display, "ax_", None)]))


def test_keeps_its_parameters_in_attributes(name):
    display = display_of(name)
    kept = {key: vars(display)[key] for key in signature(type(display)).parameters}
    display.plot()
    assert all(vars(display)[key] is value for key, value in kept.items())


def test_draws_on_given_axes_without_pyplot(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    figure = Figure()
    axes = figure.subplots(DISPLAYS[name][1], squeeze=False).ravel()
    display = display_of(name)
    assert display.plot(axes if len(axes) > 1 else axes[0]) is display
    assert display.figure_ is figure
    assert axes_of(display) == list(axes)
    assert all(ax.has_data() for ax in axes)


def test_makes_a_new_figure_each_time_that_can_be_saved(name):
    display = display_of(name).plot()
    assert plt.get_fignums() == [display.figure_.number]
    assert len(axes_of(display)) == DISPLAYS[name][1]
    file = io.BytesIO()
    display.figure_.savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")
    assert display.plot().figure_.number not in plt.get_fignums()[:1]


def test_labels_have_units(name):
    display = display_of(name).plot()
    last = axes_of(display)[-1]
    assert (last.get_xlabel(), last.get_ylabel()) == DISPLAYS[name][2]
    assert all(ax.get_title() or ax.get_title(loc="left") for ax in axes_of(display))


def test_the_legend_stands_outside_in_a_figure_of_its_own(name):
    display = display_of(name).plot()
    drawn = [ax.get_legend() for ax in axes_of(display) if ax.get_legend()]
    assert len(drawn) == (name not in ("SaliencyDisplay", "TransformationDisplay"))
    display.figure_.draw_without_rendering()
    for legend in drawn:
        assert legend.get_window_extent().x0 >= legend.axes.get_window_extent().x1
        assert legend.get_window_extent().x1 <= display.figure_.bbox.x1


def test_another_number_of_axes(name):
    n_axes = DISPLAYS[name][1]
    with pytest.raises(ValueError, match=f"needs {n_axes} axes, got {n_axes + 1}"):
        display_of(name).plot(Figure().subplots(n_axes + 1))


def test_missing_matplotlib_names_the_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn_ecgssl\[plot\]"'):
        display_of(name).plot()


def test_import_needs_no_matplotlib():
    for path in Path(plotting.__file__).parent.glob("*.py"):
        for statement in ast.parse(path.read_text("utf-8")).body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                assert "matplotlib" not in ast.unparse(statement), path.name


WINDOWS = np.random.default_rng(0).normal(size=(6, 64)).astype(np.float32)


@pytest.fixture(scope="module")
def pretrainer():
    named = [("up", Scale(factor=3)), ("negate", Negate())]
    return tiny_pretrainer(transforms=named).fit(WINDOWS)


@pytest.fixture(scope="module")
def masked():
    return tiny_masked(max_epochs=1).fit(WINDOWS)


@pytest.mark.parametrize("wrap", [FrozenEstimator, SSLEmbedder, lambda fitted: fitted])
def test_the_pretrainer_is_found_in_what_is_fitted(pretrainer, masked, wrap):
    for one in pretrainer, masked:
        pipe = make_pipeline(FunctionTransformer(), wrap(FrozenEstimator(one))).fit(WINDOWS)
        display = plotting.PretextHistoryDisplay.from_estimator([one, pipe])
        for first, second in display.loss.values():
            np.testing.assert_array_equal(first, second)
    display = plotting.ReconstructionDisplay.from_estimator(pipe, WINDOWS)
    np.testing.assert_array_equal(display.mask, masked.reconstruct(WINDOWS[:3]).mask)


@pytest.mark.parametrize("kind", [SSLEmbedder, ECGClassifier])
def test_the_pretrainer_is_found_in_what_is_not_fitted(pretrainer, kind, tmp_path):
    for one in pretrainer, pretrainer.save_pretrained(tmp_path):
        display = plotting.TransformationDisplay.from_estimator(kind(one), WAVE)
        assert list(display.views) == ["original", "up", "negate"]


def test_estimators_without_a_fitted_pretrainer():
    with pytest.raises(NotFittedError, match="PretextPretrainer"):
        plotting.PretextHistoryDisplay.from_estimator(SSLEmbedder())
    with pytest.raises(NotFittedError, match="MaskedPretrainer"):
        plotting.ReconstructionDisplay.from_estimator(SSLEmbedder(MaskedPretrainer()), WINDOWS)
    with pytest.raises(TypeError, match="Expected a pretrainer, an SSLEmbedder.*got Functio"):
        plotting.PretextHistoryDisplay.from_estimator(FunctionTransformer())
