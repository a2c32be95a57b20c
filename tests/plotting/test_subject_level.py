import numpy as np
import pandas as pd
import pytest

from sklearn_ecgssl.evaluation import EvaluationResults
from sklearn_ecgssl.plotting import SubjectLevelDisplay


def table_of(
    column="reference__seconds", values=(0, 30, 60), n_estimators=2, protocols=("subjects",)
):
    """Scores of each estimator with each value of a column, as `EvaluationResults.table` has it."""
    rows = [
        {"estimator": f"estimator {i}", "protocol": protocol, column: value, "n_folds": 4}
        for i in range(n_estimators)
        for protocol in protocols
        for value in values
    ]
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rows)
    for name in ("balanced_accuracy", "auc_within", "auc_pooled", "balanced_accuracy_bound"):
        table[name] = rng.uniform(0.5, 0.9, len(table))
        if name != "auc_pooled":
            table[f"{name}_ci"] = rng.uniform(0.01, 0.3, len(table))
    return table


def drawn(display, mark):
    """Score, and lower and upper end of the interval, of each estimator."""
    line, _, (bars,) = display.containers_[mark]
    low, high = np.array([bar[:, 0] for bar in bars.get_segments()]).T
    return [np.asarray(line.get_xdata(), dtype=float), low, high]


def legend_of(display):
    return [" ".join(text.get_text().split()) for text in display.legend_.get_texts()]


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("reference__seconds", (60, 0, 30), "with 60 s of reference"),
        ("reference", ("none", "first 60 s of 'rest'"), "with first 60 s of 'rest'"),
    ],
)
def test_reads_as_is_and_with_the_longest_reference(column, values, words, tmp_path):
    table = table_of(column, values)
    table.to_csv(tmp_path / "table.csv", index=False)
    for read in table, pd.read_csv(tmp_path / "table.csv"):
        display = SubjectLevelDisplay(read).plot()
        as_is = table[table[column].isin([0, "none"])]
        known = table[table[column].isin([60, "first 60 s of 'rest'"])]
        of_mark = {"within": (as_is, "auc_within"), "pooled": (as_is, "auc_pooled")}
        of_mark |= {
            "as_is": (as_is, "balanced_accuracy"),
            "reference": (known, "balanced_accuracy"),
        }
        assert list(display.containers_) == list(of_mark)
        for mark, (rows, name) in of_mark.items():
            score, low, high = drawn(display, mark)
            half_width = rows.get(f"{name}_ci", 0 * rows[name])
            np.testing.assert_allclose(score, rows[name])
            np.testing.assert_allclose(low, rows[name] - half_width)
            np.testing.assert_allclose(high, np.minimum(rows[name] + half_width, 1))
        np.testing.assert_allclose(display.bounds_.get_xdata(), as_is["balanced_accuracy_bound"])
    assert f"balanced accuracy, {words}" in legend_of(display)
    assert display.ax_.get_title() == "What a person's level costs: unseen subjects"


def test_other_seconds_and_protocols():
    table = table_of(protocols=("windows", "subjects"))
    display = SubjectLevelDisplay(table, seconds=30).plot()
    wanted = table.query("protocol == 'subjects' and reference__seconds == 30")
    np.testing.assert_allclose(drawn(display, "reference")[0], wanted["balanced_accuracy"])
    display = SubjectLevelDisplay(table, protocol="windows").plot()
    wanted = table.query("protocol == 'windows' and reference__seconds == 0")
    np.testing.assert_allclose(drawn(display, "within")[0], wanted["auc_within"])


def test_without_a_reference_all_is_as_is():
    table = table_of(values=(0,)).drop(columns="reference__seconds")
    display = SubjectLevelDisplay(table).plot()
    assert list(display.containers_) == ["within", "pooled", "as_is"]
    table["auc_within"] = table["auc_pooled"] = table["balanced_accuracy_bound"] = np.nan
    display = SubjectLevelDisplay(table).plot()
    assert list(display.containers_) == ["as_is"]
    assert display.bounds_ is None
    assert legend_of(display) == ["balanced accuracy, as is", "chance"]


@pytest.mark.parametrize("n_estimators", [1, 12])
def test_every_mark_has_a_height_of_its_own(n_estimators):
    display = SubjectLevelDisplay(table_of(n_estimators=n_estimators)).plot()
    display.figure_.draw_without_rendering()
    heights = [
        container[0].get_transform().transform(container[0].get_xydata())[:, 1]
        for container in display.containers_.values()
    ]
    apart = -np.diff(np.sort(np.ravel(heights))[::-1])
    sizes = [container[0].get_markersize() for container in display.containers_.values()]
    assert apart.min() > max(sizes) * display.figure_.dpi / 72
    named = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert named == [f"estimator {i}" for i in range(n_estimators)]
    assert display.ax_.yaxis_inverted(), "in the order of the table"


def test_of_several_classes_balanced_accuracy_has_another_chance_and_no_bound():
    display = SubjectLevelDisplay(table_of(), n_classes=3).plot()
    assert legend_of(display)[-2:] == ["chance of an AUC", "chance of balanced accuracy"]
    assert display.bounds_ is None
    assert display.ax_.get_xlim()[0] < 1 / 3


def test_reads_results():
    keys = {"estimator": "svm", "protocol": "subjects", "reference__seconds": [0] * 8 + [60] * 8}
    target = np.array(["rest", "rest", "task", "task"] * 4)
    windows = {"fold": 0, "window": range(16), "subject": list("AAAABBBB") * 2, "target": target}
    scores = [0.0, 0.1, 0.2, 0.3, 0.7, 0.8, 0.9, 1.0] + [0.1, 0.2, 0.8, 0.9] * 2
    predicted = np.where(np.array(scores) > 0.5, "task", "rest")
    rows = pd.DataFrame(keys | windows | {"predicted": predicted, "score": scores})
    fits = rows[[*keys, "fold"]].drop_duplicates()
    fits = fits.assign(error="", fit_seconds=1.0, scored_by="predict_proba")
    display = SubjectLevelDisplay.from_results(EvaluationResults(rows, fits, {}))
    scores = {mark: drawn(display, mark)[0].tolist() for mark in display.containers_}
    assert scores == {"within": [1], "pooled": [0.75], "as_is": [0.5], "reference": [1]}
    failed = EvaluationResults(rows[:0], fits.assign(error="no beats"), {})
    with pytest.raises(ValueError, match="No fit succeeded"):
        SubjectLevelDisplay.from_results(failed)


def test_bad_tables():
    with pytest.raises(ValueError, match="no column 'auc_within'"):
        SubjectLevelDisplay(table_of().drop(columns="auc_within"))
    with pytest.raises(ValueError, match="protocol must be one of .*'subjects'.*, got 'persons'"):
        SubjectLevelDisplay(table_of(), protocol="persons")
    with pytest.raises(ValueError, match="seconds must be one of .*30.*, got 10"):
        SubjectLevelDisplay(table_of(), seconds=10)
    with pytest.raises(ValueError, match="several values of 'layer'"):
        SubjectLevelDisplay(table_of("layer", ["a", "b"]))
    with pytest.raises(ValueError, match="several references.*'first'.*'last'"):
        SubjectLevelDisplay(table_of("reference", ["none", "first", "last"]))
