"""What a comparison found: predictions, scores of folds and people, tables, failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import check_choice
from .._files import library
from ._metrics import confidence_interval, one_against_rest
from ._protocols import is_regression
from ._scores import LABELS, RATINGS, Metric, Scored

if TYPE_CHECKING:
    import pandas as pd

    from ._run import Outcome, Task

#: Columns of scores.
METRICS = (*LABELS.of_windows, *RATINGS.of_windows)
#: Columns of `predictions` that say what a row is of.
SAMPLES = ("window", "recording", "subject", "target", "predicted")


class EvaluationResults:
    """Everything that a comparison found, as pandas DataFrames.

    Printing it shows balanced accuracies, how well windows of one person are ranked, what each
    protocol lets a model see, and what failed; `table` has the other scores too.

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
    classes : array-like or None, default=None
        All labels, sorted. None takes those of `predictions`.
    regression : bool, default=False
        Whether ``target`` and ``predicted`` are ratings, numbers, rather than labels.

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
    classes : ndarray
        All labels; of a regression none.
    regression : bool
        As given.

    Notes
    -----
    A score of a window is a probability where ``scored_by`` of `folds` is "predict_proba", a
    distance from the decision boundary where it is "decision_function", and NaN where it is "": the
    estimator has neither. What is computed from such scores is then NaN.

    Balanced accuracy is the mean recall of the classes that a test set holds, macro F1 the mean F1
    of the classes that it holds or that are predicted. A test set with one class, such as a person
    with one condition, is scored by that class alone. What is computed from the windows' scores is
    of the second of two classes; of several, the mean over the classes, each against the rest.

    Ratings are scored by ``r2`` (part of the variance that is explained, below 0 where their mean
    would do better), ``concordance`` (Lin's concordance correlation coefficient [1]_: 1 where all
    are equal, 0 without relation) and ``rmse`` (root mean squared error). The first two are NaN
    where all ratings are the same.

    References
    ----------
    .. [1] L. I-K. Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility",
       Biometrics, 1989, doi:10.2307/2532051.

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
        self,
        predictions: pd.DataFrame,
        fits: pd.DataFrame,
        notes: dict[str, str],
        *,
        classes: Any = None,
        regression: bool = False,
    ) -> None:
        self.predictions = predictions
        self.notes = dict(notes)
        self.regression = regression
        self._scores = RATINGS if regression else LABELS
        labels = predictions[["target", "predicted"]].to_numpy() if classes is None else classes
        self.classes = np.unique([] if regression else labels)
        self._keys = list(fits.columns[: fits.columns.get_loc("fold") + 1])
        self._settings = [name for name in self._keys if name != "fold"]
        self.varied = [name for name in self._settings if name not in ("estimator", "protocol")]
        failed = fits["error"] != ""
        self.failures = fits.loc[failed, [*self._keys, "error"]].reset_index(drop=True)
        self._measures = fits[~failed].drop(columns="error")
        self._of_probabilities = {
            setting: (scored_by == "predict_proba").all()
            for setting, scored_by in self._measures.groupby(self._settings)["scored_by"]
        }

    def folds(self) -> pd.DataFrame:
        """Score each fold.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol, varied value and fold: ``n_windows`` of the test
            set, ``accuracy``, ``balanced_accuracy``, ``macro_f1`` (of a regression ``r2``,
            ``concordance``, ``rmse``), ``fit_seconds``, ``scored_by``, and what was measured
            besides.
        """
        scores = self._scored(self._keys, self._scores.of_windows)
        return scores.merge(self._measures, on=self._keys) if len(scores) else scores

    def subjects(self) -> pd.DataFrame:
        """Score each person.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol, varied value and subject: ``n_windows``, the
            scores of `folds`, and from the windows' scores ``auc``, ``best_threshold``, the
            threshold of the scores that has the highest balanced accuracy on this person, and
            ``best_balanced_accuracy``, what it has. They are NaN for a person with one class.

            Of a regression, the scores of `folds` after the person's own mean was subtracted from
            the ratings and from the predictions: whether the ups and downs of this person are
            followed. NaN for a person whose ratings are all the same.
        """
        return self._scored([*self._settings, "subject"], self._scores.of_person)

    def pooled(self) -> pd.DataFrame:
        """Score all predictions at once, as if they were one test set.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol and varied value: ``n_windows``, the scores of
            `folds`, and from the windows' scores ``auc``, ``average_precision``, ``brier`` (mean
            squared difference of probability and 0 or 1) and ``calibration_error`` (mean over
            windows of how far the mean probability in one of ten equal bins is from the part that
            is of the class). The last two are NaN unless all fits have probabilities. Each window
            counts alike, where the mean over folds counts each fold alike.
        """
        return self._scored(self._settings, self._scores.pooled)

    def recordings(self) -> pd.DataFrame:
        """Let the windows of each recording vote, and score the recordings.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol and varied value: ``n_recordings`` and the scores
            of `folds`. The most frequent label wins, the first in sorted order in a tie; of a
            regression it is the mean. Under the protocol "windows" a recording's windows come from
            several folds.
        """
        keys = [*self._settings, "recording"]
        vote = "mean" if self.regression else _vote
        columns = {"target": "first", "subject": "first", "predicted": vote}
        voted = self.predictions.groupby(keys, sort=False).agg(columns).reset_index()
        scores = self._scored(self._settings, self._scores.of_windows, voted)
        return scores.rename(columns={"n_windows": "n_recordings"})

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Summarise folds and people.

        Parameters
        ----------
        level : float, default=0.95
            Confidence level.

        Returns
        -------
        DataFrame
            One row for each estimator, protocol and varied value: ``n_folds``, the mean over folds
            of each score of `folds`, and as ``<score>_ci`` half the width of its confidence
            interval (Student's t over folds; NaN for a single fold). Then, over people and over all
            windows:

            - ``n_subjects``: people with windows of several classes, or with different ratings.
            - ``auc_within``, ``auc_within_ci``: mean over these people of ``auc`` of `subjects`,
              and its interval over people. Says how well windows of one person are ranked. Where a
              person's windows are in several test sets, scores of several models are ranked.
            - ``balanced_accuracy_bound``, ``balanced_accuracy_bound_ci``: mean over people of
              ``best_balanced_accuracy``. A bound, not a score that a model reaches: the threshold
              is chosen by the labels that it is scored on, so that even random scores are above
              .5. Of several classes it is of each against the rest, so that .5 is their chance too.
            - ``auc_pooled``, ``average_precision``, ``brier``, ``calibration_error``: those of
              `pooled`.
            - ``threshold_spread``: standard deviation over people of ``best_threshold``, in units
              of the mean distance between the mean scores of a person's two classes. At 1 people
              differ as much as the classes do, and no one threshold suits all.

            Of a regression: ``n_subjects``, ``r2_within``, ``concordance_within`` and their
            intervals over people, ``r2_pooled``, ``concordance_pooled``.
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
        table = table.drop(columns=["fit_seconds_ci"], errors="ignore")
        return table.merge(self._of_people(level), on=self._settings)

    def to_markdown(self, metric: str | None = None) -> str:
        """Write one score as a table: a row an estimator, a column a protocol.

        Parameters
        ----------
        metric : str or None, default=None
            A column of `table` to the right of ``n_folds``, such as "macro_f1" or "auc_within".
            None takes "balanced_accuracy", of a regression "concordance".

        Returns
        -------
        str
            Markdown: the score, where it is a mean ± half of the 95 % confidence interval.
        """
        cells = self._cells(
            self.table(), next(iter(self._scores.shown)) if metric is None else metric
        )
        head = "| " + " | ".join([*cells.index.names, *map(str, cells.columns)]) + " |"
        lines = [head, "|---" * head.count(" | ") + "|---|"]
        for index, row in cells.iterrows():
            names = index if isinstance(index, tuple) else (index,)
            shown = [str(name).replace("|", r"\|") for name in names]
            lines.append("| " + " | ".join([*shown, *row]) + " |")
        return "\n".join(lines)

    def __str__(self) -> str:
        parts = [] if len(self.predictions) else ["no fit succeeded"]
        table = self.table()
        for metric, words in self._scores.shown.items():
            if metric in table and table[metric].notna().any():
                cells = self._cells(table, metric).to_string()
                parts.append(f"{words} ± 95 % confidence interval:\n{cells}")
        of_text: dict[str, list[str]] = {}
        for name, text in self.notes.items():
            of_text.setdefault(text, []).append(name)
        parts.append("\n".join(f"{', '.join(names)}: {text}" for text, names in of_text.items()))
        if len(self.failures):
            parts.append(f"{len(self.failures)} fits failed, see `failures`")
        return "\n\n".join(part for part in parts if part)

    __repr__ = __str__

    def _cells(self, table: pd.DataFrame, metric: str) -> pd.DataFrame:
        columns = table.columns[table.columns.get_loc("n_folds") + 1 :]
        check_choice("metric", metric, [c for c in columns if not c.endswith("_ci")])
        half_width = table.get(f"{metric}_ci", [float("nan")] * len(table))
        text = list(map(_mean_and_half, table[metric], half_width))
        rows = [name for name in self._settings if name != "protocol"]
        order = {name: list(dict.fromkeys(table[name])) for name in [*rows, "protocol"]}
        cells = table.assign(cell=text).pivot(index=rows, columns="protocol", values="cell")
        cells = cells.reindex(columns=order["protocol"])
        wanted = list(dict.fromkeys(table[rows].itertuples(index=False, name=None)))
        cells = cells.loc[[w if len(rows) > 1 else w[0] for w in wanted]]
        return cells.fillna("")

    def _scored(
        self, keys: list[str], metrics: Mapping[str, Metric], rows: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Score the rows of `predictions`, or others, that have the same keys."""
        scored = []
        for values, group in (self.predictions if rows is None else rows).groupby(keys, sort=False):
            windows = self._windows(group, values[: len(self._settings)])
            scores = {name: metric(windows) for name, metric in metrics.items()}
            scored.append(dict(zip(keys, values, strict=True)) | {"n_windows": len(group)} | scores)
        return import_pandas().DataFrame(scored, columns=[*keys, "n_windows", *metrics])

    def _windows(self, rows: pd.DataFrame, setting: tuple[Any, ...]) -> Scored:
        target, predicted = rows["target"].to_numpy(), rows["predicted"].to_numpy()
        scores = rows.reindex(columns=_score_columns(self.classes)).to_numpy(dtype=float)
        truth = one_against_rest(target, self.classes)
        return Scored(target, predicted, truth, scores, self._of_probabilities[setting])

    def _of_people(self, level: float) -> pd.DataFrame:
        """Summarise people and all windows, by setting."""
        kind, settings = self._scores, self._settings
        rows = []
        for values, group in self.predictions.groupby(settings, sort=False):
            row = dict(zip(settings, values, strict=True))
            people = [self._windows(own, values) for _, own in group.groupby("subject")]
            row["n_subjects"] = sum(len(np.unique(person.target)) > 1 for person in people)
            for column, name in kind.over_people.items():
                scores = map(kind.of_person[name], people)
                row[column], row[f"{column}_ci"] = confidence_interval(scores, level)
            windows = self._windows(group, values)
            row |= {column: kind.pooled[name](windows) for column, name in kind.at_once.items()}
            row |= {column: metric(people) for column, metric in kind.of_people.items()}
            rows.append(row)
        over_people = [c for name in kind.over_people for c in (name, f"{name}_ci")]
        columns = [*settings, "n_subjects", *over_people, *kind.at_once, *kind.of_people]
        return import_pandas().DataFrame(rows, columns=columns)


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
    windows = rows[0][1].windows
    return EvaluationResults(
        predictions,
        pandas.DataFrame(fits),
        notes,
        classes=windows.classes,
        regression=is_regression(windows),
    )


def import_pandas() -> Any:
    """Import pandas, or say how to get it."""
    return library("pandas", "Results are tables, made", "evaluation")


def _predictions(columns: dict[str, Any], task: Task, outcome: Outcome) -> pd.DataFrame:
    windows, test = task.windows, task.fold.test
    classes = windows.classes[:0] if is_regression(windows) else windows.classes
    columns_of_scores = outcome.scores.T[1:] if len(classes) == 2 else outcome.scores.T
    scores = dict(zip(_score_columns(classes), columns_of_scores, strict=True))
    return import_pandas().DataFrame(
        columns
        | {
            "window": windows.index[test],
            "recording": windows.recording[test],
            "subject": windows.subject[test],
            "target": windows.target[test],
            "predicted": outcome.predicted,
        }
        | scores
    )


def _score_columns(classes: np.ndarray) -> list[str]:
    return ["score"] if len(classes) == 2 else [f"score_{name}" for name in classes]


def _vote(labels: pd.Series) -> Any:
    names, counts = np.unique(labels.to_numpy(), return_counts=True)
    return names[counts.argmax()]


def _mean_and_half(mean: float, half_width: float) -> str:
    if np.isnan(mean):
        return ""
    return f"{mean:.3f}" if np.isnan(half_width) else f"{mean:.3f} ± {half_width:.3f}"
