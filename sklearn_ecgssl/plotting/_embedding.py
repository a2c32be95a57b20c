"""Features in two dimensions."""

from typing import Any, Self

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_consistent_length

from .._checks import check_choice
from ..signal._recordings import check_subjects
from ._common import COLORS, MARKERS, legend, panels, tidy

#: More categories are drawn without a legend.
MAX_LEGEND = 20
#: Quantiles of the numbers at which the colour scale begins and ends.
COLOR_QUANTILES = (0.01, 0.99)


class EmbeddingDisplay:
    """Features in two dimensions, coloured by class, by subject or by a number.

    Use `from_features` with what a transformer returns, such as `SSLEmbedder` or a Pipeline without
    its classifier. Every feature is z-scored first, and cut off at 3 standard deviations (`clip`).
    Look at the colours of class and of subject: features that gather by subject say who it is
    before what the person does.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        Where the samples are drawn.
    color : array-like of shape (n_samples,) or None, default=None
        Category or number of each.
    color_name : str, default="class"
        What the colours show.
    method : {"pca", "tsne"}, default="pca"
        How the points were found.
    n_features : int or None, default=None
        Features from which they were found.
    explained_variance_ratio : ndarray of shape (2,) or None, default=None
        Part of the variance along both axes of a PCA.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    scatters_ : list of PathCollection
        The points, one collection for each category.
    legend_ : Legend or None
        The legend of at most 20 categories; more are counted in the title.
    colorbar_ : Colorbar or None
        The scale of numbers.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn_ecgssl.plotting import EmbeddingDisplay
    >>> features = np.random.default_rng(0).normal(size=(20, 8))
    >>> target = np.repeat(["rest", "stress"], 10)
    >>> display = EmbeddingDisplay.from_features(features, target)
    >>> display.points.shape
    (20, 2)
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        points: np.ndarray,
        color: Any = None,
        color_name: str = "class",
        method: str = "pca",
        n_features: int | None = None,
        explained_variance_ratio: np.ndarray | None = None,
    ) -> None:
        self.points = points
        self.color = color
        self.color_name = color_name
        self.method = method
        self.n_features = n_features
        self.explained_variance_ratio = explained_variance_ratio

    @classmethod
    def from_features(
        cls,
        features: Any,
        color: Any = None,
        *,
        color_name: str = "class",
        method: str = "pca",
        clip: float | None = 3.0,
        ax: Any = None,
    ) -> Self:
        """Draw features.

        Parameters
        ----------
        features : array-like of shape (n_samples, n_features)
            At least four rows of at least two features, without NaN.
        color : array-like of shape (n_samples,), default=None
            Class, subject or a number for each row. Numbers that are not all whole get a scale,
            everything else is a category.
        color_name : str, default="class"
            What the colours show.
        method : {"pca", "tsne"}, default="pca"
            Principal components, or t-SNE. The perplexity of t-SNE is 30, or a third of the rows
            where there are fewer than 90.
        clip : float or None, default=3.0
            Standard deviations at which the z-scored features are cut off: else a few windows with
            artefacts make the scale of the whole picture. None leaves them as they are.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : EmbeddingDisplay
            The display, drawn.
        """
        check_choice("method", method, ("pca", "tsne"))
        scaled = StandardScaler().fit_transform(features)
        n_samples, n_features = scaled.shape
        check_consistent_length(scaled, color)
        if clip is not None:
            scaled = np.clip(scaled, -clip, clip)
        ratio = None
        if method == "pca":
            pca = PCA(2, svd_solver="full").fit(scaled)
            points, ratio = pca.transform(scaled), pca.explained_variance_ratio_
        else:
            tsne = TSNE(perplexity=min(30, n_samples / 3), random_state=0)
            points = tsne.fit_transform(scaled)
        display = cls(
            points=points,
            color=color,
            color_name=color_name,
            method=method,
            n_features=n_features,
            explained_variance_ratio=ratio,
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
        self : EmbeddingDisplay
            The display.
        """
        (self.ax_,) = panels(ax, 1, 1, (6.2, 4.6))
        self.figure_ = self.ax_.figure
        self.legend_: Any = None
        self.colorbar_: Any = None
        name = "PCA" if self.method == "pca" else "t-SNE"
        title = name if self.n_features is None else f"{name} of {self.n_features} features"
        self.ax_.set_title(f"{title}, {len(self.points)} samples")
        self._label_axes()
        if self.color is None:
            self.scatters_ = [self._scatter(slice(None), color=COLORS[0])]
            return self
        color = np.asarray(self.color)
        if color.dtype.kind == "f" and not np.all(color == np.round(color)):
            self._draw_numbers(color)
        else:
            self._draw_categories(color)
        return self

    def _draw_numbers(self, color: np.ndarray) -> None:
        low, high = np.nanquantile(color, COLOR_QUANTILES)
        points = self._scatter(slice(None), c=color, cmap="cividis", vmin=low, vmax=high)
        self.scatters_ = [points]
        self.colorbar_ = self.figure_.colorbar(
            points, ax=self.ax_, label=self.color_name, extend="both"
        )
        self.colorbar_.solids.set_alpha(1)

    def _draw_categories(self, color: np.ndarray) -> None:
        color = check_subjects(color, "color", len(self.points), "sample")
        categories = np.unique(color)
        self.scatters_ = [
            self._scatter(
                color == category,
                color=COLORS[i % len(COLORS)],
                marker=MARKERS[i // len(COLORS) % len(MARKERS)],
                label=str(category),
            )
            for i, category in enumerate(categories)
        ]
        if len(categories) <= MAX_LEGEND:
            self.legend_ = legend(self.ax_, self.color_name)
        else:
            title = self.ax_.get_title()
            self.ax_.set_title(f"{title}\ncolour and shape: {self.color_name} ({len(categories)})")

    def _scatter(self, rows: Any, **style: Any) -> Any:
        x, y = self.points[rows].T
        return self.ax_.scatter(x, y, s=18, alpha=0.7, linewidths=0, **style)

    def _label_axes(self) -> None:
        names = ["PC 1", "PC 2"] if self.method == "pca" else ["t-SNE 1", "t-SNE 2"]
        if self.explained_variance_ratio is not None:
            ratios = self.explained_variance_ratio
            names = [f"{n} ({r:.0%} of variance)" for n, r in zip(names, ratios, strict=True)]
        self.ax_.set(xlabel=names[0], ylabel=names[1])
        if self.method == "tsne":  # its axes have neither unit nor scale
            self.ax_.set(xticks=[], yticks=[])
        tidy(self.ax_)
