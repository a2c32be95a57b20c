import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_val_score

from sklearn_ecgssl.classify import DenseClassifier, ECGClassifier, SegmentVotingClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.networks import ConvTrunk
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.signal import Segmenter
from sklearn_ecgssl.training import module_to_state
from tests.tiny import (
    SAMPLING_RATE,
    ecg_like,
    tiny_dense,
    tiny_ecg_classifier,
    tiny_masked,
    tiny_pretrainer,
    waves,
)

X, Y = waves()
#: Four people with three windows of each class.
SUBJECT = np.arange(24) // 6
#: METHODS of the papers: hidden layers, dropout, L2, epochs.
PAPERS = {
    "icassp2020": ((64, 64), 0, 0, 100),
    "tac2020-swell": ((512, 512), 0, 0, 200),
    "tac2020-wesad": ((512, 512), 0, 0, 200),
    "tac2020-dreamer": ((512, 512, 512), 0.2, 1e-4, 200),
    "tac2020-amigos": ((512, 512, 512), 0.4, 0, 200),
}
#: Those of the Transformer.
PAPER_OF_THE_TRANSFORMER = {
    "hidden": (1024, 512),
    "dropout": 0.3,
    "l2": 1e-5,
    "activation": "relu",
    "class_weight": "positive",
    "learning_rate": 1e-4,
    "lr_decay": 0.65,
    "lr_decay_epochs": 45,
    "max_epochs": 100,
    "freeze": None,
}


@pytest.fixture(scope="module")
def fitted():
    return tiny_pretrainer().fit(X)


@pytest.fixture(scope="module")
def masked():
    return tiny_masked(max_epochs=5).fit(X)


@pytest.fixture(params=["recognition", "masked"])
def pretrainer(request, fitted, masked):
    return FrozenEstimator(fitted if request.param == "recognition" else masked)


@pytest.fixture
def lessons(monkeypatch):
    """What `train` was called with, and the weights that it began with, a dict a call."""
    import sklearn_ecgssl.classify._ecg as ecg

    calls = []
    train = ecg.train

    def spy(module, **arguments):
        calls.append(arguments | {"initial": module_to_state(module)})
        return train(module, **arguments)

    monkeypatch.setattr(ecg, "train", spy)
    return calls


def part(state, start):
    return {name.removeprefix(start): a for name, a in state.items() if name.startswith(start)}


def same(first, second):
    assert list(first) == list(second)
    return all(np.array_equal(first[name], second[name]) for name in first)


def nearly_same(first, second, atol):
    return all(np.allclose(first[name], second[name], rtol=0, atol=atol) for name in first)


