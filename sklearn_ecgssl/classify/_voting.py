"""Train on windows, answer for recordings."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted
from torch import nn

from .._compat import HasMethods, StrOptions, _fit_context, _routing_enabled
from .._fitting import all_or_nothing
from ..saving import MeanOfWindows, to_torch
from ..signal import Segmenter
from ..signal._recordings import check_recordings
from ..signal.window_store import WindowStore, check_windows
from ._base import check_labels


class SegmentVotingClassifier(ClassifierMixin, BaseEstimator):
    """Classify recordings by training on their windows and letting these vote.

    The target of a recording is repeated over its windows, the estimator is trained on windows,
    and its predictions are pooled to one answer a recording. So every scorer and splitter sees
    recordings, and no recording stands on both sides of a split.

    Parameters
    ----------
    estimator : classifier
        Classifier of windows, of shape (n_windows, n_times), often a Pipeline with an
        `SSLEmbedder`.
    segmenter : Segmenter or None, default=None
        Cuts recordings into windows. None expects windowed recordings.
    voting : {"soft", "hard"}, default="soft"
        "soft" averages the windows' probabilities (their decision values, where the estimator has
        no probabilities), "hard" counts their labels. A tie goes to the class that comes first in
        `classes_`.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier of windows.
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of `estimator_`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_ecgssl.classify import SegmentVotingClassifier
    >>> from sklearn_ecgssl.signal import Segmenter
    >>> rng = np.random.default_rng(0)
    >>> recordings = [rng.normal(i % 2, size=100 + 10 * i) for i in range(6)]
    >>> voting = SegmentVotingClassifier(
    ...     LogisticRegression(), Segmenter(sampling_rate=10, window_length=2)
    ... )
    >>> voting.fit(recordings, [0, 1, 0, 1, 0, 1]).predict(recordings)
    array([0, 1, 0, 1, 0, 1])
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "segmenter": [Segmenter, None],
        "voting": [StrOptions({"soft", "hard"})],
    }

    def __init__(
        self, estimator: Any, segmenter: Segmenter | None = None, *, voting: str = "soft"
    ) -> None:
        self.estimator = estimator
        self.segmenter = segmenter
        self.voting = voting

    @_fit_context(prefer_skip_nested_validation=False)
    @all_or_nothing
    def fit(self, X: Any, y: Any, **fit_params: Any) -> Self:
        """Train the estimator on the windows of the recordings.

        Parameters
        ----------
        X : list of arrays or array-like of shape (n_recordings, n_times)
            Recordings; windowed recordings where `segmenter` is None.
        y : array-like of shape (n_recordings,)
            Label of each recording.
        **fit_params : dict of str to array-like of shape (n_recordings,)
            Passed to the estimator's `fit` with one entry a window, such as
            ``sslembedder__groups=subject``. With scikit-learn's metadata routing, what the
            estimator requests.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If recordings and labels do not fit each other, or a recording is shorter than a
            window.
        """
        store = self._window_store(X, reset=True)
        y = check_labels(y, store.blocks)
        if _routing_enabled():
            fit_params = process_routing(self, "fit", **fit_params).estimator.fit
        repeated = {name: store.per_window(v, name) for name, v in fit_params.items()}
        self.estimator_ = clone(self.estimator).fit(
            store.loaded(), store.per_window(y, "y"), **repeated
        )
        self.classes_ = np.asarray(getattr(self.estimator_, "classes_", np.unique(y)))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict the class of each recording.

        Parameters
        ----------
        X : list of arrays or array-like of shape (n_recordings, n_times)
            Recordings; windowed recordings where `segmenter` is None.

        Returns
        -------
        ndarray of shape (n_recordings,)
            Labels.
        """
        check_is_fitted(self, "estimator_")
        scores = self.predict_proba(X) if self._has_proba() else self.decision_function(X)
        winners = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[winners]

    @available_if(lambda self: self._has_proba())
    def predict_proba(self, X: Any) -> np.ndarray:
        """Average the probabilities of each recording's windows.

        Parameters
        ----------
        X : list of arrays or array-like of shape (n_recordings, n_times)
            Recordings; windowed recordings where `segmenter` is None.

        Returns
        -------
        ndarray of shape (n_recordings, n_classes)
            Probabilities, in the order of `classes_`; for hard voting each class's share of the
            windows.
        """
        if self.voting == "soft":
            return self._mean_over_windows("predict_proba", X)
        return self._mean_over_windows("predict", X, lambda y: y[:, None] == self.classes_)

    @available_if(lambda self: self._has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Average the decision values of each recording's windows.

        Parameters
        ----------
        X : list of arrays or array-like of shape (n_recordings, n_times)
            Recordings; windowed recordings where `segmenter` is None.

        Returns
        -------
        ndarray of shape (n_recordings,) or (n_recordings, n_classes)
            Decision values: of the second class where there are two, else of each class.

        Raises
        ------
        ValueError
            If the estimator's decision values are not one a class.
        """
        return self._mean_over_windows("decision_function", X, self._check_decisions)

    def to_torch(self) -> nn.Module:
        """Build a torch module that computes what `predict_proba` does.

        Returns
        -------
        nn.Module
            From recordings (n_recordings, n_times), or windowed recordings
            (n_recordings, n_windows, n_times) where `segmenter` is None, to probabilities
            (n_recordings, n_classes), or decision values where the estimator has no probabilities.

        Raises
        ------
        ValueError
            If windows vote by their labels: ``voting="hard"``.
        TypeError
            If the estimator cannot be a torch module; the message says what can.
        """
        check_is_fitted(self, "estimator_")
        if self.voting == "hard":
            raise ValueError("Labels that are counted are no torch module: set voting='soft'.")
        return MeanOfWindows(to_torch(self.estimator_), self.segmenter).eval()

    def get_metadata_routing(self) -> MetadataRouter:
        """Say which metadata `fit` passes on.

        Returns
        -------
        MetadataRouter
            Everything that the estimator's `fit` requests.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=self).add(estimator=self.estimator, method_mapping=mapping)

    def _has(self, method: str) -> bool:
        estimator = getattr(self, "estimator_", self.estimator)
        return self.voting == "soft" and hasattr(estimator, method)

    def _has_proba(self) -> bool:
        return self.voting == "hard" or self._has("predict_proba")

    def _mean_over_windows(
        self, method: str, X: Any, then: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> np.ndarray:
        check_is_fitted(self, "estimator_")
        store = self._window_store(X, reset=False)
        values = getattr(self.estimator_, method)(store.loaded())
        values = values if then is None else then(values)
        return np.stack([block.mean(axis=0) for block in store.split_back(values)])

    def _check_decisions(self, values: np.ndarray) -> np.ndarray:
        n_classes = len(self.classes_)
        last = self.estimator_
        while isinstance(last, Pipeline):
            last = last.steps[-1][1]
        of_pairs = n_classes > 2 and getattr(last, "decision_function_shape", "ovr") == "ovo"
        if of_pairs or values.shape[1:] != (() if n_classes == 2 else (n_classes,)):
            raise ValueError(
                f"The decision values of {self.estimator_!r} have shape {values.shape}, not one "
                f"for each of {n_classes} classes. Set decision_function_shape='ovr' or "
                "voting='hard'."
            )
        return values

    def _window_store(self, X: Any, reset: bool) -> WindowStore:
        if self.segmenter is not None:
            recordings = check_recordings(X, estimator=self, reset=reset)
            return WindowStore(list(self.segmenter.transform(recordings)), windowed=True)
        store = check_windows(self, X, reset=reset)
        if not store.windowed:
            raise ValueError(
                "Without a segmenter, X must be windowed recordings: a list of arrays of shape "
                "(n_windows, n_times), or a 3-D array. For recordings, pass a Segmenter."
            )
        return store
