"""Saved and loaded, an estimator is the same; what cannot be used is refused, and says why."""

import errno
import json
import os
import pickle
import subprocess
import sys
import threading

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
from sklearn_ecgssl.transforms import AddNoise, WindowTransform
from tests.checkout import checkout
from tests.tiny import each_pretrainer, tiny_ecg_classifier, tiny_masked, tiny_pretrainer, waves

X, Y = waves(24)
GROUPS = np.arange(24) // 4
BY_SUBJECT = {"validation_fraction": 0.3, "patience": 2}

#: Estimators, and what they are fitted on besides windows.
ESTIMATORS = {
    "recognition": (tiny_pretrainer(**BY_SUBJECT), {"groups": GROUPS}),
    "masked": (tiny_masked(**BY_SUBJECT), {"groups": GROUPS}),
    "untrained": (tiny_pretrainer(max_epochs=0), {}),
    "dropped": (tiny_pretrainer(head_hidden=[4]).set_params(noise="drop", scale__factor=0.5), {}),
    "renamed": (tiny_pretrainer(transforms=[("a", AddNoise(snr_db=3)), ("b", "drop")]), {}),
    "weights by name": (tiny_pretrainer(task_weights={"noise": 0.5}, random_state=None), {}),
    "weights as an array": (tiny_pretrainer(task_weights=np.linspace(0.1, 0.7, 7)), {}),
    "supervised": (tiny_ecg_classifier(max_epochs=2), {"y": Y}),
    "transfer": (tiny_ecg_classifier(tiny_masked(), "trunk", aggregate=["cls", "max"]), {"y": Y}),
    "fine-tuned": (tiny_ecg_classifier(FrozenEstimator(tiny_pretrainer().fit(X))), {"y": Y}),
    "words": (tiny_ecg_classifier(), {"y": np.array(["rest", "stress"])[Y]}),
    "objects": (tiny_ecg_classifier(), {"y": np.array(["rest", "stress"], dtype=object)[Y]}),
    "bytes": (tiny_ecg_classifier(class_weight={3: 2.0, 1: 1.0}), {"y": np.uint8([3, 1])[Y]}),
    "booleans": (tiny_ecg_classifier(class_weight="balanced"), {"y": Y == 1}),
}  # fmt: skip


class Wobble(WindowTransform):
    """A transformation of the user's own."""

    _parameter_constraints: dict = {"depth": [float]}

    def __init__(self, depth=0.5):
        self.depth = depth

    def apply(self, windows, generator=None):
        return windows * (1 + self.depth * torch.linspace(0, 1, windows.shape[1]))


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
    return tiny_pretrainer().fit(X).save_pretrained(tmp_path / "saved")


@pytest.mark.parametrize("name", ESTIMATORS)
def test_loaded_it_is_the_same(name, tmp_path):
    estimator, fitting = ESTIMATORS[name]
    saved = clone(estimator).fit(X, **fitting)
    path = saved.save_pretrained(tmp_path / "deep" / "folder")
    assert path == tmp_path / "deep" / "folder"
    loaded = type(saved).from_pretrained(str(path))
    assert loaded.__dict__.pop("sampling_rate_") is None
    assert state(loaded) == state(saved)
    np.testing.assert_array_equal(answer(loaded), answer(saved))
    assert state(pickle.loads(pickle.dumps(loaded))) == state(saved)


@each_pretrainer
def test_it_can_be_fitted_again(tiny, tmp_path):
    loaded = load_pretrained(tiny().fit(X).save_pretrained(tmp_path, sampling_rate=64))
    refitted = clone(loaded).fit(X)
    np.testing.assert_array_equal(refitted.encode(X), loaded.encode(X))
    assert not hasattr(refitted, "sampling_rate_")


def test_parameters_changed_after_fit(tmp_path):
    saved = tiny_pretrainer().fit(X).set_params(filters=(9,), max_epochs=7)
    loaded = load_pretrained(saved.save_pretrained(tmp_path))
    assert (loaded.filters, loaded.max_epochs) == ((9,), 7)
    np.testing.assert_array_equal(loaded.encode(X), saved.encode(X))


