import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from sklearn_ecgssl.plotting import EmbeddingDisplay
from tests.tiny import tiny_embedder, tiny_pretrainer

FEATURES = np.random.default_rng(0).normal(size=(30, 5)) * [1, 1, 1, 5, 100]
TARGET = np.repeat(["rest", "stress", "rest"], 10)


def drawn(display):
    return np.concatenate([scatter.get_offsets() for scatter in display.scatters_])


def test_pca_of_scaled_features():
    display = EmbeddingDisplay.from_features(FEATURES, TARGET, clip=None)
    pca = PCA(2).fit(StandardScaler().fit_transform(FEATURES))
    np.testing.assert_allclose(np.ptp(display.points, axis=0), np.ptp(_project(pca), axis=0))
    ratios = pca.explained_variance_ratio_
    labels = [display.ax_.get_xlabel(), display.ax_.get_ylabel()]
    assert labels == [f"PC {i + 1} ({r:.0%} of variance)" for i, r in enumerate(ratios)]
    assert display.ax_.get_title() == "PCA of 5 features, 30 samples"
    np.testing.assert_array_equal(drawn(display), display.points)


def _project(pca):
    return pca.transform(StandardScaler().fit_transform(FEATURES))


def test_artefacts_do_not_make_the_scale():
    features = FEATURES.copy()
    features[0, 0] = 1e6
    clipped = EmbeddingDisplay.from_features(features)
    as_they_are = EmbeddingDisplay.from_features(features, clip=None)
    spread = [np.ptp(d.points[1:]) / np.ptp(d.points) for d in (clipped, as_they_are)]
    assert spread[0] > 1.2 * spread[1]


def test_tsne():
    first, second = (
        EmbeddingDisplay.from_features(FEATURES, TARGET, method="tsne", random_state=0)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.points, second.points)
    assert first.points.shape == (30, 2)
    assert first.ax_.get_title() == "t-SNE of 5 features, 30 samples"
    assert first.ax_.get_xlabel() == "t-SNE 1"
    assert first.explained_variance_ratio is None


@pytest.mark.parametrize(("n_samples", "perplexity"), [(4, 4 / 3), (30, 10), (120, 30)])
def test_perplexity_follows_the_samples(monkeypatch, n_samples, perplexity):
    asked = []

    class FakeTSNE:
        def __init__(self, perplexity, random_state):
            asked.append((perplexity, random_state))

        def fit_transform(self, X):
            return X[:, :2]

    monkeypatch.setattr("sklearn_ecgssl.plotting._embedding.TSNE", FakeTSNE)
    EmbeddingDisplay.from_features(
        np.random.default_rng(0).normal(size=(n_samples, 3)), method="tsne", random_state=7
    )
    assert asked == [(perplexity, 7)]


def test_four_samples_are_enough_for_tsne():
    assert np.isfinite(EmbeddingDisplay.from_features(FEATURES[:4], method="tsne").points).all()


def test_categories_have_a_legend():
    display = EmbeddingDisplay.from_features(FEATURES, TARGET, color_name="condition")
    assert [text.get_text() for text in display.legend_.get_texts()] == ["rest", "stress"]
    assert display.legend_.get_title().get_text() == "condition"
    colors = display.scatters_[0].get_facecolors()
    assert (colors[:10] == colors[0]).all()
    assert (colors[20:] == colors[0]).all()
    assert (colors[10:20] != colors[0]).any(axis=1).all()
    assert display.colorbar_ is None


@pytest.mark.parametrize("n_categories", [20, 21])
def test_too_many_categories_are_counted(n_categories):
    color = np.arange(42) % n_categories
    features = np.random.default_rng(0).normal(size=(42, 3))
    display = EmbeddingDisplay.from_features(features, color, color_name="subject")
    assert (display.legend_ is None) == (n_categories > 20)
    stated = "subject (21, too many to list)" in display.ax_.get_title()
    assert stated == (n_categories > 20)
    looks = {
        (i, tuple(color))
        for i, scatter in enumerate(display.scatters_)
        for color in scatter.get_facecolors()
    }
    assert len(looks) == n_categories


def test_numbers_have_a_scale():
    age = np.linspace(20.5, 60, 30)
    display = EmbeddingDisplay.from_features(FEATURES, age, color_name="age (years)")
    np.testing.assert_array_equal(display.scatters_[0].get_array(), age)
    assert display.colorbar_.ax.get_ylabel() == "age (years)"
    assert display.legend_ is None


@pytest.mark.parametrize("dtype", [int, float, bool])
def test_whole_numbers_are_categories(dtype):
    display = EmbeddingDisplay.from_features(FEATURES, np.arange(30).astype(dtype) % 2 == 0)
    assert len(display.legend_.get_texts()) == 2


def test_without_colors():
    display = EmbeddingDisplay.from_features(FEATURES)
    assert display.legend_ is None
    assert display.colorbar_ is None
    np.testing.assert_array_equal(drawn(display), display.points)


def test_of_an_embedder():
    windows = np.random.default_rng(0).normal(size=(9, 64)).astype(np.float32)
    embedder = tiny_embedder().fit(windows)
    color = np.arange(9) % 3
    display = EmbeddingDisplay.from_estimator(embedder, windows, color=color)
    expected = EmbeddingDisplay.from_features(embedder.transform(windows), color)
    np.testing.assert_array_equal(display.points, expected.points)
    recordings = [windows[:2], windows[2:4], windows[4:8], windows[8:]]
    of_recordings = EmbeddingDisplay.from_estimator(embedder, recordings, color=list("abab"))
    assert of_recordings.points.shape == (4, 2)


def test_on_given_axes():
    figure = Figure()
    ax = figure.subplots()
    display = EmbeddingDisplay.from_features(FEATURES, TARGET, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.plot() is display
    assert display.figure_ is not figure


def test_not_fitted():
    with pytest.raises(NotFittedError):
        EmbeddingDisplay.from_estimator(tiny_embedder(), np.zeros((9, 64)))


def test_a_pretrainer_is_told_to_embed():
    with pytest.raises(TypeError, match="PretextPretrainer has no transform.*SSLEmbedder"):
        EmbeddingDisplay.from_estimator(tiny_pretrainer(), np.zeros((9, 64)))


@pytest.mark.parametrize(
    ("features", "color", "params", "message"),
    [
        (np.where(np.eye(30, 5), np.nan, 1), None, {}, "5 of 30 rows of features.*row 0.*Imputer"),
        (FEATURES[:3], None, {}, "minimum of 4"),
        (FEATURES[:, :1], None, {}, "minimum of 2"),
        (FEATURES, TARGET[:9], {}, "inconsistent numbers of samples"),
        (FEATURES, [None, "a"] * 15, {}, "color is missing .* for 15 samples"),
        (FEATURES, [np.nan, 1.5] * 15, {}, "color is missing .* for 15 samples"),
        (FEATURES, TARGET, {"method": "umap"}, "method must be one of"),
    ],
)
def test_bad_input(features, color, params, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingDisplay.from_features(features, color, **params)
