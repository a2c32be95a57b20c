"""Classifiers: the papers' heads, whole networks, and votes of windows for recordings."""

from ._dense import DenseClassifier
from ._ecg import ECGClassifier
from ._subject_scaled import SubjectScaledClassifier
from ._voting import SegmentVotingClassifier

__all__ = [
    "DenseClassifier",
    "ECGClassifier",
    "SegmentVotingClassifier",
    "SubjectScaledClassifier",
]
