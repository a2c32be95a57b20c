"""Each estimator under each protocol, and with each value of what is varied."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import product
from numbers import Real
from typing import Any

from sklearn.base import BaseEstimator, clone

from ..signal import Segmenter
from ..signal.window_store import is_windowed
from ._estimators import baselines, check_pretrained_first, seen_besides, with_pretrainers
from ._label_fraction import LabelFractionSplit
from ._protocols import PROTOCOLS, Fold, Protocol
from ._results import METRICS, SAMPLES, EvaluationResults, collected, import_pandas
from ._run import Measure, Outcome, Task, run_tasks
from ._windows import LabelledWindows

#: What can be varied of the segmenter.
CUTS = ("segmenter__window_length", "segmenter__overlap")

#: The values of each parameter that is varied, by how they are shown in a table.
Varied = dict[str, dict[Any, Any]]


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
    with a linear classifier are scored too.

    Parameters
    ----------
    estimators : dict of str to estimator, or estimator
        Classifiers of windows (n_windows, n_times): `ECGClassifier`, or a Pipeline such as
        ``make_pipeline(SSLEmbedder(...), SVC())``. A Pipeline for recordings works as well, and
        takes each window for a recording. The subjects are given as `groups` where `fit`, that of a
        Pipeline's step too, or `predict` has such a parameter, and to a search whose `cv` splits
        by groups. Pretrainers are trained on the training set alone, unless the
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
    vary : dict of str to sequence or dict, or None, default=None
        Parameters and their values, as of `set_params`:
        ``{"sslembedder__pretrainer__noise__snr_db": [5, 15]}``, or values by name, such as
        ``{"sslembedder__pretrainer": {"small": ..., "large": ...}}``. Each is set on every
        estimator that has it; the others are fitted once, and their rows repeated for each value.
        Of several parameters, all combinations are scored. "segmenter__window_length" and
        "segmenter__overlap" cut the recordings anew: windows of different lengths are not the same
        samples, `recordings()` makes their scores comparable.
    label_fractions : sequence of float or None, default=None
        Parts of the training set's labels that are kept, in (0, 1], see `LabelFractionSplit`.
        Pretrainers learn from all windows of the training set, once a fold, and all else from those
        with labels.
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
        If a protocol cannot split the recordings, such as unseen subjects of a single subject, or
        no estimator has a parameter of `vary`.

    Warns
    -----
    UserWarning
        If fits failed. Their exceptions are in `failures`; the other fits are not lost.

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
    """
    import_pandas()  # fails before, not after, hours of fitting
    segmenter = Segmenter() if segmenter is None else segmenter
    if label_fractions is not None:
        label_fractions = list(dict.fromkeys(map(float, label_fractions)))
    chosen = _protocols(protocols, n_splits, random_state)
    compared = _compared(estimators, segmenter.sampling_rate)
    varied = _varied(vary or {}, compared)
    variants = _variants(compared, varied)

    rows: list[tuple[dict[str, Any], Task]] = []
    for cut, cutter in _segmenters(segmenter, varied, recordings):
        windows = LabelledWindows.from_recordings(recordings, target, subject, cutter)
        folds = [fold for protocol in chosen for fold in protocol.folds(windows)]
        for fold, kept in _with_fractions(folds, windows, label_fractions, random_state):
            tasks: dict[Any, Task] = {}
            for setting, with_values in variants:
                values = {name: (cut | setting)[name] for name in varied}
                for name, estimator in with_values.items():
                    columns = {"estimator": name, "protocol": fold.protocol, **values, **kept}
                    task = Task(name, estimator, windows, fold)
                    task = tasks.setdefault((name, id(estimator)), task)
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
    notes |= {task.name: note for task in tasks_once if (note := seen_besides(task.estimator))}
    return collected([(columns, task, outcome_of[task]) for columns, task in rows], notes)


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