def test_numpy_numbers_become_pythons_and_a_random_stream_nothing(tmp_path):
    saved = tiny_pretrainer(
        filters=(np.int64(3), 4),
        learning_rate=np.float32(0.5),
        random_state=np.random.RandomState(0),
    ).fit(X)
    loaded = load_pretrained(saved.save_pretrained(tmp_path))
    assert (loaded.filters, loaded.learning_rate, loaded.random_state) == ((3, 4), 0.5, None)
    assert {type(value) for value in (*loaded.filters, loaded.learning_rate)} == {int, float}


def test_parameters_of_one_machine_are_left_out(tmp_path):
    saved = tiny_pretrainer(
        memory=tmp_path / "memory", checkpoint=tmp_path / "checkpoint", device="cpu", verbose=1
    ).fit(X)
    folder = saved.save_pretrained(tmp_path / "saved")
    loaded = load_pretrained(folder)
    assert (loaded.memory, loaded.checkpoint, loaded.device, loaded.verbose) == (
        None, None, "auto", 0,
    )  # fmt: skip
    assert load_pretrained(folder, device="cpu").device == "cpu"
    assert str(tmp_path) not in (folder / "config.json").read_text()


def test_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tiny_pretrainer().fit(X).save_pretrained("~/mine") == tmp_path / "mine"
    assert PretextPretrainer.from_pretrained("~/mine").encode(X).shape == (24, 4)


def test_bfloat16_rounds_weights_alone(tmp_path):
    labels = np.float32([257, 258])[np.arange(len(X)) % 2]
    tiny_ecg_classifier(max_epochs=1).fit(X, labels).save_pretrained(tmp_path, dtype="bfloat16")
    assert ECGClassifier.from_pretrained(tmp_path).classes_.tolist() == [257, 258]


def test_bfloat16_takes_half_the_bytes(tmp_path):
    saved = tiny_pretrainer(head_hidden=(64, 64)).fit(X)
    sizes = {}
    for dtype in ("float32", "bfloat16"):
        saved.save_pretrained(tmp_path / dtype, dtype=dtype)
        sizes[dtype] = weights_of(tmp_path / dtype).stat().st_size
    assert sizes["bfloat16"] < 0.6 * sizes["float32"]
    loaded = load_pretrained(tmp_path / "bfloat16")
    for name, weights in loaded.state_.items():
        assert weights.dtype == np.float32
        np.testing.assert_allclose(weights, saved.state_[name], rtol=2**-8, atol=0)


def test_weights_that_are_shared_are_saved_once(tmp_path):
    frozen = FrozenEstimator(tiny_pretrainer(head_hidden=(64, 64)).fit(X))
    saved = tiny_ecg_classifier(frozen, max_epochs=1).fit(X, Y)
    size = weights_of(saved.save_pretrained(tmp_path)).stat().st_size
    once = sum(array.nbytes for model in (saved, frozen) for array in model.state_.values())
    assert once < size < 1.2 * once + 8192


def test_the_same_gives_the_same_bytes(tmp_path):
    saved = tiny_pretrainer().fit(X)
    first, second = (saved.save_pretrained(tmp_path / name) for name in "ab")
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()


class TestSamplingRate:
    @each_pretrainer
    def test_it_stays_with_the_encoder(self, tiny, tmp_path):
        loaded = load_pretrained(tiny().fit(X).save_pretrained(tmp_path, sampling_rate=64))
        assert loaded.sampling_rate_ == 64
        loaded = load_pretrained(loaded.save_pretrained(tmp_path))
        assert loaded.sampling_rate_ == 64
        loaded = load_pretrained(loaded.save_pretrained(tmp_path, sampling_rate=32))
        assert loaded.sampling_rate_ == 32

    def test_a_classifier_has_its_pretrainers(self, tmp_path):
        pretrainer = tiny_pretrainer().fit(X).save_pretrained(tmp_path / "1", sampling_rate=32)
        saved = tiny_ecg_classifier(pretrainer, "trunk", max_epochs=1).fit(X, Y)
        loaded = ECGClassifier.from_pretrained(saved.save_pretrained(tmp_path / "2"))
        assert loaded.sampling_rate_ == 32

    def test_it_is_that_of_the_windows_that_are_encoded(self, tmp_path):
        windows = waves(3, 2560)[0]
        saved = tiny_pretrainer(max_epochs=0).fit(windows)
        loaded = load_pretrained(saved.save_pretrained(tmp_path, sampling_rate=128))
        rhythm = loaded.encode(windows, aggregate="rhythm")
        told = loaded.encode(windows, aggregate="rhythm", sampling_rate=128)
        np.testing.assert_array_equal(told, rhythm)
        with pytest.raises(ValueError, match=r"20 s at 128 Hz\), these have 2560 samples \(10 s"):
            loaded.encode(windows, sampling_rate=256)


