"""Each estimator under each protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.base import BaseEstimator

from ..signal import Segmenter
from ._evaluation import Evaluation
from ._protocols import Protocol
from ._results import EvaluationResults


def compare_protocols(
    estimators: Mapping[str, BaseEstimator] | BaseEstimator,
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
) -> EvaluationResults:
    """Score estimators on shuffled windows, on whole recordings and on unseen subjects.

    The papers on emotion from ECG score shuffled windows, so that windows of one person, even of
    one recording, are in the training and in the test part. What is left of such a score on people
    whom the model has not met is what this function shows. All protocols train on windows and score
    windows; they differ in the split alone. The majority class and heart-rate features with a
    linear classifier are scored beside.

    Parameters
    ----------
    estimators : dict of str to estimator, or estimator
        Classifiers of windows (n_windows, n_times): `ECGClassifier`, or a Pipeline such as
        ``make_pipeline(SSLEmbedder(...), SVC())``. A Pipeline for recordings works as well, and
        takes each window for a recording. One whose `fit` or `predict` has a parameter `groups`
        is given the subjects. Pretrainers are trained on the training part alone, unless the
        protocol says on what, once for all estimators that share them.
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
        Where pretrainers keep their fits, for later runs; they are shared within one run without
        it.
    n_jobs : int or None, default=None
        Folds that are computed at once. Each uses one share of the cores. Folds that share an
        encoder (`opposite_halves`) are computed one after the other.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    EvaluationResults
        Scores as DataFrames: `table()`, `folds()`, `subjects()`, `recordings()`, `predictions`,
        `failures`, and `notes` on what each protocol lets a model see. Printing shows them.

    Raises
    ------
    ValueError
        If a protocol cannot split the recordings, such as unseen subjects of a single subject.

    Warns
    -----
    UserWarning
        If fits failed. Their exceptions are in `failures`; the other fits are not lost.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import compare_protocols
    >>> cohort = make_cohort(n_subjects=4, duration=40, random_state=0)
    >>> results = compare_protocols(
    ...     {"raw samples": LogisticRegression()},
    ...     cohort.recordings,
    ...     cohort.target,
    ...     cohort.subject,
    ...     n_splits=2,
    ... )
    >>> list(results.table()["estimator"].unique())
    ['raw samples', 'majority class', 'heart rate']
    >>> print(results.notes["subjects"])
    not trained on anything of the tested people: says how well it does on a new person.
    """
    evaluation = Evaluation(
        recordings,
        target,
        subject,
        segmenter=segmenter,
        protocols=protocols,
        n_splits=n_splits,
        random_state=random_state,
        folder=folder,
        memory=memory,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    if isinstance(estimators, Mapping):
        return evaluation.run(estimators)
    return evaluation.run({type(estimators).__name__: estimators})
