"""scikit-learn's own checks on every public estimator."""

from functools import cache

import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

import sklearn_ecgssl
from sklearn_ecgssl.classify import SubjectScaledClassifier
from sklearn_ecgssl.features import HRVFeatures, SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from sklearn_ecgssl.transforms import AddNoise, FlipTime, Negate, Permute, Scale, TimeWarp
from tests.tiny import (
    one_sample_masked,
    one_sample_pretrainer,
    tiny_dense,
    tiny_ecg_classifier,
    tiny_voting,
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
    "TimeWarp": DRAWN,
    "SegmentVotingClassifier": {"check_fit2d_1feature": SHORT},
    "SubjectScaledClassifier": {"check_methods_subset_invariance": SCALED},
}
# Checks of scikit-learn that check_estimator leaves out.
OUTPUT_CHECKS = [
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_global_output_transform_pandas",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
]


def small_ecg_classifier(freeze):
    # Few and small steps: probabilities must agree to 1e-7, and large weights enlarge what float32
    # leaves when windows are summed in other batches.
    pretrainer = one_sample_pretrainer().set_params(filters=(8, 16), max_epochs=0, random_state=1)
    return tiny_ecg_classifier(pretrainer, freeze, hidden=(16,), max_epochs=5, learning_rate=0.01)


ESTIMATORS = [
    ECGFilter(),
    ECGFilter(low=None, high=40, notch=[50.0, 100.0], order=2, zero_phase=False),
    Resampler(original_rate=2, sampling_rate=1),
    Resampler(original_rate=2, sampling_rate=3),
    TrimmedScaler(),
    TrimmedScaler(trim=0.0),
    Segmenter(sampling_rate=1, window_length=1),
    Segmenter(sampling_rate=2, window_length=0.5, overlap=0.5),
    AddNoise(),
    Scale(),
    Negate(),
    FlipTime(),
    Permute(n_pieces=2),
    TimeWarp(n_pieces=2),
    one_sample_pretrainer(),
    SSLEmbedder(one_sample_pretrainer()),
    SSLEmbedder(one_sample_pretrainer(), aggregate=["max", "std"]),
    one_sample_masked(),
    one_sample_masked(n_layers=1, dropout=0.0, head_hidden=(), warm_up=0.0),
    SSLEmbedder(one_sample_masked()),
    SSLEmbedder(one_sample_masked(), aggregate=["mean", "last"]),
    HRVFeatures(),
    HRVFeatures(sampling_rate=100, features=["mean_hr", "rmssd"], min_beats=3, pool="mean_std"),
    tiny_dense(),
    tiny_voting(),
    small_ecg_classifier("trunk"),
    small_ecg_classifier(None),
    SubjectScaledClassifier(FunctionTransformer(validate=True), LogisticRegression()),
]


def expected_failed_checks(estimator):
    return EXPECTED_FAILED_CHECKS.get(type(estimator).__name__, {})


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failed_checks)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@cache
def statuses(index):
    results = check_estimator(
        ESTIMATORS[index],
        expected_failed_checks=expected_failed_checks(ESTIMATORS[index]),
        on_fail=None,
        on_skip=None,
    )
    return {result["check_name"]: result["status"] for result in results}, [
        result["status"] for result in results
    ]


IDS = [f"{i}-{type(estimator).__name__}" for i, estimator in enumerate(ESTIMATORS)]


@pytest.mark.parametrize("index", range(len(ESTIMATORS)), ids=IDS)
def test_at_least_40_checks_pass(index):
    # Wrong tags make scikit-learn skip nearly all checks without a word.
    by_name, all_statuses = statuses(index)
    assert all_statuses.count("passed") >= 40
    failed = {name for name, status in by_name.items() if status in ("xfail", "failed")}
    assert failed == set(expected_failed_checks(ESTIMATORS[index])), "a listed failure is stale"


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=IDS)
def test_every_parameter_is_validated(estimator):
    estimator_checks.check_param_validation(type(estimator).__name__, estimator)


@pytest.mark.filterwarnings("ignore:X has feature names", "ignore:X does not have valid feature")
@pytest.mark.parametrize("name", OUTPUT_CHECKS)
@pytest.mark.parametrize(
    "estimator", [e for e in ESTIMATORS if hasattr(e, "transform")], ids=lambda e: type(e).__name__
)
def test_output_containers(estimator, name):
    if isinstance(estimator, Segmenter) and name != "check_set_output_transform":
        return  # its windows are 3-D, which no DataFrame holds
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


def test_every_public_estimator_is_checked():
    public = {
        name
        for name in sklearn_ecgssl.__all__
        if isinstance(getattr(sklearn_ecgssl, name), type)
        and issubclass(getattr(sklearn_ecgssl, name), BaseEstimator)
    }
    assert public == {type(estimator).__name__ for estimator in ESTIMATORS}
