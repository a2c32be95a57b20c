import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_ecgssl.evaluation import compare_protocols
from sklearn_ecgssl.plotting import ScoreDisplay
from sklearn_ecgssl.signal import Segmenter
from tests.tiny import SAMPLING_RATE, ecg_like

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


def on_screen(display, panel=0):
    """Horizontal pixel of each marker, by estimator."""
    display.figure_.draw_without_rendering()
    return {
        name: container[0].get_transform().transform(container[0].get_xydata())[:, 0]
        for name, container in display.containers_[panel].items()
    }


@pytest.mark.parametrize("metric", ["balanced_accuracy", "macro_f1"])
@pytest.mark.parametrize(
    ("x", "values"),
    [
        ("protocol", PROTOCOLS),
        ("label_fraction", [0.01, 0.1, 1.0]),
        ("noise__snr_db", [5, 15, 25]),
        ("layer", ["block1", "block2", "all"]),
    ],
)
def test_draws_mean_and_interval(x, values, metric):
    table = table_of(**{x: values})
    display = ScoreDisplay(table, metric=metric).plot()
    assert display.x == x
    for name in ("ssl", "hrv", "majority class"):
        rows = table[table["estimator"] == name]
        _, mean, low, high = drawn(display, name)
        np.testing.assert_allclose(mean, rows[metric])
        np.testing.assert_allclose(high - mean, rows[f"{metric}_ci"])
        np.testing.assert_allclose(mean - low, rows[f"{metric}_ci"])
    assert display.ax_.get_ylabel() == {"macro_f1": "macro F1"}.get(metric, "balanced accuracy")
    texts = [text.get_text() for text in display.legend_.get_texts()]
    assert texts == ["ssl", "hrv", "majority class"]
    assert display.legend_.get_title().get_text() == "95 % CI over folds"


@pytest.mark.filterwarnings("ignore:.* windows have fewer than 4 usable beats")
def test_reads_results():
    results = compare_protocols(
        {"svm": make_pipeline(StandardScaler(), SVC())},
        *ecg_like(),
        segmenter=Segmenter(SAMPLING_RATE, 1),
        protocols=["windows", "subjects"],
        vary={"svc__C": [0.1, 1.0]},
        n_splits=2,
    )
    axes = Figure().subplots(2)
    display = ScoreDisplay.from_results(results, ax=axes)
    assert list(display.axes_) == list(axes)
    assert display.x == "svc__C"
    assert axes[1].get_title() == "Unseen subjects"
    assert axes[1].get_xlabel() == "C"
    table = results.table()
    rows = table[(table["estimator"] == "svm") & (table["protocol"] == "subjects")]
    np.testing.assert_allclose(drawn(display, "svm", 1)[1], rows["balanced_accuracy"])
    assert display.chance == 0.5
    assert any(np.all(np.array(line.get_ydata()) == 0.5) for line in axes[1].lines)
    assert ScoreDisplay.from_results(results, metric="accuracy").chance is None


def test_protocols_are_named_in_words():
    display = ScoreDisplay(table_of(protocol=[*PROTOCOLS, "own"])).plot()
    ticks = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert ticks == ["shuffled\nwindows", "whole\nrecordings", "unseen\nsubjects", "own"]
    assert display.ax_.get_title() == "Balanced accuracy by protocol"


def test_names_are_points_side_by_side_in_the_order_of_the_table():
    display = ScoreDisplay(table_of(layer=["b", "c", "a"])).plot()
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == ["b", "c", "a"]
    assert drawn(display, "ssl")[0].tolist() == [0, 1, 2]
    assert display.ax_.get_xlim() == (-0.5, 2.5)
    assert display.containers_[0]["ssl"][0].get_linestyle() == "None"
    places = on_screen(display)
    assert (places["ssl"] < places["hrv"]).all()
    assert (places["hrv"][:-1] < places["ssl"][1:]).all()


def test_many_estimators_have_room_for_each_name():
    names = [f"estimator {i}" for i in range(16)]
    display = ScoreDisplay(table_of(estimator=names, protocol=PROTOCOLS)).plot()
    places = on_screen(display)
    assert places[names[-1]][0] < places[names[0]][1]


def test_numbers_are_lines_whose_intervals_stand_beside_each_other():
    display = ScoreDisplay(table_of(noise__snr_db=[25, 5, 15])).plot()
    assert drawn(display, "ssl")[0].tolist() == [5, 15, 25]
    assert display.containers_[0]["ssl"][0].get_linestyle() == "-"
    assert list(display.ax_.get_xticks()) == [5, 15, 25]
    assert display.ax_.get_xlabel() == "SNR (dB)"
    assert display.ax_.get_title() == "Unseen subjects"
    places = on_screen(display)
    assert (np.diff([places["ssl"], places["hrv"]], axis=0) > 1).all()


