"""What an evaluation found: predictions, scores of folds and people, tables, failures."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, recall_score

from ._intervals import confidence_interval
from ._labelled_windows import LabelledWindows
from ._tasks import Outcome

if TYPE_CHECKING:
    import pandas as pd

#: Columns of scores.
METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
#: Columns that say what a row is of and are no score.
SAMPLES = ("window", "recording", "subject", "target", "predicted")


class EvaluationResults:
    """Everything that an evaluation found, as pandas DataFrames.

    Printing it shows the table of scores, what each protocol lets a model see, and what failed.

    Parameters
    ----------
    outcomes : list of Outcome
        One for each estimator and fold.
    windows : LabelledWindows
        What was evaluated on.
    notes : dict of str to str
        What the reader must know, by protocol or estimator.

    Attributes
    ----------
    predictions : DataFrame
        One row for each window that was predicted: ``estimator``, ``protocol``, ``fold``, what a
        study varies, ``window``, ``recording``, ``subject``, ``target``, ``predicted``.
    failures : DataFrame
        One row for each fit that failed, with its ``error``.
    notes : dict of str to str
        What the reader must know.

    Notes
    -----
    Balanced accuracy is the mean recall of the classes that a test part holds, macro F1 the mean
    F1 of the classes that it holds or that are predicted. A test part with one class, such as a
    person with one condition, is scored by that class alone.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import Evaluation
    >>> cohort = make_cohort(n_subjects=4, duration=40, random_state=0)
    >>> results = Evaluation(
    ...     cohort.recordings, cohort.target, cohort.subject, protocols=["subjects"], n_splits=2
    ... ).run({})
    >>> results.folds()[["estimator", "fold", "n_windows"]]
            estimator  fold  n_windows
    0  majority class     0         16
    1      heart rate     0         16
    2  majority class     1         16
    3      heart rate     1         16
    >>> len(results.predictions), len(results.failures)
    (64, 0)
    """

    def __init__(
        self, outcomes: list[Outcome], windows: LabelledWindows, notes: dict[str, str]
    ) -> None:
        pandas = import_pandas()
        outcomes = [replace(o, labels=_without_none(o.labels)) for o in outcomes]
        self.notes = dict(notes)
        self._label_names = list(dict.fromkeys(n for o in outcomes for n in o.labels))
        done = [outcome for outcome in outcomes if not outcome.error]
        failed = [
            outcome.labels | {"error": outcome.error} for outcome in outcomes if outcome.error
        ]
        parts = [_predictions(outcome, windows) for outcome in done]
        self.predictions = (
            pandas.concat(parts, ignore_index=True)
            if parts
            else pandas.DataFrame(columns=[*self._label_names, *SAMPLES])
        )
        self.failures = pandas.DataFrame(failed, columns=[*self._label_names, "error"])
        self._measures = pandas.DataFrame([o.labels | o.measures for o in done])

    def folds(self) -> pd.DataFrame:
        """Score each fold.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol, setting and fold: ``n_windows`` of the test
            part, ``accuracy``, ``balanced_accuracy``, ``macro_f1``, and what was measured beside.
        """
        scores = self._scored([*self._label_names])
        return scores.merge(self._measures, on=self._label_names) if len(scores) else scores

    def subjects(self) -> pd.DataFrame:
        """Score each person.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol, setting and subject, columns as in `folds`.
        """
        return self._scored([*self._settings(), "subject"])

    def pooled(self) -> pd.DataFrame:
        """Score all predictions at once, as if they were one test part.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol and setting, columns as in `folds`. Each window
            counts alike, where the mean over folds counts each fold alike.
        """
        return self._scored(self._settings())

    def recordings(self) -> pd.DataFrame:
        """Let the windows of each recording vote, and score the recordings.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol and setting: ``n_recordings`` and the scores. The
            most frequent label wins, the first in sorted order in a tie. Under the protocol
            "windows" a recording's windows come from several folds.
        """
        keys = [*self._settings(), "recording"]
        columns = {"target": "first", "subject": "first", "predicted": _vote}
        voted = self.predictions.groupby(keys, sort=False).agg(columns).reset_index()
        return _scores(voted, self._settings()).rename(columns={"n_windows": "n_recordings"})

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Summarise the folds.

        Parameters
        ----------
        level : float, default=0.95
            Confidence level.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol and setting: ``n_folds``, the mean over folds of
            each score, and as ``<score>_ci`` half the width of its confidence interval (Student's
            t over folds; NaN for a single fold).
        """
        pandas = import_pandas()
        folds = self.folds()
        keys = self._settings()
        measured = [c for c in folds.columns if c not in {*self._label_names, "n_windows"}]
        rows = []
        for values, group in folds.groupby(keys, sort=False):
            row = dict(zip(keys, values, strict=True)) | {"n_folds": len(group)}
            for name in measured:
                row[name], row[f"{name}_ci"] = confidence_interval(group[name], level)
            rows.append(row)
        columns = [c for name in measured for c in (name, f"{name}_ci")]
        table = pandas.DataFrame(rows, columns=[*keys, "n_folds", *columns])
        return table.drop(columns=["fit_seconds_ci"], errors="ignore")

    def to_markdown(self, metric: str = "balanced_accuracy") -> str:
        """Write one score as a table: a row an estimator, a column a protocol.

        Parameters
        ----------
        metric : {"accuracy", "balanced_accuracy", "macro_f1"}, default="balanced_accuracy"
            Which score, or a column of `folds` that a study measured.

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
            table = self.table()
            parts = [
                f"{metric.replace('_', ' ')}, mean over folds ± 95 % confidence interval:\n"
                f"{self._cells(table, metric).to_string()}"
                for metric in METRICS
            ]
        parts.append("\n".join(f"{name}: {text}" for name, text in self.notes.items()))
        if len(self.failures):
            parts.append(f"{len(self.failures)} fits failed, see `failures`")
        return "\n\n".join(part for part in parts if part)

    __repr__ = __str__

    def _cells(self, table: pd.DataFrame, metric: str) -> pd.DataFrame:
        if metric not in table.columns:
            raise ValueError(
                f"metric must be one of {[c for c in table.columns if c + '_ci' in table.columns]}"
                f", got {metric!r}."
            )
        text = list(map(_mean_and_half, table[metric], table[metric + "_ci"]))
        rows = [name for name in self._settings() if name != "protocol"]
        order = {name: list(dict.fromkeys(table[name])) for name in [*rows, "protocol"]}
        cells = table.assign(cell=text).pivot(index=rows, columns="protocol", values="cell")
        cells = cells.reindex(columns=order["protocol"])
        wanted = list(dict.fromkeys(table[rows].itertuples(index=False, name=None)))
        cells = cells.loc[[w if len(rows) > 1 else w[0] for w in wanted]]
        return cells.fillna("")

    def _settings(self) -> list[str]:
        return [name for name in self._label_names if name != "fold"]

    def _scored(self, keys: list[str]) -> pd.DataFrame:
        return _scores(self.predictions, keys)


def joined(results: Sequence[EvaluationResults]) -> EvaluationResults:
    """Join the results of evaluations with the same columns.

    Parameters
    ----------
    results : sequence of EvaluationResults
        At least one.

    Returns
    -------
    EvaluationResults
        All rows, those of the first on top.
    """
    pandas = import_pandas()
    whole = copy(results[0])
    for name in ("predictions", "failures", "_measures"):
        rows = [frame for frame in (getattr(r, name) for r in results) if len(frame)]
        setattr(
            whole, name, pandas.concat(rows, ignore_index=True) if rows else getattr(whole, name)
        )
    whole.notes = {name: text for r in results for name, text in r.notes.items()}
    return whole


def import_pandas() -> Any:
    """Import pandas, or say how to get it.

    Returns
    -------
    module
        pandas.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "Results are pandas DataFrames: pip install sklearn_ecgssl[evaluation]"
        ) from error
    return pandas


