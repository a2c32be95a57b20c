"""Which samples of a window drive its class."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from .._checks import check_choice
from ._common import COLORS, GRAY, check_window, label_signal, panels, times

#: Quantile of the attributions' size at which the colour scale ends: a few samples stand out far.
COLOR_QUANTILE = 0.99
#: Seconds over which the drawn attributions are averaged.
SMOOTHING = 0.04


class SaliencyDisplay:
    """Which samples of a window speak for a class and which against it.

    Use `from_estimator` with a fitted `ECGClassifier`. The ECG is drawn in the colour of each
    sample's attribution: its integrated gradient [1]_, from a flat line at zero (the mean of a
    z-scored window) to the window. All attributions add up to the difference of the class's logit
    between the two. Colours are averaged over 0.04 s.

    Parameters
    ----------
    window : ndarray of shape (n_times,)
        The window.
    attribution : ndarray of shape (n_times,)
        What each sample adds to the logit.
    target : object
        The class.
    logit : float
        Its logit for the window.
    baseline_logit : float
        Its logit for the flat line.
    sampling_rate : float, default=256
        In Hz.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    line_ : LineCollection
        The coloured ECG.
    colorbar_ : Colorbar
        The colours' scale.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks", ICML 2017,
       arXiv:1703.01365.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn_ecgssl.plotting import SaliencyDisplay
    >>> window = np.sin(np.linspace(0, 9, 128))
    >>> display = SaliencyDisplay(
    ...     window=window, attribution=window**3, target="stress", logit=2.0, baseline_logit=0.5
    ... ).plot()
    >>> display.ax_.get_xlabel()
    'time (s)'
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        window: np.ndarray,
        attribution: np.ndarray,
        target: Any,
        logit: float,
        baseline_logit: float,
        sampling_rate: float = 256,
    ) -> None:
        self.window = window
        self.attribution = attribution
        self.target = target
        self.logit = logit
        self.baseline_logit = baseline_logit
        self.sampling_rate = sampling_rate

    @classmethod
    def from_estimator(
        cls,
        classifier: Any,
        window: Any,
        *,
        target: Any = None,
        sampling_rate: float = 256,
        n_steps: int = 128,
        ax: Any = None,
    ) -> Self:
        """Explain a class that a fitted classifier gives to a window.

        Parameters
        ----------
        classifier : ECGClassifier
            A fitted one.
        window : array-like of shape (n_times,)
            One window.
        target : object, default=None
            The class, one of ``classifier.classes_``; None for the one that is predicted.
        sampling_rate : float, default=256
            In Hz.
        n_steps : int, default=128
            Steps of the integral. More are slower and more exact: compare
            ``attribution.sum()`` with ``logit - baseline_logit``.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SaliencyDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `target` is no class.
        """
        window = check_window(window)
        network = classifier.to_torch().network

        def logits(windows: Tensor) -> Tensor:
            """One column a class; of two classes, the first one's is the other's negative."""
            out = network(windows)
            return torch.cat([-out, out], dim=1) if out.shape[1] == 1 else out

        classes = classifier.classes_.tolist()
        if target is None:
            (target,) = classifier.predict(window[None])
        check_choice("target", target, classes)
        column = classes.index(target)
        attribution, logit, baseline_logit = integrated_gradients(
            lambda windows: logits(windows)[:, column], window, n_steps
        )
        display = cls(
            window=window,
            attribution=attribution,
            target=target,
            logit=logit,
            baseline_logit=baseline_logit,
            sampling_rate=sampling_rate,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : SaliencyDisplay
            The display.
        """
        (self.ax_,) = panels(ax, 1, 1, (10, 3))
        self.figure_ = self.ax_.figure
        seconds = times(len(self.window), self.sampling_rate)
        n_averaged = max(1, round(SMOOTHING * self.sampling_rate))
        values = np.convolve(self.attribution, np.full(n_averaged, 1 / n_averaged), mode="same")
        self.line_ = _colored_line(seconds, self.window, values)
        self.ax_.plot(seconds, self.window, color=GRAY, linewidth=0.5)
        self.ax_.add_collection(self.line_)
        self.colorbar_ = self.figure_.colorbar(
            self.line_, ax=self.ax_, extend="both", label="attribution, per sample"
        )
        label_signal(
            self.ax_,
            f"Integrated gradients for class {self.target}: logit {self.logit:.2f} "
            f"(flat line: {self.baseline_logit:.2f})",
        )
        self.ax_.set_xlabel("time (s)")
        return self


def integrated_gradients(
    function: Callable[[Tensor], Tensor], window: np.ndarray, n_steps: int
) -> tuple[np.ndarray, float, float]:
    """Return what each sample adds to a function from zero to a window, and its values at both."""
    end = torch.as_tensor(window)
    total = torch.zeros_like(end)
    # The gradient at the middle of each of n_steps equal steps from zero to the window.
    for fractions in ((torch.arange(n_steps) + 0.5) / n_steps).split(32):
        steps = (fractions[:, None] * end).requires_grad_()
        (gradient,) = torch.autograd.grad(function(steps).sum(), steps)
        total += gradient.sum(0)
    with torch.no_grad():
        at_window, at_zero = function(torch.stack([end, torch.zeros_like(end)])).tolist()
    return (end * total / n_steps).numpy(), at_window, at_zero


def _colored_line(seconds: np.ndarray, window: np.ndarray, values: np.ndarray) -> Any:
    """Return a line whose segments have the colour of their mean value, gray for zero."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    points = np.column_stack([seconds, window])
    between = (values[:-1] + values[1:]) / 2
    limit = np.quantile(np.abs(between), COLOR_QUANTILE) or 1.0
    line = LineCollection(
        list(np.stack([points[:-1], points[1:]], axis=1)),
        cmap=LinearSegmentedColormap.from_list("saliency", [COLORS[0], "0.78", COLORS[1]]),
        norm=Normalize(-limit, limit),
        linewidths=1.8,
        capstyle="round",
    )
    line.set_array(between)
    return line
