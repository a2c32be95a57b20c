"""Self-supervised estimators: they learn from ECG without labels."""

from ._pretext import PretextPretrainer

__all__ = ["PretextPretrainer"]
