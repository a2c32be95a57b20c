import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.pretext._loss import RecognitionLoss
from sklearn_ecgssl.transforms import AddNoise, Negate, Scale
from tests.tiny import tiny_pretrainer

TASKS = ["original", "noise", "scale", "negate", "flip", "permute", "warp"]


@pytest.fixture
def windows():
    return np.random.default_rng(0).normal(size=(10, 64)).astype(np.float32)


def test_defaults_are_the_constants_of_the_paper():
    params = PretextPretrainer().get_params(deep=False)
    expected = {
        "filters": (32, 64, 128), "kernel_sizes": (32, 16, 8), "convs_per_block": 2,
        "pool_size": 8, "pool_stride": 2, "activation": "leaky_relu", "negative_slope": 0.2,
        "head_hidden": (128, 128), "head_dropout": 0.6, "l2": 1e-4, "learning_rate": 1e-3,
        "lr_decay": 0.9, "lr_decay_steps": 10_000, "max_epochs": 100, "batch_size": 128,
    }  # fmt: skip
    assert {name: params[name] for name in expected} == expected


def test_default_network_has_the_papers_size():
    pretrainer = PretextPretrainer()
    pretrainer.architecture_ = pretrainer._architecture()
    module = pretrainer._build_module()
    assert sum(p.numel() for p in module.parameters()) == 561_223


def test_default_task_weights_are_those_of_the_paper():
    assert PretextPretrainer()._task_weights() == [0.195] * 3 + [0.0125] * 2 + [0.195] * 2


def test_loss_by_hand():
    names, weights = ["original", "negate", "scale"], [0.5, 2.0, 0.1]
    logits = np.random.default_rng(0).normal(size=(6, 3))
    labels = np.array([0, 0, 1, 1, 2, 2])
    losses, accuracies = [], []
    for task in range(3):
        applied = labels == task
        p = 1 / (1 + np.exp(-logits[:, task]))
        losses.append(-np.mean(np.where(applied, np.log(p), np.log(1 - p))))
        accuracies.append(np.mean((p > 0.5) == applied))
    criterion = RecognitionLoss(names, weights)
    arguments = torch.tensor(logits), torch.tensor(labels)
    metrics = dict(zip(criterion.metric_names, criterion.metrics(*arguments), strict=True))
    for name, loss, accuracy in zip(names, losses, accuracies, strict=True):
        assert float(metrics[f"{name}_loss"]) == pytest.approx(loss)
        assert float(metrics[f"{name}_accuracy"]) == pytest.approx(accuracy)
    logits_32 = torch.tensor(logits, dtype=torch.float32)
    assert float(criterion(logits_32, arguments[1])) == pytest.approx(np.dot(weights, losses))


def test_history_has_every_task_in_every_epoch(windows):
    pretrainer = tiny_pretrainer(max_epochs=3).fit(windows)
    assert pretrainer.task_names_ == TASKS
    assert [row["epoch"] for row in pretrainer.history_] == [1, 2, 3]
    for row in pretrainer.history_:
        assert set(row) == {"epoch", "train_loss"} | {
            f"train_{task}_{measure}" for task in TASKS for measure in ("loss", "accuracy")
        }
        weighted = sum(
            weight * row[f"train_{task}_loss"]
            for task, weight in zip(TASKS, pretrainer._task_weights(), strict=True)
        )
        assert row["train_loss"] == pytest.approx(weighted, rel=1e-4)


