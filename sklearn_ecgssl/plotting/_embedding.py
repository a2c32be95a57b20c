"""Features in two dimensions."""

from typing import Any, Self

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from ._axes import COLORS, MARKERS, figure_of, legend, panels, tidy

METHODS = ("pca", "tsne")
#: Neighbours that t-SNE looks at, where there are samples enough.
PERPLEXITY = 30.0
#: Colours and markers tell so many categories apart; more are drawn without a legend.
MAX_LEGEND = 20
#: Where the scale of numbers begins and ends.
COLOR_QUANTILES = (0.01, 0.99)


class EmbeddingDisplay:
    """Features in two dimensions, coloured by class, by subject or by a number.

    Use `from_estimator` with a fitted embedder and windows, or `from_features`. Every feature is
    z-scored first, and cut off at 3 standard deviations (`clip`). Look at the colours of class
    and of subject: features that gather by subject say who it is before what the person does.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        Where the samples are drawn.
    color : ndarray of shape (n_samples,) or None, default=None
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
        The points; several where categories have markers of their own.
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
        color: np.ndarray | None = None,
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
    def from_estimator(
        cls,
        embedder: Any,
        X: Any,
        *,
        color: Any = None,
        color_name: str = "class",
        method: str = "pca",
        clip: float | None = 3.0,
        random_state: Any = 0,
        ax: Any = None,
    ) -> Self:
        """Draw the features that a fitted embedder computes.

        Parameters
        ----------
        embedder : estimator
            A fitted transformer, such as an `SSLEmbedder`, or a Pipeline of transformers.
        X : array-like or list of arrays
            What it transforms: windows, windowed recordings, or recordings.
        color : array-like of shape (n_samples,), default=None
            Class, subject or a number for each row of the features.
        color_name : str, default="class"
            What the colours show.
        method : {"pca", "tsne"}, default="pca"
            Principal components, or t-SNE.
        clip : float or None, default=3.0
            Standard deviations at which the z-scored features are cut off: else a few windows with
            artefacts make the scale of the whole picture. None leaves them as they are.
        random_state : int, RandomState instance or None, default=0
            Seed of t-SNE.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : EmbeddingDisplay
            The display, drawn.
        """
        if not hasattr(embedder, "transform"):
            raise TypeError(
                f"{type(embedder).__name__} has no transform. Put a fitted pretrainer into "
                "SSLEmbedder(FrozenEstimator(pretrainer)).fit(X), or use from_features."
            )
        return cls.from_features(
            embedder.transform(X),
            color,
            color_name=color_name,
            method=method,
            clip=clip,
            random_state=random_state,
            ax=ax,
        )

    @classmethod
    def from_features(
        cls,
        features: Any,
        color: Any = None,
        *,
        color_name: str = "class",
        method: str = "pca",
        clip: float | None = 3.0,
        random_state: Any = 0,
        ax: Any = None,
    ) -> Self:
        """Draw features.

        Parameters
        ----------
        features : array-like of shape (n_samples, n_features)
            At least four rows of at least two features.
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
        random_state : int, RandomState instance or None, default=0
            Seed of t-SNE.
        ax : Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : EmbeddingDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If features or colours are missing (NaN), too few or of different lengths.
        """
        features = _check_features(features)
        color = None if color is None else _check_color(color, len(features))
        if method not in METHODS:
            raise ValueError(f"method must be one of {list(METHODS)}, got {method!r}.")
        scaled = StandardScaler().fit_transform(features)
        if clip is not None:
            scaled = np.clip(scaled, -clip, clip)
        ratio = None
        if method == "pca":
            pca = PCA(2, svd_solver="full").fit(scaled)
            points, ratio = pca.transform(scaled), pca.explained_variance_ratio_
        else:
            perplexity = min(PERPLEXITY, len(scaled) / 3)
            points = TSNE(perplexity=perplexity, random_state=random_state).fit_transform(scaled)
        display = cls(
            points=points,
            color=color,
            color_name=color_name,
            method=method,
            n_features=features.shape[1],
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
        self.figure_ = figure_of(self.ax_)
        self.legend_ = self.colorbar_ = None
        title = "PCA" if self.method == "pca" else "t-SNE"
        if self.n_features is not None:
            title += f" of {self.n_features} features, {len(self.points)} samples"
        if self.color is None:
            self.scatters_ = [self._scatter(slice(None), color=COLORS[0])]
        elif _is_numeric(self.color):
            low, high = np.quantile(self.color, COLOR_QUANTILES)
            scale = {"cmap": "cividis", "vmin": low, "vmax": high}
            self.scatters_ = [self._scatter(slice(None), c=self.color, **scale)]
            self.colorbar_ = self.figure_.colorbar(
                self.scatters_[0], ax=self.ax_, label=self.color_name, extend="both"
            )
            self.colorbar_.solids.set_alpha(1)
        else:
            title += self._scatter_categories()
        self.ax_.set_title(title)
        self._label_axes()
        return self

    def _scatter_categories(self) -> str:
        """Draw categories, in the order of the data; return what the title has to say of them."""
        from matplotlib.lines import Line2D

        color = np.asarray(self.color)
        categories, codes = np.unique(color, return_inverse=True)
        markers = codes // len(COLORS) % len(MARKERS)
        colors = np.array(COLORS, dtype=object)[codes % len(COLORS)]
        self.scatters_ = [
            self._scatter(markers == i, c=list(colors[markers == i]), marker=MARKERS[i])
            for i in np.unique(markers)
        ]
        if len(categories) > MAX_LEGEND:
            return f"\ncolour and shape: {self.color_name} ({len(categories)}, too many to list)"
        handles = [
            Line2D(
                [],
                [],
                linestyle="",
                color=COLORS[i % len(COLORS)],
                marker=MARKERS[i // len(COLORS)],
                label=str(category),
            )
            for i, category in enumerate(categories)
        ]
        self.legend_ = legend(self.ax_, title=self.color_name, handles=handles)
        return ""

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
        tidy(self.ax_, grid=None)


def _check_features(features: Any) -> np.ndarray:
    features = check_array(
        features, ensure_all_finite=False, ensure_min_samples=4, ensure_min_features=2
    )
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"{(~finite).sum()} of {len(features)} rows of features hold NaN or infinity, the "
            f"first is row {np.flatnonzero(~finite)[0]}. Leave them out, or fill them with "
            "sklearn.impute.SimpleImputer."
        )
    return features


def _check_color(color: Any, n_samples: int) -> np.ndarray:
    color = column_or_1d(color)
    check_consistent_length(color, np.empty(n_samples))
    n_missing = sum(value is None or value != value for value in color)
    if n_missing:
        raise ValueError(f"color is missing (NaN or None) for {n_missing} samples: leave them out.")
    return color


def _is_numeric(color: np.ndarray) -> bool:
    return color.dtype.kind == "f" and not np.all(color == np.round(color))
