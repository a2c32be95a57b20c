"""The data set behind a loader and its arguments."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..reading import DataSet

#: Parameters that all loaders of data sets have; the others say where the data set is.
COMMON = (
    "leads",
    "attribute",
    "binarize",
    "subjects",
    "n_jobs",
    "verbose",
    "on_error",
    "return_X_y",
)


class Source(NamedTuple):
    """A data set, and how it is to be read.

    Attributes
    ----------
    data_set : DataSet
        Where the people are.
    options : dict
        The parameters that all loaders have.
    identity : list of str
        What tells the data set from others: the loader, and where it reads.
    """

    data_set: DataSet
    options: dict[str, Any]
    identity: list[str]


def source_of(
    load: Callable[..., Any],
    args: tuple[Any, ...],
    options: Mapping[str, Any],
    known: Mapping[Any, Callable[..., DataSet]],
) -> Source:
    """Find the data set behind a loader.

    Parameters
    ----------
    load : callable
        One of the package's loaders.
    args, options : tuple and mapping
        Its arguments.
    known : mapping of callable to callable
        What opens the data set of each loader, with the parameters that not all loaders have.

    Returns
    -------
    Source
        No ECG is read yet.

    Raises
    ------
    TypeError
        For another function, or arguments that the loader does not take.
    """
    if load not in known:
        names = ", ".join(sorted(one.__name__ for one in known))
        raise TypeError(
            f"prepare reads data sets person by person with one of {names}, got {load!r}. Save "
            "other recordings with save_recordings, and prepare them with load_recordings."
        )
    parameters = inspect.signature(load).parameters
    given = {name: value for name, value in options.items() if name not in COMMON}
    bound = inspect.signature(load).bind(*args, **given)
    bound.apply_defaults()
    defaults = {name: parameters[name].default for name in COMMON if name in parameters}
    common = defaults | {name: value for name, value in options.items() if name in COMMON}
    if common.get("return_X_y"):
        raise TypeError("prepare returns a Bunch: leave return_X_y out.")
    where = {name: value for name, value in bound.arguments.items() if name not in COMMON}
    data_set = known[load](**where)
    places = [item for item in where.items() if item[0] not in data_set.indifferent]
    return Source(data_set, common, [load.__name__, *map(_described, places)])


def _described(parameter: tuple[str, Any]) -> str:
    name, value = parameter
    if name in ("path", "data_home") and value is not None:
        return f"{name}={Path(value).expanduser().resolve()}"
    if callable(value):  # whose repr is its address
        return f"{name}={getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
    return f"{name}={_plain(value)!r}"


def _plain(value: Any) -> Any:
    """Return what reads alike in every process, and in full: repr shortens long arrays."""
    if isinstance(value, Mapping):
        return sorted((str(key), _plain(one)) for key, one in value.items())
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value), key=repr)
    if hasattr(value, "tolist"):  # of numpy and pandas
        return value.tolist()
    return list(map(_plain, value)) if isinstance(value, list | tuple) else value
