import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sklearn_ecgssl.evaluation import EvaluationResults
from sklearn_ecgssl.plotting import ScoreDisplay

#: Scores, of which the second alone has a chance that is known.
CHANCES = ["accuracy", "auc_pooled", "brier"]
PROTOCOLS = ["windows", "recordings", "subjects"]


def table_of(n_folds=4, **columns):
    """A table of scores as `EvaluationResults.table` gives it: `table_of(protocol=[...])`."""
    columns = {
        "estimator": ["ssl", "hrv", "majority class"],
        "protocol": ["subjects"],
        **columns,
    }
    table = pd.DataFrame(list(itertools.product(*columns.values())), columns=list(columns))
    table["n_folds"] = n_folds
    rng = np.random.default_rng(0)
    for metric in ("accuracy", "balanced_accuracy", "macro_f1"):
        table[metric] = rng.uniform(0.4, 0.9, len(table))
        table[f"{metric}_ci"] = rng.uniform(0.01, 0.05, len(table)) if n_folds > 1 else np.nan
    table["fit_seconds"] = rng.uniform(10, 100, len(table))
    return table


def drawn(display, estimator, panel=0):
    """x, mean, and lower and upper end of the interval of each point of an estimator."""
    line, _, (bars,) = display.containers_[panel][estimator]
    x, mean = line.get_data()
    low, high = np.array([bar[:, 1] for bar in bars.get_segments()]).T
    return [np.asarray(values, dtype=float) for values in (x, mean, low, high)]


def on_screen(display):
    """Horizontal pixel of each marker, by estimator."""
    display.figure_.draw_without_rendering()
    return {
        name: container[0].get_transform().transform(container[0].get_xydata())[:, 0]
        for name, container in display.containers_[0].items()
    }


def texts_of(things):
    return [text.get_text() for text in things]


@pytest.mark.parametrize(
    ("x", "values", "metric", "label"),
    [
        ("protocol", PROTOCOLS, "balanced_accuracy", "balanced accuracy"),
        ("label_fraction", [0.01, 0.1, 1.0], "macro_f1", "macro F1"),
        ("layer", ["block1", "block2", "all"], "accuracy", "accuracy"),
    ],
)
def test_draws_mean_and_interval(x, values, metric, label, tmp_path):
    table = table_of(**{x: values})
    table.to_csv(tmp_path / "table.csv", index=False)
    for read in table, pd.read_csv(tmp_path / "table.csv"):
        display = ScoreDisplay(read, metric=metric).plot()
        assert display.x == x
        for name in ("ssl", "hrv", "majority class"):
            rows = table[table["estimator"] == name]
            _, mean, low, high = drawn(display, name)
            np.testing.assert_allclose(mean, rows[metric])
            np.testing.assert_allclose(high - mean, rows[f"{metric}_ci"])
            np.testing.assert_allclose(mean - low, rows[f"{metric}_ci"])
    assert display.ax_.get_ylabel() == label
    assert texts_of(display.legend_.get_texts()) == ["ssl", "hrv", "majority class"]
    assert display.legend_.get_title().get_text() == "95 % CI over folds"


def results_of(error=""):
    """One fold of four windows of three classes."""
    keys = {"estimator": "svm", "protocol": "subjects", "svc__C": 1.0, "fold": 0}
    labels = {"target": ["a", "b", "c", "c"], "predicted": ["a", "b", "a", "c"]}
    scores = {f"score_{name}": [float(name == one) for one in "abac"] for name in "abc"}
    rows = keys | {"subject": "Ann"} | labels | scores
    fits = [keys | {"error": error, "fit_seconds": 1.0, "scored_by": "predict_proba"}]
    return EvaluationResults(pd.DataFrame(rows)[: 0 if error else 4], pd.DataFrame(fits), {})


