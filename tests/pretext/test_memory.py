"""Fits that are read instead of trained again, and pretrainers inside other estimators."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.svm import SVC
from skorch.callbacks import Callback

from sklearn_ecgssl.classify import SegmentVotingClassifier, SubjectScaledClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import nested_pretrainers, pretrained, share_pretraining
from sklearn_ecgssl.transforms import Negate
from tests.tiny import (
    each_pretrainer,
    same_fit,
    tiny_comparing,
    tiny_ecg_classifier,
    tiny_embedder,
    tiny_masked,
    tiny_pretrainer,
    waves,
)

pytestmark = each_pretrainer

X, Y = waves(10)
X_VAL, _ = waves(6, seed=1)

#: Parameters of each pretrainer's own that change what is learnt.
OWN = {
    tiny_pretrainer: [{"noise": "drop"}, {"noise__snr_db": 3}],
    tiny_masked: [{"mask_ratio": 0.2}, {"span_length": 5}, {"warm_up": 0.5}],
    tiny_comparing: [{"tempo": "drop"}, {"tempo__stretch": 1.2}, {"augmentation": Negate()}],
}


def test_same_parameters_and_windows_are_read(tiny, trainings, tmp_path):
    params, groups = {"validation_fraction": 0.3, "patience": 1}, np.arange(10) // 2
    plain = tiny(**params).fit(X, groups=groups)
    for _ in range(3):
        kept = tiny(memory=str(tmp_path), **params).fit(X.copy(), groups=groups)
        same_fit(kept, plain)
        assert vars(kept).keys() == vars(plain).keys()
        assert kept.score(X) == plain.score(X)
        np.testing.assert_array_equal(kept.encode(X), plain.encode(X))
        next(iter(kept.state_.values()))[:] = 9  # is the user's own, and not what is read next
        kept.history_.clear()
    assert len(trainings) == 2


@pytest.mark.parametrize(
    ("params", "windows", "validation_set"),
    [
        ({"random_state": 1}, X, None),
        ({"learning_rate": 0.1}, X, None),
        ({}, X[:-1], None),
        ({}, X[::-1].copy(), None),
        ({}, X + np.float32(1e-6), None),
        ({}, X, X_VAL),
        ({}, X, X_VAL[::-1].copy()),
    ],
)
def test_anything_else_is_trained_again(tiny, trainings, tmp_path, params, windows, validation_set):
    tiny(memory=str(tmp_path), max_epochs=1).fit(X)
    other = tiny(memory=str(tmp_path), **{"max_epochs": 1, **params})
    other.fit(windows, X_val=validation_set)
    assert len(trainings) == 2
    same_fit(other, clone(other).set_params(memory=None).fit(windows, X_val=validation_set))


def test_parameters_of_its_own_are_trained_again(tiny, trainings, tmp_path):
    learnt = {joblib.hash(tiny(memory=str(tmp_path)).fit(X).state_)}
    for params in OWN[tiny]:
        other = tiny(memory=str(tmp_path)).set_params(**params).fit(X)
        learnt.add(joblib.hash(other.state_))
    assert len(trainings) == len(learnt) == 1 + len(OWN[tiny])


def test_subjects_matter_where_some_are_held_out(tiny, trainings, tmp_path):
    subjects = (None, np.arange(10) // 2, np.arange(10) // 5)
    for groups in subjects:
        tiny(memory=str(tmp_path)).fit(X, groups=groups)
    assert len(trainings) == 1
    for _ in range(2):
        for groups in subjects:
            tiny(memory=str(tmp_path), validation_fraction=0.5).fit(X, groups=groups)
    assert len(trainings) == 4


def test_what_changes_nothing_that_is_learnt(tiny, trainings, tmp_path, capsys):
    tiny(memory=str(tmp_path / "memory"), verbose=1).fit(X)
    assert "pretraining" in capsys.readouterr().err
    for memory in (tmp_path / "memory", joblib.Memory(str(tmp_path / "memory"), verbose=0)):
        tiny(memory=memory, checkpoint=tmp_path / "checkpoint", callbacks=[Callback]).fit(X)
    assert len(trainings) == 1
    assert capsys.readouterr() == ("", "")
    tiny(memory=tmp_path / "another").fit(X)
    assert len(trainings) == 2


def test_refit_forgets_what_no_longer_holds(tiny, tmp_path):
    frame = pd.DataFrame(X, columns=[f"t{i}" for i in range(64)])
    pretrainer = tiny(memory=str(tmp_path)).fit(frame)
    assert list(pretrainer.feature_names_in_) == list(frame.columns)
    pretrainer.sampling_rate_ = 64
    pretrainer.fit(X)
    assert not hasattr(pretrainer, "feature_names_in_")
    assert not hasattr(pretrainer, "sampling_rate_")


def test_a_random_state_goes_on_whether_a_fit_is_trained_or_read(tiny, trainings, tmp_path):
    states = []
    for _ in range(2):
        random_state = np.random.RandomState(0)
        fits = [tiny(memory=str(tmp_path), random_state=random_state).fit(X) for _ in range(2)]
        states.append([joblib.hash(fit.state_) for fit in fits])
    assert states[0] == states[1]
    assert states[0][0] != states[0][1]
    assert len(trainings) == 2


def test_a_stopped_fit_keeps_its_epochs_and_is_not_kept(tiny, trainings, tmp_path):
    class Stop(Callback):
        def on_epoch_begin(self, net, **kwargs):
            if len(net.history) == 3:
                raise KeyboardInterrupt

    stopped = tiny(memory=str(tmp_path), max_epochs=4, callbacks=[Stop])
    with pytest.raises(KeyboardInterrupt), pytest.warns(UserWarning, match="2 epochs"):
        stopped.fit(X)
    assert stopped.n_epochs_ == len(stopped.history_) == 2
    assert stopped.encode(X).shape[0] == 10
    assert tiny(memory=str(tmp_path), max_epochs=4).fit(X).n_epochs_ == 4
    assert len(trainings) == 2


@pytest.fixture
def frozen(fitted):
    return FrozenEstimator(fitted)


@pytest.fixture
def union(tiny, frozen):
    """Two pretrainers, and a frozen one of a name that begins alike."""
    several = [("a", SSLEmbedder(frozen)), ("a_2", tiny_embedder(tiny, memory="mine"))]
    return make_pipeline(FeatureUnion([*several, ("b", tiny_embedder(tiny))]), SVC())


def test_pretrainers_are_found_unless_they_are_frozen(tiny, frozen, union):
    pipe = make_pipeline(tiny_embedder(tiny))
    voting = SegmentVotingClassifier(SubjectScaledClassifier(pipe, LogisticRegression()))
    for estimator, expected in [
        (pipe, ["sslembedder__pretrainer"]),
        (tiny_ecg_classifier(tiny()), ["pretrainer"]),
        (voting, ["estimator__features__sslembedder__pretrainer"]),
        (union, ["featureunion__a_2__pretrainer", "featureunion__b__pretrainer"]),
        (frozen, []),
        (SegmentVotingClassifier(FrozenEstimator(pipe.fit(X))), []),
    ]:
        assert [name for name, _ in nested_pretrainers(estimator)] == expected


class TestSharePretraining:
    def test_a_clone_gets_the_memory_where_there_is_none(self, union):
        params = share_pretraining(union, "given").get_params()
        assert params["featureunion__a_2__pretrainer__memory"] == "mine"
        assert params["featureunion__b__pretrainer__memory"] == "given"
        assert union.get_params()["featureunion__b__pretrainer__memory"] is None
        assert params["featureunion__a__pretrainer"].memory is None

    def test_different_estimators_pretrain_once(self, tiny, trainings, tmp_path):
        models = [
            make_pipeline(tiny_embedder(tiny), SVC()),
            make_pipeline(tiny_embedder(tiny), LogisticRegression()),
            tiny_ecg_classifier(tiny(), "trunk", max_epochs=1),
        ]
        for model in models:
            alone = model.fit(X, Y).predict(X)
            trainings.clear()
            shared = share_pretraining(model, str(tmp_path)).fit(X, Y)
            np.testing.assert_array_equal(shared.predict(X), alone)
            assert len(trainings) == (1 if model is models[0] else 0)


class TestPretrained:
    def test_pretrainers_are_fitted_and_frozen(self, tiny, frozen):
        model = make_pipeline(tiny_embedder(tiny), SVC())
        ready = pretrained(model, X)
        assert isinstance(ready[0].pretrainer, FrozenEstimator)
        np.testing.assert_equal(ready[0].pretrainer.state_, tiny().fit(X).state_)
        assert not hasattr(model[0].pretrainer, "state_")
        stays = pretrained(make_pipeline(SSLEmbedder(frozen), SVC()), X[:5])
        assert stays[0].pretrainer is frozen

    def test_later_labels_do_not_change_what_was_learnt_without(self, tiny):
        ready = pretrained(tiny_ecg_classifier(tiny(), "trunk", max_epochs=1), X)
        fitted = ready.fit(X[:4], Y[:4])
        for name, array in tiny().fit(X).trunk_state().items():
            np.testing.assert_array_equal(fitted.state_["trunk." + name], array)

    def test_groups_reach_them(self, tiny):
        model = make_pipeline(tiny_embedder(tiny, validation_fraction=0.5), SVC())
        with pytest.raises(ValueError, match="groups names only 1"):
            pretrained(model, X, np.zeros(10))
