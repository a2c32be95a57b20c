"""What is left of a training that Ctrl-C, or a loss that is NaN, has stopped."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.training._net import TrainingNet
from tests.tiny import (
    each_pretrainer,
    same_fit,
    tiny_dense,
    tiny_ecg_classifier,
    tiny_pretrainer,
    waves,
)

X, Y = waves(24)
GROUPS = np.arange(24) // 4


class TestInterrupted:
    """Ctrl-C leaves a usable estimator with the epochs done, and says so."""

    @each_pretrainer
    def test_after_some_epochs(self, tiny, stop_at):
        model = tiny(max_epochs=5)
        stop_at(14)
        with (
            pytest.warns(UserWarning, match="fitted with 2 of 5 epochs"),
            pytest.raises(KeyboardInterrupt),
        ):
            model.fit(X)
        assert [row["epoch"] for row in model.history_] == [1, 2]
        assert model.n_epochs_ == 2
        if tiny is tiny_pretrainer:  # the other one's learning rate depends on max_epochs
            same_fit(model, tiny(max_epochs=2).fit(X))
        assert np.isfinite(model.encode(X)).all()

    def test_in_the_first_epoch_it_is_as_before(self, stop_at):
        model = tiny_pretrainer()
        stop_at(3)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X)
        with pytest.raises(NotFittedError):
            model.encode(X)

    def test_refitted_in_the_first_epoch_it_keeps_the_fit_before(self, stop_at):
        model = tiny_pretrainer().fit(X)
        before = model.state_
        stop_at(3)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X[:12])
        assert model.state_ is before

    def test_with_early_stopping_it_keeps_the_best_epoch(self, stop_at):
        params = {"patience": 3, "validation_fraction": 0.5, "learning_rate": 0.3}
        whole = tiny_pretrainer(max_epochs=30, **params).fit(X)
        losses = [row["valid_loss"] for row in whole.history_]
        last = int(np.argmin(losses)) + 2  # one after the best one, one before it would stop
        part = tiny_pretrainer(max_epochs=30, **params)
        stop_at(3 * last + 2)
        with pytest.warns(UserWarning, match="Interrupted"), pytest.raises(KeyboardInterrupt):
            part.fit(X)
        assert len(part.history_) == last
        np.testing.assert_equal(part.state_, whole.state_)

    def test_an_embedder_keeps_them_too(self, stop_at):
        pipe = make_pipeline(SSLEmbedder(tiny_pretrainer(max_epochs=5)), SVC())
        stop_at(14)
        with pytest.warns(UserWarning, match="2 of 5"), pytest.raises(KeyboardInterrupt):
            pipe.fit(X, Y)
        assert pipe[0].transform(X).shape == (24, 4)

    def test_a_classifier_whose_pretrainer_was_interrupted_is_not_fitted(self, stop_at):
        model = tiny_ecg_classifier(tiny_pretrainer(max_epochs=5))
        stop_at(14)
        with pytest.warns(UserWarning, match="2 of 5"), pytest.raises(KeyboardInterrupt):
            model.fit(X, Y)
        with pytest.raises(NotFittedError):
            model.predict(X)

    def test_dense_classifier(self, stop_at):
        model = tiny_dense(batch_size=8, max_epochs=9)
        stop_at(8)
        with pytest.warns(UserWarning, match="2 of 9"), pytest.raises(KeyboardInterrupt):
            model.fit(X, Y)
        assert model.predict(X).shape == Y.shape

    def test_the_warning_says_how_to_go_on(self, tmp_path, stop_at):
        stop_at(8)
        with (
            pytest.warns(UserWarning, match="the same fit goes on"),
            pytest.raises(KeyboardInterrupt),
        ):
            tiny_pretrainer(checkpoint=tmp_path).fit(X)


class TestDiverged:
    """A loss that is no number names epoch, batch and cause; the last good state is kept."""

    def test_window_that_stands_out(self):
        spoilt = X.copy()
        spoilt[17] *= 1e30
        with pytest.raises(
            ValueError, match=r"epoch 1, batch \d of 6.*window 17 in it, which reach"
        ):
            tiny_pretrainer().fit(spoilt)

    def test_all_windows_are_large(self):
        with pytest.raises(
            ValueError, match=r"epoch 1, batch 1 of 6.*windows usually reach [\d.]+e\+30"
        ):
            tiny_pretrainer().fit(X * 1e30)

    def test_the_batch_is_the_first_bad_one(self, monkeypatch):
        loss_of = TrainingNet._evaluated
        calls = []

        def evaluated(self, network, inputs, targets):
            loss, metrics = loss_of(self, network, inputs, targets)
            calls.append(1)
            return (loss * np.nan if len(calls) in (9, 10) else loss), metrics

        monkeypatch.setattr(TrainingNet, "_evaluated", evaluated)
        message = (
            r"train loss became nan in epoch 2, batch 3 of 6\. No window.*learning_rate is too.*"
        )
        model = tiny_pretrainer(max_epochs=4)
        with pytest.raises(ValueError, match=message + "fitted with 1 of 4 epochs"):
            model.fit(X)
        monkeypatch.undo()
        same_fit(model, tiny_pretrainer(max_epochs=1).fit(X))

    def test_held_out_loss(self):
        spoilt = X.copy()
        spoilt[GROUPS == 2] = np.clip(spoilt[GROUPS == 2] * 1e38, -3e38, 3e38)
        for seed in range(20):
            model = tiny_ecg_classifier(validation_fraction=0.2, random_state=seed)
            with pytest.raises(ValueError, match="(train|valid) loss became") as caught:
                model.fit(spoilt, Y, groups=GROUPS)
            if "valid loss" in str(caught.value):
                assert "Probably because of window" in str(caught.value)
                return
        raise AssertionError("the spoilt subject was never held out")

    def test_long_epochs_are_looked_at_in_between(self, monkeypatch):
        monkeypatch.setattr("sklearn_ecgssl.training._net.CHECK_EVERY", 2)
        steps, train_step = [], TrainingNet.train_step
        monkeypatch.setattr(
            TrainingNet,
            "train_step",
            lambda self, *a, **k: steps.append(1) or train_step(self, *a, **k),
        )
        with pytest.raises(ValueError, match="batch 1 of 6"):
            tiny_pretrainer().fit(X * 1e30)
        assert len(steps) == 2
