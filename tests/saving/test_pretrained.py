"""Saved and loaded, an estimator is the same; what cannot be used is refused, and says why."""

import errno
import json
import os
import pickle
from contextlib import suppress

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_ecgssl import (
    ECGClassifier,
    MaskedPretrainer,
    PretextPretrainer,
    SSLEmbedder,
    UnreadableFileError,
    load_pretrained,
)
from sklearn_ecgssl.transforms import AddNoise, RandomAugmentation, WindowTransform
from tests.killing import killed
from tests.tiny import (
    each_pretrainer,
    tiny_comparing,
    tiny_ecg_classifier,
    tiny_masked,
    tiny_pretrainer,
    waves,
)

X, Y = waves(24)
BY_SUBJECT = {"validation_fraction": 0.3, "patience": 2}
FITTED = tiny_pretrainer().fit(X)

#: Estimators, and what they are fitted on besides windows.
ESTIMATORS = {
    "recognition": (tiny_pretrainer(**BY_SUBJECT), {"groups": np.arange(24) // 4}),
    "masked": (tiny_masked(**BY_SUBJECT), {"groups": np.arange(24) // 4}),
    "dropped": (tiny_pretrainer(head_hidden=[4]).set_params(noise="drop", scale__factor=0.5), {}),
    "renamed": (tiny_pretrainer(transforms=[("a", AddNoise(snr_db=3)), ("b", "drop")]), {}),
    "weights by name": (tiny_pretrainer(task_weights={"noise": 0.5}, random_state=None), {}),
    "weights as an array": (tiny_pretrainer(task_weights=np.linspace(0.1, 0.7, 7)), {}),
    "transfer": (tiny_ecg_classifier(tiny_masked(), "trunk", aggregate=["cls", "max"]), {"y": Y}),
    "fine-tuned": (tiny_ecg_classifier(FrozenEstimator(FITTED)), {"y": Y}),
    "words": (tiny_ecg_classifier(), {"y": np.array(["rest", "stress"])[Y]}),
    "objects": (tiny_ecg_classifier(), {"y": np.array(["rest", "stress"], dtype=object)[Y]}),
    "bytes": (tiny_ecg_classifier(class_weight={3: 2.0, 1: 1.0}), {"y": np.uint8([3, 1])[Y]}),
    "booleans": (tiny_ecg_classifier(class_weight="balanced"), {"y": Y == 1}),
}


def state(estimator):
    """A hash of each parameter and fitted attribute: of values, types and dtypes."""
    return {name: joblib.hash(value) for name, value in vars(estimator).items()}


def answer(estimator):
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(X)
    return estimator.encode(X, "all")


def weights_of(folder):
    (file,) = folder.glob("*.safetensors")
    return file


@pytest.fixture
def folder(tmp_path):
    return FITTED.save_pretrained(tmp_path / "saved")


class TestLoaded:
    @pytest.mark.parametrize("name", ESTIMATORS)
    def test_it_is_the_same(self, name, tmp_path):
        estimator, fitting = ESTIMATORS[name]
        saved = clone(estimator).set_params(max_epochs=1).fit(X, **fitting)
        path = saved.save_pretrained(tmp_path / "deep" / "folder")
        assert path == tmp_path / "deep" / "folder"
        loaded = type(saved).from_pretrained(str(path))
        assert loaded.__dict__.pop("sampling_rate_") is None
        assert state(loaded) == state(saved)
        np.testing.assert_array_equal(answer(loaded), answer(saved))
        assert state(pickle.loads(pickle.dumps(loaded))) == state(saved)

    def test_it_can_be_fitted_again(self, tmp_path):
        loaded = load_pretrained(FITTED.save_pretrained(tmp_path, sampling_rate=64))
        refitted = clone(loaded).fit(X)
        np.testing.assert_array_equal(refitted.encode(X), loaded.encode(X))
        assert not hasattr(refitted, "sampling_rate_")

    def test_parameters_are_pythons_own_and_none_is_of_one_machine(self, tmp_path):
        local = {"memory": tmp_path / "memory", "checkpoint": tmp_path / "run", "device": "cpu"}
        random_state = np.random.RandomState(0)
        saved = tiny_pretrainer(**local, verbose=1, random_state=random_state).fit(X)
        saved.set_params(filters=(np.int64(9),), learning_rate=np.float32(0.5))  # of the next fit
        folder = saved.save_pretrained(tmp_path / "saved")
        assert str(tmp_path) not in (folder / "config.json").read_text()
        loaded = load_pretrained(folder)
        np.testing.assert_array_equal(loaded.encode(X), saved.encode(X))
        expected = {"filters": (9,), "learning_rate": 0.5, "random_state": None, "verbose": 0}
        expected |= {"memory": None, "checkpoint": None, "device": "auto"}
        assert {name: getattr(loaded, name) for name in expected} == expected
        assert (type(loaded.filters[0]), type(loaded.learning_rate)) == (int, float)
        assert load_pretrained(folder, device="cpu").device == "cpu"

    def test_recorded_noise_is_left_out(self, tmp_path):
        noise = np.random.default_rng(0).normal(size=99)
        saved = tiny_comparing(augmentation=RandomAugmentation(recorded_noise=noise)).fit(X)
        loaded = load_pretrained(saved.save_pretrained(tmp_path))
        assert loaded.augmentation.recorded_noise is loaded.augmentation_.recorded_noise is None
        np.testing.assert_array_equal(loaded.encode(X), saved.encode(X))

    def test_with_a_transformation_of_the_users(self, tmp_path):
        class Wobble(WindowTransform):
            _parameter_constraints: dict = {"depth": [float]}

            def __init__(self, depth=0.5):
                self.depth = depth

            def apply(self, windows, generator=None):
                return windows * (1 + self.depth * torch.linspace(0, 1, windows.shape[1]))

        saved = tiny_pretrainer(transforms=[("wobble", Wobble(0.25))]).fit(X)
        folder = saved.save_pretrained(tmp_path)
        with pytest.raises(UnreadableFileError, match=r"a 'Wobble', and only .*: classes=\[\.\.\."):
            load_pretrained(folder)
        loaded = PretextPretrainer.from_pretrained(folder, classes=[Wobble])
        assert loaded.transforms_[0][1].depth == 0.25
        np.testing.assert_array_equal(loaded.encode(X), saved.encode(X))

    @each_pretrainer
    def test_in_pipelines(self, tiny, tmp_path):
        saved = tiny(max_epochs=1).fit(X)
        folder = saved.save_pretrained(tmp_path, sampling_rate=64)
        embedder = SSLEmbedder(str(folder), sampling_rate=64)
        np.testing.assert_array_equal(embedder.fit(X[:5]).transform(X), saved.encode(X))
        scores = cross_val_score(make_pipeline(embedder, LogisticRegression()), X, Y, cv=3)
        frozen = make_pipeline(SSLEmbedder(FrozenEstimator(saved)), LogisticRegression())
        np.testing.assert_array_equal(scores, cross_val_score(frozen, X, Y, cv=3))
        model = tiny_ecg_classifier(folder, freeze="trunk", max_epochs=1).fit(X, Y)
        assert joblib.hash(model.pretrainer_.trunk_state()) == joblib.hash(saved.trunk_state())


class TestFile:
    def test_bfloat16_takes_half_the_bytes_and_rounds_weights_alone(self, tmp_path):
        labels = np.float32([257, 258])[Y]
        saved = tiny_ecg_classifier(max_epochs=1, hidden=(64, 64)).fit(X, labels)
        whole, half = (
            weights_of(saved.save_pretrained(tmp_path / dtype, dtype=dtype)).stat().st_size
            for dtype in ("float32", "bfloat16")
        )
        assert half < 0.6 * whole
        loaded = ECGClassifier.from_pretrained(tmp_path / "bfloat16")
        assert loaded.classes_.tolist() == [257, 258]
        for name, weights in loaded.state_.items():
            assert weights.dtype == np.float32
            np.testing.assert_allclose(weights, saved.state_[name], rtol=2**-8, atol=0)

    def test_the_same_gives_the_same_bytes(self, folder, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        again = load_pretrained("~/saved").save_pretrained("~/again")
        for file in folder.iterdir():
            assert file.read_bytes() == (again / file.name).read_bytes()


class TestSamplingRate:
    def test_it_stays_with_the_encoder(self, tmp_path):
        loaded = FITTED
        for given, expected in ((64, 64), (None, 64), (32, 32)):
            loaded = load_pretrained(loaded.save_pretrained(tmp_path, sampling_rate=given))
            assert loaded.sampling_rate_ == expected
        saved = tiny_ecg_classifier(tmp_path, "trunk", max_epochs=1).fit(X, Y)
        loaded = ECGClassifier.from_pretrained(saved.save_pretrained(tmp_path / "classifier"))
        assert loaded.sampling_rate_ == 32

    def test_it_is_that_of_the_windows_that_are_encoded(self, tmp_path):
        windows = waves(3, 2560)[0]
        saved = tiny_pretrainer(max_epochs=0).fit(windows)
        loaded = load_pretrained(saved.save_pretrained(tmp_path, sampling_rate=128))
        rhythm = loaded.encode(windows, aggregate="rhythm")
        told = loaded.encode(windows, aggregate="rhythm", sampling_rate=128)
        np.testing.assert_array_equal(told, rhythm)


def rewrite(change):
    """Change the configuration of a folder."""

    def rewritten(folder):
        config = json.loads((folder / "config.json").read_text())
        change(config)
        (folder / "config.json").write_text(json.dumps(config))

    return rewritten


def alter_last_byte(folder):
    content = bytearray(weights_of(folder).read_bytes())
    content[-1] ^= 1
    weights_of(folder).write_bytes(content)


FUNCTION = {"$tuple": ["x", {"$estimator": "os.system", "params": {}, "fitted": {}}]}

#: What happens to a folder, and what is said of it.
DAMAGES = {
    "truncated configuration": (
        lambda folder: os.truncate(folder / "config.json", 500), "cannot be read as JSON",
    ),
    "newer version": (
        rewrite(lambda config: config.update(format_version=2, package_version="9.8")),
        "of a newer version: sklearn_ecgssl 9.8 wrote it, .* Install a newer one",
    ),
    "no weights": (lambda folder: weights_of(folder).unlink(), "weights-.* is missing. Copy the"),
    "altered weights": (alter_last_byte, "is truncated or altered.* Copy the folder again"),
    "a function": (
        rewrite(lambda config: config["estimator"]["fitted"].update(transforms_=[FUNCTION])),
        "it holds a 'os.system', and only AddNoise, .* are expected",
    ),
}  # fmt: skip


class TestRefused:
    @pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=list(DAMAGES))
    def test_what_is_damaged(self, damage, message, folder):
        damage(folder)
        with pytest.raises(UnreadableFileError, match=message) as caught:
            load_pretrained(folder)
        assert str(folder) in str(caught.value)

    def test_another_estimator_or_none(self, folder, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"nowhere.config\.json"):
            PretextPretrainer.from_pretrained(tmp_path / "nowhere")
        message = "holds a 'PretextPretrainer', not a MaskedPretrainer. Use PretextPretrainer"
        with pytest.raises(UnreadableFileError, match=message):
            MaskedPretrainer.from_pretrained(folder)
        classifier = tiny_ecg_classifier(max_epochs=1).fit(X, Y).save_pretrained(tmp_path / "c")
        with pytest.raises(UnreadableFileError, match="a 'ECGClassifier', not a BasePretrainer"):
            SSLEmbedder(classifier).fit(X)

    def test_what_cannot_be_saved_is_not_written(self, tmp_path):
        path, fitted = tmp_path / "x", clone(FITTED).fit(X)
        with pytest.raises(ValueError, match="sampling_rate == .* must be > 0"):
            fitted.save_pretrained(path, sampling_rate=0)
        with pytest.raises(ValueError, match=r"dtype must be one of .* got 'float16'"):
            fitted.save_pretrained(path, dtype="float16")
        with pytest.raises(NotFittedError):
            tiny_pretrainer().save_pretrained(path)
        fitted.set_params(task_weights={"noise": lambda: 0})
        with pytest.raises(TypeError, match="task_weights/noise cannot be saved: it is a function"):
            fitted.save_pretrained(path)
        assert not path.exists()

    @pytest.mark.parametrize("content", ['{"model_type": "bert"}', "not even JSON"])
    def test_what_others_wrote_is_not_replaced(self, tmp_path, content):
        (tmp_path / "config.json").write_text(content)
        with pytest.raises(UnreadableFileError):
            FITTED.save_pretrained(tmp_path)
        assert (tmp_path / "config.json").read_text() == content
        assert not list(tmp_path.glob("weights*"))


class TestReplaced:
    """Wherever writing stops, the folder holds the old estimator or the new one."""

    def test_other_files_stay_and_old_weights_go(self, folder):
        (folder / "README.md").write_text("a model card")
        new = tiny_pretrainer(random_state=1).fit(X)
        new.save_pretrained(folder)
        np.testing.assert_array_equal(load_pretrained(folder).encode(X), new.encode(X))
        names = {file.name for file in folder.glob("[!.]*")}
        assert names == {"README.md", "config.json", weights_of(folder).name}

    @pytest.mark.parametrize("name", ["replace", "fsync"])
    def test_an_error_at_any_call(self, folder, monkeypatch, name):
        versions = [FITTED, tiny_pretrainer(random_state=1).fit(X)]
        function, calls, found = getattr(os, name), [], []
        for n_calls in range(6):

            def full(*args, n_calls=n_calls):
                calls.append(1)
                if len(calls) > n_calls:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return function(*args)

            FITTED.save_pretrained(folder)
            calls.clear()
            with monkeypatch.context() as patch, suppress(OSError):
                patch.setattr(os, name, full)
                versions[1].save_pretrained(folder)
            loaded = load_pretrained(folder)
            found.append(loaded.random_state)
            np.testing.assert_equal(loaded.state_, versions[found[-1]].state_)
            assert not list(folder.glob(".*.tmp"))
        assert found == sorted(found)
        assert (found[0], found[-1]) == (0, 1)

    @pytest.mark.slow
    def test_killed_at_any_step(self):
        found = killed("save")
        assert found["killed at a step"] >= 10
        assert found["old"] > 5
        assert found["new"] > 2
        assert found["old"] + found["new"] == found["saved again"] == found["killed at a step"] + 1
