"""Which samples of a window drive its class."""

from typing import Any, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ._axes import COLORS, REFERENCE, figure_of, panels, tidy
from ._integrated_gradients import integrated_gradients
from ._windows import check_window, time_axis

#: The colour scale ends at this quantile of the attributions' size: a few samples stand out far.
COLOR_QUANTILE = 0.99


class SaliencyDisplay:
    """Which samples of a window speak for a class and which against it.

    Use `from_estimator` with a fitted `ECGClassifier`. The ECG is drawn in the colour of each
    sample's attribution: its integrated gradient [1]_, from a flat line at zero (the mean of a
    z-scored window) to the window. All attributions add up to the difference of the class's logit
    between the two.

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
        smoothing: float = 0.04,
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
        smoothing : float, default=0.04
            Seconds over which the drawn attributions are averaged; 0 draws them sample by sample.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : SaliencyDisplay
            The display, drawn.
        """
        window = check_window(window)
        if not hasattr(classifier, "_module"):
            raise TypeError(
                f"SaliencyDisplay needs an ECGClassifier, whose network it looks into, got "
                f"{type(classifier).__name__}."
            )
        check_is_fitted(classifier, "classes_")
        module = classifier._module(torch.device("cpu"))
        classes = list(classifier.classes_)

        def logits(windows: Tensor) -> Tensor:
            """One column a class; of two classes, the first one's is the other's negative."""
            out = module(windows)
            return torch.cat([-out, out], dim=1) if out.shape[1] == 1 else out

        if target is None:
            with torch.no_grad():
                column = int(logits(torch.from_numpy(window.copy())[None]).argmax())
        elif target in classes:
            column = classes.index(target)
        else:
            raise ValueError(f"target must be one of the classes {classes}, got {target!r}.")
        attribution, logit, baseline_logit = integrated_gradients(
            lambda windows: logits(windows)[:, column], window, n_steps=n_steps
        )
        display = cls(
            window=window,
            attribution=attribution,
            target=classes[column],
            logit=logit,
            baseline_logit=baseline_logit,
            sampling_rate=sampling_rate,
        )
        return display.plot(ax, smoothing=smoothing)

    def plot(self, ax: Any = None, *, smoothing: float = 0.04) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; None makes a figure.
        smoothing : float, default=0.04
            Seconds over which the drawn attributions are averaged; 0 draws them sample by sample.

        Returns
        -------
        self : SaliencyDisplay
            The display.
        """
        times = time_axis(len(self.window), self.sampling_rate)
        (self.ax_,) = panels(ax, 1, 1, (10, 3))
        self.figure_ = figure_of(self.ax_)
        values = _smooth(self.attribution, round(smoothing * self.sampling_rate))
        self.line_ = _colored_line(times, self.window, values)
        self.ax_.plot(times, self.window, color=REFERENCE, linewidth=0.5)
        self.ax_.add_collection(self.line_)
        self.colorbar_ = self.figure_.colorbar(
            self.line_, ax=self.ax_, extend="both", label="attribution, per sample"
        )
        self.ax_.set(
            title=f"Integrated gradients for class {self.target}: logit {self.logit:.2f} "
            f"(flat line: {self.baseline_logit:.2f})",
            xlabel="time (s)",
            ylabel="amplitude",
        )
        self.ax_.margins(x=0.005)
        tidy(self.ax_, grid=None)
        return self


def _smooth(values: np.ndarray, n_times: int) -> np.ndarray:
    """Moving average over `n_times` samples."""
    if n_times < 2:
        return values
    return np.convolve(values, np.full(n_times, 1 / n_times), mode="same")


def _colored_line(times: np.ndarray, window: np.ndarray, values: np.ndarray) -> Any:
    """Line whose segments have the colour of their mean value, gray in the middle of the scale."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    points = np.column_stack([times, window])
    between = (values[:-1] + values[1:]) / 2
    limit = float(np.quantile(np.abs(between), COLOR_QUANTILE)) or float(np.abs(between).max())
    limit = limit or 1.0  # nothing speaks for or against
    line = LineCollection(
        list(np.stack([points[:-1], points[1:]], axis=1)),
        cmap=LinearSegmentedColormap.from_list("saliency", [COLORS[0], "0.78", COLORS[1]]),
        norm=Normalize(-limit, limit),
        linewidths=1.8,
        capstyle="round",
    )
    line.set_array(between)
    return line
