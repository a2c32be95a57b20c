"""Aggregations of activations over time; rhythm against its definition in numpy."""

import itertools

import numpy as np
import pytest
import torch

from sklearn_ecgssl.networks import (
    AGGREGATIONS,
    aggregate,
    aggregate_tokens,
    n_aggregated,
)
from sklearn_ecgssl.networks._aggregation import BAND, N_BANDS, rhythm

RATE = 64.0


def reference_log_period(x):
    """Biased autocorrelation by its definition, highest local maximum, parabola."""
    x = x - x.mean()
    r = np.array([np.sum(x[: len(x) - k] * x[k:]) for k in range(106)]) / np.sum(x * x)
    peaks = [k for k in range(21, 103) if r[k] >= r[k - 1] and r[k] >= r[k + 1]]
    k = max(peaks, key=lambda k: r[k])
    shift = 0.5 * (r[k - 1] - r[k + 1]) / (r[k - 1] - 2 * r[k] + r[k + 1])
    return np.log((k + np.clip(shift, -0.5, 0.5)) / RATE)


def reference_modulation(maps):
    """Shares of the power in bands, from a discrete Fourier transform at 0.025 Hz."""
    frequencies = np.arange(0, 4.2, 0.025)
    edges = np.geomspace(*BAND, N_BANDS + 1)
    n_times = maps.shape[-1]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_times) / n_times)
    waves = np.exp(-2j * np.pi * frequencies[:, None] * np.arange(n_times) / RATE)
    shares = []
    for x in maps:
        power = np.abs(waves @ ((x - x.mean()) * hann)) ** 2
        bands = [
            power[(frequencies >= 0.97 * a - 1e-9) & (frequencies <= 1.03 * b + 1e-9)].mean()
            for a, b in itertools.pairwise(edges)
        ]
        shares.append(np.array(bands) / np.sum(bands))
    return np.sqrt(np.mean(shares, axis=0))


@pytest.fixture
def activations():
    """Ten seconds of three channels without a period."""
    rng = np.random.default_rng(0)
    return np.array([np.convolve(rng.normal(size=654), np.hanning(15), "valid") for _ in "abc"])


def test_rhythm_is_its_definition(activations):
    features = rhythm(torch.tensor(activations[None]), RATE)[0]
    expected = [*map(reference_log_period, activations), *reference_modulation(activations)]
    np.testing.assert_allclose(features, expected, atol=1e-3)


def test_rhythm_knows_no_amplitude_offset_or_direction(activations):
    maps = torch.tensor(activations[None])
    features = rhythm(maps, RATE)
    for other in (5 * maps - 2, -maps, maps.flip(-1)):
        torch.testing.assert_close(rhythm(other, RATE), features, rtol=1e-3, atol=1e-3)
    assert torch.isfinite(rhythm(torch.ones(2, 3, 640), RATE)).all()


def test_aggregations_stand_side_by_side():
    maps = torch.randn(4, 3, 640, generator=torch.Generator().manual_seed(0))
    array, names = maps.numpy(), list(AGGREGATIONS)
    features = aggregate(maps, names, RATE)
    assert features.shape == (4, n_aggregated(3, names)) == (4, 3 + 3 + 3 + 3 + N_BANDS)
    expected = np.concatenate([array.max(-1), array.mean(-1), array.std(-1)], axis=1)
    np.testing.assert_allclose(features[:, :9], expected, atol=1e-5)
    # of tokens, the class token is left out, unless it is the one that is asked for
    tokens = torch.cat([maps[..., :1] + 9, maps], dim=-1).mT
    torch.testing.assert_close(aggregate_tokens(tokens, names, RATE), features)
    ends = np.concatenate([array[..., -1], array[..., 0] + 9], axis=1)
    np.testing.assert_allclose(aggregate_tokens(tokens, ["last", "cls"]), ends, rtol=1e-6)


@pytest.mark.parametrize("rate", [0.01, 3.0])
def test_a_rate_at_which_no_period_can_be_told(rate):
    with pytest.raises(ValueError, match="aggregate='rhythm' needs activations at 3 Hz or more"):
        rhythm(torch.ones(2, 3, 640), rate)
    assert torch.isfinite(rhythm(torch.randn(2, 3, 640), 3.1)).all()
