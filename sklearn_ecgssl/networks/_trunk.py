"""The convolutional trunk."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from ._aggregation import aggregate
from ._build import check_depth
from ._layers import SameConv, activation_layer, as_signal, initialise_
from ._pooling import MaxPool, global_max

#: The papers' aggregation, which is computed without keeping activations over time.
GLOBAL_MAX = ("max",)


class ConvTrunk(nn.Module):
    """Convolutional feature extractor of Sarkar & Etemad (2020), Table 1 [1]_.

    Three blocks of two 'same' convolutions, each followed by the activation; a max pool after
    every block but the last; a global max pool over time at the end.

    ===== =========== ============== ==================
    block convolution pool           features
    ===== =========== ============== ==================
    1     2 x 32 @ 32 max 8 stride 2 32
    2     2 x 64 @ 16 max 8 stride 2 64
    3     2 x 128 @ 8 global max     128 (the features)
    ===== =========== ============== ==================

    Parameters
    ----------
    filters : sequence of int, default=(32, 64, 128)
        Channels of each block.
    kernel_sizes : sequence of int, default=(32, 16, 8)
        Kernel length of each block, in samples.
    convs_per_block : int, default=2
        Convolutions in a block.
    pool_size : int, default=8
        Length of the max pool between blocks, in samples.
    pool_stride : int, default=2
        Stride of that pool.
    activation : {"leaky_relu", "relu"}, default="leaky_relu"
        The authors' code has the first, their ICASSP paper's text the second.
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero.
    aggregation : sequence of {"max", "mean", "std"}, default=("max",)
        How the last block's activations over time become features, side by side.

    Notes
    -----
    The signal runs through `conv2d` with a height of 1 in ``channels_last`` memory, which is
    several times faster on a CPU than `conv1d`, and the same computation. Under `torch.autocast`
    the convolutions run in its dtype.

    References
    ----------
    .. [1] P. Sarkar, A. Etemad, "Self-Supervised ECG Representation Learning for Emotion
       Recognition", IEEE Transactions on Affective Computing, 2020, arXiv:2002.03898.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ecgssl.networks import ConvTrunk
    >>> trunk = ConvTrunk()
    >>> trunk(torch.zeros(2, 2560)).shape
    torch.Size([2, 128])
    >>> sum(p.numel() for p in trunk.parameters())
    329152
    """

    def __init__(
        self,
        filters: Sequence[int] = (32, 64, 128),
        kernel_sizes: Sequence[int] = (32, 16, 8),
        convs_per_block: int = 2,
        pool_size: int = 8,
        pool_stride: int = 2,
        activation: str = "leaky_relu",
        negative_slope: float = 0.2,
        aggregation: Sequence[str] = GLOBAL_MAX,
    ) -> None:
        super().__init__()
        self.filters = tuple(filters)
        self.aggregation = tuple(aggregation)
        self.pool_stride = int(pool_stride)  # numpy's small integers would end the arithmetic early
        n_convs = check_depth("convs_per_block", convs_per_block)
        self.blocks = nn.ModuleList()
        n_channels = 1
        for n_filters, kernel_size in zip(filters, kernel_sizes, strict=True):
            self.blocks.append(
                ConvBlock(
                    [n_channels] + [n_filters] * n_convs,
                    kernel_size,
                    activation_layer(activation, negative_slope),
                )
            )
            n_channels = n_filters
        self.pool = MaxPool(pool_size, pool_stride)
        # Activations rise, so they may follow the pool, where fewer values are left.
        self.activation = activation_layer(activation, negative_slope)
        initialise_(self)

    def forward(self, windows: Tensor) -> Tensor:
        """Compute the features of the last block.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.

        Returns
        -------
        Tensor of shape (n_windows, n_features)
            Features, `filters[-1]` for each aggregation.
        """
        if self.aggregation != GLOBAL_MAX:
            return aggregate(self.maps(windows, len(self.blocks) - 1), self.aggregation)
        signal = as_signal(windows)
        for block in self.blocks[:-1]:
            signal = self.activation(self.pool(block(signal)))
        last = cast(ConvBlock, self.blocks[-1])
        return self.activation(last.global_max(signal))

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
        rates = (self.pool_stride**i for i in range(len(self.filters)))
        return n_times * max(-(-n // rate) for n, rate in zip(self.filters, rates, strict=True))

    def block_features(self, windows: Tensor) -> list[Tensor]:
        """Compute the global max pool after each block.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.

        Returns
        -------
        list of Tensor of shape (n_windows, filters[i])
            Features of each block, the first block first.
        """
        signal = as_signal(windows)
        features = []
        for i, block in enumerate(self.blocks):
            maps = block(signal)
            features.append(self.activation(global_max(maps)))
            if i + 1 < len(self.blocks):
                signal = self.activation(self.pool(maps))
        return features

    def maps(self, windows: Tensor, index: int) -> Tensor:
        """Compute the activations of a block over time.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.
        index : int
            Which block, the first is 0.

        Returns
        -------
        Tensor of shape (n_windows, filters[index], n_map_times)
            Activations. Each pool before the block has divided the sampling rate by its stride.
        """
        signal = as_signal(windows)
        for block in self.blocks[:index]:
            signal = self.activation(self.pool(block(signal)))
        return self.activation(self.blocks[index](signal))[:, :, 0]


class ConvBlock(nn.Module):
    """Convolutions with an activation between them, none after the last.

    Parameters
    ----------
    channels : sequence of int
        Channels before, between and after the convolutions.
    kernel_size : int
        Length of the kernels.
    activation : nn.Module
        What follows each convolution but the last.
    """

    def __init__(self, channels: Sequence[int], kernel_size: int, activation: nn.Module) -> None:
        super().__init__()
        self.convs = nn.ModuleList(SameConv(a, b, kernel_size) for a, b in pairwise(channels))
        self.activation = activation

    def forward(self, signal: Tensor) -> Tensor:
        return self.convs[-1](self._all_but_last(signal))

    def global_max(self, signal: Tensor) -> Tensor:
        """Compute the block and its maximum over time, (n_windows, n_filters)."""
        return cast(SameConv, self.convs[-1]).global_max(self._all_but_last(signal))

    def _all_but_last(self, signal: Tensor) -> Tensor:
        for conv in self.convs[:-1]:
            signal = self.activation(conv(signal))
        return signal


def shortest_window(n_blocks: int, pool_size: int, pool_stride: int) -> int:
    """Count the samples that a window needs so that every pool of the trunk can pool.

    Parameters
    ----------
    n_blocks : int
        Blocks of the trunk; a pool stands between each two.
    pool_size, pool_stride : int
        Length and stride of the pools.

    Returns
    -------
    int
        The shortest window, in samples.

    Examples
    --------
    >>> from sklearn_ecgssl.networks import shortest_window
    >>> shortest_window(n_blocks=3, pool_size=8, pool_stride=2)
    22
    """
    n_times = 1
    for _ in range(n_blocks - 1):
        n_times = (n_times - 1) * int(pool_stride) + int(pool_size)
    return n_times