class TestWhatTheNamesSay:
    """Supervised, frozen and fine-tuned networks differ in their names alone."""

    def networks(self, fitted):
        return {
            "supervised": tiny_ecg_classifier(),
            "frozen": tiny_ecg_classifier(FrozenEstimator(fitted), "trunk"),
            "fine-tuned": tiny_ecg_classifier(FrozenEstimator(fitted)),
        }

    def test_frozen_trunk_is_bit_identical_before_and_after(self, fitted, lessons):
        before = joblib.hash(fitted)
        trunk = {name: array.copy() for name, array in fitted.trunk_state().items()}
        model = tiny_ecg_classifier(FrozenEstimator(fitted), "trunk").fit(X, Y)
        assert same(part(model.state_, "trunk."), trunk)
        assert joblib.hash(fitted) == before
        head = part(model.state_, "head.")
        assert all(np.any(head[name] != first) for name, first in lessons[0]["initial"].items())

    def test_fine_tuned_and_supervised_trunks_change(self, fitted, lessons):
        for name in ("fine-tuned", "supervised"):
            state = self.networks(fitted)[name].fit(X, Y).state_
            first = lessons[-1]["initial"]
            assert list(state) == list(first)
            for weight in state:
                assert np.any(state[weight] != first[weight]), f"{name}: {weight}"

    def test_fine_tuning_begins_with_the_pretrained_trunk(self, fitted, lessons):
        model = self.networks(fitted)["fine-tuned"].fit(X, Y)
        assert same(part(lessons[0]["initial"], "trunk."), fitted.trunk_state())
        assert same(model.pretrainer_.trunk_state(), fitted.trunk_state()), "as training began"

    def test_heads_begin_alike(self, fitted, lessons):
        for model in self.networks(fitted).values():
            model.fit(X, Y)
        supervised, frozen, tuned = [lesson["initial"] for lesson in lessons]
        assert same(part(supervised, "head."), frozen)
        assert same(part(tuned, "head."), frozen)
        assert not same(part(supervised, "trunk."), part(tuned, "trunk."))

    def test_everything_else_is_the_same(self, fitted, lessons):
        for model in self.networks(fitted).values():
            model.set_params(validation_fraction=0.3, l2=0.1).fit(X, Y)
        for lesson in lessons:
            assert lesson["seeds"] == lessons[0]["seeds"]
            np.testing.assert_array_equal(lesson["targets"], lessons[0]["targets"])
            for held, first in zip(lesson["split"], lessons[0]["split"], strict=True):
                np.testing.assert_array_equal(held, first)
            for name in ("max_epochs", "batch_size", "learning_rate", "learning_rates", "l2"):
                assert getattr(lesson["plan"], name) == getattr(lessons[0]["plan"], name)

    def test_frozen_is_a_dense_head_on_encoded_features(self, fitted, lessons, monkeypatch):
        model = tiny_ecg_classifier(FrozenEstimator(fitted), "trunk", dropout=0.2, l2=0.01)
        model.fit(X, Y)
        seeds = lessons[0]["seeds"]
        # Same seeds: first that of the weights.
        monkeypatch.setattr(
            "sklearn_ecgssl.classify._dense.initialised",
            lambda build, seed: loaded(build(), lessons[0]["initial"]),
        )
        monkeypatch.setattr(
            "sklearn_ecgssl.classify._dense.draw_seeds", lambda state, n: [0, *seeds]
        )
        dense = tiny_dense(
            hidden=(8,), max_epochs=10, batch_size=8, dropout=0.2, l2=0.01
        ).fit(fitted.encode(X), Y)  # fmt: skip
        assert same(part(model.state_, "head."), dense.state_)
        np.testing.assert_allclose(
            model.predict_proba(X), dense.predict_proba(fitted.encode(X)), rtol=1e-6
        )

    def test_supervised_default_is_an_untrained_trunk_of_the_papers_size(self):
        model = ECGClassifier(hidden=(4,), max_epochs=1, random_state=0).fit(X, Y)
        assert model.pretrainer_.history_ == []
        paper = module_to_state(ConvTrunk())
        trunk = part(model.state_, "trunk.")
        assert {n: a.shape for n, a in trunk.items()} == {n: a.shape for n, a in paper.items()}
        again = ECGClassifier(hidden=(4,), max_epochs=1, random_state=0).fit(X, Y)
        other = ECGClassifier(hidden=(4,), max_epochs=1, random_state=1).fit(X, Y)
        assert same(model.pretrainer_.trunk_state(), again.pretrainer_.trunk_state())
        assert not same(model.pretrainer_.trunk_state(), other.pretrainer_.trunk_state())


def loaded(module, state):
    module.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    return module


