"""
Scores to share
===============

One JSON of a paper's scores that whoever holds the data sets can share: means, intervals, counts.
It has no signal and no name of a person, recording or file. Errors, and what was left out, may name
them and are counted. A table of it, where ``document`` is what ``json.load`` returns::

    pandas.json_normalize(document["tasks"], "scores", ["data_set", "label", "window_length"])
"""

import json
import math
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

import sklearn_ecgssl
from sklearn_ecgssl.evaluation import EvaluationResults


def corpus_counts(corpus: Bunch, window_length: float) -> dict[str, Any]:
    """Count the people, recordings and windows of each data set, and what was left out."""
    of_set = {name: corpus.fields["data_set"] == name for name in corpus.names}
    return {
        "window_length": window_length,
        "data_sets": {name: _counts(corpus, which) for name, which in of_set.items()},
        "left_out": len(corpus.left_out),
    }


def task_scores(
    corpus: Bunch,
    known: np.ndarray,
    target: np.ndarray,
    figures: Sequence[Any],
    results: EvaluationResults,
) -> dict[str, Any]:
    """Return what was published of a task and what was measured, and on how much of what.

    Every number of `EvaluationResults.table` is taken as it is named there, and null where there is
    none. Published figures stand beside those of shuffled windows alone: of unseen people there are
    none.
    """
    published = {figure.network: figure for figure in figures}
    scores = []
    for row in results.table().to_dict("records"):
        figure = published.get(row["estimator"]) if row["protocol"] == "windows" else None
        scores.append(
            {
                "network": row["estimator"],
                "protocol": row["protocol"],
                "published_accuracy": figure and figure.accuracy,
                "published_f1": figure and figure.f1,
            }
            | {name: _finite(value) for name, value in row.items() if isinstance(value, Real)}
        )
    n_windows: Counter[str] = Counter()
    for recording, label in zip(np.flatnonzero(known), target[known].tolist(), strict=True):
        n_windows[str(label)] += len(corpus.recordings[recording])
    return {
        "data_set": figures[0].data_set,
        "label": figures[0].label,
        "window_length": figures[0].window_length,
        **_counts(corpus, known),
        "windows_of_class": dict(sorted(n_windows.items())),
        "failed_fits": len(results.failures),
        "scores": scores,
    }


def write_scores(
    path: Path,
    citation: str,
    settings: Mapping[str, Any],
    differences: Sequence[str],
    corpora: Sequence[Mapping[str, Any]],
    tasks: Sequence[Mapping[str, Any]],
) -> None:
    """Write scores, with what made them, as strict JSON."""
    packages = ("torch", "scikit-learn", "numpy")
    document = {
        "paper": citation,
        "versions": {
            "sklearn_ecgssl": sklearn_ecgssl.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
        },
        "settings": dict(settings),
        "differences": list(differences),
        "corpora": list(corpora),
        "tasks": list(tasks),
    }
    text = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)
    path.write_text(f"{text}\n", "utf-8")


def _counts(corpus: Bunch, which: np.ndarray) -> dict[str, int]:
    return {
        "people": len(np.unique(corpus.subject[which])),
        "recordings": int(which.sum()),
        "windows": sum(len(corpus.recordings[i]) for i in np.flatnonzero(which)),
    }


def _finite(value: Real) -> float | int | None:
    """Return a number of Python, or None in the place of NaN, which JSON lacks."""
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if math.isfinite(value) else None
