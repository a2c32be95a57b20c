"""Outcomes in a folder, one file each, so that an interrupted run goes on where it stopped."""

import hashlib
import json
import os
import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone

from .._nesting import parse_json
from ..pretext import INDIFFERENT, nested_pretrainers
from ._tasks import Outcome, Task


class OutcomeStore:
    """Keep the outcomes of tasks in a folder.

    A file is named after everything that an outcome depends on (estimator, windows, labels,
    subjects, split), so that no result of other data or parameters is ever taken for this one's.

    Parameters
    ----------
    folder : path-like
        Where; made if it is missing.
    digest : str
        Fingerprint of the windows.
    """

    def __init__(self, folder: Any, digest: str) -> None:
        self.folder = Path(folder).expanduser()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.digest = digest

    def load(self, task: Task, dtype: np.dtype) -> Outcome | None:
        """Read the outcome of a task, if it is there and whole.

        Parameters
        ----------
        task : Task
            Whose.
        dtype : dtype
            Of the labels.

        Returns
        -------
        Outcome or None
            None where there is none, or a file that is not as it was written.
        """
        path = self._path(task)
        try:
            read = parse_json(path.read_bytes())
            if read.pop("sha256") != _checksum(read):
                return None
            predicted = np.asarray(read["predicted"], dtype=dtype)
            if len(predicted) != len(task.test):
                return None
            return Outcome(task.labels, task.test, predicted, read["measures"])
        except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def save(self, task: Task, outcome: Outcome) -> None:
        """Write an outcome at once or not at all; a failed one is not kept, to be tried again.

        Parameters
        ----------
        task : Task
            Whose.
        outcome : Outcome
            What came out.
        """
        if outcome.error:
            return
        written = asdict(outcome) | {
            "test": outcome.test.tolist(),
            "predicted": outcome.predicted.tolist(),
            "measures": {name: float(value) for name, value in outcome.measures.items()},
        }
        path = self._path(task)
        part = path.with_suffix(f".{os.getpid()}.part")
        plain = json.loads(json.dumps(written, default=str))
        part.write_text(json.dumps(plain | {"sha256": _checksum(plain)}), "utf-8")
        os.replace(part, path)

    def _path(self, task: Task) -> Path:
        quiet = {
            f"{name}__{parameter}" if name else parameter: value
            for name, pretrainer in nested_pretrainers(task.estimator)
            for parameter, value in INDIFFERENT.items()
            if parameter in pretrainer.get_params(deep=False)
        }
        estimator = clone(task.estimator)
        if quiet:
            estimator.set_params(**quiet)
        depends_on = (self.digest, _hash(estimator), task.train, task.test, task.pretrain)
        name = "-".join(str(value) for value in task.labels.values())
        readable = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "_" for c in name)[
            :80
        ]
        return self.folder / f"{readable}-{joblib.hash(depends_on)}.json"


def _checksum(written: dict[str, Any]) -> str:
    """Sum up an outcome: a digit that the disk has changed would be a wrong result."""
    return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()


def _hash(estimator: BaseEstimator) -> str:
    try:
        return joblib.hash(estimator)
    except pickle.PicklingError as error:
        raise ValueError(
            f"With `folder`, results are known again by their estimator, and {estimator!r:.200} "
            f"cannot be pickled for that: {error.args[0]}. Define its functions and classes in a "
            "module, not inside a function or as a lambda."
        ) from error