class TestPretrainer:
    def test_frozen_is_never_refitted(self, fitted, monkeypatch):
        monkeypatch.setattr(PretextPretrainer, "fit", None)
        for freeze in ("trunk", None):
            frozen = FrozenEstimator(fitted)
            model = tiny_ecg_classifier(frozen, freeze, max_epochs=1).fit(X[:10], Y[:10])
            assert model.pretrainer_ is frozen

    @pytest.mark.parametrize("freeze", ["trunk", None])
    def test_a_clone_is_fitted_on_the_training_windows_alone(self, freeze):
        pretrainer = tiny_pretrainer()
        model = tiny_ecg_classifier(pretrainer, freeze, max_epochs=1).fit(X[:16], Y[:16])
        assert not hasattr(pretrainer, "state_")
        assert same(model.pretrainer_.state_, tiny_pretrainer().fit(X[:16]).state_)

    def test_cross_validation_never_shows_it_the_test_part(self, monkeypatch):
        seen = []
        fit = PretextPretrainer.fit
        monkeypatch.setattr(
            PretextPretrainer,
            "fit",
            lambda self, X, y=None, groups=None: seen.append((X, y)) or fit(self, X, y, groups),
        )
        model = tiny_ecg_classifier(tiny_pretrainer(max_epochs=1), "trunk", max_epochs=1)
        cross_val_score(model, X, Y, groups=SUBJECT, cv=LeaveOneGroupOut(), error_score="raise")
        assert len(seen) == 4
        for subject, (windows, labels) in enumerate(seen):
            np.testing.assert_array_equal(windows, X[subject != SUBJECT])
            assert labels is None, "no label reaches the pretrainer"

    def test_groups_reach_it(self):
        pretrainer = tiny_pretrainer(validation_fraction=0.3)
        with pytest.raises(ValueError, match="groups names only"):
            tiny_ecg_classifier(pretrainer).fit(X, Y, groups=np.zeros(24))

    def test_untrained_pretrainer_is_a_random_trunk(self):
        untrained = tiny_pretrainer(max_epochs=0, random_state=3).fit(X)
        assert (untrained.history_, untrained.n_epochs_) == ([], 0)
        one_step = tiny_pretrainer(learning_rate=1e-9, max_epochs=1, random_state=3).fit(X)
        assert nearly_same(untrained.state_, one_step.state_, atol=1e-6)
        assert not same(untrained.state_, one_step.state_)
        model = tiny_ecg_classifier(tiny_pretrainer(max_epochs=0, random_state=3), "trunk").fit(
            X, Y
        )
        assert same(part(model.state_, "trunk."), untrained.trunk_state())

    @pytest.mark.parametrize(
        "params", [{"patience": 2}, {"patience": 2, "validation_fraction": 0.3}, {"verbose": 1}]
    )
    def test_untrained_pretrainer_with_what_only_matters_in_training(self, params):
        untrained = tiny_pretrainer(max_epochs=0, **params).fit(X)
        assert untrained.history_ == []
        assert untrained.encode(X).shape == (24, 4)

    def test_another_window_length_than_the_frozen_one(self, fitted):
        model = tiny_ecg_classifier(FrozenEstimator(fitted))
        with pytest.raises(ValueError, match="learnt from windows of 64 samples, these have 32"):
            model.fit(X[:, :32], Y)

    def test_frozen_but_unfitted(self):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            tiny_ecg_classifier(FrozenEstimator(tiny_pretrainer())).fit(X, Y)

    def test_folder_that_is_not_there(self):
        with pytest.raises(ValueError, match="'trunk' cannot be found.* neither a folder"):
            tiny_ecg_classifier("trunk").fit(X, Y)

    @pytest.mark.parametrize("wrong", [SSLEmbedder(), 3])
    def test_what_is_no_pretrainer(self, wrong):
        with pytest.raises(ValueError, match="'pretrainer' parameter of ECGClassifier must be"):
            tiny_ecg_classifier(wrong).fit(X, Y)


class TestLearningRates:
    def test_trunk_nearly_stays_and_head_learns(self, fitted, lessons):
        model = tiny_ecg_classifier(FrozenEstimator(fitted), trunk_learning_rate=1e-9)
        model.fit(X, Y)
        first = lessons[0]["initial"]
        assert nearly_same(part(model.state_, "trunk."), part(first, "trunk."), atol=1e-6)
        assert not same(part(model.state_, "trunk."), part(first, "trunk."))
        assert not nearly_same(part(model.state_, "head."), part(first, "head."), atol=0.1)

    def test_head_nearly_stays_and_trunk_learns(self, fitted, lessons):
        tiny_ecg = tiny_ecg_classifier(
            FrozenEstimator(fitted), learning_rate=1e-9, trunk_learning_rate=0.05
        )
        state = tiny_ecg.fit(X, Y).state_
        first = lessons[0]["initial"]
        assert nearly_same(part(state, "head."), part(first, "head."), atol=1e-6)
        assert not nearly_same(part(state, "trunk."), part(first, "trunk."), atol=0.1)

    def test_none_is_that_of_the_head(self, fitted):
        states = [
            tiny_ecg_classifier(FrozenEstimator(fitted), trunk_learning_rate=r).fit(X, Y).state_
            for r in (None, 0.05)
        ]
        assert same(*states)


