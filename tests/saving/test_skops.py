"""Whole fitted pipelines through skops, which makes no class that it is not told to trust."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl import trusted_types
from sklearn_ecgssl.classify import (
    SegmentVotingClassifier,
    SubjectReferenceClassifier,
    SubjectScaledClassifier,
)
from sklearn_ecgssl.evaluation import linear_classifier
from sklearn_ecgssl.features import HRVFeatures, SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from tests.tiny import (
    SAMPLING_RATE,
    ecg_like,
    tiny_dense,
    tiny_ecg_classifier,
    tiny_embedder,
    tiny_masked,
    waves,
)

skops_io = pytest.importorskip("skops.io")

RECORDINGS, TARGET, _ = ecg_like(6, (6, 9))


def segmenter(rate=SAMPLING_RATE):
    return Segmenter(sampling_rate=rate, window_length=2)


PIPELINES = {
    "embedded": [segmenter(), tiny_embedder(), SVC()],
    "resampled": [
        Resampler(SAMPLING_RATE, SAMPLING_RATE // 2),
        segmenter(SAMPLING_RATE // 2),
        SSLEmbedder(tiny_masked(), aggregate=["cls", "max"]),
        tiny_dense(max_epochs=1),
    ],
    "voting": [
        ECGFilter(sampling_rate=SAMPLING_RATE),
        TrimmedScaler(),
        SegmentVotingClassifier(tiny_ecg_classifier(max_epochs=1), segmenter()),
    ],
    "heart rate": [HRVFeatures(sampling_rate=SAMPLING_RATE, features=["mean_hr"]), tiny_dense()],
}


@pytest.mark.parametrize("kind", [*PIPELINES, "scaled", "transfer"])
@pytest.mark.filterwarnings("ignore:.*groups:UserWarning")
def test_a_pipeline_comes_back(kind, fitted_recognition, tmp_path):
    X, y, path = RECORDINGS, TARGET, tmp_path / "pipe.skops"
    if kind in PIPELINES:
        pipe = make_pipeline(*PIPELINES[kind])
    else:
        (X, y), frozen = waves(24), FrozenEstimator(fitted_recognition)
        scaled = SubjectScaledClassifier(SSLEmbedder(frozen), SVC())
        transfer = tiny_ecg_classifier(frozen, freeze="trunk", max_epochs=1)
        pipe = scaled if kind == "scaled" else transfer
    skops_io.dump(pipe.fit(X, y), path)
    assert set(skops_io.get_untrusted_types(file=path)) <= set(trusted_types())
    loaded = skops_io.load(path, trusted=trusted_types())
    assert repr(loaded) == repr(pipe)
    np.testing.assert_array_equal(loaded.predict(X), pipe.predict(X))


@pytest.mark.parametrize("C", [1.0, None])
def test_a_linear_classifier_comes_back(C):
    X, y = waves(24)
    model = linear_classifier(C).fit(X, y)
    loaded = skops_io.loads(skops_io.dumps(model), trusted=trusted_types())
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_a_persons_classifier_comes_back(fitted_recognition, tmp_path):
    X, y = waves(24)
    is_rest, path = np.arange(len(X)) < 4, tmp_path / "model.skops"
    features = SSLEmbedder(FrozenEstimator(fitted_recognition))
    model = SubjectReferenceClassifier(features, SVC(), standardize=True)
    skops_io.dump(model.fit(X, y, reference=is_rest), path)
    loaded = skops_io.load(path, trusted=trusted_types())
    expected = model.decision_function(X, reference=is_rest)
    np.testing.assert_array_equal(loaded.decision_function(X, reference=is_rest), expected)
    skops_io.dump(model.for_subject(X[:4]), path)
    wearer = skops_io.load(path, trusted=trusted_types())
    np.testing.assert_allclose(wearer.decision_function(X), expected, rtol=1e-6)
