"""What is added to the tokens of a window before attention sees them."""

import torch
from torch import Tensor, nn

from ._dropout import Dropout

#: Standard deviation of the class token as it is initialised.
CLASS_TOKEN_STD = 0.02

#: The longest wavelength of the positions is this many tokens, in units of 2 pi.
LONGEST = 10_000.0


class TokenEmbedding(nn.Module):
    """Put a trainable class token first, add positions, normalise, drop.

    Parameters
    ----------
    n_channels : int
        Channels of a token.
    dropout : float
        Dropout at the output.
    """

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
        """Embed the tokens of windows.

        Parameters
        ----------
        tokens : Tensor of shape (n_windows, n_times, n_channels)
            Tokens of the samples.

        Returns
        -------
        Tensor of shape (n_windows, 1 + n_times, n_channels)
            The class token, then these.
        """
        n_windows, n_times, n_channels = tokens.shape
        first = self.class_token.to(tokens.dtype).expand(n_windows, 1, n_channels)
        positions = self._positions_like(tokens, 1 + n_times)
        return self.dropout(self.norm(torch.cat([first, tokens], dim=1) + positions))

    def _positions_like(self, tokens: Tensor, n_tokens: int) -> Tensor:
        known = self._positions
        if (len(known), known.dtype, known.device) != (n_tokens, tokens.dtype, tokens.device):
            self._positions = sinusoidal_positions(n_tokens, tokens.shape[2]).to(
                tokens, non_blocking=True
            )
        return self._positions


def sinusoidal_positions(n_tokens: int, n_channels: int) -> Tensor:
    """Compute the positions of Vaswani et al. [1]_.

    Parameters
    ----------
    n_tokens : int
        Tokens of a window.
    n_channels : int
        Channels of a token.

    Returns
    -------
    Tensor of shape (n_tokens, n_channels), float32
        Sines in even channels, cosines in odd ones, of wavelengths from 2 pi tokens upwards.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv:1706.03762.
    """
    even = torch.arange(0, n_channels, 2, dtype=torch.float64, device="cpu")
    position = torch.arange(n_tokens, dtype=torch.float64, device="cpu")
    angles = position[:, None] * LONGEST ** (-even / n_channels)
    waves = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
    return waves[:, :n_channels].float()
