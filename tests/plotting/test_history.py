import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.plotting import PretextHistoryDisplay
from tests.tiny import tiny_embedder, tiny_pretrainer


def history(n_epochs, loss=0.5, tasks=("original", "noise"), part="train"):
    epochs = range(1, n_epochs + 1)
    return [
        {"epoch": epoch, f"{part}_loss": loss}
        | {f"{part}_{task}_loss": loss / epoch for task in tasks}
        | {f"{part}_{task}_accuracy": 1 - loss / epoch for task in tasks}
        for epoch in epochs
    ]


@pytest.fixture(scope="module")
def windows():
    return np.random.default_rng(0).normal(size=(9, 64)).astype(np.float32)


@pytest.fixture(scope="module")
def pretrainer(windows):
    return tiny_pretrainer(max_epochs=3, validation_fraction=0.3).fit(windows)


@pytest.mark.parametrize("part", ["train", "valid"])
def test_holds_each_tasks_history(pretrainer, part):
    display = PretextHistoryDisplay.from_estimator(pretrainer, part=part)
    assert list(display.loss) == list(display.accuracy) == pretrainer.task_names_
    expected = [[epoch[f"{part}_noise_loss"] for epoch in pretrainer.history_]]
    np.testing.assert_array_equal(display.loss["noise"], expected)
    np.testing.assert_array_equal(display.lines_[0]["noise"].get_ydata(), expected[0])
    np.testing.assert_array_equal(display.lines_[1]["noise"].get_xdata(), [1, 2, 3])


def test_axes_say_what_they_show(pretrainer):
    loss, accuracy = PretextHistoryDisplay.from_estimator(pretrainer, part="valid").axes_
    assert loss.get_title() == "Loss, held-out windows"
    assert accuracy.get_title() == "Accuracy, held-out windows"
    assert loss.get_xlabel() == accuracy.get_xlabel() == "epoch"
    assert loss.get_ylabel() == "loss (cross-entropy)"


def test_constant_answer_is_drawn(pretrainer):
    display = PretextHistoryDisplay.from_estimator(pretrainer)
    assert display.constant_line_.get_ydata()[0] == 1 - 1 / 7
    assert display.constant_line_.get_linestyle() == ":"
    texts = [text.get_text() for text in display.legend_.get_texts()]
    assert texts == [*pretrainer.task_names_, "constant answer (0.857)"]


def test_several_fits_give_mean_and_spread():
    losses = [0.2, 0.3, 0.7]
    display = PretextHistoryDisplay.from_histories([history(2, loss) for loss in losses])
    np.testing.assert_allclose(display.lines_[0]["noise"].get_ydata(), [0.4, 0.2])
    band = display.bands_[0]["noise"].get_paths()[0].vertices
    at_first = band[band[:, 0] == 1][:, 1]
    assert at_first.max() - at_first.min() == pytest.approx(2 * np.std(losses, ddof=1))
    assert display.legend_.get_title().get_text() == "mean ± SD of 3 fits"


def test_one_fit_has_no_spread():
    display = PretextHistoryDisplay.from_histories(history(2))
    assert display.loss["noise"].shape == (1, 2)
    assert display.bands_ == [{}, {}]
    assert display.legend_.get_title().get_text() == ""


@pytest.mark.filterwarnings("error")
def test_fits_that_stopped_early_are_left_out_of_later_epochs():
    histories = [history(1, 0.2), history(3, 0.4)]
    display = PretextHistoryDisplay.from_histories(histories)
    np.testing.assert_array_equal(np.isnan(display.loss["noise"]), [[0, 1, 1], [0, 0, 0]])
    np.testing.assert_allclose(display.lines_[0]["noise"].get_ydata(), [0.3, 0.2, 0.4 / 3])


def test_a_single_epoch_can_be_seen():
    display = PretextHistoryDisplay.from_histories([history(1)])
    assert display.lines_[0]["noise"].get_marker() == "o"


def test_without_tasks_the_loss_is_drawn_alone():
    display = PretextHistoryDisplay.from_histories([[{"epoch": 1, "train_loss": 0.5}]])
    assert [list(lines) for lines in display.lines_] == [["loss"]]
    assert display.constant_line_ is None


def test_many_tasks_have_lines_of_their_own():
    tasks = [f"task{i}" for i in range(12)]
    lines = PretextHistoryDisplay.from_histories([history(2, tasks=tasks)]).lines_[0].values()
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 12


def test_finds_the_pretrainer(pretrainer, windows):
    embedder = SSLEmbedder(FrozenEstimator(pretrainer)).fit(windows)
    pipe = make_pipeline(FunctionTransformer(), embedder)
    several = [pretrainer, FrozenEstimator(pretrainer), embedder, pipe]
    display = PretextHistoryDisplay.from_estimator(several)
    assert display.loss["noise"].shape == (4, 3)
    assert np.ptp(display.loss["noise"], axis=0).max() == 0


def test_on_given_axes(pretrainer):
    figure = Figure()
    axes = figure.subplots(2)
    display = PretextHistoryDisplay.from_estimator(pretrainer, ax=axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure
    assert display.plot(Figure().subplots(1, 2)) is display


@pytest.mark.parametrize("estimator", [tiny_pretrainer(), tiny_embedder(), SSLEmbedder()])
def test_not_fitted(estimator):
    with pytest.raises(NotFittedError):
        PretextHistoryDisplay.from_estimator(estimator)


def test_no_pretrainer():
    with pytest.raises(TypeError, match="Expected a pretrainer, an SSLEmbedder"):
        PretextHistoryDisplay.from_estimator(FunctionTransformer())


@pytest.mark.parametrize(
    ("histories", "part", "message"),
    [
        ([], "train", "no history"),
        ([history(2), []], "train", "History 1 is empty"),
        ([history(2)], "valid", "no figures on held-out windows.*validation_fraction"),
        ([history(2)], "test", "part must be one of"),
        ([history(2), history(2, tasks=("original", "warp"))], "train", "History 1 has the tasks"),
    ],
)
def test_bad_histories(histories, part, message):
    with pytest.raises(ValueError, match=message):
        PretextHistoryDisplay.from_histories(histories, part=part)
