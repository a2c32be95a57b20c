"""Fitted estimators and whole Pipelines as torch modules."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted
from torch import nn

from .._compat import BaseSearchCV
from ..signal import ECGFilter, RecordingTransformer, Resampler, Segmenter, TrimmedScaler
from ._pretrained import saved_rate
from ._torch_steps import (
    FilledStep,
    LinearModel,
    LinearStep,
    StandardStep,
    TrimmedStep,
    WindowStep,
)

#: Steps that are a matrix for recordings of one length, and no subclasses: these may do more.
LINEAR_STEPS = (ECGFilter, Resampler)

#: Models whose answer is `coef_` times features; the first make probabilities of that.
WITH_PROBABILITIES = (LogisticRegression, LinearDiscriminantAnalysis)
OF_2D = (LinearRegression, Ridge, RidgeCV, ElasticNet)  # as many columns as y had
LINEAR_MODELS = (
    *(*WITH_PROBABILITIES, LinearSVC, RidgeClassifier, RidgeClassifierCV, SVC),
    *(*OF_2D, LinearSVR, SVR),
)

ADVICE = (
    "These can: Resampler, ECGFilter, TrimmedScaler, Segmenter; fitted SSLEmbedder, ECGClassifier, "
    "SegmentVotingClassifier, PretextPretrainer, MaskedPretrainer; behind them StandardScaler, "
    "SimpleImputer, DenseClassifier and linear models. Of a SubjectReferenceClassifier, what "
    "for_subject returns."
)


def to_torch(estimator: Any, *, n_times: int | None = None) -> nn.Module:
    """Make a torch module of a fitted estimator or of a whole Pipeline.

    For what is written for torch: `torch.export`, attributions by Captum, a GPU of one's own. Its
    input can be recordings in physical units, its output probabilities, and gradients reach from
    one to the other.

    Parameters
    ----------
    estimator : estimator
        Fitted: an `SSLEmbedder`, `ECGClassifier`, `DenseClassifier`, `SegmentVotingClassifier` or
        pretrainer, or a Pipeline of

        - `Resampler` and `ECGFilter`, in one matrix for all of them that follow each other,
        - `TrimmedScaler` and `Segmenter`,
        - `SSLEmbedder` with any layers and pool,
        - `StandardScaler` and `SimpleImputer`,
        - a linear model (`LogisticRegression`, `LinearDiscriminantAnalysis`, `LinearSVC`,
          `RidgeClassifier`, ``SVC(kernel="linear")`` of two classes; `LinearRegression`, `Ridge`,
          `ElasticNet`, `LinearSVR`, ``SVR(kernel="linear")``), or a classifier as above.

        Pipelines inside of it, `FrozenEstimator` and the best estimator of a search are looked
        into. What `SubjectReferenceClassifier.for_subject` returns is such a Pipeline.
    n_times : int or None, default=None
        Samples of the recordings that come in, at their own rate: 5000 for 10 s at 500 Hz. None:
        as many as were fitted, where these were an array, not a list.

    Returns
    -------
    nn.Module
        From recordings (n_recordings, n_times), windows (n_windows, n_times) or features
        (n_samples, n_features), whichever the estimator takes, to probabilities
        (n_samples, n_classes); to what `decision_function` gives where the classifier has no
        probabilities; to what `predict` of a regressor or `transform` of a transformer gives. On
        the CPU, in float32 and evaluation mode, with a copy of the weights.

    Raises
    ------
    TypeError
        If there is a step in it that cannot be a torch module; the message says what can.
    ValueError
        If `n_times` is needed and missing, does not give windows of the length that was fitted, or
        makes a matrix of more than 1 GB.
    sklearn.exceptions.NotFittedError
        If a step is not fitted.

    See Also
    --------
    export_onnx : The same as a file, for programs without torch.

    Notes
    -----
    Filters are not run sample by sample: one that goes backwards, too, ends where the recording
    ends. For recordings of one length, filter and change of rate are linear, edges included, so
    they are one matrix, computed in float64: 26 MB for 10 s at 256 Hz, 4 MB at 100 Hz, 20 MB from
    500 to 100 Hz. Of what is at fault in a recording nothing is said: a flat one gives NaN where
    `transform` raises an error.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_ecgssl import ECGFilter, Segmenter, SSLEmbedder, TrimmedScaler, to_torch
    >>> rng = np.random.default_rng(0)
    >>> recordings = rng.normal(5, 2, size=(6, 1000)).astype(np.float32)
    >>> pipe = make_pipeline(
    ...     ECGFilter(100),
    ...     TrimmedScaler(),
    ...     Segmenter(100),
    ...     SSLEmbedder("rhythm-open", layer="scores", sampling_rate=100),
    ...     LogisticRegression(),
    ... ).fit(recordings, [0, 1, 0, 1, 0, 1])
    >>> module = to_torch(pipe)
    >>> probabilities = module(torch.from_numpy(recordings)).detach().numpy()
    >>> bool(np.abs(probabilities - pipe.predict_proba(recordings)).max() < 1e-4)
    True
    """
    if n_times is not None:
        check_scalar(n_times, "n_times", Integral, min_val=1)
    steps = list(flat_steps(estimator))
    length: Any = getattr(estimator, "n_features_in_", None) if n_times is None else n_times
    if length is None and takes_recordings(steps[0]):
        raise ValueError(
            "n_times is missing: the Pipeline was fitted on a list of recordings, which may differ "
            "in length. Pass the samples of those that will come, such as n_times=2560 for 10 s "
            "at 256 Hz."
        )
    modules: list[nn.Module] = []
    for is_linear, group in groupby(steps, lambda step: type(step) in LINEAR_STEPS):
        if is_linear:
            together = list(group)
            linear = LinearStep(
                [step._linear_function() for step in together],
                length,
                refuses_flat=any(isinstance(step, ECGFilter) for step in together),
            )
            modules.append(linear)
            length = linear.n_times_out
            continue
        for step in group:
            modules.append(_module_of(step, length))
            length = _length_after(step, length)
    return modules[0].eval() if len(modules) == 1 else nn.Sequential(*modules).eval()


def flat_steps(estimator: Any) -> Iterator[Any]:
    """Give the steps of a Pipeline and of those inside it; of another estimator, itself."""
    if isinstance(estimator, FrozenEstimator):
        yield from flat_steps(estimator.estimator)
    elif isinstance(estimator, BaseSearchCV) and hasattr(estimator, "best_estimator_"):
        yield from flat_steps(estimator.best_estimator_)
    elif isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            if step is not None and step != "passthrough":
                yield from flat_steps(step)
    else:
        yield estimator


def takes_recordings(step: Any) -> bool:
    """Tell a step of recordings from one of windows or features."""
    return isinstance(step, RecordingTransformer) or hasattr(step, "segmenter")


def rate_taken(steps: Iterable[Any]) -> float | None:
    """Return the sampling rate in Hz of what steps are given: that of the first which tells."""
    for step in steps:
        rates = (getattr(step, f"{name}_rate", None) for name in ("input", "original", "sampling"))
        segmenter = getattr(step, "segmenter", None)
        of_windows = getattr(segmenter, "sampling_rate", None) or saved_rate(step)
        if rate := next(filter(None, rates), of_windows):
            return rate
    return None


def _module_of(step: Any, n_times: int | None) -> nn.Module:
    """Make the module of a step that is given `n_times` samples; None stands for features."""
    if type(step) is TrimmedScaler:
        return TrimmedStep(step.trim)
    if isinstance(step, StandardScaler):
        check_is_fitted(step)
        return StandardStep(step.mean_, step.scale_)
    if isinstance(step, SimpleImputer):
        return _filled(step)
    if isinstance(step, LINEAR_MODELS):
        return _linear_model(step)
    segmenter = getattr(step, "segmenter", step)
    if type(segmenter) is Segmenter:
        _check_a_window(segmenter, n_times)
    if type(step) is Segmenter:
        return WindowStep(step)
    if isinstance(step, type) or not hasattr(step, "to_torch"):
        raise TypeError(f"{step!r:.80} cannot be a torch module. {ADVICE}")
    module: nn.Module = step.to_torch()
    fitted = getattr(step, "n_features_in_", n_times)
    if n_times not in (None, fitted):
        raise ValueError(
            f"n_times gives {type(step).__name__} {n_times} samples, and it was fitted on windows "
            f"of {fitted}: pass the n_times that gives as many."
        )
    return module


def _length_after(step: Any, n_times: int | None) -> int | None:
    """Count the samples that a step gives; None where it gives features."""
    if type(step) is Segmenter:
        return step._window_samples()[0]
    return n_times if isinstance(step, RecordingTransformer) else None


def _check_a_window(segmenter: Segmenter, n_times: Any) -> None:
    if not segmenter.count(n_times):
        raise ValueError(
            f"n_times gives Segmenter {n_times} samples, less than a window of "
            f"{segmenter.window_length:g} s at {segmenter.sampling_rate:g} Hz: pass more."
        )


def _filled(imputer: SimpleImputer) -> FilledStep:
    check_is_fitted(imputer)
    values = np.asarray(imputer.statistics_)
    is_plain = imputer.missing_values is np.nan and not imputer.add_indicator
    if not is_plain or values.dtype.kind != "f" or np.isnan(values).any():
        raise TypeError(
            "SimpleImputer can be a torch module where it fills in NaN and leaves out no feature: "
            "set missing_values=nan, add_indicator=False, keep_empty_features=True."
        )
    return FilledStep(values)


def _linear_model(model: Any) -> LinearModel:
    if isinstance(model, SVC | SVR) and model.kernel != "linear":
        raise TypeError(
            f"{model!r:.80} cannot be a torch module: its kernel is not linear. Fit "
            f"{type(model).__name__}(kernel='linear') or a LogisticRegression in its place."
        )
    check_is_fitted(model)
    if isinstance(model, SVC) and (len(model.classes_) > 2 or hasattr(model, "predict_proba")):
        raise TypeError(
            f"{model!r:.80} cannot be a torch module: the probabilities of an SVC, and its scores "
            "of more than two classes, are not linear. Fit a LinearSVC or a LogisticRegression in "
            "its place."
        )
    if isinstance(model, WITH_PROBABILITIES):
        return LinearModel(model.coef_, model.intercept_, proba=True)
    is_flat = np.ndim(model.coef_) == 1 or (len(model.coef_) == 1 and not isinstance(model, OF_2D))
    return LinearModel(model.coef_, model.intercept_, is_flat=is_flat)
