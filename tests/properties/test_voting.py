"""What holds for every vote of windows on their recordings, against a slow reference."""

import numpy as np
from hypothesis import given, strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_ecgssl.classify import SegmentVotingClassifier
from sklearn_ecgssl.signal import Segmenter
from tests.properties.strategies import ragged

LABELS = [["calm", "tense"], [3, 1, 2], [False, True], ["c", "a", "d", "b"], [-1, 1]]


class Remembers(ClassifierMixin, BaseEstimator):
    """Knows the windows that it was fitted on, and has an opinion on every window.

    The opinion depends on the samples of the window alone.
    """

    def fit(self, X, y, note=None):
        self.classes_ = np.unique(y)
        self.note_ = note
        self.seen_ = [(x.tobytes(), label) for x, label in zip(X, y, strict=True)]
        return self

    def predict_proba(self, X):
        return np.array([opinion(x, len(self.classes_)) for x in X])

    def predict(self, X):
        return self.classes_[[int(p.argmax()) for p in self.predict_proba(X)]]


class Decides(Remembers):
    """The same with decision values instead of probabilities."""

    predict_proba = property()  # there is none

    def predict(self, X):
        return self.classes_[[int(opinion(x, len(self.classes_)).argmax()) for x in X]]

    def decision_function(self, X):
        values = np.array([opinion(x, len(self.classes_)) for x in X])
        return values[:, 1] - values[:, 0] if len(self.classes_) == 2 else values


def opinion(x, n_classes):
    rng = np.random.default_rng(np.frombuffer(x.tobytes(), dtype=np.uint8))
    shares = rng.integers(1, 5, size=n_classes)  # few values, so that windows often agree
    return shares / shares.sum()


@st.composite
def studies(draw):
    """Recordings, their labels (every one of at least two is there), and a way to cut them."""
    labels = draw(st.sampled_from(LABELS))
    recordings = draw(ragged(min_size=len(labels), max_size=8, min_times=3, max_times=40))
    target = [labels[i % len(labels)] for i in range(len(recordings))]
    target = np.array(draw(st.permutations(target)))
    segmenter = Segmenter(1, draw(st.integers(1, 3)), draw(st.sampled_from([0, 0.5])))
    return recordings, target, segmenter


def shuffled(draw, *columns):
    order = draw(st.permutations(range(len(columns[0]))))
    return order, *([column[i] for i in order] for column in columns)


def slow_shares(windows, classes, voting):
    """The mean opinion on one recording's windows, or the share of windows for each class."""
    opinions = [opinion(window, len(classes)) for window in windows]
    if voting == "soft":
        return np.sum(opinions, axis=0) / len(opinions)
    winners = [max(range(len(classes)), key=lambda k: (p[k], -k)) for p in opinions]
    return np.array([winners.count(k) / len(winners) for k in range(len(classes))])


@given(studies(), st.sampled_from(["soft", "hard"]), st.data())
def test_each_recording_gets_the_vote_of_its_own_windows(study, voting, data):
    recordings, target, segmenter = study
    model = SegmentVotingClassifier(Remembers(), segmenter, voting=voting).fit(recordings, target)
    windowed = segmenter.transform(recordings)
    expected = [slow_shares(windows, model.classes_, voting) for windows in windowed]
    shares = model.predict_proba(recordings)
    np.testing.assert_allclose(shares, expected)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    labels = model.predict(recordings)
    np.testing.assert_array_equal(labels, model.classes_[shares.argmax(axis=1)])
    order, in_other_order = shuffled(data.draw, recordings)
    np.testing.assert_array_equal(model.predict_proba(in_other_order), shares[order])
    np.testing.assert_array_equal(model.predict(in_other_order), labels[order])
    one = data.draw(st.integers(0, len(recordings) - 1))
    np.testing.assert_array_equal(model.predict([recordings[one]]), labels[[one]])


@given(studies(), st.data())
def test_decision_values_vote_like_probabilities(study, data):
    recordings, target, segmenter = study
    model = SegmentVotingClassifier(Decides(), segmenter).fit(recordings, target)
    means = np.array(
        [slow_shares(w, model.classes_, "soft") for w in segmenter.transform(recordings)]
    )
    values = model.decision_function(recordings)
    expected = means[:, 1] - means[:, 0] if len(model.classes_) == 2 else means
    np.testing.assert_allclose(values, expected, atol=1e-12)
    clear = np.sort(means, axis=1)[:, -2] < means.max(axis=1) - 1e-9
    winners = model.classes_[means.argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(recordings)[clear], winners[clear])
    order, in_other_order = shuffled(data.draw, recordings)
    np.testing.assert_array_equal(model.decision_function(in_other_order), values[order])
