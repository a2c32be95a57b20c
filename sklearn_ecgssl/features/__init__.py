"""Frozen features of ECG for any classifier."""

from ._embed_blocks import embed_blocks
from ._embedder import SSLEmbedder
from ._frozen_encoder import FrozenEncoder
from ._hrv import HRVFeatures
from ._quality import SignalQuality, usable

__all__ = [
    "FrozenEncoder",
    "HRVFeatures",
    "SSLEmbedder",
    "SignalQuality",
    "embed_blocks",
    "usable",
]
