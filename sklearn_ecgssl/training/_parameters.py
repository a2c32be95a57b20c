"""The parameters that estimators which train a network share: allowed values and docstrings."""

import inspect
from numbers import Integral, Real
from os import PathLike
from textwrap import fill, indent
from typing import Any, NamedTuple, TypeVar

from sklearn.base import BaseEstimator

from .._compat import HasMethods, Interval, StrOptions
from ._device import PRECISIONS

Estimator = TypeVar("Estimator", bound=type[BaseEstimator])

#: The line of a class docstring in whose place the shared parameters are written.
MARK = "    {training parameters}\n"


class Parameter(NamedTuple):
    """What a parameter may be, for scikit-learn and for the reader, and what it means."""

    constraints: list[Any]
    kind: str
    meaning: str


PARAMETERS = {
    "l2": Parameter(
        [Interval(Real, 0, 1e6, closed="both")],
        "float",
        "Adds ``l2 * sum(w ** 2) / 2`` over all kernels that are trained, not biases, to the loss.",
    ),
    "learning_rate": Parameter(
        [Interval(Real, 0, 1, closed="right")],
        "float",
        "Of Adam, where it is highest; at most 1.",
    ),
    "max_epochs": Parameter(
        [Interval(Integral, 0, None, closed="left")],
        "int",
        "Passes over the windows. 0 leaves the network as it was initialised, for comparison.",
    ),
    "batch_size": Parameter(
        [Interval(Integral, 1, None, closed="left")],
        "int",
        "Windows in a batch.",
    ),
    "validation_fraction": Parameter(
        [Interval(Real, 0, 1, closed="neither"), None],
        "float or None",
        "Part of the subjects (of the windows, where `fit` gets no `groups`) that is held out of "
        "training and reported as ``valid_*`` in `history_`.",
    ),
    "patience": Parameter(
        [Interval(Integral, 1, None, closed="left"), None],
        "int or None",
        "Stop when the held-out loss (the training loss, where nothing is held out) has not "
        "improved for so many epochs, and go back to the best weights. None never stops early.",
    ),
    "device": Parameter(
        [str],
        "str",
        '"auto" takes a CUDA GPU where there is one; else a torch device\'s name.',
    ),
    "precision": Parameter(
        [StrOptions(set(PRECISIONS))],
        '{"auto", "float32", "bfloat16"}',
        'Of convolutions and matrix products. "auto" takes bfloat16 where the hardware multiplies '
        "it natively. On real ECG each feature then correlates above 0.999 with the one computed "
        "in float32.",
    ),
    "memory": Parameter(
        [str, PathLike, HasMethods(["cache"]), None],
        "path-like, joblib.Memory or None",
        "Cache of finished fits. Where the same parameters meet the same windows again, in another "
        "estimator, fold or session, the result is read instead of trained, also without a "
        "`random_state`.",
    ),
    "checkpoint": Parameter(
        [str, PathLike, None],
        "path-like or None",
        "Folder in which the training is saved after every epoch. The same fit goes on with what "
        "is in it, after whatever stopped it; another fit is refused. On the same CPU with the "
        "same number of threads, the result has the bits of a fit that was never stopped.",
    ),
    "shuffle_buffer": Parameter(
        [Interval(Integral, 1, None, closed="left"), None],
        "int or None",
        "Windows that are in memory while they are shuffled, for windows in a file that is read "
        "chunk by chunk: the order of chunks is random, and windows mix with those of as many "
        "chunks. None draws every order of all windows alike.",
    ),
    "callbacks": Parameter(
        [list, tuple, None],
        "list of callable or None",
        "Each is called without arguments when training begins, and returns a callback of skorch, "
        "such as :class:`~skorch.callbacks.TensorBoard`, "
        ":class:`~skorch.callbacks.MlflowLogger` or :class:`~skorch.callbacks.WandbLogger`, which "
        "follows the history epoch by epoch.",
    ),
    "random_state": Parameter(
        ["random_state"],
        "int, RandomState instance or None",
        "Seed of all that is drawn: initialisation, dropout, order, the held-out split. The same "
        "integer gives the same bits on the same CPU with the same number of threads.",
    ),
    "verbose": Parameter(
        ["verbose"],
        "int",
        "1 shows a progress bar.",
    ),
}


def training_parameters(estimator: Estimator) -> Estimator:
    """Give a class constraints and docstrings of the shared parameters that its `__init__` has.

    Its docstring says ``{training parameters}`` where they stand in the signature, one after the
    other. What it documents or constrains itself stays as it is.
    """
    doc = estimator.__doc__ or ""
    signature = inspect.signature(estimator).parameters
    shared = {name: PARAMETERS[name] for name in signature if name in PARAMETERS}
    estimator._parameter_constraints = {
        **{name: parameter.constraints for name, parameter in shared.items()},
        **getattr(estimator, "_parameter_constraints", {}),
    }
    entries = [
        _entry(name, parameter, signature[name].default)
        for name, parameter in shared.items()
        if f"\n    {name} : " not in doc
    ]
    estimator.__doc__ = doc.replace(MARK, "".join(entries))
    return estimator


def _entry(name: str, parameter: Parameter, default: Any) -> str:
    """Write a parameter as numpydoc has it, inside the docstring of a class."""
    shown = f'"{default}"' if isinstance(default, str) else repr(default)
    meaning = indent(
        fill(parameter.meaning, width=92, break_long_words=False, break_on_hyphens=False), " " * 8
    )
    return f"    {name} : {parameter.kind}, default={shown}\n{meaning}\n"
