"""Convolutions that turn each sample of a window into a token."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ._dropout import Dropout
from ._layers import SameConv, as_signal


class InputEncoder(nn.Module):
    """One feature vector a sample, from convolutions that keep the sampling rate.

    'Same' convolutions, each followed by ReLU; the channels of each sample are normalised after the
    first and after the last.

    Parameters
    ----------
    filters : sequence of int
        Channels of each convolution.
    kernel_sizes : sequence of int
        Kernel length of each convolution, in samples.
    dropout : float
        Dropout at the output.
    """

    def __init__(self, filters: Sequence[int], kernel_sizes: Sequence[int], dropout: float) -> None:
        super().__init__()
        channels = pairwise([1, *filters])
        self.convs = nn.ModuleList(
            SameConv(before, after, size)
            for (before, after), size in zip(channels, kernel_sizes, strict=True)
        )
        self.first_norm = nn.LayerNorm(filters[0])
        self.last_norm = nn.LayerNorm(filters[-1])
        self.dropout = Dropout(dropout)

    def forward(self, windows: Tensor) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.

        Returns
        -------
        Tensor of shape (n_windows, n_times, filters[-1]), float32
            Tokens.
        """
        # In channels_last memory a signal and its tokens are the same bytes.
        signal = torch.relu(self.convs[0](as_signal(windows)))
        signal = self.first_norm(signal.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        for conv in self.convs[1:]:
            signal = torch.relu(conv(signal))
        # Products stay in mixed precision, tokens do not: layers add to them what tells windows
        # apart, often less than bfloat16 can add.
        tokens = signal[:, :, 0].transpose(1, 2).float()
        return self.dropout(self.last_norm(tokens))
