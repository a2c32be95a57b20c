"""Self-supervised estimators: they learn from ECG without labels."""

from ._pretext import PretextPretrainer
from ._sharing import nested_pretrainers, pretrained, share_pretraining

__all__ = ["PretextPretrainer", "nested_pretrainers", "pretrained", "share_pretraining"]
