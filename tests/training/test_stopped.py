"""What is left of a training that Ctrl-C, or a loss that is NaN, has stopped."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.training import _net
from tests.tiny import (
    each_pretrainer,
    same_fit,
    tiny_dense,
    tiny_ecg_classifier,
    tiny_pretrainer,
    waves,
)

X, Y = waves(24)  # 6 batches an epoch of a pretrainer


def interrupted(fit, message):
    with pytest.warns(UserWarning, match=message), pytest.raises(KeyboardInterrupt):
        fit()


class TestInterrupted:
    """Ctrl-C leaves a usable estimator with the epochs done, and says so."""

    @each_pretrainer
    def test_after_some_epochs(self, tiny, stop_at):
        model = tiny(max_epochs=5)
        stop_at(14)
        interrupted(lambda: model.fit(X), r"fitted with 2 of 5 epochs\.")
        assert [row["epoch"] for row in model.history_] == [1, 2]
        assert model.n_epochs_ == 2
        if tiny is tiny_pretrainer:  # the other one's learning rate depends on max_epochs
            same_fit(model, tiny(max_epochs=2).fit(X))
        assert np.isfinite(model.encode(X)).all()

    def test_in_the_first_epoch_it_is_as_before(self, stop_at):
        model, fitted = tiny_pretrainer(), tiny_pretrainer().fit(X)
        before = fitted.state_
        for one in (model, fitted):
            stop_at(3)
            with pytest.raises(KeyboardInterrupt):
                one.fit(X[:12])
        with pytest.raises(NotFittedError):
            model.encode(X)
        assert fitted.state_ is before

    def test_with_early_stopping_it_keeps_the_best_epoch(self, stop_at):
        params = {"patience": 3, "validation_fraction": 0.5, "learning_rate": 0.3}
        whole = tiny_pretrainer(max_epochs=30, **params).fit(X)
        losses = [row["valid_loss"] for row in whole.history_]
        last = int(np.argmin(losses)) + 2  # one after the best one, one before it would stop
        part = tiny_pretrainer(max_epochs=30, **params)
        stop_at(3 * last + 2)
        interrupted(lambda: part.fit(X), "Interrupted")
        assert len(part.history_) == last
        np.testing.assert_equal(part.state_, whole.state_)

    def test_what_contains_a_pretrainer(self, stop_at):
        """An embedder keeps its epochs; a classifier, which has trained none, is not fitted."""
        pipe = make_pipeline(SSLEmbedder(tiny_pretrainer(max_epochs=5)), SVC())
        stop_at(14)
        interrupted(lambda: pipe.fit(X, Y), "2 of 5")
        assert pipe[0].transform(X).shape == (24, 4)
        model = tiny_ecg_classifier(tiny_pretrainer(max_epochs=5))
        stop_at(14)
        interrupted(lambda: model.fit(X, Y), "2 of 5")
        with pytest.raises(NotFittedError):
            model.predict(X)

    def test_dense_classifier(self, stop_at):
        model = tiny_dense(batch_size=8, max_epochs=9)
        stop_at(8)
        interrupted(lambda: model.fit(X, Y), "2 of 9")
        assert model.predict(X).shape == Y.shape


class TestDiverged:
    """A loss that is NaN is an error with epoch, batch and cause; the last good state is kept."""

    @pytest.mark.parametrize(
        ("which", "message"),
        [
            (17, r"epoch 1, batch \d of 6.*window 17 in it, which reach"),
            (slice(None), r"epoch 1, batch 1 of 6.*windows usually reach [\d.]+e\+30"),
        ],
    )
    def test_large_windows_are_named(self, which, message):
        spoilt = X.copy()
        spoilt[which] *= 1e30
        with pytest.raises(ValueError, match=message):
            tiny_pretrainer().fit(spoilt)

    def test_the_batch_is_named_and_the_epochs_before_it_are_kept(self, tmp_path, spoil_at):
        message = "nan in epoch 2, batch 3 of 6. No window.*learning_rate.*fitted with 1 of 3"
        model, whole = tiny_pretrainer(max_epochs=3, checkpoint=tmp_path), tiny_pretrainer
        spoil_at(9)
        with pytest.raises(ValueError, match=message):
            model.fit(X)
        spoil_at(0)  # none from now on
        same_fit(model, whole(max_epochs=1).fit(X))
        same_fit(clone(model).fit(X), whole(max_epochs=3).fit(X))

    def test_held_out_loss(self):
        spoilt = np.clip(X * 1e38, -3e38, 3e38)
        with pytest.raises(ValueError, match=r"valid loss became .*because of window 0 of X_val"):
            tiny_pretrainer().fit(X, X_val=spoilt[:1])

    def test_long_epochs_are_looked_at_in_between(self, monkeypatch, stop_at):
        monkeypatch.setattr(_net, "CHECK_EVERY", 2)
        stop_at(3)
        with pytest.raises(ValueError, match="batch 1 of 6"):
            tiny_pretrainer().fit(X * 1e30)
