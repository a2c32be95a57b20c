"""Valid parameters of every estimator give numbers, or an error that names one of them."""

import re
import warnings
from numbers import Integral

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils._param_validation import make_constraint

import sklearn_ecgssl
from sklearn_ecgssl._compat import Interval, StrOptions
from sklearn_ecgssl.classify import (
    SegmentVotingClassifier,
    SubjectReferenceClassifier,
    SubjectScaledClassifier,
)
from sklearn_ecgssl.features import FrozenEncoder, HRVFeatures, SignalQuality, SSLEmbedder
from sklearn_ecgssl.pretext import DilatedConvolutions
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from sklearn_ecgssl.transforms import (
    AddNoise,
    CompareIrregularity,
    CompareTempo,
    FlipTime,
    Negate,
    Permute,
    RandomAugmentation,
    Scale,
    TimeWarp,
)
from tests.strategies import attempt, log_uniform, seeds
from tests.tiny import tiny_dense, tiny_ecg_classifier, tiny_masked, tiny_pretrainer, waves

RATE = 64
ESTIMATORS = [
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
    RandomAugmentation(random_state=0),
    tiny_pretrainer(max_epochs=1, batch_size=16),
    tiny_masked(max_epochs=1, batch_size=16),
    SSLEmbedder(tiny_pretrainer(max_epochs=0)),
    HRVFeatures(),
    SignalQuality(),
    FrozenEncoder(np.tanh, sampling_rate=RATE, window_length=0.5),
    tiny_dense(hidden=(5,), max_epochs=1),
    tiny_ecg_classifier(max_epochs=1),
    SegmentVotingClassifier(LogisticRegression(), Segmenter(RATE, 0.5)),
    SubjectScaledClassifier(FunctionTransformer(), LogisticRegression()),
    SubjectReferenceClassifier(FunctionTransformer(), LogisticRegression()),
]
WINDOWS, TARGET = waves(n_windows=8, n_times=64)
#: Three windows of 10 s at 256 Hz, for the estimator that looks for beats.
SPIKES = np.exp(-0.5 * ((np.arange(2560) % 200 - 30) / 3) ** 2)
BEATS = SPIKES + 0.01 * np.random.default_rng(0).normal(size=(3, 2560))


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


#: The largest values that are tried, so that a fit takes milliseconds.
CAPS = {
    "max_epochs": 1, "n_layers": 3, "convs_per_block": 3, "feedforward": 8, "n_heads": 5,
    "batch_size": 64, "pool_size": 9, "pool_stride": 9, "span_length": 70, "n_pieces": 70,
    "sampling_rate": 3000, "original_rate": 3000, "window_length": 2, "learning_rate": 0.1,
    "trunk_learning_rate": 0.1, "l2": 1, "dropout": 0.9, "head_dropout": 0.9, "factor": 1e6,
    "low": 40, "high": 40, "notch_quality": 1e4,
}  # fmt: skip
sizes = st.lists(st.integers(1, 8), min_size=1, max_size=3)
hidden = st.lists(st.integers(1, 8), max_size=2)
steps = [("a", AddNoise(3)), ("b", Scale(2)), ("c", Negate()), ("d", TimeWarp(3)), ("e", "drop")]
compared = [("p", CompareTempo(1.3)), ("q", CompareIrregularity(0.5, 3)), ("r", "drop")]
#: What cannot be told from a declaration; None where the default is kept.
BY_NAME = {
    "notch": st.none() | st.floats(1, 31) | st.lists(st.floats(1, 31), max_size=3),
    "filters": sizes,
    "kernel_sizes": sizes,
    "hidden": hidden | hidden.map(tuple) | hidden.map(lambda units: np.array(units, dtype=int)),
    "head_hidden": hidden,
    "task_weights": st.none()
    | st.lists(st.floats(0, 9), min_size=7, max_size=7)
    | st.dictionaries(st.sampled_from(["noise", "original"]), st.floats(0, 9)),
    "comparisons": st.none() | st.lists(st.sampled_from(compared), unique_by=lambda pair: pair[0]),
    "augmentation": st.sampled_from([None, Negate(), RandomAugmentation(low_pass=None)]),
    "trunk": st.none() | st.builds(DilatedConvolutions, st.integers(1, 5), n_layers=st.just(2)),
    "low_pass": st.sampled_from([None, (0.1, 0.1), [0.5, np.float32(1)]]),
    "snr_db": st.floats(-50, 150) | st.floats(-50, 150).map(np.float32),
    "transforms": st.none() | st.lists(st.sampled_from(steps), unique_by=lambda pair: pair[0]),
    "class_weight": st.sampled_from([None, "balanced", "positive", {0: 1, 1: 2.5}]),
    "device": st.sampled_from(["auto", "cpu"]),
    "layer": st.sampled_from(["last", "all", "block1", "block2"]),
    "aggregate": st.sampled_from([None, "max", ["mean"], ("std", "max"), ["mean", "rhythm"]]),
    "features": st.sampled_from(["auto", ["mean_hr"], ("rmssd", "sdnn"), ["lf"]]),
    "pretrainer": st.sampled_from([tiny_pretrainer(max_epochs=0), tiny_masked(max_epochs=0)]),
    "scaling": st.sampled_from([None, "standard", "minmax", "trimmed", np.tanh]),
    "channel_axis": st.sampled_from(["auto", None, 1, 2]),
    "output": st.none() | st.integers(0, 2) | st.just("features"),
    "verbose": st.just(0),
    **dict.fromkeys(["memory", "checkpoint", "segmenter", "estimator", "classifier", "model"]),
}


