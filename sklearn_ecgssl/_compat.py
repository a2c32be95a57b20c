"""The names of scikit-learn that are not (yet) public, imported in this one place."""

import math
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.model_selection._split import GroupsConsumerMixin
from sklearn.utils._param_validation import (
    HasMethods,
    Interval as _Interval,
    StrOptions,
)
from sklearn.utils._set_output import _get_container_adapter
from sklearn.utils.metadata_routing import _routing_enabled
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import _check_feature_names_in, _check_n_features, validate_data

__all__ = [
    "GroupsConsumerMixin",
    "HasMethods",
    "Interval",
    "StrOptions",
    "_BaseComposition",
    "_check_feature_names_in",
    "_check_n_features",
    "_fit_context",
    "_get_container_adapter",
    "_routing_enabled",
    "validate_data",
]

#: No size or count is larger, and torch's 32-bit sizes hold it.
LARGEST_INT = 2**31 - 1


class Interval(_Interval):
    """scikit-learn's interval, with integers up to `LARGEST_INT` and finite reals; no booleans."""

    def __init__(self, type: Any, left: Any, right: Any, *, closed: str) -> None:
        if type is Integral and right is None:
            right = LARGEST_INT
            closed = {"left": "both", "neither": "right"}[closed]
        super().__init__(type, left, right, closed=closed)

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a value is a number in the interval."""
        # Fractions and other reals are not what numpy and torch compute with.
        kinds = Integral if self.type is Integral else (Integral, float, np.floating)
        if isinstance(val, bool) or not isinstance(val, kinds):
            return False
        if self.type is Integral:
            return int(val) in self
        try:
            return math.isfinite(val) and float(val) in self
        except OverflowError:
            return False