class TestDecay:
    @pytest.mark.parametrize("freeze", ["trunk", None])
    def test_the_learning_rate_falls_every_so_many_epochs(self, fitted, freeze, lessons):
        frozen = FrozenEstimator(fitted)
        tiny_ecg_classifier(frozen, freeze, lr_decay=0.5, lr_decay_epochs=2).fit(X, Y)
        schedule = lessons[0]["plan"].schedule
        steps_per_epoch = 3
        factors = [schedule(step, steps_per_epoch) for step in range(5 * steps_per_epoch)]
        assert factors == [1] * 6 + [0.5] * 6 + [0.25] * 3

    def test_a_decay_to_nearly_nothing_stops_learning(self, fitted):
        long, short = (
            tiny_ecg_classifier(FrozenEstimator(fitted), **params).fit(X, Y).state_
            for params in (
                {"lr_decay": 1e-12, "lr_decay_epochs": 2, "max_epochs": 10},
                {"max_epochs": 2},
            )
        )
        assert nearly_same(long, short, atol=1e-8)


class TestAggregate:
    """How the trunk's activations become the head's input, for either pretrainer."""

    @pytest.mark.parametrize("aggregate", [None, "mean", ["max", "std"]])
    @pytest.mark.parametrize("freeze", ["trunk", None])
    def test_the_trunk_begins_with_those_features(self, pretrainer, aggregate, freeze):
        # a learning rate that moves nothing
        model = tiny_ecg_classifier(
            pretrainer, freeze, aggregate=aggregate, max_epochs=1, learning_rate=1e-30
        ).fit(X, Y)
        trunk = model._module(torch.device("cpu")).trunk
        with torch.no_grad():
            features = trunk(torch.from_numpy(X)).numpy()
        expected = pretrainer.encode(X, aggregate=aggregate)
        np.testing.assert_allclose(features, expected, rtol=0, atol=1e-5)
        assert model.architecture_["n_features"] == expected.shape[1]

    def test_it_learns(self, pretrainer):
        model = tiny_ecg_classifier(pretrainer, aggregate="mean", max_epochs=40).fit(X, Y)
        assert model.score(X, Y) == 1

    def test_unknown(self, pretrainer):
        with pytest.raises(ValueError, match="aggregate must be one or several of .*'median'"):
            tiny_ecg_classifier(pretrainer, aggregate="median").fit(X, Y)

    def test_rhythm_is_refused(self, pretrainer):
        with pytest.raises(ValueError, match="'rhythm' cannot be trained through.*SSLEmbedder"):
            tiny_ecg_classifier(pretrainer, aggregate="rhythm").fit(X, Y)

    def test_changed_parameter_waits_for_the_next_fit(self, pretrainer):
        model = tiny_ecg_classifier(pretrainer, aggregate="mean", max_epochs=1).fit(X, Y)
        before = model.predict_proba(X)
        np.testing.assert_array_equal(model.set_params(aggregate="max").predict_proba(X), before)


class TestMaskedPretrainer:
    """Fine-tuned, frozen and supervised, as with the recognition network."""

    @pytest.mark.parametrize("freeze", ["trunk", None])
    def test_with_the_papers_head(self, masked, freeze):
        model = ECGClassifier.from_preset(
            "icpr2022", pretrainer=FrozenEstimator(masked), freeze=freeze, max_epochs=20,
            learning_rate=1e-2, batch_size=8, random_state=0, precision="float32",
        ).fit(X, Y)  # fmt: skip
        assert model.architecture_["hidden"] == (1024, 512)
        assert model.score(X, Y) > 0.9
        kept = part(model.state_, "trunk.")
        assert same(kept, masked.trunk_state()) == (freeze == "trunk")

    def test_without_pretraining(self):
        model = tiny_ecg_classifier(tiny_masked(max_epochs=0), max_epochs=40).fit(X, Y)
        assert model.score(X, Y) > 0.9

    def test_training_on_has_dropout_and_answering_has_none(self, masked):
        model = tiny_ecg_classifier(FrozenEstimator(masked), max_epochs=1)
        np.testing.assert_array_equal(model.fit(X, Y).predict_proba(X), model.predict_proba(X))
        other = tiny_masked(max_epochs=5, dropout=0.0).fit(X)
        other.state_ = masked.state_
        without = tiny_ecg_classifier(FrozenEstimator(other), max_epochs=1).fit(X, Y)
        assert not same(model.state_, without.state_)

    def test_same_seed_same_bits(self, masked):
        first, second = (
            tiny_ecg_classifier(FrozenEstimator(masked)).fit(X, Y).state_ for _ in range(2)
        )
        assert same(first, second)


