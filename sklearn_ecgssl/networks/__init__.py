"""Torch modules of the papers' networks."""

from ._aggregation import AGGREGATIONS, aggregate, n_aggregated
from ._build import (
    MAX_DEPTH,
    check_convolutions,
    check_sizes,
    initialised,
    rebuilt,
)
from ._classification import ClassificationNet
from ._dropout import Dropout, seed_dropout
from ._layers import DenseHead
from ._masked import MaskedTransformer
from ._recognition import RecognitionNet
from ._rhythm import shortest_rhythm
from ._transformer import TOKEN_AGGREGATIONS, TransformerTrunk, aggregate_tokens
from ._trunk import GLOBAL_MAX, ConvTrunk, shortest_window

__all__ = [
    "AGGREGATIONS",
    "GLOBAL_MAX",
    "MAX_DEPTH",
    "TOKEN_AGGREGATIONS",
    "ClassificationNet",
    "ConvTrunk",
    "DenseHead",
    "Dropout",
    "MaskedTransformer",
    "RecognitionNet",
    "TransformerTrunk",
    "aggregate",
    "aggregate_tokens",
    "check_convolutions",
    "check_sizes",
    "initialised",
    "n_aggregated",
    "rebuilt",
    "seed_dropout",
    "shortest_rhythm",
    "shortest_window",
]
