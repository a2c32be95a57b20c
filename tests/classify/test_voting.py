"""Votes of windows for their recording; test_properties has any recordings and labels."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sklearn_ecgssl.classify import SegmentVotingClassifier
from sklearn_ecgssl.pretext import PretextPretrainer
from sklearn_ecgssl.signal import Segmenter
from tests.tiny import SAMPLING_RATE, ecg_like, tiny_embedder

SEGMENTER = Segmenter(sampling_rate=SAMPLING_RATE, window_length=1)


class FirstSample(ClassifierMixin, BaseEstimator):
    """Knows each window's probability of class 1: its first sample."""

    def fit(self, X, y, note=None):
        self.classes_ = np.unique(y)
        self.X_, self.y_, self.note_ = X, y, note
        return self

    def predict_proba(self, X):
        return np.c_[1 - X[:, 0], X[:, 0]]

    def predict(self, X):
        return self.classes_[(X[:, 0] > 0.5).astype(int)]


class FirstSampleDecision(FirstSample):
    predict_proba = property()  # there is none

    def decision_function(self, X):
        return X[:, 0] - 0.5


WINDOWED = [
    np.array(row)[:, None] for row in ([0.9, 0.4, 0.4], [0.2], [0.6, 0.1], [1.0, 0.45, 0.4])
]
TARGET = ["a", "b", "a", "b"]


def test_soft_averages_and_hard_counts():
    soft = SegmentVotingClassifier(FirstSample()).fit(WINDOWED, TARGET)
    np.testing.assert_allclose(soft.predict_proba(WINDOWED)[:, 1], [1.7 / 3, 0.2, 0.35, 1.85 / 3])
    assert soft.predict(WINDOWED).tolist() == ["b", "a", "a", "b"]
    hard = SegmentVotingClassifier(FirstSample(), voting="hard").fit(WINDOWED, TARGET)
    assert hard.predict(WINDOWED).tolist() == ["a", "a", "a", "a"]  # the third is a tie
    np.testing.assert_allclose(hard.predict_proba(WINDOWED)[:, 1], [1 / 3, 0, 1 / 2, 1 / 3])
    assert not hasattr(hard, "decision_function")


def test_decision_values_stand_in_for_probabilities():
    model = SegmentVotingClassifier(FirstSampleDecision()).fit(WINDOWED, TARGET)
    assert not hasattr(model, "predict_proba")
    values = model.decision_function(WINDOWED)
    np.testing.assert_allclose(values, [0.2 / 3, -0.3, -0.15, 0.35 / 3], atol=1e-7)
    assert model.predict(WINDOWED).tolist() == ["b", "a", "a", "b"]


def test_windows_train_with_the_target_of_their_recording():
    model = SegmentVotingClassifier(FirstSample()).fit(WINDOWED, TARGET, note=[10, 20, 30, 40])
    np.testing.assert_allclose(model.estimator_.X_[:, 0], np.concatenate(WINDOWED)[:, 0])
    assert list(model.estimator_.y_) == list("aaabaabbb")
    assert list(model.estimator_.note_) == [10, 10, 10, 20, 30, 30, 40, 40, 40]


@pytest.mark.parametrize("as_array", [False, True])
def test_cross_validation_of_recordings(as_array):
    recordings, target, subject = ecg_like(seconds=(3, 4))
    if as_array:
        recordings = np.stack([r[: 3 * SAMPLING_RATE] for r in recordings])
    model = SegmentVotingClassifier(make_pipeline(tiny_embedder(), SVC()), SEGMENTER)
    model.set_params(segmenter__window_length=0.5)
    folds = {"groups": subject, "cv": LeaveOneGroupOut(), "error_score": "raise"}
    assert cross_val_score(model, recordings, target, scoring="roc_auc", **folds).shape == (4,)


def three_classes():
    rng = np.random.default_rng(0)
    target = np.repeat(["a", "b", "c"], 4)
    centres = {"a": (0, 0), "b": (4, 0), "c": (0, 4)}
    return [rng.normal(centres[t], 0.3, size=(3, 2)) for t in target], target


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_three_classes_by_decision_values(voting):
    X, y = three_classes()
    model = SegmentVotingClassifier(SVC(), voting=voting).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), y)


def test_decision_values_of_pairs_are_refused():
    X, y = three_classes()
    for windows, target in ((X, y), ([*X, X[0] + 9], np.append(y, "d"))):
        pairs = make_pipeline(SVC(decision_function_shape="ovo"))
        model = SegmentVotingClassifier(pairs).fit(windows, target)
        with pytest.raises(ValueError, match="decision_function_shape='ovr' or voting='hard'"):
            model.predict(windows)


def test_classes_are_those_of_the_estimator():
    X, y = three_classes()
    inner = LogisticRegression().fit(np.concatenate(X), np.repeat(y, 3))
    model = SegmentVotingClassifier(FrozenEstimator(inner)).fit(X[4:], y[4:])
    np.testing.assert_array_equal(model.predict(X), y)


def test_groups_are_routed_to_the_pretrainer(monkeypatch):
    seen = []
    fit = PretextPretrainer.fit

    def recording_fit(self, X, y=None, groups=None):
        seen.append(groups)
        return fit(self, X, y, groups)

    monkeypatch.setattr(PretextPretrainer, "fit", recording_fit)
    recordings, target, subject = ecg_like(seconds=(2, 3))
    with config_context(enable_metadata_routing=True):
        embedder = tiny_embedder(max_epochs=0).set_fit_request(groups=True)
        model = SegmentVotingClassifier(make_pipeline(embedder, SVC()), SEGMENTER)
        folds = {"params": {"groups": subject}, "cv": LeaveOneGroupOut()}
        cross_val_score(model, recordings, target, error_score="raise", **folds)
    assert [len(np.unique(groups)) for groups in seen] == [3] * 4


def test_what_cannot_be_is_refused_and_changes_nothing():
    model = SegmentVotingClassifier(FirstSample()).fit(WINDOWED, TARGET)
    with pytest.raises(ValueError, match=r"must be windowed recordings.*pass a Segmenter"):
        model.fit(np.ones((4, 10)), TARGET)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit([np.ones((2, 5))], TARGET)
    assert model.predict(WINDOWED).tolist() == ["b", "a", "a", "b"]
    recordings, target, _ = ecg_like()
    recordings[3] = recordings[3][:20]
    with pytest.raises(ValueError, match=r"recording 3 has 20 samples"):
        SegmentVotingClassifier(LogisticRegression(), SEGMENTER).fit(recordings, target)
