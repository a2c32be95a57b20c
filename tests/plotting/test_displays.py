"""What every display must do, and every way to hand it an estimator."""

import io
import sys
from copy import copy
from inspect import signature

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
from tests.tiny import waves

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
LEVELS = TABLE.drop(columns="noise__snr_db").assign(
    reference=["none", "first 60 s of 'rest'"] * 2,
    auc_within=[0.95, 0.95, 0.5, 0.5],
    auc_pooled=[0.75, 0.9, 0.5, 0.5],
    balanced_accuracy_bound=[0.95, 0.95, 0.5, 0.5],
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
    "SubjectLevelDisplay": (plotting.SubjectLevelDisplay(LEVELS), 1, ("score", "")),
    "TransformationDisplay": (
        plotting.TransformationDisplay(
            window=WAVE, views={"original": WAVE, "negate": -WAVE, "up": 3 * WAVE}, settings={}
        ),
        3,
        SIGNAL,
    ),
}
WITHOUT_LEGEND = plotting.SaliencyDisplay, plotting.TransformationDisplay


@pytest.fixture(params=plotting.__all__)
def case(request):
    display, n_axes, labels = DISPLAYS[request.param]
    return copy(display), n_axes, labels


def axes_of(display):
    return list(getattr(display, "axes_", [getattr(display, "ax_", None)]))


def test_draws_on_given_axes_alone_without_pyplot(case, monkeypatch):
    display, n_axes, _ = case
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    kept = {key: vars(display)[key] for key in signature(type(display)).parameters}
    figure = Figure(figsize=(5, 9))
    *axes, other = figure.subplots(n_axes + 1)
    assert display.plot(axes if n_axes > 1 else axes[0]) is display
    assert display.figure_ is figure
    assert axes_of(display) == axes
    assert all(ax.has_data() for ax in axes)
    assert not other.has_data()
    assert tuple(figure.get_size_inches()) == (5, 9)
    assert all(vars(display)[key] is value for key, value in kept.items())


def test_makes_a_labelled_figure_that_can_be_saved(case):
    display, n_axes, labels = case
    figure = display.plot().figure_
    axes = axes_of(display)
    assert len(axes) == n_axes
    assert (axes[-1].get_xlabel(), axes[-1].get_ylabel()) == labels
    assert all(ax.get_title() or ax.get_title(loc="left") for ax in axes)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")
    legends = [ax.get_legend() for ax in axes if ax.get_legend()]
    assert len(legends) == (not isinstance(display, WITHOUT_LEGEND))
    for legend in legends:  # beside the axes, within the figure
        assert legend.get_window_extent().x0 >= legend.axes.get_window_extent().x1
        assert legend.get_window_extent().x1 <= figure.bbox.x1
    assert display.plot().figure_ is not figure


def test_another_number_of_axes(case):
    display, n_axes, _ = case
    with pytest.raises(ValueError, match=f"needs {n_axes} axes, got {n_axes + 1}"):
        display.plot(Figure().subplots(n_axes + 1))


def test_without_matplotlib_the_extra_is_named(case, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "sklearn_ecgssl\[plot\]"'):
        case[0].plot()


WINDOWS = waves(n_windows=6)[0]


@pytest.mark.parametrize("wrap", [FrozenEstimator, SSLEmbedder, lambda fitted: fitted])
def test_the_pretrainer_is_found_in_what_is_fitted(fitted_recognition, fitted_masked, wrap):
    for one in fitted_recognition, fitted_masked:
        pipe = make_pipeline(FunctionTransformer(), wrap(FrozenEstimator(one))).fit(WINDOWS)
        display = plotting.PretextHistoryDisplay.from_estimator([one, pipe])
        for first, second in display.loss.values():
            np.testing.assert_array_equal(first, second)
    display = plotting.ReconstructionDisplay.from_estimator(pipe, WINDOWS)
    np.testing.assert_array_equal(display.mask, fitted_masked.reconstruct(WINDOWS[:3]).mask)


@pytest.mark.parametrize("kind", [SSLEmbedder, ECGClassifier])
def test_the_pretrainer_is_found_in_what_is_not_fitted(fitted_recognition, kind, tmp_path):
    for one in fitted_recognition, fitted_recognition.save_pretrained(tmp_path):
        display = plotting.TransformationDisplay.from_estimator(kind(one), WAVE)
        assert list(display.views) == fitted_recognition.task_names_


def test_estimators_without_a_fitted_pretrainer():
    with pytest.raises(NotFittedError, match="PretextPretrainer"):
        plotting.PretextHistoryDisplay.from_estimator(SSLEmbedder())
    with pytest.raises(NotFittedError, match="MaskedPretrainer"):
        plotting.ReconstructionDisplay.from_estimator(SSLEmbedder(MaskedPretrainer()), WINDOWS)
    with pytest.raises(NotFittedError):
        plotting.SaliencyDisplay.from_estimator(ECGClassifier(), WAVE)
    with pytest.raises(TypeError, match="Expected a pretrainer, an SSLEmbedder.*got Functio"):
        plotting.PretextHistoryDisplay.from_estimator(FunctionTransformer())
