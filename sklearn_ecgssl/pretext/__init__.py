"""Self-supervised estimators: they learn from ECG without labels."""

from ._base import BasePretrainer
from ._load import PRETRAINERS, load_pretrained, resolve_pretrainer
from ._masked import MaskedPretrainer, Reconstruction
from ._memory import INDIFFERENT
from ._pretext import PretextPretrainer
from ._sharing import nested_pretrainers, pretrained, share_pretraining

__all__ = [
    "INDIFFERENT",
    "PRETRAINERS",
    "BasePretrainer",
    "MaskedPretrainer",
    "PretextPretrainer",
    "Reconstruction",
    "load_pretrained",
    "nested_pretrainers",
    "pretrained",
    "resolve_pretrainer",
    "share_pretraining",
]