@each_pretrainer
def test_a_folder_in_pipelines(tiny, tmp_path):
    saved = tiny().fit(X)
    folder = saved.save_pretrained(tmp_path, sampling_rate=64)
    embedder = SSLEmbedder(str(folder), sampling_rate=64)
    np.testing.assert_array_equal(embedder.fit(X[:5]).transform(X), saved.encode(X))
    scores = cross_val_score(make_pipeline(embedder, LogisticRegression()), X, Y, cv=3)
    frozen = make_pipeline(SSLEmbedder(FrozenEstimator(saved)), LogisticRegression())
    np.testing.assert_array_equal(scores, cross_val_score(frozen, X, Y, cv=3))
    model = tiny_ecg_classifier(folder, freeze="trunk").fit(X, Y)
    assert joblib.hash(model.pretrainer_.trunk_state()) == joblib.hash(saved.trunk_state())


def shorten(name, n_bytes):
    return lambda folder: os.truncate(next(folder.glob(name)), n_bytes)


def alter_last_byte(folder):
    content = bytearray(weights_of(folder).read_bytes())
    content[-1] ^= 1
    weights_of(folder).write_bytes(content)


def rewrite(change):
    def rewritten(folder):
        config = json.loads((folder / "config.json").read_text())
        change(config, config["estimator"]["params"], config["estimator"]["fitted"])
        (folder / "config.json").write_text(json.dumps(config))

    return rewritten


def hold(name):
    """Put an estimator of another class into the configuration."""
    pair = {"$tuple": ["x", {"$estimator": name, "params": {}, "fitted": {}}]}
    return rewrite(lambda config, params, fitted: fitted.update(transforms_=[pair]))


