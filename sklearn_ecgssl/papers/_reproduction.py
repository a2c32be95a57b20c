"""What came out beside what was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..evaluation import EvaluationResults
from ..evaluation._results import import_pandas
from ._preset import PaperPreset
from ._task import Figure, PaperTask

if TYPE_CHECKING:
    import pandas as pd

#: Names of our scores, by those of the papers.
_SCORES = {"accuracy": "accuracy", "f1": "macro_f1"}


class Reproduction:
    """A paper's tables, measured and as published.

    Parameters
    ----------
    preset : PaperPreset
        How it was done.
    results : mapping of (PaperTask, float) to EvaluationResults
        What came out, by task and window length.
    differences : sequence of str
        In what it is not the paper's experiment.

    Attributes
    ----------
    preset, results, differences
        As given.

    Examples
    --------
    >>> from sklearn_ecgssl.papers import paper_preset, reproduce
    >>> result = reproduce(  # doctest: +SKIP
    ...     paper_preset("icassp2020"), {"swell": "SWELL-KW"}, cache="cache"
    ... )
    >>> result.table()  # doctest: +SKIP
    """

    def __init__(
        self,
        preset: PaperPreset,
        results: Mapping[tuple[PaperTask, float], EvaluationResults],
        differences: Sequence[str],
    ) -> None:
        self.preset = preset
        self.results = dict(results)
        self.differences = list(differences)

    def table(self) -> pd.DataFrame:
        """Set measured figures beside published ones.

        Returns
        -------
        DataFrame
            One row for each network and baseline: ``data_set``, ``attribute``, ``network``,
            ``window_length``, ``published_accuracy``, ``published_f1``, and for each protocol
            ``windows_accuracy``, ``windows_f1``, ``subjects_accuracy``, ``subjects_f1``: means
            over folds, F1 as the mean over classes. NaN where there is no figure.
        """
        pandas = import_pandas()
        rows = [
            {
                "data_set": task.data_set,
                "attribute": task.attribute,
                "network": network,
                "window_length": window_length,
                **_published(self._figure(task, network, window_length)),
                **scores,
            }
            for (task, window_length), found in self.results.items()
            for network, scores in _measured(found).items()
        ]
        return pandas.DataFrame(rows)

    def _figure(self, task: PaperTask, network: str, window_length: float) -> Figure | None:
        for figure in self.preset.figures:
            if (figure.task, figure.network, figure.window_length) == (
                task,
                network,
                window_length,
            ):
                return figure
        return None

    def __str__(self) -> str:
        table = self.table().round(3).to_string(index=False, na_rep="")
        failures = [
            f"{task.data_set} {task.attribute}: {len(found.failures)} fits failed, the first: "
            f"{found.failures['error'].iloc[0]}"
            for (task, _), found in self.results.items()
            if len(found.failures)
        ]
        notes = {
            name: note for found in self.results.values() for name, note in found.notes.items()
        }
        lines = [
            self.preset.citation,
            "",
            table,
            "",
            *(f"{name}: {note}" for name, note in notes.items()),
            *failures,
            "",
            "Not as in the paper, or not said there:",
            *(f"- {difference}" for difference in self.differences),
        ]
        return "\n".join(lines)


def _published(figure: Figure | None) -> dict[str, float | None]:
    return {
        f"published_{score}": None if figure is None else getattr(figure, score)
        for score in _SCORES
    }


def _measured(results: EvaluationResults) -> dict[str, dict[str, float]]:
    """Average the scores of folds, by estimator."""
    means = results.folds().groupby(["estimator", "protocol"], sort=False)
    rows: dict[str, dict[str, float]] = {}
    for (estimator, protocol), scores in means[list(_SCORES.values())].mean().iterrows():
        rows.setdefault(str(estimator), {}).update(
            {f"{protocol}_{ours}": float(scores[name]) for ours, name in _SCORES.items()}
        )
    return rows
