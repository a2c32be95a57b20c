"""What a comparison found: predictions, scores of folds and people, tables, failures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import t
from sklearn.metrics import accuracy_score, f1_score, recall_score

from .._checks import check_choice
from .._files import library

if TYPE_CHECKING:
    import pandas as pd

    from ._run import Outcome, Task

#: Columns of scores.
METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
#: Columns of `predictions` that say what a row is of.
SAMPLES = ("window", "recording", "subject", "target", "predicted")


class EvaluationResults:
    """Everything that a comparison found, as pandas DataFrames.

    Printing it shows balanced accuracies, what each protocol lets a model see, and what failed;
    `table` has the other scores too.

    Parameters
    ----------
    predictions : DataFrame
        One row for each window that was predicted: ``estimator``, ``protocol``, what was varied,
        ``fold``, ``window``, ``recording``, ``subject``, ``target``, ``predicted``, and its score:
        ``score``, of two classes that of the second, or ``score_<class>`` of each of several.
    fits : DataFrame
        One row for each fit: the columns up to ``fold``, then ``error`` (empty where it
        succeeded), ``fit_seconds``, ``scored_by`` and what was measured besides.
    notes : dict of str to str
        What the reader must know, by protocol or estimator.

    Attributes
    ----------
    predictions : DataFrame
        As given.
    failures : DataFrame
        One row for each fit that failed, with its ``error``.
    varied : list of str
        Columns that were varied: parameters, and ``label_fraction``.
    notes : dict of str to str
        As given.

    Notes
    -----
    A score is a probability where ``scored_by`` of `folds` is "predict_proba", a distance from the
    decision boundary where it is "decision_function", and NaN where it is "": the estimator has
    neither.

    Balanced accuracy is the mean recall of the classes that a test set holds, macro F1 the mean F1
    of the classes that it holds or that are predicted. A test set with one class, such as a person
    with one condition, is scored by that class alone.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import compare_protocols
    >>> cohort = make_cohort(n_subjects=4, duration=40, random_state=0)
    >>> results = compare_protocols(
    ...     {}, cohort.recordings, cohort.target, cohort.subject, protocols="subjects", n_splits=2
    ... )
    >>> results.folds()[["estimator", "fold", "n_windows", "scored_by"]]
            estimator  fold  n_windows      scored_by
    0  majority class     0         16  predict_proba
    1      heart rate     0         16  predict_proba
    2  majority class     1         16  predict_proba
    3      heart rate     1         16  predict_proba
    >>> len(results.predictions), len(results.failures)
    (64, 0)
    """

    def __init__(
        self, predictions: pd.DataFrame, fits: pd.DataFrame, notes: dict[str, str]
    ) -> None:
        self.predictions = predictions
        self.notes = dict(notes)
        self._keys = list(fits.columns[: fits.columns.get_loc("fold") + 1])
        self._settings = [name for name in self._keys if name != "fold"]
        self.varied = [name for name in self._settings if name not in ("estimator", "protocol")]
        failed = fits["error"] != ""
        self.failures = fits.loc[failed, [*self._keys, "error"]].reset_index(drop=True)
        self._measures = fits[~failed].drop(columns="error")

    def folds(self) -> pd.DataFrame:
        """Score each fold.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol, varied value and fold: ``n_windows`` of the test
            set, ``accuracy``, ``balanced_accuracy``, ``macro_f1``, ``fit_seconds``,
            ``scored_by``, and what was measured besides.
        """
        scores = self._scored(self._keys)
        return scores.merge(self._measures, on=self._keys) if len(scores) else scores

    def subjects(self) -> pd.DataFrame:
        """Score each person.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol, varied value and subject, columns as in `folds`.
        """
        return self._scored([*self._settings, "subject"])

    def pooled(self) -> pd.DataFrame:
        """Score all predictions at once, as if they were one test set.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol and varied value, columns as in `folds`. Each
            window counts alike, where the mean over folds counts each fold alike.
        """
        return self._scored(self._settings)

    def recordings(self) -> pd.DataFrame:
        """Let the windows of each recording vote, and score the recordings.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol and varied value: ``n_recordings`` and the scores.
            The most frequent label wins, the first in sorted order in a tie. Under the protocol
            "windows" a recording's windows come from several folds.
        """
        keys = [*self._settings, "recording"]
        columns = {"target": "first", "subject": "first", "predicted": _vote}
        voted = self.predictions.groupby(keys, sort=False).agg(columns).reset_index()
        return _scores(voted, self._settings).rename(columns={"n_windows": "n_recordings"})

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Summarise the folds.

        Parameters
        ----------
        level : float, default=0.95
            Confidence level.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol and varied value: ``n_folds``, the mean over folds
            of each score, and as ``<score>_ci`` half the width of its confidence interval
            (Student's t over folds; NaN for a single fold).
        """
        folds = self.folds()
        no_scores = {*self._keys, "n_windows", "scored_by"}
        measured = [name for name in folds.columns if name not in no_scores]
        rows = []
        for values, group in folds.groupby(self._settings, sort=False):
            row = dict(zip(self._settings, values, strict=True)) | {"n_folds": len(group)}
            for name in measured:
                row[name], row[f"{name}_ci"] = confidence_interval(group[name], level)
            rows.append(row)
        columns = [c for name in measured for c in (name, f"{name}_ci")]
        table = import_pandas().DataFrame(rows, columns=[*self._settings, "n_folds", *columns])
        return table.drop(columns=["fit_seconds_ci"], errors="ignore")

    def to_markdown(self, metric: str = "balanced_accuracy") -> str:
        """Write one score as a table: a row an estimator, a column a protocol.

        Parameters
        ----------
        metric : {"accuracy", "balanced_accuracy", "macro_f1"}, default="balanced_accuracy"
            Which score, or a column of `folds` that was measured besides.

        Returns
        -------
        str
            Markdown: mean over folds ± half of the 95 % confidence interval.
        """
        cells = self._cells(self.table(), metric)
        head = "| " + " | ".join([*cells.index.names, *map(str, cells.columns)]) + " |"
        lines = [head, "|---" * head.count(" | ") + "|---|"]
        for index, row in cells.iterrows():
            names = index if isinstance(index, tuple) else (index,)
            shown = [str(name).replace("|", r"\|") for name in names]
            lines.append("| " + " | ".join([*shown, *row]) + " |")
        return "\n".join(lines)

    def __str__(self) -> str:
        if not len(self.predictions):
            parts = ["no fit succeeded"]
        else:
            parts = [
                "balanced accuracy, mean over folds ± 95 % confidence interval:\n"
                f"{self._cells(self.table(), 'balanced_accuracy').to_string()}"
            ]
        of_text: dict[str, list[str]] = {}
        for name, text in self.notes.items():
            of_text.setdefault(text, []).append(name)
        parts.append("\n".join(f"{', '.join(names)}: {text}" for text, names in of_text.items()))
        if len(self.failures):
            parts.append(f"{len(self.failures)} fits failed, see `failures`")
        return "\n\n".join(part for part in parts if part)

    __repr__ = __str__

    def _cells(self, table: pd.DataFrame, metric: str) -> pd.DataFrame:
        check_choice("metric", metric, [c for c in table.columns if f"{c}_ci" in table.columns])
        text = list(map(_mean_and_half, table[metric], table[metric + "_ci"]))
        rows = [name for name in self._settings if name != "protocol"]
        order = {name: list(dict.fromkeys(table[name])) for name in [*rows, "protocol"]}
        cells = table.assign(cell=text).pivot(index=rows, columns="protocol", values="cell")
        cells = cells.reindex(columns=order["protocol"])
        wanted = list(dict.fromkeys(table[rows].itertuples(index=False, name=None)))
        cells = cells.loc[[w if len(rows) > 1 else w[0] for w in wanted]]
        return cells.fillna("")

    def _scored(self, keys: list[str]) -> pd.DataFrame:
        return _scores(self.predictions, keys)


