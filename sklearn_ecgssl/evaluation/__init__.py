"""Splits, protocols and studies: honest scores."""

from ._baselines import linear_classifier
from ._block_study import block_study
from ._compare import compare_protocols
from ._difficulty_study import difficulty_study
from ._evaluation import Evaluation
from ._intervals import confidence_interval
from ._label_fraction import LabelFractionSplit
from ._label_fraction_study import label_fraction_study
from ._labelled_windows import LabelledWindows
from ._opposite_halves import opposite_halves
from ._protocols import Protocol, shuffled_windows, unseen_subjects, whole_recordings
from ._results import EvaluationResults
from ._supervision_study import supervision_study, three_networks
from ._task_study import task_study
from ._window_length_study import window_length_study

__all__ = [
    "Evaluation",
    "EvaluationResults",
    "LabelFractionSplit",
    "LabelledWindows",
    "Protocol",
    "block_study",
    "compare_protocols",
    "confidence_interval",
    "difficulty_study",
    "label_fraction_study",
    "linear_classifier",
    "opposite_halves",
    "shuffled_windows",
    "supervision_study",
    "task_study",
    "three_networks",
    "unseen_subjects",
    "whole_recordings",
    "window_length_study",
]
