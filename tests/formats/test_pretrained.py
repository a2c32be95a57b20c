"""Saved and loaded, an estimator is the same; a folder that does not fit together is refused."""

import json
import pickle
import threading

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import sklearn_ecgssl
from sklearn_ecgssl import UnreadableFileError
from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.formats import _folder, write_folder
from sklearn_ecgssl.pretext import MaskedPretrainer, PretextPretrainer, load_pretrained
from sklearn_ecgssl.pretext._base import BasePretrainer
from sklearn_ecgssl.transforms import AddNoise, Negate, Scale, WindowTransform
from tests.tiny import each_pretrainer, tiny_ecg_classifier, tiny_masked, tiny_pretrainer, waves

X, Y = waves(24)


class Wobble(WindowTransform):
    """A transformation of the user's own."""

    _parameter_constraints: dict = {"depth": [float]}

    def __init__(self, depth=0.5):
        self.depth = depth

    def apply(self, windows, generator=None):
        return windows * (1 + self.depth * torch.linspace(0, 1, windows.shape[1]))


def fitted_of(estimator):
    return {
        name: value
        for name, value in vars(estimator).items()
        if name.endswith("_") and name != "sampling_rate_"
    }


def same_value(one, other):
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, (list, tuple)):
        assert type(one) is type(other)
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            same_value(*pair)
    elif isinstance(one, dict):
        assert list(one) == list(other) or set(one) == set(other)
        for name, value in one.items():
            same_value(value, other[name])
    elif hasattr(one, "get_params"):
        same_estimator(one, other)
    else:
        assert one == other
        assert type(one) is type(other)


def same_estimator(one, other, local=False):
    assert type(one) is type(other)
    params, others = one.get_params(deep=False), other.get_params(deep=False)
    for name in getattr(one, "_local_parameters", ()):
        params.pop(name, None), others.pop(name, None)
    same_value(params, others)
    same_value(fitted_of(one), fitted_of(other))


def config_of(folder):
    return json.loads((folder / "config.json").read_text())


def rewrite(folder, change):
    """Change a configuration and sign it again, as a forger would."""
    config = config_of(folder)
    change(config)
    config["config_sha256"] = _folder._config_checksum(config)
    (folder / "config.json").write_text(json.dumps(config))


