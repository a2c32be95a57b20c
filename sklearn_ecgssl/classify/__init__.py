"""Classifiers: the papers' heads, whole networks, votes of windows, a person's level."""

from ._dense import DenseClassifier
from ._ecg import ECGClassifier
from ._subject_reference import SubjectReferenceClassifier
from ._subject_scaled import SubjectScaledClassifier
from ._voting import SegmentVotingClassifier

__all__ = [
    "DenseClassifier",
    "ECGClassifier",
    "SegmentVotingClassifier",
    "SubjectReferenceClassifier",
    "SubjectScaledClassifier",
]
