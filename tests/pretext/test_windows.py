"""Windows of another length, rate or scale than a pretrainer learnt from."""

import re
import warnings

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import _load, load_pretrained
from sklearn_ecgssl.signal import Resampler, Segmenter, TrimmedScaler
from tests.tiny import each_pretrainer, tiny_ecg_classifier, tiny_pretrainer, waves

X, Y = waves(12, n_times=64)


@pytest.fixture(scope="module")
def own():
    return tiny_pretrainer(max_epochs=0).fit(X)


@pytest.fixture
def shipped(own, tmp_path, monkeypatch):
    """An encoder of windows of 64 samples, of 1 s, that comes with the package."""
    folder = tmp_path / "encoders" / "tiny-open"
    own.save_pretrained(folder, sampling_rate=64)
    (folder / "MODEL_CARD.md").write_text("# tiny-open\n")
    monkeypatch.setattr(_load, "FOLDER", folder.parent)
    return folder


class TestLengthAndRate:
    def refusal(self, windows, sampling_rate, pretrainer="tiny-open"):
        with pytest.raises(ValueError, match="pretrainer learnt from windows of") as caught:
            SSLEmbedder(pretrainer, sampling_rate=sampling_rate).fit(windows)
        return str(caught.value)

    @pytest.mark.parametrize("rate", [64, np.float32(64), 64.00001])
    def test_what_it_learnt_from(self, shipped, rate):
        for windows in (X, [X, X[:3]]):
            SSLEmbedder("tiny-open", sampling_rate=rate).fit(windows).transform(windows)

    def test_another_length_where_no_rate_was_saved(self, own):
        message = self.refusal(X[:, :32], 256, FrozenEstimator(own))
        assert "windows of 64 samples, these have 32 samples. Use its" in message
        SSLEmbedder(FrozenEstimator(own), sampling_rate=1000).fit(X)

    def test_another_length_or_rate(self, shipped):
        message = self.refusal(X[:, :32], 64)
        assert "64 samples (1 s at 64 Hz), these have 32 samples (0.5 s at 64 Hz)" in message
        assert "Cut recordings of 64 Hz with Segmenter(sampling_rate=64, " in message
        message = self.refusal(X, 256)
        assert "64 samples (1 s at 64 Hz), these have 64 samples (0.25 s at 256 Hz)" in message
        assert message.endswith("or if the windows have 64 Hz already, pass sampling_rate=64.")
        assert "Put Resampler(64.1, 64) first" in self.refusal(X, 64.1)
        with pytest.raises(ValueError, match="pass sampling_rate=64"):
            load_pretrained("tiny-open").encode(X, sampling_rate=256)

    @pytest.mark.parametrize("rate", [32, 62.5, 300])
    @pytest.mark.parametrize(("learnt_rate", "n_times"), [(64, 64), (62.5, 65)])
    def test_what_it_says_to_do_works(self, tmp_path, rate, learnt_rate, n_times):
        pretrainer = tiny_pretrainer(max_epochs=0).fit(waves(4, n_times)[0])
        folder = pretrainer.save_pretrained(tmp_path, sampling_rate=learnt_rate)
        recordings = [np.sin(np.arange(round(seconds * rate)) / 5) for seconds in (9, 12.3)]
        message = self.refusal(Segmenter(rate, 1.3).windows(recordings), rate, folder)
        found = re.findall(r"(?:Resampler|Segmenter)\(.*?\)", message.partition(" If theirs")[0])
        for step in found:
            made = eval(step, {"Resampler": Resampler, "Segmenter": Segmenter})
            recordings = made.fit_transform(recordings)
        features = SSLEmbedder(folder, sampling_rate=learnt_rate).fit_transform(recordings)
        assert features.shape == (2, 4)

    def test_a_failed_fit_leaves_the_estimator_as_it_was(self, shipped):
        embedder = SSLEmbedder("tiny-open", sampling_rate=64).fit(X)
        model = tiny_ecg_classifier("tiny-open", "trunk", max_epochs=1).fit(X, Y)
        for estimator in (embedder, model):
            with pytest.raises(ValueError, match=r"\(1 s at 64 Hz\), these have 32 samples"):
                estimator.fit(X[:, :32], Y)
        assert embedder.transform(X).shape == (12, 4)
        assert model.predict(X).shape == (12,)

    @each_pretrainer
    def test_one_that_is_trained_has_no_rate(self, tiny, tmp_path):
        loaded = load_pretrained(tiny().fit(X).save_pretrained(tmp_path, sampling_rate=64))
        assert SSLEmbedder(loaded).fit_transform(X[:, :32]).shape[0] == 12


def scaled(deviation):
    return (X / X.std() * deviation).astype(np.float32)


class TestScale:
    """Estimators warn of windows that an encoder of the package cannot have learnt from."""

    @pytest.fixture(params=["embedder", "classifier"])
    def fit(self, request):
        """Fit an estimator on windows, with some pretrainer inside."""

        def fit(pretrainer, windows):
            if request.param == "embedder":
                return SSLEmbedder(pretrainer, sampling_rate=64).fit(windows)
            model = ECGClassifier(pretrainer, "trunk", hidden=(2,), max_epochs=1, random_state=0)
            return model.fit(windows, np.arange(len(windows)) % 2)

        return fit

    @pytest.mark.parametrize("deviation", [1e-4, 0.45, 11, 1e6])
    def test_far_from_what_it_learnt_from(self, shipped, fit, deviation):
        with pytest.warns(UserWarning, match="'tiny-open' learnt from windows") as warned:
            fit("tiny-open", scaled(deviation))
        (one,) = warned
        assert f"these are much {'smaller' if deviation < 1 else 'larger'}: " in str(one.message)
        assert "TrimmedScaler, or scale_subjects" in str(one.message)
        assert one.filename == __file__

    def test_it_names_the_line_of_the_user(self, shipped):
        """Whatever is in between, and in the same words for every fold."""
        pipe = make_pipeline(SSLEmbedder("tiny-open", sampling_rate=64), DummyClassifier())
        windows = scaled(0.01) * np.linspace(1, 3, 12, dtype=np.float32)[:, None]
        with pytest.warns(UserWarning, match="these are much smaller") as warned:
            cross_val_score(pipe, windows, Y, cv=3)
        assert {one.filename for one in warned} == {__file__}
        assert len({str(one.message) for one in warned}) == 1

    def test_a_drift_is_not_a_scale(self, shipped, fit):
        drift = np.linspace(-9, 9, 12, dtype=np.float32)[:, None]
        with pytest.warns(UserWarning, match="these are much smaller"):
            fit("tiny-open", scaled(0.01) + drift)

    def test_silent_near_it_and_where_it_is_not_known_what_they_should_be(self, shipped, fit, own):
        with_an_artefact = scaled(1)
        with_an_artefact[3, 5] = 1000
        tiny, large = scaled(1e-3).ravel(), scaled(300).ravel()
        as_it_says = Segmenter(64, 1).windows(TrimmedScaler().fit_transform([tiny, large]))
        with warnings.catch_warnings(action="error"):
            for windows in (scaled(0.55), scaled(9), with_an_artefact, as_it_says):
                fit("tiny-open", windows)
            for pretrainer in (str(shipped), load_pretrained("tiny-open"), own):
                fit(pretrainer, scaled(300))
