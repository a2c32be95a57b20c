import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_ecgssl.plotting import TransformationDisplay
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.transforms import AddNoise, Negate, Permute, Scale

WINDOW = np.sin(np.linspace(0, 30, 64)).astype(np.float32)
TRANSFORMS = [("up", Scale(factor=3)), ("upside_down", Negate())]


def display_of(transforms, window=WINDOW, **params):
    return TransformationDisplay.from_estimator(PretextPretrainer(transforms), window, **params)


@pytest.mark.parametrize("window", [WINDOW, WINDOW[None], WINDOW.astype(float).tolist()])
def test_each_view_is_drawn_over_the_window(window):
    display = display_of(TRANSFORMS, window, sampling_rate=32)
    np.testing.assert_array_equal(display.window, WINDOW)
    views = {"original": WINDOW, "up": 3 * WINDOW, "upside_down": -WINDOW}
    assert list(display.views) == list(views)
    assert list(display.original_lines_) == ["up", "upside_down"]
    for (name, view), ax in zip(views.items(), display.axes_, strict=True):
        np.testing.assert_array_equal(display.views[name], view)
        line = display.lines_[name]
        assert line.axes is ax
        np.testing.assert_array_equal(line.get_ydata(), view)
        np.testing.assert_array_equal(line.get_xdata(), np.arange(64) / 32)
    gray = display.original_lines_["up"]
    np.testing.assert_array_equal(gray.get_ydata(), WINDOW)
    assert gray.axes is display.lines_["up"].axes
    titles = [ax.get_title(loc="left") for ax in display.axes_]
    assert titles == ["original", "up: Scale(factor=3)", "upside_down: Negate()"]
    assert len({ax.get_ylim() for ax in display.axes_}) == 1


def test_an_unfitted_pretrainer_shows_its_parameters_a_fitted_one_what_it_learnt(
    fitted_recognition,
):
    unfitted = PretextPretrainer().set_params(noise__snr_db=3, warp="drop")
    display = TransformationDisplay.from_estimator(unfitted, WINDOW)
    assert list(display.views) == ["original", "noise", "scale", "negate", "flip", "permute"]
    assert display.settings["noise"] == "AddNoise(snr_db=3)"
    fitted = clone(fitted_recognition)
    fitted.transforms_ = TRANSFORMS
    display = TransformationDisplay.from_estimator(fitted, WINDOW)
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
    [(np.zeros((2, 64)), "must be one window, got 2"), (np.zeros(7), "at least 8 samples")],
)
def test_bad_window(window, message):
    with pytest.raises(ValueError, match=message):
        display_of([("permute", Permute(8))], window)
