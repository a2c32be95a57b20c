"""A window beside its views."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import torch
from sklearn.utils import check_random_state

from ..transforms import WindowTransform, make_views
from ._axes import COLORS, REFERENCE, figure_of, panels, tidy
from ._estimators import find_pretrainer
from ._windows import check_window, time_axis


class TransformationDisplay:
    """A window beside its views: what the pretext network has to tell apart.

    Use `from_estimator` with a pretrainer, fitted or not, or `from_transforms` with a list of
    transformations. One row a view, with the window as it was in gray behind it.

    Parameters
    ----------
    window : ndarray of shape (n_times,)
        The window.
    views : dict of str to ndarray of shape (n_times,)
        Its views, ``original`` included.
    settings : dict of str to str
        What made each view, for the titles.
    sampling_rate : float, default=256
        In Hz.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One a view.
    figure_ : Figure
        The figure.
    lines_ : dict of str to Line2D
        The line of each view.
    original_lines_ : dict of str to Line2D
        The gray line behind it; the original view has none.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn_ecgssl.plotting import TransformationDisplay
    >>> from sklearn_ecgssl.pretext import PretextPretrainer
    >>> window = np.sin(np.linspace(0, 60, 2560))
    >>> pretrainer = PretextPretrainer().set_params(noise__snr_db=5, warp="drop")
    >>> display = TransformationDisplay.from_estimator(pretrainer, window)
    >>> display.settings["noise"]
    'AddNoise(snr_db=5)'
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        window: np.ndarray,
        views: dict[str, np.ndarray],
        settings: dict[str, str],
        sampling_rate: float = 256,
    ) -> None:
        self.window = window
        self.views = views
        self.settings = settings
        self.sampling_rate = sampling_rate

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        window: Any,
        *,
        sampling_rate: float = 256,
        random_state: Any = 0,
        ax: Any = None,
    ) -> Self:
        """Draw the views that a pretrainer makes of a window.

        Parameters
        ----------
        estimator : estimator
            A pretrainer with transformations, an `SSLEmbedder` or a Pipeline with one, fitted or
            not.
        window : array-like of shape (n_times,)
            One window.
        sampling_rate : float, default=256
            In Hz.
        random_state : int, RandomState instance or None, default=0
            Seed of the transformations.
        ax : sequence of Axes, default=None
            One axes a view; None makes a figure.

        Returns
        -------
        display : TransformationDisplay
            The display, drawn.
        """
        pretrainer = find_pretrainer(estimator)
        if not hasattr(pretrainer, "_active_transforms"):
            raise TypeError(
                f"{type(pretrainer).__name__} has no transformations: pass a PretextPretrainer, or "
                "a list of them to from_transforms."
            )
        if hasattr(pretrainer, "transforms_"):
            transforms = pretrainer.transforms_
        else:
            pretrainer._check_transforms()
            transforms = pretrainer._active_transforms()
        return cls.from_transforms(
            transforms, window, sampling_rate=sampling_rate, random_state=random_state, ax=ax
        )

    @classmethod
    def from_transforms(
        cls,
        transforms: Sequence[tuple[str, WindowTransform]],
        window: Any,
        *,
        sampling_rate: float = 256,
        random_state: Any = 0,
        ax: Any = None,
    ) -> Self:
        """Draw the views that transformations make of a window.

        Parameters
        ----------
        transforms : list of (str, WindowTransform)
            Names and transformations.
        window : array-like of shape (n_times,)
            One window.
        sampling_rate : float, default=256
            In Hz.
        random_state : int, RandomState instance or None, default=0
            Seed of the transformations; their own is not used.
        ax : sequence of Axes, default=None
            One axes a view, the original included; None makes a figure.

        Returns
        -------
        display : TransformationDisplay
            The display, drawn.
        """
        window = check_window(window)
        for _, transform in transforms:
            transform._validate_params()
            transform.check_n_times(len(window))
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        generator = torch.Generator().manual_seed(seed)
        batch = torch.from_numpy(window.copy())[None]
        views = make_views(batch, [transform for _, transform in transforms], generator)[0]
        names = ["original", *(name for name, _ in transforms)]
        display = cls(
            window=window,
            views=dict(zip(names, views.numpy(), strict=True)),
            settings={"original": "", **{name: _call(t) for name, t in transforms}},
            sampling_rate=sampling_rate,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : sequence of Axes, default=None
            One axes a view; None makes a figure.

        Returns
        -------
        self : TransformationDisplay
            The display.
        """
        times = time_axis(len(self.window), self.sampling_rate)
        n_views = len(self.views)
        self.axes_ = panels(ax, n_views, 1, (9, 0.4 + 1.15 * n_views), share=True)
        self.figure_ = figure_of(self.axes_[0])
        self.lines_, self.original_lines_ = {}, {}
        for i, (one, (name, view)) in enumerate(zip(self.axes_, self.views.items(), strict=True)):
            if name != "original":
                (self.original_lines_[name],) = one.plot(
                    times, self.window, color=REFERENCE, linewidth=1.8, alpha=0.6
                )
            (self.lines_[name],) = one.plot(
                times, view, color="black" if name == "original" else COLORS[0], linewidth=0.9
            )
            setting = self.settings.get(name)
            one.set_title(f"{name}: {setting}" if setting else name, loc="left", fontsize=10)
            one.set_ylabel("amplitude")
            one.margins(x=0.005)
            tidy(one, grid=None)
            if i + 1 == n_views:
                one.set_xlabel("time (s)")
        return self


def _call(transform: WindowTransform) -> str:
    """Write a transformation as the call that makes it, without its seed."""
    params = transform.get_params(deep=False)
    shown = ", ".join(f"{key}={value}" for key, value in params.items() if key != "random_state")
    return f"{type(transform).__name__}({shown})"