#: What happens to a folder, and what is said of it.
DAMAGES = {
    "empty configuration": (shorten("config.json", 0), "cannot be read as JSON: .*get it again"),
    "truncated configuration": (shorten("config.json", 500), "cannot be read as JSON"),
    "another program": (
        lambda f: (f / "config.json").write_text('{"model_type": "bert"}'), "of another program",
    ),
    "a list": (lambda f: (f / "config.json").write_text("[]"), "is of another program"),
    "newer version": (
        rewrite(lambda config, *_: config.update(format_version=2, package_version="9.8")),
        "of a newer version: sklearn_ecgssl 9.8 wrote it, .* Install a newer one",
    ),
    "no weights": (lambda f: weights_of(f).unlink(), "weights-.* is missing. Copy the whole"),
    "empty weights": (shorten("*.safetensors", 0), "truncated or altered.* Copy the folder again"),
    "truncated weights": (shorten("*.safetensors", 300), "is truncated or altered"),
    "altered weights": (alter_last_byte, "is truncated or altered"),
    "another network": (
        rewrite(lambda _, params, fitted: fitted["architecture_"].update(filters=[3, 6])),
        r"cannot be read: .*\n.*size mismatch",
    ),
    "another parameter": (
        rewrite(lambda _, params, fitted: params.update(depth=3)),
        "cannot be read: .*unexpected keyword argument 'depth'",
    ),
    "a class of scikit-learn": (hold("Pipeline"), "a 'Pipeline', and only AddNoise, .* are expect"),
    "a function": (hold("os.system"), "it holds a 'os.system', and only"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=list(DAMAGES))
def test_what_cannot_be_used_is_refused(damage, message, folder):
    damage(folder)
    with pytest.raises(UnreadableFileError, match=message) as caught:
        load_pretrained(folder)
    assert str(folder) in str(caught.value)


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.config\.json"):
        PretextPretrainer.from_pretrained(tmp_path / "nowhere")


def test_another_estimator(folder, tmp_path):
    for other in (MaskedPretrainer, ECGClassifier):
        message = f"holds a 'PretextPretrainer', not a {other.__name__}. Use PretextPretrainer"
        with pytest.raises(UnreadableFileError, match=message):
            other.from_pretrained(folder)
    classifier = tiny_ecg_classifier(max_epochs=1).fit(X, Y).save_pretrained(tmp_path / "c")
    with pytest.raises(UnreadableFileError, match="holds a 'ECGClassifier', not a BasePretrainer"):
        SSLEmbedder(classifier).fit(X)


def test_own_transformations_need_their_class(tmp_path):
    saved = tiny_pretrainer(transforms=[("wobble", Wobble(0.25))]).fit(X)
    folder = saved.save_pretrained(tmp_path)
    with pytest.raises(UnreadableFileError, match=r"a 'Wobble', and only .*: classes=\[\.\.\.\]"):
        load_pretrained(folder)
    loaded = PretextPretrainer.from_pretrained(folder, classes=[Wobble])
    assert loaded.transforms_[0][1].depth == 0.25
    np.testing.assert_array_equal(loaded.encode(X), saved.encode(X))


def test_what_cannot_be_saved_is_not_written(tmp_path):
    path, fitted = tmp_path / "x", tiny_pretrainer().fit(X)
    for rate in (0, -1):
        with pytest.raises(ValueError, match="sampling_rate == .* must be > 0"):
            fitted.save_pretrained(path, sampling_rate=rate)
    with pytest.raises(ValueError, match=r"dtype must be one of .* got 'float16'"):
        fitted.save_pretrained(path, dtype="float16")
    with pytest.raises(NotFittedError):
        tiny_pretrainer().save_pretrained(path)
    fitted.set_params(task_weights={"noise": lambda: 0})
    with pytest.raises(TypeError, match="task_weights/noise cannot be saved: it is a function"):
        fitted.save_pretrained(path)
    assert not path.exists()


@pytest.mark.parametrize("content", ['{"model_type": "bert"}', "not even JSON"])
def test_what_others_wrote_is_not_replaced(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(UnreadableFileError):
        tiny_pretrainer().fit(X).save_pretrained(tmp_path)
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
        old, new = load_pretrained(folder), tiny_pretrainer(random_state=1).fit(X)
        function, loaded = getattr(os, name), []
        for failing in range(6):
            calls = []

            def fail(*args, calls=calls, failing=failing):
                calls.append(args)
                if len(calls) > failing:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return function(*args)

            old.save_pretrained(folder)
            monkeypatch.setattr(os, name, fail)
            try:
                new.save_pretrained(folder)
            except OSError:
                loaded.append(load_pretrained(folder).encode(X))
            monkeypatch.undo()
            assert not list(folder.glob(".*.tmp"))
        np.testing.assert_array_equal(loaded[0], old.encode(X))
        for features in loaded:
            assert any(np.array_equal(features, one.encode(X)) for one in (old, new))

    @pytest.mark.slow
    def test_killed_at_any_step(self):
        run = subprocess.run(
            [sys.executable, "-m", "tests.killing", "save"],
            cwd=checkout(),
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        found = json.loads(run.stdout)
        n_kills = found["killed at a step"]
        assert n_kills >= 10
        assert found["old"] > 5
        assert found["new"] > 2
        assert found["old"] + found["new"] == found["saved again"] == n_kills + 1

    def test_readers_and_two_writers(self, folder):
        done, wrong = threading.Event(), []

        def write(seed):
            one = tiny_pretrainer(random_state=seed).fit(X)
            for _ in range(30):
                one.state_ = {name: 0.9 * array for name, array in one.state_.items()}
                one.save_pretrained(folder)

        def read():
            while not done.is_set():
                try:
                    load_pretrained(folder)
                except UnreadableFileError as error:
                    wrong.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        writers = [threading.Thread(target=write, args=(seed,)) for seed in range(2)]
        for thread in (*readers, *writers):
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        for thread in readers:
            thread.join()
        assert wrong == []
        load_pretrained(folder)