def test_label_fractions_are_percent_on_a_log_axis():
    display = ScoreDisplay(table_of(label_fraction=[1.0, 0.01, 0.1])).plot()
    assert drawn(display, "ssl")[0].tolist() == [1, 10, 100]
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_xlabel() == "labels used (%)"
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == ["1", "10", "100"]


def test_the_smallest_numbers_decide_about_a_log_axis():
    for values, scale in [([1e-4, 1e-2], "log"), ([0, 100], "linear"), ([1, 20], "linear")]:
        display = ScoreDisplay(table_of(learning_rate=values)).plot()
        assert display.ax_.get_xscale() == scale
    many = ScoreDisplay(table_of(n=list(range(1, 30)))).plot()
    assert len(many.ax_.get_xticks()) < 29


@pytest.mark.parametrize("x", ["label_fraction", "layer"])
def test_each_protocol_has_a_panel(x):
    values = {"label_fraction": [0.1, 1.0], "layer": ["block1", "all"]}[x]
    table = table_of(protocol=PROTOCOLS, **{x: values})
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
    assert colors["majority class"] == colors["heart rate"] == "0.55"
    assert "0.55" not in [colors[name] for name in names[2:]]
    assert lines["heart rate"].get_linestyle() == "--"
    assert lines["heart rate"].get_markerfacecolor() == "white"
    assert len({(colors[name], line.get_marker()) for name, line in lines.items()}) == 12


@pytest.mark.parametrize("x", ["protocol", "noise__snr_db"])
def test_intervals_stay_between_0_and_1_and_in_the_axes(x):
    values = {"protocol": PROTOCOLS, "noise__snr_db": [5, 15]}[x]
    table = table_of(**{x: values})
    table["accuracy_ci"] = 0.7
    display = ScoreDisplay(table, metric="accuracy").plot()
    display.figure_.draw_without_rendering()
    for name in display.containers_[0]:
        _, mean, low, high = drawn(display, name)
        np.testing.assert_allclose(low, np.maximum(mean - 0.7, 0))
        np.testing.assert_allclose(high, np.minimum(mean + 0.7, 1))
    bottom, top = display.ax_.get_ylim()
    assert -0.06 < bottom < 0
    assert 1 < top < 1.06
    (left, right), places = display.ax_.bbox.intervalx, on_screen(display)
    assert all(left < min(at) and max(at) < right for at in places.values())


def test_other_measures_are_not_cut():
    table = table_of(protocol=PROTOCOLS)
    table["pretext_loss"], table["pretext_loss_ci"] = 3.0, 2.0
    display = ScoreDisplay(table, metric="pretext_loss").plot()
    assert drawn(display, "ssl")[3].tolist() == [5, 5, 5]
    assert display.ax_.get_ylim()[1] > 5


def test_one_fold_has_no_interval():
    display = ScoreDisplay(table_of(n_folds=1, noise__snr_db=[5, 15])).plot()
    assert display.legend_.get_title().get_text() == ""
    low, high = display.ax_.get_ylim()
    for container in display.containers_[0].values():
        assert ((low < container[0].get_ydata()) & (container[0].get_ydata() < high)).all()


def test_what_was_not_measured_is_left_out():
    table = table_of(protocol=PROTOCOLS)
    table.loc[table["estimator"] == "majority class", "accuracy"] = np.nan
    partly = table[(table["estimator"] == "ssl") | (table["protocol"] != "windows")]
    display = ScoreDisplay(partly, metric="accuracy").plot()
    assert [text.get_text() for text in display.legend_.get_texts()] == ["ssl", "hrv"]
    assert drawn(display, "hrv")[0].tolist() == [1, 2]


def test_a_table_from_a_file(tmp_path):
    table = table_of(protocol=PROTOCOLS)
    table.to_csv(tmp_path / "table.csv", index=False)
    display = ScoreDisplay(pd.read_csv(tmp_path / "table.csv")).plot()
    np.testing.assert_allclose(drawn(display, "ssl")[1], table["balanced_accuracy"][:3])


def test_bad_tables():
    table = table_of(layer=["block1", "all"], label_fraction=[0.1, 1.0])
    with pytest.raises(ValueError, match="several values of 'label_fraction'.*x='label_fraction'"):
        ScoreDisplay(table)
    assert ScoreDisplay(table[table["label_fraction"] == 1.0]).x == "layer"
    with pytest.raises(ValueError, match="several values of 'layer'"):
        ScoreDisplay(table, x="label_fraction")
    with pytest.raises(ValueError, match="no column 'f1'.*'accuracy'"):
        ScoreDisplay(table_of(), metric="f1")
    with pytest.raises(ValueError, match="no column 'block'"):
        ScoreDisplay(table_of(), x="block")