def test_fitted_state_is_plain_and_survives_pickling(windows):
    pretrainer = tiny_pretrainer().fit(windows)
    for name, value in vars(pretrainer).items():
        assert not isinstance(value, (torch.nn.Module, torch.Tensor)), name
    assert all(type(array) is np.ndarray for array in pretrainer.state_.values())
    assert b"torch" not in pickle.dumps(pretrainer)
    again = pickle.loads(pickle.dumps(pretrainer))
    np.testing.assert_array_equal(again.encode(windows), pretrainer.encode(windows))
    assert joblib.hash(again) == joblib.hash(pretrainer)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_same_seed_same_bits(windows, precision):
    first, second = (tiny_pretrainer(precision=precision).fit(windows) for _ in range(2))
    for name, array in first.state_.items():
        np.testing.assert_array_equal(array, second.state_[name])
    assert first.history_ == second.history_
    other = tiny_pretrainer(precision=precision, random_state=1).fit(windows)
    assert any(np.any(other.state_[name] != array) for name, array in first.state_.items())


def test_fit_leaves_global_random_state_and_parameters_alone(windows):
    pretrainer = tiny_pretrainer(validation_fraction=0.3)
    before = pretrainer.get_params(deep=False)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    pretrainer.fit(windows)
    pretrainer.score(windows)
    assert torch.equal(torch_state, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_state, np.random.get_state()[1])
    after = pretrainer.get_params(deep=False)
    assert all(after[name] is value for name, value in before.items())


class TestTransformParameters:
    def test_exist_without_passing_transforms(self):
        params = PretextPretrainer().get_params()
        assert params["noise__snr_db"] == 15
        assert params["warp__stretch"] == 1.05
        assert isinstance(params["noise"], AddNoise)

    def test_can_be_set_and_cloned(self):
        pretrainer = clone(PretextPretrainer().set_params(noise__snr_db=5, scale=Scale(0.9)))
        assert pretrainer.get_params()["noise__snr_db"] == 5
        assert pretrainer.get_params()["scale__factor"] == 0.9
        assert PretextPretrainer().get_params()["noise__snr_db"] == 15

    def test_order_of_keywords_does_not_matter(self):
        for transforms in (None, [("noise", AddNoise(7))]):
            pretrainer = PretextPretrainer(transforms=[("scale", Scale())])
            pretrainer.set_params(noise__snr_db=5, transforms=transforms)
            assert pretrainer.get_params()["noise__snr_db"] == 5
        dropped = PretextPretrainer().set_params(noise="drop", transforms=None)
        assert "noise" not in dropped._task_names()
        assert not hasattr(dropped, "noise")

    def test_reach_training(self, windows):
        states = [
            tiny_pretrainer().set_params(scale__factor=factor).fit(windows).state_
            for factor in (1.1, 1.4)
        ]
        assert any(np.any(states[0][name] != states[1][name]) for name in states[0])

    def test_drop_removes_the_task(self, windows):
        pretrainer = tiny_pretrainer().set_params(noise="drop", warp="drop").fit(windows)
        assert pretrainer.task_names_ == ["original", "scale", "negate", "flip", "permute"]
        assert pretrainer.state_["heads.4.0.bias"].shape == (5,)
        assert "heads.5.0.bias" not in pretrainer.state_

    def test_single_task(self, windows):
        pretrainer = tiny_pretrainer(transforms=[("noise", AddNoise())]).fit(windows)
        assert pretrainer.task_names_ == ["original", "noise"]

    def test_own_transform(self, windows):
        class Half(Scale):
            def apply(self, windows, generator=None):
                return windows / 2

        transforms = [("negate", Negate()), ("half", Half())]
        pretrainer = tiny_pretrainer(transforms=transforms).fit(windows)
        assert pretrainer.task_names_ == ["original", "negate", "half"]
        assert pretrainer._task_weights() == [0.195, 0.0125, 0.195]


class TestLearning:
    """The tasks can be learnt: a flipped ramp is told from a ramp, without labels."""

    def test_negation_of_one_sided_spikes_is_recognised(self):
        rng = np.random.default_rng(0)
        spikes = rng.normal(scale=0.05, size=(64, 128)).astype(np.float32)
        spikes[np.arange(64), rng.integers(20, 100, 64)] = 3
        pretrainer = tiny_pretrainer(
            transforms=[("negate", Negate())],
            filters=(6, 8),
            head_hidden=(16,),
            head_dropout=0.0,
            max_epochs=15,
            batch_size=8,
            learning_rate=0.01,
        ).fit(spikes)
        assert pretrainer.history_[-1]["train_negate_accuracy"] > 0.98
        assert pretrainer.score(spikes) > 0.98
        first, last = pretrainer.history_[0], pretrainer.history_[-1]
        assert last["train_loss"] < first["train_loss"] / 2


