import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.features._pooling import pool_windows
from tests.tiny import each_pretrainer, tiny_embedder, tiny_masked, tiny_pretrainer


@pytest.fixture
def windows():
    return np.random.default_rng(0).normal(size=(9, 64)).astype(np.float32)


@pytest.fixture
def recordings(windows):
    return [windows[:4], windows[4:5], windows[5:]]


@each_pretrainer
def test_plain_windows_give_a_row_each(tiny, windows):
    embedder = tiny_embedder(tiny).fit(windows)
    np.testing.assert_array_equal(embedder.transform(windows), embedder.pretrainer_.encode(windows))


@each_pretrainer
@pytest.mark.parametrize(
    ("pool", "by_hand"),
    [
        ("mean", lambda f: f.mean(0)),
        ("max", lambda f: f.max(0)),
        ("mean_std", lambda f: np.r_[f.mean(0), f.std(0)]),
    ],
)
def test_windowed_recordings_give_a_row_each(tiny, recordings, pool, by_hand):
    embedder = SSLEmbedder(tiny(), pool=pool).fit(recordings)
    expected = [by_hand(f) for f in embedder.pretrainer_.encode(recordings)]
    np.testing.assert_array_equal(embedder.transform(recordings), expected)
    assert len(embedder.get_feature_names_out()) == len(expected[0])


@each_pretrainer
def test_windows_too_short_for_a_rhythm_are_refused_before_any_training(tiny, windows):
    def callback():
        raise AssertionError("training began")

    embedder = SSLEmbedder(tiny(callbacks=[callback]), aggregate="rhythm", sampling_rate=64)
    with pytest.raises(ValueError, match=r"rhythm.*at least 3.2 s, these have 1 s"):
        embedder.fit(windows)


def test_pooling_of_one_window_has_no_spread():
    np.testing.assert_array_equal(pool_windows(np.array([[2.0, 3.0]]), "mean_std"), [2, 3, 0, 0])


@each_pretrainer
def test_list_and_array_of_windowed_recordings_agree(tiny, windows):
    cube = windows.reshape(3, 3, 64)
    from_array = tiny_embedder(tiny).fit_transform(cube)
    np.testing.assert_array_equal(from_array, tiny_embedder(tiny).fit_transform(list(cube)))


@pytest.mark.parametrize(
    ("tiny", "layer", "width"),
    [
        (tiny_pretrainer, "block1", 3),
        (tiny_pretrainer, "block2", 4),
        (tiny_pretrainer, "last", 4),
        (tiny_pretrainer, "all", 7),
        (tiny_masked, "layer1", 6),
        (tiny_masked, "last", 6),
        (tiny_masked, "all", 12),
    ],
)
def test_layers(windows, tiny, layer, width):
    embedder = SSLEmbedder(tiny(), layer=layer)
    assert embedder.fit_transform(windows).shape == (9, width)
    assert embedder.get_feature_names_out()[0] == "sslembedder0"


@each_pretrainer
def test_a_clone_is_fitted_and_the_parameter_is_not(tiny, windows):
    pretrainer = tiny()
    embedder = SSLEmbedder(pretrainer).fit(windows)
    assert not hasattr(pretrainer, "state_")
    assert hasattr(embedder.pretrainer_, "state_")


@each_pretrainer
def test_frozen_is_never_refitted(tiny, windows, recordings):
    pretrainer = tiny().fit(windows)
    before = {name: array.copy() for name, array in pretrainer.state_.items()}
    embedder = SSLEmbedder(FrozenEstimator(pretrainer)).fit(recordings[:1])
    np.testing.assert_array_equal(embedder.transform(windows), pretrainer.encode(windows))
    for name, array in before.items():
        np.testing.assert_array_equal(pretrainer.state_[name], array)


@each_pretrainer
def test_frozen_but_unfitted(tiny, windows):
    with pytest.raises(ValueError, match="not fitted yet"):
        SSLEmbedder(FrozenEstimator(tiny())).fit(windows)


@each_pretrainer
def test_groups_reach_the_pretrainer(tiny, recordings):
    embedder = SSLEmbedder(tiny(validation_fraction=0.4))
    with pytest.raises(ValueError, match="groups names only"):
        embedder.fit(recordings, groups=[1, 1, 1])


@each_pretrainer
def test_labels_do_not_reach_the_pretrainer(tiny, windows):
    features = [tiny_embedder(tiny).fit_transform(windows, y) for y in (np.arange(9), np.zeros(9))]
    np.testing.assert_array_equal(*features)


def test_nested_parameters():
    embedder = SSLEmbedder(tiny_pretrainer()).set_params(pretrainer__noise__snr_db=3)
    assert embedder.get_params()["pretrainer__noise__snr_db"] == 3


def test_default_pretrainer_is_that_of_the_paper():
    with pytest.raises(ValueError, match="PretextPretrainer needs windows of at least 22"):
        SSLEmbedder().fit(np.ones((2, 21)))


@each_pretrainer
def test_unknown_layer_is_refused_before_pretraining(tiny, windows, monkeypatch):
    monkeypatch.setattr("sklearn_ecgssl.pretext._base.train", None)
    with pytest.raises(ValueError, match="layer must be one of"):
        SSLEmbedder(tiny(), layer="block9").fit(windows)


@pytest.mark.parametrize(
    ("params", "message"),
    [({"pool": "median"}, "'pool' parameter"), ({"pretrainer": 3}, "'pretrainer' parameter")],
)
def test_bad_parameter_is_named(windows, params, message):
    with pytest.raises(ValueError, match=message):
        SSLEmbedder(**params).fit(windows)


@each_pretrainer
def test_beside_other_features(tiny, recordings):
    union = FeatureUnion(
        [("ssl", tiny_embedder(tiny)), ("again", tiny_embedder(tiny, random_state=1))]
    )
    assert union.fit_transform(recordings).shape == (3, 2 * tiny().n_features_encoded())


@each_pretrainer
def test_names_follow_the_parameters(tiny, windows):
    embedder = tiny_embedder(tiny).fit(windows).set_params(layer="all")
    n_features = tiny().n_features_encoded("all")
    assert embedder.transform(windows).shape == (9, n_features)
    assert len(embedder.get_feature_names_out()) == n_features > tiny().n_features_encoded()


@each_pretrainer
def test_mean_std_needs_what_it_was_fitted_on(tiny, windows, recordings):
    embedder = SSLEmbedder(tiny(), pool="mean_std")
    with pytest.raises(ValueError, match="pass plain windows, as in fit"):
        embedder.fit(windows).transform(recordings)
    with pytest.raises(ValueError, match="pass windowed recordings, as in fit"):
        embedder.fit(recordings).transform(windows)


@each_pretrainer
def test_frozen_pretrainer_of_another_window_length(tiny, windows):
    frozen = FrozenEstimator(tiny().fit(windows))
    with pytest.raises(ValueError, match="learnt from windows of 64 samples, these have 32"):
        SSLEmbedder(frozen).fit(windows[:, :32])
