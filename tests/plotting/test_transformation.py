import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from sklearn.frozen import FrozenEstimator

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.plotting import TransformationDisplay
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms import AddNoise, Negate, Permute, Scale
from tests.tiny import tiny_pretrainer

WINDOW = np.sin(np.linspace(0, 30, 128)).astype(np.float32)
TRANSFORMS = [("up", Scale(factor=3)), ("upside_down", Negate())]


def test_holds_the_views():
    display = TransformationDisplay.from_transforms(TRANSFORMS, WINDOW)
    assert list(display.views) == ["original", "up", "upside_down"]
    np.testing.assert_array_equal(display.views["original"], WINDOW)
    np.testing.assert_array_equal(display.views["up"], 3 * WINDOW)
    np.testing.assert_array_equal(display.views["upside_down"], -WINDOW)


def test_each_view_is_drawn_over_the_window():
    display = TransformationDisplay.from_transforms(TRANSFORMS, WINDOW, sampling_rate=64)
    assert list(display.original_lines_) == ["up", "upside_down"]
    for name, ax in zip(display.views, display.axes_, strict=True):
        line = display.lines_[name]
        assert line.axes is ax
        np.testing.assert_array_equal(line.get_ydata(), display.views[name])
        np.testing.assert_array_equal(line.get_xdata(), np.arange(128) / 64)
    gray = display.original_lines_["up"]
    np.testing.assert_array_equal(gray.get_ydata(), WINDOW)
    assert gray.axes is display.lines_["up"].axes


def test_titles_and_units():
    axes = TransformationDisplay.from_transforms(TRANSFORMS, WINDOW).axes_
    titles = [ax.get_title(loc="left") for ax in axes]
    assert titles == ["original", "up: Scale(factor=3)", "upside_down: Negate()"]
    assert axes[-1].get_xlabel() == "time (s)"
    assert {ax.get_ylabel() for ax in axes} == {"amplitude"}
    assert len({ax.get_ylim() for ax in axes}) == 1


def test_seeds_are_not_shown():
    display = TransformationDisplay.from_transforms([("n", AddNoise(5, random_state=3))], WINDOW)
    assert display.settings["n"] == "AddNoise(snr_db=5)"


def test_of_a_pretrainer_that_is_not_fitted():
    pretrainer = PretextPretrainer().set_params(noise__snr_db=3, warp="drop")
    display = TransformationDisplay.from_estimator(pretrainer, WINDOW)
    assert list(display.views) == ["original", "noise", "scale", "negate", "flip", "permute"]
    assert display.settings["noise"] == "AddNoise(snr_db=3)"


def test_of_a_fitted_pretrainer_what_it_learnt():
    pretrainer = tiny_pretrainer(transforms=TRANSFORMS).fit(np.tile(WINDOW, (4, 1)))
    pretrainer.set_params(transforms=[("noise", AddNoise())])
    embedder = SSLEmbedder(FrozenEstimator(pretrainer))
    display = TransformationDisplay.from_estimator(embedder, WINDOW)
    assert list(display.views) == ["original", "up", "upside_down"]


def test_of_the_default_embedder():
    assert len(TransformationDisplay.from_estimator(SSLEmbedder(), WINDOW).views) == 7


@pytest.mark.parametrize("transform", [AddNoise(), Permute(8)])
def test_the_same_seed_draws_the_same(transform):
    transform.set_params(random_state=0) if hasattr(transform, "random_state") else None
    state = torch.get_rng_state()
    views = [
        TransformationDisplay.from_transforms([("t", transform)], WINDOW, random_state=seed)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(views[0].views["t"], views[1].views["t"])
    assert (views[0].views["t"] != views[2].views["t"]).any()
    assert torch.equal(torch.get_rng_state(), state)


def test_on_given_axes():
    figure = Figure()
    axes = figure.subplots(3)
    display = TransformationDisplay.from_transforms(TRANSFORMS, WINDOW, ax=axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure
    assert axes[2].lines


def test_one_window_of_two_dimensions():
    display = TransformationDisplay.from_transforms(TRANSFORMS, WINDOW[None])
    np.testing.assert_array_equal(display.window, WINDOW)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (np.zeros((2, 128)), "one window of shape"),
        (np.full(128, np.nan), "NaN"),
        (np.zeros(7), "at least 8 samples"),
    ],
)
def test_bad_window(window, message):
    with pytest.raises(ValueError, match=message):
        TransformationDisplay.from_transforms([("permute", Permute(8))], window)


def test_bad_sampling_rate():
    with pytest.raises(ValueError, match="sampling_rate must be a positive number in Hz"):
        TransformationDisplay.from_transforms(TRANSFORMS, WINDOW, sampling_rate=0)


def test_bad_transforms_of_a_pretrainer():
    with pytest.raises(TypeError, match="list of \\(name, transform\\)"):
        TransformationDisplay.from_estimator(PretextPretrainer([("a", 3)]), WINDOW)


def test_a_pretrainer_without_transformations():
    class OtherPretrainer:
        def encode(self): ...

    with pytest.raises(TypeError, match="OtherPretrainer has no transformations"):
        TransformationDisplay.from_estimator(OtherPretrainer(), WINDOW)


@pytest.mark.parametrize("kind", [SSLEmbedder, ECGClassifier])
def test_of_the_folder_of_a_pretrainer(kind, tmp_path):
    fitted = tiny_pretrainer(transforms=TRANSFORMS, max_epochs=0).fit(np.tile(WINDOW, (4, 1)))
    estimator = kind(fitted.save_pretrained(tmp_path))
    display = TransformationDisplay.from_estimator(estimator, WINDOW)
    assert list(display.views) == ["original", "up", "upside_down"]