class TestHeldOut:
    def test_subjects_are_held_out_whole(self, windows, monkeypatch):
        splits = []
        import sklearn_ecgssl.pretext._base as base

        train = base.train
        monkeypatch.setattr(base, "train", lambda *args: splits.append(args[5]) or train(*args))
        subject = np.repeat(["a", "b", "c", "d", "e"], 2)
        pretrainer = tiny_pretrainer(validation_fraction=0.4).fit(windows, groups=subject)
        train_part, held_out = splits[0]
        assert set(subject[train_part]).isdisjoint(subject[held_out])
        assert len(np.unique(subject[held_out])) == 2
        assert "valid_warp_accuracy" in pretrainer.history_[0]

    def test_groups_of_recordings_are_repeated_over_windows(self, windows):
        recordings = [windows[:3], windows[3:4], windows[4:]]
        flat = tiny_pretrainer(validation_fraction=0.4).fit(windows, groups=list("aaabcccccc"))
        nested = tiny_pretrainer(validation_fraction=0.4).fit(recordings, groups=list("abc"))
        assert flat.history_ == nested.history_

    def test_patience_stops(self, windows):
        pretrainer = tiny_pretrainer(
            max_epochs=200, patience=2, validation_fraction=0.3, learning_rate=0.05
        ).fit(windows)
        assert pretrainer.n_epochs_ == len(pretrainer.history_) < 200

    def test_one_subject(self, windows):
        with pytest.raises(ValueError, match="holds out whole subjects, but groups names only"):
            tiny_pretrainer(validation_fraction=0.5).fit(windows, groups=np.zeros(10))

    def test_groups_of_another_length(self, windows):
        with pytest.raises(ValueError, match="one entry for each of the 10 windows"):
            tiny_pretrainer().fit(windows, groups=[1, 2])