def _compared(estimators: Any, sampling_rate: float) -> dict[str, BaseEstimator]:
    """Name what is compared: the estimators, with their pretrainers, and the baselines."""
    if not isinstance(estimators, Mapping):
        estimators = {type(estimators).__name__: estimators}
    methods = ("fit", "predict", "get_params")
    for name, estimator in estimators.items():
        if isinstance(estimator, type) or not all(hasattr(estimator, m) for m in methods):
            raise TypeError(
                f"estimators must be a classifier, or a dict of them by name; {name!r} is "
                f"{estimator!r:.80}, which is none. Put transformers in front of a classifier with "
                "make_pipeline."
            )
    compared = {name: with_pretrainers(estimator) for name, estimator in estimators.items()}
    return compared | {n: b for n, b in baselines(sampling_rate).items() if n not in compared}


def _varied(vary: Mapping[str, Any], compared: Mapping[str, BaseEstimator]) -> Varied:
    parameters = {p for estimator in compared.values() for p in estimator.get_params(deep=True)}
    for name in vary:
        if name in (*SAMPLES, *METRICS, "estimator", "protocol", "fold", "score", "label_fraction"):
            raise ValueError(
                f"vary: {name!r} is a column of the results. Compare a dict of estimators instead."
            )
        if name not in parameters and name not in CUTS:
            close = get_close_matches(name, [*parameters, *CUTS], n=5, cutoff=0.4)
            raise ValueError(
                f"vary: no estimator has a parameter {name!r}. Close to it are: "
                f"{', '.join(close) or 'none'}."
            )
    return {name: _named_values(name, values) for name, values in vary.items()}


def _named_values(parameter: str, values: Any) -> dict[Any, Any]:
    """Name the values of a parameter as they are shown: by a dict, else by themselves."""
    pairs = values.items() if isinstance(values, Mapping) else [(v, v) for v in values]
    shown = [_as_cell(name) for name, _ in pairs]
    if isinstance(values, str) or not shown or len(set(shown)) < len(shown):
        raise ValueError(
            f"vary: the values of {parameter!r} must be a list, or a dict of values by name, of "
            f"one or more that look different, got {values!r:.200}."
        )
    return dict(zip(shown, (value for _, value in pairs), strict=True))


def _as_cell(value: Any) -> Any:
    """Show a value as text unless it is a number: pandas groups by no tuple, estimator or None."""
    is_number = isinstance(value, Real) and not isinstance(value, bool) and value == value
    return value if is_number else " ".join(str(value).split())


def _combinations(varied: Varied) -> Iterator[dict[str, Any]]:
    """Yield all combinations of values, as they are shown."""
    for values in product(*varied.values()):
        yield dict(zip(varied, values, strict=True))


def _variants(
    compared: Mapping[str, BaseEstimator], varied: Varied
) -> list[tuple[dict[str, Any], dict[str, BaseEstimator]]]:
    """Set all combinations of values; an estimator without a parameter stays the same object."""
    made: dict[Any, BaseEstimator] = {}
    variants = []
    for setting in _combinations({n: values for n, values in varied.items() if n not in CUTS}):
        estimators = {}
        for name, estimator in compared.items():
            own = {p: shown for p, shown in setting.items() if p in estimator.get_params(deep=True)}
            key = (name, *own.items())
            if own and key not in made:
                values = {p: clone(varied[p][shown], safe=False) for p, shown in own.items()}
                made[key] = with_pretrainers(clone(estimator).set_params(**values))
            estimators[name] = made.get(key, estimator)
        variants.append((setting, estimators))
    return variants


def _segmenters(
    segmenter: Segmenter, varied: Varied, recordings: Any
) -> Iterator[tuple[dict[str, Any], Segmenter]]:
    """Set all combinations of the segmenter's values."""
    of_segmenter = {name: varied[name] for name in CUTS if name in varied}
    if of_segmenter and is_windowed(recordings):
        raise ValueError(
            f"vary: the recordings were given as windows, which {', '.join(of_segmenter)} cannot "
            "cut anew. Pass whole recordings and a Segmenter."
        )
    for cut in _combinations(of_segmenter):
        values = {name.removeprefix("segmenter__"): varied[name][cut[name]] for name in cut}
        yield cut, clone(segmenter).set_params(**values)


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
