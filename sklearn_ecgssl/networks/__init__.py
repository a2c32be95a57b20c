"""Torch modules of the papers' networks."""

from ._aggregation import AGGREGATIONS, aggregate, n_aggregated
from ._build import check_sizes, initialised, rebuilt
from ._classification import ClassificationNet
from ._dropout import Dropout, seed_dropout
from ._layers import DenseHead
from ._recognition import RecognitionNet
from ._rhythm import shortest_rhythm
from ._trunk import ConvTrunk, shortest_window

__all__ = [
    "AGGREGATIONS",
    "ClassificationNet",
    "ConvTrunk",
    "DenseHead",
    "Dropout",
    "RecognitionNet",
    "aggregate",
    "check_sizes",
    "initialised",
    "n_aggregated",
    "rebuilt",
    "seed_dropout",
    "shortest_rhythm",
    "shortest_window",
]
