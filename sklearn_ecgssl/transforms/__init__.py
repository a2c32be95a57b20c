"""Transformations of ECG windows: what the pretext network learns to recognise."""

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
    "FlipTime",
    "Negate",
    "Permute",
    "Scale",
    "TimeWarp",
    "WindowTransform",
    "default_transforms",
    "make_views",
]
