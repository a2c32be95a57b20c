"""`X_val`: windows that a pretrainer is watched on and never learns from."""

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_ecgssl.training._device import Generators
from sklearn_ecgssl.training._net import TrainingNet
from tests.tiny import each_pretrainer, waves

pytestmark = each_pretrainer

X, _ = waves(12)
X_VAL, _ = waves(6, seed=1)


def same_fit(one, other):
    np.testing.assert_equal(one.state_, other.state_)
    assert one.history_ == other.history_


def mapped(windows, file):
    np.save(file, windows)
    return np.load(file, mmap_mode="r")


@pytest.fixture
def seen(monkeypatch):
    """Windows that were trained on, and those that were scored on, in order."""
    seen = {}
    for kind in ("train_step_single", "validation_step"):
        step, windows = getattr(TrainingNet, kind), []

        def spied(self, batch, *args, step=step, windows=windows, **params):
            windows.extend(batch.windows.numpy().copy())
            return step(self, batch, *args, **params)

        monkeypatch.setattr(TrainingNet, kind, spied)
        seen[kind] = windows
    return seen


@pytest.fixture
def same_draws(monkeypatch):
    """Make held-out windows be transformed, or masked, during `fit` as they are in `score`."""
    monkeypatch.setattr(Generators, "held_out", lambda self: torch.Generator().manual_seed(0))


def scores(row):
    """What `score` says of an epoch's held-out windows."""
    if "valid_masked_error" in row:
        return 1 - row["valid_masked_error"] / row["valid_zero_error"]
    return np.mean([row[k] for k in row if k.startswith("valid_") and k.endswith("_accuracy")])


class TestWhatBecomesOfThem:
    @pytest.mark.parametrize(
        "of",
        [
            lambda windows, folder: windows,
            lambda windows, folder: windows.astype(np.float64),
            lambda windows, folder: windows.tolist(),
            lambda windows, folder: [windows[:1], windows[1:4], windows[4:]],
            lambda windows, folder: windows.reshape(2, -1, 64),
            lambda windows, folder: mapped(windows, folder / f"{len(windows)}.npy"),
        ],
        ids=["array", "float64", "lists", "recordings", "cube", "memory-map"],
    )
    def test_they_are_scored_on_and_never_trained_on(self, tiny, seen, of, tmp_path):
        pretrainer = tiny(max_epochs=3).fit(of(X, tmp_path), X_val=of(X_VAL, tmp_path))
        trained, scored = (np.reshape(windows, (3, -1, 64)) for windows in seen.values())
        for epoch in trained:
            np.testing.assert_array_equal(np.sort(epoch, axis=0), np.sort(X, axis=0))
        np.testing.assert_array_equal(scored, [X_VAL] * 3)
        same_fit(pretrainer, tiny(max_epochs=3).fit(X, X_val=X_VAL))

    def test_either_may_be_recordings(self, tiny):
        expected = tiny().fit(X, X_val=X_VAL)
        same_fit(tiny().fit([X[:5], X[5:]], X_val=X_VAL), expected)
        same_fit(tiny().fit(X, X_val=[X_VAL[:5], X_VAL[5:]]), expected)

    def test_training_is_the_same_without_them(self, tiny):
        watched, alone = tiny().fit(X, X_val=X_VAL), tiny().fit(X)
        np.testing.assert_equal(watched.state_, alone.state_)
        of_training = [{name: row[name] for name in alone.history_[0]} for row in watched.history_]
        assert of_training == alone.history_
        assert watched.n_features_in_ == 64

    def test_no_subject_is_held_out_besides(self, tiny):
        plain = tiny().fit(X, X_val=X_VAL)
        same_fit(tiny().fit(X, groups=np.arange(12) // 3, X_val=X_VAL), plain)
        with pytest.raises(ValueError, match="groups must be .* each of the 12 windows of X"):
            tiny().fit(X, groups=np.arange(18), X_val=X_VAL)

    def test_figures_are_their_scores(self, tiny, same_draws):
        pretrainer = tiny(batch_size=8).fit(X, X_val=X_VAL)
        first, last = pretrainer.history_
        assert scores(last) == pytest.approx(pretrainer.score(X_VAL), abs=1e-6)
        assert scores(last) != pytest.approx(pretrainer.score(X[:6]), abs=1e-6)
        assert first["valid_loss"] != last["valid_loss"]  # after each epoch anew

    def test_every_figure_of_the_training_has_its_counterpart(self, tiny):
        for row in tiny().fit(X, X_val=X_VAL).history_:
            trained = {name.removeprefix("train_") for name in row if name.startswith("train_")}
            valid = {name.removeprefix("valid_") for name in row if name.startswith("valid_")}
            assert trained == valid >= {"loss"}

    def test_patience_watches_them(self, tiny, same_draws):
        noise = np.random.default_rng(0).normal(size=(6, 64)).astype(np.float32)
        pretrainer = tiny(max_epochs=60, patience=1, learning_rate=0.02, batch_size=12)
        history = pretrainer.fit(X, X_val=noise).history_
        assert 2 < len(history) < 60
        rises = {
            name: np.flatnonzero(np.diff([row[name] for row in history]) > 0).tolist()
            for name in ("valid_loss", "train_loss")
        }
        assert rises["valid_loss"] == [len(history) - 2]  # at the end, and not before
        assert rises["train_loss"] != rises["valid_loss"]
        # The weights are those of the best epoch, not of the last.
        found = {f"valid_{name}": value for name, value in pretrainer._evaluate(noise).items()}
        best, last = ({name: row[name] for name in found} for row in history[-2:])
        assert found == pytest.approx(best, abs=1e-6)
        assert found != pytest.approx(last, abs=1e-6)

    def test_a_network_that_is_not_trained_needs_none(self, tiny):
        same_fit(tiny(max_epochs=0).fit(X, X_val=X_VAL), tiny(max_epochs=0).fit(X))


class TestRefused:
    def test_two_ways_to_hold_out(self, tiny, tmp_path):
        for memory in (None, tmp_path):
            with pytest.raises(ValueError, match=r"validation_fraction=0\.2 and X_val .*=None"):
                tiny(validation_fraction=0.2, memory=memory).fit(X, X_val=X_VAL)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (X_VAL[:, :32], "32 features, but .* 64"),
            ([X_VAL[:2], X_VAL[2:, :32]], "32 samples"),
            (np.where(X_VAL.max() == X_VAL, np.nan, X_VAL), "NaN"),
            ([X_VAL, np.where(X_VAL.max() == X_VAL, np.inf, X_VAL)], "infinity"),
            (X_VAL[:0], "0 sample"),
            ([], "empty"),
            ([X_VAL, X_VAL[:0]], "Recording 1 has no windows"),
            (X_VAL[0], "2D array"),
            ("windows.npy", "Load the data first"),
        ],
    )
    def test_windows_that_cannot_be_used(self, tiny, wrong, message):
        pretrainer = tiny().fit(X)
        before = joblib.hash(pretrainer)
        with pytest.raises((ValueError, TypeError), match=f"(?s)X_val.*{message}"):
            pretrainer.fit(X, X_val=wrong)
        assert joblib.hash(pretrainer) == before

    @pytest.mark.parametrize("checkpoint", [None, "checkpoint"])
    def test_a_memory_map_is_checked_when_it_is_read(self, tiny, checkpoint, tmp_path):
        broken = X_VAL.copy()
        broken[2, 3] = np.nan
        pretrainer = tiny(checkpoint=checkpoint and tmp_path / checkpoint)
        with pytest.raises(ValueError, match="Window 2 of X_val contains NaN or infinity"):
            pretrainer.fit(X, X_val=mapped(broken, tmp_path / "broken.npy"))

    def test_length_of_a_memory_map(self, tiny, tmp_path):
        with pytest.raises(ValueError, match=r"(?s)X_val.*32 features, but .* 64"):
            tiny().fit(X, X_val=mapped(X_VAL[:, :32], tmp_path / "short.npy"))


