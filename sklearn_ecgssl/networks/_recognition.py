"""The multi-task network that recognises transformations."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ._layers import DenseHead, float32_linear
from ._trunk import ConvTrunk


class RecognitionNet(nn.Module):
    """A trunk and one head a task, as Sarkar & Etemad (2020) [1]_.

    Each head (dense 128, dense 128, one logit; dropout after both hidden layers) answers whether
    its transformation was applied to the window.

    Parameters
    ----------
    trunk : ConvTrunk
        Feature extractor; its last block gives the heads' input.
    n_tasks : int, default=7
        Number of heads: the untransformed window and each transformation.
    head_hidden : sequence of int, default=(128, 128)
        Units of each head's hidden layers.
    head_dropout : float, default=0.6
        Dropout after each hidden layer.
    activation : {"leaky_relu", "relu"}, default="leaky_relu"
        Activation of the heads.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ecgssl.networks import ConvTrunk, RecognitionNet
    >>> net = RecognitionNet(ConvTrunk())
    >>> net(torch.zeros(2, 2560)).shape
    torch.Size([2, 7])
    >>> sum(p.numel() for p in net.parameters())
    561223
    """

    def __init__(
        self,
        trunk: ConvTrunk,
        n_tasks: int = 7,
        head_hidden: Sequence[int] = (128, 128),
        head_dropout: float = 0.6,
        activation: str = "leaky_relu",
        negative_slope: float = 0.2,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList(
            DenseHead(trunk.filters[-1], head_hidden, 1, head_dropout, activation, negative_slope)
            for _ in range(n_tasks)
        )

    def widest(self, n_times: int) -> int:
        """Count the values that a window of so many samples has at the widest place.

        Parameters
        ----------
        n_times : int
            Samples in the window.

        Returns
        -------
        int
            The most values that one layer makes of it.
        """
        return self.trunk.widest(n_times)

    def forward(self, windows: Tensor) -> Tensor:
        """Compute every task's logit.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            Views of ECG windows.

        Returns
        -------
        Tensor of shape (n_windows, n_tasks), float32
            Logits.
        """
        features = self.trunk(windows)
        return torch.cat([float32_linear(head, features) for head in self.heads], dim=1)
