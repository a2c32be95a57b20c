"""What holds for every pretrainer, whatever it learns from."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError

from tests.tiny import each_pretrainer, tiny_masked, tiny_pretrainer, waves

pytestmark = each_pretrainer


#: What can be changed after a fit: sizes of the network, and what it learnt from.
CHANGES = {
    tiny_pretrainer: {
        "negative_slope": 0.5, "filters": (9,), "kernel_sizes": (3,), "noise": "drop",
    },
    tiny_masked: {
        "filters": (9,), "kernel_sizes": (3,), "n_layers": 1, "n_heads": 3, "span_length": 30,
        "mask_ratio": 0.9,
    },
}  # fmt: skip


@pytest.fixture
def windows():
    return np.random.default_rng(0).normal(size=(10, 64)).astype(np.float32)


def test_fitted_state_is_plain_and_survives_pickling(tiny, windows):
    pretrainer = tiny().fit(windows)
    for name, value in vars(pretrainer).items():
        assert not isinstance(value, (torch.nn.Module, torch.Tensor)), name
    assert all(type(array) is np.ndarray for array in pretrainer.state_.values())
    assert b"torch" not in pickle.dumps(pretrainer)
    again = pickle.loads(pickle.dumps(pretrainer))
    np.testing.assert_array_equal(again.encode(windows), pretrainer.encode(windows))
    assert again.score(windows) == pretrainer.score(windows)
    assert joblib.hash(again) == joblib.hash(pretrainer)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_same_seed_same_bits(tiny, windows, precision):
    first, second = (tiny(precision=precision).fit(windows) for _ in range(2))
    for name, array in first.state_.items():
        np.testing.assert_array_equal(array, second.state_[name])
    assert first.history_ == second.history_
    other = tiny(precision=precision, random_state=1).fit(windows)
    assert any(np.any(other.state_[name] != array) for name, array in first.state_.items())


def test_fit_leaves_global_random_state_and_parameters_alone(tiny, windows):
    pretrainer = tiny(validation_fraction=0.3)
    before = pretrainer.get_params(deep=False)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    pretrainer.fit(windows)
    pretrainer.score(windows)
    pretrainer.encode(windows)
    assert torch.equal(torch_state, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_state, np.random.get_state()[1])
    after = pretrainer.get_params(deep=False)
    assert all(after[name] is value for name, value in before.items())


def test_fits_in_threads_are_reproducible(tiny, windows):
    expected = joblib.hash(tiny().fit(windows).state_)
    before = torch.get_rng_state()
    states = joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(lambda: tiny().fit(windows).state_)() for _ in range(6)
    )
    assert {joblib.hash(state) for state in states} == {expected}
    assert torch.equal(before, torch.get_rng_state())


def test_no_epoch_leaves_the_network_as_it_was_initialised(tiny, windows):
    one, two = tiny(max_epochs=0).fit(windows), tiny(max_epochs=0).fit(windows[:3] + 1)
    assert one.history_ == []
    assert one.n_epochs_ == 0
    trained = tiny().fit(windows)
    for name, array in one.state_.items():
        np.testing.assert_array_equal(two.state_[name], array)
    assert any(np.any(trained.state_[name] != array) for name, array in one.state_.items())


def test_changed_parameters_wait_for_the_next_fit(tiny, windows):
    pretrainer = tiny().fit(windows)
    features, score = pretrainer.encode(windows), pretrainer.score(windows)
    pretrainer.set_params(**CHANGES[tiny])
    np.testing.assert_array_equal(pretrainer.encode(windows), features)
    assert pretrainer.score(windows) == score
    refitted = joblib.hash(pretrainer.fit(windows))
    assert pretrainer.encode(windows).shape == (10, 9)
    assert refitted == joblib.hash(tiny().set_params(**CHANGES[tiny]).fit(windows))


class TestHeldOut:
    def test_subjects_are_held_out_whole(self, tiny, windows, monkeypatch):
        splits = []
        import sklearn_ecgssl.pretext._base as base

        train = base.train
        monkeypatch.setattr(base, "train", lambda *args: splits.append(args[5]) or train(*args))
        subject = np.repeat(["a", "b", "c", "d", "e"], 2)
        pretrainer = tiny(validation_fraction=0.4).fit(windows, groups=subject)
        train_part, held_out = splits[0]
        assert set(subject[train_part]).isdisjoint(subject[held_out])
        assert len(np.unique(subject[held_out])) == 2
        for row in pretrainer.history_:
            trained = {name.removeprefix("train_") for name in row if name.startswith("train_")}
            valid = {name.removeprefix("valid_") for name in row if name.startswith("valid_")}
            assert "loss" in trained
            assert trained == valid

    def test_nothing_is_held_out_unless_asked(self, tiny, windows):
        pretrainer = tiny().fit(windows, groups=np.arange(10))
        assert not any(name.startswith("valid_") for name in pretrainer.history_[0])

    def test_groups_of_recordings_are_repeated_over_windows(self, tiny, windows):
        recordings = [windows[:3], windows[3:4], windows[4:]]
        flat = tiny(validation_fraction=0.4).fit(windows, groups=list("aaabcccccc"))
        nested = tiny(validation_fraction=0.4).fit(recordings, groups=list("abc"))
        assert flat.history_ == nested.history_

    def test_patience_stops(self, tiny, windows):
        pretrainer = tiny(
            max_epochs=200, patience=2, validation_fraction=0.3, learning_rate=0.05
        ).fit(windows)
        assert pretrainer.n_epochs_ == len(pretrainer.history_) < 200

    def test_one_subject(self, tiny, windows):
        with pytest.raises(ValueError, match="holds out whole subjects, but groups names only"):
            tiny(validation_fraction=0.5).fit(windows, groups=np.zeros(10))

    @pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
    def test_groups_without_a_name(self, tiny, windows, missing):
        groups = np.array(["a"] * 8 + [missing, "b"], dtype=object)
        with pytest.raises(ValueError, match=r"groups is missing for window 8 \(1 in all\)"):
            tiny(validation_fraction=0.5).fit(windows, groups=groups)

    def test_groups_of_another_length(self, tiny, windows):
        with pytest.raises(ValueError, match="one entry for each of the 10 windows"):
            tiny().fit(windows, groups=[1, 2])


class TestEncode:
    def test_layers_stand_side_by_side(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        *single, last, everything = pretrainer.layer_names()
        assert (last, everything) == ("last", "all")
        assert len(single) == 2
        features = [pretrainer.encode(windows, layer) for layer in single]
        assert not np.array_equal(features[0][:, :3], features[1][:, :3])
        np.testing.assert_array_equal(pretrainer.encode(windows, "all"), np.hstack(features))
        np.testing.assert_allclose(
            pretrainer.encode(windows, "last"), features[-1], rtol=1e-6, atol=1e-7
        )
        np.testing.assert_array_equal(
            pretrainer.encode(windows), pretrainer.encode(windows, "last")
        )

    def test_every_layer_and_aggregation_has_as_many_features_as_it_says(self, tiny, windows):
        pretrainer = tiny(max_epochs=0).fit(windows)
        for layer in pretrainer.layer_names():
            for aggregate in [None, *pretrainer.aggregations(), pretrainer.aggregations()]:
                features = pretrainer.encode(windows, layer, aggregate, sampling_rate=16)
                assert features.shape == (10, pretrainer.n_features_encoded(layer, aggregate))
                assert features.dtype == np.float32
                assert np.isfinite(features).all()

    def test_list_gives_list_and_array_gives_array(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        flat = pretrainer.encode(windows)
        ragged = pretrainer.encode([windows[:3], windows[3:]])
        assert isinstance(ragged, list)
        np.testing.assert_array_equal(np.concatenate(ragged), flat)
        cube = pretrainer.encode(windows.reshape(5, 2, 64))
        assert cube.shape == (5, 2, flat.shape[1])
        np.testing.assert_array_equal(cube.reshape(10, -1), flat)

    def test_windows_do_not_see_each_other(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        alone = np.concatenate([pretrainer.encode(window[None]) for window in windows])
        np.testing.assert_allclose(pretrainer.encode(windows), alone, rtol=1e-4, atol=1e-5)

    def test_dropout_is_off(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        np.testing.assert_array_equal(pretrainer.encode(windows), pretrainer.encode(windows))
        assert pretrainer.score(windows) == pretrainer.score(windows)

    def test_object_array_of_windowed_recordings(self, tiny, windows):
        ragged = np.empty(2, dtype=object)
        ragged[:] = [windows[:3], windows[3:]]
        features = tiny().fit(ragged).encode(ragged)
        assert [len(f) for f in features] == [3, 7]
        np.testing.assert_array_equal(np.concatenate(features), tiny().fit(windows).encode(windows))

    def test_unknown_layer(self, tiny, windows):
        pretrainer = tiny(max_epochs=0).fit(windows)
        for call in (
            lambda: pretrainer.encode(windows, "layer9"),
            lambda: pretrainer.n_features_encoded("layer9"),
        ):
            with pytest.raises(ValueError, match=r"layer must be one of \['(block|layer)1', "):
                call()

    @pytest.mark.parametrize("aggregate", ["median", [], ["max", "median"]])
    def test_unknown_aggregation(self, tiny, windows, aggregate):
        pretrainer = tiny(max_epochs=0).fit(windows)
        for call in (
            lambda: pretrainer.encode(windows, aggregate=aggregate),
            lambda: pretrainer.n_features_encoded(aggregate=aggregate),
            lambda: pretrainer.build_trunk(aggregate),
        ):
            with pytest.raises(ValueError, match=r"aggregate must be one or several of \['"):
                call()

    def test_unfitted(self, tiny, windows):
        for call in (tiny().encode, tiny().score):
            with pytest.raises(NotFittedError):
                call(windows)
        for call in (tiny().build_trunk, tiny().trunk_state):
            with pytest.raises(NotFittedError):
                call()


class TestBuildTrunk:
    """The part of the network that makes the features, for those who train on from it."""

    def trunk(self, pretrainer, aggregate):
        trunk = pretrainer.build_trunk(aggregate)
        state = {name: torch.tensor(array) for name, array in pretrainer.trunk_state().items()}
        trunk.load_state_dict(state)
        return trunk.eval()

    def test_its_features_are_those_that_are_encoded(self, tiny):
        X, _ = waves(6)
        pretrainer = tiny().fit(X)
        ways = [way for way in pretrainer.aggregations() if way != "rhythm"]
        for aggregate in [None, *ways, ways, ways[::-1]]:
            with torch.no_grad():
                features = self.trunk(pretrainer, aggregate)(torch.tensor(X))
            assert features.shape == (6, pretrainer.n_features_encoded("last", aggregate))
            expected = pretrainer.encode(X, aggregate=aggregate)
            np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-6)

    def test_every_aggregation_can_be_trained_through(self, tiny):
        X, _ = waves(6)
        pretrainer = tiny().fit(X)
        ways = [way for way in pretrainer.aggregations() if way != "rhythm"]
        trunk = self.trunk(pretrainer, ways)
        features = trunk(torch.tensor(X))
        weights = torch.randn(features.shape, generator=torch.Generator().manual_seed(0))
        (features * weights).sum().backward()
        for name, parameter in trunk.named_parameters():
            assert float(parameter.grad.abs().max()) > 0, name

    def test_training_it_leaves_the_pretrainer_alone(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        before = joblib.hash(pretrainer)
        trunk = self.trunk(pretrainer, None)
        with torch.no_grad():
            for parameter in trunk.parameters():
                parameter += 1
        assert joblib.hash(pretrainer) == before

    @pytest.mark.parametrize("aggregate", ["rhythm", ["mean", "rhythm"]])
    def test_rhythm_cannot_be_trained_through(self, tiny, windows, aggregate):
        pretrainer = tiny(max_epochs=0).fit(windows)
        with pytest.raises(ValueError, match="'rhythm' cannot be trained through.*SSLEmbedder"):
            pretrainer.build_trunk(aggregate)


class TestFailedFits:
    def test_refit_changes_nothing(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        before = joblib.hash(pretrainer)
        for X, groups in (
            (windows[:, :50], [1, 2]),
            (windows[:, :3], None),
            (windows * np.nan, None),
        ):
            with pytest.raises(ValueError, match="groups|at least|NaN"):
                pretrainer.fit(X, groups=groups)
        assert joblib.hash(pretrainer) == before
        assert pretrainer.encode(windows).shape == (10, pretrainer.n_features_encoded())

    def test_first_fit_leaves_it_unfitted(self, tiny, windows):
        pretrainer = tiny(device="nowhere")
        with pytest.raises(ValueError, match="device='nowhere' cannot be used"):
            pretrainer.fit(windows)
        with pytest.raises(NotFittedError):
            pretrainer.encode(windows)


class TestMemoryMaps:
    def test_same_as_the_array(self, tiny, windows, tmp_path):
        np.save(tmp_path / "w.npy", windows)
        mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
        from_map, from_array = (tiny().fit(w) for w in (mapped, windows))
        assert from_map.history_ == from_array.history_
        np.testing.assert_array_equal(from_map.encode(mapped), from_array.encode(windows))

    def test_integers(self, tiny, windows, tmp_path):
        counts = (windows * 100).astype(np.int16)
        np.save(tmp_path / "w.npy", counts)
        mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
        np.testing.assert_array_equal(
            tiny().fit(mapped).encode(mapped),
            tiny().fit(counts.astype(np.float32)).encode(counts),
        )

    def test_nan_is_found_when_the_batch_is_read(self, tiny, windows, tmp_path):
        windows[7, 3] = np.nan
        np.save(tmp_path / "w.npy", windows)
        with pytest.raises(ValueError, match="Window 7 contains NaN or infinity"):
            tiny().fit(np.load(tmp_path / "w.npy", mmap_mode="r"))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"filters": ()}, "filters must be a sequence"),
        ({"filters": 4}, "'filters' parameter"),
        ({"kernel_sizes": (0, 4)}, "kernel_sizes must be a sequence"),
        ({"head_hidden": (0,)}, "head_hidden must be a sequence"),
        ({"filters": (2, 3, 4)}, "filters and kernel_sizes must be equally long.*got 3 and 2"),
        ({"precision": "float16"}, "'precision' parameter"),
        ({"validation_fraction": 1.0}, "'validation_fraction' parameter"),
        ({"max_epochs": -1}, "'max_epochs' parameter"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"patience": 0}, "'patience' parameter"),
        ({"learning_rate": -1}, "'learning_rate' parameter"),
        ({"l2": -1}, "'l2' parameter"),
        ({"memory": 3}, "'memory' parameter"),
    ],
)
def test_bad_parameter_is_named(tiny, windows, params, message):
    with pytest.raises(ValueError, match=message):
        tiny(**params).fit(windows)


class TestBadWindows:
    def fails(self, tiny, X, message):
        with pytest.raises(ValueError, match=message):
            tiny().fit(X)

    def test_too_short(self, tiny):
        shortest = {tiny_pretrainer: 8, tiny_masked: 4}[tiny]
        message = f"at least {shortest} samples, got n_features = {shortest - 1}.*longer window"
        self.fails(tiny, np.ones((3, shortest - 1)), message)

    def test_recordings_instead_of_windows(self, tiny):
        self.fails(tiny, [np.ones(64), np.ones(99)], "look like recordings.*Put a Segmenter")

    def test_windows_of_several_lengths(self, tiny):
        X = [np.ones((2, 64)), np.ones((2, 65))]
        self.fails(tiny, X, "recording 1 has windows of 65 samples")

    def test_nan(self, tiny, windows):
        windows[2, 2] = np.inf
        self.fails(tiny, windows, "contains infinity")
        self.fails(tiny, [windows[:1], windows[1:]], "recording 1 contains infinity")

    def test_empty(self, tiny):
        self.fails(tiny, [], "X is empty: pass at least one window")
        self.fails(tiny, np.ones((0, 2, 64)), "X is empty: pass at least one window")
        self.fails(tiny, [np.ones((0, 64))], "Recording 0 has no windows")
        self.fails(tiny, np.ones((0, 64)), "Found array with 0 sample")

    def test_strings(self, tiny):
        self.fails(tiny, [["a", "b"], ["c", "d"]], "could not convert string|dtype")

    def test_a_window_among_windowed_recordings(self, tiny, windows):
        self.fails(tiny, [windows[:3], windows[3]], r"mixes arrays of \[1, 2\] dimensions")

    @pytest.mark.parametrize("X", [None, "ecg.npz"])
    def test_no_container(self, tiny, X):
        with pytest.raises(TypeError, match="Expected windows .*Load the data first"):
            tiny().fit(X)

    def test_another_length_than_fitted(self, tiny, windows):
        for call in (tiny().fit(windows).encode, tiny().fit(windows).score):
            with pytest.raises(ValueError, match="has 50 features, but .* is expecting 64"):
                call(windows[:, :50])

    def test_flat_windows_are_learnt_without_harm(self, tiny):
        flat = np.zeros((4, 64))
        pretrainer = tiny().fit(flat)
        assert np.isfinite(pretrainer.encode(flat)).all()
        assert np.isfinite(pretrainer.score(flat))

    def test_exploding_amplitudes_are_an_error_that_says_what_to_do(self, tiny, windows):
        message = "train loss became (inf|nan) in epoch 1.*TrimmedScaler"
        self.fails(tiny, windows * 1e30, message)