class TestMemory:
    def test_other_held_out_windows_are_another_fit(self, tiny, seen, tmp_path):
        others = [None, X_VAL, X_VAL[:5], X_VAL[::-1].copy(), X_VAL + np.float32(1e-6)]
        fits = [tiny(memory=str(tmp_path)).fit(X, X_val=other) for other in others]
        assert len(seen["train_step_single"]) == len(others) * 2 * len(X)
        seen["train_step_single"].clear()
        for fit, other in zip(fits, others, strict=True):
            same_fit(tiny(memory=str(tmp_path)).fit(X, X_val=other), fit)
            same_fit(fit, clone(fit).set_params(memory=None).fit(X, X_val=other))
        assert len(seen["train_step_single"]) == len(others) * 2 * len(X)  # of those without memory

    def test_subjects_make_no_difference(self, tiny, seen, tmp_path):
        for groups in (None, np.arange(12), np.arange(12) // 3):
            tiny(memory=str(tmp_path)).fit(X, groups=groups, X_val=X_VAL)
        assert len(seen["train_step_single"]) == 2 * len(X)


class TestCheckpoint:
    @pytest.fixture
    def stopped(self, tmp_path, monkeypatch):
        """Fit until some step, then raise, as Ctrl-C would."""

        def stopped(pretrainer, at, X_val):
            steps, train_step = [], TrainingNet.train_step

            def counted(self, *args, **params):
                steps.append(1)
                if len(steps) == at:
                    raise KeyboardInterrupt
                return train_step(self, *args, **params)

            pretrainer.set_params(checkpoint=tmp_path)
            with monkeypatch.context() as patch:
                patch.setattr(TrainingNet, "train_step", counted)
                with pytest.raises(KeyboardInterrupt), pytest.warns(UserWarning, match="goes on"):
                    pretrainer.fit(X, X_val=X_val)
            return pretrainer

        return stopped

    @pytest.mark.parametrize("patience", [None, 1])
    def test_it_goes_on_with_the_same_bits(self, tiny, stopped, patience):
        params = {"max_epochs": 5, "patience": patience, "learning_rate": 0.02}
        pretrainer = stopped(tiny(**params), 8, X_VAL)
        assert pretrainer.n_epochs_ == 2
        whole = tiny(**params).fit(X, X_val=X_VAL)
        assert whole.n_epochs_ > 2
        same_fit(pretrainer.fit(X, X_val=X_VAL), whole)

    @pytest.mark.parametrize(
        ("before", "now"),
        [
            (X_VAL, X_VAL[:5]),
            (X_VAL, X_VAL + np.float32(1e-6)),
            (X_VAL, X_VAL[::-1].copy()),
            (X_VAL, None),
            (None, X_VAL),
        ],
        ids=["fewer", "other values", "another order", "none", "some"],
    )
    def test_others_are_refused(self, tiny, stopped, before, now):
        pretrainer = stopped(tiny(), 4, before)
        with pytest.raises(ValueError, match="holds another fit: X_val was"):
            pretrainer.fit(X, X_val=now)
        assert pretrainer.fit(X, X_val=before).n_epochs_ == 2


def test_a_loaded_pretrainer_remembers_their_figures(tiny, tmp_path):
    saved = tiny().fit(X, X_val=X_VAL)
    loaded = type(saved).from_pretrained(saved.save_pretrained(tmp_path))
    assert loaded.history_ == saved.history_
    assert "valid_loss" in loaded.history_[-1]
