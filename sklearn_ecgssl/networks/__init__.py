"""Torch modules of the papers' networks."""

from ._aggregation import (
    AGGREGATIONS,
    TOKEN_AGGREGATIONS,
    aggregate,
    aggregate_tokens,
    n_aggregated,
    shortest_rhythm,
)
from ._comparison import ComparisonNet, ComparisonScores
from ._dilated import DilatedTrunk
from ._layers import (
    ClassificationNet,
    DenseHead,
    Dropout,
    LayerFeatures,
    check_convolutions,
    check_sizes,
    initialised,
    rebuilt,
    seed_dropout,
)
from ._recognition import GLOBAL_MAX, ConvTrunk, RecognitionNet, shortest_window
from ._transformer import MaskedTransformer, TransformerTrunk

__all__ = [
    "AGGREGATIONS",
    "GLOBAL_MAX",
    "TOKEN_AGGREGATIONS",
    "ClassificationNet",
    "ComparisonNet",
    "ComparisonScores",
    "ConvTrunk",
    "DenseHead",
    "DilatedTrunk",
    "Dropout",
    "LayerFeatures",
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
