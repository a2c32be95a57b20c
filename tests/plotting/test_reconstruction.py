import numpy as np
import pytest

from sklearn_ecgssl.plotting import ReconstructionDisplay
from tests.tiny import tiny_masked, waves

WINDOWS, _ = waves(n_windows=6, n_times=128)
MASK = np.zeros((2, 8), dtype=bool)
MASK[0, [0, 1, 4, 7]] = True
MASK[1, 2:5] = True


@pytest.fixture(scope="module")
def pretrainer():
    return tiny_masked(max_epochs=1).fit(WINDOWS)


def small_display(**params):
    """Two windows of eight samples with masks that are known, drawn."""
    signal = np.arange(16.0).reshape(2, 8)
    parts = {"signal": signal, "mask": MASK, "reconstruction": signal + 2}
    return ReconstructionDisplay(**{**parts, **params}).plot()


def drawn_spans(display, i):
    """Start and end, in seconds, of the shaded spans of a window."""
    x = [path.vertices[:, 0] for path in display.spans_[i].get_paths()]
    return [(one.min(), one.max()) for one in x]


def test_holds_what_the_pretrainer_predicts(pretrainer):
    display = ReconstructionDisplay.from_estimator(pretrainer, WINDOWS)
    expected = pretrainer.reconstruct(WINDOWS[:3])
    np.testing.assert_array_equal(display.signal, WINDOWS[:3])
    np.testing.assert_array_equal(display.mask, expected.mask)
    np.testing.assert_array_equal(display.reconstruction, expected.reconstruction)
    assert display.sampling_rate == 128
    other = ReconstructionDisplay.from_estimator(pretrainer, WINDOWS[:2], random_state=1)
    assert other.mask.shape == (2, 128)
    assert (display.mask[:2] != other.mask).any()


@pytest.mark.parametrize(
    "X",
    [WINDOWS, [WINDOWS[:2], WINDOWS[2:]], WINDOWS.reshape(2, 3, 128)],
    ids=["2-D", "list", "3-D"],
)
def test_chosen_windows_are_counted_over_all_recordings(pretrainer, X):
    display = ReconstructionDisplay.from_estimator(pretrainer, X, windows=[4, 1])
    np.testing.assert_array_equal(display.signal, WINDOWS[[4, 1]])
    titles = [ax.get_title(loc="left").split(":")[0] for ax in display.axes_]
    assert titles == ["window 4", "window 1"]


def test_bad_windows(pretrainer):
    with pytest.raises(IndexError, match="index 6 is out of bounds"):
        ReconstructionDisplay.from_estimator(pretrainer, WINDOWS, windows=[6])
    with pytest.raises(ValueError, match="expecting 128 features"):
        ReconstructionDisplay.from_estimator(pretrainer, WINDOWS[:, :100])


def test_the_prediction_is_drawn_where_the_window_is_masked_and_nowhere_else():
    display = small_display(sampling_rate=4)
    for i, (ax, line) in enumerate(zip(display.axes_, display.predictions_, strict=True)):
        assert {ax} == {line.axes, display.lines_[i].axes, display.spans_[i].axes}
        drawn = line.get_ydata()
        np.testing.assert_array_equal(np.isfinite(drawn), MASK[i])
        np.testing.assert_array_equal(drawn[MASK[i]], display.reconstruction[i][MASK[i]])
        np.testing.assert_array_equal(line.get_xdata(), np.arange(8) / 4)
        np.testing.assert_array_equal(display.lines_[i].get_xdata(), np.arange(8) / 4)
        np.testing.assert_array_equal(display.lines_[i].get_ydata(), display.signal[i])


def test_a_masked_sample_alone_gets_a_dot():
    alone, together = small_display().predictions_
    assert list(alone.get_markevery()) == [4, 7]
    assert alone.get_marker() == "."
    assert together.get_marker() == "None", "else the legend shows a dot that is not there"


def test_the_shaded_spans_are_those_of_the_mask():
    display = small_display(sampling_rate=2)
    assert drawn_spans(display, 0) == [(-0.25, 0.75), (1.75, 2.25), (3.25, 3.75)]
    assert drawn_spans(display, 1) == [(0.75, 2.25)]


def test_spans_fill_the_height_and_leave_the_scale_to_the_signal():
    display = small_display(signal=100 + np.zeros((2, 8)), reconstruction=np.full((2, 8), 101.0))
    for span, ax in zip(display.spans_, display.axes_, strict=True):
        corners = span.get_paths()[0].vertices
        drawn = span.get_transform().transform(corners)[:, 1]
        assert (drawn.min(), drawn.max()) == pytest.approx(tuple(ax.bbox.intervaly))
        assert ax.get_ylim()[0] > 90


def test_errors_are_those_of_masked_samples():
    display = small_display(reconstruction=np.where(MASK, np.arange(16.0).reshape(2, 8) + 2, 99))
    np.testing.assert_allclose(display.masked_error_, [4, 4])
    np.testing.assert_allclose(display.zero_error_, [(0 + 1 + 16 + 49) / 4, (100 + 121 + 144) / 3])
    assert display.axes_[0].get_title(loc="left") == (
        "window 0: masked error 4 (predicting zero: 16.5)"
    )