class TestEncode:
    def test_layers(self, windows):
        pretrainer = tiny_pretrainer().fit(windows)
        blocks = [pretrainer.encode(windows, layer) for layer in ("block1", "block2")]
        assert [b.shape for b in blocks] == [(10, 3), (10, 4)]
        np.testing.assert_array_equal(pretrainer.encode(windows, "all"), np.hstack(blocks))
        np.testing.assert_allclose(pretrainer.encode(windows), blocks[1], rtol=1e-6)
        for layer in pretrainer.layer_names():
            width = pretrainer.encode(windows, layer).shape[1]
            assert width == pretrainer.n_features_encoded(layer)

    def test_list_gives_list_and_array_gives_array(self, windows):
        pretrainer = tiny_pretrainer().fit(windows)
        flat = pretrainer.encode(windows)
        ragged = pretrainer.encode([windows[:3], windows[3:]])
        assert isinstance(ragged, list)
        np.testing.assert_array_equal(np.concatenate(ragged), flat)
        cube = pretrainer.encode(windows.reshape(5, 2, 64))
        assert cube.shape == (5, 2, 4)
        np.testing.assert_array_equal(cube.reshape(10, 4), flat)

    def test_dropout_is_off(self, windows):
        pretrainer = tiny_pretrainer().fit(windows)
        np.testing.assert_array_equal(pretrainer.encode(windows), pretrainer.encode(windows))
        assert pretrainer.score(windows) == pretrainer.score(windows)

    def test_unknown_layer(self, windows):
        with pytest.raises(ValueError, match=r"layer must be one of \['block1', 'block2', 'last'"):
            tiny_pretrainer().fit(windows).encode(windows, "block3")

    def test_unfitted(self, windows):
        for call in (PretextPretrainer().encode, PretextPretrainer().score):
            with pytest.raises(NotFittedError):
                call(windows)

    def test_changed_parameters_wait_for_the_next_fit(self, windows):
        pretrainer = tiny_pretrainer().fit(windows)
        features, score = pretrainer.encode(windows), pretrainer.score(windows)
        pretrainer.set_params(activation="relu", filters=(9,), kernel_sizes=(3,), noise="drop")
        np.testing.assert_array_equal(pretrainer.encode(windows), features)
        assert pretrainer.score(windows) == score
        assert pretrainer.fit(windows).encode(windows).shape == (10, 9)
        assert "noise" not in pretrainer.task_names_

    def test_failed_refit_changes_nothing(self, windows):
        pretrainer = tiny_pretrainer().fit(windows)
        before = joblib.hash(pretrainer)
        for X, groups in (
            (windows[:, :50], [1, 2]),
            (windows[:, :3], None),
            (windows * np.nan, None),
        ):
            with pytest.raises(ValueError, match="groups|at least|NaN"):
                pretrainer.fit(X, groups=groups)
        assert joblib.hash(pretrainer) == before
        assert pretrainer.encode(windows).shape == (10, 4)

    def test_fits_in_threads_are_reproducible(self, windows):
        expected = joblib.hash(tiny_pretrainer().fit(windows).state_)
        before = torch.get_rng_state()
        states = joblib.Parallel(n_jobs=4, backend="threading")(
            joblib.delayed(lambda: tiny_pretrainer().fit(windows).state_)() for _ in range(6)
        )
        assert {joblib.hash(state) for state in states} == {expected}
        assert torch.equal(before, torch.get_rng_state())

    def test_object_array_of_windowed_recordings(self, windows):
        ragged = np.empty(2, dtype=object)
        ragged[:] = [windows[:3], windows[3:]]
        pretrainer = tiny_pretrainer().fit(ragged)
        assert [f.shape for f in pretrainer.encode(ragged)] == [(3, 4), (7, 4)]

    def test_failed_fit_leaves_it_unfitted(self, windows):
        pretrainer = tiny_pretrainer(device="nowhere")
        with pytest.raises(ValueError, match="device='nowhere' cannot be used"):
            pretrainer.fit(windows)
        with pytest.raises(NotFittedError):
            pretrainer.encode(windows)


class TestMemoryMaps:
    def test_same_as_the_array(self, windows, tmp_path):
        np.save(tmp_path / "w.npy", windows)
        mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
        from_map, from_array = (tiny_pretrainer().fit(w) for w in (mapped, windows))
        assert from_map.history_ == from_array.history_
        np.testing.assert_array_equal(from_map.encode(mapped), from_array.encode(windows))

    def test_integers(self, windows, tmp_path):
        counts = (windows * 100).astype(np.int16)
        np.save(tmp_path / "w.npy", counts)
        mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
        np.testing.assert_array_equal(
            tiny_pretrainer().fit(mapped).encode(mapped),
            tiny_pretrainer().fit(counts.astype(np.float32)).encode(counts),
        )

    def test_nan_is_found_when_the_batch_is_read(self, windows, tmp_path):
        windows[7, 3] = np.nan
        np.save(tmp_path / "w.npy", windows)
        with pytest.raises(ValueError, match="Window 7 contains NaN or infinity"):
            tiny_pretrainer().fit(np.load(tmp_path / "w.npy", mmap_mode="r"))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"transforms": []}, "nothing to recognise"),
        ({"transforms": [("noise", AddNoise()), ("noise", Scale())]}, "not unique"),
        ({"transforms": [("original", Scale())]}, "No transform may be named 'original'"),
        ({"transforms": [("noise", AddNoise("x"))]}, "'snr_db' parameter of AddNoise"),
        ({"task_weights": {"wrap": 1}}, "task_weights must be finite.*got {'wrap': 1}"),
        (
            {"task_weights": [1, 2]},
            r"one for each of the tasks.*got \[1, 2\]",
        ),
        ({"task_weights": [1] * 8}, "task_weights must be finite"),
        ({"task_weights": [np.nan] * 7}, "task_weights must be finite"),
        ({"task_weights": {"noise": -1}}, "at least 0"),
        ({"filters": ()}, "filters must be a sequence"),
        ({"kernel_sizes": (0, 4)}, "kernel_sizes must be a sequence"),
        ({"head_hidden": (0,)}, "head_hidden must be a sequence"),
        ({"filters": (2, 3, 4)}, "filters and kernel_sizes must be equally long"),
        ({"precision": "float16"}, "'precision' parameter"),
        ({"validation_fraction": 1.0}, "'validation_fraction' parameter"),
        ({"max_epochs": -1}, "'max_epochs' parameter"),
        ({"learning_rate": -1}, "'learning_rate' parameter"),
    ],
)
def test_bad_parameter_is_named(windows, params, message):
    with pytest.raises(ValueError, match=message):
        tiny_pretrainer(**params).fit(windows)


