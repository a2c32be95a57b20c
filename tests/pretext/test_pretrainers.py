"""What holds for every pretrainer, whatever it learns from."""

import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError

from sklearn_ecgssl.training._device import Generators
from tests.tiny import (
    each_pretrainer,
    same_fit,
    tiny_comparing,
    tiny_masked,
    tiny_pretrainer,
    waves,
)

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
    tiny_comparing: {
        "trunk__n_channels": 9, "trunk__n_layers": 1, "tempo": "drop", "transforms": None,
    },
}  # fmt: skip

X, _ = waves(12)
X_VAL, _ = waves(6, seed=1)


def mapped(windows, file):
    np.save(file, windows)
    return np.load(file, mmap_mode="r")


def ragged(windows):
    recordings = np.empty(2, dtype=object)
    recordings[:] = [windows[:1], windows[1:]]
    return recordings


#: The same windows, of which all samples are integers, in whatever may hold them.
CONTAINERS = {
    "float64": lambda windows, _: windows.astype(np.float64),
    "recordings": lambda windows, _: [windows[:1], windows[1:4], windows[4:]],
    "array of recordings": lambda windows, _: ragged(windows),
    "cube": lambda windows, _: windows.reshape(2, -1, 64),
    "memory-map": lambda windows, folder: mapped(windows, folder / f"{len(windows)}.npy"),
    "integers": lambda windows, folder: mapped(
        windows.astype(np.int16), folder / f"{len(windows)}.npy"
    ),
}


def differ(state, other):
    return any(np.any(other[name] != array) for name, array in state.items())


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

    def test_fitted_state_is_plain_and_survives_pickling(self, fitted):
        for name, value in vars(fitted).items():
            assert not isinstance(value, (torch.nn.Module, torch.Tensor)), name
        assert all(type(array) is np.ndarray for array in fitted.state_.values())
        pickled = pickle.dumps(fitted)
        assert b"torch" not in pickled
        again = pickle.loads(pickled)
        np.testing.assert_array_equal(again.encode(X), fitted.encode(X))
        assert again.score(X) == fitted.score(X)
        assert joblib.hash(again) == joblib.hash(fitted)

    def test_same_seed_same_bits_in_either_precision(self, tiny):
        exact, rough = tiny().fit(X), tiny(precision="bfloat16").fit(X)
        same_fit(tiny().fit(X), exact)
        same_fit(tiny(precision="bfloat16").fit(X), rough)
        for other in (rough, tiny(random_state=1).fit(X)):
            assert differ(exact.state_, other.state_)
        losses = [[row["train_loss"] for row in one.history_] for one in (exact, rough)]
        np.testing.assert_allclose(losses[1], losses[0], rtol=0.03)
        np.testing.assert_allclose(rough.encode(X), exact.encode(X), rtol=0.1, atol=0.1)

    def test_global_random_state_and_parameters_are_left_alone(self, tiny):
        pretrainer = tiny(validation_fraction=0.3)
        before = pretrainer.get_params(deep=False)
        torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
        pretrainer.fit(X)
        pretrainer.score(X)
        pretrainer.encode(X)
        assert torch.equal(torch_state, torch.get_rng_state())
        np.testing.assert_array_equal(numpy_state, np.random.get_state()[1])
        after = pretrainer.get_params(deep=False)
        assert all(after[name] is value for name, value in before.items())

    def test_fits_in_threads_are_reproducible(self, tiny):
        expected = joblib.hash(tiny().fit(X).state_)
        states = joblib.Parallel(n_jobs=3, backend="threading")(
            joblib.delayed(lambda: tiny().fit(X).state_)() for _ in range(3)
        )
        assert {joblib.hash(state) for state in states} == {expected}

    def test_no_epoch_leaves_the_network_as_it_was_initialised(self, tiny, fitted):
        one, two = tiny(max_epochs=0).fit(X), tiny(max_epochs=0).fit(X[:3] + 1)
        assert (one.history_, one.n_epochs_) == ([], 0)
        np.testing.assert_equal(one.state_, two.state_)
        assert differ(one.state_, fitted.state_)

    def test_a_checkpoint_changes_nothing_and_is_of_one_fit(self, tiny, tmp_path):
        same_fit(tiny(checkpoint=tmp_path).fit(X), tiny().fit(X))
        with pytest.raises(ValueError, match="holds another fit"):
            tiny(checkpoint=tmp_path).fit(X[:-1])

    def test_changed_parameters_wait_for_the_next_fit(self, tiny):
        pretrainer = tiny().fit(X)
        features, score = pretrainer.encode(X), pretrainer.score(X)
        pretrainer.set_params(**CHANGES[tiny])
        np.testing.assert_array_equal(pretrainer.encode(X), features)
        assert pretrainer.score(X) == score
        refitted = joblib.hash(pretrainer.fit(X))
        assert pretrainer.encode(X, aggregate="max").shape == (12, 9)
        assert refitted == joblib.hash(tiny().set_params(**CHANGES[tiny]).fit(X))

    @pytest.mark.parametrize("container", CONTAINERS)
    def test_any_container_of_the_same_windows(self, tiny, trainings, container, tmp_path):
        """Those of `X_val` are watched and never learnt from."""
        windows, watched = np.round(9 * X), np.round(9 * X_VAL)
        expected = tiny().fit(windows, X_val=watched)
        held = [CONTAINERS[container](part, tmp_path) for part in (windows, watched)]
        same_fit(tiny().fit(held[0], X_val=held[1]), expected)
        train, held_out = trainings[1]
        np.testing.assert_array_equal(train, np.arange(12))
        np.testing.assert_array_equal(held_out, np.arange(12, 18))


