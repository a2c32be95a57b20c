"""The Transformer that predicts masked samples."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from ._aggregation import aggregate_tokens
from ._convolution import SameConv, as_signal
from ._layers import DenseHead, Dropout, float32_linear, initialise_

#: Standard deviation of the class token as it is initialised.
CLASS_TOKEN_STD = 0.02
#: The longest wavelength of the positions is this many tokens, in units of 2 pi.
LONGEST = 10_000.0
#: Tokens up to which a CPU in bfloat16 keeps all attention weights of a window.
MOST_TOKENS = 8192


class TransformerTrunk(nn.Module):
    """Transformer feature extractor of Vazquez-Rodriguez et al. (2022).

    Its layers, as in [1]_:

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
        How tokens become features, side by side: "cls" is the class token, "last" the last
        sample's token; "mean", "max", "std" and "rhythm" are made of all samples' tokens.

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
            for _ in range(n_layers)
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

    def layer_features(
        self, windows: Tensor, layers: Sequence[int], names: Sequence[str], sampling_rate: float
    ) -> Tensor:
        """Aggregate the tokens of layers, side by side.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_times)
            ECG windows.
        layers : sequence of int
            Which layers, the first is 0.
        names : sequence of str
            Aggregations, see `aggregate_tokens`.
        sampling_rate : float
            Of the windows, in Hz; "rhythm" alone needs it.

        Returns
        -------
        Tensor of shape (n_windows, n_features)
            Features of the first of these layers, then of the others.
        """
        tokens = self.layer_tokens(windows, 1 + max(layers))
        features = [aggregate_tokens(tokens[i], names, sampling_rate) for i in layers]
        return torch.cat(features, dim=1)

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


class MaskedTransformer(nn.Module):
    """A Transformer trunk and a head that predicts every sample.

    The network of [1]_.

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
        self.head = DenseHead(trunk.n_channels, head_hidden, 1, dropout=0.0)

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


class InputEncoder(nn.Module):
    """One feature vector a sample, from convolutions that keep the sampling rate.

    'Same' convolutions, each followed by ReLU; the channels of each sample are normalised after the
    first and after the last.
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
        # In channels_last memory a signal and its tokens are the same bytes.
        signal = torch.relu(self.convs[0](as_signal(windows)))
        signal = self.first_norm(signal.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        for conv in self.convs[1:]:
            signal = torch.relu(conv(signal))
        # Products stay in mixed precision, tokens do not: layers add to them what tells windows
        # apart, often less than bfloat16 can add.
        tokens = signal[:, :, 0].transpose(1, 2).float()
        return self.dropout(self.last_norm(tokens))


class TokenEmbedding(nn.Module):
    """Put a trainable class token first, add positions, normalise, drop."""

    def __init__(self, n_channels: int, dropout: float) -> None:
        super().__init__()
        self.class_token = nn.Parameter(torch.empty(n_channels))
        self.norm = nn.LayerNorm(n_channels)
        self.dropout = Dropout(dropout)
        # Fixed numbers, computed for a length when it is first met; no part of the weights.
        self._positions = torch.empty(0, dtype=torch.float32)

    def initialise_(self, generator: torch.Generator | None) -> None:
        """Draw the class token."""
        nn.init.normal_(self.class_token, std=CLASS_TOKEN_STD, generator=generator)

    def forward(self, tokens: Tensor) -> Tensor:
        n_windows, n_times, n_channels = tokens.shape
        first = self.class_token.to(tokens.dtype).expand(n_windows, 1, n_channels)
        positions = self._positions_like(tokens, 1 + n_times)
        return self.dropout(self.norm(torch.cat([first, tokens], dim=1) + positions))

    def _positions_like(self, tokens: Tensor, n_tokens: int) -> Tensor:
        last = self._positions
        if (len(last), last.dtype, last.device) != (n_tokens, tokens.dtype, tokens.device):
            self._positions = sinusoidal_positions(n_tokens, tokens.shape[2]).to(
                tokens, non_blocking=True
            )
        return self._positions


def sinusoidal_positions(n_tokens: int, n_channels: int) -> Tensor:
    """Positions of Vaswani et al. (2017): sines in even channels, cosines in odd ones."""
    even = torch.arange(0, n_channels, 2, dtype=torch.float64, device="cpu")
    position = torch.arange(n_tokens, dtype=torch.float64, device="cpu")
    angles = position[:, None] * LONGEST ** (-even / n_channels)
    waves = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
    return waves[:, :n_channels].float()


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network, each added to its input and normalised.

    The layer of Vaswani et al. (2017, arXiv:1706.03762): normalisation after the addition, ReLU,
    and dropout on what is added, not on attention weights.
    """

    def __init__(self, n_channels: int, n_heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.attention = SelfAttention(n_channels, n_heads)
        self.attention_norm = nn.LayerNorm(n_channels)
        self.widen = nn.Linear(n_channels, feedforward)
        self.narrow = nn.Linear(feedforward, n_channels)
        self.feedforward_norm = nn.LayerNorm(n_channels)
        self.dropout = Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = self.attention_norm(tokens + self.dropout(self.attention(tokens)))
        fed = self.narrow(torch.relu(self.widen(tokens)))
        return self.feedforward_norm(tokens + self.dropout(fed))


class SelfAttention(nn.Module):
    """Multi-head self-attention among the tokens of a window."""

    def __init__(self, n_channels: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.projection = nn.Linear(n_channels, 3 * n_channels)
        self.output = nn.Linear(n_channels, n_channels)

    def forward(self, tokens: Tensor) -> Tensor:
        n_windows, n_tokens, n_channels = tokens.shape
        projected = self.projection(tokens).view(n_windows, n_tokens, 3, self.n_heads, -1)
        queries, keys, values = projected.permute(2, 0, 3, 1, 4)
        attended = attend(queries, keys, values)
        return self.output(attended.transpose(1, 2).reshape(n_windows, n_tokens, n_channels))


def attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Scaled dot-product attention among (n_windows, n_heads, n_tokens, n_channels)."""
    on_cpu = queries.device.type == "cpu"
    if on_cpu and queries.dtype == torch.bfloat16 and queries.shape[2] <= MOST_TOKENS:
        # torch's fused kernel computes the weights a second time in its backward pass and leaves
        # the matrix units for bfloat16 unused: twice as slow at the papers' 1281 tokens.
        scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(2, 3)
        return torch.softmax(scores, dim=-1) @ values
    return scaled_dot_product_attention(queries, keys, values)
