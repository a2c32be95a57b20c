import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from torch import nn

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.networks import ConvTrunk
from sklearn_ecgssl.plotting import SaliencyDisplay
from sklearn_ecgssl.plotting._integrated_gradients import integrated_gradients
from tests.tiny import tiny_pretrainer

WINDOW = np.random.default_rng(0).normal(size=200).astype(np.float32)


class Network(BaseEstimator):
    """What SaliencyDisplay needs of a fitted ECGClassifier."""

    def __init__(self, classes=("rest", "stress")):
        self.classes_ = np.array(classes)
        n_outputs = 1 if len(classes) == 2 else len(classes)
        torch.manual_seed(0)
        trunk = ConvTrunk(filters=(4, 8), kernel_sizes=(8, 4))
        self.network = nn.Sequential(trunk, nn.Linear(8, n_outputs)).eval()

    def fit(self, X, y=None): ...

    def _module(self, device):
        return self.network.to(device)

    def logits(self, window):
        with torch.no_grad():
            return self.network(torch.from_numpy(window)[None])[0].numpy()


def test_linear_functions_are_explained_exactly():
    weights = torch.tensor([1.0, -2.0, 0.5])
    window, baseline = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0])
    attribution, at_window, at_baseline = integrated_gradients(
        lambda x: x @ weights, window, baseline=baseline, n_steps=1
    )
    np.testing.assert_allclose(attribution, [2, 0, 0.5])
    assert (at_window, at_baseline) == (2.0, -0.5)


@pytest.mark.parametrize("n_steps", [1, 3])
def test_gradients_are_taken_in_the_middles_of_the_steps(n_steps):
    attribution = integrated_gradients(lambda x: (x**2).sum(1), WINDOW, n_steps=n_steps)[0]
    np.testing.assert_allclose(attribution, WINDOW**2, rtol=1e-5)


def test_attributions_add_up_to_the_difference_from_the_baseline():
    network = Network().network
    attribution, at_window, at_baseline = integrated_gradients(
        lambda x: network(x)[:, 0], WINDOW, n_steps=500
    )
    assert attribution.shape == WINDOW.shape
    assert attribution.dtype == np.float32
    assert abs(at_window - at_baseline) > 0.05
    assert attribution.sum() == pytest.approx(at_window - at_baseline, rel=0.02)


def test_batches_of_steps_change_nothing():
    network = Network().network
    one, many = (
        integrated_gradients(lambda x: network(x)[:, 0], WINDOW, n_steps=20, batch_size=size)[0]
        for size in (3, 20)
    )
    np.testing.assert_allclose(one, many, atol=1e-6)


def test_nothing_is_left_behind():
    network = Network().network
    with torch.no_grad():
        integrated_gradients(lambda x: network(x)[:, 0], WINDOW, n_steps=2)
        assert not torch.is_grad_enabled()
    assert all(parameter.grad is None for parameter in network.parameters())


def test_gradient_with_respect_to_the_window_is_that_of_finite_differences():
    network = Network().network.double()
    window = torch.from_numpy(WINDOW).double()[None].requires_grad_()
    (gradient,) = torch.autograd.grad(network(window).sum(), window)
    steps = 1e-6 * torch.eye(200, dtype=torch.float64)
    with torch.no_grad():
        expected = (network(window + steps) - network(window - steps))[:, 0] / 2e-6
    assert expected.abs().max() > 0
    torch.testing.assert_close(gradient[0], expected, atol=1e-6, rtol=1e-4)


def test_no_steps():
    with pytest.raises(ValueError, match="n_steps must be at least 1"):
        integrated_gradients(torch.sum, WINDOW, n_steps=0)


def test_holds_what_each_sample_adds():
    classifier = Network()
    display = SaliencyDisplay.from_estimator(classifier, WINDOW, target="stress", n_steps=500)
    assert display.logit == pytest.approx(classifier.logits(WINDOW)[0], abs=1e-6)
    assert display.baseline_logit == pytest.approx(classifier.logits(0 * WINDOW)[0], abs=1e-6)
    difference = display.logit - display.baseline_logit
    assert display.attribution.sum() == pytest.approx(difference, rel=0.02)


def test_the_first_of_two_classes_is_the_other_upside_down():
    rest, stress = (
        SaliencyDisplay.from_estimator(Network(), WINDOW, target=target)
        for target in ("rest", "stress")
    )
    np.testing.assert_allclose(rest.attribution, -stress.attribution)
    assert rest.logit == -stress.logit


