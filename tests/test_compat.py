from fractions import Fraction
from numbers import Integral, Real

import numpy as np
import pytest

from sklearn_ecgssl._compat import LARGEST_INT, Interval

COUNT = Interval(Integral, 1, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
ANY = Interval(Real, None, None, closed="neither")


@pytest.mark.parametrize("value", [1, LARGEST_INT, np.int8(3), np.uint64(2**31 - 1)])
def test_counts(value):
    assert COUNT.is_satisfied_by(value)


@pytest.mark.parametrize("value", [0, LARGEST_INT + 1, 10**400, 1.0, True, np.True_, None, "1"])
def test_no_counts(value):
    assert not COUNT.is_satisfied_by(value)
    assert str(COUNT) == "an int in the range [1, 2147483647]"


@pytest.mark.parametrize("value", [1, 1e300, 5e-324, np.float16(0.5), np.int8(3), np.longdouble(2)])
def test_reals(value):
    assert POSITIVE.is_satisfied_by(value)


@pytest.mark.parametrize(
    "value",
    [np.nan, np.inf, -np.inf, 10**400, np.longdouble("1e4000"), True, Fraction(1, 2), 1j, [1.0]],
)
def test_no_reals(value):
    assert not POSITIVE.is_satisfied_by(value)
    assert not ANY.is_satisfied_by(value)


def test_what_is_zero_as_a_float_is_not_above_zero():
    assert not POSITIVE.is_satisfied_by(np.longdouble("1e-4000"))
