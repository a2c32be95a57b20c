"""What holds for every vote of windows and for all features of persons, by slow references."""

import numpy as np
from hypothesis import given, strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_ecgssl.classify import SegmentVotingClassifier
from sklearn_ecgssl.classify._subject_scaled import scale_rows
from sklearn_ecgssl.signal import Segmenter
from tests.strategies import log_uniform, ragged, seeds


def opinion(x, n_classes):
    """Shares for each class that depend on the samples of a window alone."""
    rng = np.random.default_rng(np.frombuffer(x.tobytes(), dtype=np.uint8))
    shares = rng.integers(1, 5, size=n_classes)  # few values, so that windows often agree
    return shares / shares.sum()


class HasOpinions(ClassifierMixin, BaseEstimator):
    """Learns nothing, and has an opinion on every window."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.array([opinion(x, len(self.classes_)) for x in X])

    def predict(self, X):
        return self.classes_[[int(opinion(x, len(self.classes_)).argmax()) for x in X]]


@st.composite
def studies(draw):
    """Recordings, their labels (every one of at least two is there), and a way to cut them."""
    labels = draw(st.sampled_from([["calm", "tense"], [3, 1, 2], [False, True], list("cadb")]))
    recordings = draw(ragged(min_size=len(labels), max_size=8, min_times=3, max_times=40))
    target = [labels[i % len(labels)] for i in range(len(recordings))]
    target = np.array(draw(st.permutations(target)))
    segmenter = Segmenter(1, draw(st.integers(1, 3)), draw(st.sampled_from([0, 0.5])))
    return recordings, target, segmenter


def slow_shares(windows, n_classes, voting):
    """The mean opinion on one recording's windows, or the share of windows for each class."""
    opinions = [opinion(window, n_classes) for window in windows]
    if voting == "soft":
        return np.sum(opinions, axis=0) / len(opinions)
    winners = [max(range(n_classes), key=lambda k: (p[k], -k)) for p in opinions]
    return np.array([winners.count(k) / len(winners) for k in range(n_classes)])


@given(studies(), st.sampled_from(["soft", "hard"]), st.data())
def test_each_recording_gets_the_vote_of_its_own_windows(study, voting, data):
    recordings, target, segmenter = study
    model = SegmentVotingClassifier(HasOpinions(), segmenter, voting=voting)
    model.fit(recordings, target)
    n_classes = len(model.classes_)
    shares = model.predict_proba(recordings)
    windowed = segmenter.transform(recordings)
    np.testing.assert_allclose(shares, [slow_shares(x, n_classes, voting) for x in windowed])
    labels = model.predict(recordings)
    np.testing.assert_array_equal(labels, model.classes_[shares.argmax(axis=1)])
    some = data.draw(st.lists(st.integers(0, len(recordings) - 1), min_size=1))
    np.testing.assert_array_equal(model.predict([recordings[i] for i in some]), labels[some])


@st.composite
def features(draw):
    """Features, some of them unknown, some the same for a whole person, and the subjects."""
    rng = np.random.default_rng(draw(seeds))
    n_samples, n_features = draw(st.integers(1, 30)), draw(st.integers(1, 4))
    X = draw(log_uniform(1e-6, 1e6)) * rng.normal(size=(n_samples, n_features))
    X += draw(st.sampled_from([0, 1, -300])) * np.abs(X).max()
    names = draw(st.sampled_from([[0, 1, 2], ["b", "a", "c"], [1.5, -2.0, 0.0]]))
    subject = np.array(names)[rng.integers(3, size=n_samples)]
    flat = draw(st.none() | st.integers(0, n_features - 1))
    if flat is not None:
        X[:, flat] = 0.1 + np.unique(subject, return_inverse=True)[1]
    X[rng.random(X.shape) < draw(st.sampled_from([0, 0.3]))] = np.nan
    return X, subject


def slow_scale(column):
    """Scale what is known of one feature of one person."""
    known = [value for value in column if value == value]
    if not known:
        return column
    mean = sum(known) / len(known)
    spread = (sum((value - mean) ** 2 for value in known) / len(known)) ** 0.5
    if max(known) - min(known) <= 1e-6 * max(map(abs, known)):
        spread = np.inf
    return [(value - mean) / spread for value in column]


@given(features())
def test_each_person_is_scaled_by_their_own_samples(case):
    X, subject = case
    before = X.copy()
    expected = X.copy()
    for person in set(subject.tolist()):
        own = np.flatnonzero(subject == person)
        for j in range(X.shape[1]):
            expected[own, j] = slow_scale(X[own, j].tolist())
    np.testing.assert_allclose(scale_rows(X, subject), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(X, before)
