"""A plain port of the published method, as one writes it from the papers.

Windows are transformed one by one in numpy, collated by torch's DataLoader, and go through conv1d
in float32, batch by batch, with a loss value read back at every step. This is what the package's
speed is compared with. `tests/test_benchmarks.py` holds it to the same network and the same
transformations.
"""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, leaky_relu, pad
from torch.utils.data import DataLoader, Dataset

TASK_WEIGHTS = [0.195, 0.195, 0.195, 0.0125, 0.0125, 0.195, 0.195]


def add_noise(window, rng, snr_db=15):
    power = np.mean(window**2) / 10 ** (snr_db / 10)
    return window + rng.normal(0, np.sqrt(power), len(window))


def scale(window, rng, factor=1.1):
    return window * factor


def negate(window, rng):
    return -window


def flip(window, rng):
    return window[::-1]


def permute(window, rng, n_pieces=20):
    pieces = np.array_split(window, n_pieces)
    return np.concatenate([pieces[i] for i in rng.permutation(n_pieces)])


def warp(window, rng, n_pieces=9, stretch=1.05):
    n_times = len(window)
    size = n_times // n_pieces
    stretched = set(rng.permutation(n_pieces)[: -(-n_pieces // 2)])
    warped = []
    for i in range(n_pieces):
        piece = window[i * size : (i + 1) * size]
        factor = stretch if i in stretched else 1 / stretch
        positions = np.linspace(0, size - 1, int(np.ceil(size * factor)))
        warped.append(np.interp(positions, np.arange(size), piece))
    warped = np.concatenate(warped)
    start = rng.integers(0, len(warped) - n_times + 1)
    return warped[start : start + n_times]


TRANSFORMS = {
    "noise": add_noise,
    "scale": scale,
    "negate": negate,
    "flip": flip,
    "permute": permute,
    "warp": warp,
}


class ViewDataset(Dataset):
    """A window's seven views and their labels, made when they are asked for."""

    def __init__(self, windows, seed=0):
        self.windows = windows
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, index):
        window = self.windows[index]
        views = [window, *(transform(window, self.rng) for transform in TRANSFORMS.values())]
        return np.stack(views).astype(np.float32), np.arange(len(views))


class Network(nn.Module):
    """Table 1 of the journal paper in conv1d."""

    def __init__(self):
        super().__init__()
        channels, kernels = [1, 32, 32, 64, 64, 128, 128], [32, 32, 16, 16, 8, 8]
        self.convs = nn.ModuleList(
            nn.Conv1d(channels[i], channels[i + 1], kernel) for i, kernel in enumerate(kernels)
        )
        self.pool = nn.MaxPool1d(8, stride=2)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(128, 128), nn.LeakyReLU(0.2), nn.Dropout(0.6),
                nn.Linear(128, 128), nn.LeakyReLU(0.2), nn.Dropout(0.6),
                nn.Linear(128, 1),
            )
            for _ in TASK_WEIGHTS
        )  # fmt: skip

    def features(self, windows):
        signal = windows[:, None]
        for i, conv in enumerate(self.convs):
            size = conv.kernel_size[0]
            signal = leaky_relu(conv(pad(signal, ((size - 1) // 2, size // 2))), 0.2)
            if i in (1, 3):
                signal = self.pool(signal)
        return signal.max(dim=2).values

    def forward(self, windows):
        features = self.features(windows)
        return torch.cat([head(features) for head in self.heads], dim=1)


def pretrain(windows, batch_size=128, max_epochs=1):
    """Train for some epochs and return the network."""
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=1e-4)
    weights = torch.tensor(TASK_WEIGHTS)
    loader = DataLoader(ViewDataset(windows), batch_size=batch_size, shuffle=True)
    for _ in range(max_epochs):
        total = 0.0
        for views, labels in loader:
            logits = network(views.flatten(0, 1))
            applied = nn.functional.one_hot(labels.flatten(), len(TASK_WEIGHTS)).float()
            losses = binary_cross_entropy_with_logits(logits, applied, reduction="none").mean(0)
            loss = losses @ weights
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
    return network


def embed(network, windows, batch_size=128):
    """Compute the features of windows."""
    network.eval()
    with torch.no_grad():
        features = [network.features(batch) for batch in DataLoader(windows, batch_size=batch_size)]
    return torch.cat(features).numpy()
