"""Windows beside what a network predicts of their masked samples."""

from typing import Any, Self

import numpy as np

from ..signal.window_store import check_windows
from ._common import COLORS, find_pretrainer, label_signal, legend, panels, times


class ReconstructionDisplay:
    """Windows beside what a pretrained network predicts of their masked samples.

    As in [1]_.

    Use `from_estimator` with a fitted `MaskedPretrainer`. One row a window: the window in black,
    the spans of samples that the network did not see in gray, and there its prediction. Each title
    has the mean squared error of the masked samples, in the square of the signal's unit, and that
    of predicting zero, which a network that has learnt nothing does about as well.

    Parameters
    ----------
    signal : ndarray of shape (n_windows, n_times)
        The windows.
    mask : ndarray of shape (n_windows, n_times), bool
        Where they were hidden from the network.
    reconstruction : ndarray of shape (n_windows, n_times)
        What it predicted. Only what was hidden is drawn: the rest it was not trained to predict.
    windows : sequence of int, default=None
        Number of each window, for the titles; None counts from 0.
    sampling_rate : float, default=128
        In Hz; the default is that of [1]_.

    Attributes
    ----------
    axes_ : ndarray of Axes
        One a window.
    figure_ : Figure
        The figure.
    lines_ : list of Line2D
        Each window.
    spans_ : list of PolyCollection
        Its masked spans.
    predictions_ : list of Line2D
        The prediction of each window's masked samples.
    masked_error_ : ndarray of shape (n_windows,)
        Mean squared error of each window's masked samples.
    zero_error_ : ndarray of shape (n_windows,)
        That of predicting zero.
    legend_ : Legend
        The legend, at the first window.

    References
    ----------
    .. [1] J. Vazquez-Rodriguez et al., "Transformer-Based Self-Supervised Learning for Emotion
       Recognition", ICPR 2022, arXiv:2204.05103.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn_ecgssl.plotting import ReconstructionDisplay
    >>> from sklearn_ecgssl.pretext import MaskedPretrainer
    >>> windows = np.sin(np.linspace(0, 99, 8 * 128)).reshape(8, 128)
    >>> pretrainer = MaskedPretrainer(
    ...     filters=(4, 8), kernel_sizes=(9, 5), feedforward=16, max_epochs=1, random_state=0
    ... ).fit(windows)
    >>> display = ReconstructionDisplay.from_estimator(pretrainer, windows, windows=[0, 5])
    >>> display.mask.shape
    (2, 128)
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        signal: np.ndarray,
        mask: np.ndarray,
        reconstruction: np.ndarray,
        windows: Any = None,
        sampling_rate: float = 128,
    ) -> None:
        self.signal = signal
        self.mask = mask
        self.reconstruction = reconstruction
        self.windows = windows
        self.sampling_rate = sampling_rate

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        windows: Any = None,
        sampling_rate: float = 128,
        random_state: Any = 0,
        ax: Any = None,
    ) -> Self:
        """Mask windows and draw what a fitted pretrainer predicts.

        Parameters
        ----------
        estimator : estimator
            A fitted `MaskedPretrainer`, an `SSLEmbedder` or a Pipeline with one.
        X : array-like of shape (n_windows, n_times), ndarray of shape \
                (n_recordings, n_windows, n_times) or list of arrays of shape \
                (n_windows_i, n_times)
            Windows, or windowed recordings, as the pretrainer takes them: behind the earlier steps
            of a Pipeline.
        windows : sequence of int, default=None
            Which windows of X to draw, those of all recordings counted one after the other. None
            draws the first three.
        sampling_rate : float, default=128
            In Hz; the default is that of ICPR 2022.
        random_state : int, RandomState instance or None, default=0
            Seed of the masks.
        ax : Axes or sequence of Axes, default=None
            One axes a window; None makes a figure.

        Returns
        -------
        display : ReconstructionDisplay
            The display, drawn.
        """
        pretrainer = find_pretrainer(estimator)
        store = check_windows(pretrainer, X, reset=False)
        numbers = np.arange(len(store))
        chosen = numbers[:3] if windows is None else numbers[windows]
        # Only these are predicted: X may hold a day of windows.
        parts = pretrainer.reconstruct(store.take(chosen), random_state=random_state)
        return cls(**parts._asdict(), windows=chosen, sampling_rate=sampling_rate).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes or sequence of Axes, default=None
            One axes a window; None makes a figure.

        Returns
        -------
        self : ReconstructionDisplay
            The display.
        """
        n_windows = len(self.signal)
        numbers = range(n_windows) if self.windows is None else self.windows
        self.masked_error_ = _masked_mean(self.mask, (self.reconstruction - self.signal) ** 2)
        self.zero_error_ = _masked_mean(self.mask, self.signal**2)
        self.axes_ = panels(ax, n_windows, 1, (11, 0.7 + 1.8 * n_windows), sharex=True, sharey=True)
        self.figure_ = self.axes_[0].figure
        self.lines_: list[Any] = []
        self.spans_: list[Any] = []
        self.predictions_: list[Any] = []
        for i, (one, number) in enumerate(zip(self.axes_, numbers, strict=True)):
            self._draw_window(one, i)
            label_signal(
                one,
                f"window {number}: masked error {self.masked_error_[i]:.3g} "
                f"(predicting zero: {self.zero_error_[i]:.3g})",
            )
        self.axes_[-1].set_xlabel("time (s)")
        self.legend_ = legend(self.axes_[0])
        return self

    def _draw_window(self, ax: Any, i: int) -> None:
        mask = self.mask[i]
        seconds = times(len(mask), self.sampling_rate)
        steps = np.diff(mask.astype(np.int8), prepend=0, append=0)
        first, stop = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
        alone = first[stop - first == 1]  # one sample makes no line
        self.lines_ += ax.plot(
            seconds, self.signal[i], color="black", linewidth=0.8, label="signal"
        )
        spans = ax.broken_barh(
            np.column_stack([first - 0.5, stop - first]) / self.sampling_rate,
            (0, 1),
            transform=ax.get_xaxis_transform(),
            facecolor="0.9",
            linewidth=0,
            zorder=0,
            label="masked",
        )
        self.spans_.append(spans)
        self.predictions_ += ax.plot(
            seconds,
            np.where(mask, self.reconstruction[i], np.nan),
            color=COLORS[1],
            linewidth=1.8,
            marker="." if len(alone) else None,
            markevery=list(alone),
            label="prediction",
        )


def _masked_mean(mask: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the mean of each row over its masked samples."""
    return (values * mask).sum(axis=1) / mask.sum(axis=1)
