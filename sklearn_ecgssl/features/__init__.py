"""Frozen features of ECG for any classifier."""

from ._embedder import SSLEmbedder
from ._hrv import HRVFeatures

__all__ = ["HRVFeatures", "SSLEmbedder"]
