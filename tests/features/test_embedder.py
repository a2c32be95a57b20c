import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.features._pooling import pool_windows
from tests.tiny import tiny_embedder, tiny_pretrainer


@pytest.fixture
def windows():
    return np.random.default_rng(0).normal(size=(9, 64)).astype(np.float32)


@pytest.fixture
def recordings(windows):
    return [windows[:4], windows[4:5], windows[5:]]


def test_plain_windows_give_a_row_each(windows):
    embedder = tiny_embedder().fit(windows)
    np.testing.assert_array_equal(embedder.transform(windows), embedder.pretrainer_.encode(windows))


@pytest.mark.parametrize(
    ("pool", "by_hand"),
    [
        ("mean", lambda f: f.mean(0)),
        ("max", lambda f: f.max(0)),
        ("mean_std", lambda f: np.r_[f.mean(0), f.std(0)]),
    ],
)
def test_windowed_recordings_give_a_row_each(recordings, pool, by_hand):
    embedder = SSLEmbedder(tiny_pretrainer(), pool=pool).fit(recordings)
    expected = [by_hand(f) for f in embedder.pretrainer_.encode(recordings)]
    np.testing.assert_array_equal(embedder.transform(recordings), expected)
    assert len(embedder.get_feature_names_out()) == len(expected[0])


def test_pooling_of_one_window_has_no_spread():
    np.testing.assert_array_equal(pool_windows(np.array([[2.0, 3.0]]), "mean_std"), [2, 3, 0, 0])


def test_list_and_array_of_windowed_recordings_agree(windows):
    cube = windows.reshape(3, 3, 64)
    from_array = tiny_embedder().fit_transform(cube)
    np.testing.assert_array_equal(from_array, tiny_embedder().fit_transform(list(cube)))


@pytest.mark.parametrize(
    ("layer", "width"), [("block1", 3), ("block2", 4), ("last", 4), ("all", 7)]
)
def test_layers(windows, layer, width):
    embedder = SSLEmbedder(tiny_pretrainer(), layer=layer)
    assert embedder.fit_transform(windows).shape == (9, width)
    assert embedder.get_feature_names_out()[0] == "sslembedder0"


def test_a_clone_is_fitted_and_the_parameter_is_not(windows):
    pretrainer = tiny_pretrainer()
    embedder = SSLEmbedder(pretrainer).fit(windows)
    assert not hasattr(pretrainer, "state_")
    assert hasattr(embedder.pretrainer_, "state_")


def test_frozen_is_never_refitted(windows, recordings):
    pretrainer = tiny_pretrainer().fit(windows)
    before = {name: array.copy() for name, array in pretrainer.state_.items()}
    embedder = SSLEmbedder(FrozenEstimator(pretrainer)).fit(recordings[:1])
    np.testing.assert_array_equal(embedder.transform(windows), pretrainer.encode(windows))
    for name, array in before.items():
        np.testing.assert_array_equal(pretrainer.state_[name], array)


def test_frozen_but_unfitted(windows):
    with pytest.raises(ValueError, match="not fitted yet"):
        SSLEmbedder(FrozenEstimator(tiny_pretrainer())).fit(windows)


def test_groups_reach_the_pretrainer(recordings):
    embedder = SSLEmbedder(tiny_pretrainer(validation_fraction=0.4))
    with pytest.raises(ValueError, match="groups names only"):
        embedder.fit(recordings, groups=[1, 1, 1])


def test_labels_do_not_reach_the_pretrainer(windows):
    features = [tiny_embedder().fit_transform(windows, y) for y in (np.arange(9), np.zeros(9))]
    np.testing.assert_array_equal(*features)


def test_nested_parameters():
    embedder = SSLEmbedder(tiny_pretrainer()).set_params(pretrainer__noise__snr_db=3)
    assert embedder.get_params()["pretrainer__noise__snr_db"] == 3


def test_default_pretrainer_is_that_of_the_paper():
    with pytest.raises(ValueError, match="PretextPretrainer needs windows of at least 22"):
        SSLEmbedder().fit(np.ones((2, 21)))


def test_unknown_layer_is_refused_before_pretraining(windows, monkeypatch):
    monkeypatch.setattr("sklearn_ecgssl.pretext._base.train", None)
    with pytest.raises(ValueError, match="layer must be one of"):
        SSLEmbedder(tiny_pretrainer(), layer="block9").fit(windows)


@pytest.mark.parametrize(
    ("params", "message"),
    [({"pool": "median"}, "'pool' parameter"), ({"pretrainer": 3}, "'pretrainer' parameter")],
)
def test_bad_parameter_is_named(windows, params, message):
    with pytest.raises(ValueError, match=message):
        SSLEmbedder(**params).fit(windows)


def test_beside_other_features(recordings):
    union = FeatureUnion([("ssl", tiny_embedder()), ("again", tiny_embedder(random_state=1))])
    assert union.fit_transform(recordings).shape == (3, 8)


def test_names_follow_the_parameters(windows):
    embedder = tiny_embedder().fit(windows).set_params(layer="all")
    assert embedder.transform(windows).shape[1] == len(embedder.get_feature_names_out()) == 7


def test_mean_std_needs_what_it_was_fitted_on(windows, recordings):
    embedder = SSLEmbedder(tiny_pretrainer(), pool="mean_std")
    with pytest.raises(ValueError, match="pass plain windows, as in fit"):
        embedder.fit(windows).transform(recordings)
    with pytest.raises(ValueError, match="pass windowed recordings, as in fit"):
        embedder.fit(recordings).transform(windows)


def test_frozen_pretrainer_of_another_window_length(windows):
    frozen = FrozenEstimator(tiny_pretrainer().fit(windows))
    with pytest.raises(ValueError, match="fitted on windows of 64 samples, these have 32"):
        SSLEmbedder(frozen).fit(windows[:, :32])
