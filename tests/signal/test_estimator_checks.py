"""scikit-learn's own checks on every public estimator of sklearn_ecgssl.signal."""

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler

FLAT = "the integer data of the check has a recording whose samples are all equal: refused"
EXPECTED_FAILED_CHECKS = {
    ECGFilter: {"check_estimators_dtypes": FLAT},
    TrimmedScaler: {"check_estimators_dtypes": FLAT},
}
MIN_PASSED = 40

# Checks of scikit-learn that check_estimator leaves out.
OUTPUT_CHECKS = [
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_global_output_transform_pandas",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_param_validation",
]
THREE_D = "the output is 3-D, which is no dataframe and has no feature names"


def tiny_estimators():
    """Return the instances that are checked."""
    return [
        ECGFilter(),
        ECGFilter(low=None, high=40, notch=[50.0, 100.0], order=2, zero_phase=False),
        Resampler(original_rate=2, sampling_rate=1),
        Resampler(original_rate=2, sampling_rate=3),
        TrimmedScaler(),
        TrimmedScaler(trim=0.0),
        Segmenter(sampling_rate=1, window_length=1),
        Segmenter(sampling_rate=2, window_length=0.5, overlap=0.5),
    ]


def expected_failed_checks(estimator):
    """Return the checks that an estimator cannot pass, with the reason of each."""
    return EXPECTED_FAILED_CHECKS.get(type(estimator), {})


def count_passed(estimator):
    """Return how many checks ran and passed, after asserting that none failed unexpectedly."""
    results = check_estimator(
        estimator,
        expected_failed_checks=expected_failed_checks(estimator),
        on_fail=None,
        on_skip=None,
    )
    statuses = [result["status"] for result in results]
    assert "failed" not in statuses
    return statuses.count("passed")


@parametrize_with_checks(tiny_estimators(), expected_failed_checks=expected_failed_checks)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", tiny_estimators(), ids=repr)
def test_at_least_40_checks_ran(estimator):
    assert count_passed(estimator) >= MIN_PASSED


@pytest.mark.filterwarnings("ignore:X has feature names", "ignore:X does not have valid feature")
@pytest.mark.parametrize("name", OUTPUT_CHECKS)
@pytest.mark.parametrize("estimator", tiny_estimators(), ids=repr)
def test_output_checks(estimator, name):
    dataframe_checks = set(OUTPUT_CHECKS) - {"check_set_output_transform", "check_param_validation"}
    if isinstance(estimator, Segmenter) and name in dataframe_checks:
        assert not hasattr(estimator, "get_feature_names_out"), THREE_D
        return
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)
