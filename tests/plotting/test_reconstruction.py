import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.plotting import ReconstructionDisplay
from sklearn_ecgssl.pretext import MaskedPretrainer
from tests.tiny import tiny_pretrainer, waves

WINDOWS, _ = waves(n_windows=6, n_times=128)
MASK = np.zeros((2, 8), dtype=bool)
MASK[0, [0, 1, 4, 7]] = True
MASK[1, 2:5] = True


@pytest.fixture(scope="module")
def pretrainer():
    return MaskedPretrainer(
        filters=(4, 8),
        kernel_sizes=(9, 5),
        feedforward=16,
        max_epochs=1,
        random_state=0,
        precision="float32",
    ).fit(WINDOWS)


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


def test_each_window_has_its_row(pretrainer):
    display = ReconstructionDisplay.from_estimator(pretrainer, WINDOWS, sampling_rate=64)
    assert len(display.axes_) == 3
    for i, ax in enumerate(display.axes_):
        assert {display.lines_[i].axes, display.predictions_[i].axes, display.spans_[i].axes} == {
            ax
        }
        np.testing.assert_array_equal(display.lines_[i].get_ydata(), WINDOWS[i])
        np.testing.assert_array_equal(display.lines_[i].get_xdata(), np.arange(128) / 64)


def test_the_prediction_is_drawn_where_the_window_is_masked_and_nowhere_else():
    display = small_display()
    for i, line in enumerate(display.predictions_):
        drawn = line.get_ydata()
        np.testing.assert_array_equal(np.isfinite(drawn), MASK[i])
        np.testing.assert_array_equal(drawn[MASK[i]], display.reconstruction[i][MASK[i]])
        np.testing.assert_array_equal(line.get_xdata(), display.lines_[i].get_xdata())


def test_a_masked_sample_alone_gets_a_dot():
    alone, together = small_display().predictions_
    assert list(alone.get_markevery()) == [4, 7]
    assert alone.get_marker() == "."
    assert together.get_marker() == "None", "else the legend shows a dot that is not there"


def test_the_shaded_spans_are_those_of_the_mask():
    display = small_display(sampling_rate=1)
    assert drawn_spans(display, 0) == [(-0.5, 1.5), (3.5, 4.5), (6.5, 7.5)]
    assert drawn_spans(display, 1) == [(1.5, 4.5)]


def test_the_shaded_spans_of_a_pretrainer_are_those_of_its_mask(pretrainer):
    display = ReconstructionDisplay.from_estimator(pretrainer, WINDOWS, sampling_rate=64)
    times = np.arange(128) / 64
    for i, mask in enumerate(display.mask):
        shaded = [(start < times) & (times < end) for start, end in drawn_spans(display, i)]
        np.testing.assert_array_equal(np.any(shaded, axis=0), mask)


def test_spans_fill_the_height_and_leave_the_scale_to_the_signal():
    display = small_display()
    for span, ax in zip(display.spans_, display.axes_, strict=True):
        corners = span.get_paths()[0].vertices
        drawn = span.get_transform().transform(corners)[:, 1]
        assert (drawn.min(), drawn.max()) == pytest.approx(tuple(ax.bbox.intervaly))
        assert ax.get_ylim()[1] > 15
    high = small_display(signal=100 + np.zeros((2, 8)), reconstruction=np.full((2, 8), 101.0))
    assert high.axes_[0].get_ylim()[0] > 90


def test_errors_are_those_of_masked_samples():
    display = small_display(reconstruction=np.where(MASK, np.arange(16.0).reshape(2, 8) + 2, 99))
    np.testing.assert_allclose(display.masked_error_, [4, 4])
    np.testing.assert_allclose(display.zero_error_, [(0 + 1 + 16 + 49) / 4, (100 + 121 + 144) / 3])
    assert display.axes_[0].get_title(loc="left") == (
        "window 0: masked error 4 (predicting zero: 16.5)"
    )


def test_axes_say_what_they_show(pretrainer):
    display = ReconstructionDisplay.from_estimator(pretrainer, WINDOWS)
    assert display.sampling_rate == 128
    assert [ax.get_xlabel() for ax in display.axes_] == ["", "", "time (s)"]
    assert {ax.get_ylabel() for ax in display.axes_} == {"amplitude"}
    assert len({ax.get_ylim() for ax in display.axes_}) == 1
    x0, x1 = display.axes_[0].get_xlim()
    assert x0 <= 0
    assert 127 / 128 < x1 < 1.05


