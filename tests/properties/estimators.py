"""Every public estimator, small enough to be fitted hundreds of times, and data that it takes."""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from sklearn_ecgssl.classify import SegmentVotingClassifier, SubjectScaledClassifier
from sklearn_ecgssl.features import HRVFeatures, SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from sklearn_ecgssl.transforms import AddNoise, FlipTime, Negate, Permute, Scale, TimeWarp
from tests.tiny import tiny_dense, tiny_ecg_classifier, tiny_masked, tiny_pretrainer, waves

RATE = 64
ESTIMATORS = {
    type(estimator).__name__: estimator
    for estimator in [
        ECGFilter(RATE),
        Resampler(RATE, 48),
        TrimmedScaler(),
        Segmenter(RATE, 0.5),
        AddNoise(random_state=0),
        Scale(),
        Negate(),
        FlipTime(),
        Permute(random_state=0),
        TimeWarp(random_state=0),
        tiny_pretrainer(max_epochs=1, batch_size=16),
        tiny_masked(max_epochs=1, batch_size=16),
        SSLEmbedder(tiny_pretrainer(max_epochs=0)),
        HRVFeatures(),
        tiny_dense(hidden=(5,), max_epochs=1),
        tiny_ecg_classifier(max_epochs=1),
        SegmentVotingClassifier(LogisticRegression(), Segmenter(RATE, 0.5)),
        SubjectScaledClassifier(FunctionTransformer(), LogisticRegression()),
    ]
}
WINDOWS, TARGET = waves(n_windows=8, n_times=64)


def with_heart_beats():
    """Three windows of 10 s at 256 Hz, for the estimator that looks for beats."""
    spikes = np.exp(-0.5 * ((np.arange(2560) % 200 - 30) / 3) ** 2)
    return spikes + 0.01 * np.random.default_rng(0).normal(size=(3, 2560))


BEATS = with_heart_beats()


def use(estimator):
    """Fit an estimator, and return all numbers that come out of it."""
    X = BEATS if isinstance(estimator, HRVFeatures) else WINDOWS
    with warnings.catch_warnings():
        # What an unusual parameter is worth a warning for: no beats, no groups, no convergence.
        warnings.simplefilter("ignore", UserWarning)
        estimator.fit(X, TARGET[: len(X)])
        outputs = [
            np.ravel(getattr(estimator, method)(X))
            for method in ("transform", "predict_proba", "encode")
            if hasattr(estimator, method)
        ]
        if hasattr(estimator, "score"):
            outputs.append([estimator.score(X, TARGET[: len(X)])])
    return np.concatenate(outputs).astype(np.float64)


def is_finite(estimator, output):
    """Tell whether no output is NaN or infinite. Without beats there is no heart rate: NaN."""
    return isinstance(estimator, HRVFeatures) or np.isfinite(output).all()


def variant(name, **params):
    """Copy one of the estimators with other parameters."""
    estimator = clone(ESTIMATORS[name])
    for parameter, value in params.items():
        setattr(estimator, parameter, value)  # as the constructor does; set_params checks some
    return estimator
