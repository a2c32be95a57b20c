"""The views of a batch: the windows as they are, and once under each transformation."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ._base import WindowTransform
from ._flip_time import FlipTime
from ._negate import Negate
from ._noise import AddNoise
from ._permute import Permute
from ._scale import Scale
from ._time_warp import TimeWarp


def default_transforms() -> list[tuple[str, WindowTransform]]:
    """Name and build the six transformations of the papers, in the order of their labels 1 .. 6.

    Returns
    -------
    list of (str, WindowTransform)
        Names and transformations.

    Examples
    --------
    >>> from sklearn_ecgssl.transforms import default_transforms
    >>> [name for name, _ in default_transforms()]
    ['noise', 'scale', 'negate', 'flip', 'permute', 'warp']
    """
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
    """Stack every window's views, view by view, and label them.

    Parameters
    ----------
    windows : Tensor of shape (n_windows, n_times)
        A batch of windows.
    transforms : sequence of WindowTransform
        The transformations; label 0 is the untransformed window, label i the i-th of them.
    generator : torch.Generator, default=None
        Source of randomness, on the device of `windows`.

    Returns
    -------
    views : Tensor of shape ((1 + n_transforms) * n_windows, n_times)
        All views.
    labels : Tensor of shape ((1 + n_transforms) * n_windows,), int64
        Which transformation was applied.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ecgssl.transforms import FlipTime, Negate, make_views
    >>> views, labels = make_views(torch.tensor([[1.0, 2.0]]), [Negate(), FlipTime()])
    >>> views.tolist(), labels.tolist()
    ([[1.0, 2.0], [-1.0, -2.0], [2.0, 1.0]], [0, 1, 2])
    """
    n_views = 1 + len(transforms)
    views = windows.new_empty((n_views, *windows.shape))
    views[0] = windows
    for label, transform in enumerate(transforms, start=1):
        views[label] = transform.apply(windows, generator)
    labels = torch.arange(n_views, device=windows.device).repeat_interleave(len(windows))
    return views.flatten(0, 1), labels
