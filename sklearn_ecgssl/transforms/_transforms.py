"""The six transformations as estimators, their base class, and the views of a batch."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_random_state
from torch import Tensor

from .._compat import Interval, _fit_context, validate_data
from .._fitting import all_or_nothing
from ._functional import add_noise, flip_time, negate, permute, scale, time_warp


class WindowTransform(OneToOneFeatureMixin, TransformerMixin, BaseEstimator, ABC):
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

    @abstractmethod
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

    def _min_times(self) -> int:
        return 1

    def check_n_times(self, n_times: int) -> None:
        """Raise an error where windows of `n_times` samples are too short to be transformed.

        Parameters
        ----------
        n_times : int
            Samples in a window.
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
        """
        self._validate_params()
        X = validate_data(self, X, dtype=np.float32, reset=False)
        self.check_n_times(X.shape[1])
        seed = check_random_state(getattr(self, "random_state", None)).randint(2**31 - 1)
        generator = torch.Generator().manual_seed(int(seed))
        windows = torch.from_numpy(np.array(X, dtype=np.float32, order="C"))
        return self.apply(windows, generator).numpy()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class AddNoise(WindowTransform):
    """Add white Gaussian noise to each window.

    The noise power of a window is its mean square divided by ``10 ** (snr_db / 10)`` [1]_.

    Parameters
    ----------
    snr_db : float, default=15
        Signal-to-noise ratio in dB, from -200 to 200. 15 is the value of the authors' code for
        [1]_, who searched 15 and 25.
    random_state : int, RandomState instance or None, default=None
        Seed of `transform`. A pretrainer passes its own random stream to `apply`.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.transforms import AddNoise
    >>> x = np.sin(np.linspace(0, 60, 2560))[None]
    >>> noise = AddNoise(snr_db=15, random_state=0).fit_transform(x) - x
    >>> print(f"{10 * np.log10(np.mean(x**2) / np.mean(noise**2)):.0f} dB")
    15 dB
    """

    _parameter_constraints: dict = {
        "snr_db": [Interval(Real, -200, 200, closed="both")],
        "random_state": ["random_state"],
    }

    def __init__(self, snr_db: float = 15, *, random_state: Any = None) -> None:
        self.snr_db = snr_db
        self.random_state = random_state

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return add_noise(windows, float(self.snr_db), generator)


class Scale(WindowTransform):
    """Multiply the amplitude of each window by a constant.

    Parameters
    ----------
    factor : float, default=1.1
        The constant, above zero. 1.1 is the value of the authors' code for [1]_, who searched
        0.8, 0.9, 1.1 and 1.4.

    Notes
    -----
    This task needs amplitudes that mean something: scale recordings per recording or per subject,
    never window by window.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.transforms import Scale
    >>> Scale(factor=1.5).fit_transform([[1.0, -2.0, 4.0]])
    array([[ 1.5, -3. ,  6. ]], dtype=float32)
    """

    _parameter_constraints: dict = {"factor": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, factor: float = 1.1) -> None:
        self.factor = factor

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return scale(windows, float(self.factor))


class Negate(WindowTransform):
    """Multiply each window by -1.

    One of the six transformations of [1]_.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.transforms import Negate
    >>> Negate().fit_transform([[1.0, -2.0, 4.0]])
    array([[-1.,  2., -4.]], dtype=float32)
    """

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return negate(windows)


class FlipTime(WindowTransform):
    """Reverse each window in time.

    The "horizontal flip" of [1]_.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> from sklearn_ecgssl.transforms import FlipTime
    >>> FlipTime().fit_transform([[1.0, -2.0, 4.0]])
    array([[ 4., -2.,  1.]], dtype=float32)
    """

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return flip_time(windows)


class Permute(WindowTransform):
    """Cut each window into equal pieces and shuffle them.

    Parameters
    ----------
    n_pieces : int, default=20
        Number of pieces, at least 2. 20 is the value of the authors' code for [1]_, who searched
        8, 9 and 20; their first paper used 10. Where the window does not divide evenly, pieces
        differ by one sample.
    random_state : int, RandomState instance or None, default=None
        Seed of `transform`. A pretrainer passes its own random stream to `apply`.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.transforms import Permute
    >>> Permute(n_pieces=3, random_state=2).fit_transform(np.arange(6)[None])
    array([[4., 5., 2., 3., 0., 1.]], dtype=float32)
    """

    _parameter_constraints: dict = {
        "n_pieces": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, n_pieces: int = 20, *, random_state: Any = None) -> None:
        self.n_pieces = n_pieces
        self.random_state = random_state

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return permute(windows, int(self.n_pieces), generator)

    def _min_times(self) -> int:
        return int(self.n_pieces)


class TimeWarp(WindowTransform):
    """Stretch randomly chosen pieces of each window and squeeze the others.

    A window is cut into `n_pieces` equal pieces. Half of them (the larger half), chosen at random,
    are stretched by the factor `stretch`, the others squeezed by it, both by linear
    interpolation and rounded up to whole samples. The pieces are joined and cropped, at a random
    place, to the old length. With the defaults and 2560 samples: 9 pieces of 284 samples, 5 of
    them stretched to 299 and 4 squeezed to 271, 2579 samples, of which 2560 are kept.

    Parameters
    ----------
    n_pieces : int, default=9
        Number of pieces, at least 2. 9 is the value of the authors' code for [1]_, who searched 7
        and 9.
    stretch : float, default=1.05
        Factor, above 1, at most 100. 1.05 is the value of the authors' code, who searched 1.05 and
        1.3.
    random_state : int, RandomState instance or None, default=None
        Seed of `transform`. A pretrainer passes its own random stream to `apply`.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.transforms import TimeWarp
    >>> x = np.sin(np.linspace(0, 60, 2560))[None]
    >>> TimeWarp(stretch=1.3, random_state=0).fit_transform(x).shape
    (1, 2560)
    """

    _parameter_constraints: dict = {
        "n_pieces": [Interval(Integral, 2, None, closed="left")],
        "stretch": [Interval(Real, 1, 100, closed="right")],
        "random_state": ["random_state"],
    }

    def __init__(
        self, n_pieces: int = 9, stretch: float = 1.05, *, random_state: Any = None
    ) -> None:
        self.n_pieces = n_pieces
        self.stretch = stretch
        self.random_state = random_state

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return time_warp(windows, int(self.n_pieces), float(self.stretch), generator)

    def _min_times(self) -> int:
        return int(self.n_pieces)


def default_transforms() -> list[tuple[str, WindowTransform]]:
    """Name and build the six transformations of the papers, in the order of their labels 1 .. 6."""
    return [
        ("noise", AddNoise()),
        ("scale", Scale()),
        ("negate", Negate()),
        ("flip", FlipTime()),
        ("permute", Permute()),
        ("warp", TimeWarp()),
    ]


def make_views(
    windows: Tensor,
    transforms: Sequence[WindowTransform],
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Stack every window's views, view by view: label 0 is unchanged, i the i-th transformation."""
    n_views = 1 + len(transforms)
    views = windows.new_empty((n_views, *windows.shape))
    views[0] = windows
    for label, transform in enumerate(transforms, start=1):
        views[label] = transform.apply(windows, generator)
    labels = torch.arange(n_views, device=windows.device).repeat_interleave(len(windows))
    return views.flatten(0, 1), labels
