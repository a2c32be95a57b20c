"""scikit-learn's own checks on every public estimator."""

from functools import cache

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

import sklearn_ecgssl
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from sklearn_ecgssl.transforms import AddNoise, FlipTime, Negate, Permute, Scale, TimeWarp
from tests.tiny import one_sample_pretrainer, tiny_dense, tiny_voting

FLAT = "the check's integer data hold a recording whose samples are all equal: refused, as dead"
DRAWN = {
    "check_methods_subset_invariance": "each window draws its own random numbers",
    "check_methods_sample_order_invariance": "each window draws its own random numbers",
}
SHORT = "the check wants the words '1 feature(s)'; the error says which recording is too short"
EXPECTED_FAILED_CHECKS = {
    "ECGFilter": {"check_estimators_dtypes": FLAT},
    "TrimmedScaler": {"check_estimators_dtypes": FLAT},
    "AddNoise": DRAWN,
    "Permute": DRAWN,
    "TimeWarp": DRAWN,
    "SegmentVotingClassifier": {"check_fit2d_1feature": SHORT},
}
# Checks of scikit-learn that check_estimator leaves out.
OUTPUT_CHECKS = [
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_global_output_transform_pandas",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
]
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
    tiny_dense(),
    tiny_voting(),
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
        assert not hasattr(estimator, "get_feature_names_out"), "3-D output has no column names"
        return
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


def test_every_public_estimator_is_checked():
    public = {
        name
        for name in sklearn_ecgssl.__all__
        if isinstance(getattr(sklearn_ecgssl, name), type)
        and issubclass(getattr(sklearn_ecgssl, name), BaseEstimator)
    }
    assert public == {type(estimator).__name__ for estimator in ESTIMATORS}
