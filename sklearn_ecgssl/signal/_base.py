"""Template of the transformers of recordings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from .._compat import _fit_context, _wrap_data_with_container
from .._fitting import all_or_nothing
from ._recordings import FloatArray, Recordings, check_recordings

RecordingFunction: TypeAlias = Callable[[FloatArray, str], FloatArray]
"""Takes a recording, and its name for error messages; never writes into it."""


class RecordingTransformer(  # type: ignore[call-arg]  # scikit-learn is untyped
    TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Base of the stateless transformers of recordings.

    A concrete class stores its parameters, declares `_parameter_constraints` and returns from
    `_recording_function` what is done to one recording. Nothing is learnt: `transform` works
    without `fit`, which only checks.

    Recordings are a list of 1-D arrays or a 2-D array of shape `(n_recordings, n_times)`. A list
    gives a list, an array an array. Lists and 3-D arrays cannot be dataframes, so `set_output`
    concerns 2-D arrays alone, and a Pipeline with any output setting works with lists.

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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # scikit-learn would otherwise switch its own wrapping, which fails on lists, on again
        kwargs["auto_wrap_output_keys"] = None
        super().__init_subclass__(**kwargs)

    def _recording_function(self) -> RecordingFunction:
        """Check the parameters against each other and return what is done to one recording."""
        raise NotImplementedError

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
        check_recordings(X, estimator=self, min_length=self._min_length)
        self._recording_function()
        return self

    def transform(self, X: Recordings) -> Any:
        """Transform each recording.

        Parameters
        ----------
        X : list of array-like of shape (n_times,) or array-like of shape (n_recordings, n_times)
            The recordings. They are not modified.

        Returns
        -------
        X_new : list of ndarray, or ndarray
            One entry per recording, float32: a list for a list, an array for an array.

        Raises
        ------
        ValueError
            If a parameter or a recording is invalid; the message names it.
        """
        self._validate_params()
        function = self._recording_function()
        recordings = check_recordings(X, estimator=self, reset=False, min_length=self._min_length)
        if isinstance(recordings, list):
            return [function(x, f"recording {i}") for i, x in enumerate(recordings)]
        return self._in_container(self._transform_array(recordings, function), X)

    def set_output(self, *, transform: str | None = None) -> RecordingTransformer:
        """Choose the container of the 2-D arrays that `transform` returns.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            The container. None leaves the setting as it is. Lists are returned as they are,
            whatever the setting, and so are 3-D arrays, but for those of a pandas DataFrame: they
            become a Series of 2-D arrays with its index.

        Returns
        -------
        self : object
            The transformer itself.
        """
        if transform is not None:
            config = getattr(self, "_sklearn_output_config", {})
            self._sklearn_output_config = {**config, "transform": transform}
        return self

    def _in_container(self, result: FloatArray, X: Recordings) -> Any:
        if result.ndim == 3 and self._output_is_pandas() and hasattr(X, "index"):
            # Windows of recordings fit into no DataFrame, and their index must not be lost.
            return type(X.iloc[:, 0])(list(result), index=X.index, name="windows", dtype=object)
        if result.ndim != 2:
            return result
        return _wrap_data_with_container("transform", result, X, _Wrapping(self))

    def _output_is_pandas(self) -> bool:
        config = getattr(self, "_sklearn_output_config", {})
        return bool(config.get("transform", get_config()["transform_output"]) == "pandas")

    def __sklearn_tags__(self) -> Any:
        """Tags: no fit is required, 2-D arrays are accepted, the output is float32."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class _Wrapping:
    """What scikit-learn's wrapper reads of an estimator, with the wrapping switched on."""

    _sklearn_auto_wrap_output_keys = frozenset({"transform"})

    def __init__(self, transformer: RecordingTransformer) -> None:
        self._transformer = transformer
        self._sklearn_output_config = getattr(transformer, "_sklearn_output_config", {})

    def get_feature_names_out(self) -> Any:
        """Return the column names, or None where there are none: not fitted, or on a list."""
        try:
            return self._transformer.get_feature_names_out()
        except (AttributeError, NotFittedError):  # no such method, or nothing to name
            return None
