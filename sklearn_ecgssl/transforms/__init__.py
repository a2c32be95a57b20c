"""Transformations of ECG windows: what the pretext network learns to recognise."""

from ._base import WindowTransform
from ._flip_time import FlipTime
from ._negate import Negate
from ._noise import AddNoise
from ._permute import Permute
from ._scale import Scale
from ._time_warp import TimeWarp
from ._views import default_transforms, make_views

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
