"""Supervised, frozen and fine-tuned networks; what all classifiers share is tested beside this."""

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

import sklearn_ecgssl.classify._ecg as ecg
from sklearn_ecgssl.classify import ECGClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.networks import ConvTrunk
from sklearn_ecgssl.pretext import PretextPretrainer
from tests.tiny import tiny_ecg_classifier, tiny_masked, tiny_pretrainer, waves

X, Y = waves()
#: Four people with three windows of each class.
SUBJECT = np.arange(24) // 6
each_freeze = pytest.mark.parametrize("freeze", ["trunk", None])


@pytest.fixture(params=["recognition", "masked"])
def fitted(request):
    return request.getfixturevalue(f"fitted_{request.param}")


@pytest.fixture
def trainings(monkeypatch):
    """What `train` was called with, and the weights that it began with, a dict a call."""
    calls = []
    train = ecg.train
    names = ("module", "criterion", "prepare", "store", "targets", "split", "plan", "seeds")

    def spy(*args):
        weights = {name: t.numpy().copy() for name, t in args[0].state_dict().items()}
        calls.append(dict(zip(names, args, strict=False)) | {"initial": weights})
        return train(*args)

    monkeypatch.setattr(ecg, "train", spy)
    return calls


def part(state, start):
    return {name.removeprefix(start): a for name, a in state.items() if name.startswith(start)}


def same(first, second, atol=0):
    assert list(first) == list(second)
    return all(np.allclose(first[name], second[name], rtol=0, atol=atol) for name in first)


class TestThreeNetworks:
    """They differ in what their names say alone."""

    def test_frozen_trunk_is_kept_bit_by_bit_and_the_head_learns(self, fitted, trainings):
        before = joblib.hash(fitted)
        frozen = FrozenEstimator(fitted)
        model = tiny_ecg_classifier(frozen, "trunk").fit(X, Y)
        assert model.pretrainer_ is frozen
        assert joblib.hash(fitted) == before
        assert same(part(model.state_, "trunk."), fitted.trunk_state())
        head = part(model.state_, "head.")
        assert all(np.any(head[name] != first) for name, first in trainings[0]["initial"].items())
        features = trainings[0]["store"].loaded()
        np.testing.assert_allclose(features, fitted.encode(X), atol=1e-6)

    @pytest.mark.parametrize("pretrained", [False, True])
    def test_everything_else_learns_all_weights(self, fitted, trainings, pretrained):
        untrained = clone(fitted).set_params(max_epochs=0)
        model = tiny_ecg_classifier(FrozenEstimator(fitted) if pretrained else untrained).fit(X, Y)
        first = trainings[0]["initial"]
        assert list(model.state_) == list(first)
        for name, array in model.state_.items():
            assert np.any(array != first[name]), name
        assert same(part(first, "trunk."), model.pretrainer_.trunk_state()), "as training began"
        assert same(part(first, "trunk."), fitted.trunk_state()) is pretrained

    def test_head_split_and_plan_are_the_same(self, fitted, trainings):
        untrained, frozen = clone(fitted).set_params(max_epochs=0), FrozenEstimator(fitted)
        for args in ((frozen, "trunk"), (frozen,), (untrained,)):
            tiny_ecg_classifier(*args, validation_fraction=0.3, l2=0.1, max_epochs=1).fit(X, Y)
        head, *others = trainings
        for training in others:
            assert same(part(training["initial"], "head."), head["initial"])
            assert training["seeds"] == head["seeds"]
            np.testing.assert_equal(training["targets"], head["targets"])
            np.testing.assert_equal(training["split"], head["split"])
            for name in ("max_epochs", "batch_size", "learning_rate", "learning_rates", "l2"):
                assert getattr(training["plan"], name) == getattr(head["plan"], name)

    def test_supervised_default_is_an_untrained_trunk_of_the_papers_size(self):
        first, again, other = (
            ECGClassifier(hidden=(4,), max_epochs=1, random_state=seed).fit(X[:6], Y[:6])
            for seed in (0, 0, 1)
        )
        assert first.pretrainer_.history_ == []
        papers = ConvTrunk().state_dict()
        trunk = part(first.state_, "trunk.")
        assert [array.shape for array in trunk.values()] == [t.shape for t in papers.values()]
        assert same(first.pretrainer_.trunk_state(), again.pretrainer_.trunk_state())
        assert not same(first.pretrainer_.trunk_state(), other.pretrainer_.trunk_state())

    def test_training_has_the_dropout_of_the_trunk(self):
        masked, without = (tiny_masked(max_epochs=0, dropout=p).fit(X) for p in (0.3, 0.0))
        states = [
            tiny_ecg_classifier(FrozenEstimator(p), max_epochs=1).fit(X, Y).state_
            for p in (masked, without)
        ]
        assert not same(*states)


