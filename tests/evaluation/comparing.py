"""Twelve recordings of six people, and comparisons of them that take no time."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_ecgssl.evaluation import compare_protocols
from sklearn_ecgssl.features import SSLEmbedder
from sklearn_ecgssl.signal import Segmenter
from tests.tiny import SAMPLING_RATE, ecg_like

SEGMENTER = Segmenter(sampling_rate=SAMPLING_RATE, window_length=1)
RECORDINGS, _classes, _people = ecg_like(n_recordings=12, seconds=(3, 5))
TARGET, SUBJECT = np.array(["calm", "tense"])[_classes], np.array(list("ABCDEF"))[_people]
BASELINES = ["majority class", "heart rate"]
ALL_PROTOCOLS = ["windows", "recordings", "subjects"]


def compare(estimators, recordings=RECORDINGS, target=TARGET, subject=SUBJECT, **params):
    """Compare in three folds of people, with no beats in the place of the heart rate."""
    estimators = estimators | {"heart rate": DummyClassifier(strategy="prior")}
    params = {"segmenter": SEGMENTER, "n_splits": 3, "protocols": "subjects"} | params
    return compare_protocols(estimators, recordings, target, subject, **params)


def same(first, second):
    timeless = [r.folds().drop(columns="fit_seconds") for r in (first, second)]
    return timeless[0].equals(timeless[1]) and first.predictions.equals(second.predictions)


def spectrum(X):
    return np.abs(np.fft.rfft(X, axis=1))


def nearest():
    return make_pipeline(FunctionTransformer(spectrum), KNeighborsClassifier(1))


def embedding(pretrainer=None, classifier=SVC, **params):
    return make_pipeline(SSLEmbedder(pretrainer, **params), classifier())


class Mean(ClassifierMixin, BaseEstimator):
    """Thresholds the mean; `fitted` holds how many windows each copy was fitted on."""

    fitted = []

    def __init__(self, shift=0):
        self.shift = shift

    def fit(self, X, y):
        self.fitted.append(len(X))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(X.mean(axis=1) > self.shift).astype(int)]