class TestPresets:
    @pytest.mark.parametrize("name", PAPERS)
    def test_are_the_papers_heads(self, name):
        model = ECGClassifier.from_preset(name, random_state=3)
        assert (tuple(model.hidden), model.dropout, model.l2, model.max_epochs) == PAPERS[name]
        assert (model.learning_rate, model.batch_size, model.activation) == (1e-3, 128, "relu")
        assert (model.pretrainer, model.freeze, model.random_state) == (None, None, 3)

    def test_is_that_of_the_transformer(self):
        params = ECGClassifier.from_preset("icpr2022").get_params()
        assert {name: params[name] for name in PAPER_OF_THE_TRANSFORMER} == PAPER_OF_THE_TRANSFORMER

    def test_are_those_of_the_dense_classifier(self):
        for name in [*PAPERS, "icpr2022"]:
            head = DenseClassifier.from_preset(name).get_params()
            whole = ECGClassifier.from_preset(name).get_params()
            assert {parameter: whole[parameter] for parameter in head} == head

    def test_with_a_pretrainer(self, fitted):
        model = ECGClassifier.from_preset(
            "icassp2020", pretrainer=FrozenEstimator(fitted), freeze="trunk", max_epochs=1
        ).fit(X, Y)
        assert model.architecture_["hidden"] == (64, 64)
        assert model.max_epochs == 1

    def test_unknown(self):
        with pytest.raises(ValueError, match=r"name must be one of \['icassp2020'.*got 'wesad'"):
            ECGClassifier.from_preset("wesad")


class TestLabels:
    @pytest.mark.parametrize(("freeze", "at_least"), [("trunk", 0.7), (None, 1)])
    def test_two_classes(self, freeze, at_least):
        names = np.array(["tense", "calm"])[Y]
        model = tiny_ecg_classifier(freeze=freeze, max_epochs=40).fit(X, names)
        assert model.score(X, names) >= at_least
        assert model.classes_.tolist() == ["calm", "tense"]
        assert model._logits(X).shape == (24, 1), "two classes are one sigmoid"
        proba = model.predict_proba(X)
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        np.testing.assert_array_equal(proba[:, 1] > 0.5, model.predict(X) == "tense")

    def test_three_classes(self):
        windows, target = waves(30, n_classes=3)
        names = np.array(["sad", "amused", "calm"])[target]
        model = tiny_ecg_classifier(max_epochs=60, learning_rate=0.03).fit(windows, names)
        assert model.score(windows, names) > 0.9
        assert model.classes_.tolist() == ["amused", "calm", "sad"]
        proba = model.predict_proba(windows)
        assert proba.shape == (30, 3)
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        np.testing.assert_array_equal(model.classes_[proba.argmax(axis=1)], model.predict(windows))

    def test_class_weight_moves_the_answer(self, fitted):
        shares = [
            np.mean(
                tiny_ecg_classifier(FrozenEstimator(fitted), "trunk", class_weight=w, max_epochs=5)
                .fit(X, Y)
                .predict_proba(X)[:, 1]
            )
            for w in ({0: 1, 1: 0.01}, None, {0: 0.01, 1: 1})
        ]
        assert shares[0] + 0.1 < shares[1] < shares[2] - 0.1

    def test_positive_class_weight_is_negatives_over_positives(self, monkeypatch):
        import sklearn_ecgssl.classify._ecg as ecg

        criteria = []
        train = ecg.train
        monkeypatch.setattr(
            ecg, "train", lambda *args, **kw: criteria.append(kw["criterion"]) or train(*args, **kw)
        )
        rare = np.r_[Y[:12], np.zeros(12, dtype=int)]  # 18 against 6
        tiny_ecg_classifier(class_weight="positive", max_epochs=1).fit(X, rare)
        assert criteria[0].class_weights.tolist() == [1.0, 3.0]

    def test_positive_class_weight_is_for_two_classes(self):
        X3, Y3 = waves(n_classes=3)
        with pytest.raises(ValueError, match="class_weight='positive' is for two classes, y has 3"):
            tiny_ecg_classifier(class_weight="positive").fit(X3, Y3)

    def test_class_weight_of_unknown_class(self):
        with pytest.raises(ValueError, match="class"):
            tiny_ecg_classifier(class_weight={0: 1, "tense": 2}).fit(X, Y)

    def test_one_class(self):
        with pytest.raises(ValueError, match="y holds one class only.*at least two"):
            tiny_ecg_classifier().fit(X, ["calm"] * 24)

    @pytest.mark.parametrize("y", [Y[:-1], np.r_[Y, 0], Y[:0]])
    def test_of_another_length(self, y):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            tiny_ecg_classifier().fit(X, y)

    def test_missing(self):
        with pytest.raises(ValueError, match="needs one label for each window"):
            tiny_ecg_classifier().fit(X, None)

    def test_of_a_regression(self):
        with pytest.raises(ValueError, match="Unknown label type: continuous"):
            tiny_ecg_classifier().fit(X, np.linspace(0, 1, 24))


