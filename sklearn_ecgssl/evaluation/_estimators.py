"""What is compared: the baselines, and the pretrainers inside the user's estimators."""

import warnings
from collections.abc import Container, Mapping
from os import PathLike
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline, make_pipeline

from ..classify import ECGClassifier, SubjectReferenceClassifier, SubjectScaledClassifier
from ..classify._metadata import NOTHING
from ..features import FrozenEncoder, HRVFeatures, SSLEmbedder
from ..features._beats import QRS_BAND, load_detector
from ..pretext import BasePretrainer, PretextPretrainer, nested_pretrainers, resolve_pretrainer
from ..saving._torch_pipeline import flat_steps, rate_taken
from ..signal import Segmenter
from ._linear import linear_classifier, linear_regressor
from ._windows import are_ratings

MAJORITY = "majority class"
MEAN = "mean rating"
HEART_RATE = "heart rate"
FROZEN = (
    "its encoder was pretrained before this comparison. If it learnt from the tested people's "
    "recordings, it has met them, without labels, under every protocol."
)
SUBJECT_SCALED = (
    "it scales the features of each person, so it uses the test subjects' unlabelled signals, of "
    "all their conditions."
)
REFERENCE = (
    "windows of rest that is known of each person. What is reference in one row is neither learnt "
    "from nor scored in any."
)
KEPT = "{}. They are neither learnt from nor scored in any row."
SUBJECT_REFERENCE = (
    "where there is a reference, it subtracts each person's mean features of these windows, so it "
    "uses that much signal of the tested people, and knows that it is rest."
)


def named_estimators(estimators: Any) -> dict[str, BaseEstimator]:
    """Check the estimators, and name a single one by its class."""
    if not isinstance(estimators, Mapping):
        estimators = {type(estimators).__name__: estimators}
    methods = ("fit", "predict", "get_params")
    for name, estimator in estimators.items():
        if isinstance(estimator, type) or not all(hasattr(estimator, m) for m in methods):
            raise TypeError(
                f"estimators must be a classifier or regressor, or a dict of them by name; {name!r}"
                f" is {estimator!r:.80}, which is none. Put transformers in front of one with "
                "make_pipeline."
            )
    return dict(estimators)


def check_rates(segmenter: Segmenter, estimators: dict[str, BaseEstimator]) -> None:
    """Refuse an estimator that takes another sampling rate than that of the windows it gets."""
    cut = segmenter.sampling_rate
    for name, estimator in estimators.items():
        rate = rate_taken(step for step in flat_steps(estimator) if not _has_default_rate(step))
        if rate is not None and not np.isclose(rate, cut):
            raise ValueError(
                f"{name!r} takes ECG of {rate:g} Hz, but its windows have {cut:g} Hz: pass "
                f"segmenter=Segmenter({rate:g}) if that is the rate of the recordings, or steps "
                "of a Pipeline without those that resample, filter and cut."
            )


def _has_default_rate(step: Any) -> bool:
    """Tell an embedder whose rate may not have been given: an own encoder works without."""
    return isinstance(step, SSLEmbedder) and step.sampling_rate == 256


def are_regressors(estimators: dict[str, BaseEstimator], target: Any) -> bool:
    """Tell whether ratings are predicted: by the estimators or, if there are none, the target."""
    if not estimators:
        return are_ratings(np.asarray(target))
    of_kind = {is_regressor(estimators[name]): name for name in reversed(estimators)}
    if len(of_kind) > 1:
        raise TypeError(
            f"estimators must be all classifiers or all regressors: {of_kind[True]!r} is a "
            f"regressor, {of_kind[False]!r} is not. Compare them in two calls."
        )
    return True in of_kind


def baselines(
    sampling_rate: float, besides: Container[str], *, has_reference: bool, regression: bool
) -> dict[str, BaseEstimator]:
    """Build what is scored in every comparison, besides those of these names.

    The heart rate is left out, with a warning, where its detector is not installed or does not work
    at the sampling rate.
    """
    if regression:
        constant = {MEAN: DummyRegressor()}
    else:
        constant = {MAJORITY: DummyClassifier(strategy="most_frequent")}
    constant = {name: dummy for name, dummy in constant.items() if name not in besides}
    if HEART_RATE in besides:
        return constant
    lowest, problem = 2 * QRS_BAND[1], ""
    if sampling_rate <= lowest:
        problem = f"its sampling rate must be above {lowest:g} Hz."
    try:
        load_detector()
    except ImportError as error:
        problem = str(error)
    if problem:
        warnings.warn(f"No {HEART_RATE!r} baseline: {problem}", stacklevel=3)
        return constant
    features = HRVFeatures(sampling_rate=sampling_rate)
    linear = linear_regressor() if regression else linear_classifier(C=None)
    if has_reference:
        return constant | {HEART_RATE: SubjectReferenceClassifier(features, linear)}
    return constant | {HEART_RATE: make_pipeline(features, linear)}


