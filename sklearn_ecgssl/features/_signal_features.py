"""What features of signals share: the kinds of input, columns by name, pooling of windows."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from numbers import Real
from typing import Any, Self, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._compat import Interval, StrOptions, _fit_context
from .._fitting import all_or_nothing
from ..signal._recordings import check_recordings
from ..signal.window_store import WindowStore, check_windows, is_windowed
from ._beats import QRS_BAND, load_detector
from ._pooling import POOLS, pool_without_nan

Signals: TypeAlias = WindowStore | list | np.ndarray
"""Windows that are read batch by batch, a list of recordings, or an array of either in its rows."""

#: Windows that are gathered at once.
BATCH = 256


class SignalFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC):
    """Base of the features that are computed of each window or recording, without learning.

    A concrete class has parameters `sampling_rate` and `pool`, and says which columns there are and
    what they are.
    """

    _parameter_constraints: dict = {
        "sampling_rate": [Interval(Real, 2 * QRS_BAND[1], None, closed="neither")],
        "pool": [StrOptions(set(POOLS))],
    }
    sampling_rate: float
    pool: str

    @property
    @abstractmethod
    def _names(self) -> list[str]:
        """Name the columns, before they are pooled."""

    @abstractmethod
    def _rows(self, X: np.ndarray) -> np.ndarray:
        """Compute the columns of signals of equal length, one in each row."""

    def _look_at(self, signals: Signals) -> None:
        """Decide in `fit` what depends on the signals; nothing unless a class says so."""

    def _warn_of(self, rows: np.ndarray, what: str) -> None:
        """Warn of rows (of windows or recordings, says `what`) that miss something."""

    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the input and decide which columns there are; nothing is learnt.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), list of arrays of shape (n_times_i,), \
                ndarray of shape (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, recordings, or windowed recordings.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ImportError
            If sleepecg is not installed.
        ValueError
            If a parameter or X is invalid.
        """
        load_detector()  # not only after the other steps of a Pipeline have been fitted
        signals = self._check(X, reset=True)
        self._look_at(signals)
        self.windowed_ = _is_windowed(signals)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), list of arrays of shape (n_times_i,), \
                ndarray of shape (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, recordings, or windowed recordings.

        Returns
        -------
        ndarray of shape (n_windows, n_features) or (n_recordings, n_features), float64
            One row a window, or one a recording.
        """
        check_is_fitted(self, "windowed_")
        signals = self._check(X, reset=False)
        windowed = _is_windowed(signals)
        if windowed != self.windowed_ and self.pool == "mean_std":
            raise ValueError(
                "With pool='mean_std' windowed recordings have twice as many features as windows "
                f"or recordings: pass {'' if self.windowed_ else 'no '}windowed recordings, as in "
                "fit."
            )
        rows = self._rows_of(signals)
        self._warn_of(rows, "recordings" if isinstance(signals, list) else "windows")
        if isinstance(signals, WindowStore) and windowed:
            return np.stack(
                [pool_without_nan(block, self.pool) for block in signals.split_back(rows)]
            )
        return rows

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the features.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Only checked against those of `fit`.

        Returns
        -------
        ndarray of str objects
            A name for each column; with ``pool="mean_std"``, then the same with "_std" behind them.
        """
        super().get_feature_names_out(input_features)  # checks fit and input_features
        names = [*self._names, *([f"{name}_std" for name in self._names] * self._has_std)]
        return np.asarray(names, dtype=object)

    @property
    def _has_std(self) -> bool:
        return self.windowed_ and self.pool == "mean_std"

    @property
    def _n_features_out(self) -> int:
        return len(self._names) * (1 + self._has_std)

    def _check(self, X: Any, reset: bool) -> Signals:
        if is_windowed(X) or (isinstance(X, np.memmap) and X.ndim == 2):
            return check_windows(self, X, reset=reset)
        return check_recordings(X, estimator=self, reset=reset)

    def _rows_of(self, signals: Signals) -> np.ndarray:
        """Compute the columns of each window or recording."""
        return np.concatenate([self._rows(batch) for batch in _batches(signals)])


def lengths(signals: Signals) -> np.ndarray:
    """Return how many samples there are, in all windows or in each recording."""
    if isinstance(signals, WindowStore):
        return np.array([signals.n_times])
    return np.array([len(x) for x in signals])


def _is_windowed(signals: Signals) -> bool:
    return isinstance(signals, WindowStore) and signals.windowed


def _batches(signals: Signals) -> Iterator[np.ndarray]:
    """Yield signals of equal length, some at a time."""
    if isinstance(signals, list):
        yield from (x[np.newaxis] for x in signals)
        return
    for start in range(0, len(signals), BATCH):
        stop = min(start + BATCH, len(signals))
        if isinstance(signals, WindowStore):
            yield signals.take(np.arange(start, stop))
        else:
            yield signals[start:stop]
