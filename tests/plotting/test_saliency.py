import numpy as np
import pytest
from matplotlib.colors import to_rgb
from sklearn.exceptions import NotFittedError

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.plotting import SaliencyDisplay
from sklearn_ecgssl.plotting._saliency import integrated_gradients
from tests.tiny import tiny_ecg_classifier, waves


@pytest.fixture(scope="module")
def classifier():
    windows, target = waves()
    return tiny_ecg_classifier().fit(windows, np.array(["rest", "stress"])[target])


@pytest.fixture(scope="module")
def window():
    return waves(n_windows=1, seed=1)[0][0]


def log_odds(classifier, window):
    """Of each class, from the classifier's probabilities."""
    probability = classifier.predict_proba(window[None])[0].astype(float)
    return dict(zip(classifier.classes_, np.log(probability / (1 - probability)), strict=True))


@pytest.mark.parametrize("n_steps", [1, 70])
def test_gradients_are_averaged_from_zero_to_the_window(window, n_steps):
    attribution, end, start = integrated_gradients(lambda x: (x**2).sum(1) + 3, window, n_steps)
    np.testing.assert_allclose(attribution, window**2, rtol=1e-4)
    assert (end, start) == pytest.approx((3 + (window**2).sum(), 3))


def test_holds_what_each_sample_adds_to_the_log_odds(classifier, window):
    for target in classifier.classes_:
        display = SaliencyDisplay.from_estimator(classifier, window, target=target, n_steps=300)
        assert display.logit == pytest.approx(log_odds(classifier, window)[target], rel=1e-3)
        flat = log_odds(classifier, 0 * window)[target]
        assert display.baseline_logit == pytest.approx(flat, rel=1e-3)
        assert display.attribution.shape == window.shape
        difference = display.logit - display.baseline_logit
        assert abs(difference) > 0.1
        assert display.attribution.sum() == pytest.approx(difference, rel=0.02)


def test_explains_the_prediction_unless_told(classifier, window):
    display = SaliencyDisplay.from_estimator(classifier, window)
    assert [display.target] == list(classifier.predict(window[None]))
    assert display.logit > 0
    assert f"class {display.target}: logit" in display.ax_.get_title(loc="left")


def test_each_of_three_classes_is_explained():
    windows, target = waves(n_classes=3)
    classifier = tiny_ecg_classifier().fit(windows, target)
    displays = [
        SaliencyDisplay.from_estimator(classifier, windows[0], target=target, n_steps=300)
        for target in (0, 1, 2)
    ]
    winner = np.argmax([display.logit for display in displays])
    assert SaliencyDisplay.from_estimator(classifier, windows[0]).target == winner
    assert winner == classifier.predict(windows[:1])[0]
    for display in displays:
        difference = display.logit - display.baseline_logit
        assert display.attribution.sum() == pytest.approx(difference, rel=0.02, abs=0.01)


def drawn(window, attribution, **params):
    logits = {"logit": 1.0, "baseline_logit": 0.0}
    display = SaliencyDisplay(
        window=window, attribution=attribution, target="stress", **logits, **params
    )
    return display.plot()


def test_the_ecg_is_coloured_by_attribution():
    window = np.linspace(-1, 1, 101)
    display = drawn(window, window, sampling_rate=20)  # too low a rate to average over 0.04 s
    segments = np.array(display.line_.get_segments())
    assert segments.shape == (100, 2, 2)
    np.testing.assert_allclose(segments[:, 0, 0], np.arange(100) / 20)
    np.testing.assert_allclose(segments[:, 0, 1], window[:-1])
    np.testing.assert_allclose(display.line_.get_array(), (window[1:] + window[:-1]) / 2)
    low, high = display.line_.get_clim()
    assert low == -high
    middle = display.line_.cmap(0.5)[:3]
    assert max(middle) - min(middle) < 0.01 < 1 - max(middle), "gray that shows on white"
    assert display.line_.cmap(0.0)[:3] == pytest.approx(to_rgb("#0072B2"), abs=0.01)
    assert display.colorbar_.ax.get_ylabel() == "attribution, per sample"


def test_smoothing_keeps_what_a_wave_adds():
    attribution = np.zeros(256)
    attribution[100] = 1
    values = drawn(attribution, attribution).line_.get_array()
    assert np.count_nonzero(values) == 11
    assert values.sum() == pytest.approx(1)


def test_flat_windows_can_be_drawn():
    display = drawn(np.zeros(20), np.zeros(20))
    display.figure_.draw_without_rendering()
    assert display.line_.get_clim() == (-1, 1)


def test_bad_input(classifier, window):
    with pytest.raises(ValueError, match="target must be one of 'rest', 'stress', got 'joy'"):
        SaliencyDisplay.from_estimator(classifier, window, target="joy")
    with pytest.raises(ValueError, match="must be one window, got 2"):
        SaliencyDisplay.from_estimator(classifier, np.zeros((2, 64)))
    with pytest.raises(NotFittedError):
        SaliencyDisplay.from_estimator(ECGClassifier(), window)
