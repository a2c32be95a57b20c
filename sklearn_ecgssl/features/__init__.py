"""Frozen features of ECG for any classifier."""

from ._embedder import SSLEmbedder

__all__ = ["SSLEmbedder"]
