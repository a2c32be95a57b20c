"""Whole fitted pipelines through skops, which makes no class that it is not told to trust."""

import re

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl import trusted_types
from sklearn_ecgssl.classify import SegmentVotingClassifier, SubjectScaledClassifier
from sklearn_ecgssl.features import HRVFeatures, SSLEmbedder
from sklearn_ecgssl.signal import ECGFilter, Resampler, Segmenter, TrimmedScaler
from tests.checkout import checkout
from tests.tiny import (
    SAMPLING_RATE,
    ecg_like,
    tiny_dense,
    tiny_ecg_classifier,
    tiny_masked,
    tiny_pretrainer,
    waves,
)

skops_io = pytest.importorskip("skops.io")

RECORDINGS, TARGET = ecg_like(6, (6, 9))[:2]
WINDOWS, LABELS = waves(24)


def segmenter(rate=SAMPLING_RATE):
    return Segmenter(sampling_rate=rate, window_length=2)


def pipelines():
    cleaned = ECGFilter(sampling_rate=SAMPLING_RATE), TrimmedScaler()
    frozen = FrozenEstimator(tiny_pretrainer().fit(WINDOWS))
    voting = SegmentVotingClassifier(tiny_ecg_classifier(), segmenter())
    halved = Resampler(SAMPLING_RATE, SAMPLING_RATE // 2), segmenter(SAMPLING_RATE // 2)
    yield make_pipeline(*cleaned, segmenter(), SSLEmbedder(tiny_pretrainer()), SVC())
    yield make_pipeline(*halved, SSLEmbedder(tiny_masked(), aggregate=["cls", "max"]), tiny_dense())
    yield make_pipeline(*cleaned, voting)
    yield SubjectScaledClassifier(SSLEmbedder(frozen), SVC())
    yield tiny_ecg_classifier(frozen, freeze="trunk")


@pytest.mark.parametrize("pipe", list(pipelines()), ids=lambda pipe: type(pipe).__name__)
@pytest.mark.filterwarnings("ignore:.*groups:UserWarning")
def test_a_pipeline_comes_back(pipe, tmp_path):
    windows = isinstance(pipe, SubjectScaledClassifier) or hasattr(pipe, "freeze")
    X, y = (WINDOWS, LABELS) if windows else (RECORDINGS, TARGET)
    pipe.fit(X, y)
    skops_io.dump(pipe, tmp_path / "pipe.skops")
    asked = skops_io.get_untrusted_types(file=tmp_path / "pipe.skops")
    assert set(asked) <= set(trusted_types())
    loaded = skops_io.load(tmp_path / "pipe.skops", trusted=trusted_types())
    np.testing.assert_array_equal(loaded.predict(X), pipe.predict(X))
    assert repr(loaded) == repr(pipe)


def test_heart_rate_features_come_back(tmp_path):
    features = HRVFeatures(sampling_rate=SAMPLING_RATE)
    skops_io.dump(features, tmp_path / "x.skops")
    assert repr(skops_io.load(tmp_path / "x.skops", trusted=trusted_types())) == repr(features)


def test_without_being_told_it_makes_nothing(tmp_path):
    skops_io.dump(tiny_pretrainer().fit(WINDOWS), tmp_path / "x.skops")
    with pytest.raises(Exception, match="PretextPretrainer"):
        skops_io.load(tmp_path / "x.skops")


def test_the_documented_list_is_the_list():
    page = checkout() / "docs" / "guide" / "saving.md"
    listed = page.read_text("utf-8").partition("<!-- trusted types -->")[2].partition("\n\n")[0]
    names = {name.rpartition(".")[2] for name in trusted_types()}
    assert set(re.findall(r"`(\w+)`", listed)) == names