def test_reads_results():
    ax = Figure().subplots()
    display = ScoreDisplay.from_results(results_of(), x="svc__C", ax=ax)
    assert list(display.axes_) == [ax]
    assert ax.get_xlabel() == "C"
    assert drawn(display, "svm")[1] == pytest.approx((1 + 1 + 0.5) / 3)
    assert display.chance == pytest.approx(1 / 3)
    assert any(np.all(np.array(line.get_ydata()) == display.chance) for line in ax.lines)
    assert "chance" in texts_of(display.legend_.get_texts())
    chances = [ScoreDisplay.from_results(results_of(), metric=m).chance for m in CHANCES]
    assert chances == [None, 0.5, None]
    with pytest.raises(ValueError, match="No fit succeeded"):
        ScoreDisplay.from_results(results_of(error="no beats"))


@pytest.mark.parametrize(
    ("x", "values", "shown", "title", "n_estimators"),
    [
        (
            "protocol",
            [*PROTOCOLS, "own"],
            ["shuffled\nwindows", "whole\nrecordings", "unseen\nsubjects", "own"],
            "Balanced accuracy by protocol",
            2,
        ),
        ("layer", ["b", "c", "a"], ["b", "c", "a"], "Unseen subjects", 16),
    ],
)
def test_names_are_points_side_by_side_in_the_order_of_the_table(
    x, values, shown, title, n_estimators
):
    names = [f"estimator {i}" for i in range(n_estimators)]
    display = ScoreDisplay(table_of(estimator=names, **{x: values})).plot()
    assert texts_of(display.ax_.get_xticklabels()) == shown
    assert display.ax_.get_title() == title
    assert drawn(display, names[0])[0].tolist() == list(range(len(values)))
    assert display.containers_[0][names[0]][0].get_linestyle() == "None"
    places = on_screen(display)
    assert (places[names[0]] < places[names[-1]]).all()
    assert (places[names[-1]][:-1] < places[names[0]][1:]).all()


@pytest.mark.parametrize(
    ("column", "values", "scale", "label"),
    [
        ("noise__snr_db", [25, 5, 15], "linear", "SNR (dB)"),
        ("label_fraction", [1.0, 0.1, 0.5], "log", "labels used (%)"),
        ("learning_rate", [1e-4, 1e-2], "log", "learning rate"),
        ("learning_rate", [0, 100], "linear", "learning rate"),
        ("n", list(range(1, 30)), "linear", "n"),
    ],
)
def test_numbers_are_lines_whose_intervals_stand_beside_each_other(column, values, scale, label):
    display = ScoreDisplay(table_of(**{column: values})).plot()
    numbers = np.sort(values) * (100 if column == "label_fraction" else 1)
    np.testing.assert_allclose(drawn(display, "ssl")[0], numbers)
    assert display.ax_.get_xscale() == scale
    written = texts_of(display.ax_.get_xticklabels())
    assert (written == [f"{number:g}" for number in numbers]) == (len(numbers) < 29), "or some"
    assert display.ax_.get_xlabel() == label
    assert display.containers_[0]["ssl"][0].get_linestyle() == "-"
    places = on_screen(display)
    assert (np.diff([places["ssl"], places["hrv"]], axis=0) > 1).all()


def test_each_protocol_has_a_panel():
    table = table_of(protocol=PROTOCOLS, label_fraction=[0.1, 1.0])
    display = ScoreDisplay(table).plot()
    titles = [ax.get_title() for ax in display.axes_]
    assert titles == ["Shuffled windows", "Whole recordings", "Unseen subjects"]
    for panel, protocol in enumerate(PROTOCOLS):
        rows = table[(table["protocol"] == protocol) & (table["estimator"] == "hrv")]
        np.testing.assert_allclose(drawn(display, "hrv", panel)[1], rows["balanced_accuracy"])
    assert len({ax.get_ylim() for ax in display.axes_}) == 1
    assert [ax.get_legend() is None for ax in display.axes_] == [True, True, False]


