"""A torch module of a Pipeline computes what the Pipeline does, from physical units on."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR

from sklearn_ecgssl import (
    ECGClassifier,
    ECGFilter,
    HRVFeatures,
    Resampler,
    Segmenter,
    SegmentVotingClassifier,
    SSLEmbedder,
    SubjectReferenceClassifier,
    TrimmedScaler,
    to_torch,
)
from sklearn_ecgssl.evaluation import linear_classifier
from tests.tiny import ecg_like, tiny_dense, tiny_ecg_classifier, tiny_pretrainer, waves

RATE, N_TIMES = 80, 640
#: Recordings in units and with an offset as a device has them: 8 s at 80 Hz.
RECORDINGS = [
    (1000 + 40 * x[:N_TIMES]).astype(np.float32)
    for x in ecg_like(12, (9, 10), sampling_rate=RATE)[0]
]
X = np.stack(RECORDINGS)
TWO, THREE = np.arange(12) % 2, np.arange(12) % 3
NAMES = np.array(["calm", "tense", "angry"])


@pytest.fixture(scope="module")
def encoder():
    """A frozen encoder of windows of 2 s at 64 Hz."""
    return FrozenEstimator(tiny_pretrainer().fit(waves(24, 128)[0]))


def signal_steps():
    return Resampler(RATE, 64), ECGFilter(64), TrimmedScaler(), Segmenter(64, 2, overlap=0.5)


def answer_of(pipe, recordings=X):
    for method in ("predict_proba", "decision_function", "predict", "transform"):
        if hasattr(pipe, method):
            return getattr(pipe, method)(recordings)
    raise AssertionError


def assert_same(pipe, recordings=X, **options):
    module = to_torch(pipe, **options)
    with torch.inference_mode():
        given = module(torch.from_numpy(recordings)).numpy()
    expected = answer_of(pipe, recordings)
    assert given.dtype == np.float32
    assert given.shape == expected.shape
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-4)
    assert np.std(given) > 1e-3
    return module


FILTERS = [
    [ECGFilter(RATE)],
    [ECGFilter(RATE, low=None, high=30, zero_phase=False)],
    [ECGFilter(RATE, low=0.5, high=20, notch=[25], order=2)],
    [Resampler(RATE, 64)],
    [Resampler(RATE, RATE), ECGFilter(RATE, zero_phase=False)],
    [Resampler(RATE, 250), ECGFilter(250, high=40), Resampler(250, 100)],
    [TrimmedScaler(0)],
    [TrimmedScaler(0.1), ECGFilter(RATE)],
]


@pytest.mark.parametrize("steps", FILTERS, ids=str)
def test_signal_steps(steps):
    """The edges included, and an offset of 1000 times what is looked at takes no digit away."""
    module = assert_same(make_pipeline(*clone_all(steps)).fit(X))
    assert len([*module.modules()]) <= 3, "steps that follow each other are one matrix"


def clone_all(steps):
    return [clone(step) for step in steps]


CLASSIFIERS = [
    LogisticRegression(),
    LogisticRegressionCV(
        Cs=[0.1, 1.0], cv=2, l1_ratios=(0,), scoring="accuracy", use_legacy_attributes=False
    ),
    LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5),
    LinearSVC(),
    RidgeClassifier(),
    tiny_dense(max_epochs=2),
    linear_classifier(),
    GridSearchCV(make_pipeline(StandardScaler(with_mean=False), LinearSVC()), {}, cv=2),
]


@pytest.mark.parametrize("head", CLASSIFIERS, ids=lambda head: type(head).__name__)
@pytest.mark.parametrize("target", [NAMES[TWO], NAMES[THREE]], ids=["two classes", "three"])
def test_heads(head, target, encoder):
    embedder = SSLEmbedder(encoder, sampling_rate=64, pool="mean_std", layer="all")
    pipe = make_pipeline(*signal_steps(), embedder, StandardScaler(), clone(head))
    assert_same(pipe.fit(RECORDINGS, target), n_times=N_TIMES)


REGRESSORS = [
    (Ridge(), 1),
    (Lasso(alpha=0.01), 1),
    (LinearRegression(fit_intercept=False), 1),
    (LinearSVR(), 1),
    (SVR(kernel="linear"), 1),
    (Ridge(), 2),
]


@pytest.mark.parametrize(("head", "n_columns"), REGRESSORS, ids=str)
def test_regressors(head, n_columns, encoder):
    y = X[:, :n_columns] - 1000
    y = y[:, 0] if n_columns == 1 else y
    assert_same(make_pipeline(*signal_steps(), SSLEmbedder(encoder), clone(head)).fit(X, y))


def test_a_linear_svc_of_two_classes(encoder):
    head = SVC(kernel="linear")
    assert_same(make_pipeline(*signal_steps(), SSLEmbedder(encoder), head).fit(X, TWO))


@pytest.mark.parametrize("pool", ["mean", "max", "mean_std"])
@pytest.mark.parametrize("n_windows", [1, 7])
def test_windows_of_a_recording_are_pooled(pool, n_windows, encoder):
    recordings = np.stack(RECORDINGS)[:, : 80 * (n_windows + 1) + 10]
    pipe = make_pipeline(*signal_steps(), SSLEmbedder(encoder, pool=pool)).fit(list(recordings))
    assert_same(pipe, recordings, n_times=recordings.shape[1])


def test_windows_without_any_other_step(encoder):
    windows, target = waves(12, 128)
    frozen = FrozenEstimator(SSLEmbedder(encoder).fit(windows))
    pipe = make_pipeline("passthrough", frozen, LinearSVC())
    assert_same(pipe.fit(windows, target), windows)


@pytest.mark.parametrize("classifier", ["network", "of features", "without probabilities"])
def test_windows_that_vote(classifier, encoder):
    estimator = {
        "network": tiny_ecg_classifier(encoder, "trunk", max_epochs=1),
        "of features": make_pipeline(SSLEmbedder(encoder), LogisticRegression()),
        "without probabilities": make_pipeline(SSLEmbedder(encoder), LinearSVC()),
    }[classifier]
    *steps, segmenter = signal_steps()
    pipe = make_pipeline(*steps, SegmentVotingClassifier(estimator, segmenter))
    assert_same(pipe.fit(RECORDINGS, NAMES[TWO]), n_times=N_TIMES)
    cut_before = make_pipeline(*steps, segmenter, SegmentVotingClassifier(estimator))
    assert_same(cut_before.fit(RECORDINGS, TWO), n_times=N_TIMES)


def test_a_persons_classifier(encoder):
    features = make_pipeline(*signal_steps(), SSLEmbedder(encoder))
    model = SubjectReferenceClassifier(features, linear_classifier(), standardize=True)
    is_rest = TWO == 0
    is_rest[6:] = False
    model.fit(X, TWO, groups=[0] * 12, reference=is_rest)
    assert_same(model.for_subject(X[:4]), n_times=N_TIMES)


def test_missing_features_are_filled_in():
    features = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    features[2, 1] = features[5, 0] = np.nan
    pipe = make_pipeline(SimpleImputer(strategy="median"), Ridge()).fit(features, np.arange(9))
    assert_same(pipe, features)


def test_gradients_reach_the_recording(encoder):
    """As an attribution by torch or Captum wants them: those of finite differences."""
    embedder = SSLEmbedder(encoder, pool="mean_std")
    pipe = make_pipeline(*signal_steps(), embedder, LogisticRegression()).fit(RECORDINGS, TWO)
    module = to_torch(pipe, n_times=N_TIMES).double()
    recordings = torch.tensor(X[:2], dtype=torch.float64, requires_grad=True)
    module(recordings)[:, 1].sum().backward()
    gradient = recordings.grad[:, 300]
    moved = torch.tensor(X[:2], dtype=torch.float64)
    answers = []
    for step in (1e-3, -1e-3):
        moved[:, 300] = recordings.detach()[:, 300] + step
        answers.append(module(moved)[:, 1])
    difference = (answers[0] - answers[1]) / 2e-3
    assert recordings.grad.isfinite().all()
    torch.testing.assert_close(gradient, difference, rtol=1e-2, atol=1e-8)


@pytest.mark.parametrize("steps", [FILTERS[0], FILTERS[4], FILTERS[6]], ids=str)
def test_flat_recordings_are_no_ecg(steps, encoder):
    """Where `transform` raises an error, there is NaN, not what rounding errors look like."""
    pipe = make_pipeline(*clone_all(steps)).fit(X)
    recordings = torch.from_numpy(X[:5].copy())
    recordings[0], recordings[1], recordings[2, 9] = 1000.1, 0, torch.nan
    recordings[3] = 0.1
    recordings[3, [5, 300]] = torch.tensor([9.0, -4.0])
    is_nan = to_torch(pipe)(recordings).isnan().all(dim=1)
    is_refused = []
    for recording in recordings.numpy():
        try:
            pipe.transform([recording])
            is_refused.append(False)
        except ValueError:
            is_refused.append(True)
    assert is_nan.tolist() == is_refused
    assert is_refused[:3] == [True, True, True]


def test_torch_export_takes_it(encoder):
    pipe = make_pipeline(*signal_steps(), SSLEmbedder(encoder), LogisticRegression())
    module = to_torch(pipe.fit(RECORDINGS, TWO), n_times=N_TIMES)
    n = torch.export.Dim("n")
    program = torch.export.export(module, (torch.zeros(2, N_TIMES),), dynamic_shapes=[{0: n}])
    given = program.module()(torch.from_numpy(X)).detach()
    np.testing.assert_allclose(given, pipe.predict_proba(X), rtol=1e-4, atol=1e-5)


def test_everything_else_is_as_it_was(encoder):
    pipe = make_pipeline(*signal_steps(), SSLEmbedder(encoder), LogisticRegression()).fit(X, TWO)
    random, before = torch.get_rng_state(), pipe.predict_proba(X)
    module = to_torch(pipe)
    torch.set_default_dtype(torch.float64)
    try:
        double = to_torch(pipe)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(torch.get_rng_state(), random)
    assert not module.training
    for one, other in zip(module.state_dict().values(), double.state_dict().values(), strict=True):
        assert one.dtype == torch.float32
        assert torch.equal(one, other)
        one.zero_()
    np.testing.assert_array_equal(pipe.predict_proba(X), before)


class Softened(ECGFilter):
    """A filter of somebody's own, which is not linear any more."""

    def _recording_function(self):
        function = super()._recording_function()
        return lambda x, name: np.tanh(function(x, name))