@each_pretrainer
class TestPretrainer:
    def test_loaded_it_is_the_same(self, tiny, tmp_path):
        saved = tiny(validation_fraction=0.3, patience=2).fit(X)
        assert saved.save_pretrained(tmp_path / "deep" / "folder") == tmp_path / "deep" / "folder"
        loaded = type(saved).from_pretrained(str(tmp_path / "deep" / "folder"))
        same_estimator(saved, loaded)
        for layer in saved.layer_names():
            np.testing.assert_array_equal(saved.encode(X, layer), loaded.encode(X, layer))
        assert saved.score(X) == loaded.score(X)
        same_estimator(load_pretrained(tmp_path / "deep" / "folder"), saved)

    def test_it_can_be_used_as_any_other(self, tiny, tmp_path):
        loaded = load_pretrained(tiny().fit(X).save_pretrained(tmp_path))
        same_estimator(pickle.loads(pickle.dumps(loaded)), loaded)
        refitted = clone(loaded).fit(X)
        same_value(refitted.state_, loaded.state_)
        loaded.fit(X[:12])
        assert not hasattr(loaded, "sampling_rate_")

    def test_untrained(self, tiny, tmp_path):
        saved = tiny(max_epochs=0).fit(X)
        same_estimator(load_pretrained(saved.save_pretrained(tmp_path)), saved)

    def test_parameters_of_one_machine_are_left_out(self, tiny, tmp_path):
        saved = tiny(memory=tmp_path / "m", checkpoint=tmp_path / "c", verbose=1, device="cpu")
        folder = saved.fit(X).save_pretrained(tmp_path / "saved")
        written = set(config_of(folder)["parameters"])
        assert not written & {"memory", "checkpoint", "device"}
        loaded = load_pretrained(folder)
        assert (loaded.memory, loaded.checkpoint, loaded.verbose) == (None, None, 0)
        assert loaded.device == "auto"
        assert load_pretrained(folder, device="cpu").device == "cpu"

    def test_what_a_reader_wants_to_know_is_in_the_configuration(self, tiny, tmp_path):
        saved = tiny().fit(X)
        config = config_of(saved.save_pretrained(tmp_path, sampling_rate=32))
        assert config["class"] == type(saved).__name__
        assert config["package_version"] == sklearn_ecgssl.__version__
        assert config["n_times"] == X.shape[1]
        assert config["sampling_rate"] == 32
        assert config["window_length"] == X.shape[1] / 32
        assert config["training"] == {"n_epochs": 2, "last_epoch": saved.history_[-1]}
        assert config["parameters"]["batch_size"] == 4
        assert config.get("task_names") == getattr(saved, "task_names_", None)

    def test_the_sampling_rate_stays_with_it(self, tiny, tmp_path):
        loaded = load_pretrained(tiny().fit(X).save_pretrained(tmp_path, sampling_rate=64))
        assert loaded.sampling_rate_ == 64
        again = load_pretrained(loaded.save_pretrained(tmp_path))
        assert again.sampling_rate_ == 64
        assert config_of(again.save_pretrained(tmp_path, sampling_rate=32))["sampling_rate"] == 32

    def test_the_sampling_rate_is_that_of_its_windows(self, tiny, tmp_path):
        windows = waves(3, 2560)[0]
        folder = tiny(max_epochs=0).fit(windows).save_pretrained(tmp_path, sampling_rate=128)
        loaded, ways = load_pretrained(folder), ["rhythm"]
        rhythm = loaded.encode(windows, aggregate=ways)
        told = loaded.encode(windows, aggregate=ways, sampling_rate=128)
        np.testing.assert_array_equal(told, rhythm)
        del loaded.sampling_rate_
        assert np.abs(loaded.encode(windows, aggregate=ways) - rhythm).max() > 0.01
        with pytest.raises(ValueError, match=r"20 s at 128 Hz\), these have 2560 samples \(10 s"):
            load_pretrained(folder).encode(windows, sampling_rate=256)

    @pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), "256", True])
    def test_sampling_rates_that_are_none(self, tiny, tmp_path, rate):
        with pytest.raises(ValueError, match="sampling_rate must be a number of Hz above 0"):
            tiny().fit(X).save_pretrained(tmp_path, sampling_rate=rate)
        assert list(tmp_path.iterdir()) == []

    def test_unfitted(self, tiny, tmp_path):
        with pytest.raises(NotFittedError):
            tiny().save_pretrained(tmp_path)

    def test_by_the_other_class(self, tiny, tmp_path):
        saved = tiny().fit(X)
        saved.save_pretrained(tmp_path)
        name = type(saved).__name__
        for other in {PretextPretrainer, MaskedPretrainer, ECGClassifier} - {type(saved)}:
            with pytest.raises(
                UnreadableFileError, match=f"holds a '{name}', not a {other.__name__}"
            ):
                other.from_pretrained(tmp_path)

    def test_frozen_in_pipelines_by_its_folder(self, tiny, tmp_path):
        saved = tiny().fit(X)
        folder = saved.save_pretrained(tmp_path, sampling_rate=64)
        embedder = SSLEmbedder(str(folder), sampling_rate=64)
        np.testing.assert_array_equal(embedder.fit(X[:5]).transform(X), saved.encode(X))
        assert embedder.pretrainer == str(folder)
        pipe = make_pipeline(embedder, LogisticRegression())
        scores = cross_val_score(pipe, X, Y, cv=3, n_jobs=2, error_score="raise")
        frozen = make_pipeline(SSLEmbedder(FrozenEstimator(saved)), LogisticRegression())
        np.testing.assert_array_equal(scores, cross_val_score(frozen, X, Y, cv=3))
        model = tiny_ecg_classifier(folder, freeze="trunk").fit(X, Y)
        same_value(model.pretrainer_.trunk_state(), saved.trunk_state())

    def test_an_embedder_wants_the_rate_that_was_saved(self, tiny, tmp_path):
        folder = tiny().fit(X).save_pretrained(tmp_path, sampling_rate=64)
        with pytest.raises(ValueError, match=r"1 s at 64 Hz\), these have .*Resampler\(256, 64\)"):
            SSLEmbedder(folder).fit(X)
        with pytest.raises(ValueError, match="64 samples .*these have 32 samples .*Segmenter"):
            SSLEmbedder(folder, sampling_rate=64).fit(X[:, :32])


