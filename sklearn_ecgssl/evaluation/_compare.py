"""Each estimator under each protocol, and with each value of what is varied."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..signal import Segmenter
from ..signal._keep import Keep
from ._estimators import (
    KEPT,
    REFERENCE,
    are_regressors,
    baselines,
    check_pretrained_first,
    check_rates,
    named_estimators,
    seen_besides,
    with_pretrainers,
)
from ._label_fraction import LabelFractionSplit
from ._protocols import PROTOCOLS, Fold, Protocol
from ._reference import held_back
from ._results import EvaluationResults, collected, import_pandas
from ._run import Measure, Outcome, Task, run_tasks, takes_reference
from ._vary import references, segmenters, variants, varied_values
from ._windows import LabelledWindows


def compare_protocols(
    estimators: Mapping[str, BaseEstimator] | BaseEstimator,
    recordings: Any,
    target: Any,
    subject: Any,
    *,
    segmenter: Segmenter | None = None,
    protocols: str | Protocol | Sequence[str | Protocol] = ("windows", "recordings", "subjects"),
    vary: Mapping[str, Sequence[Any] | Mapping[Any, Any]] | None = None,
    label_fractions: Sequence[float] | None = None,
    reference: Any = None,
    keep: Keep | None = None,
    measure: Measure | None = None,
    n_splits: int = 10,
    random_state: int | None = 0,
    folder: Any = None,
    memory: Any = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> EvaluationResults:
    """Score estimators on shuffled windows, on whole recordings and on unseen subjects.

    The papers on emotion from ECG score shuffled windows, so that windows of one person, even of
    one recording, are in the training and in the test set [1]_. What is left of such a score on
    people whom the model has not met is what this function shows. All protocols train on windows
    and score windows; they differ in the split alone. The majority class and heart-rate features
    with a linear classifier are scored too; of ratings, their mean and a linear regression.

    Parameters
    ----------
    estimators : dict of str to estimator, or estimator
        Classifiers of windows (n_windows, n_times): `ECGClassifier`, or a Pipeline such as
        ``make_pipeline(SSLEmbedder(...), SVC())``; or regressors, such as with ``SVR()`` in its
        place. A Pipeline for recordings takes each window for a recording. Where `fit`, that of a
        Pipeline's step too, or `predict` has a parameter `groups`, or a search's `cv` splits by
        groups, it is given the subjects. Pretrainers learn from the training set alone, unless the
        protocol says from what, once for all estimators that share them.
    recordings : list of arrays, or array-like of shape (n_recordings, n_times)
        Recordings, filtered and scaled; or windowed recordings.
    target : array-like of shape (n_recordings,)
        Label of each recording; for regressors its rating, a number. A dict without estimators
        is scored as a regression where the target has fractions.
    subject : array-like of shape (n_recordings,)
        Subject of each recording.
    segmenter : Segmenter or None, default=None
        Cuts recordings into windows; its sampling rate is that of the heart-rate features. None
        stands for ``Segmenter()``: 10 s at 256 Hz.
    protocols : sequence of {"windows", "recordings", "subjects"} or Protocol, \
            default=("windows", "recordings", "subjects")
        How to split. `unseen_subjects(n_splits=None)` leaves one subject out at a time, `left_out`
        a data set, a stressor or any other field; `opposite_halves` pretrains two encoders for all
        folds.
    vary : dict of str to sequence or dict, or None, default=None
        Parameters and their values, as of `set_params`:
        ``{"sslembedder__pretrainer__noise__snr_db": [5, 15]}``, or values by name, such as
        ``{"sslembedder__pretrainer": {"small": ..., "large": ...}}``. Each is set on every
        estimator that has it; the others are fitted once, and their rows repeated for each value.
        Of several parameters, all combinations are scored. "segmenter__window_length" and
        "segmenter__overlap" cut the recordings again: windows of different lengths are not the same
        samples, `recordings()` makes their scores comparable.
    label_fractions : sequence of float or None, default=None
        Parts of the training set's labels that are kept, in (0, 1], see `LabelFractionSplit`, of
        classifiers. Pretrainers learn from all windows of the training set, once a fold.
    reference : ReferenceWindows, array-like of bool, or None, default=None
        Rest that is known of each person, such as ``ReferenceWindows("rest", seconds=60)``, or a
        mask of recordings or of windows. Classifiers that take it (`SubjectReferenceClassifier`,
        and the heart rate) are scored with it and without, in a column ``reference``;
        ``vary={"reference__seconds": [0, 30, 60]}`` takes other amounts instead. What is reference
        in one row is neither learnt from nor scored in any: all rows have the same test windows.
    keep : callable, array-like of bool of shape (n_windows,) or None, default=None
        Which windows are learnt from and scored, the same in all rows: `usable`, or another
        function of the windows of a recording and their sampling rate that returns a mask, or a
        mask of all windows that are cut. `notes` and a warning say how many are left out. None
        keeps all.
    measure : callable or None, default=None
        More numbers about each fit, such as `pretext_accuracy`: from the fitted estimator and the
        test windows to a dict, which becomes columns of `folds()`.
    n_splits : int, default=10
        Folds of the protocols that are given by name; fewer where there are fewer recordings or
        subjects.
    random_state : int or None, default=0
        Seed of the folds of the protocols that are given by name, and of which labels are kept.
    folder : path-like or None, default=None
        Where each fit's results are saved as it ends. The same call goes on where an interrupted
        one stopped; other estimators, recordings or splits are told apart.
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
        `failures`, and `notes` on what each protocol lets a model see. What is varied, and
        ``label_fraction``, are columns. Printing shows the scores.

    Raises
    ------
    ValueError
        If a protocol cannot split the recordings, such as unseen subjects of a single subject, no
        estimator has a parameter of `vary`, the target is ratings and the estimators are
        classifiers, an estimator takes ECG of another sampling rate than the segmenter's, or `keep`
        is no mask or keeps no window.
    TypeError
        If classifiers and regressors are mixed.

    Warns
    -----
    UserWarning
        If `keep` leaves windows out, some people have windows of one class only, or fits failed.
        Exceptions of fits are in `failures`; the other fits are not lost.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import compare_protocols
    >>> cohort = make_cohort(n_subjects=4, duration=40, random_state=0)
    >>> data = cohort.recordings, cohort.target, cohort.subject
    >>> results = compare_protocols({"raw samples": LogisticRegression()}, *data, n_splits=2)
    >>> list(results.table()["estimator"].unique())
    ['raw samples', 'majority class', 'heart rate']
    >>> print(results.notes["subjects"])
    not trained on anything of the tested people: says how well it does on a new person.

    With less regularisation, and from few labels:

    >>> results = compare_protocols(
    ...     {"raw samples": LogisticRegression()},
    ...     *data,
    ...     protocols="subjects",
    ...     vary={"C": [0.1, 1]},
    ...     label_fractions=[1, 0.5],
    ...     n_splits=2,
    ... )
    >>> results.varied, len(results.table())
    (['C', 'label_fraction'], 12)

    Ratings, here of how tense the people were:

    >>> from sklearn.linear_model import Ridge
    >>> ratings = [1.5, 6, 2, 7.5, 1, 5.5, 2.5, 7]
    >>> data = cohort.recordings, ratings, cohort.subject
    >>> results = compare_protocols({"raw": Ridge()}, *data, protocols="subjects", n_splits=2)
    >>> results.recordings().columns[-3:].tolist(), results.table()["estimator"].tolist()
    (['r2', 'concordance', 'rmse'], ['raw', 'mean rating', 'heart rate'])
    """
    import_pandas()  # fails before, not after, hours of fitting
    named = named_estimators(estimators)
    segmenter = Segmenter() if segmenter is None else segmenter
    check_rates(segmenter, named)
    regression = are_regressors(named, target)
    has_reference = reference is not None or "reference" in (vary or {})
    if regression:
        _check_no_classes_are_needed(label_fractions, has_reference)
    if label_fractions is not None:
        label_fractions = list(dict.fromkeys(map(float, label_fractions)))
    chosen = _protocols(protocols, n_splits, random_state)
    compared = {name: with_pretrainers(estimator) for name, estimator in named.items()}
    compared |= baselines(
        segmenter.sampling_rate, compared, has_reference=has_reference, regression=regression
    )
    varied = varied_values(vary or {}, compared, reference)
    settings = variants(compared, varied)

    rows: list[tuple[dict[str, Any], Task]] = []
    counted: list[str] = []
    for cut, cutter in segmenters(segmenter, varied, recordings):
        windows = LabelledWindows.from_recordings(
            recordings, target, subject, cutter, regression=regression, keep=keep
        )
        if not regression and not counted:
            _warn_of_one_class(windows)
        cut_as = "".join(f" ({name}={value})" for name, value in cut.items())
        counted.append(f"{windows.left_out}{cut_as}")
        masks = references(reference, varied, windows)
        folds = [fold for protocol in chosen for fold in protocol.folds(windows)]
        folds = _without_reference(folds, windows, [m for _, m in masks if m is not None])
        for fold, kept in _with_fractions(folds, windows, label_fractions, random_state):
            tasks: dict[Any, Task] = {}
            for (of_reference, mask), (setting, with_values) in product(masks, settings):
                values = {name: (cut | of_reference | setting)[name] for name in varied}
                for name, estimator in with_values.items():
                    columns = {"estimator": name, "protocol": fold.protocol, **values, **kept}
                    own = mask if mask is not None and takes_reference(name, estimator) else None
                    task = Task(name, estimator, windows, fold, own)
                    task = tasks.setdefault((name, id(estimator), id(own)), task)
                    rows.append((columns | {"fold": fold.number}, task))

    tasks_once = list(dict.fromkeys(task for _, task in rows))
    for task in tasks_once:
        if task.fold.pretrain is not None:
            check_pretrained_first(task.name, task.estimator)
    outcomes = run_tasks(
        tasks_once, measure=measure, folder=folder, memory=memory, n_jobs=n_jobs, verbose=verbose
    )
    _warn_of_failures(tasks_once, outcomes)
    outcome_of = dict(zip(tasks_once, outcomes, strict=True))
    notes = {protocol.name: protocol.sees for protocol in chosen}
    notes |= {"reference windows": REFERENCE} if has_reference else {}
    notes |= {} if keep is None else {"keep": KEPT.format("; ".join(counted))}
    notes |= {task.name: note for task in tasks_once if (note := seen_besides(task.estimator))}
    return collected([(columns, task, outcome_of[task]) for columns, task in rows], notes)


def _warn_of_one_class(windows: LabelledWindows) -> None:
    """Warn where some people have windows of one class only, and others of all."""
    people = np.unique(windows.subject)
    of_person = [np.unique(windows.target[windows.subject == one]) for one in people]
    n_classes = np.array([len(classes) for classes in of_person])
    alone = people[n_classes == 1]
    if len(alone) and n_classes.max() == len(windows.classes) > 1:
        warnings.warn(
            f"{len(alone)} of {len(people)} people have windows of one class only: "
            f"{', '.join(map(str, alone[:3]))}{', ...' if len(alone) > 3 else ''}. They teach a "
            "model who they are, and a constant answer to them is all right or all wrong. Leave "
            "them out before the comparison.",
            stacklevel=3,
        )


def _protocols(protocols: Any, n_splits: int, random_state: int | None) -> list[Protocol]:
    made = []
    for protocol in [protocols] if isinstance(protocols, str | Protocol) else protocols:
        if isinstance(protocol, Protocol):
            made.append(protocol)
        elif protocol in PROTOCOLS:
            made.append(PROTOCOLS[protocol](n_splits=n_splits, random_state=random_state))
        else:
            raise ValueError(
                f"protocols must be Protocol or of {list(PROTOCOLS)}, got {protocol!r}."
            )
    names = [protocol.name for protocol in made]
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"protocols must be at least one, with a name of its own each, got {names}. Rename one "
            "with dataclasses.replace(protocol, name=...)."
        )
    return made


def _check_no_classes_are_needed(label_fractions: Any, has_reference: bool) -> None:
    """Refuse what needs classes in a regression."""
    if label_fractions is not None:
        raise ValueError(
            "label_fractions keeps labels of each class, and regressors have none. Leave it out."
        )
    if has_reference:
        raise ValueError(
            "reference: the level of a person is for classifiers, and these are regressors. Leave "
            "it out, or binarize the ratings, for example target > target.mean()."
        )


def _without_reference(
    folds: list[Fold], windows: LabelledWindows, masks: list[np.ndarray]
) -> list[Fold]:
    """Take what is reference in any row out of all training and test sets."""
    if not masks:
        return folds
    out = held_back(masks, windows)
    windows.classes = np.unique(windows.target[~out])
    kept = [
        fold._replace(
            train=fold.train[~out[fold.train]],
            test=fold.test[~out[fold.test]],
            pretrain=None if fold.pretrain is None else fold.pretrain[~out[fold.pretrain]],
        )
        for fold in folds
    ]
    return [fold for fold in kept if len(fold.test)]


def _with_fractions(
    folds: list[Fold],
    windows: LabelledWindows,
    fractions: Sequence[float] | None,
    random_state: int | None,
) -> Iterator[tuple[Fold, dict[str, Any]]]:
    """Keep fractions of the labels of each training set, and pretrain on all of it."""
    for fold in folds:
        if fractions is None:
            yield fold, {}
            continue
        pretrain = fold.train if fold.pretrain is None else fold.pretrain
        for fraction in fractions:
            splitter = LabelFractionSplit(fraction=fraction, random_state=random_state)
            labelled = splitter.labelled_part(fold.train, windows.target, windows.subject)
            few = fold._replace(train=labelled, pretrain=pretrain)
            yield few, {"label_fraction": float(fraction)}


def _warn_of_failures(tasks: list[Task], outcomes: list[Outcome]) -> None:
    failed = [(t, o) for t, o in zip(tasks, outcomes, strict=True) if o.error]
    if failed:
        task, outcome = failed[0]
        warnings.warn(
            f"{len(failed)} of {len(tasks)} fits failed and are left out of the scores; see "
            f"`failures`. The first, {task.name} under {task.fold.protocol}, fold "
            f"{task.fold.number}: {outcome.error}",
            stacklevel=3,
        )
