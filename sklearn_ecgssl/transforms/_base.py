"""What all transformations share."""

from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_random_state
from torch import Tensor

from .._compat import _fit_context, validate_data
from .._fitting import all_or_nothing


class WindowTransform(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Base class of transformations of ECG windows.

    A subclass implements `apply` on a batch tensor, and `_min_times`, the shortest window it can
    transform. Subclasses that draw random numbers have a `random_state` parameter, used by
    `transform` alone: inside a pretrainer the pretrainer's own generator is passed to `apply`.

    Examples
    --------
    >>> from sklearn_ecgssl.transforms import WindowTransform
    >>> class Halve(WindowTransform):
    ...     def apply(self, windows, generator=None):
    ...         return windows / 2
    >>> Halve().fit_transform([[2.0, 4.0]])
    array([[1., 2.]], dtype=float32)
    """

    _parameter_constraints: dict = {}

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Transform a batch of windows on the device on which it is.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows, floating point.
        generator : torch.Generator, default=None
            Source of randomness, on the device of `windows`; None for torch's global one.

        Returns
        -------
        Tensor of shape (n_windows, n_times)
            The transformed windows, newly allocated.
        """
        raise NotImplementedError

    def _min_times(self) -> int:
        return 1

    def check_n_times(self, n_times: int) -> None:
        """Raise an error where windows of `n_times` samples are too short to be transformed.

        Parameters
        ----------
        n_times : int
            Samples in a window.

        Raises
        ------
        ValueError
            If the window is shorter than what the parameters ask for.
        """
        if n_times < self._min_times():
            raise ValueError(
                f"{self!r} needs windows of at least {self._min_times()} samples, got {n_times} "
                f"(n_features = {n_times}). Use longer windows or a smaller n_pieces."
            )

    @_fit_context(prefer_skip_nested_validation=True)
    @all_or_nothing
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check parameters and windows; nothing is learnt.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times)
            ECG windows.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformation.
        """
        X = validate_data(self, X, dtype=np.float32)
        self.check_n_times(X.shape[1])
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Transform windows, for instance to plot them.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times)
            ECG windows.

        Returns
        -------
        ndarray of shape (n_windows, n_times), float32
            The transformed windows.

        Raises
        ------
        ValueError
            If a parameter or a window cannot be used, or a window becomes too large for float32.
        """
        self._validate_params()
        X = validate_data(self, X, dtype=np.float32, reset=False)
        self.check_n_times(X.shape[1])
        seed = check_random_state(getattr(self, "random_state", None)).randint(2**31 - 1)
        generator = torch.Generator().manual_seed(int(seed))
        windows = torch.from_numpy(np.array(X, dtype=np.float32, order="C"))
        transformed = self.apply(windows, generator).numpy()
        finite = np.isfinite(transformed).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"{self!r} takes window {int(np.argmin(finite))} beyond what float32 holds "
                "(3.4e38). Scale the windows first (TrimmedScaler), or take other parameters."
            )
        return transformed

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