NO_MODULE = {
    "a subclass": (Softened(RATE), TypeError, "Softened.* These can: Resampler, ECGFilter"),
    "heart rate": (HRVFeatures(RATE), TypeError, "HRVFeatures"),
    "a scaler": (make_pipeline(MinMaxScaler()), TypeError, r"MinMaxScaler\(\) cannot be a torch"),
    "a class": (SSLEmbedder, TypeError, "These can: .* fitted SSLEmbedder"),
    "not fitted": (make_pipeline(Segmenter(RATE, 8), SSLEmbedder()), NotFittedError, "not fitted"),
    "head not fitted": (LogisticRegression(), NotFittedError, "not fitted"),
    "None": (None, TypeError, "None cannot be a torch module"),
}


@pytest.mark.parametrize(("estimator", "error", "message"), NO_MODULE.values(), ids=NO_MODULE)
def test_what_cannot_be_a_module(estimator, error, message):
    with pytest.raises(error, match=message):
        to_torch(estimator, n_times=N_TIMES)


HEADS = {
    "kernel": (SVC(), TWO, r"kernel is not linear. Fit SVC\(kernel='linear'\) or a LogisticRegr"),
    "three classes": (SVC(kernel="linear"), THREE, "more than two classes.* Fit a LinearSVC"),
    "indicator": (
        make_pipeline(SimpleImputer(add_indicator=True), LinearSVC()),
        TWO,
        "SimpleImputer can be a torch module where it fills in NaN",
    ),
}