def with_pretrainers(estimator: BaseEstimator) -> BaseEstimator:
    """Put the default pretrainer, or the frozen one of a folder, where an estimator names it."""
    if isinstance(estimator, FrozenEstimator):
        return estimator
    parts = estimator.get_params(deep=True)
    frozen = tuple(f"{name}__" for name, part in parts.items() if isinstance(part, FrozenEstimator))
    named = {
        f"{name}__pretrainer" if name else "pretrainer": resolve_pretrainer(part.pretrainer)
        for name, part in {"": estimator, **parts}.items()
        if _names_pretrainer(part) and not name.startswith(frozen)
    }
    return clone(estimator).set_params(**named) if named else estimator


def _names_pretrainer(part: Any) -> bool:
    if isinstance(part, SSLEmbedder) and part.pretrainer is None:
        return True  # an ECGClassifier without a pretrainer is the supervised network
    has_pretrainer = isinstance(part, (SSLEmbedder, ECGClassifier))
    return has_pretrainer and isinstance(part.pretrainer, (str, PathLike))


def check_pretrained_first(name: str, estimator: BaseEstimator) -> None:
    """Refuse a pretrainer that learns beforehand, from windows as they are, behind other steps."""
    parts = {"": estimator} | estimator.get_params(deep=True)
    for path, _ in nested_pretrainers(estimator):
        names = path.split("__")
        for depth, step_name in enumerate(names):
            owner = parts["__".join(names[:depth])]
            if not isinstance(owner, Pipeline):
                continue
            position = [step for step, _ in owner.steps].index(step_name)
            before = [step for step, part in owner.steps[:position] if part not in NOTHING]
            if before:
                raise ValueError(
                    f"The pretrainer of {name!r} learns beforehand, from the windows as they are, "
                    f"but stands behind other steps of a Pipeline: {before}. Apply them to the "
                    "recordings before the comparison, or leave out label_fractions and "
                    "opposite_halves, so that it learns in the Pipeline."
                )


def seen_besides(estimator: BaseEstimator) -> str:
    """Say what an estimator sees of the tested people besides what the protocol allows."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    found = []
    if any(map(_is_trained_before, parts)):
        found.append(FROZEN)
    if any(isinstance(part, SubjectScaledClassifier) for part in parts):
        found.append(SUBJECT_SCALED)
    if any(isinstance(part, SubjectReferenceClassifier) for part in parts):
        found.append(SUBJECT_REFERENCE)
    return " Also, ".join(found)


def _is_trained_before(part: Any) -> bool:
    """Tell a frozen model from a pretrainer that never learnt, and from what learns here."""
    if isinstance(part, FrozenEncoder):
        return True
    model = part.estimator if isinstance(part, FrozenEstimator) else None
    # Converted weights have no epochs, but `max_epochs`.
    is_untrained = isinstance(model, BasePretrainer) and model.max_epochs == model.n_epochs_ == 0
    return model is not None and not is_untrained


def pretext_accuracy(model: BaseEstimator, X: np.ndarray) -> dict[str, float]:
    """Measure how well the transformations of test windows are recognised.

    Pass it as `measure` to `compare_protocols`.

    Parameters
    ----------
    model : estimator
        Fitted: an `ECGClassifier`, or a Pipeline with an `SSLEmbedder`.
    X : ndarray of shape (n_windows, n_times)
        Test windows.

    Returns
    -------
    dict of str to float
        ``pretext_accuracy``, the mean over tasks, and ``<task>_accuracy`` of each. Empty for a
        model without a `PretextPretrainer`.

    Examples
    --------
    >>> from sklearn_ecgssl.classify import ECGClassifier
    >>> from sklearn_ecgssl.datasets import make_cohort
    >>> from sklearn_ecgssl.evaluation import pretext_accuracy
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> from sklearn_ecgssl.signal import Segmenter
    >>> cohort = make_cohort(n_subjects=2, duration=20, random_state=0)
    >>> X, y = Segmenter().windows(cohort.recordings, cohort.target)
    >>> pretrainer = PretextPretrainer(filters=(2, 2, 2), max_epochs=1, random_state=0)
    >>> model = ECGClassifier(pretrainer, freeze="trunk", max_epochs=1).fit(X, y)
    >>> list(pretext_accuracy(model, X))[:3]
    ['pretext_accuracy', 'original_accuracy', 'noise_accuracy']
    """
    for part in [model, *(step for _, step in getattr(model, "steps", []))]:
        pretrainer = getattr(part, "pretrainer_", None)
        pretrainer = getattr(pretrainer, "estimator", pretrainer)  # of a FrozenEstimator
        if isinstance(pretrainer, PretextPretrainer):
            scores = pretrainer.task_scores(X)
            by_task = {f"{task}_accuracy": score for task, score in scores.items()}
            return {"pretext_accuracy": float(np.mean(list(scores.values())))} | by_task
    return {}
