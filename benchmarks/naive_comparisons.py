"""A plain port of comparing views, as one writes it from its description.

Pairs are made window by window in numpy and collated by torch's DataLoader; the network runs in
conv1d, in float32, with a loss value read back at every step. This is what the speed of the preset
"rhythm" is compared with. `tests/test_benchmarks.py` holds it to the same network.
"""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import leaky_relu, smooth_l1_loss, softplus
from torch.utils.data import DataLoader, Dataset

STRETCH, STRENGTH, KNOTS = 1.4, 0.25, (10, 4)
LOW_PASS, SNR_DB, FACTOR = (0.2, 1.0), (0, 40), 1.5


class Network(nn.Module):
    """Strided and dilated convolutions, mean and maximum, one score a comparison."""

    def __init__(self):
        super().__init__()
        self.strided = nn.ModuleList(
            nn.Conv1d(before, after, 7, stride=2, padding=3)
            for before, after in ((1, 32), (32, 64))
        )
        self.layers = nn.ModuleList(
            nn.Conv1d(64, 64, 3, dilation=2**i, padding=2**i) for i in range(6)
        )
        self.scores = nn.Linear(128, 1 + len(KNOTS), bias=False)

    def features(self, windows):
        signal = self.strided[1](leaky_relu(self.strided[0](windows[:, None]), 0.2))
        for layer in self.layers:
            signal = signal + layer(leaky_relu(signal, 0.2))
        maps = leaky_relu(signal, 0.2)
        return torch.cat([maps.mean(dim=2), maps.max(dim=2).values], dim=1)

    def forward(self, pairs):
        return self.scores(self.features(pairs[:, 0]) - self.features(pairs[:, 1]))


def view(window, rng):
    """One view of a window, and what it has of each comparison."""
    length = int((len(window) - 1) / STRETCH) + 1
    ratio = rng.uniform(-np.log(STRETCH), np.log(STRETCH))
    varying, values = np.zeros(length), [ratio]
    for n_knots in KNOTS:
        part = rng.uniform() ** 2
        curve = np.interp(
            np.linspace(0, n_knots - 1, length), np.arange(n_knots), rng.normal(size=n_knots)
        )
        varying += STRENGTH * part * (curve - curve.mean())
        values.append(part)
    log_speed = ratio + varying - np.log(np.exp(varying[:-1]).mean())
    position = np.concatenate([[0.0], np.exp(log_speed[:-1]).cumsum()])
    position += rng.uniform() * max(len(window) - 1 - position[-1], 0)
    seen = np.interp(position, np.arange(len(window)), window)
    frequency = np.linspace(0, 1, length // 2 + 1)
    cutoff = np.exp(rng.uniform(*np.log(LOW_PASS)))
    seen = np.fft.irfft(np.fft.rfft(seen) / np.sqrt(1 + (frequency / cutoff) ** 4), length)
    noise_power = np.mean(seen**2) / 10 ** (rng.uniform(*SNR_DB) / 10)
    seen = seen + rng.normal(0, np.sqrt(noise_power), length)
    return seen * np.exp(rng.uniform(-1, 1) * np.log(FACTOR)) * rng.choice([-1, 1]), values


class PairDataset(Dataset):
    """Two views of a window, and how they differ, made when they are asked for."""

    def __init__(self, windows, seed=0):
        self.windows = windows
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, index):
        (one, of_one), (two, of_two) = (view(self.windows[index], self.rng) for _ in range(2))
        return np.stack([one, two]).astype(np.float32), np.subtract(of_one, of_two)


def pretrain(windows, batch_size=64, max_epochs=1):
    """Train for some epochs and return the network."""
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    loader = DataLoader(PairDataset(windows), batch_size=batch_size, shuffle=True)
    for _ in range(max_epochs):
        total = 0.0
        for pairs, differences in loader:
            predicted, differences = network(pairs), differences.float()
            loss = smooth_l1_loss(predicted[:, 0], differences[:, 0], beta=0.1)
            for i in range(1, predicted.shape[1]):
                ranked = softplus(-differences[:, i].sign() * predicted[:, i])
                loss = loss + (3 * differences[:, i].abs() * ranked).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
    return network


def embed(network, windows, batch_size=64):
    """Compute the features of windows."""
    network.eval()
    with torch.no_grad():
        features = [network.features(batch) for batch in DataLoader(windows, batch_size=batch_size)]
    return torch.cat(features).numpy()
