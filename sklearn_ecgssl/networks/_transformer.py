"""The Transformer trunk."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ._aggregation import aggregate
from ._build import check_depth
from ._encoder_layer import EncoderLayer
from ._input_encoder import InputEncoder
from ._layers import initialise_
from ._tokens import TokenEmbedding

#: Aggregations that are a single token, and which.
ONE_TOKEN = {"cls": 0, "last": -1}

#: How tokens can become features, that of the paper first.
TOKEN_AGGREGATIONS = ("cls", "mean", "max", "last", "std", "rhythm")


class TransformerTrunk(nn.Module):
    """Transformer feature extractor of Vazquez-Rodriguez et al. (2022) [1]_.

    ================ ============================================== ==============
    part             layers                                         output, 10 s
    ================ ============================================== ==============
    input encoder    convolutions 64 @ 65, 128 @ 33, 256 @ 17, ReLU 1280 x 256
    token embedding  class token, sinusoidal positions              1281 x 256
    2 encoder layers attention with 2 heads, feed-forward 1024      1281 x 256
    ================ ============================================== ==============

    Parameters
    ----------
    filters : sequence of int, default=(64, 128, 256)
        Channels of the input encoder's convolutions; a token has as many as the last.
    kernel_sizes : sequence of int, default=(65, 33, 17)
        Kernel length of each convolution, in samples.
    n_layers : int, default=2
        Layers of the Transformer.
    n_heads : int, default=2
        Attention heads of a layer.
    feedforward : int, default=1024
        Hidden units of a layer's feed-forward network.
    dropout : float, default=0.1
        Dropout after the input encoder, after the positions and inside the layers.
    aggregation : sequence of str, default=("cls",)
        How tokens become features, as in `aggregate_tokens`.

    Notes
    -----
    The receptive field of a token before attention is 113 samples. Attention runs through
    `torch.nn.functional.scaled_dot_product_attention`, except in bfloat16 on a CPU, where plain
    matrix products are faster.

    References
    ----------
    .. [1] J. Vazquez-Rodriguez et al., "Transformer-Based Self-Supervised Learning for Emotion
       Recognition", ICPR 2022, arXiv:2204.05103.

    Examples
    --------
    >>> import torch
    >>> from sklearn_ecgssl.networks import TransformerTrunk
    >>> trunk = TransformerTrunk().eval()
    >>> trunk(torch.zeros(2, 1280)).shape
    torch.Size([2, 256])
    >>> trunk.tokens(torch.zeros(2, 1280)).shape
    torch.Size([2, 1281, 256])
    >>> sum(p.numel() for p in trunk.parameters())
    2412928
    """

    def __init__(
        self,
        filters: Sequence[int] = (64, 128, 256),
        kernel_sizes: Sequence[int] = (65, 33, 17),
        n_layers: int = 2,
        n_heads: int = 2,
        feedforward: int = 1024,
        dropout: float = 0.1,
        aggregation: Sequence[str] = ("cls",),
    ) -> None:
        super().__init__()
        self.n_channels = filters[-1]
        self.aggregation = tuple(aggregation)
        self.n_heads = int(n_heads)
        self.most_channels = max(*filters, 3 * self.n_channels, int(feedforward))
        self.input_encoder = InputEncoder(filters, kernel_sizes, dropout)
        self.embedding = TokenEmbedding(self.n_channels, dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(self.n_channels, self.n_heads, int(feedforward), dropout)
            for _ in range(check_depth("n_layers", n_layers))
        )
        initialise_(self)

    def forward(self, windows: Tensor) -> Tensor:
        """Compute the features of the last layer.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.

        Returns
        -------
        Tensor of shape (n_windows, n_features), float32
            Features, a token's channels for each aggregation.
        """
        return aggregate_tokens(self.tokens(windows), self.aggregation)

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
        n_tokens = 1 + n_times
        return n_tokens * max(self.most_channels, self.n_heads * n_tokens)

    def tokens(self, windows: Tensor) -> Tensor:
        """Compute the tokens of the last layer.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.

        Returns
        -------
        Tensor of shape (n_windows, 1 + n_times, n_channels)
            The class token, then one token a sample.
        """
        return self.layer_tokens(windows)[-1]

    def layer_tokens(self, windows: Tensor, n_layers: int | None = None) -> list[Tensor]:
        """Compute the tokens of every layer.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.
        n_layers : int or None, default=None
            Stop after so many layers.

        Returns
        -------
        list of Tensor of shape (n_windows, 1 + n_times, n_channels)
            Tokens after each layer, the first layer first.
        """
        tokens = self.embedding(self.input_encoder(windows))
        after = []
        for layer in self.layers[:n_layers]:
            tokens = layer(tokens)
            after.append(tokens)
        return after


def aggregate_tokens(tokens: Tensor, names: Sequence[str], sampling_rate: float = 1.0) -> Tensor:
    """Make features of the tokens of a layer.

    Parameters
    ----------
    tokens : Tensor of shape (n_windows, 1 + n_times, n_channels)
        The class token, then one token a sample.
    names : sequence of str
        "cls" is the class token, "last" the last sample's token; "mean", "max", "std" and
        "rhythm" are made of all samples' tokens. Side by side.
    sampling_rate : float, default=1
        Of the samples, in Hz; "rhythm" alone asks for it.

    Returns
    -------
    Tensor of shape (n_windows, n_features), float32
        Features.
    """
    over_time = tokens[:, 1:].transpose(1, 2)
    return torch.cat(
        [
            tokens[:, ONE_TOKEN[name]].float()
            if name in ONE_TOKEN
            else aggregate(over_time, [name], sampling_rate)
            for name in names
        ],
        dim=1,
    )
