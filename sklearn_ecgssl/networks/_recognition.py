"""The convolutional network that recognises transformations."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from ._aggregation import aggregate
from ._convolution import MaxPool, SameConv, as_signal, global_max
from ._layers import DenseHead, float32_linear, initialise_, leaky_relu

#: The papers' aggregation, which is computed without keeping activations over time.
GLOBAL_MAX = ("max",)


class ConvTrunk(nn.Module):
    """Convolutional feature extractor of Sarkar & Etemad (2020), Table 1.

    The network of [1]_.

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
    negative_slope : float, default=0.2
        Slope of the leaky ReLU below zero; 0 makes it a ReLU, which the authors' ICASSP paper says.
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
        negative_slope: float = 0.2,
        aggregation: Sequence[str] = GLOBAL_MAX,
    ) -> None:
        super().__init__()
        self.filters = tuple(filters)
        self.aggregation = tuple(aggregation)
        self.n_features = self.filters[-1] * len(self.aggregation)
        self.pool_stride = int(pool_stride)
        self.blocks = nn.ModuleList()
        n_channels = 1
        for n_filters, kernel_size in zip(filters, kernel_sizes, strict=True):
            self.blocks.append(
                ConvBlock(
                    [n_channels] + [n_filters] * convs_per_block,
                    kernel_size,
                    leaky_relu(negative_slope),
                )
            )
            n_channels = n_filters
        self.pool = MaxPool(pool_size, pool_stride)
        # Activations rise, so they may follow the pool, where fewer values are left.
        self.activation = leaky_relu(negative_slope)
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
        last = cast(ConvBlock, self.blocks[-1])
        return self.activation(last.global_max(self._input_of_block(windows, -1)))

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

    def layer_features(
        self, windows: Tensor, layers: Sequence[int], names: Sequence[str], sampling_rate: float
    ) -> Tensor:
        """Aggregate the activations of blocks, side by side.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.
        layers : sequence of int
            Which blocks, the first is 0.
        names : sequence of {"max", "mean", "std", "rhythm"}
            Aggregations.
        sampling_rate : float
            Of the windows, in Hz; "rhythm" alone needs it.

        Returns
        -------
        Tensor of shape (n_windows, n_features)
            Features of the first of these blocks, then of the others.
        """
        if tuple(names) == GLOBAL_MAX:
            of_blocks = self.block_features(windows)
            return torch.cat([of_blocks[i] for i in layers], dim=1)
        rates = [sampling_rate / self.pool_stride**i for i in layers]
        features = [
            aggregate(self.maps(windows, i), names, rate)
            for i, rate in zip(layers, rates, strict=True)
        ]
        return torch.cat(features, dim=1)

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
        maps = self.blocks[index](self._input_of_block(windows, index))
        return self.activation(maps)[:, :, 0]

    def _input_of_block(self, windows: Tensor, index: int) -> Tensor:
        signal = as_signal(windows)
        for block in self.blocks[:index]:
            signal = self.activation(self.pool(block(signal)))
        return signal


class RecognitionNet(nn.Module):
    """A trunk and one head a task, as Sarkar & Etemad (2020).

    The network of [1]_.

    Each head (dense 128, dense 128, one logit; dropout after both hidden layers) answers whether
    its transformation was applied to the window.

    Parameters
    ----------
    trunk : ConvTrunk or DilatedTrunk
        Feature extractor; its features are the heads' input.
    n_tasks : int, default=7
        Number of heads: the untransformed window and each transformation.
    head_hidden : sequence of int, default=(128, 128)
        Units of each head's hidden layers.
    head_dropout : float, default=0.6
        Dropout after each hidden layer.
    negative_slope : float, default=0.2
        Slope of the heads' leaky ReLU below zero; 0 makes it a ReLU.

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
        trunk: Any,
        n_tasks: int = 7,
        head_hidden: Sequence[int] = (128, 128),
        head_dropout: float = 0.6,
        negative_slope: float = 0.2,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList(
            DenseHead(trunk.n_features, head_hidden, 1, head_dropout, negative_slope)
            for _ in range(n_tasks)
        )

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
        return self.logits(self.trunk(windows))

    def logits(self, features: Tensor) -> Tensor:
        """Compute every task's logit from features.

        Parameters
        ----------
        features : Tensor of shape (..., n_features)
            Features of views.

        Returns
        -------
        Tensor of shape (..., n_tasks), float32
            Logits.
        """
        if not self.heads:
            return features.new_empty(*features.shape[:-1], 0)
        return torch.cat([float32_linear(head, features) for head in self.heads], dim=-1)


class ConvBlock(nn.Module):
    """Convolutions with an activation between them, none after the last."""

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
    """Samples that a window needs so that every pool of the trunk can pool."""
    n_times = 1
    for _ in range(n_blocks - 1):
        n_times = (n_times - 1) * int(pool_stride) + int(pool_size)
    return n_times
