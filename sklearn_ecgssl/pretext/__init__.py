"""Self-supervised estimators: they learn from ECG without labels."""

from ._base import BasePretrainer
from ._fits import check_fits, warn_unless_scaled
from ._load import PRETRAINERS, load_pretrained, resolve_pretrainer
from ._masked import MaskedPretrainer
from ._memory import INDIFFERENT
from ._pretext import PretextPretrainer
from ._reconstruction import Reconstruction
from ._sharing import nested_pretrainers, pretrained, share_pretraining
from ._shipped import list_pretrained, model_card

__all__ = [
    "INDIFFERENT",
    "PRETRAINERS",
    "BasePretrainer",
    "MaskedPretrainer",
    "PretextPretrainer",
    "Reconstruction",
    "check_fits",
    "list_pretrained",
    "load_pretrained",
    "model_card",
    "nested_pretrainers",
    "pretrained",
    "resolve_pretrainer",
    "share_pretraining",
    "warn_unless_scaled",
]
