"""The convolutional trunk."""

from collections.abc import Sequence

from torch import Tensor, nn

from ._layers import SameConv, activation_layer, glorot_


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

    Notes
    -----
    The signal runs through `conv2d` with a height of 1 in ``channels_last`` memory, which is
    several times faster on a CPU than `conv1d`, and the same computation.

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
    ) -> None:
        super().__init__()
        self.filters = tuple(filters)
        self.blocks = nn.ModuleList()
        n_channels = 1
        for n_filters, kernel_size in zip(filters, kernel_sizes, strict=True):
            layers: list[nn.Module] = []
            for _ in range(convs_per_block):
                layers.append(SameConv(n_channels, n_filters, kernel_size))
                layers.append(activation_layer(activation, negative_slope))
                n_channels = n_filters
            self.blocks.append(nn.Sequential(*layers))
        self.pool = nn.MaxPool2d((1, pool_size), stride=(1, pool_stride))
        glorot_(self)

    def forward(self, windows: Tensor) -> Tensor:
        """Compute the features of the last block.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.

        Returns
        -------
        Tensor of shape (n_windows, filters[-1])
            Features.
        """
        maps = self._block_maps(windows)
        return _global_max(maps[-1])

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
        return [_global_max(maps) for maps in self._block_maps(windows)]

    def _block_maps(self, windows: Tensor) -> list[Tensor]:
        signal = windows[:, None, None, :]
        maps = []
        for i, block in enumerate(self.blocks):
            signal = block(signal if i == 0 else self.pool(signal))
            maps.append(signal)
        return maps


def shortest_window(n_blocks: int, pool_size: int, pool_stride: int) -> int:
    """Samples that a window needs so that every pool of the trunk has something to pool.

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
        n_times = (n_times - 1) * pool_stride + pool_size
    return n_times


def _global_max(maps: Tensor) -> Tensor:
    # max(dim) and not amax: its backward writes one value a channel, amax's compares all of them.
    return maps.flatten(2).max(dim=2).values
