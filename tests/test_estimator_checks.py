"""scikit-learn's own checks on every public estimator."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

import sklearn_ecgssl
from sklearn_ecgssl.classify import SubjectReferenceClassifier, SubjectScaledClassifier
from sklearn_ecgssl.features import FrozenEncoder, HRVFeatures, SignalQuality, SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from sklearn_ecgssl.transforms import (
    AddNoise,
    FlipTime,
    Negate,
    Permute,
    RandomAugmentation,
    Scale,
    TimeWarp,
)
from tests.tiny import (
    one_sample_masked,
    one_sample_pretrainer,
    tiny_dense,
    tiny_ecg_classifier,
    tiny_voting,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:.* have fewer than 4 usable beats",  # no data of the checks are ECG
    "ignore:fit was given no reference windows",  # the checks know of none
    "ignore:X has feature names",
    "ignore:X does not have valid feature",
)

FLAT = "the check's integer data hold a recording whose samples are all equal: refused, as dead"
DRAWN = {
    "check_methods_subset_invariance": "each window draws its own random numbers",
    "check_methods_sample_order_invariance": "each window draws its own random numbers",
}
SHORT = "the check wants the words '1 feature(s)'; the error says which recording is too short"
SCALED = "a sample's features are scaled by those of all that it is passed with"
EXPECTED_FAILED_CHECKS = {
    "ECGFilter": {"check_estimators_dtypes": FLAT},
    "TrimmedScaler": {"check_estimators_dtypes": FLAT},
    "AddNoise": DRAWN,
    "Permute": DRAWN,
    "RandomAugmentation": DRAWN,
    "TimeWarp": DRAWN,
    "SegmentVotingClassifier": {"check_fit2d_1feature": SHORT},
    "SubjectScaledClassifier": {"check_methods_subset_invariance": SCALED},
}
# What check_estimator leaves out.
PARAMETER_CHECKS = ["check_param_validation"]
OUTPUT_CHECKS = [
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_global_output_transform_pandas",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
]


def small_ecg_classifier(freeze):
    # Few steps: probabilities must agree to 1e-7, and large weights enlarge what float32 leaves
    # when windows are summed in other batches.
    trunk = one_sample_pretrainer().set_params(filters=(8,), kernel_sizes=(4,), max_epochs=0)
    return tiny_ecg_classifier(trunk, freeze, max_epochs=2, learning_rate=0.1, batch_size=32)


#: One of each class, and of those that have several ways through their code.
ESTIMATORS = [
    ECGFilter(),
    ECGFilter(low=None, high=40, notch=[50.0, 100.0], order=2, zero_phase=False),
    Resampler(original_rate=2, sampling_rate=3),
    TrimmedScaler(),
    Segmenter(sampling_rate=2, window_length=0.5, overlap=0.5),
    AddNoise(),
    Scale(),
    Negate(),
    FlipTime(),
    Permute(n_pieces=2),
    RandomAugmentation(),
    TimeWarp(n_pieces=2),
    one_sample_pretrainer(),
    SSLEmbedder(one_sample_pretrainer()),
    one_sample_masked(),
    SSLEmbedder(one_sample_masked(), aggregate=["mean", "last"]),
    HRVFeatures(),
    SignalQuality(),
    FrozenEncoder(np.tanh, sampling_rate=1, window_length=1),
    tiny_dense(max_epochs=10),
    tiny_voting(),
    small_ecg_classifier("trunk"),
    small_ecg_classifier(None),
    SubjectScaledClassifier(FunctionTransformer(validate=True), LogisticRegression()),
    SubjectReferenceClassifier(FunctionTransformer(validate=True), LogisticRegression()),
]
each_estimator = pytest.mark.parametrize(
    "estimator", ESTIMATORS, ids=[f"{i}-{type(one).__name__}" for i, one in enumerate(ESTIMATORS)]
)


@each_estimator
def test_scikit_learn_checks(estimator):
    expected = EXPECTED_FAILED_CHECKS.get(type(estimator).__name__, {})
    results = estimator_checks.check_estimator(
        estimator, expected_failed_checks=expected, on_fail=None, on_skip=None
    )
    failed = [result for result in results if result["status"] == "failed"]
    if failed:
        names = ", ".join(result["check_name"] for result in failed)
        raise ExceptionGroup(f"failed: {names}", [result["exception"] for result in failed])
    still_failing = {result["check_name"] for result in results if result["status"] == "xfail"}
    assert still_failing == set(expected), "an expected failure is stale"
    # Wrong tags make scikit-learn skip nearly all checks without a word.
    assert sum(result["status"] == "passed" for result in results) >= 40


@each_estimator
def test_checks_that_check_estimator_leaves_out(estimator):
    checks = PARAMETER_CHECKS + OUTPUT_CHECKS * hasattr(estimator, "transform")
    if isinstance(estimator, Segmenter):  # its windows are 3-D, which no DataFrame holds
        checks = [*PARAMETER_CHECKS, "check_set_output_transform"]
    for check in checks:
        getattr(estimator_checks, check)(type(estimator).__name__, estimator)


def test_every_public_estimator_is_checked():
    public = {
        name
        for name in sklearn_ecgssl.__all__
        if isinstance(getattr(sklearn_ecgssl, name), type)
        and issubclass(getattr(sklearn_ecgssl, name), BaseEstimator)
        and hasattr(getattr(sklearn_ecgssl, name), "fit")  # not what is a part of an estimator
    }
    assert public == {type(estimator).__name__ for estimator in ESTIMATORS}
