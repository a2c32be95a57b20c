"""One layer of the Transformer."""

import torch
from torch import Tensor, nn

from ._attention import SelfAttention
from ._dropout import Dropout


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network, each added to its input and normalised.

    The layer of Vaswani et al. [1]_: normalisation after the addition, ReLU, and dropout on what
    is added, not on attention weights.

    Parameters
    ----------
    n_channels : int
        Channels of a token.
    n_heads : int
        Attention heads.
    feedforward : int
        Hidden units of the feed-forward network.
    dropout : float
        Dropout on what attention and feed-forward network add.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv:1706.03762.
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
        """Pass tokens through the layer.

        Parameters
        ----------
        tokens : Tensor of shape (n_windows, n_tokens, n_channels)
            Tokens.

        Returns
        -------
        Tensor of shape (n_windows, n_tokens, n_channels)
            Tokens.
        """
        tokens = self.attention_norm(tokens + self.dropout(self.attention(tokens)))
        fed = self.narrow(torch.relu(self.widen(tokens)))
        return self.feedforward_norm(tokens + self.dropout(fed))