class TestFailedFits:
    def test_refit_changes_nothing(self, tiny):
        pretrainer = tiny().fit(X)
        before = joblib.hash(pretrainer)
        for wrong, groups in ((X[:, :50], [1, 2]), (X[:, :3], None), (X * np.nan, None)):
            with pytest.raises(ValueError, match="groups|at least|NaN"):
                pretrainer.fit(wrong, groups=groups)
        assert joblib.hash(pretrainer) == before
        assert pretrainer.encode(X).shape == (12, pretrainer.n_features_encoded())

    def test_first_fit_leaves_it_unfitted(self, tiny):
        pretrainer = tiny(device="nowhere")
        with pytest.raises(ValueError, match="device='nowhere' cannot be used"):
            pretrainer.fit(X)
        for call in (pretrainer.to_torch, pretrainer.build_trunk, pretrainer.trunk_state):
            with pytest.raises(NotFittedError):
                call()
        for call in (pretrainer.encode, pretrainer.score):
            with pytest.raises(NotFittedError):
                call(X)


class TestValidationFraction:
    def test_subjects_are_held_out_whole(self, tiny, trainings):
        subject = np.repeat(["a", "b", "c", "d", "e", "f"], 2)
        pretrainer = tiny(validation_fraction=0.3).fit(X, groups=subject)
        train, held_out = trainings[0]
        assert set(subject[train]).isdisjoint(subject[held_out])
        assert len(np.unique(subject[held_out])) == 2
        for row in pretrainer.history_:
            figures = [
                {name.removeprefix(part) for name in row if name.startswith(part)}
                for part in ("train_", "valid_")
            ]
            assert figures[0] == figures[1] >= {"loss"}

    def test_windows_are_held_out_without_subjects_and_nothing_unless_asked(self, tiny, trainings):
        tiny(validation_fraction=0.25).fit(X)
        train, held_out = trainings[0]
        assert len(held_out) == 3
        assert sorted([*train, *held_out]) == list(range(12))
        history = tiny().fit(X, groups=np.arange(12)).history_
        assert not any(name.startswith("valid_") for name in history[0])

    def test_groups_of_recordings_are_repeated_over_windows(self, tiny):
        recordings = [X[:3], X[3:4], X[4:]]
        flat = tiny(validation_fraction=0.4).fit(X, groups=list("aaabcccccccc"))
        same_fit(tiny(validation_fraction=0.4).fit(recordings, groups=list("abc")), flat)

    @pytest.mark.parametrize(
        ("windows", "groups", "message"),
        [
            (X, np.zeros(12), "holds out whole subjects, but groups names only 1"),
            (X[:1], None, "holds out windows, but there are only 1"),
            (X, [1, 2], "one entry for each of the 12 win"),
            (X, [*"aaaaaaaa", None, *"bbb"], r"groups is missing for window 8 \(1 in all\)"),
            (X, [*"aaaaaaaa", pd.NA, *"bbb"], "groups is missing for window 8"),
        ],
        ids=["one subject", "one window", "another length", "None", "NA"],
    )
    def test_what_cannot_be_split(self, tiny, windows, groups, message):
        groups = None if groups is None else np.array(groups, dtype=object)
        with pytest.raises(ValueError, match=message):
            tiny(validation_fraction=0.5).fit(windows, groups=groups)


