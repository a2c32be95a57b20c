import numpy as np
import pytest

from sklearn_ecgssl.plotting import ReconstructionDisplay
from tests.tiny import waves

WINDOWS, _ = waves(n_windows=6)
MASK = np.zeros((2, 8), dtype=bool)
MASK[0, [0, 1, 4, 7]] = True
MASK[1, 2:5] = True
#: What is shaded of them, in seconds, at 4 Hz.
SPANS = [[(-0.125, 0.375), (0.875, 1.125), (1.625, 1.875)], [(0.375, 1.125)]]


def small_display(**params):
    """Two windows of eight samples with masks that are known, drawn."""
    signal = np.arange(16.0).reshape(2, 8)
    parts = {"signal": signal, "mask": MASK, "reconstruction": signal + 2}
    return ReconstructionDisplay(**{**parts, **params}).plot()


def test_holds_what_the_pretrainer_predicts(fitted_masked):
    display = ReconstructionDisplay.from_estimator(fitted_masked, WINDOWS)
    expected = fitted_masked.reconstruct(WINDOWS[:3])
    np.testing.assert_array_equal(display.signal, WINDOWS[:3])
    np.testing.assert_array_equal(display.mask, expected.mask)
    np.testing.assert_array_equal(display.reconstruction, expected.reconstruction)
    assert display.sampling_rate == 128
    other = ReconstructionDisplay.from_estimator(fitted_masked, WINDOWS[:2], random_state=1)
    assert (display.mask[:2] != other.mask).any()


@pytest.mark.parametrize(
    "X",
    [WINDOWS, [WINDOWS[:2], WINDOWS[2:]], WINDOWS.reshape(2, 3, 64)],
    ids=["2-D", "list", "3-D"],
)
def test_chosen_windows_are_counted_over_all_recordings(fitted_masked, X):
    display = ReconstructionDisplay.from_estimator(fitted_masked, X, windows=[4, 1])
    np.testing.assert_array_equal(display.signal, WINDOWS[[4, 1]])
    titles = [ax.get_title(loc="left").split(":")[0] for ax in display.axes_]
    assert titles == ["window 4", "window 1"]


def test_the_prediction_is_drawn_where_the_window_is_masked_and_nowhere_else():
    display = small_display(sampling_rate=4)
    for i, (ax, line) in enumerate(zip(display.axes_, display.predictions_, strict=True)):
        assert {ax} == {line.axes, display.lines_[i].axes, display.spans_[i].axes}
        shaded = [path.vertices[:, 0] for path in display.spans_[i].get_paths()]
        assert [(times.min(), times.max()) for times in shaded] == SPANS[i]
        drawn = line.get_ydata()
        np.testing.assert_array_equal(np.isfinite(drawn), MASK[i])
        np.testing.assert_array_equal(drawn[MASK[i]], display.reconstruction[i][MASK[i]])
        np.testing.assert_array_equal(line.get_xdata(), np.arange(8) / 4)
        np.testing.assert_array_equal(display.lines_[i].get_xdata(), np.arange(8) / 4)
        np.testing.assert_array_equal(display.lines_[i].get_ydata(), display.signal[i])
    alone, together = display.predictions_
    assert list(alone.get_markevery()) == [4, 7], "a masked sample alone makes no line"
    assert together.get_marker() == "None"


def test_errors_are_those_of_masked_samples():
    display = small_display(reconstruction=np.where(MASK, np.arange(16.0).reshape(2, 8) + 2, 99))
    np.testing.assert_allclose(display.masked_error_, [4, 4])
    np.testing.assert_allclose(display.zero_error_, [(0 + 1 + 16 + 49) / 4, (100 + 121 + 144) / 3])
    assert display.axes_[0].get_title(loc="left") == (
        "window 0: masked error 4 (predicting zero: 16.5)"
    )