class TestValues:
    """Parameters come back as what they were."""

    @pytest.mark.parametrize(
        "params",
        [
            {"filters": [3, 4], "kernel_sizes": np.array([8, 4])},
            {"filters": (np.int64(3), 4), "learning_rate": np.float64(0.01)},
            {"task_weights": {"noise": 0.5}},
            {"task_weights": np.linspace(0.1, 0.7, 7)},
            {"transforms": [("noise", AddNoise(snr_db=3)), ("x", "drop"), ("scale", Scale(2.0))]},
            {"noise": "drop", "scale__factor": 0.5},
            {"noise__random_state": 3, "random_state": None},
        ],
    )
    def test_parameters(self, tmp_path, params):
        saved = tiny_pretrainer().set_params(**params).fit(X)
        loaded = load_pretrained(saved.save_pretrained(tmp_path))
        assert repr(loaded.get_params()).replace("np.int64(3)", "3").replace(
            "np.float64(0.01)", "0.01"
        ) == repr({**saved.get_params(), "device": "auto"}).replace("np.int64(3)", "3").replace(
            "np.float64(0.01)", "0.01"
        )
        np.testing.assert_array_equal(loaded.encode(X), saved.encode(X))

    def test_a_random_stream_is_not_kept(self, tmp_path):
        saved = tiny_pretrainer(random_state=np.random.RandomState(0)).fit(X)
        assert load_pretrained(saved.save_pretrained(tmp_path)).random_state is None

    def test_parameters_changed_after_fit(self, tmp_path):
        saved = tiny_pretrainer().fit(X).set_params(filters=(9,), max_epochs=7)
        loaded = load_pretrained(saved.save_pretrained(tmp_path))
        assert loaded.filters == (9,)
        np.testing.assert_array_equal(loaded.encode(X), saved.encode(X))

    def test_what_cannot_be_saved_is_named_and_nothing_is_written(self, tmp_path):
        saved = tiny_pretrainer().fit(X)
        saved.task_weights = {"noise": lambda: 0}
        with pytest.raises(TypeError, match="task_weights/noise cannot be saved: it is a function"):
            saved.save_pretrained(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_own_transformations_need_their_class(self, tmp_path):
        saved = tiny_pretrainer(transforms=[("wobble", Wobble(0.25)), ("negate", Negate())]).fit(X)
        folder = saved.save_pretrained(tmp_path)
        with pytest.raises(UnreadableFileError, match=r"a 'Wobble', and only .*classes=\[\.\.\.\]"):
            load_pretrained(folder)
        loaded = PretextPretrainer.from_pretrained(folder, classes=[Wobble])
        same_estimator(loaded, saved)
        assert loaded.transforms_[0][1].depth == 0.25

    def test_a_class_by_any_other_name_is_not_imported(self, tmp_path):
        folder = tiny_pretrainer().fit(X).save_pretrained(tmp_path)
        for name in ("Pipeline", "os.system", "FrozenEstimator", ["AddNoise"], None):
            pair = {"$tuple": ["noise", {"$estimator": name, "parameters": {}, "fitted": {}}]}
            rewrite(folder, lambda c, pair=pair: c["fitted"].update(transforms_=[pair]))
            with pytest.raises(UnreadableFileError, match="cannot be used"):
                load_pretrained(folder)

    def test_attributes_that_fit_would_not_set(self, tmp_path):
        folder = tiny_pretrainer().fit(X).save_pretrained(tmp_path)
        for name in ("encode", "__class__", "_private_", "set_params"):
            rewrite(folder, lambda c, name=name: c["fitted"].update({name: 3}))
            with pytest.raises(UnreadableFileError, match=f"{name}' is no fitted attribute"):
                load_pretrained(folder)
            rewrite(folder, lambda c, name=name: c["fitted"].pop(name))
        load_pretrained(folder)


class TestClassifier:
    @pytest.mark.parametrize("tiny", [None, tiny_pretrainer, tiny_masked])
    @pytest.mark.parametrize("freeze", [None, "trunk"])
    @pytest.mark.parametrize("frozen", [False, True])
    def test_loaded_it_is_the_same(self, tiny, freeze, frozen, tmp_path):
        pretrainer = None if tiny is None else tiny()
        if frozen and pretrainer is not None:
            pretrainer = FrozenEstimator(pretrainer.fit(X))
        saved = tiny_ecg_classifier(pretrainer, freeze, max_epochs=2).fit(X, Y)
        loaded = ECGClassifier.from_pretrained(saved.save_pretrained(tmp_path))
        same_estimator(saved, loaded)
        np.testing.assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))

    def test_weights_that_are_shared_are_saved_once(self, tmp_path):
        frozen = FrozenEstimator(tiny_pretrainer().fit(X))
        saved = tiny_ecg_classifier(frozen).fit(X, Y)
        size = (saved.save_pretrained(tmp_path) / "weights.safetensors").stat().st_size
        once = sum(array.nbytes for m in (saved, frozen) for array in m.state_.values())
        assert size < 1.5 * once + 8192

    @pytest.mark.parametrize(
        ("labels", "dtype"),
        [
            (["rest", "stress"], None), (["rest", "stress"], object), (["ä", "β", "c"], "<U40"),
            ([0, 1], None), ([3, 1, 2], np.uint8), ([True, False], None), ([-1.0, 2.0], None),
        ],
    )  # fmt: skip
    def test_labels_of_any_kind(self, labels, dtype, tmp_path):
        y = np.resize(np.array(labels, dtype=dtype), len(X))
        saved = tiny_ecg_classifier(max_epochs=1).fit(X, y)
        loaded = ECGClassifier.from_pretrained(saved.save_pretrained(tmp_path))
        assert loaded.classes_.dtype == saved.classes_.dtype
        assert loaded.predict(X).tolist() == saved.predict(X).tolist()
        assert config_of(tmp_path)["classes"] == saved.classes_.tolist()

    def test_class_weights_of_any_label(self, tmp_path):
        saved = tiny_ecg_classifier(max_epochs=1, class_weight={0: 1.0, 1: 2.0}).fit(X, Y)
        loaded = ECGClassifier.from_pretrained(saved.save_pretrained(tmp_path))
        assert loaded.class_weight == {0: 1.0, 1: 2.0}

    def test_from_the_folder_of_a_pretrainer(self, tmp_path):
        folder = tiny_pretrainer().fit(X).save_pretrained(tmp_path / "pretrainer")
        saved = tiny_ecg_classifier(folder, max_epochs=1).fit(X, Y)
        saved.save_pretrained(tmp_path / "classifier")
        for file in folder.iterdir():
            file.unlink()
        loaded = ECGClassifier.from_pretrained(tmp_path / "classifier")
        np.testing.assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))

    def test_the_sampling_rate_is_its_pretrainers(self, tmp_path):
        pretrainer = tiny_pretrainer().fit(X).save_pretrained(tmp_path / "1", sampling_rate=32)
        model = tiny_ecg_classifier(pretrainer, "trunk", max_epochs=1).fit(X, Y)
        assert config_of(model.save_pretrained(tmp_path / "2"))["sampling_rate"] == 32
        assert (
            config_of(model.save_pretrained(tmp_path / "3", sampling_rate=64))["sampling_rate"]
            == 64
        )

    def test_it_is_no_pretrainer(self, tmp_path):
        folder = tiny_ecg_classifier(max_epochs=1).fit(X, Y).save_pretrained(tmp_path)
        with pytest.raises(UnreadableFileError, match="holds a 'ECGClassifier', not a pretrainer"):
            SSLEmbedder(folder).fit(X)