@pytest.mark.parametrize(("head", "target", "message"), HEADS.values(), ids=HEADS)
def test_heads_that_cannot(head, target, message):
    pipe = make_pipeline(TrimmedScaler(), clone(head)).fit(X, target)
    with pytest.raises(TypeError, match=message):
        to_torch(pipe)


def test_a_persons_classifier_has_to_know_the_person():
    with pytest.raises(TypeError, match=r"what for_subject returns"):
        to_torch(SubjectReferenceClassifier(HRVFeatures(), LinearSVC()))


def test_votes_that_are_counted(encoder):
    estimator = make_pipeline(SSLEmbedder(encoder), LinearSVC())
    voting = SegmentVotingClassifier(estimator, Segmenter(64, 2), voting="hard").fit(X, TWO)
    with pytest.raises(ValueError, match="set voting='soft'"):
        to_torch(voting)


class TestLength:
    @pytest.fixture
    def pipe(self, encoder):
        return make_pipeline(*signal_steps(), SSLEmbedder(encoder)).fit(RECORDINGS)

    def test_of_ragged_recordings_is_asked_for(self, pipe):
        with pytest.raises(ValueError, match=r"n_times is missing: .* n_times=2560 for 10 s"):
            to_torch(pipe)

    def test_less_than_a_window(self, pipe):
        with pytest.raises(ValueError, match=r"n_times gives Segmenter 80 samples, .* 2 s at 64"):
            to_torch(pipe, n_times=100)

    @pytest.mark.parametrize("n_times", [0, -1, 640.0, "640"])
    def test_no_number_of_samples(self, n_times, pipe):
        with pytest.raises((TypeError, ValueError), match="n_times"):
            to_torch(pipe, n_times=n_times)

    def test_hours(self, pipe):
        with pytest.raises(ValueError, match=r"n_times=100000 .* matrix of 32\.0 GB: cut"):
            to_torch(pipe, n_times=100_000)

    def test_other_windows_than_were_fitted(self, encoder):
        windows = X[:, :128]
        pipe = make_pipeline(TrimmedScaler(), ECGClassifier(encoder, "trunk", max_epochs=1))
        pipe.fit(windows, TWO)
        with pytest.raises(ValueError, match=r"ECGClassifier 200 samples, .* fitted on .* of 128"):
            to_torch(pipe, n_times=200)
