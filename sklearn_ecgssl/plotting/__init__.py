"""Pictures, as scikit-learn's displays: data in attributes, `plot` draws them on any axes."""

from ._embedding import EmbeddingDisplay
from ._history import PretextHistoryDisplay
from ._label_fraction import LabelFractionDisplay
from ._protocol import ProtocolDisplay
from ._reconstruction import ReconstructionDisplay
from ._saliency import SaliencyDisplay
from ._study import StudyDisplay
from ._transformation import TransformationDisplay

__all__ = [
    "EmbeddingDisplay",
    "LabelFractionDisplay",
    "PretextHistoryDisplay",
    "ProtocolDisplay",
    "ReconstructionDisplay",
    "SaliencyDisplay",
    "StudyDisplay",
    "TransformationDisplay",
]