@pytest.mark.parametrize("classes", [("rest", "stress"), (0, 1, 2)])
def test_explains_the_prediction_unless_told(classes):
    classifier = Network(classes)
    logits = classifier.logits(WINDOW)
    winner = int(logits[0] > 0) if len(classes) == 2 else logits.argmax()
    display = SaliencyDisplay.from_estimator(classifier, WINDOW)
    assert display.target == classes[winner]
    assert display.logit == pytest.approx(np.abs(logits).max() if winner < 2 else logits[winner])


def test_each_of_three_classes_has_its_own_logit():
    classifier = Network((0, 1, 2))
    for target, logit in enumerate(classifier.logits(WINDOW)):
        display = SaliencyDisplay.from_estimator(classifier, WINDOW, target=target)
        assert display.logit == pytest.approx(logit, abs=1e-6)


def test_of_a_fitted_classifier():
    rng = np.random.default_rng(0)
    windows, target = rng.normal(size=(12, 64)).astype(np.float32), np.arange(12) % 2
    pretrainer = tiny_pretrainer().fit(windows)
    classifier = ECGClassifier(
        FrozenEstimator(pretrainer), freeze="trunk", hidden=(8,), max_epochs=3, random_state=0
    ).fit(windows, target)
    display = SaliencyDisplay.from_estimator(classifier, windows[0], target=1)
    probability = classifier.predict_proba(windows[:1])[0, 1]
    assert 1 / (1 + np.exp(-display.logit)) == pytest.approx(probability, rel=0.02)
    assert SaliencyDisplay.from_estimator(classifier, windows[1]).target in (0, 1)


def test_the_ecg_is_coloured_by_attribution():
    window = np.linspace(-1, 1, 101)
    display = SaliencyDisplay(
        window=window, attribution=window, target="stress", logit=1.0, baseline_logit=0.0
    ).plot(smoothing=0)
    segments = np.array(display.line_.get_segments())
    assert segments.shape == (100, 2, 2)
    np.testing.assert_allclose(segments[:, 0, 0], np.arange(100) / 256)
    np.testing.assert_allclose(segments[:, 0, 1], window[:-1])
    np.testing.assert_allclose(display.line_.get_array(), (window[1:] + window[:-1]) / 2)
    low, high = display.line_.get_clim()
    assert low == -high
    middle = display.line_.cmap(0.5)[:3]
    assert max(middle) - min(middle) < 0.01 < 1 - max(middle), "gray that shows on white"
    assert display.line_.cmap(0.0)[:3] == pytest.approx(to_rgb("#0072B2"), abs=0.01)


def test_smoothing_keeps_what_a_wave_adds():
    attribution = np.zeros(256)
    attribution[100] = 1
    display = SaliencyDisplay(
        window=attribution, attribution=attribution, target=1, logit=1.0, baseline_logit=0.0
    )
    drawn = display.plot(smoothing=0.04).line_.get_array()
    assert np.count_nonzero(drawn) == 11
    assert drawn.sum() == pytest.approx(1)
    assert np.count_nonzero(display.plot(smoothing=0).line_.get_array()) == 2
    assert display.attribution is attribution


def test_flat_windows_can_be_drawn():
    zeros = np.zeros(20)
    display = SaliencyDisplay(
        window=zeros, attribution=zeros, target=1, logit=0.0, baseline_logit=0.0
    ).plot()
    display.figure_.draw_without_rendering()
    assert display.line_.get_clim() == (-1, 1)


def test_axes_say_what_they_show():
    display = SaliencyDisplay.from_estimator(Network(), WINDOW, target="stress", sampling_rate=100)
    assert display.ax_.get_xlabel() == "time (s)"
    assert display.ax_.get_ylabel() == "amplitude"
    assert "class stress: logit" in display.ax_.get_title()
    assert display.colorbar_.ax.get_ylabel() == "attribution, per sample"
    x0, x1 = display.ax_.get_xlim()
    assert x0 <= 0
    assert 2 * 0.99 < x1 < 2.1


def test_on_given_axes():
    figure = Figure()
    ax = figure.subplots()
    display = SaliencyDisplay.from_estimator(Network(), WINDOW, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.line_ in ax.collections


def test_bad_input():
    with pytest.raises(ValueError, match="target must be one of the classes.*got 'joy'"):
        SaliencyDisplay.from_estimator(Network(), WINDOW, target="joy")
    with pytest.raises(ValueError, match="one window of shape"):
        SaliencyDisplay.from_estimator(Network(), np.zeros((2, 200)))
    with pytest.raises(TypeError, match="needs an ECGClassifier.*got LogisticRegression"):
        SaliencyDisplay.from_estimator(LogisticRegression(), WINDOW)
    with pytest.raises(NotFittedError):
        SaliencyDisplay.from_estimator(ECGClassifier(), WINDOW)