class TestPretrainer:
    @each_freeze
    def test_a_clone_is_fitted_on_the_training_windows_alone(self, freeze, monkeypatch):
        """Which are converted to float32 once: it reads the same copy."""
        seen = []
        fit = PretextPretrainer.fit

        def spy(self, X, y=None, groups=None):
            seen.append((X, y))
            return fit(self, X, y, groups)

        monkeypatch.setattr(PretextPretrainer, "fit", spy)
        pretrainer = tiny_pretrainer()
        model = tiny_ecg_classifier(pretrainer, freeze, max_epochs=1)
        model.fit(X[:16].astype(np.float64), Y[:16])
        assert not hasattr(pretrainer, "state_")
        ((store, labels),) = seen
        assert store.blocks[0].dtype == np.float32
        assert labels is None
        assert model.pretrainer_.n_features_in_ == model.n_features_in_ == 64
        assert same(model.pretrainer_.state_, tiny_pretrainer().fit(X[:16]).state_)

    def test_groups_reach_it(self):
        pretrainer = tiny_pretrainer(validation_fraction=0.3)
        with pytest.raises(ValueError, match="groups names only"):
            tiny_ecg_classifier(pretrainer).fit(X, Y, groups=np.zeros(24))

    @pytest.mark.parametrize(
        ("pretrainer", "error", "message"),
        [
            (FrozenEstimator(tiny_pretrainer()), NotFittedError, "not fitted yet"),
            ("trunk", FileNotFoundError, "neither a folder 'trunk'"),
            (SSLEmbedder(), ValueError, "'pretrainer' parameter of ECGClassifier must be"),
            (PretextPretrainer(), ValueError, "needs windows of at least 22 samples"),
        ],
    )
    def test_what_cannot_be_used_is_refused(self, pretrainer, error, message):
        with pytest.raises(error, match=message):
            tiny_ecg_classifier(pretrainer).fit(X[:, :21], Y)

    def test_windows_of_another_length_than_it_knows(self, fitted):
        with pytest.raises(ValueError, match="learnt from windows of 64 samples, these have 32"):
            tiny_ecg_classifier(FrozenEstimator(fitted)).fit(X[:, :32], Y)


class TestLearningRates:
    @pytest.mark.parametrize(("still", "learning"), [("trunk.", "head."), ("head.", "trunk.")])
    def test_one_part_nearly_stays_and_the_other_learns(self, fitted, trainings, still, learning):
        slow, fast = ("trunk_learning_rate", "learning_rate")[:: 1 if still == "trunk." else -1]
        model = tiny_ecg_classifier(FrozenEstimator(fitted), **{slow: 1e-9, fast: 0.05}).fit(X, Y)
        first = trainings[0]["initial"]
        assert same(part(model.state_, still), part(first, still), atol=1e-6)
        assert not same(part(model.state_, still), part(first, still))
        assert not same(part(model.state_, learning), part(first, learning), atol=0.1)

    def test_none_is_that_of_the_head(self, fitted):
        model = tiny_ecg_classifier(FrozenEstimator(fitted), max_epochs=2)
        default = model.fit(X, Y).state_
        assert same(model.set_params(trunk_learning_rate=0.05).fit(X, Y).state_, default)


class TestAggregate:
    @pytest.mark.parametrize("aggregate", [None, "mean", ["max", "std"]])
    @each_freeze
    def test_the_head_begins_with_those_features(self, fitted, aggregate, freeze):
        # a learning rate that moves nothing
        model = tiny_ecg_classifier(
            FrozenEstimator(fitted), freeze, aggregate=aggregate, max_epochs=1, learning_rate=1e-30
        ).fit(X, Y)
        with torch.no_grad():
            features = model.to_torch().network.trunk(torch.from_numpy(X)).numpy()
        expected = fitted.encode(X, aggregate=aggregate)
        np.testing.assert_allclose(features, expected, rtol=0, atol=1e-5)
        assert model.architecture_["n_features"] == expected.shape[1]
        before = model.predict_proba(X)
        np.testing.assert_array_equal(model.set_params(aggregate="max").predict_proba(X), before)

    def test_one_that_cannot_be_trained(self, fitted):
        with pytest.raises(ValueError, match="'rhythm' cannot be trained through.*SSLEmbedder"):
            tiny_ecg_classifier(FrozenEstimator(fitted), aggregate="rhythm").fit(X, Y)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_to_torch_gives_probabilities(fitted, n_classes):
    windows, target = waves(n_classes=n_classes)
    model = tiny_ecg_classifier(FrozenEstimator(fitted), max_epochs=2).fit(windows, target)
    module = model.to_torch()
    assert not module.training
    with torch.no_grad():
        proba = module(torch.from_numpy(windows))
    assert proba.dtype == torch.float32
    np.testing.assert_allclose(proba, model.predict_proba(windows), atol=1e-6)


