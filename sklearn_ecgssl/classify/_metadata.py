"""Give what is known of samples, such as their subjects, to the methods that take it."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from .._compat import BaseSearchCV, GroupsConsumerMixin, _routing_enabled

#: Steps of a Pipeline that leave their input as it is.
NOTHING = (None, "passthrough")


def fit_metadata(model: BaseEstimator, **metadata: Any) -> dict[str, Any]:
    """Choose what a `fit` has parameters for, also that of a step of a Pipeline.

    A search gets the subjects, as `groups`, where its `cv` splits by them. With metadata routing, a
    Pipeline gets what its steps request.
    """
    if isinstance(model, Pipeline) and _routing_enabled():
        requested = model.get_metadata_routing().consumes("fit", metadata)
        return {name: metadata[name] for name in requested}
    if isinstance(model, Pipeline):
        return {
            f"{name}__{parameter}": value
            for name, step in model.steps
            if step not in NOTHING
            for parameter, value in fit_metadata(step, **metadata).items()
        }
    is_search = isinstance(model, BaseSearchCV)
    splits_by_subject = is_search and isinstance(model.cv, GroupsConsumerMixin)
    return {
        name: value
        for name, value in metadata.items()
        if takes(model.fit, name) or (name == "groups" and splits_by_subject)
    }


def takes(method: Callable[..., Any], parameter: str) -> bool:
    """Tell whether a method has a parameter of this name."""
    return parameter in signature(method).parameters