class TestHeldOut:
    def test_subjects_are_held_out_whole(self, lessons):
        model = tiny_ecg_classifier(validation_fraction=0.4).fit(X, Y, groups=SUBJECT)
        train, held_out = lessons[0]["split"]
        assert set(SUBJECT[train]).isdisjoint(SUBJECT[held_out])
        assert len(np.unique(SUBJECT[held_out])) == 2
        assert sorted([*train, *held_out]) == list(range(24))
        assert {"valid_loss", "valid_accuracy"} <= set(model.history_[0])

    def test_without_subjects_windows_are_held_out(self, lessons):
        tiny_ecg_classifier(validation_fraction=0.25).fit(X, Y)
        assert [len(indices) for indices in lessons[0]["split"]] == [18, 6]

    def test_nothing_is_held_out_unless_asked(self, lessons):
        model = tiny_ecg_classifier().fit(X, Y, groups=SUBJECT)
        assert [len(indices) for indices in lessons[0]["split"]] == [24, 0]
        assert "valid_loss" not in model.history_[0]

    @pytest.mark.parametrize("freeze", ["trunk", None])
    def test_stopping_early_goes_back_to_the_best_weights(self, freeze, lessons):
        misleading = np.where(SUBJECT < 2, Y, 1 - Y)  # what is learnt is wrong of the others
        model = tiny_ecg_classifier(
            freeze=freeze, validation_fraction=0.5, patience=3, max_epochs=60, random_state=1
        ).fit(X, misleading, groups=SUBJECT)
        losses = [row["valid_loss"] for row in model.history_]
        best = int(np.argmin(losses))
        assert len(losses) == best + 1 + 3 < 60
        held_out = lessons[0]["split"][1]
        proba = model.predict_proba(X[held_out])
        loss = -np.mean(np.log(proba[np.arange(len(held_out)), misleading[held_out]]))
        assert loss == pytest.approx(losses[best], rel=1e-4)

    def test_one_subject(self):
        with pytest.raises(ValueError, match="holds out whole subjects, but groups names only 1"):
            tiny_ecg_classifier(validation_fraction=0.3).fit(X, Y, groups=np.zeros(24))

    def test_groups_of_another_length(self):
        with pytest.raises(
            ValueError, match="groups must be 1-D with one entry for each of the 24"
        ):
            tiny_ecg_classifier(validation_fraction=0.3).fit(X, Y, groups=[0, 1])

    def test_classes_that_one_person_has_alone(self):
        with pytest.raises(ValueError, match="leaves a class without a window.*subjects are drawn"):
            tiny_ecg_classifier(validation_fraction=0.5).fit(X, Y, groups=Y)