class TestValidationSet:
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
        with pytest.raises(ValueError, match=r"validation_fraction=0\.2 and X_val .*=None"):
            tiny(validation_fraction=0.2).fit(X, X_val=X_VAL)

    def test_figures_are_scores_and_patience_watches_them(self, tiny, monkeypatch):
        fixed = lambda self: torch.Generator().manual_seed(0)  # noqa: E731  as `score` draws
        monkeypatch.setattr(Generators, "held_out", fixed)
        noise = np.random.default_rng(0).normal(size=(6, 64)).astype(np.float32)
        pretrainer = tiny(max_epochs=60, patience=1, learning_rate=0.02, batch_size=12)
        history = pretrainer.fit(X, X_val=noise).history_
        assert 2 < len(history) == pretrainer.n_epochs_ < 60
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
            ("windows.npy", "could not convert string to float: 'windows.npy'"),
        ],
    )
    def test_windows_that_cannot_be_used(self, tiny, wrong, message):
        with pytest.raises((ValueError, TypeError), match=f"(?s)X_val.*{message}"):
            tiny().fit(X, X_val=wrong)


class TestEncode:
    def test_layers_stand_side_by_side(self, fitted):
        *single, last, everything = [name for name in fitted.layer_names() if name != "scores"]
        assert (last, everything) == ("last", "all")
        assert len(single) == 2
        features = [fitted.encode(X, layer) for layer in single]
        assert not np.array_equal(features[0][:, :3], features[1][:, :3])
        np.testing.assert_array_equal(fitted.encode(X, "all"), np.hstack(features))
        of_last = fitted.encode(X, "last")
        np.testing.assert_allclose(of_last, features[-1], rtol=1e-6, atol=1e-7)
        np.testing.assert_array_equal(fitted.encode(X), of_last)

    def test_every_layer_and_aggregation(self, fitted):
        """As many features as they say, side by side, the same as a torch module."""
        windows, several = X[:3], fitted.aggregations()[::-1]
        for layer in fitted.layer_names():
            of_maps = [*several, several, tuple(several[:2])] if layer != "scores" else []
            for aggregate in [None, *of_maps]:
                features = fitted.encode(windows, layer, aggregate, sampling_rate=16)
                assert features.shape == (3, fitted.n_features_encoded(layer, aggregate))
                assert features.dtype == np.float32
                assert np.isfinite(features).all()
                module = fitted.to_torch(layer, aggregate, 16)
                assert not module.training
                with torch.inference_mode():
                    from_torch = module(torch.tensor(windows))
                np.testing.assert_allclose(features, from_torch, rtol=1e-5, atol=1e-6)

    def test_list_gives_list_and_array_gives_array(self, fitted, tmp_path):
        flat = fitted.encode(X)
        np.testing.assert_array_equal(fitted.encode(mapped(X, tmp_path / "x.npy")), flat)
        parts = fitted.encode([X[:3], X[3:]])
        assert isinstance(parts, list)
        np.testing.assert_array_equal(np.concatenate(parts), flat)
        cube = fitted.encode(X.reshape(6, 2, 64))
        np.testing.assert_array_equal(cube, flat.reshape(6, 2, -1))

    def test_windows_do_not_see_each_other(self, fitted):
        alone = np.concatenate([fitted.encode(window[None]) for window in X])
        np.testing.assert_allclose(fitted.encode(X), alone, rtol=1e-4, atol=1e-5)

    def test_unknown_layer_or_aggregation(self, fitted):
        for call in (lambda *a: fitted.encode(X, *a), fitted.n_features_encoded):
            with pytest.raises(ValueError, match=r"layer must be one of \['(block|layer)1', "):
                call("layer9")
            for aggregate in ("median", [], ["max", "median"]):
                with pytest.raises(ValueError, match=r"aggregate must be one or several of \['"):
                    call("last", aggregate)

    def test_trunk_and_its_weights_are_what_makes_the_features(self, fitted):
        before = joblib.hash(fitted)
        aggregations = [name for name in fitted.aggregations() if name != "rhythm"]
        trunk = fitted.build_trunk(aggregations)
        state = {name: torch.tensor(array) for name, array in fitted.trunk_state().items()}
        trunk.load_state_dict(state)
        features = trunk.eval()(torch.tensor(X))
        expected = fitted.encode(X, aggregate=aggregations)
        np.testing.assert_allclose(features.detach(), expected, rtol=1e-5, atol=1e-6)
        weights = torch.randn(features.shape, generator=torch.Generator().manual_seed(0))
        (features * weights).sum().backward()
        for name, parameter in trunk.named_parameters():
            assert float(parameter.grad.abs().max()) > 0, name
            parameter.data += 1
        assert joblib.hash(fitted) == before
        with pytest.raises(ValueError, match="'rhythm' cannot be trained through.*SSLEmbedder"):
            fitted.build_trunk(["mean", "rhythm"])


