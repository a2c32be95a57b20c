"""A plain port of masked pretraining, as one writes it from the paper.

`conv1d`, `torch.nn.TransformerEncoder` and a `DataLoader`, in float32. This is what the speed of
`MaskedPretrainer` is compared with. `tests/test_benchmarks.py` holds it to the same sizes.
"""

import torch
from torch import nn
from torch.utils.data import DataLoader

FILTERS, KERNELS = (64, 128, 256), (65, 33, 17)
MASK_RATIO, SPAN_LENGTH = 0.0325, 20


class Network(nn.Module):
    """Input encoder, class token, positions, Transformer and the head that predicts samples."""

    def __init__(self, n_times: int = 1280):
        super().__init__()
        channels = [1, *FILTERS]
        self.convs = nn.ModuleList(
            nn.Conv1d(channels[i], channels[i + 1], kernel, padding="same")
            for i, kernel in enumerate(KERNELS)
        )
        self.first_norm, self.last_norm = nn.LayerNorm(64), nn.LayerNorm(256)
        self.class_token = nn.Parameter(0.02 * torch.randn(256))
        angles = torch.arange(1 + n_times)[:, None] / 10_000 ** (torch.arange(0, 256, 2) / 256)
        positions = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
        self.register_buffer("positions", positions)
        self.norm, self.dropout = nn.LayerNorm(256), nn.Dropout(0.1)
        layer = nn.TransformerEncoderLayer(256, 2, 1024, 0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Sequential(nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 1))

    def forward(self, windows):
        signal = torch.relu(self.convs[0](windows[:, None])).transpose(1, 2)
        signal = self.first_norm(signal).transpose(1, 2)
        for conv in self.convs[1:]:
            signal = torch.relu(conv(signal))
        tokens = self.dropout(self.last_norm(signal.transpose(1, 2)))
        tokens = torch.cat([self.class_token.expand(len(tokens), 1, -1), tokens], dim=1)
        tokens = self.dropout(self.norm(tokens + self.positions))
        return self.head(self.encoder(tokens)[:, 1:])[..., 0]


def mask(windows):
    """Draw masked samples, window by window."""
    masked = torch.zeros(windows.shape, dtype=torch.bool)
    n_times = windows.shape[1]
    for row in masked:
        for start in torch.randperm(n_times)[: round(MASK_RATIO * n_times)]:
            row[start : start + SPAN_LENGTH] = True
    return masked


def pretrain(windows, batch_size: int = 64, max_epochs: int = 1, device: str = "cpu"):
    """Train for some epochs and return the network."""
    network = Network(windows.shape[1]).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=5e-3)
    loader = DataLoader(torch.as_tensor(windows), batch_size=batch_size, shuffle=True)
    for _ in range(max_epochs):
        total = 0.0
        for batch in loader:
            masked = mask(batch).to(device)
            batch = batch.to(device)
            predicted = network(batch.masked_fill(masked, 0.0))
            loss = ((predicted - batch)[masked] ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
    return network
