"""Pretrainers inside estimators: those that stand for the default, and those out of reach."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_ecgssl.classify import ECGClassifier, SubjectScaledClassifier
from sklearn_ecgssl.evaluation import Evaluation, label_fraction_study
from sklearn_ecgssl.evaluation._disclosure import disclosures
from sklearn_ecgssl.evaluation._pretrainers import (
    check_pretrained_first,
    with_pretrainers,
)
from sklearn_ecgssl.evaluation._tasks import Task
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.pretext import PretextPretrainer, _base
from sklearn_ecgssl.signal import Segmenter, TrimmedScaler
from tests.tiny import SAMPLING_RATE, ecg_like, tiny_embedder, tiny_pretrainer, waves

pytestmark = pytest.mark.filterwarnings("ignore:.*usable beats:UserWarning")


@pytest.fixture
def trainings(monkeypatch):
    """Windows of every pretraining that is really done."""
    done, train = [], _base.train
    monkeypatch.setattr(_base, "train", lambda *args: done.append(len(args[3])) or train(*args))
    return done


@pytest.fixture
def evaluation():
    return Evaluation(
        *ecg_like(8, (6, 8)),
        segmenter=Segmenter(SAMPLING_RATE, 2),
        protocols=["subjects"],
        n_splits=2,
    )


class TestDefaultPretrainers:
    def test_an_embedder_without_a_pretrainer_gets_the_default_one(self):
        model = make_pipeline(SSLEmbedder(layer="block1"), SVC())
        written_out = with_pretrainers(model)
        assert repr(written_out[0]) == repr(SSLEmbedder(PretextPretrainer(), layer="block1"))
        assert model[0].pretrainer is None

    def test_each_of_several_deep_inside_gets_one_of_its_own(self):
        union = FeatureUnion([("a", SSLEmbedder()), ("b", SSLEmbedder()), ("c", tiny_embedder())])
        scaled = SubjectScaledClassifier(make_pipeline(union), LogisticRegression())
        params = with_pretrainers(scaled).get_params()
        found = [params[f"features__featureunion__{name}__pretrainer"] for name in "abc"]
        assert [p.max_epochs for p in found] == [PretextPretrainer().max_epochs] * 2 + [2]
        assert found[0] is not found[1]

    def test_all_others_stay_as_they_are(self):
        X, y = waves(8)
        frozen = FrozenEstimator(tiny_pretrainer().fit(X))
        for model in (
            ECGClassifier(),
            make_pipeline(TrimmedScaler(), ECGClassifier()),
            SVC(),
            make_pipeline(tiny_embedder(), SVC()),
            make_pipeline(SSLEmbedder(frozen), SVC()),
            FrozenEstimator(SVC().fit(X, y)),
        ):
            assert with_pretrainers(model) is model

    def test_a_folder_becomes_what_is_in_it_frozen(self, tmp_path):
        X, _ = waves(8)
        saved = tiny_pretrainer().fit(X)
        for folder in (tmp_path / "saved", str(tmp_path / "saved")):
            saved.save_pretrained(folder)
            for model in (SSLEmbedder(folder), ECGClassifier(folder)):
                found = with_pretrainers(make_pipeline(model))[0].pretrainer
                assert isinstance(found, FrozenEstimator)
                np.testing.assert_equal(found.state_, saved.state_)
                assert model.pretrainer is folder
                (line,) = disclosures({"saved": with_pretrainers(model)}).values()
                assert "was pretrained before" in line

    def test_what_is_frozen_stays_as_it_is(self):
        embedder = SSLEmbedder()
        beside = make_pipeline(
            FeatureUnion([("ssl", FrozenEstimator(embedder)), ("ssl_2", SSLEmbedder())]), SVC()
        )
        params = with_pretrainers(beside).get_params()
        assert params["featureunion__ssl__estimator"] is embedder
        assert embedder.pretrainer is None
        assert isinstance(params["featureunion__ssl_2__pretrainer"], PretextPretrainer)
        assert with_pretrainers(FrozenEstimator(embedder)).estimator.pretrainer is None

    def test_it_is_shared_as_any_other(self, evaluation, trainings, monkeypatch):
        monkeypatch.setattr(
            "sklearn_ecgssl.pretext._load.PretextPretrainer",
            lambda: tiny_pretrainer(random_state=None),
        )
        results = evaluation.run(
            {name: make_pipeline(SSLEmbedder(), SVC(C=C)) for name, C in [("a", 1), ("b", 2)]}
        )
        assert results.failures.empty
        assert trainings == [len(part.train) for part in evaluation.parts()]

    def test_it_learns_from_windows_without_labels_too(self, evaluation, trainings, monkeypatch):
        monkeypatch.setattr("sklearn_ecgssl.pretext._load.PretextPretrainer", tiny_pretrainer)
        estimators = {"embedding": make_pipeline(SSLEmbedder(), SVC())}
        label_fraction_study(evaluation, None, fractions=[0.5, 0.1], estimators=estimators)
        assert trainings == [len(part.train) for part in evaluation.parts()]


class TestPretrainedFirst:
    BEHIND = [
        make_pipeline(TrimmedScaler(), tiny_embedder(), SVC()),
        make_pipeline(TrimmedScaler(), make_pipeline(tiny_embedder()), SVC()),
        SubjectScaledClassifier(make_pipeline(TrimmedScaler(), tiny_embedder()), SVC()),
        Pipeline([("scale", TrimmedScaler()), ("net", ECGClassifier(tiny_pretrainer()))]),
    ]

    @staticmethod
    def task(estimator, pretrain=(0, 1)):
        indices = None if pretrain is None else np.array(pretrain)
        labels = {"estimator": "mine", "protocol": "windows", "fold": 0}
        return Task(labels, estimator, np.arange(4), np.arange(4, 6), indices)

    @pytest.mark.parametrize("model", BEHIND)
    def test_a_pretrainer_behind_other_steps(self, model):
        with pytest.raises(ValueError, match="pretrainer of 'mine'.*behind.*scale.*Apply them to"):
            check_pretrained_first(self.task(model))
        check_pretrained_first(self.task(model, pretrain=None))

    @pytest.mark.parametrize(
        "model",
        [
            SVC(),
            make_pipeline(tiny_embedder(), FunctionTransformer(), SVC()),
            make_pipeline("passthrough", tiny_embedder(), SVC()),
            Pipeline([("no", None), ("ssl", tiny_embedder()), ("svc", SVC())]),
            make_pipeline(FeatureUnion([("a", TrimmedScaler()), ("b", tiny_embedder())]), SVC()),
            ECGClassifier(tiny_pretrainer()),
            make_pipeline(TrimmedScaler(), ECGClassifier()),
            make_pipeline(
                TrimmedScaler(), SSLEmbedder(FrozenEstimator(tiny_pretrainer(max_epochs=0)))
            ),
        ],
    )
    def test_a_pretrainer_that_sees_the_windows_as_they_are(self, model):
        check_pretrained_first(self.task(model))

    def test_is_named_before_anything_is_fitted(self, evaluation, trainings):
        estimators = {
            "fine": make_pipeline(tiny_embedder(), SVC()),
            "scaled": make_pipeline(TrimmedScaler(), SSLEmbedder(), SVC()),
        }
        with pytest.raises(ValueError, match=r"pretrainer of 'scaled'.*\['trimmedscaler'\]"):
            label_fraction_study(evaluation, None, estimators=estimators)
        assert trainings == []
