"""Pretrainers inside other estimators: found, given a memory, fitted beforehand."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.classify import SegmentVotingClassifier, SubjectScaledClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import nested_pretrainers, pretrained, share_pretraining
from tests.tiny import each_pretrainer, tiny_ecg_classifier, tiny_embedder, waves

pytestmark = each_pretrainer

X, Y = waves(10)


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
