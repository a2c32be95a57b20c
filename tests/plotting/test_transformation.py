import numpy as np
import pytest
import torch

from sklearn_ecgssl.plotting import TransformationDisplay
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms import AddNoise, Negate, Permute, Scale
from tests.tiny import tiny_pretrainer

WINDOW = np.sin(np.linspace(0, 30, 128)).astype(np.float32)
TRANSFORMS = [("up", Scale(factor=3)), ("upside_down", Negate())]


def display_of(transforms, window=WINDOW, **params):
    return TransformationDisplay.from_estimator(PretextPretrainer(transforms), window, **params)


@pytest.mark.parametrize("window", [WINDOW, WINDOW[None], WINDOW.astype(float).tolist()])
def test_holds_the_views(window):
    display = display_of(TRANSFORMS, window)
    np.testing.assert_array_equal(display.window, WINDOW)
    assert list(display.views) == ["original", "up", "upside_down"]
    np.testing.assert_array_equal(display.views["original"], WINDOW)
    np.testing.assert_array_equal(display.views["up"], 3 * WINDOW)
    np.testing.assert_array_equal(display.views["upside_down"], -WINDOW)


def test_each_view_is_drawn_over_the_window():
    display = display_of(TRANSFORMS, sampling_rate=64)
    assert list(display.original_lines_) == ["up", "upside_down"]
    for name, ax in zip(display.views, display.axes_, strict=True):
        line = display.lines_[name]
        assert line.axes is ax
        np.testing.assert_array_equal(line.get_ydata(), display.views[name])
        np.testing.assert_array_equal(line.get_xdata(), np.arange(128) / 64)
    gray = display.original_lines_["up"]
    np.testing.assert_array_equal(gray.get_ydata(), WINDOW)
    assert gray.axes is display.lines_["up"].axes


def test_titles_say_what_made_the_view():
    axes = display_of([*TRANSFORMS, ("noise", AddNoise(5, random_state=3))]).axes_
    titles = [ax.get_title(loc="left") for ax in axes]
    assert titles == [
        "original",
        "up: Scale(factor=3)",
        "upside_down: Negate()",
        "noise: AddNoise(snr_db=5)",
    ]
    assert len({ax.get_ylim() for ax in axes}) == 1


def test_of_a_pretrainer_that_is_not_fitted():
    pretrainer = PretextPretrainer().set_params(noise__snr_db=3, warp="drop")
    display = TransformationDisplay.from_estimator(pretrainer, WINDOW)
    assert list(display.views) == ["original", "noise", "scale", "negate", "flip", "permute"]
    assert display.settings["noise"] == "AddNoise(snr_db=3)"


def test_of_a_fitted_pretrainer_what_it_learnt():
    pretrainer = tiny_pretrainer(transforms=TRANSFORMS).fit(np.tile(WINDOW, (4, 1)))
    pretrainer.set_params(transforms=[("noise", AddNoise())])
    display = TransformationDisplay.from_estimator(pretrainer, WINDOW)
    assert list(display.views) == ["original", "up", "upside_down"]


@pytest.mark.parametrize("transform", [AddNoise(random_state=0), Permute(8)])
def test_the_same_seed_draws_the_same(transform):
    state = torch.get_rng_state()
    views = [display_of([("t", transform)], random_state=seed).views["t"] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(views[0], views[1])
    assert (views[0] != views[2]).any()
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (np.zeros((2, 128)), "must be one window, got 2"),
        (np.full(128, np.nan), "NaN"),
        (np.zeros(7), "at least 8 samples"),
    ],
)
def test_bad_window(window, message):
    with pytest.raises(ValueError, match=message):
        display_of([("permute", Permute(8))], window)
