"""A `fit` that fails leaves the estimator as it was; one that is stopped keeps its epochs."""

from collections.abc import Callable
from functools import wraps
from typing import Any


class UnfinishedFitError(Exception):
    """Raised inside a `fit` that was stopped by `reason` after some epochs, which it keeps."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(str(reason))
        self.reason = reason


def all_or_nothing(fit: Callable[..., Any]) -> Callable[..., Any]:
    """Restore the estimator when `fit` fails, but not on `UnfinishedFitError`: raise its reason."""

    @wraps(fit)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return fit(self, *args, **kwargs)
        except UnfinishedFitError as unfinished:
            raise unfinished.reason from None
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return wrapped
