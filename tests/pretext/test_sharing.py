"""Pretrainers inside other estimators."""

import joblib
import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.classify import SegmentVotingClassifier, SubjectScaledClassifier
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import _base, nested_pretrainers, pretrained, share_pretraining
from tests.tiny import each_pretrainer, tiny_ecg_classifier, tiny_embedder, waves

pytestmark = each_pretrainer

X, Y = waves(10)


def names(estimator):
    return [name for name, _ in nested_pretrainers(estimator)]


@pytest.fixture
def frozen(tiny):
    return FrozenEstimator(tiny().fit(X))


class TestNestedPretrainers:
    def test_pipeline(self, tiny):
        assert names(make_pipeline(tiny_embedder(tiny), SVC())) == ["sslembedder__pretrainer"]

    def test_classifier(self, tiny):
        assert names(tiny_ecg_classifier(tiny())) == ["pretrainer"]

    def test_deep_inside(self, tiny):
        model = SegmentVotingClassifier(
            SubjectScaledClassifier(
                make_pipeline(tiny_embedder(tiny)), make_pipeline(LogisticRegression())
            )
        )
        assert names(model) == ["estimator__features__sslembedder__pretrainer"]

    def test_feature_union(self, tiny):
        union = FeatureUnion(
            [("a", tiny_embedder(tiny)), ("b", tiny_embedder(tiny, random_state=1))]
        )
        assert names(Pipeline([("both", union), ("svc", SVC())])) == [
            "both__a__pretrainer",
            "both__b__pretrainer",
        ]

    def test_frozen_ones_are_left_out(self, tiny, frozen):
        union = FeatureUnion([("a", SSLEmbedder(frozen)), ("b", tiny_embedder(tiny))])
        assert names(make_pipeline(union, SVC())) == ["featureunion__b__pretrainer"]
        assert names(make_pipeline(SSLEmbedder(frozen), SVC())) == []
        assert names(frozen) == []
        whole = make_pipeline(tiny_embedder(tiny), SVC()).fit(X, Y)
        assert names(FrozenEstimator(whole)) == []
        assert names(SegmentVotingClassifier(FrozenEstimator(whole))) == []

    def test_names_that_begin_alike(self, tiny, frozen):
        union = FeatureUnion([("ssl", SSLEmbedder(frozen)), ("ssl_2", tiny_embedder(tiny))])
        assert names(union) == ["ssl_2__pretrainer"]


class TestSharePretraining:
    def test_a_clone_gets_the_memory(self, tiny, tmp_path):
        model = make_pipeline(tiny_embedder(tiny), SVC())
        shared = share_pretraining(model, str(tmp_path))
        assert shared.get_params()["sslembedder__pretrainer__memory"] == str(tmp_path)
        assert model.get_params()["sslembedder__pretrainer__memory"] is None

    def test_an_own_memory_is_kept(self, tiny):
        union = FeatureUnion(
            [("a", tiny_embedder(tiny, memory="mine")), ("b", tiny_embedder(tiny))]
        )
        params = share_pretraining(union, "given").get_params()
        assert params["a__pretrainer__memory"] == "mine"
        assert params["b__pretrainer__memory"] == "given"

    def test_a_frozen_model_comes_back(self, tiny):
        whole = FrozenEstimator(make_pipeline(tiny_embedder(tiny), SVC()).fit(X, Y))
        assert share_pretraining(whole, "given") is whole
        assert pretrained(whole, X) is whole

    def test_different_estimators_pretrain_once(self, tiny, monkeypatch, tmp_path):
        calls, train = [], _base.train
        monkeypatch.setattr(_base, "train", lambda *args: calls.append(1) or train(*args))
        models = [
            make_pipeline(tiny_embedder(tiny), SVC()),
            make_pipeline(tiny_embedder(tiny), LogisticRegression()),
            tiny_ecg_classifier(tiny(), "trunk", max_epochs=1),
        ]
        for model in models:
            alone = model.fit(X, Y).predict(X)
            calls.clear()
            shared = share_pretraining(model, str(tmp_path)).fit(X, Y)
            np.testing.assert_array_equal(shared.predict(X), alone)
            assert len(calls) == (1 if model is models[0] else 0)


class TestPretrained:
    def test_pretrainers_are_fitted_and_frozen(self, tiny):
        model = make_pipeline(tiny_embedder(tiny), SVC())
        ready = pretrained(model, X)
        assert isinstance(ready[0].pretrainer, FrozenEstimator)
        expected = tiny().fit(X)
        assert joblib.hash(ready[0].pretrainer.state_) == joblib.hash(expected.state_)
        assert isinstance(model[0].pretrainer, type(expected))
        assert not hasattr(model[0].pretrainer, "state_")

    def test_later_labels_do_not_change_what_was_learnt_without(self, tiny):
        ready = pretrained(tiny_ecg_classifier(tiny(), "trunk", max_epochs=1), X)
        fitted = ready.fit(X[:4], Y[:4])
        expected = tiny().fit(X).trunk_state()
        for name, array in expected.items():
            np.testing.assert_array_equal(fitted.state_["trunk." + name], array)

    def test_groups_reach_them(self, tiny):
        model = make_pipeline(tiny_embedder(tiny, validation_fraction=0.5), SVC())
        with pytest.raises(ValueError, match="groups names only 1"):
            pretrained(model, X, np.zeros(10))

    def test_frozen_ones_stay(self, tiny, frozen):
        ready = pretrained(make_pipeline(SSLEmbedder(frozen), SVC()), X[:5])
        assert ready[0].pretrainer is frozen
