"""Every parameter either does what it says or is refused by name."""

import re
from numbers import Integral

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn.base import BaseEstimator

import sklearn_ecgssl
from tests.properties.estimators import ESTIMATORS, is_finite, use, variant
from tests.properties.parameters import (
    NEVER,
    SELDOM,
    allows,
    anything,
    declared,
    valid_parameters,
)
from tests.properties.strategies import attempt

each_estimator = pytest.mark.parametrize("name", ESTIMATORS)
#: Not tried: a training as long as is asked for is made, a folder of any name written or read.
LEFT_OUT = {"max_epochs", "memory", "checkpoint", "pretrainer"}
#: Not tried with large numbers, which ask for networks that no machine holds.
SIZES = {"filters", "kernel_sizes", "feedforward", "hidden", "head_hidden"}


def names(message, parameters):
    """Tell whether a message names one of some parameters."""
    return any(re.search(rf"\b{parameter}\b", message) for parameter in parameters)


def test_every_public_estimator_is_tried():
    public = {getattr(sklearn_ecgssl, name) for name in sklearn_ecgssl.__all__}
    classes = {c for c in public if isinstance(c, type) and issubclass(c, BaseEstimator)}
    assert {type(estimator) for estimator in ESTIMATORS.values()} == classes


@each_estimator
@given(st.data())
def test_valid_parameters_give_numbers_or_are_refused_together(name, data):
    params = data.draw(valid_parameters(ESTIMATORS[name]))
    estimator = variant(name, **params)
    output, refusal = attempt(use, estimator)
    if refusal:
        assert names(refusal, estimator.get_params()), refusal
    else:
        assert is_finite(estimator, output)


def largest_integer(value):
    """The largest integer of a number or a sequence, 0 where there is none."""
    flat = np.ravel(np.array(value, dtype=object))
    return max((int(x) for x in flat if isinstance(x, Integral)), default=0)


def check_refused_or_used(name, parameter, value):
    """Fail unless a value is refused by the parameter's name, or gives numbers."""
    allowed = allows(declared(ESTIMATORS[name])[parameter], value)
    if allowed and (parameter in LEFT_OUT or value is None):
        return
    if allowed and parameter in SIZES and largest_integer(value) > 5000:
        return
    estimator = variant(name, **{parameter: value})
    output, refusal = attempt(use, estimator)
    if refusal:
        assert names(refusal, [parameter]), f"{parameter}={value!r}: {refusal}"
    else:
        assert allowed, f"{parameter}={value!r} is used"
        assert is_finite(estimator, output), f"{parameter}={value!r}"


@each_estimator
def test_what_a_parameter_does_not_mean_is_refused_by_name(name):
    for parameter in declared(ESTIMATORS[name]):
        for value in SELDOM:
            check_refused_or_used(name, parameter, value)
        for value in NEVER:
            check_refused_or_used(name, parameter, value)
            _, refusal = attempt(use, variant(name, **{parameter: value}))
            assert refusal, f"{parameter}={value!r} is used"


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if declared(ESTIMATORS[name])])
@given(st.data())
def test_any_value_is_refused_by_name_or_used(name, data):
    parameter = data.draw(st.sampled_from(sorted(declared(ESTIMATORS[name]))))
    check_refused_or_used(name, parameter, data.draw(anything))
