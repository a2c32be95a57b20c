"""Features of a pretrainer as a transformer: rows, columns, and which pretrainer makes them."""

import numpy as np
import pytest
import torch
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback

from sklearn_ecgssl.datasets import load_recordings
from sklearn_ecgssl.features import HRVFeatures, SSLEmbedder
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from tests.tiny import SAMPLING_RATE, each_pretrainer, tiny_embedder, waves

WINDOWS = np.random.default_rng(0).normal(size=(9, 64)).astype(np.float32)
RECORDINGS = [WINDOWS[:4], WINDOWS[4:5], WINDOWS[5:]]


@each_pretrainer
class TestRows:
    @pytest.mark.parametrize("recordings", [RECORDINGS, WINDOWS.reshape(3, 3, 64)])
    def test_windowed_recordings_give_a_row_each(self, tiny, recordings):
        by_hand = {
            "mean": lambda f: f.mean(0),
            "max": lambda f: f.max(0),
            "mean_std": lambda f: np.r_[f.mean(0), f.std(0)],
        }
        for pool, pooled in by_hand.items():
            embedder = SSLEmbedder(tiny(max_epochs=0), pool=pool).fit(recordings)
            expected = [pooled(f) for f in embedder.pretrainer_.encode(recordings)]
            np.testing.assert_array_equal(embedder.transform(recordings), expected)
            assert len(embedder.get_feature_names_out()) == len(expected[0])

    def test_mean_std_needs_what_it_was_fitted_on(self, tiny):
        embedder = SSLEmbedder(tiny(max_epochs=0), pool="mean_std")
        with pytest.raises(ValueError, match="pass plain windows, as in fit"):
            embedder.fit(WINDOWS).transform(RECORDINGS)
        with pytest.raises(ValueError, match="pass windowed recordings, as in fit"):
            embedder.fit(RECORDINGS).transform(WINDOWS)


class TestColumns:
    @each_pretrainer
    @pytest.mark.parametrize("aggregate", [None, ["max", "std"], ("rhythm", "max")])
    def test_are_those_of_encode_and_of_a_torch_module(self, tiny, aggregate):
        X, _ = waves(9, n_times=4 * SAMPLING_RATE)
        pretrainer = tiny(max_epochs=0).fit(X)
        for layer in pretrainer.layer_names():
            if layer == "scores" and aggregate is not None:
                continue
            features = pretrainer.encode(X, layer, aggregate, SAMPLING_RATE)
            embedder = SSLEmbedder(
                pretrainer, layer=layer, aggregate=aggregate, sampling_rate=SAMPLING_RATE
            ).fit(X)
            names = embedder.get_feature_names_out()
            assert len(names) == features.shape[1]
            assert names[0] == "sslembedder0"
            np.testing.assert_array_equal(embedder.transform(X), features)
            with torch.inference_mode():
                from_torch = embedder.to_torch()(torch.tensor(X))
            np.testing.assert_allclose(features, from_torch, rtol=1e-4, atol=1e-5)

    def test_follow_the_parameters(self, fitted_recognition):
        embedder = SSLEmbedder(FrozenEstimator(fitted_recognition)).fit(WINDOWS)
        widths = {}
        for layer in fitted_recognition.layer_names():
            widths[layer] = embedder.set_params(layer=layer).transform(WINDOWS).shape[1]
            assert len(embedder.get_feature_names_out()) == widths[layer]
        assert list(widths.values()) == [3, 4, 4, 7]
        maxima = embedder.set_params(layer="last").transform(WINDOWS)
        papers = embedder.set_params(aggregate="max").transform(WINDOWS)
        np.testing.assert_array_equal(maxima, papers)


@each_pretrainer
class TestPretrainer:
    def test_a_clone_is_fitted_without_labels_and_the_parameter_is_not(self, tiny):
        pretrainer = tiny()
        embedder = SSLEmbedder(pretrainer).fit(WINDOWS, np.arange(9))
        assert not hasattr(pretrainer, "state_")
        expected = tiny().fit(WINDOWS).encode(WINDOWS)
        np.testing.assert_array_equal(embedder.transform(WINDOWS), expected)

    def test_frozen_is_never_refitted(self, tiny):
        pretrainer = tiny().fit(WINDOWS)
        before = {name: array.copy() for name, array in pretrainer.state_.items()}
        embedder = SSLEmbedder(FrozenEstimator(pretrainer)).fit(RECORDINGS[:1])
        np.testing.assert_array_equal(embedder.transform(WINDOWS), pretrainer.encode(WINDOWS))
        np.testing.assert_equal(pretrainer.state_, before)
        with pytest.raises(ValueError, match="not fitted yet"):
            SSLEmbedder(FrozenEstimator(tiny())).fit(WINDOWS)

    def test_groups_reach_it(self, tiny):
        with pytest.raises(ValueError, match="groups names only"):
            SSLEmbedder(tiny(validation_fraction=0.4)).fit(RECORDINGS, groups=[1, 1, 1])

    def test_one_that_is_stopped_keeps_its_epochs(self, tiny):
        class Stop(Callback):
            def on_epoch_begin(self, net, **kwargs):
                if len(net.history) == 3:
                    raise KeyboardInterrupt

        embedder = tiny_embedder(tiny, max_epochs=4, callbacks=[Stop])
        with pytest.raises(KeyboardInterrupt), pytest.warns(UserWarning, match="2 epochs"):
            embedder.fit(WINDOWS)
        assert embedder.pretrainer_.n_epochs_ == 2
        assert embedder.transform(WINDOWS).shape[0] == 9

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"layer": "block9"}, "layer must be one of"),
            ({"aggregate": "median"}, r"aggregate must be one or several of \["),
            ({"aggregate": []}, r"aggregate must be one or several of \["),
            ({"aggregate": "rhythm", "sampling_rate": 64}, "at least 3.2 s, these have 1 s"),
        ],
    )
    def test_what_cannot_be_is_refused_before_any_training(self, tiny, params, message):
        def callback():
            raise AssertionError("training began")

        embedder = SSLEmbedder(tiny(callbacks=[callback])).set_params(**params)
        with pytest.raises(ValueError, match=message):
            embedder.fit(WINDOWS)


def test_the_default_is_that_of_the_paper():
    embedder = SSLEmbedder()
    with pytest.raises(ValueError, match="PretextPretrainer needs windows of at least 22"):
        embedder.fit(np.ones((2, 21)))


@pytest.mark.real
@pytest.mark.slow
def test_rhythm_is_the_heart_rate_on_real_ecg(shared_data):
    cohort = load_recordings(shared_data / "eegmat_ecg.npz", where={"ecg_ok": True})
    recordings = ECGFilter(256).fit_transform(
        Resampler(500, 256).fit_transform(cohort.recordings[:24])
    )
    windows = Segmenter(256).windows(TrimmedScaler().fit_transform(recordings))[::5]
    rate = HRVFeatures(256, features=["mean_hr"]).fit_transform(windows)[:, 0]
    pretrainer = PretextPretrainer(max_epochs=0, random_state=0).fit(windows)
    periods = np.exp(pretrainer.encode(windows, aggregate="rhythm")[:, :128])
    close = np.abs(60 / np.median(periods, axis=1) - rate) < 3
    assert np.mean(close) > 0.85
