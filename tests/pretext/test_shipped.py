"""The encoders that come with the package: their names, their files and their features."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import safetensors
from sklearn.frozen import FrozenEstimator

from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import (
    MaskedPretrainer,
    PretextPretrainer,
    _load,
    list_pretrained,
    load_pretrained,
    model_card,
    resolve_pretrainer,
)
from tests.tiny import tiny_ecg_classifier, tiny_pretrainer, waves

#: What another platform made of `beats`, and the checksums of the weights that it had.
STORED = Path(__file__).with_name("shipped_features.npz")

#: Each encoder's class, the rate of its windows of 10 s, and its features.
ENCODERS = {
    "recognition-open": (PretextPretrainer, 256, 128),
    "masked-open": (MaskedPretrainer, 128, 64),
    "rhythm-open": (PretextPretrainer, 100, 128),
}
each_encoder = pytest.mark.parametrize("name", ENCODERS)

X, Y = waves(8)


def beats(sampling_rate, n_windows=6):
    """Windows of beats, of sines and Gaussians alone, which every platform computes alike."""
    time = np.arange(10 * n_windows * sampling_rate) / sampling_rate
    phase = (1.1 * time + 0.15 * np.sin(0.6 * time)) % 1
    bumps = [(0.20, 0.12, 0.025), (0.36, -0.10, 0.009), (0.385, 1.0, 0.011), (0.41, -0.25, 0.010)]
    bumps.append((0.62, 0.28, 0.045))
    ecg = sum(height * np.exp(-0.5 * ((phase - at) / width) ** 2) for at, height, width in bumps)
    ecg = ecg * (1 + 0.2 * np.sin(0.21 * time)) + 0.05 * np.sin(1.7 * time)
    return ((ecg - ecg.mean()) / ecg.std()).reshape(n_windows, -1).astype(np.float32)


def weights_of(name):
    (file,) = (_load.FOLDER / name).glob("*.safetensors")
    return file.read_bytes()


class TestNames:
    @pytest.fixture
    def shipped(self, fitted_recognition, fitted_masked, tmp_path, monkeypatch):
        """Two tiny encoders that come with the package in place of its own."""
        folder = tmp_path / "encoders"
        monkeypatch.setattr(_load, "FOLDER", folder)
        for name, encoder in {"b-open": fitted_recognition, "a-open": fitted_masked}.items():
            encoder.save_pretrained(folder / name, sampling_rate=64, dtype="bfloat16")
            (folder / name / "MODEL_CARD.md").write_text(f"# {name}\n\nOf sines, µV.\n", "utf-8")
        return folder

    def test_those_with_a_card_are_listed(self, shipped, fitted_masked):
        fitted_masked.save_pretrained(shipped / "half")
        (shipped / "README.md").touch()
        assert list_pretrained() == ["a-open", "b-open"]
        assert model_card("b-open") == "# b-open\n\nOf sines, µV.\n"
        for name in ("half", "c-open", "", ".", "../encoders/a-open"):
            with pytest.raises(ValueError, match="name must be one of 'a-open', 'b-open'"):
                model_card(name)

    @pytest.mark.parametrize(
        ("name", "kind"), [("a-open", MaskedPretrainer), ("b-open", PretextPretrainer)]
    )
    def test_a_name_stands_for_a_frozen_encoder(self, shipped, name, kind):
        loaded = load_pretrained(name, device="cpu")
        assert type(loaded) is kind
        assert (loaded.sampling_rate_, loaded.device) == (64, "cpu")
        expected = loaded.encode(X)
        np.testing.assert_array_equal(load_pretrained(shipped / name).encode(X), expected)
        resolved = resolve_pretrainer(name)
        assert isinstance(resolved, FrozenEstimator)
        np.testing.assert_equal(resolved.estimator.state_, loaded.state_)
        features = SSLEmbedder(name, sampling_rate=64).fit(X[:3]).transform(X)
        np.testing.assert_array_equal(features, expected)
        classifier = tiny_ecg_classifier(name, "trunk", max_epochs=1).fit(X, Y)
        trunk = loaded.trunk_state()
        np.testing.assert_equal({key: classifier.state_[f"trunk.{key}"] for key in trunk}, trunk)

    def test_no_name_stands_for_the_default(self):
        default = resolve_pretrainer(None)
        assert type(default) is PretextPretrainer
        assert default.get_params(deep=False) == PretextPretrainer().get_params(deep=False)

    def test_a_folder_of_that_name_is_another(self, shipped, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        own = tiny_pretrainer(random_state=1, filters=(3, 5)).fit(X)
        own.save_pretrained("b-open", sampling_rate=64)
        for of_the_user in ("./b-open", Path("b-open"), str(tmp_path / "b-open")):
            np.testing.assert_equal(load_pretrained(of_the_user).state_, own.state_)
            assert SSLEmbedder(of_the_user, sampling_rate=64).fit_transform(X).shape == (8, 5)
        assert load_pretrained("b-open").n_features_encoded() == 4

    @pytest.mark.parametrize("name", ["c-open", "", Path("b-open"), "a file"])
    def test_unknown_names(self, shipped, tmp_path, monkeypatch, name):
        monkeypatch.chdir(tmp_path)
        Path("a file").touch()
        message = rf"neither a folder '{name}' nor an encoder .* come \['a-open', 'b-open'\]"
        with pytest.raises(FileNotFoundError, match=message):
            load_pretrained(name)
        for estimator in (SSLEmbedder(name), ECGClassifier(name)):
            with pytest.raises(FileNotFoundError, match=message):
                estimator.fit(X, Y)


def test_they_are_listed_and_small():
    assert list_pretrained() == sorted(ENCODERS)
    assert sum(len(weights_of(name)) for name in ENCODERS) < 5_000_000


@each_encoder
class TestEncoders:
    def test_files(self, name):
        found = [path.name.partition("-")[0] for path in (_load.FOLDER / name).iterdir()]
        assert sorted(found) == ["MODEL_CARD.md", "config.json", "weights"]
        entries = safetensors.deserialize(weights_of(name))
        assert {entry["dtype"] for _, entry in entries} == {"BF16"}
        kind, rate, _ = ENCODERS[name]
        loaded = load_pretrained(name)
        assert type(loaded) is kind
        assert (loaded.sampling_rate_, loaded.n_features_in_) == (rate, 10 * rate)

    def test_example_of_the_card_runs(self, name):
        example = re.search(r"```python\n(.*?)```", model_card(name), re.S)[1]
        embedder = eval(example, {"SSLEmbedder": SSLEmbedder})
        assert embedder.pretrainer == name
        _, rate, n_features = ENCODERS[name]
        assert embedder.fit_transform(beats(rate, 2)).shape == (2, n_features)

    def test_features_are_those_that_another_platform_wrote(self, name):
        """Those of recognition-open have a root mean square of 2.9 and are at most 18.

        In float32, another implementation of the convolutions (mkldnn off), or another last bit of
        the windows, changed them by 1e-5 at most. bfloat16 changed them by 0.1 at most, 0.005 on
        average, also on a machine without such hardware, which computes the same, slowly.
        """
        stored = np.load(STORED)
        checksum, expected = stored[f"weights of {name}"], stored[name]
        assert checksum == hashlib.sha256(weights_of(name)).hexdigest(), (
            "other weights: write again"
        )
        rate = ENCODERS[name][1]
        embedder = SSLEmbedder(name, sampling_rate=rate).fit(np.roll(-beats(rate, 2), 99, axis=1))
        features = embedder.transform(beats(rate))
        assert 0.1 < np.sqrt(np.mean(features**2)) < 10
        np.testing.assert_allclose(features, expected, rtol=0, atol=1e-3)
        half = load_pretrained(name).set_params(precision="bfloat16").encode(beats(rate))
        difference = np.abs(half - expected)
        assert difference.max() < 0.02 * expected.max()
        assert difference.mean() < 0.005 * np.sqrt(np.mean(expected**2))


class TestRhythm:
    """What `rhythm-open` is for: tempo and its variation, of windows of any length."""

    @pytest.fixture
    def encoder(self):
        return load_pretrained("rhythm-open")

    def test_one_set_of_weights_for_5_to_60_s(self, encoder):
        minute = beats(100).reshape(1, -1)
        assert minute.shape == (1, 6000)
        (whole,) = encoder.encode(minute, "scores")
        for n_windows in (12, 6, 2):
            parts = encoder.encode(minute.reshape(n_windows, -1), "scores")
            np.testing.assert_allclose(parts.mean(axis=0)[0], whole[0], atol=0.1)  # tempo
        for seconds in (4.9, 61):
            windows = np.zeros((1, round(100 * seconds)))
            message = r"takes 5 to 60 s, these have .*Segmenter\(sampling_rate=100"
            with pytest.raises(ValueError, match=message):
                encoder.encode(windows, sampling_rate=100)

    def test_tempo_is_the_logarithm_of_the_heart_rate(self, encoder):
        """Of beats that follow each other 0.8 to 1.6 times as fast, waves and all."""
        speeds = np.array([0.8, 1.0, 1.25, 1.6])
        windows = [beats(100 / speed, 4).ravel()[:1000] for speed in speeds]
        tempo = encoder.encode(np.stack(windows), "scores")[:, 0]
        np.testing.assert_allclose(tempo - tempo[1], np.log(speeds), atol=0.15)

    def test_upside_down_is_the_same(self, encoder):
        windows = beats(100)
        up, down = (encoder.encode(x, "scores") for x in (windows, -windows))
        np.testing.assert_allclose(up[:, 0], down[:, 0], atol=0.15)

    def test_windows_do_not_see_each_other(self, encoder):
        windows = beats(100)
        alone = np.concatenate([encoder.encode(window[None]) for window in windows])
        np.testing.assert_allclose(encoder.encode(windows), alone, rtol=0, atol=1e-4)
