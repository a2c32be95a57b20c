"""The encoders that come with the package: their names, their files and their features.

    python -m tests.pretext.test_shipped

writes shipped_features.npz anew, after encoders have changed: with what it holds, other platforms
are compared with the one that wrote it.
"""

import hashlib
import re
import tomllib
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
from tests.checkout import checkout
from tests.tiny import tiny_ecg_classifier, tiny_masked, tiny_pretrainer, waves

STORED = Path(__file__).with_name("shipped_features.npz")

#: Each encoder's class, the rate of its windows of 10 s, and its features.
ENCODERS = {
    "recognition-open": (PretextPretrainer, 256, 128),
    "masked-open": (MaskedPretrainer, 128, 64),
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


def features_of(name, precision):
    """What an encoder makes of the beats."""
    return load_pretrained(name).set_params(precision=precision).encode(beats(ENCODERS[name][1]))


def weights_of(name):
    (file,) = (_load.FOLDER / name).glob("*.safetensors")
    return file.read_bytes()


def checksum_of(name):
    return hashlib.sha256(weights_of(name)).hexdigest()


def write_stored():
    """Write the features of both encoders, each with the checksum of the weights they are of."""
    features = {name: features_of(name, "float32") for name in ENCODERS}
    sums = {f"weights of {name}": np.array(checksum_of(name)) for name in ENCODERS}
    np.savez_compressed(STORED, **features, **sums)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Two tiny encoders that come with the package in place of its own."""
    folder = tmp_path / "encoders"
    monkeypatch.setattr(_load, "FOLDER", folder)
    for name, tiny in {"b-open": tiny_pretrainer, "a-open": tiny_masked}.items():
        tiny().fit(X).save_pretrained(folder / name, sampling_rate=64, dtype="bfloat16")
        (folder / name / "MODEL_CARD.md").write_text(f"# {name}\n\nFrom sines, µV.\n", "utf-8")
    return folder


class TestNames:
    def test_those_with_a_card_are_listed(self, shipped):
        assert list_pretrained() == ["a-open", "b-open"]
        tiny_pretrainer(max_epochs=0).fit(X).save_pretrained(shipped / "half")
        (shipped / "README.md").touch()
        assert list_pretrained() == ["a-open", "b-open"]
        (shipped / "a-open" / "MODEL_CARD.md").unlink()
        assert list_pretrained() == ["b-open"]

    def test_cards(self, shipped):
        assert model_card("b-open") == "# b-open\n\nFrom sines, µV.\n"
        for name in ("c-open", "", ".", "../encoders/a-open"):
            with pytest.raises(ValueError, match="name must be one of 'a-open', 'b-open'"):
                model_card(name)

    @pytest.mark.parametrize(
        ("name", "kind"), [("a-open", MaskedPretrainer), ("b-open", PretextPretrainer)]
    )
    def test_a_name_stands_for_a_fitted_encoder(self, shipped, name, kind):
        loaded = load_pretrained(name, device="cpu")
        assert type(loaded) is kind
        assert (loaded.sampling_rate_, loaded.device) == (64, "cpu")
        np.testing.assert_array_equal(loaded.encode(X), load_pretrained(shipped / name).encode(X))
        resolved = resolve_pretrainer(name)
        assert isinstance(resolved, FrozenEstimator)
        np.testing.assert_equal(resolved.estimator.state_, loaded.state_)

    def test_estimators_take_it(self, shipped):
        loaded = load_pretrained("b-open")
        features = SSLEmbedder("b-open", sampling_rate=64).fit(X[:3]).transform(X)
        np.testing.assert_array_equal(features, loaded.encode(X))
        classifier = tiny_ecg_classifier("b-open", "trunk", max_epochs=1).fit(X, Y)
        np.testing.assert_equal(classifier.pretrainer_.trunk_state(), loaded.trunk_state())

    def test_a_folder_of_that_name_is_another(self, shipped, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        own = tiny_pretrainer(random_state=1, filters=(3, 5)).fit(X)
        own.save_pretrained("b-open", sampling_rate=64)
        for of_the_user in ("./b-open", Path("b-open"), str(tmp_path / "b-open")):
            np.testing.assert_equal(load_pretrained(of_the_user).state_, own.state_)
            assert SSLEmbedder(of_the_user, sampling_rate=64).fit_transform(X).shape == (8, 5)
        assert load_pretrained("b-open").n_features_encoded() == 4
        assert SSLEmbedder("b-open", sampling_rate=64).fit_transform(X).shape == (8, 4)

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


# The real ones


@pytest.fixture(scope="module")
def recipes():
    return tomllib.loads((checkout() / "examples/pretrained/encoders.toml").read_text("utf-8"))


def test_they_are_listed_and_small():
    assert list_pretrained() == sorted(ENCODERS)
    assert sum(len(weights_of(name)) for name in ENCODERS) < 5_000_000


@each_encoder
class TestFiles:
    def test_there_is_nothing_else_and_weights_are_bfloat16(self, name):
        found = [path.name.partition("-")[0] for path in (_load.FOLDER / name).iterdir()]
        assert sorted(found) == ["MODEL_CARD.md", "config.json", "weights"]
        entries = safetensors.deserialize(weights_of(name))
        assert {entry["dtype"] for _, entry in entries} == {"BF16"}

    def test_windows_are_of_10_s(self, name):
        kind, rate, _ = ENCODERS[name]
        loaded = load_pretrained(name)
        assert type(loaded) is kind
        assert (loaded.sampling_rate_, loaded.n_features_in_) == (rate, 10 * rate)

    def test_they_were_made_by_the_recipe(self, name, recipes):
        recipe, loaded = recipes["encoders"][name], load_pretrained(name)
        for parameter, value in recipe["parameters"].items():
            found = getattr(loaded, parameter)
            assert (list(found) if isinstance(value, list) else found) == value
        losses = [row["valid_loss"] for row in loaded.history_]
        assert np.isfinite(losses).all()
        assert min(losses) < losses[0]
        whole = loaded.n_epochs_ == recipe["parameters"]["max_epochs"]
        patience = recipe["parameters"].get("patience")
        assert whole or len(losses) - np.argmin(losses) == patience + 1
        assert recipes["preparation"][recipe["method"]]["sampling_rate"] == loaded.sampling_rate_


@each_encoder
class TestCard:
    def test_what_it_learnt_from(self, name, recipes):
        card = model_card(name)
        assert card.startswith(f"# {name}\n")
        without = recipes["encoders"][name].get("without_sets", [])
        used = [one for one in recipes["corpus"]["sets"] if one["name"] not in without]
        assert used
        for one in used:
            assert one["title"] in card
            assert one["cite"] in card
            assert re.search(r"doi:10\.\d{4,}/\S+", one["cite"])
        assert card.count("doi:10.") >= len(used) + 1
        assert "doi:10.1161/01.CIR.101.23.e215" in card  # PhysioNet's own
        assert len(re.findall(r"`[0-9a-f]{64}`", card)) == len(used)

    def test_licences_and_what_it_must_not_be_used_for(self, name):
        card = model_card(name)
        licence = card.partition("## Licence")[2]
        assert "BSD-3-Clause" in licence
        assert "Open Data Commons Attribution License v1.0" in licence
        assert "diagnosis" in card.partition("must not be used for")[2].partition("\n## ")[0]

    def test_scores_on_people_who_were_held_out(self, name):
        table = model_card(name).partition("## Scores on the people who were held out")[2]
        row = r"^\| (.+?) \| (-?[\d.]+) \| (-?[\d.]+) \| (-?[\d.]+) \|(?: [\d.]+ \|)?$"
        rows = re.findall(row, table, re.M)
        scores = {row[0]: [float(value) for value in row[1:]] for row in rows}
        loaded = load_pretrained(name)
        expected = ["mean", *loaded.task_names_] if name.startswith("recognition") else [rows[0][0]]
        assert list(scores) == expected
        rounded, whole, untrained = scores[expected[0]]
        assert rounded == pytest.approx(whole, abs=0.01)
        assert untrained + 0.05 < rounded < 1

    def test_facts_are_those_of_the_files(self, name):
        card, loaded = model_card(name), load_pretrained(name)
        losses = ", ".join(f"{row['valid_loss']:.3f}" for row in loaded.history_)
        assert losses in card
        assert f"({len(weights_of(name)):,} bytes)" in card
        assert f"{sum(array.size for array in loaded.state_.values()):,} weights" in card

    def test_its_example_runs(self, name):
        example = re.search(r"```python\n(.*?)```", model_card(name), re.S)[1]
        embedder = eval(example, {"SSLEmbedder": SSLEmbedder})
        assert embedder.pretrainer == name
        _, rate, n_features = ENCODERS[name]
        assert embedder.fit_transform(beats(rate, 2)).shape == (2, n_features)


def embedder_of(name):
    return SSLEmbedder(name, sampling_rate=ENCODERS[name][1])


@each_encoder
class TestUse:
    def test_fit_changes_nothing(self, name):
        rate = ENCODERS[name][1]
        one, other = beats(rate, 3), np.roll(-beats(rate, 2), 99, axis=1)
        features = embedder_of(name).fit(one).transform(one)
        embedder = embedder_of(name).fit(other)
        np.testing.assert_array_equal(embedder.transform(one), features)
        np.testing.assert_equal(embedder.pretrainer_.state_, load_pretrained(name).state_)
        assert np.ptp(features, axis=0).max() > 0.01

    def test_a_classifier_on_it(self, name):
        windows, y = beats(ENCODERS[name][1], 4), ["calm", "tense"] * 2
        model = ECGClassifier(name, "trunk", hidden=(8,), max_epochs=2, random_state=0)
        model.fit(windows, y)
        trunk = load_pretrained(name).trunk_state()
        np.testing.assert_equal({key: model.state_[f"trunk.{key}"] for key in trunk}, trunk)


@pytest.fixture(scope="module")
def stored():
    with np.load(STORED) as archive:
        return dict(archive)


@each_encoder
class TestFeatures:
    """Against those that another platform wrote into shipped_features.npz.

    Those of recognition-open have a root mean square of 2.9 and are at most 18. In float32, another
    implementation of the convolutions (mkldnn off), or another last bit of the windows, changed
    them by 1e-5 at most. bfloat16 changed them by 0.1 at most, 0.005 on average.
    """

    def test_they_are_of_these_weights(self, name, stored):
        assert stored[f"weights of {name}"] == checksum_of(name), (
            "the encoder is another one: python -m tests.pretext.test_shipped"
        )

    def test_as_they_are_used(self, name, stored):
        features = embedder_of(name).fit_transform(beats(ENCODERS[name][1]))
        assert 0.1 < np.sqrt(np.mean(features**2)) < 10
        np.testing.assert_allclose(features, stored[name], rtol=0, atol=1e-3)

    def test_bfloat16(self, name, stored):
        """Also on a machine without such hardware, which computes the same, slowly."""
        difference = np.abs(features_of(name, "bfloat16") - stored[name])
        assert difference.max() < 0.02 * stored[name].max()
        assert difference.mean() < 0.005 * np.sqrt(np.mean(stored[name] ** 2))


if __name__ == "__main__":
    write_stored()