class TestRecordings:
    SEGMENTER = Segmenter(sampling_rate=SAMPLING_RATE, window_length=1)

    @pytest.mark.parametrize("windowed", [list(X.reshape(6, 4, 64)), X.reshape(6, 4, 64)])
    def test_windowed_recordings_are_refused(self, windowed):
        model = tiny_ecg_classifier(max_epochs=1)
        with pytest.raises(ValueError, match=r"use SegmentVotingClassifier\(ECGClassifier"):
            model.fit(windowed, Y[:6])
        with pytest.raises(ValueError, match=r"use SegmentVotingClassifier\(ECGClassifier"):
            model.fit(X, Y).predict(windowed)

    def test_recordings_are_refused(self):
        recordings, target, _ = ecg_like()
        with pytest.raises(ValueError, match="look like recordings.*Put a Segmenter"):
            tiny_ecg_classifier().fit(recordings, target)

    def test_votes_of_ragged_recordings(self):
        recordings, target, _ = ecg_like()
        model = SegmentVotingClassifier(
            tiny_ecg_classifier(max_epochs=20, learning_rate=0.02), self.SEGMENTER
        ).fit(recordings, target)
        assert model.score(recordings, target) == 1
        windows = self.SEGMENTER.transform(recordings)
        by_hand = [model.estimator_.predict_proba(w).mean(axis=0) for w in windows]
        np.testing.assert_allclose(model.predict_proba(recordings), by_hand, atol=1e-6)

    def test_groups_of_recordings_hold_out_subjects(self, lessons):
        recordings, target, subject = ecg_like()
        model = SegmentVotingClassifier(
            tiny_ecg_classifier(validation_fraction=0.25, max_epochs=2), self.SEGMENTER
        ).fit(recordings, target, groups=subject)
        of_window = np.repeat(subject, [len(w) for w in self.SEGMENTER.transform(recordings)])
        train, held_out = lessons[0]["split"]
        assert set(of_window[train]).isdisjoint(of_window[held_out])
        assert len(np.unique(of_window[held_out])) == 1
        assert "valid_loss" in model.estimator_.history_[0]

    def test_cross_validation_of_recordings(self):
        recordings, target, subject = ecg_like()
        model = SegmentVotingClassifier(
            tiny_ecg_classifier(tiny_pretrainer(max_epochs=1), max_epochs=2), self.SEGMENTER
        )
        scores = cross_val_score(
            model, recordings, target, groups=subject, cv=LeaveOneGroupOut(), scoring="roc_auc",
            error_score="raise",
        )  # fmt: skip
        assert scores.shape == (4,)


class TestScikitLearn:
    def test_clone(self, fitted):
        frozen = FrozenEstimator(fitted)
        model = tiny_ecg_classifier(frozen, "trunk", dropout=0.3).fit(X, Y)
        copy = clone(model)
        assert not hasattr(copy, "state_")
        assert copy.pretrainer is frozen
        params = model.get_params(deep=False)
        assert {n: v for n, v in copy.get_params(deep=False).items() if params[n] != v} == {}
        assert same(copy.fit(X, Y).state_, model.state_)

    @pytest.mark.parametrize("freeze", ["trunk", None])
    def test_state_is_plain_and_survives_pickling(self, freeze):
        model = tiny_ecg_classifier(freeze=freeze, max_epochs=2).fit(X, Y)
        for name, value in vars(model).items():
            assert not isinstance(value, (torch.nn.Module, torch.Tensor)), name
        assert all(type(array) is np.ndarray for array in model.state_.values())
        assert b"torch" not in pickle.dumps(model)
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        assert joblib.hash(again) == joblib.hash(model)

    def test_using_it_changes_nothing(self):
        model = tiny_ecg_classifier(max_epochs=2).fit(X, Y)
        before, state = joblib.hash(model), torch.get_rng_state()
        model.predict(X), model.score(X, Y)
        assert joblib.hash(model) == before
        assert torch.equal(state, torch.get_rng_state())

    @pytest.mark.parametrize("freeze", ["trunk", None])
    def test_same_seed_same_bits(self, freeze):
        def fit(seed):
            return tiny_ecg_classifier(
                freeze=freeze, max_epochs=2, dropout=0.3, validation_fraction=0.3, random_state=seed
            ).fit(X, Y)

        torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
        first, second, other = fit(0), fit(0), fit(1)
        assert joblib.hash(first) == joblib.hash(second)
        assert first.history_ == second.history_
        assert not same(part(first.state_, "head."), part(other.state_, "head."))
        assert torch.equal(torch_state, torch.get_rng_state())
        np.testing.assert_array_equal(numpy_state, np.random.get_state()[1])

    def test_grid_search_over_the_pretrainer_and_freezing(self):
        model = tiny_ecg_classifier(tiny_pretrainer(max_epochs=1), max_epochs=1)
        grid = {"pretrainer__noise__snr_db": [5, 15], "freeze": ["trunk", None]}
        search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, Y)
        assert len(search.cv_results_["params"]) == 4
        best = search.best_estimator_
        noise = dict(best.pretrainer_.transforms_)["noise"]
        assert noise.snr_db == search.best_params_["pretrainer__noise__snr_db"]
        assert model.pretrainer.get_params()["noise__snr_db"] == 15

    def test_changed_parameters_wait_for_the_next_fit(self):
        model = tiny_ecg_classifier(max_epochs=1).fit(X, Y)
        before = model.predict_proba(X)
        model.set_params(hidden=(3,), pretrainer__filters=(9,), activation="leaky_relu")
        np.testing.assert_array_equal(model.predict_proba(X), before)

    def test_failed_refit_changes_nothing(self):
        model = tiny_ecg_classifier(max_epochs=1).fit(X, Y)
        before = joblib.hash(model)
        broken = X.copy()
        broken[3, 3] = np.nan
        for windows, labels, groups in (
            (X[:, :40], np.zeros(24), None),
            (X[:, :40], Y[:3], None),
            (X[:, :40], Y, [1, 2]),
            (broken, Y, None),
        ):
            with pytest.raises(ValueError, match="one class|inconsistent|groups|NaN"):
                model.fit(windows, labels, groups=groups)
        assert joblib.hash(model) == before
        assert model.predict(X).shape == (24,)

    def test_failed_training_leaves_it_unfitted(self):
        model = tiny_ecg_classifier(tiny_pretrainer(), device="nowhere")
        with pytest.raises(ValueError, match="device='nowhere' cannot be used"):
            model.fit(X, Y)
        assert not [name for name in vars(model) if name.endswith("_")]
        with pytest.raises(NotFittedError):
            model.predict(X)

    @pytest.mark.parametrize(
        "params",
        [
            {"freeze": "head"},
            {"freeze": True},
            {"trunk_learning_rate": 0},
            {"validation_fraction": 1.0},
            {"patience": 0},
            {"precision": "float16"},
            {"hidden": 3},
            {"max_epochs": 0},
            {"dropout": 1.0},
        ],
    )
    def test_bad_parameter_is_named(self, params):
        with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
            tiny_ecg_classifier(**params).fit(X, Y)