def test_baselines_are_gray_and_estimators_are_not():
    names = ["majority class", "heart rate", *(f"estimator {i}" for i in range(10))]
    display = ScoreDisplay(table_of(estimator=names, noise__snr_db=[5, 15])).plot()
    lines = {name: container[0] for name, container in display.containers_[0].items()}
    colors = {name: line.get_color() for name, line in lines.items()}
    assert [name for name in names if colors[name] == "0.55"] == names[:2]
    assert len({(colors[name], line.get_marker()) for name, line in lines.items()}) == 12


def test_intervals_of_accuracies_stay_between_0_and_1_and_in_the_axes():
    table = table_of(noise__snr_db=[5, 15])
    table["accuracy_ci"] = 0.7
    table["pretext_loss"], table["pretext_loss_ci"] = 3.0, 2.0
    display = ScoreDisplay(table, metric="accuracy").plot()
    for name in display.containers_[0]:
        _, mean, low, high = drawn(display, name)
        np.testing.assert_allclose(low, np.maximum(mean - 0.7, 0))
        np.testing.assert_allclose(high, np.minimum(mean + 0.7, 1))
    bottom, top = display.ax_.get_ylim()
    assert bottom < 0 < 1 < top
    loss = ScoreDisplay(table, metric="pretext_loss").plot()
    assert set(drawn(loss, "ssl")[3]) == {5}
    assert loss.ax_.get_ylim()[1] > 5


def test_a_score_without_intervals_of_its_own():
    table = table_of(noise__snr_db=[5, 15]).assign(auc_pooled=0.8, auc_within=0.9)
    table["auc_within_ci"] = 0.2
    for read in table, table[["estimator", "protocol", "noise__snr_db", "auc_pooled"]]:
        display = ScoreDisplay(read, metric="auc_pooled").plot()
        assert display.x == "noise__snr_db"
        _, mean, low, high = drawn(display, "ssl")
        np.testing.assert_array_equal([low, high], [mean, mean])
        assert display.legend_.get_title().get_text() == ""
    within = ScoreDisplay(table, metric="auc_within").plot()
    assert drawn(within, "ssl")[3].tolist() == [1, 1]
    assert within.legend_.get_title().get_text() == "95 % CI over people"
    assert within.ax_.get_ylabel() == "AUC within a person"


def test_one_fold_has_no_interval():
    display = ScoreDisplay(table_of(n_folds=1, noise__snr_db=[5, 15])).plot()
    assert display.legend_.get_title().get_text() == ""
    _, mean, low, high = drawn(display, "ssl")
    np.testing.assert_array_equal([low, high], [mean, mean])


def test_what_was_not_measured_is_left_out():
    table = table_of(protocol=PROTOCOLS, layer=["block1", "all"])
    table.loc[table["estimator"] == "majority class", "accuracy"] = np.nan
    partly = table[(table["estimator"] == "ssl") | (table["protocol"] != "windows")]
    display = ScoreDisplay(partly, metric="accuracy").plot()
    assert texts_of(display.legend_.get_texts()) == ["ssl", "hrv"]
    in_panels = [list(containers) for containers in display.containers_]
    assert in_panels == [["ssl"], ["ssl", "hrv"], ["ssl", "hrv"]]


def test_bad_tables():
    table = table_of(layer=["block1", "all"], label_fraction=[0.1, 1.0])
    with pytest.raises(ValueError, match="several values of 'label_fraction'.*x='label_fraction'"):
        ScoreDisplay(table)
    assert ScoreDisplay(table[table["label_fraction"] == 1.0]).x == "layer"
    with pytest.raises(ValueError, match="several values of 'layer'"):
        ScoreDisplay(table, x="label_fraction")
    with pytest.raises(ValueError, match="'accuracy' is NaN in all rows"):
        ScoreDisplay(table_of().assign(accuracy=np.nan), metric="accuracy")
    with pytest.raises(ValueError, match="no column 'f1'.*'accuracy'"):
        ScoreDisplay(table_of(), metric="f1")
