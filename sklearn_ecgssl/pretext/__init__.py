"""Self-supervised estimators: they learn from ECG without labels."""

from ._base import BasePretrainer
from ._load import (
    list_pretrained,
    load_pretrained,
    model_card,
    nested_pretrainers,
    pretrained,
    resolve_pretrainer,
    share_pretraining,
)
from ._masked import MaskedPretrainer
from ._masking import Reconstruction
from ._memory import INDIFFERENT
from ._network import DilatedConvolutions
from ._pretext import PretextPretrainer
from ._windows import check_duration, check_fits, held_out_split, warn_unless_scaled

__all__ = [
    "INDIFFERENT",
    "BasePretrainer",
    "DilatedConvolutions",
    "MaskedPretrainer",
    "PretextPretrainer",
    "Reconstruction",
    "check_duration",
    "check_fits",
    "held_out_split",
    "list_pretrained",
    "load_pretrained",
    "model_card",
    "nested_pretrainers",
    "pretrained",
    "resolve_pretrainer",
    "share_pretraining",
    "warn_unless_scaled",
]
