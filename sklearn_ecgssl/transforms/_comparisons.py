"""What two views of a window are compared by, and how views are disturbed before."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from torch import Tensor
from torch.nn.functional import smooth_l1_loss, softplus

from .._compat import Interval
from ._pairs import (
    add_at_snr,
    at_mean_speed_one,
    low_pass,
    read_at_speed,
    varying_log_speed,
    view_length,
)
from ._transforms import WindowTransform

#: Error of a log ratio from which on the loss of the tempo grows linearly.
LINEAR_FROM = 0.1

#: Mean absolute difference of the squares of two uniform draws.
EXPECTED_DIFFERENCE = 1 / 3

#: What the ranges of `RandomAugmentation` may span.
LIMITS = {"low_pass": (1e-3, 1.0), "snr_db": (-200.0, 200.0)}


class WindowComparison(BaseEstimator, ABC):
    """Base class of tasks that compare two views of a window.

    Both views are read from the same window, at speeds that a comparison draws. Where a pretrainer
    has several, their log-speeds add up in one pair, and each asks for its own difference.

    A subclass implements `draw` and `metrics`; the latter's "accuracy" is what `score` reports.

    Examples
    --------
    In which view the tempo rises more:

    >>> import torch
    >>> from torch.nn.functional import smooth_l1_loss
    >>> from sklearn_ecgssl.transforms import WindowComparison
    >>> class CompareTrend(WindowComparison):
    ...     def draw(self, n_windows, length, generator):
    ...         device = None if generator is None else generator.device
    ...         drawn = torch.rand((n_windows, 2), generator=generator, device=device)
    ...         slope = 0.3 * (2 * drawn - 1)
    ...         log_speed = slope[..., None] * torch.linspace(-1, 1, length, device=device)
    ...         return log_speed, slope[:, 0] - slope[:, 1]
    ...
    ...     def metrics(self, predicted, difference):
    ...         right = predicted * difference > 0
    ...         loss = smooth_l1_loss(predicted, difference)
    ...         return {"loss": loss, "accuracy": right.float().mean()}
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> pretrainer = PretextPretrainer(transforms=[], comparisons=[("trend", CompareTrend())])
    """

    _parameter_constraints: dict = {}

    #: How much faster than the window a view can be read on the whole.
    stretch: float = 1.0

    @abstractmethod
    def draw(
        self, n_windows: int, length: int, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Draw the speeds of pairs of views, and in what they differ.

        Parameters
        ----------
        n_windows : int
            Windows, of each of which two views are read.
        length : int
            Samples in a view.
        generator : torch.Generator or None
            Source of randomness, on whose device the results are; None for torch's global one.

        Returns
        -------
        log_speed : Tensor of shape (n_windows, 2, 1) or (n_windows, 2, length)
            Logarithms of the speeds at which views are read: constant ones, or such as vary in
            time. What varies is brought to a mean speed of 1, so that it changes no tempo.
        difference : Tensor of shape (n_windows,)
            What the first view has more of than the second.
        """

    @abstractmethod
    def metrics(self, predicted: Tensor, difference: Tensor) -> dict[str, Tensor]:
        """Compute the loss, first, and what else the history reports.

        Parameters
        ----------
        predicted : Tensor of shape (n_windows,)
            The network's score of the first view minus that of the second.
        difference : Tensor of shape (n_windows,)
            What was drawn.

        Returns
        -------
        dict of str to Tensor
            Means over the windows by name: ``loss``, which is learnt by, then others.
        """