def confidence_interval(values: Iterable[float], level: float = 0.95) -> tuple[float, float]:
    """Mean of a score over folds, and half the width of its confidence interval.

    Parameters
    ----------
    values : iterable of float
        The score of each fold. NaN is left out.
    level : float, default=0.95
        Confidence level.

    Returns
    -------
    mean : float
        Mean over folds, NaN without any.
    half_width : float
        From Student's t distribution; the interval is ``mean - half_width`` to
        ``mean + half_width``. NaN for fewer than two folds.

    Notes
    -----
    The folds of a cross-validation share training data, so the interval is too narrow rather than
    too wide.

    Examples
    --------
    >>> from sklearn_ecgssl.evaluation import confidence_interval
    >>> mean, half_width = confidence_interval([0.7, 0.8, 0.9])
    >>> round(mean, 3), round(half_width, 3)
    (0.8, 0.248)
    """
    scores = np.array([value for value in values if not np.isnan(value)], dtype=float)
    if len(scores) == 0:
        return float("nan"), float("nan")
    if len(scores) == 1:
        return float(scores[0]), float("nan")
    quantile = float(t.ppf((1 + level) / 2, len(scores) - 1))
    return float(scores.mean()), quantile * float(scores.std(ddof=1)) / len(scores) ** 0.5


