"""Frozen self-supervised features as a scikit-learn transformer."""

from numbers import Real
from os import PathLike
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import nn

from .._compat import HasMethods, Interval, StrOptions, _fit_context
from .._fitting import UnfinishedFitError, all_or_nothing
from ..pretext import check_duration, check_fits, resolve_pretrainer, warn_unless_scaled
from ..signal.window_store import check_windows
from ._pooling import POOLS, PooledNet, pool_windows


class SSLEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turn ECG windows into self-supervised features for any classifier.

    The methods are those of [1]_ and [2]_.

    `fit` trains a clone of the pretrainer on the windows that it is given, so in cross-validation
    on the training fold alone. ``SSLEmbedder(FrozenEstimator(pretrainer))`` never trains: it uses
    the pretrainer as it is.

    Parameters
    ----------
    pretrainer : estimator, str, path-like or None, default=None
        `PretextPretrainer` or `MaskedPretrainer`; a fitted one inside
        `sklearn.frozen.FrozenEstimator`; the name of an encoder that comes with the package, see
        `list_pretrained`; or the folder of one that `save_pretrained` saved. The last three are
        never trained. None stands for ``PretextPretrainer()``.
    layer : str, default="last"
        Whose features: "last", "all", or a single one, of `PretextPretrainer` "block1", "block2",
        "block3", of `MaskedPretrainer` and `DilatedConvolutions` "layer1", "layer2", ...; "scores"
        of a pretrainer that compares views, a feature a comparison.
    aggregate : str, sequence of str or None, default=None
        How the network's activations over a window become features. None is the papers': of
        `PretextPretrainer` "max", the global maximum, which keeps little of the heart rate (with
        `DilatedConvolutions` mean and maximum, which keep it); of `MaskedPretrainer` "cls", the
        class token. Both know "max", "mean" and "std", and "rhythm":
        the period at which each channel repeats itself and the channels' modulation spectrum;
        `MaskedPretrainer` "last" too, the last sample's token. Several stand side by side:
        ``("max", "rhythm")``.
    sampling_rate : float, default=256
        Of the windows, in Hz. "rhythm" asks for it, and an encoder that comes with the package, or
        that was saved with its own, must have the same.
    pool : {"mean", "max", "mean_std"}, default="mean"
        How the windows of a recording become one row; "mean_std" gives means, then standard
        deviations. Plain windows are not pooled.

    Attributes
    ----------
    pretrainer_ : estimator
        The fitted pretrainer.
    windowed_ : bool
        Whether it was fitted on windowed recordings.
    n_features_in_ : int
        Samples in a window.

    Notes
    -----
    A pretrainer that was fitted on all subjects and then frozen has seen the signals (not the
    labels) of those in the test folds. Say so beside the scores.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised Learning for ECG-Based Emotion Recognition",
       ICASSP 2020, doi:10.1109/ICASSP40776.2020.9053985.
    .. [2] J. Vazquez-Rodriguez et al., "Transformer-Based Self-Supervised Learning for Emotion
       Recognition", ICPR 2022, arXiv:2204.05103.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.features import SSLEmbedder
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> windows = np.sin(np.linspace(0, 99, 8 * 256)).reshape(8, 256)
    >>> pretrainer = PretextPretrainer(
    ...     filters=(4, 8), kernel_sizes=(16, 8), max_epochs=1, random_state=0
    ... )
    >>> SSLEmbedder(pretrainer).fit_transform(windows).shape
    (8, 8)
    >>> recordings = [windows[:5], windows[5:]]
    >>> SSLEmbedder(pretrainer, pool="mean_std").fit_transform(recordings).shape
    (2, 16)
    """

    _parameter_constraints: dict = {
        "pretrainer": [
            HasMethods(["fit", "encode", "layer_names", "n_features_encoded"]),
            str,
            PathLike,
            None,
        ],
        "layer": [str],
        "aggregate": [str, list, tuple, None],
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
        "pool": [StrOptions(set(POOLS))],
    }

    def __init__(
        self,
        pretrainer: Any = None,
        *,
        layer: str = "last",
        aggregate: Any = None,
        sampling_rate: float = 256,
        pool: str = "mean",
    ) -> None:
        self.pretrainer = pretrainer
        self.layer = layer
        self.aggregate = aggregate
        self.sampling_rate = sampling_rate
        self.pool = pool

    # The pretrainer validates itself, and a frozen one has nothing left to validate.
    @_fit_context(prefer_skip_nested_validation=False)
    @all_or_nothing
    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Pretrain on windows, unless the pretrainer is frozen.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), ndarray of shape \
                (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, or windowed recordings.
        y : None
            Ignored: no label reaches the pretrainer.
        groups : array-like of shape (n_windows,) or (n_recordings,), default=None
            Subject of each window or recording, for a pretrainer that holds out subjects.

        Returns
        -------
        self : object
            The fitted embedder.

        Raises
        ------
        ValueError
            If windows have another length or rate than those that a saved encoder learnt from.

        Warns
        -----
        UserWarning
            If windows for an encoder that comes with the package seem not to be scaled.
        """
        pretrainer = resolve_pretrainer(self.pretrainer)
        # What `transform` would refuse is refused before anything is trained.
        pretrainer.n_features_encoded(self.layer, self.aggregate)
        store = check_windows(self, X, reset=True)
        if "rhythm" in (self.aggregate or ()):
            check_duration(store.n_times, float(self.sampling_rate))
        self.windowed_ = store.windowed
        self.pretrainer_ = pretrainer
        try:
            self.pretrainer_.fit(store, None, groups=groups)
        except BaseException as error:
            if hasattr(self.pretrainer_, "state_"):  # it keeps the epochs before, so do we
                raise UnfinishedFitError(error) from None
            raise
        check_fits(self.pretrainer_, store, float(self.sampling_rate))
        warn_unless_scaled(self.pretrainer_, store)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n_windows, n_times), ndarray of shape \
                (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, or windowed recordings.

        Returns
        -------
        ndarray of shape (n_windows, n_features) or (n_recordings, n_features), float32
            One row a window, or one a recording.
        """
        check_is_fitted(self, "pretrainer_")
        store = check_windows(self, X, reset=False)
        if store.windowed != self.windowed_ and self.pool == "mean_std":
            raise ValueError(
                "With pool='mean_std' a recording has twice as many features as a window: pass "
                f"{'windowed recordings' if self.windowed_ else 'plain windows'}, as in fit."
            )
        features = self.pretrainer_.encode(store, *self._features())
        if not store.windowed:
            return features
        return np.stack([pool_windows(windows, self.pool) for windows in features])

    def to_torch(self) -> nn.Module:
        """Make what `transform` does, as a torch module.

        Returns
        -------
        nn.Module
            From windows (n_windows, n_times) to features (n_windows, n_features), or from windowed
            recordings (n_recordings, n_windows, n_times) to features (n_recordings, n_features),
            on the CPU, in float32 and evaluation mode. Its weights are a copy.

        See Also
        --------
        sklearn_ecgssl.to_torch : A whole Pipeline as a torch module.
        """
        check_is_fitted(self, "pretrainer_")
        return PooledNet(self.pretrainer_.to_torch(*self._features()), self.pool).eval()

    def _features(self) -> tuple[str, Any, float]:
        """Give the arguments that say which features `encode` and `to_torch` make."""
        return self.layer, self.aggregate, float(self.sampling_rate)

    @property
    def _n_features_out(self) -> int:
        n_features = self.pretrainer_.n_features_encoded(self.layer, self.aggregate)
        return 2 * n_features if self.windowed_ and self.pool == "mean_std" else n_features

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
