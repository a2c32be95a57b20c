"""One wording for what every caller refuses in the same way."""

import sys
import warnings
from collections.abc import Iterable
from types import FrameType
from typing import Any

#: Packages whose lines no warning is about.
_BETWEEN = ("sklearn_ecgssl", "sklearn")


def check_choice(name: str, value: Any, choices: Iterable[Any]) -> None:
    """Raise ValueError unless a value is one of the choices that there are."""
    choices = list(choices)
    if value not in choices:
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"{name} must be one of {listed}, got {value!r}.")


def warn_caller(message: str) -> None:
    """Warn at the line that called this package, whatever of it and of scikit-learn is between."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and frame.f_globals["__name__"].split(".")[0] in _BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
