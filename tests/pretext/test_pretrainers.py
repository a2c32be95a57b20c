"""What holds for every pretrainer, whatever it learns from."""

import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError

from sklearn_ecgssl.pretext import _base
from sklearn_ecgssl.training._device import Generators
from tests.tiny import each_pretrainer, tiny_masked, tiny_pretrainer, waves

pytestmark = each_pretrainer

#: Losses and features of two epochs, as they were when this file was written.
GOLDEN = Path(__file__).with_name("golden.npz")

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

X, _ = waves(12)
X_VAL, _ = waves(6, seed=1)


@pytest.fixture
def windows():
    return np.random.default_rng(0).normal(size=(10, 64)).astype(np.float32)


@pytest.fixture
def splits(monkeypatch):
    """The training set and the validation set of each training, as indices."""
    found, train = [], _base.train
    monkeypatch.setattr(_base, "train", lambda *args: found.append(args[5]) or train(*args))
    return found


def same_fit(one, other):
    np.testing.assert_equal(one.state_, other.state_)
    assert one.history_ == other.history_


def mapped(windows, file):
    np.save(file, windows)
    return np.load(file, mmap_mode="r")


def figures(row, part):
    return {name.removeprefix(part) for name in row if name.startswith(part)}


class TestFit:
    def test_losses_and_features_are_those_of_the_golden_file(self, tiny):
        name, pretrainer = tiny.__name__, tiny(validation_fraction=0.25).fit(X)
        with np.load(GOLDEN) as golden:
            losses = [[row["train_loss"], row["valid_loss"]] for row in pretrainer.history_]
            np.testing.assert_allclose(losses, golden[f"{name} losses"], rtol=1e-3)
            features = pretrainer.encode(X, "all", pretrainer.aggregations(), sampling_rate=16)
            expected = golden[f"{name} features"]
            assert features.shape == expected.shape
            close = np.isclose(features, expected, rtol=1e-2, atol=1e-3)
            assert close.mean() > 0.99  # the period of a flat channel is decided by rounding

    def test_fitted_state_is_plain_and_survives_pickling(self, tiny, windows):
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
    def test_same_seed_same_bits(self, tiny, windows, precision):
        first, second = (tiny(precision=precision).fit(windows) for _ in range(2))
        same_fit(first, second)
        other = tiny(precision=precision, random_state=1).fit(windows)
        assert any(np.any(other.state_[name] != array) for name, array in first.state_.items())

    def test_global_random_state_and_parameters_are_left_alone(self, tiny, windows):
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

    def test_fits_in_threads_are_reproducible(self, tiny, windows):
        expected = joblib.hash(tiny().fit(windows).state_)
        states = joblib.Parallel(n_jobs=4, backend="threading")(
            joblib.delayed(lambda: tiny().fit(windows).state_)() for _ in range(6)
        )
        assert {joblib.hash(state) for state in states} == {expected}

    def test_no_epoch_leaves_the_network_as_it_was_initialised(self, tiny, windows):
        one, two = tiny(max_epochs=0).fit(windows), tiny(max_epochs=0).fit(windows[:3] + 1)
        assert (one.history_, one.n_epochs_) == ([], 0)
        np.testing.assert_equal(one.state_, two.state_)
        trained = tiny().fit(windows).state_
        assert any(np.any(trained[name] != array) for name, array in one.state_.items())

    def test_changed_parameters_wait_for_the_next_fit(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        features, score = pretrainer.encode(windows), pretrainer.score(windows)
        pretrainer.set_params(**CHANGES[tiny])
        np.testing.assert_array_equal(pretrainer.encode(windows), features)
        assert pretrainer.score(windows) == score
        refitted = joblib.hash(pretrainer.fit(windows))
        assert pretrainer.encode(windows).shape == (10, 9)
        assert refitted == joblib.hash(tiny().set_params(**CHANGES[tiny]).fit(windows))

    def test_containers_of_the_same_windows_give_the_same_fit(self, tiny, windows, tmp_path):
        expected = tiny().fit(windows)
        ragged = np.empty(2, dtype=object)
        ragged[:] = [windows[:3], windows[3:]]
        memory_map = mapped(windows, tmp_path / "w.npy")
        cube = windows.reshape(5, 2, 64)
        for same in (windows.astype(np.float64), [windows[:3], windows[3:]], ragged, cube):
            same_fit(tiny().fit(same), expected)
        same_fit(tiny().fit(memory_map), expected)
        np.testing.assert_array_equal(expected.encode(memory_map), expected.encode(windows))

    def test_integers_in_a_memory_map(self, tiny, windows, tmp_path):
        counts = (windows * 100).astype(np.int16)
        from_map = tiny().fit(mapped(counts, tmp_path / "w.npy"))
        same_fit(from_map, tiny().fit(counts.astype(np.float32)))

    def test_patience_stops(self, tiny, windows):
        pretrainer = tiny(
            max_epochs=200, patience=2, validation_fraction=0.3, learning_rate=0.05
        ).fit(windows)
        assert pretrainer.n_epochs_ == len(pretrainer.history_) < 200


class TestFailedFits:
    def test_refit_changes_nothing(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        before = joblib.hash(pretrainer)
        for wrong, groups in (
            (windows[:, :50], [1, 2]),
            (windows[:, :3], None),
            (windows * np.nan, None),
        ):
            with pytest.raises(ValueError, match="groups|at least|NaN"):
                pretrainer.fit(wrong, groups=groups)
        assert joblib.hash(pretrainer) == before
        assert pretrainer.encode(windows).shape == (10, pretrainer.n_features_encoded())

    def test_first_fit_leaves_it_unfitted(self, tiny, windows):
        pretrainer = tiny(device="nowhere")
        with pytest.raises(ValueError, match="device='nowhere' cannot be used"):
            pretrainer.fit(windows)
        for call in (pretrainer.encode, pretrainer.score):
            with pytest.raises(NotFittedError):
                call(windows)
        for call in (pretrainer.to_torch, pretrainer.build_trunk, pretrainer.trunk_state):
            with pytest.raises(NotFittedError):
                call()


class TestValidationFraction:
    def test_subjects_are_held_out_whole(self, tiny, windows, splits):
        subject = np.repeat(["a", "b", "c", "d", "e"], 2)
        pretrainer = tiny(validation_fraction=0.4).fit(windows, groups=subject)
        train, held_out = splits[0]
        assert set(subject[train]).isdisjoint(subject[held_out])
        assert len(np.unique(subject[held_out])) == 2
        for row in pretrainer.history_:
            assert figures(row, "train_") == figures(row, "valid_") >= {"loss"}

    def test_windows_are_held_out_without_subjects(self, tiny, windows, splits):
        tiny(validation_fraction=0.3).fit(windows)
        train, held_out = splits[0]
        assert len(held_out) == 3
        assert sorted([*train, *held_out]) == list(range(10))

    def test_nothing_is_held_out_unless_asked(self, tiny, windows):
        assert not figures(tiny().fit(windows, groups=np.arange(10)).history_[0], "valid_")

    def test_groups_of_recordings_are_repeated_over_windows(self, tiny, windows):
        recordings = [windows[:3], windows[3:4], windows[4:]]
        flat = tiny(validation_fraction=0.4).fit(windows, groups=list("aaabcccccc"))
        nested = tiny(validation_fraction=0.4).fit(recordings, groups=list("abc"))
        assert flat.history_ == nested.history_

    @pytest.mark.parametrize(
        ("X", "groups", "message"),
        [
            (X, np.zeros(12), "holds out whole subjects, but groups names only 1"),
            (X[:1], None, "holds out windows, but there are only 1"),
            (X, [1, 2], "one entry for each of the 12 win"),
            (X, [*"aaaaaaaa", None, *"bbb"], r"groups is missing for window 8 \(1 in all\)"),
            (X, [*range(8), np.nan, 1, 2, 3], "groups is missing for window 8"),
            (X, [*"aaaaaaaa", pd.NA, *"bbb"], "groups is missing for window 8"),
        ],
        ids=["one subject", "one window", "another length", "None", "NaN", "NA"],
    )
    def test_what_cannot_be_split(self, tiny, X, groups, message):
        groups = None if groups is None else np.array(groups, dtype=object)
        with pytest.raises(ValueError, match=message):
            tiny(validation_fraction=0.5).fit(X, groups=groups)


class TestValidationSet:
    """`X_val`: windows that training is watched on and never learns from."""

    @pytest.mark.parametrize(
        "of",
        [
            lambda windows, folder: windows,
            lambda windows, folder: windows.astype(np.float64),
            lambda windows, folder: [windows[:1], windows[1:4], windows[4:]],
            lambda windows, folder: windows.reshape(2, -1, 64),
            lambda windows, folder: mapped(windows, folder / f"{len(windows)}.npy"),
        ],
        ids=["array", "float64", "recordings", "cube", "memory-map"],
    )
    def test_any_container(self, tiny, splits, of, tmp_path):
        pretrainer = tiny(max_epochs=3).fit(of(X, tmp_path), X_val=of(X_VAL, tmp_path))
        train, held_out = splits[0]
        np.testing.assert_array_equal(train, np.arange(12))
        np.testing.assert_array_equal(held_out, np.arange(12, 18))
        same_fit(pretrainer, tiny(max_epochs=3).fit(X, X_val=X_VAL))

    def test_training_is_the_same_without_it(self, tiny):
        watched, alone = tiny().fit(X, X_val=X_VAL), tiny().fit(X)
        np.testing.assert_equal(watched.state_, alone.state_)
        of_training = [{name: row[name] for name in alone.history_[0]} for row in watched.history_]
        assert of_training == alone.history_

    def test_no_subject_is_held_out_besides(self, tiny):
        plain = tiny().fit(X, X_val=X_VAL)
        same_fit(tiny().fit(X, groups=np.arange(12) // 3, X_val=X_VAL), plain)
        with pytest.raises(ValueError, match="groups must be .* each of the 12 window"):
            tiny().fit(X, groups=np.arange(18), X_val=X_VAL)

    def test_figures_are_scores_and_patience_watches_them(self, tiny, monkeypatch):
        fixed = lambda self: torch.Generator().manual_seed(0)  # noqa: E731  as `score` draws
        monkeypatch.setattr(Generators, "held_out", fixed)
        noise = np.random.default_rng(0).normal(size=(6, 64)).astype(np.float32)
        pretrainer = tiny(max_epochs=60, patience=1, learning_rate=0.02, batch_size=12)
        history = pretrainer.fit(X, X_val=noise).history_
        assert 2 < len(history) < 60
        losses = [row["valid_loss"] for row in history]
        assert np.flatnonzero(np.diff(losses) > 0).tolist() == [len(losses) - 2]
        # The weights are those of the best epoch, not of the last.
        found = {f"valid_{name}": value for name, value in pretrainer._evaluate(noise).items()}
        best, last = ({name: row[name] for name in found} for row in history[-2:])
        assert found == pytest.approx(best, abs=1e-6)
        assert found != pytest.approx(last, abs=1e-6)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (X_VAL[:, :32], "32 features, but .* 64"),
            ([X_VAL[:2], X_VAL[2:, :32]], "32 samples"),
            (np.where(X_VAL.max() == X_VAL, np.nan, X_VAL), "NaN"),
            ([X_VAL, X_VAL[:0]], "Recording 1 has no windows"),
            (X_VAL[0], "2D array"),
            ("windows.npy", "could not convert string to float: 'windows.npy'"),
        ],
    )
    def test_windows_that_cannot_be_used(self, tiny, wrong, message):
        pretrainer = tiny().fit(X)
        before = joblib.hash(pretrainer)
        with pytest.raises((ValueError, TypeError), match=f"(?s)X_val.*{message}"):
            pretrainer.fit(X, X_val=wrong)
        assert joblib.hash(pretrainer) == before

    def test_nan_in_a_memory_map_is_found_when_it_is_read(self, tiny, tmp_path):
        broken = X_VAL.copy()
        broken[2, 3] = np.nan
        memory_map = mapped(broken, tmp_path / "broken.npy")
        with pytest.raises(ValueError, match="Window 2 of X_val contains NaN or infinity"):
            tiny().fit(X, X_val=memory_map)
        with pytest.raises(ValueError, match="Window 2 contains NaN or infinity"):
            tiny().fit(memory_map)

    def test_and_a_fraction(self, tiny):
        with pytest.raises(ValueError, match=r"validation_fraction=0\.2 and X_val .*=None"):
            tiny(validation_fraction=0.2).fit(X, X_val=X_VAL)


class TestEncode:
    def test_layers_stand_side_by_side(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        *single, last, everything = pretrainer.layer_names()
        assert (last, everything) == ("last", "all")
        assert len(single) == 2
        features = [pretrainer.encode(windows, layer) for layer in single]
        assert not np.array_equal(features[0][:, :3], features[1][:, :3])
        np.testing.assert_array_equal(pretrainer.encode(windows, "all"), np.hstack(features))
        of_last = pretrainer.encode(windows, "last")
        np.testing.assert_allclose(of_last, features[-1], rtol=1e-6, atol=1e-7)
        np.testing.assert_array_equal(pretrainer.encode(windows), of_last)

    def test_every_layer_and_aggregation(self, tiny, windows):
        """As many features as they say, side by side, the same as a torch module."""
        pretrainer = tiny(max_epochs=0).fit(windows)
        several = pretrainer.aggregations()[::-1]
        for layer in pretrainer.layer_names():
            for aggregate in [None, *several, several, tuple(several[:2])]:
                features = pretrainer.encode(windows, layer, aggregate, sampling_rate=16)
                assert features.shape == (10, pretrainer.n_features_encoded(layer, aggregate))
                assert features.dtype == np.float32
                assert np.isfinite(features).all()
                module = pretrainer.to_torch(layer, aggregate, 16)
                assert not module.training
                with torch.inference_mode():
                    from_torch = module(torch.tensor(windows))
                np.testing.assert_allclose(features, from_torch, rtol=1e-5, atol=1e-6)

    def test_list_gives_list_and_array_gives_array(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        flat = pretrainer.encode(windows)
        ragged = pretrainer.encode([windows[:3], windows[3:]])
        assert isinstance(ragged, list)
        np.testing.assert_array_equal(np.concatenate(ragged), flat)
        cube = pretrainer.encode(windows.reshape(5, 2, 64))
        np.testing.assert_array_equal(cube, flat.reshape(5, 2, -1))

    def test_windows_do_not_see_each_other(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        alone = np.concatenate([pretrainer.encode(window[None]) for window in windows])
        np.testing.assert_allclose(pretrainer.encode(windows), alone, rtol=1e-4, atol=1e-5)

    def test_dropout_is_off(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        np.testing.assert_array_equal(pretrainer.encode(windows), pretrainer.encode(windows))
        assert pretrainer.score(windows) == pretrainer.score(windows)
        assert not pretrainer.to_torch().training

    def test_unknown_layer_or_aggregation(self, tiny, windows):
        pretrainer = tiny(max_epochs=0).fit(windows)
        for call in (lambda *a: pretrainer.encode(windows, *a), pretrainer.n_features_encoded):
            with pytest.raises(ValueError, match=r"layer must be one of \['(block|layer)1', "):
                call("layer9")
            for aggregate in ("median", [], ["max", "median"]):
                with pytest.raises(ValueError, match=r"aggregate must be one or several of \['"):
                    call("last", aggregate)

    def test_trunk_and_its_weights_are_what_makes_the_features(self, tiny):
        pretrainer = tiny().fit(X)
        before = joblib.hash(pretrainer)
        aggregations = [name for name in pretrainer.aggregations() if name != "rhythm"]
        trunk = pretrainer.build_trunk(aggregations)
        state = {name: torch.tensor(array) for name, array in pretrainer.trunk_state().items()}
        trunk.load_state_dict(state)
        features = trunk.eval()(torch.tensor(X))
        expected = pretrainer.encode(X, aggregate=aggregations)
        np.testing.assert_allclose(features.detach(), expected, rtol=1e-5, atol=1e-6)
        weights = torch.randn(features.shape, generator=torch.Generator().manual_seed(0))
        (features * weights).sum().backward()
        for name, parameter in trunk.named_parameters():
            assert float(parameter.grad.abs().max()) > 0, name
            parameter.data += 1
        assert joblib.hash(pretrainer) == before

    @pytest.mark.parametrize("aggregate", ["rhythm", ["mean", "rhythm"]])
    def test_rhythm_cannot_be_trained_through(self, tiny, windows, aggregate):
        pretrainer = tiny(max_epochs=0).fit(windows)
        with pytest.raises(ValueError, match="'rhythm' cannot be trained through.*SSLEmbedder"):
            pretrainer.build_trunk(aggregate)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"filters": ()}, "filters must be a sequence"),
        ({"filters": 4}, "'filters' parameter"),
        ({"filters": (2, 3, 4)}, "filters and kernel_sizes must be equally long.*got 3 and 2"),
        ({"precision": "float16"}, "'precision' parameter"),
        ({"validation_fraction": 1.0}, "'validation_fraction' parameter"),
        ({"max_epochs": -1}, "'max_epochs' parameter"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"patience": 0}, "'patience' parameter"),
        ({"learning_rate": -1}, "'learning_rate' parameter"),
        ({"l2": -1}, "'l2' parameter"),
        ({"memory": 3}, "'memory' parameter"),
        ({"checkpoint": 3}, "'checkpoint' parameter"),
        ({"shuffle_buffer": 0}, "'shuffle_buffer' parameter"),
        ({"callbacks": 3}, "'callbacks' parameter"),
    ],
)
def test_bad_parameter_is_named(tiny, windows, params, message):
    with pytest.raises(ValueError, match=message):
        tiny(**params).fit(windows)


class TestBadWindows:
    def test_too_short(self, tiny):
        shortest = {tiny_pretrainer: 8, tiny_masked: 4}[tiny]
        message = f"at least {shortest} samples, got n_features = {shortest - 1}.*longer window"
        with pytest.raises(ValueError, match=message):
            tiny().fit(np.ones((3, shortest - 1)))

    def test_recordings_instead_of_windows(self, tiny):
        with pytest.raises(ValueError, match="different shapes.* recordings, put a Segmenter"):
            tiny().fit([np.ones(64), np.ones(99)])

    def test_another_length_than_fitted(self, tiny, windows):
        pretrainer = tiny().fit(windows)
        for call in (pretrainer.encode, pretrainer.score):
            with pytest.raises(ValueError, match="has 50 features, but .* is expecting 64"):
                call(windows[:, :50])

    def test_flat_windows_are_learnt_without_harm(self, tiny):
        flat = np.zeros((4, 64))
        pretrainer = tiny().fit(flat)
        assert np.isfinite(pretrainer.encode(flat)).all()
        assert np.isfinite(pretrainer.score(flat))

    def test_exploding_amplitudes_are_an_error_that_says_what_to_do(self, tiny, windows):
        message = "train loss became (inf|nan) in epoch 1.*TrimmedScaler"
        with pytest.raises(ValueError, match=message):
            tiny().fit(windows * 1e30)
