"""Transformations of ECG windows: what the pretext network learns to recognise."""

from ._comparisons import (
    CompareIrregularity,
    CompareTempo,
    RandomAugmentation,
    WindowComparison,
    make_pairs,
    pair_length,
    window_length,
)
from ._pairs import crop
from ._transforms import (
    AddNoise,
    FlipTime,
    Negate,
    Permute,
    Scale,
    TimeWarp,
    WindowTransform,
    default_transforms,
    make_views,
)

__all__ = [
    "AddNoise",
    "CompareIrregularity",
    "CompareTempo",
    "FlipTime",
    "Negate",
    "Permute",
    "RandomAugmentation",
    "Scale",
    "TimeWarp",
    "WindowComparison",
    "WindowTransform",
    "crop",
    "default_transforms",
    "make_pairs",
    "make_views",
    "pair_length",
    "window_length",
]
