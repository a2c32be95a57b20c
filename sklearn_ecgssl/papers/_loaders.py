"""The data sets of the papers by their names."""

from collections.abc import Callable
from typing import Any

from .. import datasets


def loader_of(data_set: str) -> Callable[..., Any]:
    """Return the function that loads a data set.

    Parameters
    ----------
    data_set : str
        Such as "wesad".

    Returns
    -------
    callable
        Such as `load_wesad`.
    """
    loader: Callable[..., Any] = getattr(datasets, f"load_{data_set}")
    return loader
