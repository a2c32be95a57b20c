"""Classifiers: the papers' heads, and votes of windows for recordings."""

from ._dense import DenseClassifier
from ._voting import SegmentVotingClassifier

__all__ = ["DenseClassifier", "SegmentVotingClassifier"]