class TestValidationSet:
    @pytest.mark.parametrize(("fraction", "sizes"), [(0.25, [18, 6]), (None, [24, 0])])
    def test_without_subjects_windows_are_held_out(self, trainings, fraction, sizes):
        model = tiny_ecg_classifier(validation_fraction=fraction, max_epochs=1).fit(X, Y)
        assert [len(indices) for indices in trainings[0]["split"]] == sizes
        validated = {"valid_loss", "valid_accuracy"}
        assert validated & set(model.history_[0]) == (set() if fraction is None else validated)

    def test_subjects_are_held_out_whole_and_every_class_is_learnt(self, trainings):
        # Only the first subject has class 2, and one draw of four holds him out.
        labels = np.where(SUBJECT < 1, 2, Y)
        pretrainer = tiny_pretrainer(max_epochs=0)
        for seed in range(8):
            tiny_ecg_classifier(
                pretrainer, "trunk", validation_fraction=0.25, max_epochs=1, random_state=seed
            ).fit(X, labels, groups=SUBJECT)
            train, held_out = trainings[-1]["split"]
            assert set(labels[train]) == {0, 1, 2}
            assert len(held_out) == 6
            assert len(np.unique(SUBJECT[held_out])) == 1
            assert sorted([*train, *held_out]) == list(range(24))

    @each_freeze
    def test_stopping_early_goes_back_to_the_best_weights(self, freeze, trainings):
        misleading = np.where(SUBJECT < 2, Y, 1 - Y)  # what is learnt is wrong of the others
        model = tiny_ecg_classifier(
            freeze=freeze, validation_fraction=0.5, patience=3, max_epochs=60, random_state=1
        ).fit(X, misleading, groups=SUBJECT)
        losses = [row["valid_loss"] for row in model.history_]
        best = int(np.argmin(losses))
        assert len(losses) == best + 1 + 3 < 60
        held_out = trainings[0]["split"][1]
        proba = model.predict_proba(X[held_out])
        loss = -np.mean(np.log(proba[np.arange(len(held_out)), misleading[held_out]]))
        assert loss == pytest.approx(losses[best], rel=1e-4)

    @pytest.mark.parametrize(
        ("y", "groups", "fraction", "message"),
        [
            (Y, [0, 1], 0.3, "groups must be 1-D with one entry for each of the 24"),
            (Y, Y, 0.5, "leaves a class without a window.*subjects are drawn. Lower it"),
            (np.arange(24), None, 0.2, "without a window.*windows are drawn"),
            (Y, SUBJECT, 0.99, "validation_fraction=0.99 .* none is left to train on"),
        ],
    )
    def test_what_cannot_be_split(self, y, groups, fraction, message):
        with pytest.raises(ValueError, match=message):
            tiny_ecg_classifier(validation_fraction=fraction).fit(X, y, groups=groups)


@each_freeze
def test_a_checkpoint_is_of_one_fit(freeze, tmp_path, fitted_recognition):
    def model(pretrainer=fitted_recognition, **params):
        frozen = FrozenEstimator(pretrainer)
        return tiny_ecg_classifier(frozen, freeze, max_epochs=2, checkpoint=tmp_path, **params)

    first = model().fit(X, Y)
    assert same(model().fit(X, Y).state_, first.state_)
    with pytest.raises(ValueError, match="holds another fit: y was"):
        model().fit(X, 1 - Y)
    with pytest.raises(ValueError, match="holds another fit: dropout was 0.0, is 0.5"):
        model(dropout=0.5).fit(X, Y)
    other = tiny_pretrainer(random_state=1).fit(X)
    with pytest.raises(ValueError, match="holds another fit: weights of the pretrained trunk"):
        model(other).fit(X, Y)


class TestWindows:
    def test_windowed_recordings_are_refused(self):
        windowed = X.reshape(6, 4, 64)
        model = tiny_ecg_classifier(max_epochs=1)
        with pytest.raises(ValueError, match=r"use SegmentVotingClassifier\(ECGClassifier"):
            model.fit(windowed, Y[:6])
        with pytest.raises(ValueError, match=r"use SegmentVotingClassifier\(ECGClassifier"):
            model.fit(X, Y).predict(windowed)

    @each_freeze
    def test_memory_map_is_the_same_as_the_array(self, freeze, tmp_path):
        np.save(tmp_path / "w.npy", X)
        mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
        from_map, from_array = (
            tiny_ecg_classifier(tiny_pretrainer(), freeze, max_epochs=2).fit(windows, Y)
            for windows in (mapped, X)
        )
        assert same(from_map.state_, from_array.state_)
        np.testing.assert_array_equal(from_map.predict_proba(mapped), from_array.predict_proba(X))
