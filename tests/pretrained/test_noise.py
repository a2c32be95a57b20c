"""Recorded noise that windows get, in the place of white noise."""

import numpy as np
import torch
from hypothesis import given, strategies as st

from sklearn_ecgssl.signal import ECGFilter, Resampler
from tests.pretrained.recipe import RATE, corpus


class TestNoise:
    @given(
        st.integers(0, 2**32 - 1), st.floats(-20, 60), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3)
    )
    def test_it_has_the_ratio_asked_for(self, seed, snr_db, of_windows, of_noise):
        rng = np.random.default_rng(seed)
        windows = torch.tensor(rng.normal(size=(5, 40)) * of_windows)
        noise = np.float32(rng.normal(size=(3, 100)) * of_noise + of_noise)
        added = corpus.AddRecordedNoise(noise, snr_db).apply(windows, generator(seed)) - windows
        ratio = windows.square().mean(1) / added.square().mean(1)
        np.testing.assert_allclose(10 * torch.log10(ratio), snr_db, atol=1e-3)
        np.testing.assert_allclose(added.mean(1), 0, atol=1e-3 * float(added.abs().max()))

    @given(st.integers(0, 2**32 - 1))
    def test_it_is_a_stretch_of_what_was_recorded(self, seed):
        noise = np.random.default_rng(seed).normal(size=(3, 30)).astype(np.float32)
        windows = torch.ones(200, 24, dtype=torch.float64)
        added = corpus.AddRecordedNoise(noise, 0).apply(windows, generator(seed)) - windows
        stretches = np.lib.stride_tricks.sliding_window_view(noise, 24, axis=1).reshape(21, 24)
        like = np.corrcoef(np.vstack([added, stretches]))[:200, 200:]
        np.testing.assert_allclose(like.max(axis=1), 1, atol=1e-4)
        assert set(like.argmax(axis=1)) == set(range(21))  # of all recordings, from end to end

    def test_it_is_drawn_by_the_generator(self):
        transform = corpus.AddRecordedNoise(np.random.default_rng(0).normal(size=(2, 500)))
        windows = torch.ones(4, 64)
        one, again, other = (transform.apply(windows, generator(seed)) for seed in (0, 0, 1))
        assert torch.equal(one, again)
        assert not torch.equal(one, other)
        assert len(np.unique(one.numpy(), axis=0)) == 4
        assert torch.equal(windows, torch.ones(4, 64))

    def test_silence_adds_nothing(self):
        windows = torch.randn(3, 16, generator=generator(0))
        transform = corpus.AddRecordedNoise(np.full((1, 16), 7.0))
        assert torch.equal(transform.apply(windows, generator(0)), windows)

    def test_it_is_prepared_as_the_windows_are(self, files, place):
        transform = corpus.recorded_noise(files.config, place)
        expected = ECGFilter(64, low=0.8, order=4).fit_transform(
            Resampler(RATE, 64).fit_transform(list(files.noise))
        )
        assert transform.noise.shape == (3, 40 * 64)
        np.testing.assert_allclose(transform.noise, expected, atol=2e-3)
        assert transform.snr_db == 15


def generator(seed):
    return torch.Generator().manual_seed(seed)
