import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from sklearn_ecgssl.plotting import EmbeddingDisplay

FEATURES = np.random.default_rng(0).normal(size=(30, 5)) * [1, 1, 1, 5, 100]
TARGET = np.repeat(["rest", "stress", "rest"], 10)


def test_pca_of_scaled_features():
    display = EmbeddingDisplay.from_features(FEATURES, clip=None)
    scaled = StandardScaler().fit_transform(FEATURES)
    pca = PCA(2).fit(scaled)
    np.testing.assert_allclose(np.abs(display.points), np.abs(pca.transform(scaled)))
    np.testing.assert_allclose(display.explained_variance_ratio, pca.explained_variance_ratio_)
    assert display.ax_.get_title() == "PCA of 5 features, 30 samples"
    np.testing.assert_array_equal(display.scatters_[0].get_offsets(), display.points)


def test_artefacts_do_not_make_the_scale():
    features = FEATURES.copy()
    features[0, 0] = 1e6
    clipped = EmbeddingDisplay.from_features(features)
    as_they_are = EmbeddingDisplay.from_features(features, clip=None)
    spread = [np.ptp(d.points[1:]) / np.ptp(d.points) for d in (clipped, as_they_are)]
    assert spread[0] > 1.2 * spread[1]


def test_tsne_is_the_same_each_time_and_its_axes_have_no_scale():
    display, again = (EmbeddingDisplay.from_features(FEATURES, method="tsne") for _ in range(2))
    np.testing.assert_array_equal(display.points, again.points)
    assert display.ax_.get_title() == "t-SNE of 5 features, 30 samples"
    assert display.ax_.get_xlabel() == "t-SNE 1"
    assert list(display.ax_.get_xticks()) == []
    assert EmbeddingDisplay.from_features(FEATURES[:4], method="tsne").points.shape == (4, 2)


def test_categories_have_a_legend():
    display = EmbeddingDisplay.from_features(FEATURES, TARGET, color_name="condition")
    assert [text.get_text() for text in display.legend_.get_texts()] == ["rest", "stress"]
    assert display.legend_.get_title().get_text() == "condition"
    for scatter, name in zip(display.scatters_, ["rest", "stress"], strict=True):
        np.testing.assert_array_equal(scatter.get_offsets(), display.points[name == TARGET])
    assert display.colorbar_ is None


@pytest.mark.parametrize("n_categories", [20, 21])
def test_too_many_categories_are_counted(n_categories):
    color = np.arange(42) % n_categories
    features = np.random.default_rng(0).normal(size=(42, 3))
    display = EmbeddingDisplay.from_features(features, color, color_name="subject")
    assert (display.legend_ is None) == (n_categories > 20)
    assert ("subject (21)" in display.ax_.get_title()) == (n_categories > 20)
    looks = {
        (tuple(scatter.get_facecolor()[0]), scatter.get_paths()[0].vertices.tobytes())
        for scatter in display.scatters_
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
    display = EmbeddingDisplay.from_features(FEATURES, (np.arange(30) % 2).astype(dtype))
    assert len(display.legend_.get_texts()) == 2


@pytest.mark.parametrize(
    ("features", "color", "params", "message"),
    [
        (np.where(np.eye(30, 5), np.nan, 1), None, {}, "contains NaN"),
        (FEATURES, TARGET[:9], {}, "inconsistent numbers of samples"),
        (FEATURES, TARGET, {"method": "umap"}, "method must be one of 'pca', 'tsne', got 'umap'"),
    ],
)
def test_bad_input(features, color, params, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingDisplay.from_features(features, color, **params)
