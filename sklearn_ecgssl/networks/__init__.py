"""Torch modules of the papers' networks."""

from ._build import check_sizes, initialised, rebuilt
from ._dropout import Dropout, seed_dropout
from ._layers import DenseHead
from ._recognition import RecognitionNet
from ._trunk import ConvTrunk, shortest_window

__all__ = [
    "ConvTrunk",
    "DenseHead",
    "Dropout",
    "RecognitionNet",
    "check_sizes",
    "initialised",
    "rebuilt",
    "seed_dropout",
    "shortest_window",
]
