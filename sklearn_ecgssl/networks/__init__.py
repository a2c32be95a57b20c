"""Torch modules of the papers' networks."""

from ._layers import DenseHead
from ._recognition import RecognitionNet
from ._trunk import ConvTrunk, shortest_window

__all__ = ["ConvTrunk", "DenseHead", "RecognitionNet", "shortest_window"]