def score_labels(target: Any, predicted: Any) -> dict[str, float]:
    """Compute the scores of predicted labels.

    Parameters
    ----------
    target, predicted : array-like of shape (n_samples,)
        True and predicted labels.

    Returns
    -------
    dict of str to float
        ``accuracy``, ``balanced_accuracy`` (mean recall of the classes in `target`) and
        ``macro_f1`` (mean F1 of the classes in either).
    """
    present = np.unique(target)
    recalls = recall_score(target, predicted, labels=present, average=None, zero_division=0)
    return {
        "accuracy": float(accuracy_score(target, predicted)),
        "balanced_accuracy": float(np.mean(recalls)),
        "macro_f1": float(f1_score(target, predicted, average="macro", zero_division=0)),
    }


def _without_none(labels: dict[str, Any]) -> dict[str, Any]:
    """Name a setting that is None, since pandas leaves rows without a key out of groups."""
    return {name: "None" if value is None else value for name, value in labels.items()}


def _predictions(outcome: Outcome, windows: LabelledWindows) -> pd.DataFrame:
    test = outcome.test
    return import_pandas().DataFrame(
        outcome.labels
        | {
            "window": test,
            "recording": windows.recording[test],
            "subject": windows.subject[test],
            "target": windows.target[test],
            "predicted": outcome.predicted,
        }
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
