"""A trunk of dilated convolutions, whose mean over time tells how often something happens."""

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import torch
from torch import Tensor, nn

from ._aggregation import aggregate
from ._convolution import as_signal
from ._layers import initialise_

#: Kernel length of the convolutions that lower the sampling rate.
STRIDED_KERNEL = 7


class DilatedTrunk(nn.Module):
    """Feature extractor of dilated residual convolutions, for windows of any length.

    Convolutions of stride 2 lower the sampling rate. Residual layers follow, ``x + conv(act(x))``,
    each of which looks twice as far as the one before. With the defaults and 100 Hz an activation,
    25 times a second, sees 5.4 s: several beats. Mean and maximum over time are the features.

    =================== ====================== ===============
    part                layers                 output, 10 s
    =================== ====================== ===============
    2 strided           32, 64 @ 7, stride 2   250 x 64
    6 residual          64 @ 3, dilation 1..32 250 x 64
    aggregation         mean, maximum          128
    =================== ====================== ===============

    Parameters
    ----------
    n_channels : int, default=64
        Channels; the first strided convolution has half as many.
    n_layers : int, default=6
        Residual layers, with dilations 1, 2, 4, ...
    kernel_size : int, default=3
        Their kernel length, odd.
    n_strided : int, default=2
        Convolutions of stride 2 before them.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.
    aggregation : sequence of {"mean", "max", "std"}, default=("mean", "max")
        How activations over time become features, side by side.

    Notes
    -----
    Stacked dilated convolutions see far with few weights [1]_. Nothing normalises over time or over
    the batch, so that a window's features depend neither on other windows nor, but for its edges,
    on how long it is.

    References
    ----------
    .. [1] A. van den Oord et al., "WaveNet: A Generative Model for Raw Audio", 2016,
       arXiv:1609.03499.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ecgssl.networks import DilatedTrunk
    >>> trunk = DilatedTrunk()
    >>> trunk(torch.zeros(2, 1000)).shape
    torch.Size([2, 128])
    >>> trunk(torch.zeros(2, 3000)).shape
    torch.Size([2, 128])
    >>> sum(p.numel() for p in trunk.parameters())
    88768
    """

    def __init__(
        self,
        n_channels: int = 64,
        n_layers: int = 6,
        kernel_size: int = 3,
        n_strided: int = 2,
        negative_slope: float = 0.2,
        aggregation: Sequence[str] = ("mean", "max"),
    ) -> None:
        super().__init__()
        self.n_channels = int(n_channels)
        self.n_strided = int(n_strided)
        self.aggregation = tuple(aggregation)
        self.n_features = self.n_channels * len(self.aggregation)
        widths = [1] + [max(1, self.n_channels // 2)] * (self.n_strided - 1) + [self.n_channels]
        self.strided = nn.ModuleList(
            _conv(before, after, STRIDED_KERNEL, stride=2) for before, after in pairwise(widths)
        )
        self.layers = nn.ModuleList(
            _conv(self.n_channels, self.n_channels, int(kernel_size), dilation=2**i)
            for i in range(n_layers)
        )
        # Not in place: the sum keeps what went in.
        self.activation = nn.LeakyReLU(negative_slope)
        initialise_(self)

    def forward(self, windows: Tensor) -> Tensor:
        """Compute the features.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.

        Returns
        -------
        Tensor of shape (n_windows, n_features)
            Features, `n_channels` for each aggregation.
        """
        return aggregate(self.maps(windows, len(self.layers) - 1), self.aggregation)

    def largest_activation(self, n_times: int) -> int:
        """Count the values of the largest activation of a window.

        Parameters
        ----------
        n_times : int
            Samples in the window.

        Returns
        -------
        int
            Values.
        """
        first = -(-n_times // 2) * max(1, self.n_channels // 2)
        return max(first, -(-n_times // 2**self.n_strided) * self.n_channels)

    def layer_features(
        self, windows: Tensor, layers: Sequence[int], names: Sequence[str], sampling_rate: float
    ) -> Tensor:
        """Aggregate the activations of residual layers, side by side.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.
        layers : sequence of int
            Which layers, the first is 0.
        names : sequence of {"max", "mean", "std", "rhythm"}
            Aggregations.
        sampling_rate : float
            Of the windows, in Hz; "rhythm" alone needs it.

        Returns
        -------
        Tensor of shape (n_windows, n_features)
            Features of the first of these layers, then of the others.
        """
        rate = sampling_rate / 2**self.n_strided
        maps = list(islice(self._maps(windows), 1 + max(layers)))
        return torch.cat([aggregate(maps[i], names, rate) for i in layers], dim=1)

    def maps(self, windows: Tensor, index: int) -> Tensor:
        """Compute the activations after a residual layer over time.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.
        index : int
            Which layer, the first is 0.

        Returns
        -------
        Tensor of shape (n_windows, n_channels, n_map_times)
            Activations. Each strided convolution has halved the sampling rate.
        """
        return next(islice(self._maps(windows), index, None))

    def _maps(self, windows: Tensor) -> Iterator[Tensor]:
        """Yield the activations after each residual layer."""
        signal = self.strided[0](as_signal(windows))
        for conv in self.strided[1:]:
            signal = conv(self.activation(signal))
        activated = self.activation(signal)
        for layer in self.layers:
            signal = signal + layer(activated)
            activated = self.activation(signal)
            yield activated[:, :, 0]


def _conv(
    before: int, after: int, kernel_size: int, stride: int = 1, dilation: int = 1
) -> nn.Conv2d:
    """Convolution along time with zeros around, so that only the stride shortens a signal."""
    return nn.Conv2d(
        before,
        after,
        (1, kernel_size),
        stride=(1, stride),
        dilation=(1, dilation),
        padding=(0, dilation * (kernel_size - 1) // 2),
    )