class TestWindows:
    def test_memory_map_is_the_same_as_the_array(self, tmp_path):
        np.save(tmp_path / "w.npy", X)
        mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
        assert isinstance(mapped, np.memmap)
        for freeze in ("trunk", None):
            from_map, from_array = (
                tiny_ecg_classifier(tiny_pretrainer(), freeze, max_epochs=2).fit(windows, Y)
                for windows in (mapped, X)
            )
            assert same(from_map.state_, from_array.state_)
            np.testing.assert_array_equal(
                from_map.predict_proba(mapped), from_array.predict_proba(X)
            )

    @pytest.mark.parametrize("container", [np.float64, np.asfortranarray, np.ndarray.tolist])
    def test_other_containers_are_the_same(self, container):
        first, second = (
            tiny_ecg_classifier(max_epochs=2).fit(windows, Y) for windows in (X, container(X))
        )
        assert same(first.state_, second.state_)

    def test_input_is_left_as_it_was(self):
        windows = X.copy()
        windows.flags.writeable = False
        tiny_ecg_classifier(tiny_pretrainer(max_epochs=1), max_epochs=1).fit(windows, Y)
        np.testing.assert_array_equal(windows, X)

    def test_nan(self, tmp_path):
        broken = X.copy()
        broken[7, 3] = np.nan
        with pytest.raises(ValueError, match="contains NaN"):
            tiny_ecg_classifier().fit(broken, Y)
        np.save(tmp_path / "w.npy", broken)
        with pytest.raises(ValueError, match="Window 7 contains NaN or infinity"):
            tiny_ecg_classifier().fit(np.load(tmp_path / "w.npy", mmap_mode="r"), Y)

    def test_another_length_than_fitted(self):
        model = tiny_ecg_classifier(max_epochs=1).fit(X, Y)
        with pytest.raises(ValueError, match="has 50 features, but .* is expecting 64"):
            model.predict(X[:, :50])

    def test_too_short_for_the_trunk(self):
        with pytest.raises(ValueError, match="needs windows of at least 22 samples"):
            ECGClassifier().fit(X[:, :21], Y)