def numbers_in(interval, name):
    """Numbers of an interval, Python's or numpy's."""
    cap = min(CAPS.get(name, np.inf), np.inf if interval.right is None else interval.right)
    if interval.type is Integral:
        low = 0 if interval.left is None else interval.left
        plain = st.integers(low, int(min(cap, low + 100)))
        return plain | plain.map(np.int64)
    low = -50.0 if interval.left is None else float(interval.left)
    high = float(min(cap, low + 200))
    plain = st.floats(low, high) | log_uniform(1e-4, 1).map(lambda u: low + u * (high - low))
    return (plain | plain.map(np.float32)).filter(interval.is_satisfied_by)


def valid(name, constraints):
    """Values that a parameter's declaration allows; None where the default is kept."""
    if name in BY_NAME:
        return BY_NAME[name]
    strategies = []
    for constraint in map(make_constraint, constraints):
        if isinstance(constraint, Interval):
            strategies.append(numbers_in(constraint, name))
        elif isinstance(constraint, StrOptions):
            strategies.append(st.sampled_from(sorted(constraint.options)))
        elif constraint.is_satisfied_by(np.random.RandomState()):
            strategies.append(seeds | st.builds(np.random.RandomState, st.just(0)))
        elif constraint.is_satisfied_by(None):
            strategies.append(st.none())
        elif constraint.is_satisfied_by(np.True_):
            strategies.append(st.sampled_from([True, False, np.True_, np.False_]))
    assert strategies, f"{name}: say in BY_NAME which values are valid"
    return st.one_of(strategies)


@st.composite
def valid_parameters(draw, estimator):
    """Some valid parameters of an estimator, each valid by itself."""
    params = {}
    for name, constraints in type(estimator)._parameter_constraints.items():
        strategy = valid(name, constraints)
        if strategy is not None and draw(st.booleans()):
            params[name] = draw(strategy)
    if "filters" in params or "kernel_sizes" in params:
        n = draw(st.integers(1, 3))
        for name in ("filters", "kernel_sizes"):
            params[name] = draw(st.lists(st.integers(1, 8), min_size=n, max_size=n))
    return params


def test_every_public_estimator_is_tried():
    public = {getattr(sklearn_ecgssl, name) for name in sklearn_ecgssl.__all__}
    classes = {c for c in public if isinstance(c, type) and issubclass(c, BaseEstimator)}
    classes = {c for c in classes if hasattr(c, "fit")}
    assert {type(estimator) for estimator in ESTIMATORS} == classes


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
@given(st.data())
def test_valid_parameters_give_numbers_or_are_refused_together(estimator, data):
    estimator = clone(estimator)
    for parameter, value in data.draw(valid_parameters(estimator)).items():
        setattr(estimator, parameter, value)  # as the constructor does; set_params checks some
    output, refusal = attempt(use, estimator)
    if refusal:
        named = [name for name in estimator.get_params() if re.search(rf"\b{name}\b", refusal)]
        assert named, refusal
    else:  # without beats there is no heart rate: NaN
        assert isinstance(estimator, HRVFeatures) or np.isfinite(output).all()
