"""The network that compares two views of a window, beside recognising transformations."""

from typing import Any

from torch import Tensor, nn

from ._layers import float32_linear, initialise_
from ._recognition import RecognitionNet


class ComparisonNet(RecognitionNet):
    """A trunk, one head for each transformation, and one score for each comparison.

    The scores of a view are linear in its features, without bias: what is learnt is their
    difference between two views of the same window.

    Parameters
    ----------
    trunk : ConvTrunk or DilatedTrunk
        Feature extractor.
    n_comparisons : int, default=2
        Number of comparisons.
    **heads : dict
        Of `RecognitionNet`: ``n_tasks``, which may be 0, and what its heads are like.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ecgssl.networks import ComparisonNet, DilatedTrunk
    >>> net = ComparisonNet(DilatedTrunk(), n_comparisons=2, n_tasks=0)
    >>> logits, differences = net(torch.zeros(5, 2, 700))
    >>> differences.shape
    torch.Size([5, 2])
    """

    def __init__(self, trunk: Any, n_comparisons: int = 2, **heads: Any) -> None:
        super().__init__(trunk, **heads)
        self.comparisons = nn.Linear(trunk.n_features, n_comparisons, bias=False)
        initialise_(self.comparisons)

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Compute every task's logit of the first views, and how the last two differ.

        Parameters
        ----------
        views : Tensor of shape (n_windows, n_views, n_times)
            Views of ECG windows, the pair last.

        Returns
        -------
        logits : Tensor of shape (n_windows, n_views - 2, n_tasks), float32
            Logits.
        differences : Tensor of shape (n_windows, n_comparisons), float32
            The scores of the pair's first view minus those of its second.
        """
        features = self.trunk(views.flatten(0, 1)).unflatten(0, views.shape[:2])
        difference = features[:, -2].float() - features[:, -1].float()
        return self.logits(features[:, :-2]), float32_linear(self.comparisons, difference)


class ComparisonScores(nn.Module):
    """The scores by which a network compares views, of windows as they are."""

    def __init__(self, net: ComparisonNet) -> None:
        super().__init__()
        self.trunk = net.trunk
        self.comparisons = net.comparisons

    def forward(self, windows: Tensor) -> Tensor:
        return float32_linear(self.comparisons, self.trunk(windows))
