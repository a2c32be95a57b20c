"""Six people who rest at different heart rates, and parts that keep what they are shown."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from sklearn_ecgssl.classify import SubjectReferenceClassifier, SubjectScaledClassifier

SUBJECT = np.repeat(list("abcdef"), 10)
#: Five windows of rest, of which three are reference, and five of stress: ten beats more.
TARGET = np.tile(np.repeat(["rest", "stress"], 5), 6)
REST = np.tile(np.arange(10) < 3, 6)
_rng = np.random.default_rng(0)
LEVEL = 60 + 40 * np.repeat(_rng.permutation(6), 10)
HEART_RATE = (LEVEL + 10 * (TARGET == "stress") + _rng.normal(size=60))[:, None]
CLASSES = [SubjectScaledClassifier, SubjectReferenceClassifier]


def given(kind, own=slice(None)):
    """What the methods of a class are given beside windows, of some of them."""
    groups = {"groups": SUBJECT[own]}
    return groups if kind is SubjectScaledClassifier else groups | {"reference": REST[own]}


class Kept(BaseEstimator):
    """A classifier that keeps what it is shown."""

    def fit(self, X, y):
        self.X_, self.y_, self.classes_ = X, y, np.unique(y)
        return self

    def predict(self, X):
        return X


class Double(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None, groups=None):
        self.fitted_on_, self.groups_ = len(X), groups
        return self

    def transform(self, X):
        return 2 * np.asarray(X)
