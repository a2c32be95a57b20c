"""Give the subjects of samples to the methods that take them."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from .._compat import BaseSearchCV, GroupsConsumerMixin, _routing_enabled

#: Steps of a Pipeline that leave their input as it is.
NOTHING = (None, "passthrough")


def fit_groups(model: BaseEstimator, subject: Any) -> dict[str, Any]:
    """Give the subjects to a `fit` that has a parameter `groups`, also of a step of a Pipeline."""
    if isinstance(model, Pipeline):
        return {
            f"{name}__{groups}": value
            for name, step in model.steps
            if step not in NOTHING and not _routing_enabled()
            for groups, value in fit_groups(step, subject).items()
        }
    is_search = isinstance(model, BaseSearchCV)
    splits_by_subject = is_search and isinstance(model.cv, GroupsConsumerMixin)
    if splits_by_subject or takes(model.fit, "groups"):
        return {"groups": subject}
    return {}


def takes(method: Callable[..., Any], parameter: str) -> bool:
    """Tell whether a method has a parameter of this name."""
    return parameter in signature(method).parameters
