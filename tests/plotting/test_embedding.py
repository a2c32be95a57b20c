import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from sklearn_ecgssl.plotting import EmbeddingDisplay

FEATURES = np.random.default_rng(0).normal(size=(30, 5)) * [1, 1, 1, 5, 100]
FEATURES[0, 0] = 99  # an artefact
TARGET = np.repeat(["rest", "stress", "rest"], 10)


@pytest.mark.parametrize(("params", "limit"), [({}, 3), ({"clip": None}, np.inf)])
def test_pca_of_scaled_features_in_which_artefacts_are_cut_off(params, limit):
    display = EmbeddingDisplay.from_features(FEATURES, **params)
    scaled = np.clip(StandardScaler().fit_transform(FEATURES), -limit, limit)
    pca = PCA(2).fit(scaled)
    np.testing.assert_allclose(np.abs(display.points), np.abs(pca.transform(scaled)))
    np.testing.assert_allclose(display.explained_variance_ratio, pca.explained_variance_ratio_)
    assert display.ax_.get_title() == "PCA of 5 features, 30 samples"
    np.testing.assert_array_equal(display.scatters_[0].get_offsets(), display.points)


def test_tsne_is_the_same_each_time_and_its_axes_have_no_scale():
    display, again = (EmbeddingDisplay.from_features(FEATURES[:4], method="tsne") for _ in "12")
    np.testing.assert_array_equal(display.points, again.points)
    assert display.ax_.get_title() == "t-SNE of 5 features, 4 samples"
    assert display.ax_.get_xlabel() == "t-SNE 1"
    assert list(display.ax_.get_xticks()) == []


@pytest.mark.parametrize("dtype", [str, int, float, bool])
def test_names_and_whole_numbers_are_categories_with_a_legend(dtype):
    color = TARGET if dtype is str else (TARGET == "stress").astype(dtype)
    display = EmbeddingDisplay.from_features(FEATURES, color, color_name="condition")
    categories = np.unique(color)
    assert [text.get_text() for text in display.legend_.get_texts()] == list(map(str, categories))
    assert display.legend_.get_title().get_text() == "condition"
    for scatter, category in zip(display.scatters_, categories, strict=True):
        np.testing.assert_array_equal(scatter.get_offsets(), display.points[color == category])
    assert display.colorbar_ is None


def test_numbers_have_a_scale():
    age = np.linspace(20.5, 60, 30)
    display = EmbeddingDisplay.from_features(FEATURES, age, color_name="age (years)")
    np.testing.assert_array_equal(display.scatters_[0].get_array(), age)
    assert display.colorbar_.ax.get_ylabel() == "age (years)"
    assert display.legend_ is None


@pytest.mark.parametrize("n_categories", [20, 21])
def test_too_many_categories_are_counted(n_categories):
    color = np.arange(42) % n_categories
    display = EmbeddingDisplay(points=np.zeros((42, 2)), color=color, color_name="subject").plot()
    assert (display.legend_ is None) == (n_categories > 20)
    assert ("subject (21)" in display.ax_.get_title()) == (n_categories > 20)


def test_bad_input():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        EmbeddingDisplay.from_features(FEATURES, TARGET[:9])
    with pytest.raises(ValueError, match="method must be one of 'pca', 'tsne', got 'umap'"):
        EmbeddingDisplay.from_features(FEATURES, method="umap")
