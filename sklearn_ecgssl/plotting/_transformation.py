"""A window beside its views."""

from typing import Any, Self

import numpy as np
import torch
from sklearn.utils import check_random_state

from ..transforms import WindowTransform, make_views
from ._common import COLORS, GRAY, check_window, find_pretrainer, label_signal, panels, times


class TransformationDisplay:
    """A window beside its views: what the pretext network has to tell apart.

    Use `from_estimator` with a pretrainer, fitted or not. One row a view, with the window as it
    was in gray behind it.

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
            A `PretextPretrainer`, an `SSLEmbedder` or a Pipeline with one, fitted or not.
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
        pretrainer = find_pretrainer(estimator)
        window = check_window(window)
        if hasattr(pretrainer, "transforms_"):
            named = dict(pretrainer.transforms_)
        else:
            params = pretrainer.get_params()
            named = {name: params[name] for name in pretrainer.transform_names()}
        for transform in named.values():
            transform.check_n_times(len(window))
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        generator = torch.Generator().manual_seed(seed)
        batch = torch.from_numpy(window)[None]
        views, _ = make_views(batch, list(named.values()), generator)
        display = cls(
            window=window,
            views=dict(zip(["original", *named], views.numpy(), strict=True)),
            settings={name: _call(transform) for name, transform in named.items()},
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
        n_views = len(self.views)
        self.axes_ = panels(ax, n_views, 1, (9, 0.4 + 1.15 * n_views), sharex=True, sharey=True)
        self.figure_ = self.axes_[0].figure
        seconds = times(len(self.window), self.sampling_rate)
        self.lines_, self.original_lines_ = {}, {}
        for one, (name, view) in zip(self.axes_, self.views.items(), strict=True):
            color = "black"
            if name != "original":
                color = COLORS[0]
                (self.original_lines_[name],) = one.plot(
                    seconds, self.window, color=GRAY, linewidth=1.8, alpha=0.6
                )
            (self.lines_[name],) = one.plot(seconds, view, color=color, linewidth=0.9)
            setting = self.settings.get(name)
            label_signal(one, f"{name}: {setting}" if setting else name)
        self.axes_[-1].set_xlabel("time (s)")
        return self


def _call(transform: WindowTransform) -> str:
    """Write a transformation as the call that makes it, without its seed."""
    params = transform.get_params(deep=False)
    shown = ", ".join(f"{key}={value}" for key, value in params.items() if key != "random_state")
    return f"{type(transform).__name__}({shown})"
