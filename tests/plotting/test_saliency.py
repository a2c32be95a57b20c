import numpy as np
import pytest

from sklearn_ecgssl.plotting import SaliencyDisplay
from tests.tiny import tiny_ecg_classifier, waves

NAMES = np.array(["rest", "stress", "joy"])
WINDOW = waves(n_windows=1, seed=1)[0][0]


@pytest.fixture(scope="module", params=[2, 3])
def classifier(request):
    windows, target = waves(n_classes=request.param)
    return tiny_ecg_classifier().fit(windows, NAMES[target])


def test_attributions_add_up_to_what_the_window_adds_to_each_class(classifier):
    displays = [
        SaliencyDisplay.from_estimator(classifier, WINDOW, target=target, n_steps=300)
        for target in classifier.classes_
    ]
    for display in displays:
        assert display.attribution.shape == WINDOW.shape
        difference = display.logit - display.baseline_logit
        assert display.attribution.sum() == pytest.approx(difference, rel=0.02, abs=0.01)
    probabilities = classifier.predict_proba(np.stack([WINDOW, 0 * WINDOW])).astype(float)
    for probability, kind in zip(probabilities, ["logit", "baseline_logit"], strict=True):
        logits = np.array([getattr(display, kind) for display in displays])
        if len(logits) == 2:
            expected = np.log(probability / (1 - probability))
        else:  # a constant apart
            expected, logits = np.diff(np.log(probability)), np.diff(logits)
        np.testing.assert_allclose(logits, expected, rtol=1e-3)


def test_explains_the_prediction_unless_told(classifier):
    display = SaliencyDisplay.from_estimator(classifier, WINDOW)
    assert [display.target] == list(classifier.predict(WINDOW[None]))
    assert f"class {display.target}: logit" in display.ax_.get_title(loc="left")
    with pytest.raises(ValueError, match="target must be one of .*'stress', got 'fear'"):
        SaliencyDisplay.from_estimator(classifier, WINDOW, target="fear")


def drawn(window, attribution, **params):
    logits = {"target": "stress", "logit": 1.0, "baseline_logit": 0.0}
    return SaliencyDisplay(window=window, attribution=attribution, **logits, **params).plot()


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
