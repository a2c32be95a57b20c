"""The views of a batch: the windows as they are, and once under each transformation."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ._transforms import (
    AddNoise,
    FlipTime,
    Negate,
    Permute,
    Scale,
    TimeWarp,
    WindowTransform,
)


def default_transforms() -> list[tuple[str, WindowTransform]]:
    """Name and build the six transformations of the papers, in the order of their labels 1 .. 6."""
    return [
        ("noise", AddNoise()),
        ("scale", Scale()),
        ("negate", Negate()),
        ("flip", FlipTime()),
        ("permute", Permute()),
        ("warp", TimeWarp()),
    ]


def make_views(
    windows: Tensor,
    transforms: Sequence[WindowTransform],
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Stack every window's views, view by view: label 0 is unchanged, i the i-th transformation."""
    n_views = 1 + len(transforms)
    views = windows.new_empty((n_views, *windows.shape))
    views[0] = windows
    for label, transform in enumerate(transforms, start=1):
        views[label] = transform.apply(windows, generator)
    labels = torch.arange(n_views, device=windows.device).repeat_interleave(len(windows))
    return views.flatten(0, 1), labels
