import numpy as np
import pytest

from sklearn_ecgssl.plotting import PretextHistoryDisplay
from tests.tiny import tiny_masked, tiny_pretrainer


def fitted(n_epochs, loss=0.5, tasks=("original", "noise"), part="train"):
    """A pretrainer with a history that is known; without tasks, a masked one."""
    made = tiny_pretrainer() if tasks else tiny_masked()
    made.history_ = [
        {"epoch": epoch, f"{part}_loss": loss / epoch}
        | {f"{part}_{task}_loss": loss / epoch for task in tasks}
        | {f"{part}_{task}_accuracy": 1 - loss / epoch for task in tasks}
        for epoch in range(1, n_epochs + 1)
    ]
    return made


@pytest.mark.parametrize(
    ("part", "of"), [("train", "training windows"), ("valid", "held-out windows")]
)
def test_holds_and_draws_each_tasks_history(part, of):
    display = PretextHistoryDisplay.from_estimator(fitted(2, part=part), part=part)
    assert list(display.loss) == list(display.accuracy) == ["original", "noise"]
    for lines, table, expected in [
        (display.lines_[0], display.loss, [0.5, 0.25]),
        (display.lines_[1], display.accuracy, [0.5, 0.75]),
    ]:
        np.testing.assert_array_equal(table["noise"], [expected])
        np.testing.assert_array_equal(lines["noise"].get_ydata(), expected)
        np.testing.assert_array_equal(lines["noise"].get_xdata(), [1, 2])
    assert [ax.get_title() for ax in display.axes_] == [f"Loss, {of}", f"Accuracy, {of}"]
    assert display.constant_line_.get_ydata()[0] == 1 - 1 / 2
    texts = [text.get_text() for text in display.legend_.get_texts()]
    assert texts == ["original", "noise", "constant answer (0.500)"]
    assert display.legend_.get_title().get_text() == ""
    assert display.bands_ == [{}, {}]


def test_several_fits_give_mean_and_spread():
    losses = [0.2, 0.3, 0.7]
    display = PretextHistoryDisplay.from_estimator([fitted(2, loss) for loss in losses])
    np.testing.assert_allclose(display.lines_[0]["noise"].get_ydata(), [0.4, 0.2])
    band = display.bands_[0]["noise"].get_paths()[0].vertices
    at_first = band[band[:, 0] == 1][:, 1]
    assert np.ptp(at_first) == pytest.approx(2 * np.std(losses, ddof=1))
    assert display.legend_.get_title().get_text() == "mean ± SD of 3 fits"


def test_bands_stay_where_losses_and_accuracies_can_be():
    display = PretextHistoryDisplay.from_estimator([fitted(2, loss) for loss in (0.0, 0.9)])
    for bands, highest in zip(display.bands_, [np.inf, 1], strict=True):
        heights = bands["noise"].get_paths()[0].vertices[:, 1]
        assert 0 <= heights.min() < heights.max() <= highest


@pytest.mark.filterwarnings("error")
def test_fits_that_stopped_early_are_left_out_of_later_epochs():
    display = PretextHistoryDisplay.from_estimator([fitted(1, 0.2), fitted(3, 0.4)])
    np.testing.assert_array_equal(np.isnan(display.loss["noise"]), [[0, 1, 1], [0, 0, 0]])
    np.testing.assert_allclose(display.lines_[0]["noise"].get_ydata(), [0.3, 0.2, 0.4 / 3])


def test_without_tasks_the_loss_is_drawn_alone():
    display = PretextHistoryDisplay.from_estimator(fitted(2, tasks=()))
    assert [list(lines) for lines in display.lines_] == [["loss"]]
    np.testing.assert_array_equal(display.lines_[0]["loss"].get_ydata(), [0.5, 0.25])
    assert display.constant_line_ is None
    assert display.legend_ is None


@pytest.mark.parametrize(("n_epochs", "part"), [(0, "train"), (2, "valid")])
def test_no_history_of_the_part(n_epochs, part):
    with pytest.raises(ValueError, match=f"no {part}_loss.*validation_fraction"):
        PretextHistoryDisplay.from_estimator([fitted(n_epochs)], part=part)


def test_a_constant_answer_is_right_in_half_of_the_pairs(fitted_comparing):
    display = PretextHistoryDisplay.from_estimator(fitted_comparing)
    assert list(display.accuracy) == ["tempo", "irregularity", "variation"]
    assert display.constant_line_.get_ydata()[0] == 0.5
    assert display.axes_[0].get_ylabel() == "loss"