def test_one_legend_with_one_entry_each(pretrainer):
    display = ReconstructionDisplay.from_estimator(pretrainer, WINDOWS)
    names = [text.get_text() for text in display.legend_.get_texts()]
    assert names == ["signal", "masked", "prediction"]
    assert [ax.get_legend() is not None for ax in display.axes_] == [True, False, False]


def test_chosen_windows(pretrainer):
    display = ReconstructionDisplay.from_estimator(pretrainer, WINDOWS, windows=[4, 1])
    np.testing.assert_array_equal(display.signal, WINDOWS[[4, 1]])
    titles = [ax.get_title(loc="left").split(":")[0] for ax in display.axes_]
    assert titles == ["window 4", "window 1"]


def test_fewer_windows_than_are_drawn_by_default(pretrainer):
    assert len(ReconstructionDisplay.from_estimator(pretrainer, WINDOWS[:1]).axes_) == 1


@pytest.mark.parametrize(
    "recordings", [[WINDOWS[:2], WINDOWS[2:]], WINDOWS.reshape(2, 3, 128)], ids=["list", "3-D"]
)
def test_windows_of_recordings_are_counted_one_after_the_other(pretrainer, recordings):
    display = ReconstructionDisplay.from_estimator(pretrainer, recordings, windows=[3])
    np.testing.assert_array_equal(display.signal, WINDOWS[[3]])


def test_the_same_seed_draws_the_same(pretrainer):
    displays = [
        ReconstructionDisplay.from_estimator(pretrainer, WINDOWS, random_state=seed)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(displays[0].mask, displays[1].mask)
    np.testing.assert_array_equal(displays[0].reconstruction, displays[1].reconstruction)
    assert (displays[0].mask != displays[2].mask).any()


@pytest.mark.parametrize("frozen", [False, True])
def test_of_a_pipeline_what_its_pretrainer_learnt(pretrainer, frozen):
    inner = FrozenEstimator(pretrainer) if frozen else pretrainer
    pipeline = make_pipeline(FunctionTransformer(), SSLEmbedder(inner), PCA(2)).fit(WINDOWS)
    display = ReconstructionDisplay.from_estimator(pipeline, WINDOWS)
    expected = pretrainer.reconstruct(WINDOWS[:3]).reconstruction
    np.testing.assert_array_equal(display.reconstruction, expected)


def test_on_given_axes():
    figure = Figure()
    axes = figure.subplots(2)
    display = small_display().plot(axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure
    assert len(axes[1].lines) == 2
    assert len(display.lines_) == 2


def test_as_many_axes_as_windows(pretrainer):
    ax = Figure().subplots()
    display = ReconstructionDisplay.from_estimator(pretrainer, WINDOWS, windows=[2], ax=ax)
    assert list(display.axes_) == [ax]
    with pytest.raises(ValueError, match="has 3 panels"):
        ReconstructionDisplay.from_estimator(pretrainer, WINDOWS, ax=ax)


@pytest.mark.parametrize("windows", [[6], [-1], [], np.arange(0), 2, [0.5], "all"], ids=str)
def test_bad_windows(pretrainer, windows):
    with pytest.raises(ValueError, match="windows must be a list of numbers from 0 to 5.*got"):
        ReconstructionDisplay.from_estimator(pretrainer, WINDOWS, windows=windows)


@pytest.mark.parametrize("wrapper", [SSLEmbedder, FrozenEstimator])
def test_a_pretrainer_that_does_not_reconstruct(wrapper):
    embedder = wrapper(tiny_pretrainer().fit(WINDOWS))
    with pytest.raises(TypeError, match="got PretextPretrainer.*Pass a fitted MaskedPretrainer"):
        ReconstructionDisplay.from_estimator(embedder, WINDOWS)


def test_bad_input(pretrainer):
    with pytest.raises(TypeError, match="Expected a pretrainer, an SSLEmbedder.*got PCA"):
        ReconstructionDisplay.from_estimator(PCA(), WINDOWS)
    with pytest.raises(NotFittedError, match="MaskedPretrainer"):
        ReconstructionDisplay.from_estimator(SSLEmbedder(MaskedPretrainer()), WINDOWS)
    with pytest.raises(ValueError, match="expecting 128 features"):
        ReconstructionDisplay.from_estimator(pretrainer, WINDOWS[:, :100])
    with pytest.raises(ValueError, match="sampling_rate must be a positive number in Hz"):
        ReconstructionDisplay.from_estimator(pretrainer, WINDOWS, sampling_rate=0)
