"""A trunk and one head: the network that is trained on labels."""

from typing import Any

from torch import Tensor, nn

from ._layers import DenseHead, float32_linear


class ClassificationNet(nn.Module):
    """A trunk, pretrained or not, and a dense head that gives the logits of the classes.

    Parameters
    ----------
    trunk : nn.Module
        From windows (n_windows, n_times) to features (n_windows, n_features).
    head : DenseHead
        From features to logits.
    """

    def __init__(self, trunk: nn.Module, head: DenseHead) -> None:
        super().__init__()
        self.trunk: Any = trunk
        self.head = head

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
        return int(self.trunk.widest(n_times))

    def forward(self, windows: Tensor) -> Tensor:
        """Compute the logits.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.

        Returns
        -------
        Tensor of shape (n_windows, n_outputs), float32
            Logits.
        """
        return float32_linear(self.head, self.trunk(windows))
