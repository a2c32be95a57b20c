"""Fits of a comparison: one estimator on one fold, in parallel, saved as they are done."""

import json
import pickle
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import accuracy_score, mean_squared_error
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import column_or_1d
from tqdm.auto import tqdm

from .._files import replacing
from ..classify import SubjectReferenceClassifier, SubjectScaledClassifier
from ..classify._metadata import NOTHING, fit_metadata, takes
from ..pretext import INDIFFERENT, nested_pretrainers, pretrained, share_pretraining
from ._protocols import Fold
from ._windows import LabelledWindows

#: More numbers about a fitted estimator, from it and the test windows.
Measure = Callable[[BaseEstimator, np.ndarray], Mapping[str, float]]


#: Of these, a subclass may predict otherwise.
SUBJECT_CLASSIFIERS = (SubjectReferenceClassifier, SubjectScaledClassifier)
#: No reference, or one window of it, is what a row with a reference asks for.
EXPECTED_WARNINGS = "fit was given no reference windows|The level of .* rests on one"

#: Part of each file's name: results of another version of this code are not taken for its own.
FORMAT = 2


@dataclass(frozen=True, eq=False)
class Task:
    """One estimator to fit on the training set of one fold, and to score on its test set."""

    name: str
    estimator: BaseEstimator
    windows: LabelledWindows
    fold: Fold
    #: Marks the reference windows, for an estimator that takes them.
    reference: np.ndarray | None = None

    def beside(self, indices: np.ndarray) -> np.ndarray:
        """Add the reference windows of the people of some windows behind these."""
        if self.reference is None:
            return indices
        own = np.isin(self.windows.subject, self.windows.subject[indices])
        return np.concatenate([indices, np.flatnonzero(own & self.reference)])

    def metadata(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Return what estimators may want to know of some windows."""
        of_windows = {"groups": self.windows.subject[indices]}
        if self.reference is not None:
            of_windows["reference"] = self.reference[indices]
        return of_windows


@dataclass(frozen=True)
class Outcome:
    """Labels and scores (n_windows, n_classes), or ratings, of the test windows, or the error."""

    predicted: np.ndarray = field(default_factory=lambda: np.empty(0))
    scores: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    scored_by: str = ""
    measures: dict[str, float] = field(default_factory=dict)
    error: str = ""


def run_tasks(
    tasks: list[Task],
    *,
    measure: Measure | None,
    folder: Any,
    memory: Any,
    n_jobs: Any,
    verbose: int,
) -> list[Outcome]:
    """Run the tasks whose outcome is not in `folder` yet."""
    paths = [_path(folder, task, measure) for task in tasks]
    saved = [_load(path, task) for path, task in zip(paths, tasks, strict=True)]
    outcomes = {i: outcome for i, outcome in enumerate(saved) if outcome is not None}
    # Tasks that share their pretraining are one job: in two processes at once they would not find
    # each other's fit.
    jobs: dict[Any, list[int]] = {}
    for i, task in enumerate(tasks):
        if i not in outcomes:
            jobs.setdefault(_pretraining(task), []).append(i)
    with (
        tempfile.TemporaryDirectory() as temporary,
        tqdm(total=len(tasks), initial=len(outcomes), unit="fit", disable=not verbose) as bar,
    ):
        shared = temporary if memory is None else memory
        running = (
            delayed(_run_job)({i: (tasks[i], paths[i]) for i in job}, shared, measure)
            for job in jobs.values()
        )
        for done in Parallel(n_jobs=n_jobs, return_as="generator_unordered")(running):
            outcomes |= done
            bar.update(len(done))
    return [outcomes[i] for i in range(len(tasks))]


def _pretraining(task: Task) -> tuple[Any, ...]:
    fold = task.fold
    what = fold.number if fold.pretrain is None else fold.pretrain.tobytes()
    return id(task.windows), fold.protocol, what


def _run_job(
    job: dict[int, tuple[Task, Path | None]], memory: Any, measure: Measure | None
) -> dict[int, Outcome]:
    outcomes = {}
    for i, (task, path) in job.items():
        try:
            outcomes[i] = _run_task(task, memory, measure)
        except Exception as error:  # one failed fit must not lose the others
            outcomes[i] = Outcome(error=f"{type(error).__name__}: {error}")
        else:
            _save(path, outcomes[i])
    return outcomes


def _run_task(task: Task, memory: Any, measure: Measure | None) -> Outcome:
    """Pretrain, fit, and predict the test windows."""
    windows, (_, _, train, test, pretrain) = task.windows, task.fold
    if not windows.regression and len(np.unique(windows.target[train])) < 2:
        raise ValueError(
            "the training set of this fold holds one class only: all others are in its test set. "
            "Take fewer n_splits, or more recordings of the rare classes."
        )
    start = time.perf_counter()
    model = share_pretraining(task.estimator, memory)
    if pretrain is not None:
        model = pretrained(model, windows.take(pretrain), windows.subject[pretrain])
    learnt, tested = task.beside(train), task.beside(test)
    with warnings.catch_warnings():
        if task.fold.number:  # the first fold has said it
            warnings.filterwarnings("ignore", ".*usable beats")
        if task.reference is not None:
            warnings.filterwarnings("ignore", message=EXPECTED_WARNINGS)
        metadata = fit_metadata(model, **task.metadata(learnt))
        model.fit(windows.take(learnt), windows.target[learnt], **metadata)
        measures = {"fit_seconds": time.perf_counter() - start}
        X, metadata = windows.take(tested), task.metadata(tested)
        last, features = _last_step(model, X, metadata)
        predicted = column_or_1d(_call(last.predict, metadata, features))[: len(test)]
        if windows.regression:
            predicted = predicted.astype(float)
        check = mean_squared_error if windows.regression else accuracy_score
        check(windows.target[test], predicted)  # what cannot be scored has failed
        scored_by, scores = _scores(last, metadata, features, windows.classes, predicted)
    if measure is not None:
        measures |= {name: float(value) for name, value in measure(model, X[: len(test)]).items()}
    return Outcome(predicted, scores, scored_by, measures)


def takes_reference(name: str, estimator: BaseEstimator) -> bool:
    """Tell whether an estimator, or the last step of a Pipeline, takes a reference."""
    parts = estimator.get_params(deep=True).values()
    has_part = any(isinstance(part, SubjectReferenceClassifier) for part in parts)
    last = estimator
    while isinstance(last, Pipeline):
        last = last.steps[-1][1]
    if has_part and not takes(last.fit, "reference"):
        raise ValueError(
            f"reference: {name!r} holds a SubjectReferenceClassifier inside {type(last).__name__}, "
            "which passes no reference on. Put the search or the calibration inside it, as its "
            "classifier."
        )
    return takes(last.fit, "reference")


def _last_step(
    model: Any, X: np.ndarray, metadata: Mapping[str, np.ndarray]
) -> tuple[Any, np.ndarray]:
    """Transform windows once, for labels and scores; return what classifies them, and features."""
    while isinstance(model, Pipeline) or type(model) in SUBJECT_CLASSIFIERS:
        if type(model) in SUBJECT_CLASSIFIERS:
            X, model = _call(model.subject_features, metadata, X), model.classifier_
            continue
        for _, step in model.steps[:-1]:
            X = X if step in NOTHING else step.transform(X)
        model = model.steps[-1][1]
    return model, X


def _call(method: Callable[..., Any], metadata: Mapping[str, np.ndarray], *args: Any) -> Any:
    """Call a method, with the subjects and the reference where it has such parameters."""
    return method(*args, **{name: own for name, own in metadata.items() if takes(method, name)})


def _scores(
    model: Any,
    metadata: Mapping[str, np.ndarray],
    X: np.ndarray,
    classes: np.ndarray,
    predicted: np.ndarray,
) -> tuple[str, np.ndarray]:
    """Score each window for each class; NaN for classes that the training set lacks."""
    scores = np.full((len(predicted), len(classes)), np.nan)
    for method in ("predict_proba", "decision_function"):
        if not hasattr(model, method) or not hasattr(model, "classes_"):
            continue
        found = np.asarray(_call(getattr(model, method), metadata, X))[: len(predicted)]
        if found.ndim == 1:
            found = np.stack([-found, found], axis=1)
        columns = np.searchsorted(classes, model.classes_)
        of_pairs = method == "decision_function" and not _are_of_classes(
            found, model.classes_, predicted
        )
        if found.shape[1] == len(columns) and not of_pairs:
            scores[:, columns] = found
            return method, scores
    return "", scores


def _are_of_classes(scores: np.ndarray, classes: np.ndarray, predicted: np.ndarray) -> bool:
    """Tell scores of classes from those of pairs: the highest is the prediction, but for ties."""
    if scores.shape[1] != len(classes):
        return False
    return len(classes) == 2 or bool(np.mean(classes[scores.argmax(axis=1)] == predicted) > 0.9)


def _path(folder: Any, task: Task, measure: Measure | None) -> Path | None:
    """Name the file of an outcome by a hash of all that it depends on."""
    if folder is None:
        return None
    name = f"{task.name}-{task.fold.protocol}-{task.fold.number}"
    readable = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "_" for c in name)
    depends_on = [
        FORMAT,
        task.windows.digest,
        _quiet(task.estimator),
        *task.fold[2:],
        task.reference,
        measure,
    ]
    try:
        return Path(folder).expanduser() / f"{readable[:80]}-{joblib.hash(depends_on)}.json"
    except pickle.PicklingError as error:
        raise ValueError(
            f"With `folder`, results are found again by their estimator, and {task.name!r} cannot "
            f"be pickled for that: {error.args[0]}. Define its functions and classes, and "
            "`measure`, in a module, not inside a function or as a lambda."
        ) from error


def _quiet(estimator: BaseEstimator) -> BaseEstimator:
    """Copy an estimator, without what changes nothing in the results of its pretrainers."""
    quiet = {
        f"{name}__{parameter}": value
        for name, pretrainer in nested_pretrainers(estimator)
        for parameter, value in INDIFFERENT.items()
        if parameter in pretrainer.get_params(deep=False)
    }
    return clone(estimator).set_params(**quiet) if quiet else clone(estimator)


def _load(path: Path | None, task: Task) -> Outcome | None:
    if path is None:
        return None
    try:
        saved = json.loads(path.read_text("utf-8"))
        saved["predicted"] = np.asarray(saved["predicted"], dtype=task.windows.target.dtype)
        saved["scores"] = np.asarray(saved["scores"], dtype=float)
        return Outcome(**saved)
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # not there, or damaged
        return None


def _save(path: Path | None, outcome: Outcome) -> None:
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"predicted": outcome.predicted.tolist(), "scores": outcome.scores.tolist()}
    with replacing(path) as part:
        part.write_text(json.dumps(asdict(outcome) | arrays), "utf-8")
