"""What keeps an estimator whole when its `fit` fails."""

from collections.abc import Callable
from functools import wraps
from typing import Any


class UnfinishedFitError(Exception):
    """A fit was stopped half-way, and what it has set is worth keeping.

    Parameters
    ----------
    reason : BaseException
        What stopped it, for the user.
    """

    def __init__(self, reason: BaseException) -> None:
        super().__init__(str(reason))
        self.reason = reason


def all_or_nothing(fit: Callable[..., Any]) -> Callable[..., Any]:
    """Make a `fit` that fails, or is interrupted, leave the estimator as it was before.

    Parameters
    ----------
    fit : callable
        The method.

    Returns
    -------
    callable
        The method, with the attributes restored on any exception but `UnfinishedFitError`, which
        keeps them and becomes its reason.
    """

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
