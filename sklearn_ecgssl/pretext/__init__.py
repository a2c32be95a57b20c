"""Self-supervised estimators: they learn from ECG without labels."""

from ._masked import MaskedPretrainer, Reconstruction
from ._pretext import PretextPretrainer
from ._sharing import nested_pretrainers, pretrained, share_pretraining

__all__ = [
    "MaskedPretrainer",
    "PretextPretrainer",
    "Reconstruction",
    "nested_pretrainers",
    "pretrained",
    "share_pretraining",
]