class TestBadWindowsAndSizes:
    def test_too_short_or_recordings(self, tiny):
        shortest = {tiny_pretrainer: 8, tiny_masked: 4, tiny_comparing: 4}[tiny]
        message = f"at least {shortest} samples, got n_features = {shortest - 1}.*longer window"
        with pytest.raises(ValueError, match=message):
            tiny().fit(np.ones((3, shortest - 1)))
        with pytest.raises(ValueError, match="different shapes.* recordings, put a Segmenter"):
            tiny().fit([np.ones(64), np.ones(99)])

    def test_another_length_than_fitted(self, fitted):
        message = "has 20 features, but .* is expecting 64|64 samples .*, these have 20 samples"
        for call in (fitted.encode, fitted.score):
            with pytest.raises(ValueError, match=message):
                call(X[:, :20])

    def test_flat_windows_are_learnt_without_harm(self, tiny):
        flat = np.zeros((4, 64))
        pretrainer = tiny().fit(flat)
        assert np.isfinite(pretrainer.encode(flat)).all()
        assert np.isfinite(pretrainer.score(flat))

    def test_exploding_amplitudes_are_an_error_that_says_what_to_do(self, tiny):
        message = "train loss became (inf|nan) in epoch 1.*TrimmedScaler"
        with pytest.raises(ValueError, match=message):
            tiny().fit(X * 1e30)

    def test_bad_sizes_are_named(self, tiny):
        wrong = {tiny_comparing: {"trunk__n_layers": 0}}.get(tiny, {"filters": (2, 3, 4)})
        message = "filters and kernel_sizes must be equally long|'n_layers' parameter"
        with pytest.raises(ValueError, match=message):
            tiny(**wrong).fit(X)