@pytest.mark.parametrize(
    "entry",
    [("noise", np.negative), ("noise", "dropp"), ("noise", AddNoise), AddNoise(), (1, Scale())],
)
def test_what_is_no_transform_is_refused(windows, entry):
    with pytest.raises(TypeError, match=r"list of \(name, transform\).*WindowTransform or 'drop'"):
        tiny_pretrainer(transforms=[entry]).fit(windows)


class TestBadWindows:
    def fails(self, X, message):
        with pytest.raises(ValueError, match=message):
            tiny_pretrainer().fit(X)

    def test_too_short_for_the_network(self):
        self.fails(np.ones((3, 7)), "at least 8 samples, got n_features = 7.*longer window_length")

    def test_too_short_for_a_transform(self):
        self.fails(np.ones((3, 12)), r"Permute\(\) needs windows of at least 20 samples, got 12")

    def test_default_network_needs_22_samples(self):
        with pytest.raises(ValueError, match="at least 22 samples"):
            PretextPretrainer().fit(np.ones((3, 21)))

    def test_recordings_instead_of_windows(self):
        self.fails([np.ones(64), np.ones(99)], "look like recordings.*Put a Segmenter")

    def test_windows_of_several_lengths(self):
        self.fails([np.ones((2, 64)), np.ones((2, 65))], "recording 1 has windows of 65 samples")

    def test_nan(self, windows):
        windows[2, 2] = np.inf
        self.fails(windows, "contains infinity")
        self.fails([windows[:1], windows[1:]], "recording 1 contains infinity")

    def test_empty(self):
        self.fails([], "X is empty: pass at least one window")
        self.fails([np.ones((0, 64))], "Recording 0 has no windows")
        self.fails(np.ones((0, 64)), "Found array with 0 sample")

    def test_strings(self):
        self.fails([["a", "b"], ["c", "d"]], "could not convert string|dtype")
        self.fails(np.ones((3, 64)).astype(str), "X must hold numbers, got an array of dtype <U")

    def test_a_window_among_windowed_recordings(self, windows):
        self.fails([windows[:3], windows[3]], r"mixes arrays of \[1, 2\] dimensions")

    @pytest.mark.parametrize("X", [None, "ecg.npz", {"a": 1}])
    def test_no_container(self, X):
        with pytest.raises(TypeError, match="Expected windows .*Load the data first"):
            tiny_pretrainer().fit(X)

    def test_another_length_than_fitted(self, windows):
        with pytest.raises(ValueError, match="has 50 features, but .* is expecting 64"):
            tiny_pretrainer().fit(windows).encode(windows[:, :50])

    def test_flat_windows_are_learnt_without_harm(self):
        assert np.isfinite(tiny_pretrainer().fit(np.zeros((4, 64))).encode(np.zeros((4, 64)))).all()
