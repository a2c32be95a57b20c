"""The displays of results: label fractions, protocols, studies."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sklearn_ecgssl.evaluation import confidence_interval
from sklearn_ecgssl.plotting import LabelFractionDisplay, ProtocolDisplay, StudyDisplay

DISPLAYS = {
    "fraction": (LabelFractionDisplay, [1.0, 0.01, 0.1]),
    "protocol": (ProtocolDisplay, ["subjects", "windows", "recordings"]),
    "setting": (StudyDisplay, ["block1", "block2", "all"]),
}


@pytest.fixture(params=list(DISPLAYS))
def column(request):
    return request.param


@pytest.fixture
def table(folds, column):
    return folds(**{column: DISPLAYS[column][1]})


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1"])
def test_holds_mean_and_interval(table, column, metric):
    display = DISPLAYS[column][0].from_results(table, metric=metric)
    assert set(display.scores) == {"ssl", "hrv", "majority class"}
    for name, scores in display.scores.items():
        for x, mean, half_width in zip(scores.x, scores.mean, scores.half_width, strict=True):
            rows = table[(table["estimator"] == name) & (table[column] == x)]
            assert (mean, half_width) == pytest.approx(confidence_interval(rows[metric]))


def test_estimators_are_drawn_and_the_baseline_is_a_reference(table, column):
    display = DISPLAYS[column][0].from_results(table)
    assert list(display.lines_) == list(display.intervals_) == ["ssl", "hrv"]
    for name, line in display.lines_.items():
        np.testing.assert_array_equal(line.get_ydata(), display.scores[name].mean)
    assert display.lines_["ssl"].get_color() != display.lines_["hrv"].get_color()
    assert display.baseline_.get_linestyle() == "--"
    heights = set(display.baseline_.get_ydata())
    assert heights == set(display.scores["majority class"].mean)
    texts = [text.get_text() for text in display.legend_.get_texts()]
    assert texts == ["ssl", "hrv", "majority class"]
    assert display.legend_.get_title().get_text() == "95 % CI over folds"


def test_reads_results_objects(table, column):
    class Results:
        def folds(self):
            return table

    from_object, from_table = (DISPLAYS[column][0].from_results(r) for r in (Results(), table))
    np.testing.assert_array_equal(from_object.scores["ssl"].mean, from_table.scores["ssl"].mean)


def test_one_fold_has_no_interval(folds, column):
    cls, values = DISPLAYS[column]
    display = cls.from_results(folds(n_folds=1, **{column: values}))
    assert display.intervals_ == {}
    assert display.legend_.get_title().get_text() == ""
    assert len(display.lines_["ssl"].get_ydata()) == 3


def test_names_the_metric(table, column):
    cls = DISPLAYS[column][0]
    assert cls.from_results(table).ax_.get_ylabel() == "balanced accuracy"
    assert cls.from_results(table, metric="macro_f1").ax_.get_ylabel() == "macro F1"


def test_on_given_axes(table, column):
    figure = Figure()
    ax = figure.subplots()
    display = DISPLAYS[column][0].from_results(table, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.plot(Figure().subplots()) is display


def test_the_baseline_alone_is_an_estimator(folds, column):
    cls, values = DISPLAYS[column]
    display = cls.from_results(folds(estimator=["majority class"], **{column: values}))
    assert list(display.lines_) == ["majority class"]
    assert display.baseline_ is None


def test_what_was_not_measured_is_left_out(table, column):
    cls, values = DISPLAYS[column]
    partly = table[~((table["estimator"] == "hrv") & (table[column] == values[0]))]
    display = cls.from_results(partly)
    assert len(display.scores["ssl"].x) == 3
    assert set(display.scores["hrv"].x) == set(values[1:])


def test_ten_estimators_look_different(folds, column):
    cls, values = DISPLAYS[column]
    names = [f"estimator {i}" for i in range(10)]
    lines = cls.from_results(folds(estimator=names, **{column: values})).lines_.values()
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines}
    assert len(looks) == (7 if column == "setting" else 10)


def test_bad_results(table, column):
    cls = DISPLAYS[column][0]
    with pytest.raises(ValueError, match="no column 'f1'.*'accuracy'"):
        cls.from_results(table, metric="f1")
    with pytest.raises(ValueError, match=f"no column '{column}'"):
        cls.from_results(table.drop(columns=column))
    with pytest.raises(ValueError, match="results are empty"):
        cls.from_results(table[:0])
    with pytest.raises(TypeError, match="method folds\\(\\), or a pandas DataFrame.*got list"):
        cls.from_results([1, 2])


@pytest.mark.parametrize(("column", "other"), list(itertools.permutations(DISPLAYS, 2)))
def test_what_must_not_be_averaged_is_refused(folds, column, other):
    cls, values = DISPLAYS[column]
    with pytest.raises(ValueError, match=f"mix several values of '{other}'.*one at a time"):
        cls.from_results(folds(**{column: values, other: DISPLAYS[other][1]}))
    one = DISPLAYS[other][1][:1]
    assert cls.from_results(folds(**{column: values, other: one})).lines_


def test_fractions_are_percent_on_a_log_axis(folds):
    table = folds(fraction=[1.0, 0.01, 0.1], protocol=["subjects"])
    display = LabelFractionDisplay.from_results(table)
    np.testing.assert_array_equal(display.lines_["ssl"].get_xdata(), [0.01, 0.1, 1])
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_xlabel() == "labels used (%)"
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == ["1", "10", "100"]
    assert display.ax_.get_title() == "Score against labels, unseen subjects"


def test_fractions_are_not_percent(folds):
    with pytest.raises(ValueError, match=r"lie in \(0, 1\]"):
        LabelFractionDisplay.from_results(folds(fraction=[1, 10, 100]))


def test_bands_are_the_intervals(folds):
    display = LabelFractionDisplay.from_results(folds(fraction=[0.1, 1.0]))
    corners = display.intervals_["ssl"].get_paths()[0].vertices
    heights = corners[corners[:, 0] == 0.1][:, 1]
    width = 2 * display.scores["ssl"].half_width[0]
    assert heights.max() - heights.min() == pytest.approx(width)


def test_protocols_stand_in_their_order(folds):
    table = folds(protocol=["own", "subjects", "windows", "recordings"])
    display = ProtocolDisplay.from_results(table)
    assert display.protocols == ["windows", "recordings", "subjects", "own"]
    ticks = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert ticks == ["shuffled\nwindows", "whole\nrecordings", "unseen\nsubjects", "own"]
    places = [line.get_xdata().round().tolist() for line in display.lines_.values()]
    assert places == [[0, 1, 2, 3]] * 2


def test_estimators_stand_side_by_side(folds):
    lines = ProtocolDisplay.from_results(folds(protocol=["windows", "subjects"])).lines_
    assert (lines["ssl"].get_xdata() < lines["hrv"].get_xdata()).all()


def test_error_bars_are_the_intervals(folds):
    display = ProtocolDisplay.from_results(folds(protocol=["windows", "subjects"]))
    (low, high) = display.intervals_["ssl"].get_segments()[0][:, 1]
    assert high - low == pytest.approx(2 * display.scores["ssl"].half_width[0])


def test_numeric_settings_are_a_line(folds):
    display = StudyDisplay.from_results(folds(setting=[25, 5, 15]), x="SNR (dB)")
    assert display.settings == [5, 15, 25]
    np.testing.assert_array_equal(display.lines_["ssl"].get_xdata(), [5, 15, 25])
    assert display.lines_["ssl"].get_linestyle() == "-"
    assert list(display.ax_.get_xticks()) == [5, 15, 25]
    assert display.ax_.get_xlabel() == "SNR (dB)"
    assert display.ax_.get_title() == "Score by SNR"


def test_numbers_without_room_are_not_all_written(folds):
    display = StudyDisplay.from_results(folds(setting=[0.001, 0.01, 1.0]))
    assert list(display.ax_.get_xticks()) != [0.001, 0.01, 1.0]


@pytest.mark.parametrize("settings", [["b", "c", "a"], [1, "drop", 2]])
def test_named_settings_are_points_in_the_order_given(folds, settings):
    display = StudyDisplay.from_results(folds(setting=settings))
    assert display.settings == settings
    assert display.lines_["ssl"].get_linestyle() == "None"
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == [str(s) for s in settings]


def test_long_names_stand_on_the_vertical_axis_from_top_to_bottom(folds):
    settings = ["all tasks", "without the time-warping task", "without noise"]
    display = StudyDisplay.from_results(folds(setting=settings), x="tasks")
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == settings
    assert display.ax_.get_ylabel() == "tasks"
    assert display.ax_.get_xlabel() == "balanced accuracy"
    assert display.ax_.yaxis_inverted()
    np.testing.assert_array_equal(display.lines_["ssl"].get_xdata(), display.scores["ssl"].mean)
    assert (display.lines_["ssl"].get_ydata() < display.lines_["hrv"].get_ydata()).all()
    (low, high) = display.intervals_["ssl"].get_segments()[0][:, 0]
    assert high - low == pytest.approx(2 * display.scores["ssl"].half_width[0])


def test_the_axis_of_a_score_ends_at_0_and_1(folds, column):
    cls, values = DISPLAYS[column]
    table = folds(n_folds=2, **{column: values})
    table["accuracy"] = np.where(table["fold"] == 0, 0.1, 1.0)
    table["seconds"] = 100 * table["accuracy"]
    display = cls.from_results(table, metric="accuracy")
    assert (display.scores["ssl"].mean + display.scores["ssl"].half_width > 2).all()
    low, high = display.ax_.get_ylim()
    assert -0.05 < low <= 0
    assert 1 <= high < 1.05
    assert cls.from_results(table, metric="seconds").ax_.get_ylim()[1] > 200
    narrow = table.assign(accuracy=0.6 + 0.01 * table["fold"])
    low, high = cls.from_results(narrow, metric="accuracy").ax_.get_ylim()
    assert 0.3 < low < high < 0.8  # the axis is cut, not stretched


def test_the_lying_axis_of_a_score_ends_at_1(folds):
    table = folds(n_folds=2, setting=["all but the first", "the first alone"])
    table["noise_accuracy"] = np.where(table["fold"] == 0, 0.1, 1.0)
    display = StudyDisplay.from_results(table, metric="noise_accuracy")
    assert 1 <= display.ax_.get_xlim()[1] < 1.05
    assert display.ax_.get_ylim() == (1.5, -0.5)


def test_what_is_drawn_later_widens_the_axis(folds):
    table = folds(n_folds=2, protocol=["windows", "subjects"])
    low = table.assign(accuracy=0.1 * table["fold"])
    table["accuracy"] = np.where(table["fold"] == 0, 0.9, 1.0)
    ax = ProtocolDisplay.from_results(table, metric="accuracy").ax_
    assert ax.get_ylim()[0] > 0.05
    ProtocolDisplay.from_results(low, metric="accuracy", ax=ax)
    assert ax.get_ylim()[0] < 0


def test_an_estimator_without_the_score_is_left_out(table, column):
    cls = DISPLAYS[column][0]
    table["noise_accuracy"] = table["accuracy"].where(table["estimator"] == "ssl")
    display = cls.from_results(table, metric="noise_accuracy")
    assert list(display.scores) == list(display.lines_) == ["ssl"]
    with pytest.raises(ValueError, match="no 'noise_accuracy' of any fold"):
        cls.from_results(table[table["estimator"] == "hrv"], metric="noise_accuracy")


def test_missing_scores_are_left_out_of_the_mean():
    table = pd.DataFrame(
        {"estimator": "ssl", "setting": "a", "fold": [0, 1, 2], "accuracy": [0.4, 0.6, np.nan]}
    )
    display = StudyDisplay.from_results(table, metric="accuracy")
    np.testing.assert_allclose(display.scores["ssl"].mean, [0.5])
