"""What keeps an estimator whole when its `fit` fails."""

from collections.abc import Callable
from functools import wraps
from typing import Any


def all_or_nothing(fit: Callable[..., Any]) -> Callable[..., Any]:
    """Make a `fit` that fails, or is interrupted, leave the estimator as it was before.

    Parameters
    ----------
    fit : callable
        The method.

    Returns
    -------
    callable
        The method, with the attributes restored on any exception.
    """

    @wraps(fit)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return fit(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return wrapped
