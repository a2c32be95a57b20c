"""Pictures, as scikit-learn's displays: data in attributes, `plot` draws them on any axes."""

from ._embedding import EmbeddingDisplay
from ._history import PretextHistoryDisplay
from ._reconstruction import ReconstructionDisplay
from ._saliency import SaliencyDisplay
from ._score import ScoreDisplay
from ._subject_level import SubjectLevelDisplay
from ._transformation import TransformationDisplay

__all__ = [
    "EmbeddingDisplay",
    "PretextHistoryDisplay",
    "ReconstructionDisplay",
    "SaliencyDisplay",
    "ScoreDisplay",
    "SubjectLevelDisplay",
    "TransformationDisplay",
]