def collected(
    rows: list[tuple[dict[str, Any], Task, Outcome]], notes: dict[str, str]
) -> EvaluationResults:
    """Make results of outcomes, each with the columns of its row."""
    pandas = import_pandas()
    fits = [
        columns
        | {"error": outcome.error, "fit_seconds": np.nan, "scored_by": outcome.scored_by}
        | outcome.measures
        for columns, _, outcome in rows
    ]
    done = [_predictions(columns, task, found) for columns, task, found in rows if not found.error]
    nothing = pandas.DataFrame(columns=[*rows[0][0], *SAMPLES])
    predictions = pandas.concat(done, ignore_index=True) if done else nothing
    return EvaluationResults(predictions, pandas.DataFrame(fits), notes)


def import_pandas() -> Any:
    """Import pandas, or say how to get it."""
    return library("pandas", "Results are tables, made", "evaluation")


def score_labels(target: Any, predicted: Any) -> dict[str, float]:
    """Compute accuracy, balanced accuracy and macro F1 of predicted labels."""
    present = np.unique(target)
    recalls = recall_score(target, predicted, labels=present, average=None, zero_division=0)
    return {
        "accuracy": float(accuracy_score(target, predicted)),
        "balanced_accuracy": float(np.mean(recalls)),
        "macro_f1": float(f1_score(target, predicted, average="macro", zero_division=0)),
    }


def _predictions(columns: dict[str, Any], task: Task, outcome: Outcome) -> pd.DataFrame:
    windows, test = task.windows, task.fold.test
    if len(windows.classes) == 2:
        scores = {"score": outcome.scores[:, 1]}
    else:
        scores = {f"score_{c}": outcome.scores[:, i] for i, c in enumerate(windows.classes)}
    return import_pandas().DataFrame(
        columns
        | {
            "window": test,
            "recording": windows.recording[test],
            "subject": windows.subject[test],
            "target": windows.target[test],
            "predicted": outcome.predicted,
        }
        | scores
    )


def _scores(predictions: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    rows = [
        dict(zip(keys, values, strict=True))
        | {"n_windows": len(group)}
        | score_labels(group["target"].to_numpy(), group["predicted"].to_numpy())
        for values, group in predictions.groupby(keys, sort=False)
    ]
    return import_pandas().DataFrame(rows, columns=[*keys, "n_windows", *METRICS])


def _vote(labels: pd.Series) -> Any:
    names, counts = np.unique(labels.to_numpy(), return_counts=True)
    return names[counts.argmax()]


def _mean_and_half(mean: float, half_width: float) -> str:
    if np.isnan(mean):
        return ""
    return f"{mean:.3f}" if np.isnan(half_width) else f"{mean:.3f} ± {half_width:.3f}"