def test_in_threads(tmp_path):
    saved = [tiny_pretrainer(random_state=seed).fit(X) for seed in range(4)]
    wrong = []

    def save_and_load(i):
        for _ in range(5):
            loaded = load_pretrained(saved[i].save_pretrained(tmp_path / str(i)))
            if not np.array_equal(loaded.encode(X), saved[i].encode(X)):
                wrong.append(i)

    threads = [threading.Thread(target=save_and_load, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_base_class_names_what_it_can_load(tmp_path):
    write_folder(tmp_path, "pretrained", {"class": "BasePretrainer"}, {"x": np.ones(1)})
    with pytest.raises(UnreadableFileError, match="holds a 'BasePretrainer', not a pretrainer"):
        load_pretrained(tmp_path)
    assert issubclass(PretextPretrainer, BasePretrainer)


sizes = st.lists(st.integers(1, 5), min_size=1, max_size=2)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    filters=sizes,
    tuples=st.booleans(),
    dropped=st.sets(st.sampled_from(["noise", "scale", "negate", "flip", "permute"])),
    head=st.lists(st.integers(1, 4), max_size=2).map(tuple),
    others=st.fixed_dictionaries(
        {
            "l2": st.floats(0, 1),
            "learning_rate": st.floats(1e-6, 1e-2),
            "batch_size": st.integers(1, 30),
            "max_epochs": st.integers(0, 1),
            "patience": st.none() | st.integers(1, 3),
            "random_state": st.none() | st.integers(0, 2**32 - 1),
        }
    ),
)
def test_whatever_was_fitted_comes_back(tmp_path, filters, tuples, dropped, head, others):
    filters = tuple(filters) if tuples else filters
    saved = tiny_pretrainer(
        filters=filters, kernel_sizes=[3] * len(filters), head_hidden=head, **others
    )
    saved.set_params(**dict.fromkeys(dropped, "drop")).fit(X)
    loaded = load_pretrained(saved.save_pretrained(tmp_path / "folder"))
    same_estimator(saved, loaded)
    np.testing.assert_array_equal(saved.encode(X, "all"), loaded.encode(X, "all"))
