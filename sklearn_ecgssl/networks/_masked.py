"""The network that predicts masked samples."""

from collections.abc import Sequence

from torch import Tensor, nn

from ._layers import DenseHead, float32_linear
from ._transformer import TransformerTrunk


class MaskedTransformer(nn.Module):
    """A Transformer trunk and a head that predicts every sample, as in [1]_.

    Parameters
    ----------
    trunk : TransformerTrunk
        From windows to one token a sample.
    head_hidden : sequence of int, default=(128,)
        Hidden units of the head, followed by ReLU.

    References
    ----------
    .. [1] J. Vazquez-Rodriguez et al., "Transformer-Based Self-Supervised Learning for Emotion
       Recognition", ICPR 2022, arXiv:2204.05103.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ecgssl.networks import MaskedTransformer, TransformerTrunk
    >>> net = MaskedTransformer(TransformerTrunk()).eval()
    >>> net(torch.zeros(2, 1280)).shape
    torch.Size([2, 1280])
    >>> sum(p.numel() for p in net.parameters())
    2445953
    """

    def __init__(self, trunk: TransformerTrunk, head_hidden: Sequence[int] = (128,)) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = DenseHead(trunk.n_channels, head_hidden, 1, 0.0, "relu")

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
        """Predict the samples of windows, masked ones included.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows, zero where they are masked.

        Returns
        -------
        Tensor of shape (n_windows, n_times), float32
            Predictions.
        """
        return float32_linear(self.head, self.trunk.tokens(windows)[:, 1:])[..., 0]
