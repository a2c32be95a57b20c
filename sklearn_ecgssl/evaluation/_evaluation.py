"""Recordings and protocols, set up once for any number of comparisons and studies."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self

from sklearn.base import BaseEstimator, clone

from ..signal import Segmenter
from ..signal.window_store import is_windowed
from ._baselines import baselines
from ._disclosure import disclosures
from ._labelled_windows import LabelledWindows
from ._pretrainers import check_pretrained_first, with_pretrainers
from ._protocols import PROTOCOLS, Folds, Part, Protocol
from ._results import EvaluationResults
from ._run import run_tasks
from ._tasks import Measure, Task


class Evaluation:
    """Labelled recordings, and how estimators are scored on them.

    Every study takes one, so that all score on the same folds. `run` compares estimators.

    Parameters
    ----------
    recordings : list of arrays, or array-like of shape (n_recordings, n_times)
        Recordings, filtered and scaled; or windowed recordings.
    target : array-like of shape (n_recordings,)
        Label of each recording.
    subject : array-like of shape (n_recordings,)
        Subject of each recording.
    segmenter : Segmenter or None, default=None
        Cuts recordings into windows; its sampling rate is that of the heart-rate features. None
        stands for ``Segmenter()``: 10 s at 256 Hz.
    protocols : sequence of {"windows", "recordings", "subjects"} or Protocol, \
            default=("windows", "recordings", "subjects")
        How to split. `unseen_subjects(n_splits=None)` leaves one subject out at a time,
        `opposite_halves` pretrains two encoders for all folds.
    n_splits : int, default=10
        Folds of the protocols that are given by name; fewer where there are fewer recordings or
        subjects.
    random_state : int or None, default=0
        Seed of the folds of the protocols that are given by name.
    folder : path-like or None, default=None
        Where each result is saved as it comes. The same call goes on where an interrupted one
        stopped; other estimators, recordings or splits are told apart.
    memory : path-like, joblib.Memory or None, default=None
        Where pretrainers keep their fits, for later runs; within one run they are shared without
        it.
    n_jobs : int or None, default=None
        Folds that are computed at once. Each uses one share of the cores. Folds that share an
        encoder (`opposite_halves`) are computed one after the other.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    windows : LabelledWindows
        What is split.
    folds : dict of str to list of (ndarray of int, ndarray of int)
        Training and test windows of each fold, by protocol.

    Raises
    ------
    ValueError
        If a protocol cannot split the recordings, such as unseen subjects of a single subject.

    Examples
    --------
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import Evaluation
    >>> cohort = make_cohort(n_subjects=4, duration=40, random_state=0)
    >>> evaluation = Evaluation(
    ...     cohort.recordings, cohort.target, cohort.subject, protocols=["subjects"], n_splits=2
    ... )
    >>> evaluation.run({}).table()[["estimator", "protocol", "n_folds"]]
            estimator  protocol  n_folds
    0  majority class  subjects        2
    1      heart rate  subjects        2
    """

    def __init__(
        self,
        recordings: Any,
        target: Any,
        subject: Any,
        *,
        segmenter: Segmenter | None = None,
        protocols: Sequence[str | Protocol] = ("windows", "recordings", "subjects"),
        n_splits: int = 10,
        random_state: int | None = 0,
        folder: Any = None,
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.recordings = recordings
        self.target = target
        self.subject = subject
        self.protocols = _protocols(protocols, n_splits, random_state)
        self.folder = folder
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose
        self._cut(Segmenter() if segmenter is None else segmenter)

    def with_window_length(self, window_length: float) -> Self:
        """Set up the same with windows of another length.

        Parameters
        ----------
        window_length : float
            In seconds.

        Returns
        -------
        Evaluation
            A copy that shares the recordings.

        Raises
        ------
        ValueError
            If windows were given, which cannot be cut again.
        """
        if is_windowed(self.recordings):
            raise ValueError(
                "The recordings were given as windows, which cannot be cut to another length. Pass "
                "recordings and a Segmenter."
            )
        other = copy(self)
        other._cut(clone(self.segmenter).set_params(window_length=window_length))
        return other

    def run(self, estimators: Mapping[str, BaseEstimator]) -> EvaluationResults:
        """Score estimators, and the baselines, under every protocol.

        Parameters
        ----------
        estimators : dict of str to estimator
            Classifiers of windows (n_windows, n_times).

        Returns
        -------
        EvaluationResults
            All scores.

        Warns
        -----
        UserWarning
            If fits failed. Their exceptions are in `failures`; the other fits are not lost.
        """
        compared = self.with_baselines(estimators)
        return self.run_tasks(self._tasks(compared, {}), compared)

    def run_settings(
        self,
        settings: Mapping[Any, Mapping[str, BaseEstimator]],
        *,
        measure: Measure | None = None,
    ) -> EvaluationResults:
        """Score estimators, and the baselines, under several settings.

        Parameters
        ----------
        settings : dict of object to dict of str to estimator
            The estimators of each setting; the settings become a column of the results.
        measure : callable or None, default=None
            More numbers about each fit, from the fitted estimator and the test windows.

        Returns
        -------
        EvaluationResults
            All scores.
        """
        compared = {s: self.with_baselines(estimators) for s, estimators in settings.items()}
        tasks = [
            task
            for setting, estimators in compared.items()
            for task in self._tasks(estimators, {"setting": setting})
        ]
        by_name = {name: e for estimators in compared.values() for name, e in estimators.items()}
        return self.run_tasks(tasks, by_name, measure)

    def run_tasks(
        self,
        tasks: list[Task],
        estimators: Mapping[str, BaseEstimator],
        measure: Measure | None = None,
    ) -> EvaluationResults:
        """Run tasks on the windows, and note what the reader must know.

        Parameters
        ----------
        tasks : list of Task
            What to fit on what.
        estimators : dict of str to estimator
            Those of the tasks, by name.
        measure : callable or None, default=None
            As in `run_settings`.

        Returns
        -------
        EvaluationResults
            All scores.

        Raises
        ------
        ValueError
            If windows would pass through other steps before they reach a pretrainer that learns
            beforehand.
        """
        explicit = [replace(task, estimator=with_pretrainers(task.estimator)) for task in tasks]
        for task in explicit:
            check_pretrained_first(task)
        explained = {name: with_pretrainers(estimator) for name, estimator in estimators.items()}
        return run_tasks(
            explicit,
            self.windows,
            notes={p.name: p.sees for p in self.protocols} | disclosures(explained),
            measure=measure,
            folder=self.folder,
            memory=self.memory,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )

    def parts(self) -> list[Part]:
        """List all folds.

        Returns
        -------
        list of Part
            Protocol, number of the fold, its training, its test and its pretraining windows.
        """
        return list(self._parts)

    def with_baselines(self, estimators: Mapping[str, BaseEstimator]) -> dict[str, BaseEstimator]:
        """Add what every comparison is measured against.

        Parameters
        ----------
        estimators : dict of str to estimator
            The estimators that are compared; one named as a baseline takes its place.

        Returns
        -------
        dict of str to estimator
            These, then the baselines.
        """
        for name, estimator in estimators.items():
            _check_classifier(name, estimator)
        return dict(estimators) | {
            name: baseline
            for name, baseline in baselines(self.segmenter.sampling_rate).items()
            if name not in estimators
        }

    def _cut(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        self.windows = LabelledWindows.from_recordings(
            self.recordings, self.target, self.subject, segmenter
        )
        self._parts = [part for p in self.protocols for part in p.parts(self.windows)]
        self.folds: dict[str, Folds] = {p.name: [] for p in self.protocols}
        for part in self._parts:
            self.folds[part.protocol].append((part.train, part.test))

    def _tasks(self, estimators: Mapping[str, BaseEstimator], varied: dict[str, Any]) -> list[Task]:
        return [
            Task(
                {"estimator": name, "protocol": part.protocol, **varied, "fold": part.fold},
                estimator,
                part.train,
                part.test,
                part.pretrain,
            )
            for part in self.parts()
            for name, estimator in estimators.items()
        ]


def _check_classifier(name: str, estimator: Any) -> None:
    methods = ("fit", "predict", "get_params")
    if isinstance(estimator, type) or not all(hasattr(estimator, m) for m in methods):
        raise TypeError(
            f"estimators must be a classifier, or a dict of them by name; {name!r} is "
            f"{estimator!r:.80}, which is none. Put transformers in front of a classifier with "
            "make_pipeline."
        )


def _protocols(protocols: Any, n_splits: int, random_state: int | None) -> list[Protocol]:
    several = [protocols] if isinstance(protocols, str | Protocol) else protocols
    made = [_protocol(p, n_splits, random_state) for p in several]
    names = [protocol.name for protocol in made]
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"protocols must be at least one, with a name of its own each, got {names}. Rename one "
            "with dataclasses.replace(protocol, name=...)."
        )
    return made


def _protocol(protocol: str | Protocol, n_splits: int, random_state: int | None) -> Protocol:
    if isinstance(protocol, Protocol):
        return protocol
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocols must be Protocol or of {list(PROTOCOLS)}, got {protocol!r}.")
    return PROTOCOLS[protocol](n_splits=n_splits, random_state=random_state)
