"""Protocols, comparisons and their results."""

from ._compare import compare_protocols
from ._estimators import pretext_accuracy
from ._label_fraction import LabelFractionSplit
from ._left_out import left_out
from ._linear import linear_classifier
from ._metrics import confidence_interval
from ._probe import probe
from ._protocols import (
    Protocol,
    opposite_halves,
    shuffled_windows,
    unseen_subjects,
    whole_recordings,
)
from ._reference import ReferenceWindows
from ._results import EvaluationResults
from ._windows import LabelledWindows

__all__ = [
    "EvaluationResults",
    "LabelFractionSplit",
    "LabelledWindows",
    "Protocol",
    "ReferenceWindows",
    "compare_protocols",
    "confidence_interval",
    "left_out",
    "linear_classifier",
    "opposite_halves",
    "pretext_accuracy",
    "probe",
    "shuffled_windows",
    "unseen_subjects",
    "whole_recordings",
]