class CompareTempo(WindowComparison):
    """Compare two views of a window by their tempo.

    Each view is read at a speed drawn log-uniformly from ``1 / stretch`` to `stretch`. The
    difference of the network's scores must be the logarithm of the ratio of the speeds; so the
    score becomes the logarithm of how often something happens, without a beat detector.

    Parameters
    ----------
    stretch : float, default=1.4
        Factor, above 1, at most 4. Views are that much shorter than windows. 1.4 is near
        ``exp(0.35)``, with which the task was tried first.

    See Also
    --------
    CompareIrregularity : How much the tempo varies.

    Notes
    -----
    The history has ``tempo_loss`` (smooth L1), ``tempo_error`` (mean absolute error of the log
    ratio) and ``tempo_accuracy`` (pairs whose faster view was told).

    Invariance to what contrastive methods vary removes periods; telling speeds apart keeps them
    [1]_.

    References
    ----------
    .. [1] Y. Yang et al., "SimPer: Simple Self-Supervised Learning of Periodic Targets", ICLR
       2023, arXiv:2210.03115.

    Examples
    --------
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> from sklearn_ecgssl.transforms import CompareTempo
    >>> pretrainer = PretextPretrainer(comparisons=[("tempo", CompareTempo())])
    >>> pretrainer.set_params(tempo__stretch=1.3).get_params()["tempo__stretch"]
    1.3
    """

    _parameter_constraints: dict = {"stretch": [Interval(Real, 1, 4, closed="right")]}

    def __init__(self, stretch: float = 1.4) -> None:
        self.stretch = stretch

    def draw(
        self, n_windows: int, length: int, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        largest = float(np.log(self.stretch))
        log_speed = largest * (2 * _uniform((n_windows, 2), generator) - 1)
        return log_speed[..., None], log_speed[:, 0] - log_speed[:, 1]

    def metrics(self, predicted: Tensor, difference: Tensor) -> dict[str, Tensor]:
        return {
            "loss": smooth_l1_loss(predicted, difference, beta=LINEAR_FROM),
            "error": (predicted - difference).abs().mean(),
            "accuracy": _ranked_right(predicted, difference),
        }


class CompareIrregularity(WindowComparison):
    """Compare two views of a window by how much their tempo varies.

    The speed of each view varies in time, by a random curve whose strength is drawn for each view.
    The network's scores must rank the views by it.

    Parameters
    ----------
    strength : float, default=0.25
        Of the strongest variation: standard deviation of the logarithm of the speed at the knots.
        A view's own is `strength` times the square of a uniform draw, so that weak ones, as of a
        person at rest, come more often than strong ones, as of atrial fibrillation.
    n_knots : int, default=10
        Places in a view between which the speed changes linearly. About one a beat: 10 in the 7 s
        of a view of 10 s.

    See Also
    --------
    CompareTempo : How fast a view is.

    Notes
    -----
    The history has ``irregularity_loss`` (logistic loss of the difference of the scores, weighted
    by that of the strengths) and ``irregularity_accuracy`` (pairs ranked right).

    Examples
    --------
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> from sklearn_ecgssl.transforms import CompareIrregularity
    >>> PretextPretrainer(comparisons=[("irregularity", CompareIrregularity(n_knots=12))])
    PretextPretrainer(comparisons=[('irregularity', CompareIrregularity(n_knots=12))])
    """

    _parameter_constraints: dict = {
        "strength": [Interval(Real, 0, 1, closed="right")],
        "n_knots": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(self, strength: float = 0.25, n_knots: int = 10) -> None:
        self.strength = strength
        self.n_knots = n_knots

    def draw(
        self, n_windows: int, length: int, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        device = None if generator is None else generator.device
        part = _uniform((n_windows, 2), generator).square()
        knots = torch.randn(
            (n_windows, 2, int(self.n_knots)),
            generator=generator,
            device=device,
            dtype=torch.float32,
        )
        log_speed = varying_log_speed(knots, float(self.strength) * part, length)
        return log_speed, part[:, 0] - part[:, 1]

    def metrics(self, predicted: Tensor, difference: Tensor) -> dict[str, Tensor]:
        losses = softplus(-difference.sign() * predicted)
        # Mean over windows of weights whose expectation is 1.
        weights = difference.abs() / EXPECTED_DIFFERENCE
        return {
            "loss": (weights * losses).mean(),
            "accuracy": _ranked_right(predicted, difference),
        }


class RandomAugmentation(WindowTransform):
    """Disturb each view of a pair in its own way, so that only what is compared tells them apart.

    A view is low-passed, so that its bandwidth does not give its speed away; noise is added, white
    or recorded; its amplitude is changed; it is turned upside down. Each is drawn for each view.

    Parameters
    ----------
    low_pass : tuple of float or None, default=(0.2, 1.0)
        Range of the cut-off, drawn log-uniformly, as parts of half the sampling rate: 10 to 50 Hz
        at 100 Hz.
    snr_db : tuple of float or None, default=(0, 40)
        Range of the signal-to-noise ratio in dB.
    factor : float, default=1.5
        Amplitudes are multiplied by ``1 / factor`` to `factor`, log-uniformly; 1 leaves them.
    negate : bool, default=True
        Whether half of the views are turned upside down. Features then mean the same whichever way
        the electrodes were.
    recorded_noise : array-like of shape (n_noise_times,) or (n_noises, n_noise_times), default=None
        Noise at the rate of the windows, such as that of electrodes that move. Half of the views
        get a random stretch of it in the place of white noise. It is not saved with a pretrainer.
    random_state : int, RandomState instance or None, default=None
        Seed of `transform`. A pretrainer passes its own random stream to `apply`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ecgssl.transforms import RandomAugmentation
    >>> x = np.sin(np.linspace(0, 60, 1000))[None]
    >>> RandomAugmentation(random_state=0).fit_transform(x).shape
    (1, 1000)
    """

    _parameter_constraints: dict = {
        "low_pass": [tuple, list, None],
        "snr_db": [tuple, list, None],
        "factor": [Interval(Real, 1, 1e6, closed="both")],
        "negate": ["boolean"],
        "recorded_noise": ["array-like", None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        low_pass: Any = (0.2, 1.0),
        snr_db: Any = (0, 40),
        factor: float = 1.5,
        *,
        negate: bool = True,
        recorded_noise: Any = None,
        random_state: Any = None,
    ) -> None:
        self.low_pass = low_pass
        self.snr_db = snr_db
        self.factor = factor
        self.negate = negate
        self.recorded_noise = recorded_noise
        self.random_state = random_state

    def apply(self, windows: Tensor, generator: torch.Generator | None = None) -> Tensor:
        def draw(low: float, high: float) -> Tensor:
            drawn = _uniform((len(windows),), generator).to(windows)
            return low + (high - low) * drawn

        if self.low_pass is not None:
            first, last = (float(np.log(limit)) for limit in self.low_pass)
            windows = low_pass(windows, draw(first, last).exp())
        if self.snr_db is not None:
            noise = torch.randn(
                windows.shape, generator=generator, device=windows.device, dtype=windows.dtype
            )
            if self.recorded_noise is not None:
                is_recorded = draw(0, 1) < 0.5
                recorded = self._recorded(windows, draw(0, 1), draw(0, 1))
                noise = torch.where(is_recorded[:, None], recorded, noise)
            windows = add_at_snr(windows, noise, draw(*map(float, self.snr_db)))
        largest = float(np.log(self.factor))
        factors = draw(-largest, largest).exp()
        if self.negate:
            factors = torch.where(draw(0, 1) < 0.5, -factors, factors)
        return windows * factors[:, None]

    def _recorded(self, windows: Tensor, which: Tensor, place: Tensor) -> Tensor:
        """Cut a random stretch of the recorded noise for each window, with a mean of 0."""
        noises = np.atleast_2d(np.asarray(self.recorded_noise, dtype=np.float32))
        length = windows.shape[1]
        n_noises, n_times = noises.shape
        row = (which * n_noises).long().clamp(max=n_noises - 1)
        first = (place * (n_times - length + 1)).long().clamp(max=n_times - length)
        everything = torch.from_numpy(noises).to(windows).flatten()
        index = (row * n_times + first)[:, None] + torch.arange(length, device=windows.device)
        cut = everything[index]
        return cut - cut.mean(dim=1, keepdim=True)

    def check_n_times(self, n_times: int) -> None:
        super().check_n_times(n_times)
        for name, (least, most) in LIMITS.items():
            limits = getattr(self, name)
            if limits is not None and not _is_range(limits, least, most):
                raise ValueError(
                    f"{name} must be (lowest, highest) between {least} and {most}, or None, got "
                    f"{limits!r}."
                )
        if self.recorded_noise is not None:
            noise = np.atleast_2d(check_array(self.recorded_noise, ensure_2d=False, dtype=float))
            if noise.shape[1] < n_times:
                raise ValueError(
                    f"recorded_noise has {noise.shape[1]} samples, a view has {n_times}. Use more "
                    "noise."
                )


def make_pairs(
    windows: Tensor,
    comparisons: Sequence[WindowComparison],
    augmentation: WindowTransform,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Make two views of each window, (n, 2, length), and their differences, (n, n_comparisons)."""
    n_windows, n_times = windows.shape
    length = pair_length(n_times, comparisons)
    place = _uniform((n_windows, 2), generator)
    constant = windows.new_zeros(n_windows, 2, 1)
    varying = windows.new_zeros(n_windows, 2, length)
    differences = []
    for comparison in comparisons:
        drawn, difference = comparison.draw(n_windows, length, generator)
        if drawn.shape[2] == 1:
            constant = constant + drawn
        else:
            varying = varying + drawn
        differences.append(difference)
    views = read_at_speed(windows, constant + at_mean_speed_one(varying), place)
    views = augmentation.apply(views.flatten(0, 1), generator).unflatten(0, (n_windows, 2))
    return views, torch.stack(differences, dim=1)


def window_length(n_times: int, comparisons: Sequence[WindowComparison]) -> int:
    """Count the samples of the shortest window whose views have `n_times` samples."""
    length = n_times
    while pair_length(length, comparisons) < n_times:
        length += 1
    return length


def pair_length(n_times: int, comparisons: Sequence[WindowComparison]) -> int:
    """Count the samples in a view of a window, which can be read as fast as any draw may ask."""
    return view_length(n_times, float(np.prod([c.stretch for c in comparisons])))


def _is_range(limits: Any, least: float, most: float) -> bool:
    are_numbers = len(limits) == 2 and all(isinstance(limit, Real) for limit in limits)
    return are_numbers and least <= limits[0] <= limits[1] <= most


def _uniform(shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
    device = None if generator is None else generator.device
    return torch.rand(shape, generator=generator, device=device, dtype=torch.float32)


def _ranked_right(predicted: Tensor, difference: Tensor) -> Tensor:
    return (predicted * difference > 0).float().mean()
