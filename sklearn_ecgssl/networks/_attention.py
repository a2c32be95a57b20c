"""Multi-head self-attention."""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

#: Tokens up to which a CPU in bfloat16 keeps all attention weights of a window.
MOST_TOKENS = 8192


class SelfAttention(nn.Module):
    """Multi-head self-attention among the tokens of a window.

    Parameters
    ----------
    n_channels : int
        Channels of a token.
    n_heads : int
        Heads; each attends by ``n_channels / n_heads`` channels.
    """

    def __init__(self, n_channels: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.projection = nn.Linear(n_channels, 3 * n_channels)
        self.output = nn.Linear(n_channels, n_channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Let every token look at all of its window.

        Parameters
        ----------
        tokens : Tensor of shape (n_windows, n_tokens, n_channels)
            Tokens.

        Returns
        -------
        Tensor of shape (n_windows, n_tokens, n_channels)
            What each saw.
        """
        n_windows, n_tokens, n_channels = tokens.shape
        projected = self.projection(tokens).view(n_windows, n_tokens, 3, self.n_heads, -1)
        queries, keys, values = projected.permute(2, 0, 3, 1, 4)
        seen = attend(queries, keys, values)
        return self.output(seen.transpose(1, 2).reshape(n_windows, n_tokens, n_channels))


def attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Compute scaled dot-product attention by the fastest way there is.

    Parameters
    ----------
    queries, keys, values : Tensor of shape (n_windows, n_heads, n_tokens, n_channels)
        Projected tokens.

    Returns
    -------
    Tensor of shape (n_windows, n_heads, n_tokens, n_channels)
        Values, averaged by how well their keys match each query.
    """
    on_cpu = queries.device.type == "cpu"
    if on_cpu and queries.dtype == torch.bfloat16 and queries.shape[2] <= MOST_TOKENS:
        # torch's fused kernel computes the weights a second time in its backward pass and leaves
        # the matrix units for bfloat16 unused: twice as slow at the papers' 1281 tokens.
        scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(2, 3)
        return torch.softmax(scores, dim=-1) @ values
    return scaled_dot_product_attention(queries, keys, values)
