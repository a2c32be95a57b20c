"""Base class of the transformers of recordings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._compat import _check_feature_names_in, _fit_context, _get_container_adapter
from .._fitting import all_or_nothing
from ._recordings import FloatArray, Recordings, check_recordings

RecordingFunction: TypeAlias = Callable[[FloatArray, str], FloatArray]
"""Takes a recording, and its name for error messages; never writes into it."""

LinearFunction: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Takes one recording or several, (..., n_times), and makes of a sum the sum of what it makes."""


# Lists and 3-D arrays fit into no DataFrame, so `transform` makes the container, not scikit-learn.
class RecordingTransformer(  # type: ignore[call-arg]  # scikit-learn is untyped
    TransformerMixin, BaseEstimator, ABC, auto_wrap_output_keys=None
):
    """Base of the stateless transformers of recordings.

    A concrete class stores its parameters, declares `_parameter_constraints` and returns from
    `_recording_function` what is done to one recording. Nothing is learnt: `transform` works
    without `fit`, which only checks.

    Recordings are a list of 1-D arrays, a pandas Series of them or a 2-D array of shape
    `(n_recordings, n_times)`. A list gives a list, a Series a Series with the same index, an array
    an array, or what `set_output` says.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.signal import RecordingTransformer
    >>> class Centre(RecordingTransformer):
    ...     def _recording_function(self):
    ...         return lambda x, name: x - x.mean()
    >>> [x.tolist() for x in Centre().transform([np.array([1, 3]), np.array([2, 2, 5])])]
    [[-1.0, 1.0], [-1.0, -1.0, 2.0]]
    """

    _parameter_constraints: dict[str, list[Any]] = {}
    _min_length = 1

    @abstractmethod
    def _recording_function(self) -> RecordingFunction:
        """Check the parameters against each other and return what is done to one recording."""

    def _transform_array(self, X: FloatArray, function: RecordingFunction) -> FloatArray:
        """Apply `function` to each row of a 2-D array."""
        first = function(X[0], "recording 0")
        result = np.empty((len(X), *first.shape), dtype=np.float32)
        result[0] = first
        for i in range(1, len(X)):
            result[i] = function(X[i], f"recording {i}")
        return result

    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X: Recordings, y: Any = None) -> RecordingTransformer:
        """Check the parameters and the recordings; nothing is learnt.

        Parameters
        ----------
        X : list of array-like of shape (n_times,) or array-like of shape (n_recordings, n_times)
            The recordings.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer itself.
        """
        checked = check_recordings(X, estimator=self, min_length=self._min_length)
        self._recording_function()
        self._has_columns = not isinstance(checked, list)
        return self

    def transform(self, X: Recordings) -> Any:
        """Transform each recording.

        Parameters
        ----------
        X : list of array-like of shape (n_times,) or array-like of shape (n_recordings, n_times)
            The recordings. They are not modified.

        Returns
        -------
        X_new : list of ndarray, Series of ndarray, or ndarray
            One entry per recording, float32: a list for a list, a Series for a Series, an array
            for an array. With ``set_output(transform="pandas")``, a 2-D array becomes a DataFrame,
            and the windows of a DataFrame's rows a Series of 2-D arrays.

        Raises
        ------
        ValueError
            If a parameter or a recording is invalid; the message names it.
        """
        self._validate_params()
        function = self._recording_function()
        recordings = check_recordings(X, estimator=self, reset=False, min_length=self._min_length)
        if isinstance(recordings, list):
            result = [function(x, f"recording {i}") for i, x in enumerate(recordings)]
            return _as_series(result, X, X.name) if hasattr(X, "iloc") else result
        return self._in_container(self._transform_array(recordings, function), X)

    def fit_transform(self, X: Recordings, y: Any = None) -> Any:
        """Check the parameters and transform each recording.

        Parameters
        ----------
        X : list of array-like of shape (n_times,) or array-like of shape (n_recordings, n_times)
            The recordings. They are not modified.
        y : None
            Ignored.

        Returns
        -------
        X_new : list of ndarray, Series of ndarray, or ndarray
            As from `transform`.
        """
        return self.fit(X, y).transform(X)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the samples of what comes out.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the samples that come in, by default those of `fit`.

        Returns
        -------
        ndarray of str objects
            One name a column. Recordings of a list have no columns, and no names.
        """
        check_is_fitted(self, "_has_columns")
        if not self._has_columns:
            return np.array([], dtype=object)
        return self._names_out(_check_feature_names_in(self, input_features))

    def _names_out(self, names: np.ndarray) -> np.ndarray:
        return names

    def _generated_names(self, n_times: int) -> np.ndarray:
        """Name samples after the class, as scikit-learn does where they are not those of `fit`."""
        prefix = type(self).__name__.lower()
        return np.array([f"{prefix}{i}" for i in range(n_times)], dtype=object)

    def _in_container(self, result: FloatArray, X: Recordings) -> Any:
        adapter = _get_container_adapter("transform", self)
        if adapter is None:
            return result
        if result.ndim == 2:
            names = self.get_feature_names_out() if hasattr(self, "n_features_in_") else None
            return adapter.create_container(result, X, columns=names)
        # Windows of recordings fit into no DataFrame, and their index must not be lost.
        is_frame = adapter.container_lib == "pandas" and hasattr(X, "iloc")
        return _as_series(list(result), X.iloc[:, 0], "windows") if is_frame else result

    def __sklearn_tags__(self) -> Any:
        """Tags: no fit is required, 2-D arrays are accepted, the output is float32."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _as_series(arrays: list[FloatArray], like: Any, name: Any) -> Any:
    """Make a pandas Series of arrays with the index of another one."""
    return type(like)(arrays, index=like.index, name=name, dtype=object)
